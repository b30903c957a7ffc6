//! The entries of a mixture as a person writes them: with lists, and presets by name.
//!
//! An entry of `[[mixture]]` may name several contexts, dialects, modes or numbers of layers, which
//! share its weight equally in all combinations, and a published preset, which sets the op, the
//! context or both. Once read, a spec holds plain [`Component`]s only.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::SeqAccessDeserializer;
use serde::de::{Error, IntoDeserializer, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::counts::Counts;
use crate::error::TaskError;

use super::component::Component;
use super::dialect::{Dialect, Mode};
use super::presets::{Normalize, Preset};

/// One entry of a mixture in a file, before presets and lists are expanded.
///
/// ```
/// use interplay_tasks::TaskSpec;
///
/// let spec = TaskSpec::from_toml(
///     r#"
///     [[mixture]]
///     preset = "0.9zoo_op2-20+0.1teacher_op2"
///     dialect = "prose"
///     mode = ["forward", "reverse"]
///     "#,
///     "spec.toml",
/// )?;
/// assert_eq!(spec.mixture.len(), 4);
/// assert_eq!(spec.mixture[3].context, "school");
/// assert!((spec.mixture[3].weight - 0.05).abs() < 1e-6);
/// # Ok::<(), interplay_tasks::TaskError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MixtureEntry {
    /// The share of the mixture.
    #[serde(default = "one")]
    pub weight: f64,
    /// The difficulties, unless the preset sets them.
    #[serde(default)]
    pub op: Option<Counts>,
    /// The contexts, unless the preset sets them.
    #[serde(default)]
    pub context: Option<OneOrMany<String>>,
    /// The dialects.
    pub dialect: OneOrMany<Dialect>,
    /// The modes. Default: forward.
    #[serde(default = "forward")]
    pub mode: OneOrMany<Mode>,
    /// The numbers of layers. Default: 2.
    #[serde(default = "two")]
    pub d: OneOrMany<u32>,
    /// Whether the calibration of an experiment may choose the difficulties.
    #[serde(default)]
    pub edge: bool,
    /// A published mixture.
    #[serde(default)]
    pub preset: Option<String>,
    /// Divide the shares of the preset by their sum if they do not sum to one.
    #[serde(default)]
    pub normalize: bool,
}

/// One value, or several in equal shares.
///
/// What is wrong with a value is told by the value's own type.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq)]
pub enum OneOrMany<T> {
    /// One.
    One(T),
    /// Several.
    Many(Vec<T>),
}

impl<T> OneOrMany<T> {
    fn as_slice(&self) -> &[T] {
        match self {
            Self::One(value) => std::slice::from_ref(value),
            Self::Many(values) => values,
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Values<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Values<T> {
            type Value = OneOrMany<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("one value or a list of values")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, values: A) -> Result<Self::Value, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(values)).map(OneOrMany::Many)
            }

            fn visit_str<E: Error>(self, value: &str) -> Result<Self::Value, E> {
                T::deserialize(value.into_deserializer()).map(OneOrMany::One)
            }

            fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
                T::deserialize(value.into_deserializer()).map(OneOrMany::One)
            }

            fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
                T::deserialize(value.into_deserializer()).map(OneOrMany::One)
            }
        }

        deserializer.deserialize_any(Values(PhantomData))
    }
}

fn one() -> f64 {
    1.0
}

fn two() -> OneOrMany<u32> {
    OneOrMany::One(2)
}

fn forward() -> OneOrMany<Mode> {
    OneOrMany::One(Mode::Forward)
}

impl MixtureEntry {
    /// The components of the entry; `index` is its index in the mixture, for error messages.
    ///
    /// # Errors
    /// An unknown preset, one whose shares do not sum to one, and an op or a context that is set
    /// twice, not at all, or by an empty list.
    fn components(&self, index: usize) -> Result<Vec<Component>, TaskError> {
        let fault = |field: &'static str, fault: &'static str| TaskError::MixtureEntry {
            index,
            field,
            fault,
        };
        let parts = match &self.preset {
            None => vec![(1.0, None, None)],
            Some(name) => {
                let normalize = match self.normalize {
                    true => Normalize::Divide,
                    false => Normalize::Refuse,
                };
                let parts = Preset::find(name)?.parts(normalize)?.into_iter();
                parts
                    .map(|part| (part.weight, part.op, part.context))
                    .collect()
            }
        };
        let mut components = Vec::new();
        for (share, op, context) in parts {
            let op = match (&self.op, op) {
                (Some(_), Some(_)) => return Err(fault("op", "is set by the preset too")),
                (None, None) => return Err(fault("op", "is missing, and no preset sets it")),
                (Some(op), None) => op.clone(),
                (None, Some(op)) => op,
            };
            let contexts = match (&self.context, context) {
                (Some(_), Some(_)) => return Err(fault("context", "is set by the preset too")),
                (None, None) => return Err(fault("context", "is missing, and no preset sets it")),
                (Some(contexts), None) => contexts.as_slice().to_vec(),
                (None, Some(context)) => vec![context],
            };
            for context in &contexts {
                self.combine(share, &op, context, contexts.len(), &mut components);
            }
        }
        match components.is_empty() {
            true => Err(fault("context", "or another list is empty")),
            false => Ok(components),
        }
    }

