//! Checks of connection requests and of their refusals.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::Fixture;
use crate::wire::{Opening, Socket, text};

checks! {
    "W-001" "version and token come as subprotocols, and the version alone is echoed" => echo;
    "W-002" "a native client may send Authorization: Bearer and no subprotocol" => native;
    "W-003" "no token closes 4301" => no_token;
    "W-004" "an invalid token closes 4301" => garbage;
    "W-005" "a token with altered claims closes 4301" => forged;
    "W-006" "an expired token closes 4300" => expired;
    "W-007" "a token in the URL is ignored" => in_url;
    "W-008" "a page of another origin closes 4010" => foreign_origin;
    "W-009" "a page of the server's own origin may open sockets" => own_origin;
    "W-010" "a client without a supported version is closed 4004, in a way that a browser can read" => version;
    "W-011" "an unknown room closes 4011" => unknown_room;
    "W-012" "an invalid room name closes 4011" => no_name;
    "W-013" "an unknown pool closes 4011" => unknown_pool;
    "W-014" "an unknown path closes 4011" => unknown_path;
    "W-015" "the reason of a close is at most 123 bytes of JSON with the cause" => reason;
    "W-016" "a third connection of one player closes 4008" => third_device;
    "W-017" "a closed connection makes room for another" => device_again;
    "W-018" "a token without an algorithm closes 4301" => no_algorithm;
}

async fn closes(opening: Opening, code: u16) -> Result<()> {
    opening.connect().await?.closed_with(code).await.map(drop)
}

async fn fresh(fixture: &Fixture) -> Result<(String, crate::wire::Player)> {
    let guest = fixture.guest().await?;
    let room = fixture.server().open_room(&guest, &json!({})).await?;
    Ok((room, guest))
}

async fn echo(fixture: Fixture) -> Result<()> {
    let (room, guest) = fresh(&fixture).await?;
    let mut socket = fixture.server().room(&room, &guest).connect().await?;
    ensure!(socket.protocol() == Some("matchpoint.v1"), "the server chose {:?}", socket.protocol());
    socket.welcome().await.map(drop)
}

async fn native(fixture: Fixture) -> Result<()> {
    let (room, guest) = fresh(&fixture).await?;
    let bearer = format!("Bearer {}", guest.token);
    let opening = Opening::bare(fixture.server().edge(), &format!("/v1/rooms/{room}"));
    let mut socket = opening.header("authorization", &bearer).connect().await?;
    ensure!(socket.protocol().is_none(), "a protocol was chosen");
    socket.welcome().await.map(drop)
}

async fn no_token(fixture: Fixture) -> Result<()> {
    let (room, _) = fresh(&fixture).await?;
    let opening = Opening::bare(fixture.server().edge(), &format!("/v1/rooms/{room}"));
    closes(opening.protocol("matchpoint.v1"), 4301).await
}

async fn with_token(fixture: &Fixture, alter: impl Fn(&str) -> String) -> Result<Opening> {
    let (room, guest) = fresh(fixture).await?;
    let token = alter(&guest.token);
    let path = format!("/v1/rooms/{room}");
    Ok(Opening::new(fixture.server().edge(), &path, &token))
}

async fn garbage(fixture: Fixture) -> Result<()> {
    closes(with_token(&fixture, |_| "garbage".into()).await?, 4301).await
}

fn part(value: &Value) -> String {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(value.to_string())
}

async fn forged(fixture: Fixture) -> Result<()> {
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
    closes(with_token(&fixture, forge).await?, 4301).await
}

async fn no_algorithm(fixture: Fixture) -> Result<()> {
    let alter = |token: &str| {
        let claims = token.split('.').nth(1).unwrap_or_default();
        let header = part(&json!({ "alg": "none", "typ": "at+jwt" }));
        format!("{header}.{claims}.")
    };
    closes(with_token(&fixture, alter).await?, 4301).await
}

async fn expired(fixture: Fixture) -> Result<()> {
    let token = fixture.expired()?.to_owned();
    closes(with_token(&fixture, |_| token.clone()).await?, 4300).await
}

