//! Names of problems and groups, which some programs write as numbers and others as texts.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// A number or a text, as a text; the number 4 has one name, whether it is written 4, 4.0 or "4".
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => match number.as_f64() {
            Some(float) if number.is_f64() => of_float(float),
            _ => number.to_string(),
        },
        other => other.to_string(),
    }
}

/// Columns with missing values hold whole numbers as floating-point numbers.
fn of_float(number: f64) -> String {
    match number.fract() == 0.0 {
        true => format!("{number:.0}"),
        false => Value::from(number).to_string(),
    }
}

/// A name, where there is one.
pub(super) fn name(value: &Value) -> Option<String> {
    (!value.is_null()).then(|| text(value))
}

/// A field that holds a name, read without a [`Value`] between; a value of another type is kept for the
/// message that names the field.
#[derive(Debug, Default, PartialEq)]
pub(super) enum Name {
    #[default]
    None,
    Text(String),
    Other(&'static str),
}

impl Name {
    /// The name as [`text`] has it, or why `field` holds none.
    pub(super) fn text(self, field: &str) -> Result<Option<String>, String> {
        match self {
            Self::None => Ok(None),
            Self::Text(text) => Ok(Some(text)),
            Self::Other(other) => Err(format!(
                "`{field}` is {other}, which is neither a number nor a text"
            )),
        }
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NameVisitor)
    }
}

struct NameVisitor;

impl<'de> Visitor<'de> for NameVisitor {
    type Value = Name;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number or a text")
    }

    fn visit_str<E>(self, text: &str) -> Result<Name, E> {
        Ok(Name::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Name, E> {
        Ok(Name::Text(text))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Name, E> {
        Ok(Name::Text(number.to_string()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Name, E> {
        Ok(Name::Text(number.to_string()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Name, E> {
        Ok(Name::Text(of_float(number)))
    }

    fn visit_unit<E>(self) -> Result<Name, E> {
        Ok(Name::None)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Name, E> {
        Ok(Name::Other(if value { "true" } else { "false" }))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Name, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Name::Other("a list"))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Name, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Name::Other("an object"))
    }
}

/// A count from 0, where the field holds one as a number or a text; anything else is no count.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Rank(pub(super) Option<u64>);

impl<'de> Deserialize<'de> for Rank {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RankVisitor)
    }
}

struct RankVisitor;

impl<'de> Visitor<'de> for RankVisitor {
    type Value = Rank;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number")
    }

    fn visit_u64<E>(self, number: u64) -> Result<Rank, E> {
        Ok(Rank(Some(number)))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Rank, E> {
        Ok(Rank(u64::try_from(number).ok()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Rank, E> {
        let whole = number.fract() == 0.0 && (0.0..9e15).contains(&number);
        Ok(Rank(whole.then_some(number as u64)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Rank, E> {
        Ok(Rank(text.trim().parse().ok()))
    }

    fn visit_bool<E>(self, _value: bool) -> Result<Rank, E> {
        Ok(Rank(None))
    }

    fn visit_unit<E>(self) -> Result<Rank, E> {
        Ok(Rank(None))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Rank, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Rank(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Rank, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Rank(None))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_number_has_one_name() {
        for value in [json!(4), json!(4.0), json!("4")] {
            assert_eq!(name(&value).as_deref(), Some("4"));
        }
        assert_eq!(text(&json!(0.5)), "0.5");
        assert_eq!(text(&json!(u64::MAX)), u64::MAX.to_string());
        assert_eq!(name(&Value::Null), None);
    }

    #[test]
    fn a_field_is_read_as_its_value_would_be() {
        let values = [
            json!(4),
            json!(4.0),
            json!(-3),
            json!(0.1),
            json!(1e300),
            json!(u64::MAX),
            json!("a \"b\""),
            json!(null),
        ];
        for value in values {
            let read: Name = serde_json::from_str(&value.to_string()).unwrap();
            assert_eq!(read.text("op"), Ok(name(&value)), "{value}");
        }
        for other in [json!([1, [2]]), json!({"a": {"b": 1}}), json!(true)] {
            let read: Name = serde_json::from_str(&other.to_string()).unwrap();
            assert!(read.text("op").unwrap_err().starts_with("`op` is "));
        }
    }

    #[test]
    fn a_rank_is_a_whole_number_in_any_form() {
        for value in [json!(3), json!(3.0), json!("3")] {
            let read: Rank = serde_json::from_str(&value.to_string()).unwrap();
            assert_eq!(read, Rank(Some(3)), "{value}");
        }
        for other in [json!(-1), json!(1.5), json!("x"), json!([1]), json!(null)] {
            let read: Rank = serde_json::from_str(&other.to_string()).unwrap();
            assert_eq!(read, Rank(None), "{other}");
        }
    }
}
