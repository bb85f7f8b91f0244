//! The deployment that a load may meet: one of this machine, or one whose owner says so.

use std::net::IpAddr;

use anyhow::{Context, Result, bail};
use reqwest::Url;

/// Checks the address of a deployment. One that is not on this machine must be named as the caller's own: load on another's
/// server is an attack.
pub(super) fn check(target: &str, own: Option<&str>) -> Result<()> {
    let url = Url::parse(target)
        .with_context(|| format!("--target {target} is no address, such as http://127.0.0.1:8787"))?;
    let host = url.host_str().with_context(|| format!("--target {target} has no host"))?;
    if is_loopback(host) || own == Some(host) {
        return Ok(());
    }
    match own {
        Some(own) => bail!("--i-own {own} does not name the host of --target, which is {host}"),
        None => bail!(
            "{host} is not this machine. Load on a server that is not yours is an attack: if it is yours, say `--i-own {host}`"
        ),
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_of_this_machine_need_no_word() {
        for target in ["http://127.0.0.1:8787", "http://localhost", "http://[::1]:1", "http://127.8.0.1"] {
            assert!(check(target, None).is_ok(), "{target}");
        }
    }

    #[test]
    fn other_servers_must_be_named() {
        let target = "https://edge.example/";
        let refused = check(target, None).map_err(|error| error.to_string());
        assert!(refused.is_err_and(|text| text.contains("--i-own edge.example")));
        assert!(check(target, Some("example")).is_err());
        assert!(check(target, Some("edge.example")).is_ok());
        for target in ["http://127.0.0.1.example", "http://localhost.example", "nowhere", "http://0.0.0.0"] {
            assert!(check(target, None).is_err(), "{target}");
        }
    }
}
