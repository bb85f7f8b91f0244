//! Who may open a socket, and how a refusal is told.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::Table;
use crate::wire::{Opening, Socket, text};

checks! {
    "W-001" "version and token come as subprotocols, and the version alone is echoed" => echo;
    "W-002" "a native client may send Authorization: Bearer and no subprotocol" => native;
    "W-003" "no token closes 4301" => no_token;
    "W-004" "a token that is none closes 4301" => garbage;
    "W-005" "a token with altered claims closes 4301" => forged;
    "W-006" "a token whose time is up closes 4300" => expired;
    "W-007" "a token in the URL is never looked at" => in_url;
    "W-008" "a page of another origin closes 4010" => foreign_origin;
    "W-009" "a page of the server's own origin may open sockets" => own_origin;
    "W-010" "a client without a version spoken here is closed 4004, in a way that a browser can read" => version;
    "W-011" "a room that is not there closes 4011" => unknown_room;
    "W-012" "a name that no room can have closes 4011" => no_name;
    "W-013" "a pool that is not there closes 4011" => unknown_pool;
    "W-014" "a path that is not there closes 4011" => unknown_path;
    "W-015" "the reason of a close is at most 123 bytes of JSON that say why" => reason;
    "W-016" "a third connection of one player closes 4008" => third_device;
    "W-017" "a connection that was closed makes room for another" => device_again;
    "W-018" "a token that names no algorithm closes 4301" => no_algorithm;
}

async fn closes(opening: Opening, code: u16) -> Result<()> {
    opening.connect().await?.closed_with(code).await.map(drop)
}

async fn fresh(table: &Table) -> Result<(String, crate::wire::Player)> {
    let guest = table.guest().await?;
    let room = table.server().open_room(&guest, &json!({})).await?;
    Ok((room, guest))
}

async fn echo(table: Table) -> Result<()> {
    let (room, guest) = fresh(&table).await?;
    let mut socket = table.server().room(&room, &guest).connect().await?;
    ensure!(socket.protocol() == Some("matchpoint.v1"), "the server chose {:?}", socket.protocol());
    socket.welcome().await.map(drop)
}

async fn native(table: Table) -> Result<()> {
    let (room, guest) = fresh(&table).await?;
    let bearer = format!("Bearer {}", guest.token);
    let opening = Opening::bare(table.server().edge(), &format!("/v1/rooms/{room}"));
    let mut socket = opening.header("authorization", &bearer).connect().await?;
    ensure!(socket.protocol().is_none(), "a protocol was chosen");
    socket.welcome().await.map(drop)
}

async fn no_token(table: Table) -> Result<()> {
    let (room, _) = fresh(&table).await?;
    let opening = Opening::bare(table.server().edge(), &format!("/v1/rooms/{room}"));
    closes(opening.protocol("matchpoint.v1"), 4301).await
}

async fn with_token(table: &Table, alter: impl Fn(&str) -> String) -> Result<Opening> {
    let (room, guest) = fresh(table).await?;
    let token = alter(&guest.token);
    let path = format!("/v1/rooms/{room}");
    Ok(Opening::new(table.server().edge(), &path, &token))
}

async fn garbage(table: Table) -> Result<()> {
    closes(with_token(&table, |_| "garbage".into()).await?, 4301).await
}

fn part(value: &Value) -> String {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(value.to_string())
}

async fn forged(table: Table) -> Result<()> {
    let forge = |token: &str| {
        let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
        if let Some(claims) = parts.get_mut(1) {
            *claims = part(&json!({
                "iss": "matchpoint", "aud": "matchpoint", "sub": "p_somebody", "sid": "s_1",
                "iat": 1, "exp": 4_000_000_000_u64, "ep": 0,
            }));
        }
        parts.join(".")
    };
    closes(with_token(&table, forge).await?, 4301).await
}

async fn no_algorithm(table: Table) -> Result<()> {
    let alter = |token: &str| {
        let claims = token.split('.').nth(1).unwrap_or_default();
        let header = part(&json!({ "alg": "none", "typ": "at+jwt" }));
        format!("{header}.{claims}.")
    };
    closes(with_token(&table, alter).await?, 4301).await
}

