//! Reading some keys of JSON objects and skipping the rest, without a tree in memory.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// What is read of an object: some of its keys.
pub(crate) trait Fields: Default {
    /// The keys, and one for all others.
    type Key: for<'de> Deserialize<'de>;
    /// What the object is, for messages.
    const WHAT: &'static str;

    /// Reads the value of a key. A key that comes again replaces what it was.
    fn set<'de, A: MapAccess<'de>>(&mut self, key: Self::Key, map: &mut A) -> Result<(), A::Error>;
}

/// An object, and nothing else: a derived struct would take a list as well.
pub(crate) struct Object<T>(pub(crate) T);

impl<'de, T: Fields> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader<T>(PhantomData<T>);
        impl<'de, T: Fields> Visitor<'de> for Reader<T> {
            type Value = T;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(T::WHAT)
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<T, A::Error> {
                let mut fields = T::default();
                while let Some(key) = map.next_key()? {
                    fields.set(key, &mut map)?;
                }
                Ok(fields)
            }
        }
        let fields = deserializer.deserialize_map(Reader(PhantomData))?;
        Ok(Self(fields))
    }
}

/// A single value of any kind; lists and objects are skipped.
#[derive(Debug, Default, PartialEq)]
pub(crate) enum Scalar {
    /// The key is not there.
    #[default]
    Absent,
    Null,
    Text(String),
    Number(i64),
    Other(&'static str),
}

impl Scalar {
    /// What it is, for messages.
    pub(crate) fn what(&self) -> &'static str {
        match self {
            Self::Absent => "nothing",
            Self::Null => "null",
            Self::Text(_) => "a text",
            Self::Number(_) => "a number",
            Self::Other(what) => what,
        }
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Scalar;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any value")
            }
            fn visit_unit<E>(self) -> Result<Scalar, E> {
                Ok(Scalar::Null)
            }
            fn visit_bool<E>(self, _: bool) -> Result<Scalar, E> {
                Ok(Scalar::Other("true or false"))
            }
            fn visit_i64<E>(self, number: i64) -> Result<Scalar, E> {
                Ok(Scalar::Number(number))
            }
            fn visit_u64<E>(self, number: u64) -> Result<Scalar, E> {
                Ok(i64::try_from(number).map_or(Scalar::Other("a number"), Scalar::Number))
            }
            fn visit_f64<E>(self, _: f64) -> Result<Scalar, E> {
                Ok(Scalar::Other("a number"))
            }
            fn visit_str<E>(self, text: &str) -> Result<Scalar, E> {
                Ok(Scalar::Text(text.to_owned()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Scalar, A::Error> {
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Scalar::Other("a list"))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Scalar, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Scalar::Other("an object"))
            }
        }
        deserializer.deserialize_any(Reader)
    }
}
