//! From tokens back to text, with the span of each token.
//!
//! Deviations from the decoder of the crate `tokenizers`: the six tags stay readable while `[BOS]`,
//! `[EOS]` and `[PAD]` go, and the space that a tag absorbed comes back, so that a task text
//! survives the round trip. For another model's tokenizer, the ends of a sequence and padding go. Bytes that are not UTF-8, which a model may well sample, become
//! U+FFFD.

use std::ops::Range;

use crate::marks::Absorbs;
use crate::tokenizer::Tokenizer;

/// A decoded text and where each token lies in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    /// The text.
    pub text: String,
    /// For each token, the byte range of its text: empty for a token that does not show. A space
    /// that was put back before a tag belongs to no token. Tokens that share a character that is
    /// not UTF-8 or spans several of them may meet inside it, so slice with `str::get`.
    pub spans: Vec<Range<usize>>,
}

/// Whether `[BOS]`, `[EOS]` and `[PAD]` show in a text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Silent {
    Hidden,
    Shown,
}

impl Tokenizer {
    /// The text of tokens to read: tags stay, `[BOS]`, `[EOS]` and `[PAD]` go wherever they
    /// stand.
    ///
    /// An identifier outside the vocabulary becomes U+FFFD. What a model wrote and is to be judged
    /// by goes through [`Tokenizer::decode_completion`], which hides nothing.
    pub fn decode(&self, ids: &[u32]) -> String {
        self.text(ids, Silent::Hidden)
    }

    /// The text of a completion to judge: one final `[EOS]` goes, every other token shows.
    ///
    /// A `[BOS]`, a `[PAD]` or an `[EOS]` before the end appears in the text by name, so a
    /// model cannot write tokens that a verifier does not see. For a completion that is ordinary
    /// tokens, tags and at most a final `[EOS]`, this is the text of [`Tokenizer::decode`].
    pub fn decode_completion(&self, ids: &[u32]) -> String {
        self.text(self.without_end(ids), Silent::Shown)
    }

    /// The text of [`Tokenizer::decode_completion`] and the span of each token in it: empty and at
    /// the end for a final `[EOS]`.
    pub fn decode_completion_with_spans(&self, ids: &[u32]) -> Decoded {
        let mut decoded = self.decoded(self.without_end(ids), Silent::Shown);
        let end = decoded.text.len();
        decoded.spans.resize(ids.len(), end..end);
        decoded
    }

    fn without_end<'i>(&self, ids: &'i [u32]) -> &'i [u32] {
        match ids {
            [rest @ .., last] if self.ends().contains(last) => rest,
            _ => ids,
        }
    }

    fn text(&self, ids: &[u32], silent: Silent) -> String {
        let mut bytes = Vec::with_capacity(ids.len() * 4);
        self.write_bytes(ids, silent, &mut bytes, |_| {});
        String::from_utf8(bytes)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
    }

    /// The text of tokens, as [`Tokenizer::decode`] gives it, and the span of each token in it.
    pub fn decode_with_spans(&self, ids: &[u32]) -> Decoded {
        self.decoded(ids, Silent::Hidden)
    }

    fn decoded(&self, ids: &[u32], silent: Silent) -> Decoded {
        let mut bytes = Vec::with_capacity(ids.len() * 4);
        let mut spans = Vec::with_capacity(ids.len());
        self.write_bytes(ids, silent, &mut bytes, |span| spans.push(span));
        match String::from_utf8(bytes) {
            Ok(text) => Decoded { text, spans },
            Err(error) => replace_invalid(error.as_bytes(), spans),
        }
    }

    /// Appends the bytes of each token and reports their range.
    fn write_bytes(
        &self,
        ids: &[u32],
        silent: Silent,
        out: &mut Vec<u8>,
        mut report: impl FnMut(Range<usize>),
    ) {
        let mut space_is_due = false;
        for &id in ids {
            let mark = self.marks.of(id);
            if silent == Silent::Hidden && mark.is_some_and(|mark| mark.silent) {
                report(out.len()..out.len());
                continue;
            }
            let bytes = match self.bytes.get(id as usize) {
                Some(bytes) => bytes.as_slice(),
                None => "\u{FFFD}".as_bytes(),
            };
            let absorbs = mark.map_or_else(Absorbs::default, |mark| mark.absorbs);
            let spaced = |byte: Option<&u8>| byte.is_none_or(u8::is_ascii_whitespace);
            if (absorbs.before || space_is_due) && !spaced(out.last()) && !spaced(bytes.first()) {
                out.push(b' ');
            }
            space_is_due = absorbs.after;
            let start = out.len();
            out.extend_from_slice(bytes);
            report(start..out.len());
        }
    }
}

/// Replaces what is not UTF-8 and moves the spans with the text.
fn replace_invalid(bytes: &[u8], mut spans: Vec<Range<usize>>) -> Decoded {
    let mut text = String::with_capacity(bytes.len());
    // Where each byte of the input, and its end, lies in the text.
    let mut offsets = Vec::with_capacity(bytes.len() + 1);
    for chunk in bytes.utf8_chunks() {
        let start = text.len();
        text.push_str(chunk.valid());
        offsets.extend(start..text.len());
        if !chunk.invalid().is_empty() {
            offsets.extend(chunk.invalid().iter().map(|_| text.len()));
            text.push('\u{FFFD}');
        }
    }
    offsets.push(text.len());
    for span in &mut spans {
        *span = offsets[span.start]..offsets[span.end];
    }
    Decoded { text, spans }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_follow_a_replaced_byte() {
        // `a`, one byte that opens nothing, `b`: the middle one becomes three bytes.
        let decoded = replace_invalid(b"a\xFFb", vec![0..1, 1..2, 2..3]);
        assert_eq!(decoded.text, "a\u{FFFD}b");
        assert_eq!(decoded.spans, [0..1, 1..4, 4..5]);
    }
}
