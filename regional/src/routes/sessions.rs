//! How one comes by a session, and keeps it.

use super::App;
use super::accounts::{count, exchange};
use crate::clock::chance;
use crate::error::{Error, Fault, Refusal};
use crate::http::address::Address;
use crate::http::extract::Body;
use crate::http::problem::Code;
use crate::lockout::ADDRESS;
use crate::profile::{Profile, name};
use crate::session::{Device, Secret, Session, Verdict, decide};
use axum::Json;
use axum::extract::State;
use axum::http::header::USER_AGENT;
use axum::http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use shared::caps;
use shared::id::{PlayerId, SessionId};
use shared::time::Time;
use utoipa::ToSchema;

/// `POST /v1/sessions`: one of the two.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Begin {
    guest: Option<Guest>,
    #[schema(value_type = Option<crate::openapi::IdToken>)]
    id_token: Option<String>,
    /// What the app gave the provider for this login; it must come back in the id token.
    nonce: Option<String>,
    /// What the device is called: its owner sees it among their logins.
    label: Option<String>,
}

/// Somebody without an account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Guest {
    #[schema(value_type = crate::openapi::DisplayName)]
    name: String,
}

/// `POST /v1/sessions/refresh`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Refresh {
    refresh_token: String,
}

/// A session, as it is handed out.
#[derive(Serialize, ToSchema)]
pub struct Pair {
    player: PlayerId,
    sid: SessionId,
    access_token: String,
    /// Seconds.
    expires_in: u64,
    refresh_token: String,
}

/// Begins a session: for a new guest, or for whom an id token names.
#[utoipa::path(
    post,
    path = "/v1/sessions",
    operation_id = "sessions_begin",
    tag = "sessions",
    request_body = Begin,
    responses(
        (status = 201, body = Pair, description = "A session."),
        (status = 401, description = "`id_token_invalid`, `id_token_expired`, `id_token_issuer`, `id_token_audience`, `id_token_nonce`"),
        (status = 403, description = "`guests_off`, `no_identity_provider`, `banned`"),
        (status = 404, description = "`player_not_found`"),
    ),
)]
pub async fn begin(
    State(app): State<App>,
    from: Address,
    headers: HeaderMap,
    Body(body): Body<Begin>,
) -> Result<(StatusCode, Json<Pair>), Fault> {
    let agent = headers.get(USER_AGENT);
    let agent = agent.and_then(|value| value.to_str().ok());
    let device = Device::new(agent, body.label.as_deref());
    let pair = match (body.guest, body.id_token) {
        (Some(guest), None) => visit(&app, &guest, device).await?,
        (None, Some(token)) => {
            let nonce = body.nonce.as_deref();
            exchange(&app, &token, nonce, device, &from).await?
        }
        (Some(_), Some(_)) | (None, None) => {
            let detail = "Send either `guest` or `id_token`.";
            return Err(Refusal::new(Code::BadBody, detail).field("guest").into());
        }
    };
    Ok((StatusCode::CREATED, Json(pair)))
}

async fn visit(app: &App, guest: &Guest, device: Device) -> Result<Pair, Fault> {
    if !app.config.guests {
        let detail = "Guest sessions are off here. Sign in with an identity provider.";
        return Err(Refusal::new(Code::GuestsOff, detail).field("guest").into());
    }
    let now = app.clock.now();
    let name = name("guest.name", &guest.name)?;
    let profile = Profile::new(PlayerId::random(chance()?), name, now);
    let (session, secret) = login(app, &profile.player, profile.epoch, device, now)?;
    app.store.add_player(&profile, &session).await?;
    Ok(begun(app, &session, &secret, now))
}

/// A new login of somebody, not yet stored, and its first secret.
pub(super) fn login(
    app: &App,
    player: &PlayerId,
    epoch: u64,
    device: Device,
    now: Time,
) -> Result<(Session, Secret), Error> {
    let sid = SessionId::random(chance()?);
    let secret = app.mint.first_secret(&sid, chance()?);
    let secret = secret.ok_or(Error::Chance)?;
    let lifetime = app.config.people.lifetime;
    let ends = now + lifetime.age;
    let session = Session {
        sid,
        player: player.clone(),
        epoch,
        current: secret.hash(),
        previous: None,
        rotated: now,
        created: now,
        expires: lifetime.expires(ends, now),
        ends,
        device,
        revoked: None,
    };
    Ok((session, secret))
}

