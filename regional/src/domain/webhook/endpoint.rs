//! An endpoint of the operator's backend, as `WEBHOOKS` names it.

use axum::http::Uri;
use serde::Deserialize;
use shared::limits;
use shared::webhook::EventType;
use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;

use super::address::is_public;

/// The endpoints of a deployment. The default is none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Endpoints(Vec<Endpoint>);

/// An endpoint that receives events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// The name of the endpoint: 1 to 24 characters of a-z, 0-9 and `-`.
    pub id: String,
    /// The address that messages are sent to.
    pub url: Uri,
    /// The events that it receives.
    pub events: BTreeSet<EventType>,
}

/// The addresses that endpoints may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Public addresses, over https.
    Public,
    /// Also this machine, over http: only the local region has it, and no function of a deployment contains it.
    #[cfg(feature = "local")]
    Loopback,
}

/// A list of endpoints that is not valid: the endpoint, the field and the rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadEndpoints(String);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: String,
    url: String,
    events: Vec<String>,
}

impl Endpoints {
    /// Reads the JSON list of `WEBHOOKS`; an empty text is none.
    pub fn read(text: &str, reach: Reach) -> Result<Self, BadEndpoints> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        let entries: Vec<Entry> = serde_json::from_str(text).map_err(|error| {
            BadEndpoints(format!("not a JSON list of objects with `id`, `url` and `events`: {error}"))
        })?;
        if entries.len() > limits::WEBHOOKS_MAX {
            return Err(BadEndpoints(format!("more than {} endpoints", limits::WEBHOOKS_MAX)));
        }
        let endpoints = entries.into_iter().map(|entry| entry.check(reach)).collect::<Result<Vec<_>, _>>()?;
        let ids: BTreeSet<&str> = endpoints.iter().map(|endpoint| endpoint.id.as_str()).collect();
        if ids.len() < endpoints.len() {
            return Err(BadEndpoints("`id`: two endpoints have the same".into()));
        }
        Ok(Self(endpoints))
    }

    /// Returns the endpoints that receive events of a type.
    pub fn of(&self, event: EventType) -> impl Iterator<Item = &Endpoint> {
        self.0.iter().filter(move |endpoint| endpoint.events.contains(&event))
    }

    /// Returns all endpoints.
    pub fn iter(&self) -> impl Iterator<Item = &Endpoint> {
        self.0.iter()
    }

    /// Returns the endpoint with this id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Endpoint> {
        self.0.iter().find(|endpoint| endpoint.id == id)
    }
}

impl Entry {
    fn check(self, reach: Reach) -> Result<Endpoint, BadEndpoints> {
        let most = limits::WEBHOOK_ID_CHARS_MAX;
        if !is_endpoint_id(&self.id) {
            let id = &self.id;
            return Err(BadEndpoints(format!("`id`: `{id}` is not 1 to {most} characters of a-z 0-9 -")));
        }
        let bad = |field: &str, rule: String| {
            BadEndpoints(format!("`{field}` of the endpoint `{}`: {rule}", self.id))
        };
        let url = reach.check(&self.url).map_err(|rule| bad("url", rule))?;
        let events = self.events.iter().map(|event| event.parse());
        let events = events.collect::<Result<BTreeSet<EventType>, _>>();
        let events = events.map_err(|error| bad("events", error.to_string()))?;
        if events.is_empty() {
            return Err(bad("events", "it is empty: name at least one event".into()));
        }
        Ok(Endpoint { id: self.id, url, events })
    }
}

/// Returns whether a text may be the id of an endpoint.
#[must_use]
pub fn is_endpoint_id(text: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=limits::WEBHOOK_ID_CHARS_MAX).contains(&text.len()) && text.bytes().all(is_allowed)
}

