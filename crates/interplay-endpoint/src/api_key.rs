//! The key of a server, which no message shows.

use std::fmt;

use crate::error::EndpointError;

/// The variable that is read if no other is named.
pub(crate) const DEFAULT_VARIABLE: &str = "OPENAI_API_KEY";

/// The fewest bytes of a key that is looked for in messages. Servers without keys are given words
/// such as `-`, which would be found everywhere.
const SECRET_BYTES: usize = 4;

/// A key. It has no `Display`, and its `Debug` hides it.
#[derive(Clone)]
pub(crate) struct ApiKey(String);

impl ApiKey {
    /// Reads the key from the named variable, which must then have one, or from the default variable.
    pub(crate) fn read(
        named: Option<&str>,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, EndpointError> {
        let name = named.unwrap_or(DEFAULT_VARIABLE);
        let problem = |problem| EndpointError::ApiKey {
            variable: name.to_owned(),
            problem,
        };
        let value = variable(name).unwrap_or_default();
        let key = value.trim();
        if key.is_empty() {
            return match named {
                Some(_) => Err(problem("is not set or empty")),
                None => Ok(None),
            };
        }
        if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(problem("has characters that no key has"));
        }
        Ok(Some(Self(key.to_owned())))
    }

    /// The value of the `Authorization` header.
    pub(crate) fn authorization(&self) -> String {
        format!("Bearer {}", self.0)
    }

    /// A server's text without the key, should the server repeat it.
    pub(crate) fn hide(&self, text: String) -> String {
        match self.0.len() >= SECRET_BYTES && text.contains(&self.0) {
            true => text.replace(&self.0, "[API key]"),
            false => text,
        }
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(named: Option<&str>, value: Option<&str>) -> Result<Option<ApiKey>, EndpointError> {
        ApiKey::read(named, &|_| value.map(str::to_owned))
    }

    #[test]
    fn a_named_variable_must_have_a_key_and_the_default_one_need_not() {
        assert!(read(None, None).unwrap().is_none());
        assert!(read(None, Some(" ")).unwrap().is_none());
        let error = read(Some("MY_KEY"), None).unwrap_err().to_string();
        assert!(error.contains("MY_KEY"), "{error}");
        let key = read(Some("MY_KEY"), Some(" sk-123\n")).unwrap().unwrap();
        assert_eq!(key.authorization(), "Bearer sk-123");
    }

    #[test]
    fn the_key_is_shown_nowhere() {
        let error = read(None, Some("sk-\u{e9}t\u{e9}")).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("sk-"), "{error}");
        let key = read(None, Some("sk-123")).unwrap().unwrap();
        assert!(!format!("{key:?}").contains("123"));
        assert_eq!(key.hide("bad key sk-123!".into()), "bad key [API key]!");
    }
}
