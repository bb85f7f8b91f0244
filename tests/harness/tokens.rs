//! Access tokens signed with the keys of a test stack.

use std::path::Path;
use std::time::SystemTime;

use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use shared::time::Time;
use shared::token::{Claims, Signer};
use xtask::secrets::Secrets;

/// Returns the time of the machine.
pub fn now() -> Result<Time> {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    Ok(Time::from_ms(u64::try_from(since.as_millis())?))
}

/// Signs a token of a player with this session and authentication epoch, valid for ten minutes.
pub fn issued(data: &Path, player: &str, sid: &str, ep: u64) -> Result<String> {
    sign(data, player, sid, ep, now()?.secs())
}

/// Signs a token that expired years ago.
pub fn expired(data: &Path) -> Result<String> {
    sign(data, "p_late", "s_late", 0, 1_700_000_000)
}

/// Signs a copy of an access token that expires in five seconds.
pub fn expiring(data: &Path, token: &str) -> Result<String> {
    let claims = token.split('.').nth(1).context("a token has claims")?;
    let claims: Claims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims)?)?;
    Ok(signer(data)?.sign(&Claims { exp: now()?.secs() + 5, ..claims }))
}

fn sign(data: &Path, player: &str, sid: &str, ep: u64, iat: u64) -> Result<String> {
    let claims = Claims {
        iss: "matchpoint".to_owned(),
        aud: "matchpoint".to_owned(),
        sub: player.parse()?,
        sid: sid.parse()?,
        iat,
        exp: iat + 600,
        ep,
        scp: String::new(),
    };
    Ok(signer(data)?.sign(&claims))
}

fn signer(data: &Path) -> Result<Signer> {
    let secrets = Secrets::of(data)?;
    let seed = STANDARD.decode(&secrets.signing_seed)?;
    let seed: [u8; 32] = seed.try_into().ok().context("a seed has 32 bytes")?;
    Ok(Signer::new(&secrets.signing_kid, seed))
}