    /// Adds all combinations of dialects, modes and layers.
    fn combine(
        &self,
        share: f64,
        op: &Counts,
        context: &str,
        contexts: usize,
        components: &mut Vec<Component>,
    ) {
        let (dialects, modes, layers) = (
            self.dialect.as_slice(),
            self.mode.as_slice(),
            self.d.as_slice(),
        );
        let combinations = contexts * dialects.len() * modes.len() * layers.len();
        for dialect in dialects {
            for mode in modes {
                for d in layers {
                    components.push(Component {
                        weight: self.weight * share / combinations as f64,
                        mode: *mode,
                        d: *d,
                        edge: self.edge,
                        ..Component::new(op.clone(), context, *dialect)
                    });
                }
            }
        }
    }
}

/// Reads the entries of a mixture and expands them to components.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<Component>, D::Error> {
    let entries = Vec::<MixtureEntry>::deserialize(deserializer)?;
    let mut components = Vec::with_capacity(entries.len());
    for (index, entry) in entries.iter().enumerate() {
        components.extend(entry.components(index).map_err(D::Error::custom)?);
    }
    Ok(components)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contexts::ContextLibrary;
    use crate::spec::TaskSpec;

    fn read(text: &str) -> Result<TaskSpec, TaskError> {
        TaskSpec::from_toml(&format!("[[mixture]]\n{text}"), "spec.toml")
    }

    #[test]
    fn lists_share_the_weight_in_all_combinations() {
        let spec = read(
            "op = \"2-4\"\ncontext = [\"zoo\", \"garden\"]\ndialect = \"prose\"\n\
             mode = [\"forward\", \"reverse\"]\nd = [2, 3]",
        )
        .unwrap();
        assert_eq!(spec.mixture.len(), 8);
        assert!(spec.mixture.iter().all(|part| part.weight == 0.125));
        let last = &spec.mixture[7];
        assert_eq!(
            (&*last.context, last.mode, last.d),
            ("garden", Mode::Reverse, 3)
        );
        assert!(spec.validate(&ContextLibrary::embedded()).is_ok());
    }

    #[test]
    fn what_is_wrong_with_a_value_is_told_by_the_value() {
        for (text, parts) in [
            ("dialect = \"loud\"", ["loud", "prose"]),
            ("dialect = [\"terse\", \"loud\"]", ["loud", "prose"]),
            ("dialect = \"terse\"\nd = -1", ["-1", "u32"]),
            (
                "dialect = \"terse\"\nmode = 3.5",
                ["3.5", "one value or a list"],
            ),
        ] {
            let text = format!("op = 4\ncontext = \"zoo\"\n{text}");
            let message = read(&text).unwrap_err().to_string();
            assert!(parts.iter().all(|part| message.contains(part)), "{message}");
        }
    }

    #[test]
    fn a_preset_says_op_or_context_or_both() {
        let op = "preset = \"cpt0.2-uniform_0.8-11-14\"\ndialect = \"terse\"";
        let spec = read(&format!("{op}\ncontext = \"zoo\"")).unwrap();
        assert_eq!(spec.mixture[2].op.to_string(), "11-14");
        assert!(spec.validate(&ContextLibrary::embedded()).is_ok());
        let context = "preset = \"idzoo_0.9zoo_0.1teacher\"\ndialect = \"terse\"";
        let spec = read(&format!("{context}\nop = 4")).unwrap();
        assert_eq!(
            (&*spec.mixture[1].context, spec.mixture[1].weight),
            ("school", 0.1)
        );
        for (text, part) in [
            (op.to_owned(), "`mixture[0].context` is missing"),
            (context.to_owned(), "`mixture[0].op` is missing"),
            (
                format!("{op}\nop = 3\ncontext = \"zoo\""),
                "`mixture[0].op` is set",
            ),
            (
                format!("{context}\nop = 3\ncontext = \"zoo\""),
                "`mixture[0].context` is set",
            ),
            (
                "op = 4\ncontext = []\ndialect = \"terse\"".to_owned(),
                "is empty",
            ),
        ] {
            let message = read(&text).unwrap_err().to_string();
            assert!(
                message.contains(part) && message.contains("spec.toml"),
                "{message}"
            );
        }
    }

    #[test]
    fn a_preset_that_does_not_sum_to_one_is_normalized_when_asked() {
        let text = "preset = \"id2-10_0.4995easy_0.4995medium_0.001hard\"\n\
                    context = \"zoo\"\ndialect = \"terse\"";
        let message = read(text).unwrap_err().to_string();
        assert!(
            message.contains("0.4995easy") && message.contains("1.008"),
            "{message}"
        );
        let spec = read(&format!("{text}\nnormalize = true")).unwrap();
        assert!(spec.validate(&ContextLibrary::embedded()).is_ok());
    }
}
