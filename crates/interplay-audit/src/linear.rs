//! Linear forms of the unknown, such as `3*x + 2`.
//!
//! On purpose not the `Linear` of `interplay-graph`, on which the verifier relies: the audit finds a
//! form from its values at two points and computes in 128 bits, so that a mistake there cannot hide
//! itself here.

use crate::script::POINTS;

/// `coefficient * x + constant`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Linear {
    pub coefficient: i128,
    pub constant: i128,
}

impl Linear {
    /// The form with these values at [`POINTS`], if it has integer coefficients.
    pub(crate) fn of(values: [i128; 2]) -> Option<Self> {
        let (rise, run) = (values[1] - values[0], POINTS[1] - POINTS[0]);
        (rise % run == 0).then(|| {
            let coefficient = rise / run;
            Self {
                coefficient,
                constant: values[0] - coefficient * POINTS[0],
            }
        })
    }

    /// The form as solutions write it.
    pub(crate) fn text(self, letter: &str) -> String {
        let Self {
            coefficient,
            constant,
        } = self;
        let term = match coefficient {
            0 => return constant.to_string(),
            1 => letter.to_owned(),
            _ => format!("{coefficient}*{letter}"),
        };
        match constant {
            0 => term,
            1.. => format!("{term} + {constant}"),
            _ => format!("{term} - {}", -constant),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_a_form_from_two_values_and_writes_it() {
        let at = |x: i128| 3 * x - 4;
        let form = Linear::of([at(POINTS[0]), at(POINTS[1])]).unwrap();
        assert_eq!(form.text("x"), "3*x - 4");
        assert_eq!(Linear::of([7, 7]).unwrap().text("x"), "7");
        assert_eq!(Linear::of(POINTS).unwrap().text("y"), "y");
        assert_eq!(Linear::of([0, 1]), None);
    }
}
