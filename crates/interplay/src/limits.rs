//! Limits of numbers in an experiment, and the messages about those outside of them.

use std::ops::RangeInclusive;

/// The most of anything that is counted in a spec and held in memory: a million.
pub(crate) const MANY: u64 = 1 << 20;
/// The most problems of one op: the ids of problems leave room for as many.
pub(crate) const PROBLEMS_PER_OP: u64 = 1_000_000;

/// A message unless the number is within its limits.
pub(crate) fn within(key: &str, found: u64, limits: RangeInclusive<u64>) -> Option<String> {
    let (least, most) = (limits.start(), limits.end());
    let expected = match least == most {
        true => least.to_string(),
        false => format!("{least} to {most}"),
    };
    (!limits.contains(&found)).then(|| format!("{key}: expected {expected}, found {found}"))
}

/// A message unless the number is a share.
pub(crate) fn share(key: &str, found: f64) -> Option<String> {
    (!(0.0..=1.0).contains(&found)).then(|| format!("{key}: expected 0 to 1, found {found}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_are_allowed() {
        assert_eq!(within("rows", 1, 1..=8), None);
        assert_eq!(within("rows", 8, 1..=8), None);
        let message = within("rows", 9, 1..=8).unwrap();
        assert_eq!(message, "rows: expected 1 to 8, found 9");
        assert_eq!(share("alpha", 1.0), None);
        assert!(share("alpha", f64::NAN).is_some());
    }
}
