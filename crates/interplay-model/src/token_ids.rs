//! The token ids that play one part, such as the ids that end a sequence.

use std::fmt;
use std::ops::Deref;

use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};

/// Any number of token ids. As in Hugging Face files, none is `null`, one is a number, several are a list; a list
/// of one is read as well.
///
/// # Example
///
/// ```
/// use interplay_model::TokenIds;
/// let ids: TokenIds = serde_json::from_str("[7, 5]")?;
/// assert!(ids.contains(&5));
/// assert_eq!(serde_json::to_string(&ids)?, "[7,5]");
/// assert_eq!(serde_json::to_string(&TokenIds::from(7))?, "7");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenIds(Vec<u32>);

impl Deref for TokenIds {
    type Target = [u32];

    fn deref(&self) -> &[u32] {
        &self.0
    }
}

impl From<u32> for TokenIds {
    fn from(id: u32) -> Self {
        Self(vec![id])
    }
}

impl From<Option<u32>> for TokenIds {
    fn from(id: Option<u32>) -> Self {
        id.into_iter().collect()
    }
}

impl From<Vec<u32>> for TokenIds {
    fn from(ids: Vec<u32>) -> Self {
        Self(ids)
    }
}

impl FromIterator<u32> for TokenIds {
    fn from_iter<I: IntoIterator<Item = u32>>(ids: I) -> Self {
        Self(ids.into_iter().collect())
    }
}

impl Serialize for TokenIds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [] => serializer.serialize_none(),
            [one] => serializer.serialize_u32(*one),
            several => serializer.collect_seq(several),
        }
    }
}

impl<'de> Deserialize<'de> for TokenIds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Ids;
        impl<'de> Visitor<'de> for Ids {
            type Value = TokenIds;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a token id, a list of token ids or null")
            }

            fn visit_unit<E: Error>(self) -> Result<TokenIds, E> {
                Ok(TokenIds::default())
            }

            fn visit_none<E: Error>(self) -> Result<TokenIds, E> {
                Ok(TokenIds::default())
            }

            fn visit_some<D: Deserializer<'de>>(self, value: D) -> Result<TokenIds, D::Error> {
                value.deserialize_any(self)
            }

            fn visit_u64<E: Error>(self, id: u64) -> Result<TokenIds, E> {
                let id = u32::try_from(id).map_err(|_| {
                    E::custom(format!("token id {id} is above the largest, {}", u32::MAX))
                })?;
                Ok(id.into())
            }

            fn visit_i64<E: Error>(self, id: i64) -> Result<TokenIds, E> {
                let unsigned = u64::try_from(id)
                    .map_err(|_| E::custom(format!("token id {id} is negative")))?;
                self.visit_u64(unsigned)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut ids: A) -> Result<TokenIds, A::Error> {
                let mut list = Vec::new();
                while let Some(id) = ids.next_element()? {
                    list.push(id);
                }
                Ok(TokenIds(list))
            }
        }
        deserializer.deserialize_any(Ids)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read_and_written() {
        for (read, ids, written) in [
            ("null", vec![], "null"),
            ("[]", vec![], "null"),
            ("7", vec![7], "7"),
            ("[7]", vec![7], "7"),
            ("[7,5]", vec![7, 5], "[7,5]"),
        ] {
            let found: TokenIds = serde_json::from_str(read).unwrap();
            assert_eq!(&*found, ids, "{read}");
            assert_eq!(serde_json::to_string(&found).unwrap(), written);
        }
    }

    #[test]
    fn what_is_no_token_id_is_refused() {
        for text in [
            "-1",
            "1.5",
            "\"7\"",
            "[7, -5]",
            "[[7]]",
            "4294967296",
            "true",
            "{}",
        ] {
            assert!(serde_json::from_str::<TokenIds>(text).is_err(), "{text}");
        }
    }
}