impl Reach {
    /// Checks the text of an address. Names are checked again when they are resolved.
    fn check(self, text: &str) -> Result<Uri, String> {
        let rule = "it must be https://host/path, without a user and a fragment";
        if text.len() > limits::WEBHOOK_URL_BYTES_MAX {
            return Err(format!("it has more than {} bytes", limits::WEBHOOK_URL_BYTES_MAX));
        }
        let url: Uri = text.parse().map_err(|_| rule.to_owned())?;
        let authority = url.authority().filter(|authority| !authority.as_str().contains('@'));
        let Some(authority) = authority.filter(|_| !text.contains('#')) else {
            return Err(rule.to_owned());
        };
        if !self.allows_scheme(url.scheme_str().unwrap_or_default()) {
            return Err(rule.to_owned());
        }
        match literal(authority.host()) {
            Some(address) if !self.allows(address) => Err(format!("{address} is not a public address")),
            Some(_) | None => Ok(url),
        }
    }

    fn allows_scheme(self, scheme: &str) -> bool {
        match self {
            Self::Public => scheme == "https",
            #[cfg(feature = "local")]
            Self::Loopback => matches!(scheme, "https" | "http"),
        }
    }

    /// Returns whether a connection to this address is allowed.
    #[must_use]
    pub fn allows(self, address: IpAddr) -> bool {
        match self {
            Self::Public => is_public(address),
            #[cfg(feature = "local")]
            Self::Loopback => is_public(address) || address.to_canonical().is_loopback(),
        }
    }
}

/// Returns the address that a host is, where it is no name.
#[must_use]
pub fn literal(host: &str) -> Option<IpAddr> {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    bare.unwrap_or(host).parse().ok()
}

impl fmt::Display for BadEndpoints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadEndpoints {}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn read(change: impl FnOnce(&mut Value)) -> Result<Endpoints, String> {
        let mut list =
            json!([{ "id": "backend", "url": "https://api.test/hooks", "events": ["match.made"] }]);
        change(&mut list);
        Endpoints::read(&list.to_string(), Reach::Public).map_err(|error| error.to_string())
    }

    #[test]
    fn endpoints_are_read_with_their_events() {
        assert_eq!(Endpoints::read("", Reach::Public), Ok(Endpoints::default()));
        let endpoints = read(|_| {}).unwrap();
        assert_eq!(endpoints.of(EventType::MatchMade).count(), 1);
        assert_eq!(endpoints.of(EventType::MatchEnded).count(), 0);
        assert!(endpoints.get("backend").is_some() && endpoints.get("other").is_none());
    }

    #[test]
    fn bad_endpoint_names_itself_and_the_field() {
        let check = |change: fn(&mut Value), expected: &str| {
            let error = read(change).unwrap_err();
            assert!(error.contains(expected), "{error}");
        };
        check(|list| *list = json!({}), "JSON list");
        check(|list| list[0]["secret"] = "x".into(), "unknown field `secret`");
        check(|list| list[0]["id"] = "Backend".into(), "`id`: `Backend`");
        check(|list| list[0]["events"] = json!([]), "`events` of the endpoint `backend`: it is empty");
        check(
            |list| list[0]["events"] = json!(["match.*"]),
            "`events` of the endpoint `backend`: the events are",
        );
        check(|list| *list = json!([list[0], list[0]]), "two endpoints");
        check(|list| *list = json!(vec![list[0].clone(); 9]), "more than 8");
    }

    #[test]
    fn only_public_https_addresses_are_allowed() {
        let check = |url: &str, allowed: bool| {
            let error = read(|list| list[0]["url"] = url.into()).err();
            assert_eq!(error.is_none(), allowed, "{url}: {error:?}");
            assert!(error.is_none_or(|error| error.contains("`url` of the endpoint `backend`")), "{url}");
        };
        for url in
            ["https://api.test", "https://api.test:8443/a?b=c", "https://1.1.1.1/", "https://[2606:4700::1]/"]
        {
            check(url, true);
        }
        for url in ["", "api.test", "http://api.test/", "ftp://api.test/", "https://", "https://a@api.test/"]
        {
            check(url, false);
        }
        for url in
            ["https://api.test/#x", "https://127.0.0.1/", "https://[::1]/", "https://[::ffff:10.0.0.1]/"]
        {
            check(url, false);
        }
        check("https://169.254.169.254/latest/meta-data/", false);
        check(&format!("https://api.test/{}", "x".repeat(2048)), false);
    }
}
