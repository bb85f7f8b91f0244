//! Who asks and may: the bearer of an access token whose session goes on, who is not banned, who is a moderator.
//!
//! An access token is good for ten minutes whatever happens meanwhile, and reading things with it is harmless. What
//! changes something asks the store: a session that was ended, or a ban, counts at once.

use crate::error::{Fault, Refusal};
use crate::http::bearer::Bearer;
use crate::http::problem::Code;
use crate::routes::App;
use crate::status::Status;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use shared::id::{PlayerId, SessionId};

/// Somebody whose login goes on and who is not banned.
#[derive(Debug, Clone)]
pub struct Active {
    /// Who.
    pub player: PlayerId,
    /// By which login.
    pub sid: SessionId,
    /// Where they stand.
    pub status: Status,
}

/// Somebody whose login goes on, banned or not: for the one thing that is left to the banned.
#[derive(Debug, Clone)]
pub struct Here {
    /// Who.
    pub player: PlayerId,
    /// Where they stand.
    pub status: Status,
}

/// One of those whom `MODERATORS` names.
#[derive(Debug, Clone)]
pub struct Moderator(pub PlayerId);

impl FromRequestParts<App> for Here {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Fault> {
        let (here, _) = here(parts, app).await?;
        Ok(here)
    }
}

impl FromRequestParts<App> for Active {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Fault> {
        let (Here { player, status }, sid) = here(parts, app).await?;
        if status.banned(app.clock.now()) {
            let detail = "This account may not do this for now. `GET /v1/bans/me` says why and until when.";
            return Err(Refusal::new(Code::Banned, detail).into());
        }
        Ok(Self { player, sid, status })
    }
}

impl FromRequestParts<App> for Moderator {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Fault> {
        let active = Active::from_request_parts(parts, app).await?;
        if !app.config.people.moderators.contains(&active.player) {
            let detail = "This is for moderators; the region's `MODERATORS` names them.";
            return Err(Refusal::new(Code::NotModerator, detail).into());
        }
        Ok(Self(active.player))
    }
}

async fn here(parts: &mut Parts, app: &App) -> Result<(Here, SessionId), Fault> {
    let Bearer(claims) = <Bearer as FromRequestParts<App>>::from_request_parts(parts, app).await?;
    let (status, session) =
        tokio::try_join!(app.store.status_strong(&claims.sub), app.store.session_strong(&claims.sid),)?;
    let goes_on = session.is_some_and(|session| session.player == claims.sub && session.revoked.is_none());
    let status = status.filter(|status| goes_on && status.epoch <= claims.ep);
    let Some(status) = status else {
        let detail = "This login was ended. Begin a new session with POST /v1/sessions.";
        return Err(Refusal::new(Code::SessionRevoked, detail).field("Authorization").into());
    };
    let player = claims.sub;
    Ok((Here { player, status }, claims.sid))
}
