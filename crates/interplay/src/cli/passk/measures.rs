//! What is measured at k, and its value for one problem.

use std::fmt;
use std::str::FromStr;

use interplay::eval::{at_least_j_of_k, majority_at_k, pass_at_k, pass_hat_k};

use super::problems::Problem;

/// A measure at k.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Measure {
    /// At least one of k completions is right.
    PassAt,
    /// All of k completions are right.
    PassHat,
    /// At least so many of k completions are right.
    AtLeast(u32),
    /// The answer that most of k completions state is right.
    Majority,
    /// One of the first k completions is right, as in the published evaluation.
    FirstAt,
}

impl Measure {
    /// The measure at a value of k, such as `pass@4`.
    pub(super) fn at(self, k: u32) -> String {
        let name = self.to_string();
        format!("{}{k}", &name[..name.len() - 1])
    }

    /// What the measure can be taken of: whether completions are accepted, or have the right answer.
    pub(super) fn verdicts(self) -> &'static [Verdict] {
        match self {
            Self::Majority => &[Verdict::Answer],
            _ => &[Verdict::Verified, Verdict::Answer],
        }
    }

    /// Whether a problem with fewer than k completions has no value. The published estimate is taken of
    /// as many as there are.
    pub(super) fn needs_k_completions(self) -> bool {
        self != Self::FirstAt
    }

    /// Whether this is a value of k that makes sense.
    pub(super) fn takes(self, k: u32) -> bool {
        match self {
            Self::AtLeast(j) => k >= j,
            _ => true,
        }
    }
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PassAt => f.write_str("pass@k"),
            Self::PassHat => f.write_str("pass^k"),
            Self::AtLeast(j) => write!(f, "{j}-of-k"),
            Self::Majority => f.write_str("maj@k"),
            Self::FirstAt => f.write_str("first@k"),
        }
    }
}

impl FromStr for Measure {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let at_least = || name.strip_suffix("-of-k")?.parse().ok();
        match name {
            "pass@k" => Ok(Self::PassAt),
            "pass^k" => Ok(Self::PassHat),
            "maj@k" => Ok(Self::Majority),
            "first@k" => Ok(Self::FirstAt),
            _ => match at_least() {
                Some(j) if j > 0 => Ok(Self::AtLeast(j)),
                _ => Err(
                    "expected pass@k, pass^k, maj@k, first@k, or J-of-k such as 2-of-k".to_owned(),
                ),
            },
        }
    }
}

/// When a completion counts as right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Verdict {
    /// Its process is accepted.
    Verified,
    /// Its answer is right.
    Answer,
}

impl Verdict {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Answer => "answer",
        }
    }
}

/// The value of a measure for a problem; none where its grade is not known or its completions are too
/// few. `seed` decides which votes are drawn where they are too many to count.
pub(super) fn score(
    problem: &Problem,
    measure: Measure,
    verdict: Verdict,
    k: u32,
    seed: u64,
) -> Option<f64> {
    let right = match verdict {
        Verdict::Verified => problem.verified?,
        Verdict::Answer => problem.answers?,
    };
    let (n, count) = (problem.completions, right.count);
    if measure.needs_k_completions() && n < k {
        return None;
    }
    Some(match measure {
        Measure::PassAt => pass_at_k(n, count, k),
        Measure::PassHat => pass_hat_k(n, count, k),
        Measure::AtLeast(j) => at_least_j_of_k(n, count, k, j),
        Measure::FirstAt => f64::from(u8::from(
            right.first.is_some_and(|first| first < u64::from(k)),
        )),
        Measure::Majority => {
            let mut wrong: Vec<u32> = problem.wrong.values().copied().collect();
            wrong.sort_unstable_by(|a, b| b.cmp(a));
            majority_at_k(n, count, &wrong, k, seed)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        for name in ["pass@k", "pass^k", "maj@k", "first@k", "3-of-k"] {
            assert_eq!(name.parse::<Measure>().unwrap().to_string(), name);
        }
        for name in ["pass", "0-of-k", "-1-of-k", "of-k", "pass@4"] {
            let message = name.parse::<Measure>().unwrap_err();
            assert!(message.contains("2-of-k"), "{name}");
        }
        assert_eq!(Measure::AtLeast(2).at(16), "2-of-16");
        assert_eq!(Measure::PassHat.at(4), "pass^4");
    }
}