async fn expired(table: Table) -> Result<()> {
    let token = table.expired()?.to_owned();
    closes(with_token(&table, |_| token.clone()).await?, 4300).await
}

async fn in_url(table: Table) -> Result<()> {
    let (room, guest) = fresh(&table).await?;
    for name in ["token", "access_token", "bearer", "authorization"] {
        let opening = Opening::bare(table.server().edge(), &format!("/v1/rooms/{room}"));
        let opening = opening.protocol("matchpoint.v1").query(name, &guest.token);
        closes(opening, 4301).await?;
    }
    Ok(())
}

async fn foreign_origin(table: Table) -> Result<()> {
    let (room, guest) = fresh(&table).await?;
    for origin in ["https://elsewhere.example", "null"] {
        let opening = table.server().room(&room, &guest);
        closes(opening.header("origin", origin), 4010).await?;
    }
    Ok(())
}

async fn own_origin(table: Table) -> Result<()> {
    let (room, guest) = fresh(&table).await?;
    let origin = table.server().edge().to_owned();
    let opening = table.server().room(&room, &guest);
    let mut socket = opening.header("origin", &origin).connect().await?;
    socket.welcome().await.map(drop)
}

async fn version(table: Table) -> Result<()> {
    let (room, _) = fresh(&table).await?;
    // A client that gets a protocol back which it did not offer, or none, fails the handshake and sees no code.
    let opening = Opening::bare(table.server().edge(), &format!("/v1/rooms/{room}"));
    closes(opening.protocol("matchpoint.v999"), 4004).await
}

async fn at_path(table: &Table, path: &str) -> Result<Socket> {
    let guest = table.guest().await?;
    Opening::new(table.server().edge(), path, &guest.token).connect().await
}

async fn unknown_room(table: Table) -> Result<()> {
    let mut socket = at_path(&table, "/v1/rooms/m_nosuchroom").await?;
    socket.closed_with(4011).await.map(drop)
}

async fn no_name(table: Table) -> Result<()> {
    let mut socket = at_path(&table, "/v1/rooms/no-room").await?;
    socket.closed_with(4011).await.map(drop)
}

async fn unknown_pool(table: Table) -> Result<()> {
    let mut socket = at_path(&table, "/v1/lobbies/no-such-pool").await?;
    socket.closed_with(4011).await.map(drop)
}

async fn unknown_path(table: Table) -> Result<()> {
    let mut socket = at_path(&table, "/v1/elsewhere").await?;
    socket.closed_with(4011).await.map(drop)
}

async fn reason(table: Table) -> Result<()> {
    let mut socket = at_path(&table, "/v1/rooms/m_nosuchroom").await?;
    let goodbye = socket.closed_with(4011).await?;
    ensure!(goodbye.reason.len() <= 123, "{goodbye:?}");
    let reason: Value = serde_json::from_str(&goodbye.reason)?;
    ensure!(text(&reason, "/why") == "not_found", "{goodbye:?}");
    Ok(())
}

/// Two rooms with one player in both, and a third that they are not in.
async fn devices(table: &Table) -> Result<(Vec<Socket>, Opening)> {
    let guest = table.guest().await?;
    let mut sockets = Vec::new();
    for _ in 0..2 {
        let room = table.server().open_room(&guest, &json!({})).await?;
        let mut socket = table.server().room(&room, &guest).connect().await?;
        socket.welcome().await?;
        sockets.push(socket);
    }
    let room = table.server().open_room(&guest, &json!({})).await?;
    Ok((sockets, table.server().room(&room, &guest)))
}

async fn third_device(table: Table) -> Result<()> {
    let (mut sockets, third) = devices(&table).await?;
    closes(third, 4008).await?;
    for socket in &mut sockets {
        socket.settle().await?;
    }
    Ok(())
}

async fn device_again(table: Table) -> Result<()> {
    let (mut sockets, third) = devices(&table).await?;
    if let Some(socket) = sockets.pop() {
        socket.close().await?;
    }
    let mut socket = third.connect().await?;
    socket.welcome().await.map(drop)
}
