//! The configuration of the functions behind the stream of the core table, which notify the edge.

use crate::config::reader::{BadConfig, Reader};
use crate::config::tables::TableNames;
use shared::sign::SignKeys;

/// The address of the edge and the keys that sign requests to it.
#[derive(Debug, Clone)]
pub struct ToEdge {
    /// `EDGE_URL`: the address of the edge, without a path.
    pub url: String,
    /// `REGION_TO_EDGE_KEYS`: the keys that sign requests to the edge; base64, comma-separated, the first one
    /// signs.
    pub keys: SignKeys,
}

/// The configuration of a stream function. It has no signing key, because it issues no tokens.
#[derive(Debug)]
pub struct StreamConfig {
    /// `TABLE_CORE`, `TABLE_HISTORY`, `TABLE_EVENTS`.
    pub tables: TableNames,
    /// `EDGE_URL` and `REGION_TO_EDGE_KEYS`.
    pub edge: ToEdge,
    /// `DYNAMODB_ENDPOINT`: the address of another store; the default of the SDK otherwise.
    pub endpoint: Option<String>,
}

impl StreamConfig {
    /// Reads the configuration from any source of variables.
    pub fn read(source: &dyn Fn(&str) -> Option<String>) -> Result<Self, BadConfig> {
        let mut reader = Reader::new(source);
        let tables = TableNames::read(&mut reader);
        if reader.get("EDGE_URL").is_none() {
            reader.fault("EDGE_URL", "set");
        }
        let edge = ToEdge::read_optional(&mut reader);
        let endpoint = reader.get("DYNAMODB_ENDPOINT");
        reader.finish(edge).map(|edge| Self { tables, edge, endpoint })
    }
}

impl ToEdge {
    /// Reads the address and the keys from any source of variables; `None` if `EDGE_URL` is not set.
    pub fn read(source: &dyn Fn(&str) -> Option<String>) -> Result<Option<Self>, BadConfig> {
        let mut reader = Reader::new(source);
        let edge = Self::read_optional(&mut reader);
        reader.finish(Some(edge))
    }

    fn read_optional(reader: &mut Reader<'_>) -> Option<Self> {
        let url = reader.get("EDGE_URL")?;
        let host = url.strip_prefix("https://").or(url.strip_prefix("http://"));
        if !host.is_some_and(|host| !host.is_empty() && !host.contains(['/', '?', '#'])) {
            reader.fault("EDGE_URL", "https://host, without a path");
        }
        let keys = reader.sign_keys("REGION_TO_EDGE_KEYS")?;
        Some(Self { url, keys })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    const KEY: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

    fn check(changes: &[(&'static str, &'static str)], expected: &[&str]) {
        let mut vars = BTreeMap::from([
            ("TABLE_CORE", "core"),
            ("TABLE_HISTORY", "history"),
            ("TABLE_EVENTS", "events"),
            ("EDGE_URL", "https://edge.test"),
            ("REGION_TO_EDGE_KEYS", KEY),
        ]);
        vars.extend(changes.iter().copied());
        let read = StreamConfig::read(&|name| vars.get(name).map(|value| (*value).to_owned()));
        let faults = read.err().map_or(Vec::new(), |bad| bad.0);
        let names: Vec<_> = faults.iter().filter_map(|fault| fault.split(' ').next()).collect();
        assert_eq!(names, expected, "{changes:?}");
    }

    #[test]
    fn fault_names_its_variable() {
        check(&[], &[]);
        check(&[("EDGE_URL", "")], &["EDGE_URL"]);
        check(&[("EDGE_URL", "edge.test")], &["EDGE_URL"]);
        check(&[("EDGE_URL", "https://edge.test/x")], &["EDGE_URL"]);
        check(&[("REGION_TO_EDGE_KEYS", "AAAA")], &["REGION_TO_EDGE_KEYS"]);
        check(&[("TABLE_CORE", "")], &["TABLE_CORE"]);
    }
}
