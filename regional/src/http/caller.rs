//! The authenticated caller: a player whose session is active, who is not banned, or who is an operator.
//!
//! The signature of an access token is valid for ten minutes whatever happens meanwhile. Every route that acts
//! for its caller, reads included, therefore reads the player's profile row and session with strong
//! consistency, so that the end of a login and a ban count from the next request on.

use crate::app::App;
use crate::domain::profile::Profile;
use crate::domain::status::Status;
use crate::error::code::Code;
use crate::error::{Fault, Refusal};
use crate::http::bearer::Bearer;
use crate::http::service::Service;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use shared::actor::Actor;
use shared::id::{PlayerId, SessionId};
use shared::service_key::Scope;
use shared::token::Claims;

/// A player with an active session who is not banned.
#[derive(Debug, Clone)]
pub struct ActivePlayer {
    pub player: PlayerId,
    pub sid: SessionId,
    pub status: Status,
    pub profile: Profile,
}

/// A player with an active session, banned or not: for what a banned player may still read, and the appeal.
#[derive(Debug, Clone)]
pub struct SignedIn {
    pub player: PlayerId,
    pub sid: SessionId,
    pub status: Status,
    /// The profile as it was read together with the status.
    pub profile: Profile,
}

/// A caller of the service API: an active player that `OPERATORS` or `MODERATORS` names, or a service with a key.
///
/// The scopes of an operator are those of the configuration, not of the token: a removed operator has none from the next
/// request on.
#[derive(Debug, Clone)]
pub struct Acting(pub Actor);

/// An operator or a service with the scope `moderation`.
#[derive(Debug, Clone)]
pub struct Moderator(pub PlayerId);

impl FromRequestParts<App> for SignedIn {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Fault> {
        let Bearer(claims) = <Bearer as FromRequestParts<App>>::from_request_parts(parts, app).await?;
        Self::verify(app, claims).await
    }
}

impl FromRequestParts<App> for ActivePlayer {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Fault> {
        let SignedIn { player, sid, status, profile } = SignedIn::from_request_parts(parts, app).await?;
        if status.banned(app.clock.now()) {
            let detail =
                "This account is banned. `GET /v1/bans/me` returns the reason and the end of the ban.";
            return Err(Refusal::new(Code::Banned, detail).into());
        }
        Ok(Self { player, sid, status, profile })
    }
}

impl FromRequestParts<App> for Acting {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Fault> {
        let (player, actor) = acting(parts, app).await?;
        Ok(Self(actor.ok_or_else(|| {
            let detail =
                format!("The player `{player}` is no operator. The region's `OPERATORS` names them.");
            Refusal::new(Code::ScopeMissing, detail).field("Authorization")
        })?))
    }
}

impl FromRequestParts<App> for Moderator {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Fault> {
        let (by, actor) = acting(parts, app).await?;
        let actor = actor.ok_or_else(|| {
            let detail = "This route is for moderators. The region's `OPERATORS` or `MODERATORS` names them.";
            Refusal::new(Code::NotModerator, detail)
        })?;
        actor.require(Scope::Moderation)?;
        Ok(Self(by))
    }
}

/// Returns the name of the caller, and the caller as an actor; none, it is a player who is no operator.
async fn acting(parts: &mut Parts, app: &App) -> Result<(PlayerId, Option<Actor>), Fault> {
    if let Some(Service(actor)) = Service::of(parts, app)? {
        return Ok((actor.by.clone(), Some(actor)));
    }
    let ActivePlayer { player, .. } = ActivePlayer::from_request_parts(parts, app).await?;
    let scopes = app.config.people.operators.scopes(&player);
    let actor = scopes.map(|scopes| Actor::operator(player.clone(), scopes.clone()));
    Ok((player, actor))
}

impl SignedIn {
    /// Verifies that the login of a token has not ended.
    pub async fn verify(app: &App, claims: Claims) -> Result<Self, Fault> {
        let Claims { sub: player, sid, ep, .. } = claims;
        let (account, session) =
            tokio::try_join!(app.store.account_profile_strong(&player), app.store.session_strong(&sid))?;
        let active = session.is_some_and(|session| session.player == player && session.revoked.is_none());
        let Some((status, profile)) = account.filter(|(status, _)| active && status.epoch <= ep) else {
            let detail = "This session was ended. Create a new session with POST /v1/sessions.";
            return Err(Refusal::new(Code::SessionRevoked, detail).field("Authorization").into());
        };
        Ok(Self { player, sid, status, profile })
    }
}
