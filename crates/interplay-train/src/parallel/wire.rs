//! Messages between a leader and its workers.
//!
//! A message is a header of 24 bytes (`IPW5`, its kind, three zeros, two lengths), JSON text, and 32-bit
//! floats, all little-endian. Numbers that may be NaN or infinite are sent as floats, because JSON cannot
//! hold them.

use std::io::{self, Read, Write};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The first bytes of every message; the digit is the version.
const MAGIC: [u8; 4] = *b"IPW5";
/// The longest text in bytes, far above a pass of a million tokens.
const MAX_TEXT: u64 = 1 << 30;

/// The kind of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Leader: the model's configuration, or `null` to ask whether a worker listens.
    Hello = 1,
    /// Worker: ready for work.
    Ready = 2,
    /// Leader: the weights of the reference.
    Reference = 3,
    /// Leader: jobs and weights.
    Work = 4,
    /// Worker: a heartbeat while it computes.
    Busy = 5,
    /// Worker: losses, statistics and gradients.
    Done = 6,
    /// Worker: the reason why it cannot go on.
    Failed = 7,
}

impl Kind {
    const ALL: [Self; 7] = [
        Self::Hello,
        Self::Ready,
        Self::Reference,
        Self::Work,
        Self::Busy,
        Self::Done,
        Self::Failed,
    ];
}

/// One message.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Message {
    pub kind: Kind,
    pub text: Vec<u8>,
    pub floats: Vec<f32>,
}

impl Message {
    pub fn new(kind: Kind, text: &impl Serialize, floats: Vec<f32>) -> io::Result<Self> {
        let text = serde_json::to_vec(text)?;
        Ok(Self { kind, text, floats })
    }

    pub fn text<T: DeserializeOwned>(&self) -> io::Result<T> {
        Ok(serde_json::from_slice(&self.text)?)
    }
}

/// Writes a message.
pub(super) fn write(mut to: impl Write, message: &Message) -> io::Result<()> {
    let floats = 4 * message.floats.len() as u64;
    let mut bytes = Vec::with_capacity(24 + message.text.len() + floats as usize);
    bytes.extend(MAGIC);
    bytes.extend([message.kind as u8, 0, 0, 0]);
    bytes.extend((message.text.len() as u64).to_le_bytes());
    bytes.extend(floats.to_le_bytes());
    bytes.extend(&message.text);
    bytes.extend(message.floats.iter().flat_map(|value| value.to_le_bytes()));
    to.write_all(&bytes)?;
    to.flush()
}

/// Reads a message of at most `max_floats` floats; `None` if the other side closed the connection
/// between messages.
pub(super) fn read(mut from: impl Read, max_floats: usize) -> io::Result<Option<Message>> {
    let mut header = [0; 24];
    let mut filled = 0;
    while filled < header.len() {
        match from.read(&mut header[filled..]) {
            Ok(0) if filled == 0 => return Ok(None),
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let kind = Kind::ALL.into_iter().find(|kind| *kind as u8 == header[4]);
    let Some(kind) = kind.filter(|_| header[..4] == MAGIC) else {
        return Err(invalid(
            "the other side speaks another protocol; run the same version of interplay on both",
        ));
    };
    let length = |at: usize| {
        let mut eight = [0; 8];
        eight.copy_from_slice(&header[at..at + 8]);
        u64::from_le_bytes(eight)
    };
    let (text, floats) = (length(8), length(16));
    if text > MAX_TEXT || floats > 4 * max_floats as u64 || !floats.is_multiple_of(4) {
        return Err(invalid(&format!(
            "a message of {text} bytes of text and {floats} bytes of numbers, expected at most \
             {MAX_TEXT} and {}",
            4 * max_floats as u64
        )));
    }
    let text = exactly(&mut from, text)?;
    let floats = exactly(&mut from, floats)?
        .chunks_exact(4)
        .map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]]))
        .collect();
    Ok(Some(Message { kind, text, floats }))
}

/// Allocates for the bytes that arrive, not for those that the header announces.
fn exactly(from: &mut impl Read, count: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(count).read_to_end(&mut bytes)?;
    if bytes.len() as u64 != count {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(bytes)
}

fn invalid(reason: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message() -> Message {
        let floats = vec![1.5, f32::NAN, f32::NEG_INFINITY, -0.0];
        Message::new(Kind::Work, &vec![1, 2, 3], floats).unwrap()
    }

    #[test]
    fn a_message_round_trips_bit_for_bit() {
        let mut bytes = Vec::new();
        write(&mut bytes, &message()).unwrap();
        write(&mut bytes, &message()).unwrap();
        let mut from = bytes.as_slice();
        for _ in 0..2 {
            let found = read(&mut from, 4).unwrap().unwrap();
            assert_eq!(found.kind, Kind::Work);
            assert_eq!(found.text::<Vec<u8>>().unwrap(), [1, 2, 3]);
            let bits = |floats: &[f32]| floats.iter().map(|f| f.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(&found.floats), bits(&message().floats));
        }
        assert!(read(&mut from, 4).unwrap().is_none());
    }

    #[test]
    fn refuses_truncated_oversized_and_foreign_messages() {
        let mut bytes = Vec::new();
        write(&mut bytes, &message()).unwrap();
        for end in 1..bytes.len() {
            let error = read(&bytes[..end], 4).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof, "cut at {end}");
        }
        assert!(read(bytes.as_slice(), 3).is_err());
        assert!(read(&b"GET / HTTP/1.1\r\nHost: here\r\n"[..], 4).is_err());
    }
}
