//! A column of a table, and its values.

use serde::ser::{Serialize, Serializer};

/// The values of a column, one per row.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq)]
pub enum Column {
    /// Texts, or no value.
    Texts(Vec<Option<String>>),
    /// Whole numbers.
    Integers(Vec<i64>),
    /// Numbers, or no value.
    Numbers(Vec<Option<f64>>),
}

impl Column {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Texts(values) => values.len(),
            Self::Integers(values) => values.len(),
            Self::Numbers(values) => values.len(),
        }
    }

    pub(crate) fn value(&self, row: usize) -> Value<'_> {
        match self {
            Self::Texts(values) => values[row].as_deref().map_or(Value::None, Value::Text),
            Self::Integers(values) => Value::Integer(values[row]),
            Self::Numbers(values) => values[row].map_or(Value::None, Value::Number),
        }
    }
}

/// A value of a table.
pub(crate) enum Value<'t> {
    None,
    Text(&'t str),
    Integer(i64),
    Number(f64),
}

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::None => serializer.serialize_none(),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Integer(number) => serializer.serialize_i64(*number),
            Self::Number(number) => serializer.serialize_f64(*number),
        }
    }
}
