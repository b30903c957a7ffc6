//! Validates a spec and reports everything that is wrong with it at once.

use crate::contexts::{Context, ContextLibrary};
use interplay_graph::settings::Issues;

use crate::error::TaskError;

use super::component::Component;
use super::dialect::{Dialect, Mode};
use super::task::TaskSpec;

/// The largest op. Symbols of prose solutions are one or two letters, and every edge needs at most
/// one.
pub(crate) const MAX_OP: u32 = 700;

/// The tokens of `The number of ITEM in PLACE equals 3.`, with one word for item and place.
const SHORTEST_SENTENCE: usize = 9;

impl TaskSpec {
    /// Checks everything and reports every problem at once.
    ///
    /// # Errors
    /// [`TaskError::Spec`] with one line for each problem.
    pub fn validate(&self, library: &ContextLibrary) -> Result<(), TaskError> {
        let mut issues = Issues(Vec::new());
        self.check_mixture(library, &mut issues);
        self.check_bounds(&mut issues);
        self.check_definitions(&mut issues);
        if issues.0.is_empty() {
            Ok(())
        } else {
            Err(TaskError::Spec { issues })
        }
    }

    fn check_mixture(&self, library: &ContextLibrary, issues: &mut Issues) {
        if self.mixture.is_empty() {
            issues.push("mixture", "no component", "at least one [[mixture]] table");
            return;
        }
        let mut sum = 0.0;
        for (index, component) in self.mixture.iter().enumerate() {
            let key = |field: &str| format!("mixture[{index}].{field}");
            let weight = component.weight;
            if weight.is_finite() && weight >= 0.0 {
                sum += weight;
            } else {
                issues.push(key("weight"), weight, "a number of at least 0");
                sum = f64::NAN;
            }
            let least = match component.mode {
                Mode::Forward => 1,
                // The unknown and the given quantity are two.
                Mode::Reverse => 2,
            };
            if component.op.min() < least || component.op.max() > MAX_OP {
                issues.push(
                    key("op"),
                    &component.op,
                    format!("numbers from {least} to {MAX_OP}"),
                );
            }
            if !matches!(component.d, 2 | 3) {
                issues.push(key("d"), component.d, "2 or 3 layers");
            } else if component.d == 3 && component.dialect == Dialect::Terse {
                let expected = "2, since the terse dialect has no layers; or dialect `prose`";
                let found = format!("3 with dialect `terse` and context `{}`", component.context);
                issues.push(key("d"), found, expected);
            }
            match library.get(&component.context) {
                Err(error) => issues.push(
                    key("context"),
                    format!("`{}`", component.context),
                    format!("a known context ({error})"),
                ),
                Ok(context) => {
                    self.check_room(&context, component, &key("op"), issues);
                    if component.d == 3 && context.unit().is_none() {
                        let expected = format!(
                            "2, since context `{}` has no third layer; or add a `unit` to it",
                            context.id()
                        );
                        issues.push(key("d"), component.d, expected);
                    }
                }
            }
        }
        if (sum - 1.0).abs() > 1e-6 {
            let expected = "weights that sum to 1; divide each by their sum";
            issues.push("mixture", format!("weights that sum to {sum}"), expected);
        }
    }

    /// Every quantity costs at least one edge, so op bounds how many names a problem needs.
    fn check_room(&self, context: &Context, part: &Component, key: &str, issues: &mut Issues) {
        let needed = part.op.max() as usize + self.distractors.max() as usize;
        let (room, words) = match part.dialect {
            Dialect::Terse => {
                let nouns = self.nouns.unwrap_or(usize::MAX).min(context.terse().len());
                (nouns, format!("{nouns} nouns"))
            }
            Dialect::Prose => {
                let (items, places) = (context.items().len(), context.places().len());
                // Up to half of the places may be left partly empty by their totals.
                (
                    items * places / 2,
                    format!("{items} items in {places} places"),
                )
            }
        };
        let asides = self.asides.max() as usize;
        let sentences = match part.dialect {
            Dialect::Prose => context.places().len() * context.asides().len(),
            Dialect::Terse => 0,
        };
        if asides > sentences {
            let expected = format!(
                "at most {sentences} for context `{}` in dialect `{}`; add `asides` to a context, \
                 or leave them to prose",
                context.id(),
                part.dialect
            );
            issues.push("asides", &self.asides, expected);
        }
        if let Some(tokens) = self.min_tokens {
            self.check_length(tokens, context, part, issues);
        }
        if needed > room {
            let found = format!(
                "{}, with up to {} distractors",
                part.op,
                self.distractors.max()
            );
            let id = context.id();
            let expected = format!(
                "at most {room} quantities together, since context `{id}` offers {words}; lower \
                 op or distractors, or add words"
            );
            issues.push(key, found, expected);
        }
    }

