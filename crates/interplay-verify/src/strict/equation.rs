//! The true equation of a reverse problem in each form up to its solution.

use interplay_graph::Linear;

use crate::Gold;

/// How far an equation is transformed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) enum Form {
    /// Not set up yet.
    #[default]
    Nothing,
    /// `15*x + 1 = 61`, as it follows from what is known.
    SetUp,
    /// The same again, under its own label.
    Simplified,
    /// `15*x - 60 = 0`
    Moved,
    /// `15*x = 60`
    Isolated,
    /// `x = 60 / 15`
    Divided,
    /// `x = 4`
    Solved,
}

/// The state of the equation.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Solving {
    pub(super) form: Form,
    /// The index of the sentence that brought it there.
    pub(super) step: u32,
}

impl Solving {
    /// Whether an equation was set up.
    pub(super) fn begun(&self) -> bool {
        self.form != Form::Nothing
    }
}

/// The true equation, `line = value`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Truth {
    pub(super) line: Linear,
    pub(super) value: i64,
}

impl Truth {
    pub(super) fn of(gold: &Gold) -> Option<Self> {
        let reverse = gold.reverse()?;
        Some(Self {
            line: gold.quantity(reverse.given).value,
            value: reverse.value,
        })
    }

    /// The right side once the constant is moved there.
    pub(super) fn moved(self) -> Option<i64> {
        self.value.checked_sub(self.line.constant)
    }

    /// What a form of the equation says, for messages.
    pub(super) fn shown(self, form: Form) -> Option<String> {
        let Self { line, value } = self;
        let moved = self.moved()?;
        Some(match form {
            Form::Nothing => return None,
            Form::SetUp | Form::Simplified => format!("`{line} = {value}`"),
            Form::Moved => {
                let constant = moved.checked_neg()?;
                format!("`{} = 0`", Linear { constant, ..line })
            }
            Form::Isolated => format!("`{}*x = {moved}`", line.coefficient),
            Form::Divided => format!("`x = {moved} / {}`", line.coefficient),
            Form::Solved => format!("`x = {}`", line.solve(value)?),
        })
    }
}

/// One side of a stated equation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Line(Linear),
    Quotient(i64, i64),
}

impl Truth {
    /// Whether an equation is this form of the true one. Once terms are moved, both sides may be
    /// negated together: `8 - x = 4` is isolated as `x = 4` or `-1*x = -4`.
    pub(super) fn says(self, form: Form, said: (Side, Side)) -> bool {
        let as_set_up = |line| said == (Side::Line(line), Side::Line(Linear::number(self.value)));
        let turned = || {
            self.turned()
                .is_some_and(|turned| turned.exactly(form, said))
        };
        match form {
            Form::Nothing => false,
            Form::SetUp | Form::Simplified => as_set_up(self.line),
            Form::Moved | Form::Isolated | Form::Divided => self.exactly(form, said) || turned(),
            Form::Solved => self.exactly(form, said),
        }
    }

    /// The same equation with both sides negated.
    fn turned(self) -> Option<Self> {
        Some(Self {
            line: Linear::default().checked_sub(self.line)?,
            value: self.value.checked_neg()?,
        })
    }

    fn exactly(self, form: Form, said: (Side, Side)) -> bool {
        let Some(moved) = self.moved() else {
            return false;
        };
        let number = |value| Side::Line(Linear::number(value));
        let line = |coefficient, constant| {
            Side::Line(Linear {
                coefficient,
                constant,
            })
        };
        let coefficient = self.line.coefficient;
        match form {
            Form::Nothing | Form::SetUp | Form::Simplified => false,
            Form::Moved => {
                let constant = moved.checked_neg();
                constant.is_some_and(|constant| said == (line(coefficient, constant), number(0)))
            }
            Form::Isolated => said == (line(coefficient, 0), number(moved)),
            Form::Divided => said == (line(1, 0), Side::Quotient(moved, coefficient)),
            Form::Solved => {
                let solution = self.line.solve(self.value);
                solution.is_some_and(|solution| said == (line(1, 0), number(solution)))
            }
        }
    }
}
