//! The letters by which a byte-level vocabulary writes bytes.
//!
//! Source: GPT-2 (Radford et al. 2019) writes the 188 printable bytes of Latin-1 as themselves and
//! the other 68, in ascending order, as the code points from 256 on. A vocabulary then holds only
//! printable text: a leading space shows as `Ġ`.

/// The byte that a letter of a vocabulary entry stands for, if it stands for one.
pub(crate) fn byte_of(letter: char) -> Option<u8> {
    let code = u32::from(letter);
    if let Ok(byte) = u8::try_from(code) {
        return is_printable(byte).then_some(byte);
    }
    let rank = usize::try_from(code - 256).ok()?;
    (0..=u8::MAX).filter(|&byte| !is_printable(byte)).nth(rank)
}

/// The bytes of a vocabulary entry, or the letter that is outside the alphabet.
pub(crate) fn bytes_of(entry: &str) -> Result<Vec<u8>, char> {
    entry
        .chars()
        .map(|letter| byte_of(letter).ok_or(letter))
        .collect()
}

/// Whether a byte is written as the Latin-1 letter of the same number.
fn is_printable(byte: u8) -> bool {
    matches!(byte, b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use tokenizers::pre_tokenizers::byte_level::ByteLevel;

    use super::*;

    #[test]
    fn every_letter_of_the_alphabet_is_another_byte() {
        let bytes: BTreeSet<u8> = ByteLevel::alphabet()
            .into_iter()
            .map(|letter| byte_of(letter).expect("a letter of the alphabet"))
            .collect();
        assert_eq!(bytes.len(), 256);
    }

    #[test]
    fn reads_space_and_latin_letters() {
        assert_eq!(bytes_of("Ġfox"), Ok(b" fox".to_vec()));
        assert_eq!(bytes_of("Ã©"), Ok("é".as_bytes().to_vec()));
        assert_eq!(bytes_of("a b"), Err(' '));
        assert_eq!(bytes_of("狐"), Err('狐'));
    }
}
