//! The authenticated caller: a player whose session is active, who is not banned, or who is a moderator.
//!
//! An access token is valid for ten minutes whatever happens meanwhile, and reads accept it as such. Routes
//! that change something read the player's status and session with strong consistency, so that a revocation
//! or a ban counts at once.

use crate::app::App;
use crate::domain::status::Status;
use crate::error::code::Code;
use crate::error::{Fault, Refusal};
use crate::http::bearer::Bearer;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use shared::id::{PlayerId, SessionId};

/// A player with an active session who is not banned.
#[derive(Debug, Clone)]
pub struct ActivePlayer {
    pub player: PlayerId,
    pub sid: SessionId,
    pub status: Status,
}

/// A player with an active session, banned or not: for the few routes that a banned player may use.
#[derive(Debug, Clone)]
pub struct SignedIn {
    pub player: PlayerId,
    pub status: Status,
}

/// An active player that `MODERATORS` names.
#[derive(Debug, Clone)]
pub struct Moderator(pub PlayerId);

impl FromRequestParts<App> for SignedIn {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Fault> {
        let (caller, _) = signed_in(parts, app).await?;
        Ok(caller)
    }
}

impl FromRequestParts<App> for ActivePlayer {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Fault> {
        let (SignedIn { player, status }, sid) = signed_in(parts, app).await?;
        if status.banned(app.clock.now()) {
            let detail =
                "This account is banned. `GET /v1/bans/me` returns the reason and the end of the ban.";
            return Err(Refusal::new(Code::Banned, detail).into());
        }
        Ok(Self { player, sid, status })
    }
}

impl FromRequestParts<App> for Moderator {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Fault> {
        let active = ActivePlayer::from_request_parts(parts, app).await?;
        if !app.config.people.moderators.contains(&active.player) {
            let detail = "This route is for moderators. The region's `MODERATORS` variable names them.";
            return Err(Refusal::new(Code::NotModerator, detail).into());
        }
        Ok(Self(active.player))
    }
}

async fn signed_in(parts: &mut Parts, app: &App) -> Result<(SignedIn, SessionId), Fault> {
    let Bearer(claims) = <Bearer as FromRequestParts<App>>::from_request_parts(parts, app).await?;
    let (status, session) =
        tokio::try_join!(app.store.status_strong(&claims.sub), app.store.session_strong(&claims.sid),)?;
    let active = session.is_some_and(|session| session.player == claims.sub && session.revoked.is_none());
    let status = status.filter(|status| active && status.epoch <= claims.ep);
    let Some(status) = status else {
        let detail = "This session was ended. Create a new session with POST /v1/sessions.";
        return Err(Refusal::new(Code::SessionRevoked, detail).field("Authorization").into());
    };
    let player = claims.sub;
    Ok((SignedIn { player, status }, claims.sid))
}
