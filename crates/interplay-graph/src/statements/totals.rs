//! Totals, which prose does not define: they follow from the items of each place.
//!
//! The total of the second layer is the sum of the items of its place. The total of the third layer
//! is the sum over those items of their number times their average. The noun tells the two apart:
//! that of a third-layer total has all words of the averaged unit, in order (`average number of
//! nominations per ...` and `total number of movie nominations in ...`).
//!
//! Source: what the published solutions compute for `total ... in ...`.

use std::borrow::Cow;
use std::collections::HashMap;

use super::names::{is_average, is_total};
use super::said::Entry;

/// The most nouns of totals that are followed, which keeps the work linear in the text; a problem
/// has one or two.
const MAX_HEADS: usize = 8;

/// A total with what it adds up.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Total<'t> {
    pub(super) name: Cow<'t, str>,
    /// Items, or item, average, item, average, ... if `products` holds.
    pub(super) parents: Vec<&'t str>,
    pub(super) products: bool,
}

/// The structure that prose describes.
#[derive(Default)]
struct Structure<'t> {
    /// Places with the names of their items, in the order of the text.
    places: Vec<(&'t str, Vec<&'t str>)>,
    place_of: HashMap<&'t str, usize>,
    /// Units of averages.
    units: Vec<&'t str>,
    /// The name of an average, by unit and item.
    averages: HashMap<(&'t str, &'t str), &'t str>,
}

/// All totals of places with items, under every noun that the text uses for a total.
/// `mentioned` are all names of the text.
pub(super) fn totals<'s, 't: 's>(
    entries: &[Entry<'t>],
    mentioned: impl Iterator<Item = &'s str>,
) -> Vec<Total<'t>> {
    let structure = Structure::new(entries);
    let mut heads: Vec<&str> = Vec::new();
    for name in mentioned.filter(|name| is_total(name)) {
        if let Some((head, _)) = name.rsplit_once(" in ")
            && !heads.contains(&head)
            && heads.len() < MAX_HEADS
        {
            heads.push(head);
        }
    }
    let mut totals = Vec::new();
    for head in heads {
        let unit = structure.units.iter().find(|unit| has_words(head, unit));
        for (place, items) in &structure.places {
            let parents = match unit {
                None => Some(items.clone()),
                Some(unit) => structure.products(unit, items),
            };
            totals.extend(parents.map(|parents| Total {
                name: Cow::Owned(format!("{head} in {place}")),
                parents,
                products: unit.is_some(),
            }));
        }
    }
    totals
}

impl<'t> Structure<'t> {
    fn new(entries: &[Entry<'t>]) -> Self {
        let mut structure = Self::default();
        let mut seen = HashMap::new();
        for entry in entries.iter().filter(|entry| entry.prose) {
            // A quantity may have two sentences: its definition and its given value.
            if seen.insert(entry.name, ()).is_some() || is_total(entry.name) {
                continue;
            }
            if is_average(entry.name) {
                structure.average(entry.name);
            } else if let Some((_, place)) = entry.name.rsplit_once(" in ") {
                let places = &mut structure.places;
                let known = *structure.place_of.entry(place).or_insert_with(|| {
                    places.push((place, Vec::new()));
                    places.len() - 1
                });
                places[known].1.push(entry.name);
            }
        }
        structure
    }

    /// Keeps `average number of UNIT per ITEM in PLACE`.
    fn average(&mut self, name: &'t str) {
        let rest = name.strip_prefix("average number of ");
        if let Some((unit, item)) = rest.and_then(|rest| rest.split_once(" per ")) {
            self.averages.insert((unit, item), name);
            if !self.units.contains(&unit) && self.units.len() < MAX_HEADS {
                self.units.push(unit);
            }
        }
    }

    /// Items and their averages, or none if an item has no average.
    fn products(&self, unit: &'t str, items: &[&'t str]) -> Option<Vec<&'t str>> {
        let mut parents = Vec::with_capacity(2 * items.len());
        for item in items {
            parents.extend([*item, *self.averages.get(&(unit, *item))?]);
        }
        Some(parents)
    }
}

/// Whether `text` contains all words of `part` in their order.
fn has_words(text: &str, part: &str) -> bool {
    let mut words = text.split(' ');
    part.split(' ').all(|word| words.any(|other| other == word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Statements;

    #[test]
    fn distinguishes_sums_from_sums_of_products() {
        let text = "The number of A in P equals 3. The number of B in P equals 2. The average \
                    number of movie stars per A in P equals 2. The average number of movie stars \
                    per B in P equals the total number of movies in P. The number of A in Q equals \
                    4.";
        let read = Statements::read(text, "What is the total number of great movie stars in P?");
        let totals = totals(&read.entries, read.names());
        let told: Vec<_> = totals
            .iter()
            .map(|total| (&*total.name, total.parents.join("; ")))
            .collect();
        let average = "average number of movie stars per";
        assert_eq!(
            told,
            [
                ("total number of movies in P", "A in P; B in P".to_owned()),
                ("total number of movies in Q", "A in Q".to_owned()),
                (
                    "total number of great movie stars in P",
                    format!("A in P; {average} A in P; B in P; {average} B in P")
                ),
            ]
        );
    }

    #[test]
    fn words_must_occur_in_order() {
        assert!(has_words("newborn animal children", "newborn children"));
        assert!(!has_words("children newborn", "newborn children"));
    }
}