async fn in_url(fixture: Fixture) -> Result<()> {
    let (room, guest) = fresh(&fixture).await?;
    for name in ["token", "access_token", "bearer", "authorization"] {
        let opening = Opening::bare(fixture.server().edge(), &format!("/v1/rooms/{room}"));
        let opening = opening.protocol("matchpoint.v1").query(name, &guest.token);
        closes(opening, 4301).await?;
    }
    Ok(())
}

async fn foreign_origin(fixture: Fixture) -> Result<()> {
    let (room, guest) = fresh(&fixture).await?;
    for origin in ["https://elsewhere.example", "null"] {
        let opening = fixture.server().room(&room, &guest);
        closes(opening.header("origin", origin), 4010).await?;
    }
    Ok(())
}

async fn own_origin(fixture: Fixture) -> Result<()> {
    let (room, guest) = fresh(&fixture).await?;
    let origin = fixture.server().edge().to_owned();
    let opening = fixture.server().room(&room, &guest);
    let mut socket = opening.header("origin", &origin).connect().await?;
    socket.welcome().await.map(drop)
}

async fn version(fixture: Fixture) -> Result<()> {
    let (room, _) = fresh(&fixture).await?;
    // A client that gets a protocol it did not offer, or none, fails the handshake and sees no close code.
    let opening = Opening::bare(fixture.server().edge(), &format!("/v1/rooms/{room}"));
    closes(opening.protocol("matchpoint.v999"), 4004).await
}

async fn at_path(fixture: &Fixture, path: &str) -> Result<Socket> {
    let guest = fixture.guest().await?;
    Opening::new(fixture.server().edge(), path, &guest.token).connect().await
}

async fn not_found(fixture: &Fixture, path: &str) -> Result<()> {
    at_path(fixture, path).await?.closed_with(4011).await.map(drop)
}

async fn unknown_room(fixture: Fixture) -> Result<()> {
    not_found(&fixture, "/v1/rooms/m_nosuchroom").await
}

async fn no_name(fixture: Fixture) -> Result<()> {
    not_found(&fixture, "/v1/rooms/no-room").await
}

async fn unknown_pool(fixture: Fixture) -> Result<()> {
    not_found(&fixture, "/v1/lobbies/no-such-pool").await
}

async fn unknown_path(fixture: Fixture) -> Result<()> {
    not_found(&fixture, "/v1/elsewhere").await
}

async fn reason(fixture: Fixture) -> Result<()> {
    let mut socket = at_path(&fixture, "/v1/rooms/m_nosuchroom").await?;
    let close = socket.closed_with(4011).await?;
    ensure!(close.reason.len() <= 123, "{close:?}");
    let reason: Value = serde_json::from_str(&close.reason)?;
    ensure!(text(&reason, "/why") == "not_found", "{close:?}");
    Ok(())
}

/// Returns sockets of one player in two rooms, and the request for a third room.
async fn devices(fixture: &Fixture) -> Result<(Vec<Socket>, Opening)> {
    let guest = fixture.guest().await?;
    let mut sockets = Vec::new();
    for _ in 0..2 {
        let room = fixture.server().open_room(&guest, &json!({})).await?;
        let mut socket = fixture.server().room(&room, &guest).connect().await?;
        socket.welcome().await?;
        sockets.push(socket);
    }
    let room = fixture.server().open_room(&guest, &json!({})).await?;
    Ok((sockets, fixture.server().room(&room, &guest)))
}

async fn third_device(fixture: Fixture) -> Result<()> {
    let (mut sockets, third) = devices(&fixture).await?;
    closes(third, 4008).await?;
    for socket in &mut sockets {
        socket.settle().await?;
    }
    Ok(())
}

async fn device_again(fixture: Fixture) -> Result<()> {
    let (mut sockets, third) = devices(&fixture).await?;
    if let Some(socket) = sockets.pop() {
        socket.close().await?;
    }
    let mut socket = third.connect().await?;
    socket.welcome().await.map(drop)
}
