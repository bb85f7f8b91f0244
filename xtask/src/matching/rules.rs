//! Finds the rules of a replay: a pool of wrangler.toml, or a file of its own.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use serde_json::Value;
use shared::pool::{self, Pool};

use crate::manifest::Manifest;
use crate::root::Root;

/// A pool and its name.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    /// Its name in wrangler.toml, or the file's.
    pub name: String,
    pub pool: Pool,
}

/// Returns every pool of wrangler.toml.
pub fn all(root: &Root) -> Result<Vec<Rules>> {
    let pools = Manifest::pools(root)?;
    let rules = |(name, pool): (shared::id::PoolName, Pool)| Rules { name: name.as_str().to_owned(), pool };
    Ok(pools.into_iter().map(rules).collect())
}

/// Returns the rules of this name: a file if it exists, otherwise a pool of wrangler.toml.
pub fn find(root: &Root, name: &str) -> Result<Rules> {
    let path = Path::new(name);
    if path.is_file() {
        return file(path);
    }
    let mut known = all(root)?;
    if let Some(at) = known.iter().position(|rules| rules.name == name) {
        return Ok(known.swap_remove(at));
    }
    let names: Vec<&str> = known.iter().map(|rules| rules.name.as_str()).collect();
    bail!("--pool {name}: there is no file of this name, and wrangler.toml's pools are {}", names.join(", "));
}

/// Reads a file of one pool, TOML or JSON, with the content of `[vars.POOLS.<name>]`.
fn file(path: &Path) -> Result<Rules> {
    let shown = path.display();
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {shown}"))?;
    let is_json = path.extension().is_some_and(|it| it.eq_ignore_ascii_case("json"));
    let said: Value = if is_json {
        serde_json::from_str(&text).with_context(|| format!("{shown} is not JSON"))?
    } else {
        toml::from_str(&text).with_context(|| format!("{shown} is not TOML"))?
    };
    // A pool's name allows fewer characters than a file's, and the rules do not depend on it.
    let pools = BTreeMap::from([("pool", said)]);
    let pools = pool::read(&serde_json::to_string(&pools)?)
        .map_err(|error| anyhow!("{shown}: {}", error.replace("POOLS.pool", "the pool")))?;
    let name = path.file_stem().map(|it| it.to_string_lossy().into_owned());
    let pool = pools.into_values().next().context("the file has no pool")?;
    Ok(Rules { name: name.unwrap_or_default(), pool })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pools_of_this_repository_are_found() {
        let root = Root::here();
        let names: Vec<String> = all(&root).unwrap().into_iter().map(|it| it.name).collect();
        assert!(names.iter().any(|it| it == "ranked"), "{names:?}");
        assert!(find(&root, "ranked").unwrap().pool.rating.is_some());
        let error = find(&root, "nowhere").unwrap_err().to_string();
        assert!(error.contains("ranked"), "{error}");
    }
}
