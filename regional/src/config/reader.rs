//! Reads environment variables, and collects every fault instead of stopping at the first.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use shared::service_key::ServiceKeys;
use shared::sign::SignKeys;
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// The faults of a configuration, each with the name of the variable and the rule that it breaks.
#[derive(Debug, PartialEq, Eq)]
pub struct BadConfig(pub Vec<String>);

impl fmt::Display for BadConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the configuration is not valid: {}", self.0.join("; "))
    }
}

impl std::error::Error for BadConfig {}

/// A source of variables with the faults found so far.
pub struct Reader<'a> {
    source: &'a dyn Fn(&str) -> Option<String>,
    faults: Vec<String>,
}

impl<'a> Reader<'a> {
    /// Starts to read a source of variables.
    #[must_use]
    pub fn new(source: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self { source, faults: Vec::new() }
    }

    /// Returns what was read, or every fault. A `value` of `None` is a fault that was noted before.
    pub fn finish<T>(self, value: Option<T>) -> Result<T, BadConfig> {
        match value {
            Some(value) if self.faults.is_empty() => Ok(value),
            Some(_) | None => Err(BadConfig(self.faults)),
        }
    }

    /// Returns a variable, trimmed; `None` if it is absent or empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<String> {
        let text = (self.source)(name)?.trim().to_owned();
        (!text.is_empty()).then_some(text)
    }

    /// Notes a fault. Values may be secrets, so the text has the name and the rule only.
    pub fn fault(&mut self, name: &str, rule: &str) {
        self.faults.push(format!("{name} must be {rule}"));
    }

    /// Returns a required text; notes a fault and returns an empty text if it is absent.
    pub fn text(&mut self, name: &str) -> String {
        self.get(name).unwrap_or_else(|| {
            self.fault(name, "set");
            String::new()
        })
    }

    /// Returns a switch, which is off by default.
    pub fn switch(&mut self, name: &str) -> bool {
        match self.get(name).as_deref() {
            Some("on") => true,
            Some("off") | None => false,
            Some(_) => {
                self.fault(name, "on or off");
                false
            }
        }
    }

    /// Returns a number from 1, or the default.
    pub fn number(&mut self, name: &str, default: u32) -> u32 {
        match self.get(name).map(|text| text.parse()) {
            None => default,
            Some(Ok(number)) if number > 0 => number,
            Some(_) => {
                self.fault(name, "a number from 1");
                default
            }
        }
    }

    /// Returns a number of seconds from 1, or the default.
    pub fn seconds(&mut self, name: &str, default: Duration) -> Duration {
        match self.get(name).map(|text| text.parse()) {
            None => default,
            Some(Ok(seconds)) if seconds > 0 => Duration::from_secs(seconds),
            Some(_) => {
                self.fault(name, "a number of seconds from 1");
                default
            }
        }
    }

    /// Returns the distinct items of a comma-separated list; empty by default.
    pub fn list<T: FromStr + Ord>(&mut self, name: &str, rule: &str) -> BTreeSet<T> {
        let text = self.get(name).unwrap_or_default();
        let mut items = BTreeSet::new();
        for item in text.split(',').map(str::trim).filter(|item| !item.is_empty()) {
            match item.parse() {
                Ok(item) => {
                    items.insert(item);
                }
                Err(_) => self.fault(name, rule),
            }
        }
        items
    }

    /// Returns the keys of the service API; none by default.
    pub fn service_keys(&mut self, name: &str) -> ServiceKeys {
        let text = self.get(name).unwrap_or_default();
        ServiceKeys::read(&text).unwrap_or_else(|error| {
            self.fault(name, &format!("a list that `cargo xtask keys` wrote ({error})"));
            ServiceKeys::default()
        })
    }

    /// Returns the keys of a required variable.
    pub fn sign_keys(&mut self, name: &str) -> Option<SignKeys> {
        let keys = self.get(name).and_then(|text| text.parse().ok());
        if keys.is_none() {
            self.fault(name, "keys of at least 32 bytes in base64, comma-separated");
        }
        keys
    }
}

/// Decodes a seed of 32 bytes from base64.
#[must_use]
pub fn decode_seed(text: &str) -> Option<[u8; 32]> {
    BASE64.decode(text).ok()?.try_into().ok()
}
