//! Sends signed notices to the edge, as the region does.

use anyhow::{Context, Result, ensure};
use reqwest::Response;
use serde_json::Value;
use shared::sign::{self, SignKeys};
use tests::stack::Stack;
use tests::tokens;
use xtask::secrets::Secrets;
use xtask::wire::{Player, unique};

pub use tokens::now;

/// Sends notices, signed with the keys of the region. Returns the answer of the edge.
pub async fn send_notices(stack: &Stack, notices: &Value) -> Result<Response> {
    let keys = Secrets::of(stack.data())?.region_to_edge_keys;
    let keys: SignKeys = keys.parse().ok().context("keys")?;
    let (path, body) = ("/internal/v1/notices", notices.to_string());
    let signature = keys.sign(now()?, &unique(), "POST", path, body.as_bytes());
    let url = format!("{}{path}", stack.edge_url());
    let post = reqwest::Client::builder().no_proxy().build()?.post(url);
    Ok(post.header(sign::HEADER, signature).body(body).send().await?)
}

/// Sends notices that the edge must confirm.
pub async fn notify(stack: &Stack, notices: Value) -> Result<()> {
    let answer = send_notices(stack, &notices).await?;
    let status = answer.status().as_u16();
    let body = answer.text().await?;
    ensure!(status == 200, "{notices} was answered {status} {body}");
    Ok(())
}

/// Returns the player with a token of another session or authentication epoch.
pub fn with_session(stack: &Stack, player: &Player, sid: &str, ep: u64) -> Result<Player> {
    let token = tokens::issued(stack.data(), &player.id, sid, ep)?;
    Ok(Player { token, ..player.clone() })
}
