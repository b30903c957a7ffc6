//! Contexts: the words in which a problem is told, as data.
//!
//! Source: the templates of GSM-Infinite (arXiv 2502.05252) and the contexts of
//! arXiv 2512.07783. A context is a TOML file; two are embedded, users add their own without
//! touching Rust. All words of the embedded ones are this project's own.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;

use crate::{Issues, TaskError};

/// The words of one context.
///
/// ```
/// let context = interplay_tasks::Context::from_toml(
///     r#"
///     id = "bakery"
///     total = "total number of cakes"
///     items = ["plum cake", "apple cake"]
///     places = ["Mill Street", "Harbour Lane"]
///     terse = ["bun", "pie", "roll"]
///     "#,
///     "bakery.toml",
/// )?;
/// assert_eq!(context.instance(0, 1), "plum cake in Harbour Lane");
/// # Ok::<(), interplay_tasks::TaskError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Context {
    id: String,
    #[serde(default)]
    aliases: Vec<String>,
    total: String,
    #[serde(default)]
    unit: Option<String>,
    #[serde(default)]
    districts: Vec<String>,
    items: Vec<String>,
    places: Vec<String>,
    terse: Vec<String>,
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
        let text = std::fs::read_to_string(path).map_err(|source| TaskError::Io {
            action: "cannot read context file",
            path: path.to_owned(),
            source,
        })?;
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

    /// What a third layer counts of each item, for instance `cubs`; none where the context has no
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

    /// The kinds of things that places hold.
    #[must_use]
    pub fn items(&self) -> &[String] {
        &self.items
    }

    /// The places.
    #[must_use]
    pub fn places(&self) -> &[String] {
        &self.places
    }

    /// The place with this number: those of [`Context::places`], then each of them with each
    /// district before it, which long problems need.
    ///
    /// # Panics
    /// Where there is no such place.
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

    /// How many places there are, with those that have a district before them.
    #[must_use]
    pub fn all_places(&self) -> usize {
        self.places.len() * (1 + self.districts.len())
    }

    /// The nouns of the terse dialect.
    #[must_use]
    pub fn terse(&self) -> &[String] {
        &self.terse
    }

    /// The name of an instance quantity, by the places of its words in the lists.
    ///
    /// # Panics
    /// Where a list has no such word.
    #[must_use]
    pub fn instance(&self, item: usize, place: usize) -> String {
        format!("{} in {}", self.items[item], self.place(place))
    }

    /// The name of the abstract quantity of a place.
    ///
    /// # Panics
    /// Where the list has no such place.
    #[must_use]
    pub fn total(&self, place: usize) -> String {
        format!("{} in {}", self.total, self.place(place))
    }

    /// How many of the unit each of an item of a place has; without a third layer, of `units`.
    ///
    /// # Panics
    /// Where a list has no such word.
    #[must_use]
    pub fn average(&self, item: usize, place: usize) -> String {
        let unit = self.unit.as_deref().unwrap_or("units");
        let (item, place) = (&self.items[item], self.place(place));
        format!("average number of {unit} per {item} in {place}")
    }

    /// How many of the unit a place has in all; without a third layer, of `units`.
    ///
    /// # Panics
    /// Where the list has no such place.
    #[must_use]
    pub fn weighted_total(&self, place: usize) -> String {
        let unit = self.unit.as_deref().unwrap_or("units");
        format!("total number of {unit} in {}", self.place(place))
    }

    fn issues(&self) -> Issues {
        let mut issues = Issues(Vec::new());
        check_word(&mut issues, "id", &self.id);
        self.check_aliases(&mut issues);
        check_word(&mut issues, "total", &self.total);
        check_name(&mut issues, "total", &self.total);
        if self.total.starts_with("number of ") {
            let expected = "a total that reads unlike an item, such as `total number of cakes`";
            issues.push("total", format!("`{}`", self.total), expected);
        }
        if let Some(unit) = &self.unit {
            check_word(&mut issues, "unit", unit);
            check_name(&mut issues, "unit", unit);
            // The nouns of the two totals of a place have to differ by more than other words.
            if unit
                .split(' ')
                .all(|word| self.total.split(' ').any(|other| other == word))
            {
                let expected = "a word that the total does not have";
                issues.push("unit", format!("`{unit}`"), expected);
            }
        }
        self.check_districts(&mut issues);
        let lists = [
            ("items", &self.items),
            ("places", &self.places),
            ("terse", &self.terse),
        ];
        for (key, words) in lists {
            if words.len() < 2 {
                issues.push(key, format!("{} words", words.len()), "at least 2 words");
            }
            let mut seen = HashSet::new();
            for (place, word) in words.iter().enumerate() {
                let key = format!("{key}[{place}]");
                check_word(&mut issues, &key, word);
                if !seen.insert(word) {
                    issues.push(key, format!("`{word}` again"), "each word once");
                } else if word == &self.total {
                    issues.push(key, format!("`{word}`"), "a word that is not the total");
                } else {
                    check_name(&mut issues, &key, word);
                }
            }
        }
        for (place, word) in self.terse.iter().enumerate() {
            let plain = word.bytes().all(|byte| byte.is_ascii_lowercase());
            if !plain || RESERVED.contains(&word.as_str()) {
                let expected = "one word of lower-case letters a-z, none of `so`, `answer`, `define`, `solve`, `x`";
                issues.push(format!("terse[{place}]"), format!("`{word}`"), expected);
            }
        }
        issues
    }

    /// A place with a district has to differ from every other place.
    fn check_districts(&self, issues: &mut Issues) {
        let mut names: HashSet<Cow<'_, str>> = (0..self.places.len())
            .map(|place| self.place(place))
            .collect();
        for (at, district) in self.districts.iter().enumerate() {
            let key = format!("districts[{at}]");
            check_word(issues, &key, district);
            check_name(issues, &key, district);
            let first = (1 + at) * self.places.len();
            let twice =
                (first..first + self.places.len()).find(|at| !names.insert(self.place(*at)));
            if let Some(place) = twice {
                let found = format!("`{district}`, so that `{}` comes twice", self.place(place));
                issues.push(key, found, "a word that makes new names of all places");
            }
        }
    }

    fn check_aliases(&self, issues: &mut Issues) {
        let mut seen = HashSet::from([&self.id]);
        for (place, alias) in self.aliases.iter().enumerate() {
            let key = format!("aliases[{place}]");
            check_word(issues, &key, alias);
            if !seen.insert(alias) {
                let expected = "each alias once, and none that is the id";
                issues.push(key, format!("`{alias}` again"), expected);
            }
        }
    }
}

