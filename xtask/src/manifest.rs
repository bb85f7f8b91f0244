//! Reads `wrangler.toml`, the only list of the Worker's names and settings.

use std::fs;

use anyhow::{Context, Result, anyhow};
use shared::pool::{self, Pools};

use crate::root::Root;

/// Settings that the region shares with the Worker, read from the Worker's variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// The issuer of access tokens: `ISSUER`.
    pub issuer: String,
    /// The audience of access tokens: `AUDIENCE`.
    pub audience: String,
    /// Names of the pools with a `rating`, separated by commas.
    pub rated_pools: String,
}

impl Manifest {
    /// Reads the settings from `wrangler.toml`.
    pub fn read(root: &Root) -> Result<Self> {
        Self::of(&Self::table(root)?)
    }

    /// Reads the whole file.
    pub fn table(root: &Root) -> Result<toml::Table> {
        let text = fs::read_to_string(root.path("wrangler.toml")).context("cannot read wrangler.toml")?;
        toml::from_str(&text).context("wrangler.toml is invalid")
    }

    /// Reads and checks the pools: an invalid one must not reach a deployment.
    pub fn pools(root: &Root) -> Result<Pools> {
        Self::pools_of(&Self::table(root)?)
    }

    fn pools_of(manifest: &toml::Table) -> Result<Pools> {
        let pools = manifest.get("vars").and_then(|vars| vars.get("POOLS"));
        let pools = pools.context("wrangler.toml has no pools: [vars.POOLS.<name>]")?;
        let read = pool::read(&serde_json::to_string(pools)?);
        read.map_err(|error| anyhow!("wrangler.toml has invalid pools:\n{error}"))
    }

    fn of(manifest: &toml::Table) -> Result<Self> {
        let var = |name: &str| {
            let value = manifest.get("vars").and_then(|vars| vars.get(name)?.as_str());
            value.map(str::to_owned).with_context(|| format!("wrangler.toml lacks the variable {name}"))
        };
        let pools = manifest.get("vars").and_then(|vars| vars.get("POOLS")?.as_table());
        let rated = pools.into_iter().flatten().filter(|(_, pool)| pool.get("rating").is_some());
        let rated: Vec<&str> = rated.map(|(name, _)| name.as_str()).collect();
        Ok(Self { issuer: var("ISSUER")?, audience: var("AUDIENCE")?, rated_pools: rated.join(",") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_pool_is_refused_with_its_key_and_the_reason() -> Result<()> {
        let manifest =
            |pool: &str| toml::from_str(&format!("[vars.POOLS.good]\nseats = 2\n[vars.POOLS.a]\n{pool}"));
        assert_eq!(Manifest::pools_of(&manifest("seats = 4")?)?.len(), 2);
        for (pool, reason) in
            [("seats = 1", "POOLS.a.seats: must be 2 to 64"), ("seats = 2\nparti = 1", "parti")]
        {
            let error =
                Manifest::pools_of(&manifest(pool)?).map_or_else(|e| e.to_string(), |_| String::new());
            assert!(error.contains(reason), "{error}");
        }
        Ok(())
    }

    #[test]
    fn missing_variable_is_named_in_the_error() -> Result<()> {
        let both = Manifest::of(&toml::from_str(
            "[vars]\nISSUER = \"i\"\nAUDIENCE = \"a\"\n[vars.POOLS.a]\nseats = 2\n[vars.POOLS.b]\nrating = {}",
        )?)?;
        assert_eq!(both, Manifest { issuer: "i".into(), audience: "a".into(), rated_pools: "b".into() });
        let error = Manifest::of(&toml::from_str("[vars]\nISSUER = \"i\"")?)
            .map_or_else(|e| e.to_string(), |_| String::new());
        assert!(error.contains("AUDIENCE"));
        Ok(())
    }
}
