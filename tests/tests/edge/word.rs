//! What the region says, said by a test; and tokens that it would give to others.

use std::time::SystemTime;

use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::Response;
use serde_json::Value;
use shared::sign::{self, SignKeys};
use shared::time::Time;
use shared::token::{Claims, Signer};
use tests::stack::Stack;
use xtask::secrets::Secrets;
use xtask::wire::{Player, unique};

pub fn now() -> Result<Time> {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    Ok(Time::from_ms(u64::try_from(since.as_millis())?))
}

/// Says something of people as the region does.
pub async fn tell(stack: &Stack, notices: &Value) -> Result<Response> {
    let keys = Secrets::of(stack.data())?.region_to_edge_keys;
    let keys: SignKeys = keys.parse().ok().context("keys")?;
    let (path, body) = ("/internal/v1/notices", notices.to_string());
    let signature = keys.sign(now()?, &unique(), "POST", path, body.as_bytes());
    let url = format!("{}{path}", stack.edge_url());
    let post = reqwest::Client::builder().no_proxy().build()?.post(url);
    Ok(post.header(sign::HEADER, signature).body(body).send().await?)
}

pub async fn told(stack: &Stack, notices: Value) -> Result<()> {
    let answer = tell(stack, &notices).await?;
    let status = answer.status().as_u16();
    let body = answer.text().await?;
    ensure!(status == 200, "{notices} was answered {status} {body}");
    Ok(())
}

/// The same player with another login, or of another auth epoch.
pub fn token(stack: &Stack, player: &Player, sid: &str, ep: u64) -> Result<Player> {
    let secrets = Secrets::of(stack.data())?;
    let seed = STANDARD.decode(&secrets.signing_seed)?;
    let seed: [u8; 32] = seed.try_into().ok().context("a seed has 32 bytes")?;
    let iat = now()?.secs();
    let claims = Claims {
        iss: "matchpoint".to_owned(),
        aud: "matchpoint".to_owned(),
        sub: player.id.parse()?,
        sid: sid.parse()?,
        iat,
        exp: iat + 600,
        ep,
    };
    Ok(Player { token: Signer::new(&secrets.signing_kid, seed).sign(&claims), ..player.clone() })
}