/// What joins names in sentences and may not stand inside one.
const JOINS: [&str; 10] = [
    " in ", " and ", " plus ", " times ", " as ", " does ", " per ", " equals ", " exists", " is ",
];

/// What opens a step or an answer in a solution and may not be a word of a name, in any case.
const OPENERS: [&str; 2] = ["define", "answer"];

/// What a solution says besides names.
const RESERVED: [&str; 5] = ["so", "answer", "define", "solve", "x"];

/// Words stand inside sentences and framing tags, so what ends those may not stand in a word.
fn check_word(issues: &mut Issues, key: &str, word: &str) {
    let forbidden = [
        '.', ',', ';', '=', '?', ':', '<', '>', '[', ']', '\n', '\t', '\r',
    ];
    if word.is_empty() || word.trim() != word || word.contains("  ") {
        let expected = "text without space at its ends or two spaces in a row";
        issues.push(key, format!("`{word}`"), expected);
    } else if let Some(mark) = word.chars().find(|c| forbidden.contains(c)) {
        let found = format!("`{}` in `{word}`", mark.escape_default());
        issues.push(
            key,
            found,
            "words without . , ; = ? : < > [ ] or line breaks",
        );
    }
}

/// Names stand between the words of sentences and steps, so those may not stand in a name.
fn check_name(issues: &mut Issues, key: &str, name: &str) {
    let opens = |word: &str| {
        OPENERS
            .iter()
            .any(|opener| word.eq_ignore_ascii_case(opener))
    };
    if JOINS.iter().any(|join| name.contains(join)) {
        let expected = format!("words without {JOINS:?}, which join names");
        issues.push(key, format!("`{name}`"), expected);
    } else if name.split(|c: char| !c.is_alphanumeric()).any(opens) {
        let expected = "words other than `Define` and `Answer`, which open parts of a solution";
        issues.push(key, format!("`{name}`"), expected);
    }
}

/// Contexts by id and alias.
#[derive(Debug, Clone, Default)]
pub struct ContextLibrary {
    contexts: Vec<Arc<Context>>,
    by_name: HashMap<String, usize>,
}

impl ContextLibrary {
    /// A library without contexts.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    /// The contexts that come with this crate: `zoo`, `school`, `festival`, `garden`, `harbor`.
    #[must_use]
    pub fn embedded() -> Self {
        let files = [
            ("contexts/zoo.toml", include_str!("../contexts/zoo.toml")),
            (
                "contexts/school.toml",
                include_str!("../contexts/school.toml"),
            ),
            (
                "contexts/festival.toml",
                include_str!("../contexts/festival.toml"),
            ),
            (
                "contexts/garden.toml",
                include_str!("../contexts/garden.toml"),
            ),
            (
                "contexts/harbor.toml",
                include_str!("../contexts/harbor.toml"),
            ),
        ];
        files
            .into_iter()
            .fold(Self::empty(), |library, (origin, text)| {
                let context =
                    Context::from_toml(text, origin).expect("embedded contexts are tested");
                library.with(context).expect("embedded contexts are tested")
            })
    }

    /// The library with one more context.
    ///
    /// # Errors
    /// An id or alias that the library has already.
    pub fn with(mut self, context: Context) -> Result<Self, TaskError> {
        let names: Vec<&String> = std::iter::once(&context.id)
            .chain(&context.aliases)
            .collect();
        for name in &names {
            if let Some(other) = self.by_name.get(*name) {
                let taken_by = self.contexts[*other].id.clone();
                return Err(TaskError::ContextNameTaken {
                    name: (*name).clone(),
                    taken_by,
                });
            }
        }
        for name in names {
            self.by_name.insert(name.clone(), self.contexts.len());
        }
        self.contexts.push(Arc::new(context));
        Ok(self)
    }

