//! The parts of a request's URL that the edge reads.

use std::borrow::Cow;

/// The absolute URL of a request, as the platform serializes it (WHATWG): lower-case scheme and host, no default port,
/// no user name.
///
/// Because the platform has parsed it, its parts are found by their delimiters; a second parser with the tables of
/// international domain names would be a tenth of the Worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestUrl<'a>(&'a str);

impl<'a> RequestUrl<'a> {
    /// Wraps a URL that the platform has serialized.
    #[must_use]
    pub fn new(serialized: &'a str) -> Self {
        Self(serialized)
    }

    /// Returns true if the request came over HTTPS.
    #[must_use]
    pub fn is_secure(self) -> bool {
        self.0.starts_with("https://")
    }

    /// Returns the scheme, the host and the port, as in an `Origin` header.
    #[must_use]
    pub fn origin(self) -> &'a str {
        let scheme = self.0.split_once("://").map_or(0, |(scheme, _)| scheme.len() + "://".len());
        self.0.get(..scheme + self.host().len()).unwrap_or_default()
    }

    /// Returns the host, with its port if it is not the scheme's default.
    #[must_use]
    pub fn host(self) -> &'a str {
        let rest = self.0.split_once("://").map_or("", |(_, rest)| rest);
        rest.split(['/', '?', '#']).next().unwrap_or_default()
    }

    /// Returns the decoded parameters of the query, in their order.
    pub fn query(self) -> impl Iterator<Item = (Cow<'a, str>, Cow<'a, str>)> {
        let url = self.0.split('#').next().unwrap_or_default();
        let query = url.split_once('?').map_or("", |(_, query)| query);
        form_urlencoded::parse(query.as_bytes())
    }

    /// Returns the first parameter of the query with this name.
    #[must_use]
    pub fn parameter(self, name: &str) -> Option<Cow<'a, str>> {
        self.query().find(|(key, _)| key == name).map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str, origin: &str, host: &str, query: &[(&str, &str)]) {
        let parts = RequestUrl::new(url);
        assert_eq!(parts.origin(), origin, "{url}");
        assert_eq!(parts.host(), host, "{url}");
        let found: Vec<_> = parts.query().collect();
        let expected: Vec<(Cow<str>, Cow<str>)> =
            query.iter().map(|&(name, value)| (name.into(), value.into())).collect();
        assert_eq!(found, expected, "{url}");
    }

    #[test]
    fn parts_are_found_by_their_delimiters() {
        check("https://a.example/", "https://a.example", "a.example", &[]);
        check("http://127.0.0.1:8787/v1/me?x=1", "http://127.0.0.1:8787", "127.0.0.1:8787", &[("x", "1")]);
        check("http://[::1]:80/?a=b?c=d", "http://[::1]:80", "[::1]:80", &[("a", "b?c=d")]);
        check("https://a.example/p?q=/#?z=1", "https://a.example", "a.example", &[("q", "/")]);
        check("https://a.example", "https://a.example", "a.example", &[]);
        check("no url", "", "", &[]);
    }

    #[test]
    fn query_is_decoded_as_a_form() {
        let pairs = [("a b", "ü/&"), ("a b", ""), ("", "2"), ("c", "\u{fffd}")];
        check("https://e/?a+b=%C3%BC%2F%26&a%20b&&=2&c=%ff", "https://e", "e", &pairs);
        let url = RequestUrl::new("https://e/?at=1&at=2");
        assert_eq!(url.parameter("at").as_deref(), Some("1"));
        assert_eq!(url.parameter("epoch"), None);
    }

    #[test]
    fn only_https_is_secure() {
        assert!(RequestUrl::new("https://e/").is_secure());
        assert!(!RequestUrl::new("http://e/?https://").is_secure());
    }
}