/// Hands out the next pair for a refresh token.
#[utoipa::path(
    post,
    path = "/v1/sessions/refresh",
    operation_id = "sessions_refresh",
    tag = "sessions",
    request_body = Refresh,
    responses(
        (status = 200, body = Pair, description = "The next pair."),
        (status = 401, description = "`refresh_invalid`, `refresh_reused`, `session_expired`, `session_revoked`"),
        (status = 403, description = "`banned`"),
    ),
)]
pub async fn refresh(
    State(app): State<App>,
    from: Address,
    Body(body): Body<Refresh>,
) -> Result<Json<Pair>, Fault> {
    let forged = async || {
        count(&app, &format!("address:{}", from.0), ADDRESS).await?;
        Err(refused(Code::RefreshInvalid))
    };
    let Some((sid, secret)) = Secret::of(&body.refresh_token) else {
        return forged().await;
    };
    let now = app.clock.now();
    let (presented, issued) = (secret.hash(), app.mint.issued(&sid, &secret));
    let mut found = app.store.session_strong(&sid).await?;
    // Whoever loses a race decides again with the winner's session: at most a rotation and a revocation come between.
    for _ in 0..3 {
        let Some(session) = found else {
            return Err(refused(Code::RefreshInvalid));
        };
        let next = match decide(now, &session, &presented, issued) {
            Verdict::Rotate => {
                admit(&app, &session, now).await?;
                let expires = app.config.people.lifetime.expires(session.ends, now);
                let next = app.mint.next_secrets(&sid, &secret).into_iter().next();
                let next = next.ok_or(Error::Chance)?;
                let done = app.store.rotate_session(&sid, &presented, &next.hash(), now, expires).await?;
                match done {
                    Ok(()) => next,
                    Err(current) => {
                        found = current;
                        continue;
                    }
                }
            }
            Verdict::Again => {
                admit(&app, &session, now).await?;
                let mut next = app.mint.next_secrets(&sid, &secret).into_iter();
                // None where the keys were exchanged within these seconds.
                next.find(|next| next.hash() == session.current)
                    .ok_or_else(|| refused(Code::RefreshInvalid))?
            }
            Verdict::Reused => {
                tracing::warn!(%sid, player = %session.player, "a spent refresh token came again: session ended");
                app.store.revoke_session(&sid, now).await?;
                return Err(refused(Code::RefreshReused));
            }
            Verdict::Unknown => return forged().await,
            Verdict::Expired => return Err(refused(Code::SessionExpired)),
            Verdict::Revoked => return Err(refused(Code::SessionRevoked)),
        };
        return Ok(Json(begun(&app, &session, &next, now)));
    }
    Err(Error::Contended { call: "refresh" }.into())
}

/// Whether the player may still come in. A change that races this is harmless: the token carries the epoch read here.
async fn admit(app: &App, session: &Session, now: Time) -> Result<(), Fault> {
    let Some(status) = app.store.status_strong(&session.player).await? else {
        return Err(refused(Code::SessionRevoked));
    };
    if status.epoch > session.epoch {
        return Err(refused(Code::SessionRevoked));
    }
    if status.banned(now) {
        return Err(Refusal::new(Code::Banned, "This account may not play for now.").into());
    }
    Ok(())
}

fn refused(code: Code) -> Fault {
    Refusal::new(code, "Begin a new session with POST /v1/sessions.").field("refresh_token").into()
}

/// A session, as it is handed out.
pub(super) fn begun(app: &App, session: &Session, secret: &Secret, now: Time) -> Pair {
    Pair {
        player: session.player.clone(),
        sid: session.sid.clone(),
        access_token: app.mint.access(&session.player, &session.sid, session.epoch, now),
        expires_in: caps::TOKEN.as_secs(),
        refresh_token: secret.token(&session.sid),
    }
}
