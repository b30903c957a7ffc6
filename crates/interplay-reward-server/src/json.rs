//! JSON taken apart as far as needed: values stay text until somebody reads them.
//!
//! Python's `json`, whose answers ours have to equal, takes more than RFC 8259 allows: `NaN` and `Infinity`, which
//! Python clients write for missing values, lone surrogates, and keys that come twice. So do these functions. Values
//! are skipped without recursion, so depth costs nothing.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer as _};
use serde_json::value::RawValue;
use serde_json::{Deserializer, from_slice, from_str};

/// Python's words for numbers that JSON has not, each with a number of as many letters that is not zero.
const WORDS: [(&[u8], &[u8]); 3] = [
    (b"NaN", b"1.0"),
    (b"-Infinity", b"-1.000000"),
    (b"Infinity", b"1.000000"),
];

/// The type of a JSON value.
pub(crate) fn kind(value: &RawValue) -> &'static str {
    match value.get().as_bytes().first() {
        Some(b'{') => "an object",
        Some(b'[') => "a list",
        Some(b'"') => "a text",
        Some(b't' | b'f') => "a truth value",
        Some(b'n') => "null",
        _ => "a number",
    }
}

/// Whether Python would count a value as false: null, false, zero, or empty.
pub(crate) fn is_empty(value: &RawValue) -> bool {
    match value.get() {
        "null" | "false" | "\"\"" => true,
        text if text.starts_with(['{', '[']) => is_empty_container(value),
        text => text.parse::<f64>() == Ok(0.0),
    }
}

/// Whether an object or a list has nothing in it.
pub(crate) fn is_empty_container(value: &RawValue) -> bool {
    let inner = value.get().get(1..value.get().len() - 1);
    inner.is_some_and(|inner| inner.trim_ascii().is_empty())
}

/// A text with `NaN`, `Infinity` and `-Infinity` outside of strings replaced by numbers; none without any.
pub(crate) fn without_words(text: &[u8]) -> Option<Vec<u8>> {
    let mut changed = None;
    let (mut at, mut quoted) = (0, false);
    while at < text.len() {
        match text[at] {
            b'\\' if quoted => at += 1,
            b'"' => quoted = !quoted,
            b'N' | b'I' | b'-' if !quoted => {
                let word = WORDS.iter().find(|(word, _)| text[at..].starts_with(word));
                if let Some((word, number)) = word {
                    let changed = changed.get_or_insert_with(|| text.to_vec());
                    changed[at..at + word.len()].copy_from_slice(number);
                    at += word.len() - 1;
                }
            }
            _ => {}
        }
        at += 1;
    }
    changed
}

/// A whole text as one value, checked to its end.
pub(crate) fn value(text: &[u8]) -> serde_json::Result<&RawValue> {
    from_slice(text)
}

/// The items of a list.
pub(crate) fn items(list: &RawValue) -> serde_json::Result<Vec<&RawValue>> {
    from_str(list.get())
}

/// The values of an object under some keys; of a key that comes twice, the last.
pub(crate) fn fields<'j, V: Deserialize<'j>, const N: usize>(
    object: &'j [u8],
    names: [&str; N],
) -> serde_json::Result<[Option<V>; N]> {
    let mut object = Deserializer::from_slice(object);
    let fields = object.deserialize_map(Fields(names, PhantomData))?;
    object.end()?;
    Ok(fields)
}

/// The keys of an object with the types of their values, the first few of them.
pub(crate) fn told(object: &RawValue, most: usize) -> String {
    struct Told(usize);
    impl<'j> Visitor<'j> for Told {
        type Value = Vec<String>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'j>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut told = Vec::new();
            while let Some(key) = map.next_key_seed(Bytes)? {
                let value: &RawValue = map.next_value()?;
                if told.len() < self.0 {
                    told.push(format!(
                        "{}: {}",
                        String::from_utf8_lossy(&key),
                        kind(value)
                    ));
                }
            }
            Ok(told)
        }
    }
    let told = Deserializer::from_str(object.get()).deserialize_map(Told(most));
    told.unwrap_or_default().join(", ")
}

