//! The service API of the edge for players: operators look at a player's sockets, free a player from a match, and leave
//! notices.

use crate::clients::{object_rpc, region};
use crate::clock;
use crate::error::{Error, Result};
use crate::reads::cache;
use crate::worker::body;
use crate::worker::caller::{audit_reason, caller, intended_id};
use shared::actor::Actor;
use shared::cache::CachedProfile;
use shared::http::{KeptNotice, NewNotice, PlayerRelease};
use shared::id::{AuditId, NoticeId, PlayerId};
use shared::limits;
use shared::rpc::audit::AuditEntry;
use shared::rpc::player_notice::{NoticeAnswer, NoticeRequest};
use shared::service_key::Scope;
use shared::wire::notice::PlayerNotice;
use std::time::Duration;
use worker::{Context, Env, Request, Response};

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

/// Leaves a notice for a player. A repetition with the same `Idempotency-Key` returns the same notice. The action is in the
/// audit trail before it happens: without the region nothing changes.
pub async fn notify(mut request: Request, env: &Env, ctx: &Context, player: &str) -> Result<Response> {
    let actor = caller(env, request.headers(), Scope::Players).await?;
    let (player, detail) = (player_id(player)?, audit_reason(request.headers())?);
    let id = intended_id(request.headers(), &actor, NoticeId::derive, NoticeId::random)?;
    let NewNotice { body, ttl_s } = new_notice(&body::text(&mut request, limits::FRAME_BYTES_MAX).await?)?;
    let known = cache::profiles(env, ctx, std::slice::from_ref(&player)).await?;
    if !matches!(known.held.get(&player).map(|held| &held.profile), Some(CachedProfile::Profile { .. })) {
        return Err(unknown(&player));
    }
    let (now, by) = (clock::now(), actor.by);
    let action = "players.notify".to_owned();
    let audit = AuditId::derive(&[&action, player.as_str(), id.as_str()]);
    let (of, room) = (Some(player.clone()), None);
    let entry = AuditEntry { id: audit, at: now, by: by.clone(), action, room, player: of, detail };
    let notice = PlayerNotice { id, ts: now, by, until: now + Duration::from_secs(ttl_s), body };
    let mut request = NoticeRequest { notice, audited: false };
    let mut answer = object_rpc::notify_player(env, &player, &request).await?;
    if answer == NoticeAnswer::New {
        region::audit(env, &entry).await?;
        request.audited = true;
        answer = object_rpc::notify_player(env, &player, &request).await?;
    }
    match answer {
        NoticeAnswer::Kept { created, connected } => {
            let kept = KeptNotice { notice: request.notice.id, connected };
            Ok(Response::from_json(&kept)?.with_status(if created { 201 } else { 200 }))
        }
        NoticeAnswer::Full => {
            let most = limits::NOTICES_UNREAD_MAX;
            let detail = format!("The player has {most} unread notices. Wait until some are read or expire.");
            Err(Error::refused(409, "full", detail))
        }
        NoticeAnswer::Erased => Err(unknown(&player)),
        NoticeAnswer::New => Err(Error::Internal(format!("the object of {player} kept no audited notice"))),
    }
}

/// Reads a notice, and checks it against its limits.
fn new_notice(text: &str) -> Result<NewNotice> {
    let bad = |detail: String| Error::refused(400, "bad_field", detail);
    let notice: NewNotice =
        serde_json::from_str(text).map_err(|error| bad(format!("The body is `{{\"body\":…}}`: {error}.")))?;
    let (bytes, most) = (notice.body.to_string().len(), limits::NOTICE_BYTES_MAX);
    if bytes > most {
        return Err(Error::refused(413, "too_long", format!("body: {bytes} bytes of JSON; at most {most}.")));
    }
    let longest = limits::NOTICE_TTL_MAX.as_secs();
    if !(1..=longest).contains(&notice.ttl_s) {
        return Err(bad(format!("ttl_s: {}; from 1 to {longest} seconds.", notice.ttl_s)));
    }
    Ok(notice)
}

fn unknown(player: &PlayerId) -> Error {
    Error::refused(404, "player_not_found", format!("The player `{player}` does not exist."))
}

/// Reads the player of a path.
pub fn player_id(text: &str) -> Result<PlayerId> {
    text.parse().map_err(|error| Error::refused(400, "bad_id", format!("player: {error}.")))
}