    /// Checks that sentences about all items of the spare places are long enough.
    fn check_length(&self, tokens: u32, context: &Context, part: &Component, issues: &mut Issues) {
        if part.dialect == Dialect::Terse {
            let expected = "prose problems only, since the terse dialect has few nouns";
            issues.push(
                "min_tokens",
                format!("{tokens} with dialect `terse`"),
                expected,
            );
            return;
        }
        let layers = if part.d == 3 { 2 } else { 1 };
        let places = context.all_places() - context.places().len() / 2;
        let most = context.items().len() * places * layers * SHORTEST_SENTENCE;
        if tokens as usize > most {
            let id = context.id();
            let expected = format!(
                "at most {most} for context `{id}`; add `districts`, `places` or `items` to it"
            );
            issues.push("min_tokens", tokens, expected);
        }
    }

    fn check_bounds(&self, issues: &mut Issues) {
        if let Some(max_value) = self
            .max_value
            .filter(|max| !(4..=1_000_000_000).contains(max))
        {
            issues.push("max_value", max_value, "a number from 4 to 1000000000");
        }
        if !(2..=1_000_000).contains(&self.max_constant) {
            issues.push(
                "max_constant",
                self.max_constant,
                "a number from 2 to 1000000",
            );
        }
        if !(2..=1_000_000).contains(&self.max_factor) {
            issues.push("max_factor", self.max_factor, "a number from 2 to 1000000");
        }
        if let Some(share) = self
            .entanglement
            .filter(|share| !(0.0..=1.0).contains(share))
        {
            issues.push("entanglement", share, "a share from 0 to 1");
        }
        if let Some(tokens) = self
            .min_tokens
            .filter(|tokens| !(1..=1_000_000).contains(tokens))
        {
            issues.push("min_tokens", tokens, "a number from 1 to 1000000");
        }
        if !(2..=16).contains(&self.max_parents) {
            issues.push("max_parents", self.max_parents, "a number from 2 to 16");
        }
    }

