//! Coordinates as text.

use std::fmt;

/// A coordinate with one decimal, and none where it is whole.
pub(crate) struct Pixel(pub f64);

impl fmt::Display for Pixel {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Adding zero turns a negative zero into a plain one.
        let tenths = (self.0.clamp(-1e6, 1e6) * 10.0).round() + 0.0;
        write!(out, "{}", tenths / 10.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_are_short() {
        assert_eq!(Pixel(12.345).to_string(), "12.3");
        assert_eq!(Pixel(-0.01).to_string(), "0");
        assert_eq!(Pixel(880.0).to_string(), "880");
    }
}
