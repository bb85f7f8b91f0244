//! Takes a port to listen on: a given one or any free one.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener};

use anyhow::{Result, bail};

/// Range of ports tried for "any free one". It lies below the ports that systems use for outgoing
/// connections, so that a port stays free while its server restarts.
const FREE: std::ops::Range<u16> = 12_000..32_000;
const TRIES: usize = 200;

/// Returns `port` if it is free, or any free port for 0. `option` is the command line option that errors
/// name.
pub fn take(port: u16, option: &str) -> Result<u16> {
    if port == 0 {
        return any();
    }
    match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
        Ok(_) => Ok(port),
        Err(error) if error.kind() == ErrorKind::AddrInUse => bail!(
            "port {port} is in use. Stop what listens there, or choose another with `{option} PORT` (0 takes any free one)."
        ),
        Err(error) => {
            bail!("cannot listen on port {port}: {error}. Choose another with `{option} PORT`.")
        }
    }
}

fn any() -> Result<u16> {
    for _ in 0..TRIES {
        let mut bytes = [0; 2];
        getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("no random bytes: {error}"))?;
        let port = FREE.start + u16::from_le_bytes(bytes) % (FREE.end - FREE.start);
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    bail!("found no free port in {TRIES} tries between {} and {}", FREE.start, FREE.end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_names_the_used_port_and_the_option_that_changes_it() -> Result<()> {
        let held = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = held.local_addr()?.port();
        let error = take(port, "--edge-port").map_or_else(|e| e.to_string(), |_| String::new());
        assert!(error.contains(&port.to_string()) && error.contains("--edge-port"), "{error}");
        drop(held);
        assert_eq!(take(port, "--edge-port")?, port);
        assert!(FREE.contains(&take(0, "--edge-port")?));
        Ok(())
    }
}