    /// The context with this id or alias.
    ///
    /// # Errors
    /// [`TaskError::UnknownContext`], which lists the known ones.
    pub fn get(&self, name: &str) -> Result<Arc<Context>, TaskError> {
        match self.by_name.get(name) {
            Some(place) => Ok(Arc::clone(&self.contexts[*place])),
            None => {
                let known = self.names().collect::<Vec<_>>().join(", ");
                Err(TaskError::UnknownContext {
                    name: name.to_owned(),
                    known,
                })
            }
        }
    }

    /// The contexts in the order in which they came.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Context> {
        self.contexts.iter().map(|context| &**context)
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.iter().flat_map(|context| {
            std::iter::once(context.id.as_str()).chain(context.aliases.iter().map(String::as_str))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = r#"
        id = "shop"
        total = "total number of fruits"
        items = ["red apple", "pear"]
        places = ["North Market", "South Market"]
        terse = ["fig", "nut"]
    "#;

    #[test]
    fn embedded_contexts_have_enough_names_and_known_aliases() {
        let library = ContextLibrary::embedded();
        for (id, alias) in [
            ("zoo", "crazy_zootopia"),
            ("school", "teachers_in_school"),
            ("festival", "movie_festival_awards"),
        ] {
            assert_eq!(library.get(alias).unwrap().id(), id);
        }
        assert_eq!(library.iter().count(), 5);
        for context in library.iter() {
            let id = context.id();
            let entities = context.items().len() + context.places().len();
            assert!(entities >= 60, "{id} has {entities} items and places");
            assert!(context.places().len() >= 32, "{id}");
            let nouns = context.terse().len();
            assert!(nouns >= 60, "{id} has {nouns} nouns");
            assert!(context.unit().is_some(), "{id}");
        }
    }

    #[test]
    fn the_two_totals_of_a_place_have_different_nouns() {
        let with = |unit: &str| Context::from_toml(&format!("unit = \"{unit}\"\n{SMALL}"), "shop");
        assert_eq!(
            with("seeds").unwrap().average(0, 1),
            "average number of seeds per red apple in South Market"
        );
        for (unit, found) in [
            ("fruits", "`fruits`"),
            ("seeds per pip", "`seeds per pip`"),
            ("", "``"),
        ] {
            let message = with(unit).unwrap_err().to_string();
            assert!(
                message.contains(&format!("`unit`: found {found}")),
                "{message}"
            );
        }
    }

    #[test]
    fn a_new_context_joins_the_library_once() {
        let shop = Context::from_toml(SMALL, "shop.toml").unwrap();
        let library = ContextLibrary::embedded().with(shop.clone()).unwrap();
        assert_eq!(
            library.get("shop").unwrap().total(1),
            "total number of fruits in South Market"
        );
        let again = library.with(shop).unwrap_err();
        assert!(
            matches!(again, TaskError::ContextNameTaken { .. }),
            "{again}"
        );
    }

    #[test]
    fn every_bad_word_is_named() {
        let text = SMALL
            .replace("\"pear\"", "\"pear.\", \"red apple\"")
            .replace("nut", "Nut 2");
        let message = Context::from_toml(&text, "shop.toml")
            .unwrap_err()
            .to_string();
        for part in ["shop.toml", "items[1]", "items[2]", "terse[1]", "Nut 2"] {
            assert!(message.contains(part), "{part} not in: {message}");
        }
    }

    #[test]
    fn a_name_with_words_of_a_solution_is_refused() {
        for (from, to, part) in [
            ("red apple", "Define apple", "`items[0]`"),
            ("North Market", "the ANSWER Hall", "`places[0]`"),
            ("South Market", "Answer's End", "`places[1]`"),
            ("number of fruits", "number of answer", "`total`"),
            ("number of fruits", "apples and pears", "`total`"),
            ("total number of fruits", "number of fruits", "`total`"),
            ("pear", "known as pear", "`items[1]`"),
            ("\"fig\"", "\"define\"", "`terse[0]`"),
        ] {
            let text = SMALL.replace(from, to);
            let message = Context::from_toml(&text, "shop.toml")
                .expect_err(to)
                .to_string();
            assert!(message.contains(part), "{part} not in: {message}");
        }
        let text = SMALL.replace("pear", "Answering machine");
        assert!(Context::from_toml(&text, "shop.toml").is_ok());
    }

    #[test]
    fn aliases_are_names_and_differ() {
        let text = |aliases: &str| format!("aliases = {aliases}\n{SMALL}");
        let message = Context::from_toml(&text(r#"["", "mall", "mall", "shop"]"#), "shop.toml")
            .unwrap_err()
            .to_string();
        for part in ["`aliases[0]`", "`aliases[2]`", "`aliases[3]`"] {
            assert!(message.contains(part), "{part} not in: {message}");
        }
        assert!(!message.contains("`aliases[1]`"), "{message}");
        assert!(Context::from_toml(&text(r#"["mall"]"#), "shop.toml").is_ok());
    }

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