    fn check_definitions(&self, issues: &mut Issues) {
        let weights = &self.definitions;
        let named = [
            ("constant", weights.constant),
            ("copy", weights.copy),
            ("plus", weights.plus),
            ("times", weights.times),
            ("sum", weights.sum),
            ("difference", weights.difference),
        ];
        for (name, weight) in named {
            if !(weight.is_finite() && weight >= 0.0) {
                issues.push(
                    format!("definitions.{name}"),
                    weight,
                    "a number of at least 0",
                );
            }
        }
        // Without these, some difficulties could not be reached.
        for (name, weight) in [("constant", weights.constant), ("copy", weights.copy)] {
            if weight == 0.0 {
                let expected = "more than 0, since some difficulties need it";
                issues.push(format!("definitions.{name}"), weight, expected);
            }
        }
        if weights.sum + weights.difference == 0.0 {
            let expected = "a sum or difference of positive weight";
            issues.push(
                "definitions",
                "no definition that joins quantities",
                expected,
            );
        }
        if !(0.0..=1.0).contains(&weights.compound) {
            issues.push(
                "definitions.compound",
                weights.compound,
                "a share from 0 to 1",
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counts::Counts;

    fn library() -> ContextLibrary {
        ContextLibrary::embedded()
    }

    fn message(spec: &TaskSpec) -> String {
        spec.validate(&library()).unwrap_err().to_string()
    }

    #[test]
    fn every_problem_is_reported_at_once() {
        let mut spec = TaskSpec::single(Counts::one(0), "zoo", Dialect::Terse);
        spec.mixture.push(Component {
            weight: f64::NAN,
            op: Counts::one(1),
            context: "moon".to_owned(),
            dialect: Dialect::Prose,
            mode: Mode::Reverse,
            d: 4,
            edge: false,
        });
        spec.max_value = Some(-1);
        spec.entanglement = Some(1.5);
        spec.max_constant = 0;
        spec.max_parents = 1;
        spec.definitions.copy = 0.0;
        spec.definitions.sum = -0.5;
        spec.definitions.compound = 2.0;
        let message = message(&spec);
        for part in [
            "`mixture[0].op`: found 0",
            "`mixture[1].d`: found 4",
            "`entanglement`: found 1.5",
            "`mixture[1].op`: found 1, expected numbers from 2",
            "`mixture[1].weight`: found NaN",
            "`mixture[1].context`: found `moon`",
            "zoo",
            "`max_value`: found -1",
            "`max_constant`",
            "`max_parents`",
            "`definitions.copy`",
            "`definitions.sum`: found -0.5",
            "`definitions.compound`",
        ] {
            assert!(message.contains(part), "{part} not in: {message}");
        }
    }

    #[test]
    fn weights_that_do_not_sum_to_one_are_refused_with_their_sum() {
        let mut spec = TaskSpec::single(Counts::one(4), "zoo", Dialect::Prose);
        spec.mixture[0].weight = 0.75;
        assert!(message(&spec).contains("weights that sum to 0.75"));
        spec.mixture[0].weight = 1.0 + 1e-7;
        assert!(spec.validate(&library()).is_ok());
        spec.mixture.clear();
        assert!(message(&spec).contains("at least one [[mixture]]"));
    }

    #[test]
    fn an_op_that_a_context_cannot_hold_is_refused() {
        let mut spec = TaskSpec::single(Counts::range(2, 20).unwrap(), "zoo", Dialect::Terse);
        assert!(spec.validate(&library()).is_ok());
        spec.nouns = Some(12);
        assert!(message(&spec).contains("12 nouns"), "{}", message(&spec));
        let prose = TaskSpec::single(Counts::one(200), "zoo", Dialect::Prose);
        assert!(prose.validate(&library()).is_ok());
    }

    #[test]
    fn what_a_context_or_a_dialect_has_not_is_refused() {
        let flat = crate::Context::from_toml(
            "id = \"flat\"\ntotal = \"total number of cakes\"\nitems = [\"bun\", \"pie\"]\n\
             places = [\"Mill\", \"Lane\"]\nterse = [\"bun\", \"pie\"]",
            "flat.toml",
        );
        let library = library().with(flat.unwrap()).unwrap();
        let refused = |dialect, change: fn(&mut TaskSpec)| {
            let mut spec = TaskSpec::single(Counts::one(2), "flat", dialect);
            spec.distractors = Counts::one(0);
            assert!(spec.validate(&library).is_ok());
            change(&mut spec);
            spec.validate(&library).unwrap_err().to_string()
        };
        let third: fn(&mut TaskSpec) = |spec| spec.mixture[0].d = 3;
        let long: fn(&mut TaskSpec) = |spec| spec.min_tokens = Some(4096);
        let asides: fn(&mut TaskSpec) = |spec| spec.asides = Counts::one(1);
        let many: fn(&mut TaskSpec) = |spec| spec.mixture[0].op = Counts::one(9);
        for (change, prose, terse) in [
            (
                third,
                "`flat` has no third layer",
                "terse dialect has no layers",
            ),
            (long, "add `districts`", "few nouns"),
            (asides, "add `asides`", "leave them to prose"),
            (many, "2 items in 2 places", "2 nouns"),
        ] {
            for (dialect, part) in [(Dialect::Prose, prose), (Dialect::Terse, terse)] {
                let message = refused(dialect, change);
                assert!(message.contains(part), "{part} not in: {message}");
            }
        }
    }
}