/// The bytes of a string: UTF-8, but for lone surrogates, which are encoded as UTF-8 would if it could.
pub(crate) fn string(value: &RawValue) -> serde_json::Result<Cow<'_, [u8]>> {
    Bytes.deserialize(&mut Deserializer::from_str(value.get()))
}

/// Takes the values under some keys.
struct Fields<'n, V, const N: usize>([&'n str; N], PhantomData<V>);

impl<'j, V: Deserialize<'j>, const N: usize> Visitor<'j> for Fields<'_, V, N> {
    type Value = [Option<V>; N];

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'j>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = [const { None }; N];
        while let Some(key) = map.next_key_seed(Bytes)? {
            match self.0.iter().position(|name| name.as_bytes() == &*key) {
                Some(place) => found[place] = Some(map.next_value()?),
                // A raw value costs no recursion, however deep it is.
                None => drop(map.next_value::<&RawValue>()?),
            }
        }
        Ok(found)
    }
}

/// Takes the bytes of a string.
struct Bytes;

impl<'j> DeserializeSeed<'j> for Bytes {
    type Value = Cow<'j, [u8]>;

    fn deserialize<D: serde::Deserializer<'j>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_bytes(self)
    }
}

impl<'j> Visitor<'j> for Bytes {
    type Value = Cow<'j, [u8]>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_bytes<E: Error>(self, bytes: &'j [u8]) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(bytes))
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Self::Value, E> {
        Ok(Cow::Owned(bytes.to_vec()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(text: &str) -> &RawValue {
        value(text.as_bytes()).unwrap()
    }

    #[test]
    fn emptiness_is_that_of_python() {
        for empty in ["null", "false", "\"\"", "0", "-0.0", "0e7", "[ ]", "{\n}"] {
            assert!(is_empty(raw(empty)), "{empty}");
        }
        for full in ["true", "\" \"", "1", "1e-3", "[null]", "{\"a\": 0}"] {
            assert!(!is_empty(raw(full)), "{full}");
        }
    }

    #[test]
    fn words_are_replaced_outside_of_strings_alone() {
        let text = br#"["NaN \" NaN", NaN, -Infinity, Infinity, -1, {"Infinity": NaN}]"#;
        let changed = String::from_utf8(without_words(text).unwrap()).unwrap();
        let expected = r#"["NaN \" NaN", 1.0, -1.000000, 1.000000, -1, {"Infinity": 1.0}]"#;
        assert_eq!(changed, expected);
        assert_eq!(without_words(br#"["NaN", -1]"#), None);
        assert_eq!(without_words(b"\"open \\"), None);
    }

    #[test]
    fn the_last_of_equal_keys_counts_and_keys_may_be_escaped() {
        let object = r#"{"a": 1, "b": [2], "\u0061": 3, "\ud800": 4}"#;
        let values = fields::<&RawValue, 3>(object.as_bytes(), ["a", "b", "c"]).unwrap();
        assert_eq!(
            values.map(|value| value.map(RawValue::get)),
            [Some("3"), Some("[2]"), None]
        );
        assert_eq!(told(raw(object), 2), "a: a number, b: a list");
        assert!(fields::<&RawValue, 1>(b"{} 7", ["a"]).is_err());
        assert!(fields::<Vec<&RawValue>, 1>(object.as_bytes(), ["a"]).is_err());
    }

    #[test]
    fn strings_keep_lone_surrogates() {
        assert_eq!(&*string(raw(r#""a\n""#)).unwrap(), b"a\n");
        assert_eq!(&*string(raw(r#""\ud83d\ude00""#)).unwrap(), "😀".as_bytes());
        assert_eq!(&*string(raw(r#""a\ud800""#)).unwrap(), b"a\xED\xA0\x80");
        assert!(string(raw("7")).is_err());
    }

    #[test]
    fn depth_costs_nothing() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        let object = format!("{{\"a\": [{deep}, 1], \"b\": {deep}}}");
        let [list] = fields::<Vec<&RawValue>, 1>(object.as_bytes(), ["a"]).unwrap();
        assert_eq!(list.unwrap()[0].get(), deep);
        assert_eq!(told(raw(&object), 9), "a: a list, b: a list");
        assert!(value(&deep.as_bytes()[1..]).is_err());
    }
}
