//! Lexical rules of both dialects: symbols and integers.

use crate::reading::Fault;

/// Whether a byte may occur in a symbol; bytes of non-ASCII letters may.
pub(crate) fn in_symbol(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// Whether a symbol may begin with this byte.
pub(crate) fn opens_symbol(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte >= 0x80
}

/// Reads a decimal integer at the start of `text`; returns it with its length in bytes. Each number
/// has one spelling: no leading zeros, no plus sign, no fraction, no letter right after it.
pub(crate) fn integer(text: &[u8]) -> Result<(i64, usize), Fault> {
    let negative = text.first() == Some(&b'-');
    let sign = usize::from(negative);
    let digits = text[sign..]
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let end = sign + digits;
    if digits == 0 {
        return Err(Fault::Unexpected);
    }
    if text.get(end).is_some_and(|byte| in_symbol(*byte)) {
        return Err(Fault::Number);
    }
    if text[sign] == b'0' && (digits > 1 || negative) {
        return Err(Fault::Number);
    }
    let mut value = 0_i64;
    for byte in &text[sign..end] {
        let digit = i64::from(byte - b'0');
        let digit = if negative { -digit } else { digit };
        value = value
            .checked_mul(10)
            .and_then(|v| v.checked_add(digit))
            .ok_or(Fault::Number)?;
    }
    Ok((value, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_one_spelling() {
        assert_eq!(integer(b"12."), Ok((12, 2)));
        assert_eq!(integer(b"-9223372036854775808"), Ok((i64::MIN, 20)));
        for bad in [
            "",
            "-",
            "+1",
            "01",
            "-0",
            "1x",
            "9223372036854775808",
            "99999999999999999999",
        ] {
            assert!(integer(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
