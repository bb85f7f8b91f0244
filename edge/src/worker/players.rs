//! The service API of the edge for players: operators look at a player's sockets, and free a player from a match.

use crate::clients::{object_rpc, region};
use crate::clock;
use crate::error::{Error, Result};
use crate::worker::body;
use crate::worker::caller::{audit_reason, caller};
use shared::actor::Actor;
use shared::http::PlayerRelease;
use shared::id::{AuditId, PlayerId};
use shared::limits;
use shared::rpc::audit::AuditEntry;
use shared::service_key::Scope;
use worker::{Env, Request, Response};

/// Returns the sockets and the match of a player. No room is asked, and none is woken.
pub async fn inspect(request: &Request, env: &Env, player: &str) -> Result<Response> {
    caller(env, request.headers(), Scope::Players).await?;
    let player = player_id(player)?;
    Ok(Response::from_json(&object_rpc::inspect_player(env, &player).await?)?)
}

/// Frees a player from a match, or from an open room that counts as the player's own. The action is in the audit trail before it happens: without the region nothing changes.
pub async fn release(mut request: Request, env: &Env, player: &str) -> Result<Response> {
    let Actor { by, .. } = caller(env, request.headers(), Scope::Players).await?;
    let (player, detail) = (player_id(player)?, audit_reason(request.headers())?);
    let text = body::text(&mut request, limits::RESULT_BYTES_MAX).await?;
    let PlayerRelease { room } = serde_json::from_str(&text).map_err(|error| {
        Error::refused(400, "bad_field", format!("The body is `{{\"room\":\"m_…\"}}`: {error}."))
    })?;
    let known = object_rpc::inspect_player(env, &player).await?;
    let in_match = known.current_match.is_some_and(|current| current.room == room);
    if !in_match && !known.owned_rooms.contains(&room) {
        let detail = format!("The player {player} is not in the match {room}, and does not own that room.");
        return Err(Error::refused(404, "not_found", detail));
    }
    let entry = AuditEntry {
        id: AuditId::random(clock::random_bytes()?),
        at: clock::now(),
        by,
        action: "players.release".to_owned(),
        room: Some(room.clone()),
        player: Some(player.clone()),
        detail,
    };
    region::audit(env, &entry).await?;
    object_rpc::release_player(env, &player, &room).await?;
    Ok(Response::empty()?.with_status(204))
}

/// Reads the player of a path.
pub fn player_id(text: &str) -> Result<PlayerId> {
    text.parse().map_err(|error| Error::refused(400, "bad_id", format!("player: {error}.")))
}
