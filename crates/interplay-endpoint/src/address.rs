//! Where a server's interfaces are, from the address that a person gives.

use ureq::http::Uri;

use crate::api::Api;

/// The addresses of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    base: String,
    host: String,
}

impl Address {
    /// Reads `http://host:port`, with or without a path. Without one, `/v1` is meant; the path of an
    /// interface, such as `/v1/completions`, is cut back to its base.
    ///
    /// # Errors
    /// What is wrong with the text. The message never repeats a password from it.
    pub(crate) fn parse(url: &str) -> Result<Self, &'static str> {
        let uri: Uri = url.trim().parse().map_err(|_| "not an address")?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) {
            return Err("an address without http:// or https://");
        }
        let authority = uri.authority().ok_or("an address without a host")?;
        if authority.as_str().contains('@') {
            return Err("an address with a name or a password in it");
        }
        if uri.query().is_some() || url.contains('#') {
            return Err("an address with a `?` or a `#`");
        }
        let mut path = uri.path().trim_end_matches('/');
        for end in ["/chat/completions", "/completions", "/models"] {
            path = path.strip_suffix(end).unwrap_or(path);
        }
        let path = if path.is_empty() { "/v1" } else { path };
        let scheme = uri.scheme_str().unwrap_or("http");
        Ok(Self {
            base: format!("{scheme}://{authority}{path}"),
            host: uri.host().unwrap_or_default().to_owned(),
        })
    }

    /// Where completions are drawn.
    pub(crate) fn of(&self, api: Api) -> String {
        match api {
            Api::Completions => format!("{}/completions", self.base),
            Api::Chat => format!("{}/chat/completions", self.base),
        }
    }

    /// Where models are listed.
    pub(crate) fn models(&self) -> String {
        format!("{}/models", self.base)
    }

    /// Whether the server is this machine, which no proxy can reach.
    pub(crate) fn is_local(&self) -> bool {
        self.host == "localhost" || self.host.starts_with("127.") || self.host == "[::1]"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn completions(url: &str) -> String {
        Address::parse(url).unwrap().of(Api::Completions)
    }

    #[test]
    fn a_base_or_the_address_of_an_interface_is_understood() {
        let expected = "http://localhost:8000/v1/completions";
        for url in [
            "http://localhost:8000",
            "http://localhost:8000/",
            "http://localhost:8000/v1/",
            "http://localhost:8000/v1/completions",
            "http://localhost:8000/v1/chat/completions",
            " http://localhost:8000/v1/models ",
        ] {
            assert_eq!(completions(url), expected, "{url}");
        }
        let other = completions("https://example.org/openai/v1");
        assert_eq!(other, "https://example.org/openai/v1/completions");
        let address = Address::parse("http://127.0.0.1:80").unwrap();
        assert!(address.is_local());
        assert_eq!(
            address.of(Api::Chat),
            "http://127.0.0.1:80/v1/chat/completions"
        );
    }

    #[test]
    fn refuses_what_is_no_address_and_repeats_no_password() {
        for url in [
            "localhost:8000",
            "ftp://localhost",
            "http://",
            "",
            "http://me:secret@host",
            "http://host/v1?key=secret",
        ] {
            let problem = Address::parse(url).unwrap_err();
            assert!(!problem.contains("secret"), "{url}");
        }
    }
}
