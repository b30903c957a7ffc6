//! Settings that are written as a name, or as a table of one name with its settings.
//!
//! `credit = "node"` and `credit = { node = { node_weight = 0.5 } }` are both read; the name alone
//! stands for the default settings. Formats that describe themselves (TOML, JSON) are read.
//!
//! Source: the externally tagged form of serde, which it writes too. Deviations: there, a name alone
//! names a variant without settings only, and what follows the first entry is not looked at.

use ::serde::de::value::MapDeserializer;
use ::serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, IntoDeserializer, MapAccess, VariantAccess,
    Visitor,
};

/// A table of one name with its settings.
pub(crate) struct OneEntry<A>(pub A);

impl<'de, A: MapAccess<'de>> EnumAccess<'de> for OneEntry<A> {
    type Error = A::Error;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(
        mut self,
        seed: V,
    ) -> Result<(V::Value, Self), A::Error> {
        let name = self.0.next_key_seed(seed)?;
        let none = || A::Error::custom("an empty table; expected a name, or a name and settings");
        Ok((name.ok_or_else(none)?, self))
    }
}

impl<'de, A: MapAccess<'de>> VariantAccess<'de> for OneEntry<A> {
    type Error = A::Error;

    fn unit_variant(self) -> Result<(), A::Error> {
        Err(A::Error::custom(
            "this name has no settings; expected the name alone",
        ))
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(
        mut self,
        seed: T,
    ) -> Result<T::Value, A::Error> {
        let value = self.0.next_value_seed(seed)?;
        match self.0.next_key::<String>()? {
            None => Ok(value),
            Some(other) => {
                let message =
                    format!("a second entry `{other}`; expected one name and its settings");
                Err(A::Error::custom(message))
            }
        }
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, A::Error> {
        Err(A::Error::custom("a list; expected settings"))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        struct Fields<V>(V);
        impl<'de, V: Visitor<'de>> DeserializeSeed<'de> for Fields<V> {
            type Value = V::Value;
            fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<V::Value, D::Error> {
                from.deserialize_map(self.0)
            }
        }
        self.newtype_variant_seed(Fields(visitor))
    }
}

/// Reads a [`OneEntry`] as an enum.
pub(crate) struct EntryDeserializer<A>(pub A);

impl<'de, A: MapAccess<'de>> Deserializer<'de> for EntryDeserializer<A> {
    type Error = A::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, A::Error> {
        visitor.visit_enum(OneEntry(self.0))
    }

    ::serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// Settings that say nothing.
struct NoSettings;

impl<'de, E: Error> IntoDeserializer<'de, E> for NoSettings {
    type Deserializer = MapDeserializer<'de, std::iter::Empty<(&'de str, ())>, E>;

    fn into_deserializer(self) -> Self::Deserializer {
        MapDeserializer::new(std::iter::empty())
    }
}

/// The table of a name whose settings say nothing.
pub(crate) fn defaults_of<'de, E: Error>(name: &str) -> impl Deserializer<'de, Error = E> {
    let entry = std::iter::once((name.to_owned(), NoSettings));
    EntryDeserializer(MapDeserializer::<_, E>::new(entry))
}

/// Implements `Serialize` and `Deserialize` of a type that derives both with `remote = "Self"`; the
/// names are those of the variants with settings.
macro_rules! read_by_name {
    ($type:ty, $expected:literal, [$($name:literal),+]) => {
        impl ::serde::Serialize for $type {
            fn serialize<S: ::serde::Serializer>(&self, into: S) -> Result<S::Ok, S::Error> {
                <$type>::serialize(self, into)
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $type {
            fn deserialize<D: ::serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                struct Reader;

                impl<'de> ::serde::de::Visitor<'de> for Reader {
                    type Value = $type;

                    fn expecting(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                        f.write_str($expected)
                    }

                    fn visit_str<E: ::serde::de::Error>(self, name: &str) -> Result<$type, E> {
                        if [$($name),+].contains(&name) {
                            <$type>::deserialize($crate::by_name::defaults_of(name))
                        } else {
                            let name: ::serde::de::value::StrDeserializer<'_, E> =
                                ::serde::de::IntoDeserializer::into_deserializer(name);
                            <$type>::deserialize(name)
                        }
                    }

                    fn visit_map<A>(self, table: A) -> Result<$type, A::Error>
                    where
                        A: ::serde::de::MapAccess<'de>,
                    {
                        <$type>::deserialize($crate::by_name::EntryDeserializer(table))
                    }
                }

                from.deserialize_any(Reader)
            }
        }
    };
}
pub(crate) use read_by_name;
