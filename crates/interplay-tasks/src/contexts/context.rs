//! One context: the words of its items, places and totals.
//!
//! Source: the templates of GSM-Infinite (arXiv 2502.05252) and the contexts of
//! arXiv 2512.07783. A context is a TOML file; five are embedded, users add their own without
//! touching Rust. All words of the embedded ones are this project's own.

use std::borrow::Cow;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::TaskError;

/// The words of one context.
///
/// ```
/// let context = interplay_tasks::Context::from_toml(
///     r#"
///     id = "bakery"
///     total = "total number of cakes"
///     items = ["plum cake", "apple cake"]
///     places = ["Mill Street", "Harbor Lane"]
///     terse = ["bun", "pie", "roll"]
///     "#,
///     "bakery.toml",
/// )?;
/// assert_eq!(context.instance(0, 1), "plum cake in Harbor Lane");
/// # Ok::<(), interplay_tasks::TaskError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Context {
    pub(super) id: String,
    #[serde(default)]
    pub(super) aliases: Vec<String>,
    pub(super) total: String,
    #[serde(default)]
    pub(super) unit: Option<String>,
    #[serde(default)]
    pub(super) districts: Vec<String>,
    #[serde(default)]
    pub(super) asides: Vec<String>,
    pub(super) items: Vec<String>,
    pub(super) places: Vec<String>,
    pub(super) terse: Vec<String>,
}

impl Context {
    /// Reads a context from TOML; `origin` names the source in messages.
    ///
    /// # Errors
    /// Invalid TOML, unknown or missing keys, or words that cannot be told apart.
    pub fn from_toml(text: &str, origin: &str) -> Result<Self, TaskError> {
        let context: Self = toml::from_str(text).map_err(|source| TaskError::ContextSyntax {
            origin: origin.to_owned(),
            source: Box::new(source),
        })?;
        let issues = context.issues();
        if issues.0.is_empty() {
            return Ok(context);
        }
        Err(TaskError::Context {
            context: context.id,
            origin: origin.to_owned(),
            issues,
        })
    }

    /// Reads a context from a TOML file.
    ///
    /// # Errors
    /// As [`Context::from_toml`], or a file that cannot be read.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, TaskError> {
        let path = path.as_ref();
        let text = interplay_files::read_text(path)?;
        Self::from_toml(&text, &path.display().to_string())
    }

    /// The name of the context.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Other names of the context, such as the published id.
    #[must_use]
    pub fn aliases(&self) -> &[String] {
        &self.aliases
    }

    /// What a third layer counts of each item, for instance `cubs`; `None` if the context has no
    /// third layer.
    #[must_use]
    pub fn unit(&self) -> Option<&str> {
        self.unit.as_deref()
    }

    /// The noun of the total of a place, for instance `total number of adult animals`.
    #[must_use]
    pub fn total_noun(&self) -> &str {
        &self.total
    }

    /// The items that places hold.
    #[must_use]
    pub fn items(&self) -> &[String] {
        &self.items
    }

    /// The places.
    #[must_use]
    pub fn places(&self) -> &[String] {
        &self.places
    }

    /// The place with this index: those of [`Context::places`], then each of them prefixed by each
    /// district, which long problems need.
    ///
    /// # Panics
    /// If there is no such place.
    #[must_use]
    pub fn place(&self, place: usize) -> Cow<'_, str> {
        match place.checked_sub(self.places.len()) {
            None => Cow::Borrowed(&self.places[place]),
            Some(further) => {
                let (district, place) = (further / self.places.len(), further % self.places.len());
                Cow::Owned(format!(
                    "{} {}",
                    self.districts[district], self.places[place]
                ))
            }
        }
    }

    /// Remarks that fit any place and state no quantity, for instance `opens at dawn`.
    #[must_use]
    pub fn asides(&self) -> &[String] {
        &self.asides
    }

    /// The number of places, including those with a district prefix.
    #[must_use]
    pub(crate) fn all_places(&self) -> usize {
        self.places.len() * (1 + self.districts.len())
    }

    /// The nouns of the terse dialect.
    #[must_use]
    pub fn terse(&self) -> &[String] {
        &self.terse
    }

    /// The name of an instance quantity, by the indices of its words.
    ///
    /// # Panics
    /// If a list has no such word.
    #[must_use]
    pub fn instance(&self, item: usize, place: usize) -> String {
        format!("{} in {}", self.items[item], self.place(place))
    }

    /// The name of the abstract quantity of a place.
    ///
    /// # Panics
    /// If there is no such place.
    #[must_use]
    pub fn total(&self, place: usize) -> String {
        format!("{} in {}", self.total, self.place(place))
    }

    /// The name of the average of an item in a place; without a third layer, of `units`.
    ///
    /// # Panics
    /// If a list has no such word.
    #[must_use]
    pub(crate) fn average(&self, item: usize, place: usize) -> String {
        let unit = self.unit.as_deref().unwrap_or("units");
        let (item, place) = (&self.items[item], self.place(place));
        format!("average number of {unit} per {item} in {place}")
    }

    /// The name of the total of the unit in a place; without a third layer, of `units`.
    ///
    /// # Panics
    /// If there is no such place.
    #[must_use]
    pub(crate) fn weighted_total(&self, place: usize) -> String {
        let unit = self.unit.as_deref().unwrap_or("units");
        format!("total number of {unit} in {}", self.place(place))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::contexts::ContextLibrary;

    pub(crate) const SMALL: &str = r#"
        id = "shop"
        total = "total number of fruits"
        items = ["red apple", "pear"]
        places = ["North Market", "South Market"]
        terse = ["fig", "nut"]
    "#;

    #[test]
    fn an_unknown_key_and_an_unknown_context_are_named() {
        let text = format!("{SMALL}\nplacess = []");
        let message = Context::from_toml(&text, "shop.toml")
            .unwrap_err()
            .to_string();
        assert!(
            message.contains("placess") && message.contains("shop.toml"),
            "{message}"
        );
        let message = ContextLibrary::embedded()
            .get("zo")
            .unwrap_err()
            .to_string();
        assert!(
            message.contains("`zo`") && message.contains("crazy_zootopia"),
            "{message}"
        );
    }
}
