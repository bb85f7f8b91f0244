//! Tokens of a test stack that the region would not give.

use std::path::Path;

use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use shared::token::{Claims, Signer};
use xtask::secrets::Secrets;

/// A token that was good until a while ago.
pub fn expired(data: &Path) -> Result<String> {
    let secrets = Secrets::of(data)?;
    let seed = STANDARD.decode(&secrets.signing_seed)?;
    let seed: [u8; 32] = seed.try_into().ok().context("a seed has 32 bytes")?;
    let claims = Claims {
        iss: "matchpoint".to_owned(),
        aud: "matchpoint".to_owned(),
        sub: "p_late".parse()?,
        sid: "s_late".parse()?,
        iat: 1_700_000_000,
        exp: 1_700_000_600,
        ep: 0,
    };
    Ok(Signer::new(&secrets.signing_kid, seed).sign(&claims))
}
