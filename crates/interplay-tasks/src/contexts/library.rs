//! Contexts by name: the embedded ones and those that users add.

use std::collections::HashMap;
use std::sync::Arc;

use super::context::Context;
use crate::error::TaskError;

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

    /// The contexts embedded in this crate: `zoo`, `school`, `festival`, `garden`, `harbor`.
    #[must_use]
    pub fn embedded() -> Self {
        let files = [
            ("contexts/zoo.toml", include_str!("../../contexts/zoo.toml")),
            (
                "contexts/school.toml",
                include_str!("../../contexts/school.toml"),
            ),
            (
                "contexts/festival.toml",
                include_str!("../../contexts/festival.toml"),
            ),
            (
                "contexts/garden.toml",
                include_str!("../../contexts/garden.toml"),
            ),
            (
                "contexts/harbor.toml",
                include_str!("../../contexts/harbor.toml"),
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

    /// The contexts in the order in which they were added.
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
    use crate::contexts::context::tests::SMALL;

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
}
