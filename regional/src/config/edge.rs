//! What is configured for telling the edge.

use super::{BadConfig, Reader, TableNames};
use shared::sign::SignKeys;

/// Where the edge is, and how it knows us.
#[derive(Debug, Clone)]
pub struct ToEdge {
    /// `EDGE_URL`: where the edge answers, without a path.
    pub url: String,
    /// `REGION_TO_EDGE_KEYS`: what our requests to it are signed with; base64, comma separated, the first signs.
    pub keys: SignKeys,
}

/// All that the function behind the stream is told. It signs no tokens and has no key for that.
#[derive(Debug)]
pub struct StreamConfig {
    /// `TABLE_CORE`, `TABLE_HISTORY`, `TABLE_EVENTS`.
    pub tables: TableNames,
    /// Where the edge is.
    pub edge: ToEdge,
    /// `DYNAMODB_ENDPOINT`: a store at another address than AWS's; the SDK's own default otherwise.
    pub endpoint: Option<String>,
}

impl StreamConfig {
    /// From the process's environment.
    pub fn from_env() -> Result<Self, BadConfig> {
        Self::read(&|name| std::env::var(name).ok())
    }

    /// From any source of variables.
    pub fn read(source: &dyn Fn(&str) -> Option<String>) -> Result<Self, BadConfig> {
        let mut read = Reader { source, faults: Vec::new() };
        let tables = read.tables();
        if read.get("EDGE_URL").is_none() {
            read.fault("EDGE_URL", "set");
        }
        let edge = read.edge();
        let endpoint = read.get("DYNAMODB_ENDPOINT");
        match edge {
            Some(edge) if read.faults.is_empty() => Ok(Self { tables, edge, endpoint }),
            Some(_) | None => Err(BadConfig(read.faults)),
        }
    }
}

impl ToEdge {
    /// From any source of variables; none where no edge is named.
    pub fn read(source: &dyn Fn(&str) -> Option<String>) -> Result<Option<Self>, BadConfig> {
        let mut read = Reader { source, faults: Vec::new() };
        let edge = read.edge();
        if read.faults.is_empty() { Ok(edge) } else { Err(BadConfig(read.faults)) }
    }
}

impl Reader<'_> {
    pub(super) fn tables(&mut self) -> TableNames {
        TableNames {
            core: self.text("TABLE_CORE"),
            history: self.text("TABLE_HISTORY"),
            events: self.text("TABLE_EVENTS"),
        }
    }

    /// None where no edge is named.
    fn edge(&mut self) -> Option<ToEdge> {
        let url = self.get("EDGE_URL")?;
        let host = url.strip_prefix("https://").or(url.strip_prefix("http://"));
        let fine = host.is_some_and(|host| !host.is_empty() && !host.contains(['/', '?', '#']));
        if !fine {
            self.fault("EDGE_URL", "https://host, without a path");
        }
        let keys = self.get("REGION_TO_EDGE_KEYS");
        let keys = keys.and_then(|text| text.parse().ok());
        if keys.is_none() {
            let rule = "keys of at least 32 bytes in base64, comma separated";
            self.fault("REGION_TO_EDGE_KEYS", rule);
        }
        Some(ToEdge { url, keys: keys? })
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
        let names: Vec<_> = faults.iter().filter_map(|one| one.split(' ').next()).collect();
        assert_eq!(names, expected, "{changes:?}");
    }

    #[test]
    fn a_fault_names_its_variable() {
        check(&[], &[]);
        check(&[("EDGE_URL", "")], &["EDGE_URL"]);
        check(&[("EDGE_URL", "edge.test")], &["EDGE_URL"]);
        check(&[("EDGE_URL", "https://edge.test/x")], &["EDGE_URL"]);
        check(&[("REGION_TO_EDGE_KEYS", "AAAA")], &["REGION_TO_EDGE_KEYS"]);
        check(&[("TABLE_CORE", "")], &["TABLE_CORE"]);
    }
}
