//! The identity provider of a local run: one of the developer's own, or the built-in one.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use clap::Args;
use serde::Deserialize;

use crate::issuer::Issuer;
use crate::root::Root;
use crate::stack::options::Provider;
use crate::tools::node;
use crate::{port, progress};

/// The value of `--oidc` without an address.
const BUILT_IN: &str = "built-in";

/// Options of sign-in with an identity provider.
#[derive(Debug, Clone, Args)]
pub struct Oidc {
    /// Let players sign in with an OpenID Connect provider: this one, or, without an address, a built-in one with a
    /// login page.
    #[arg(long = "oidc", id = "oidc", value_name = "ISSUER", num_args = 0..=1, default_missing_value = BUILT_IN)]
    issuer: Option<String>,
    /// Client id of your app at the provider.
    #[arg(long = "oidc-client", value_name = "ID", default_value = "matchpoint", requires = "oidc")]
    client: String,
    /// Port of the built-in provider; 0 takes any free one.
    #[arg(long = "oidc-port", value_name = "PORT", default_value_t = 9001, requires = "oidc")]
    port: u16,
}

/// The metadata of a provider that the region needs.
#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    jwks_uri: String,
}

impl Oidc {
    /// Returns the provider for the region, and the running built-in one if that is it.
    pub async fn start(&self, root: &Root, origins: &[String]) -> Result<Option<(Provider, Option<Issuer>)>> {
        let client = self.client.clone();
        let started = match self.issuer.as_deref() {
            None => return Ok(None),
            Some(BUILT_IN) => {
                let port = port::take(self.port, "--oidc-port")?;
                let issuer = Issuer::start(port, &client, origins).await?;
                (Provider { issuer: issuer.url().to_owned(), client, jwks: issuer.jwks() }, Some(issuer))
            }
            Some(address) => {
                let (root, address) = (root.clone(), address.to_owned());
                let Metadata { issuer, jwks_uri } =
                    tokio::task::spawn_blocking(move || discover(&root, &address)).await??;
                (Provider { issuer, client, jwks: jwks_uri }, None)
            }
        };
        Ok(Some(started))
    }
}

/// Reads the metadata of a provider. Node does it, so that this program needs no TLS.
fn discover(root: &Root, issuer: &str) -> Result<Metadata> {
    let mut read: Command = node::ensure(root)?.typescript(root.path("xtask/driver/discover.ts"));
    read.arg(issuer);
    let text = progress::run(&format!("Reading the metadata of {issuer}"), &mut read)?;
    let metadata: Metadata =
        serde_json::from_str(&text).with_context(|| format!("{issuer} is no OpenID Connect provider"))?;
    // The region compares the issuer of a token exactly (OpenID Connect Discovery §4.3).
    ensure!(
        metadata.issuer == issuer,
        "the provider at {issuer} calls itself {}: give `--oidc` that address",
        metadata.issuer
    );
    Ok(metadata)
}
