//! Checks that the words of a context can be told apart and fit into sentences.

use std::borrow::Cow;
use std::collections::HashSet;

use super::context::Context;
use interplay_graph::settings::Issues;

impl Context {
    /// Everything that is wrong with the words.
    pub(super) fn issues(&self) -> Issues {
        let mut issues = Issues(Vec::new());
        check_word(&mut issues, "id", &self.id);
        self.check_aliases(&mut issues);
        self.check_totals(&mut issues);
        self.check_lists(&mut issues);
        self.check_terse(&mut issues);
        self.check_districts(&mut issues);
        for (index, aside) in self.asides.iter().enumerate() {
            check_word(&mut issues, &format!("asides[{index}]"), aside);
        }
        issues
    }

    /// Readers recognize a total by its first word, and tell the two totals of a place by their
    /// nouns.
    fn check_totals(&self, issues: &mut Issues) {
        check_word(issues, "total", &self.total);
        check_name(issues, "total", &self.total);
        if !self.total.starts_with("total ") {
            let expected = "a noun that begins with `total`, such as `total number of cakes`";
            issues.push("total", format!("`{}`", self.total), expected);
        }
        let Some(unit) = &self.unit else { return };
        check_word(issues, "unit", unit);
        check_name(issues, "unit", unit);
        let known = |word: &str| self.total.split(' ').any(|other| other == word);
        if unit.split(' ').all(known) {
            let expected = "a word that the total does not have";
            issues.push("unit", format!("`{unit}`"), expected);
        }
    }

    fn check_lists(&self, issues: &mut Issues) {
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
            for (index, word) in words.iter().enumerate() {
                let key = format!("{key}[{index}]");
                check_word(issues, &key, word);
                if !seen.insert(word) {
                    issues.push(key, format!("`{word}` again"), "each word once");
                } else if word.starts_with("total ") || word.starts_with("average ") {
                    let expected = "a word that does not begin like a total or an average";
                    issues.push(key, format!("`{word}`"), expected);
                } else {
                    check_name(issues, &key, word);
                }
            }
        }
    }

    fn check_terse(&self, issues: &mut Issues) {
        for (index, word) in self.terse.iter().enumerate() {
            let plain = word.bytes().all(|byte| byte.is_ascii_lowercase());
            if !plain || RESERVED.contains(&word.as_str()) {
                let expected = format!("one word of lower-case letters a-z, none of {RESERVED:?}");
                issues.push(format!("terse[{index}]"), format!("`{word}`"), expected);
            }
        }
    }

    /// A place with a district must differ from every other place.
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
        for (index, alias) in self.aliases.iter().enumerate() {
            let key = format!("aliases[{index}]");
            check_word(issues, &key, alias);
            if !seen.insert(alias) {
                let expected = "each alias once, and none that is the id";
                issues.push(key, format!("`{alias}` again"), expected);
            }
        }
    }
}

/// What joins names in sentences and may not occur inside one.
const JOINS: [&str; 10] = [
    " in ", " and ", " plus ", " times ", " as ", " does ", " per ", " equals ", " exists", " is ",
];

/// What opens a step or an answer in a solution and may not be a word of a name, in any case.
const OPENERS: [&str; 2] = ["define", "answer"];

/// Words of a solution that are no names.
const RESERVED: [&str; 5] = ["so", "answer", "define", "solve", "x"];

/// Words occur inside sentences and framing tags, so what ends those may not occur in a word.
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

/// Names occur between the words of sentences and steps, so those may not occur in a name.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contexts::context::tests::SMALL;

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
}
