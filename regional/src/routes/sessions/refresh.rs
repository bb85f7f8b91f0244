//! The route that exchanges a refresh token for the next token pair.

use crate::app::App;
use crate::domain::lockout::Counter;
use crate::domain::session::{Presented, RefreshDecision, Secret, Session, attempt_hash, decide_refresh};
use crate::error::code::Code;
use crate::error::{Error, Fault, Refusal};
use crate::http::address::ClientAddress;
use crate::http::extract::Body;
use crate::http::idempotency::IdempotencyKey;
use crate::routes::lockout::count_event;
use crate::routes::sessions::issue::{TokenPair, token_pair};
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use shared::time::Time;
use utoipa::ToSchema;

/// The body of `POST /v1/sessions/refresh`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RefreshRequest {
    refresh_token: String,
}

/// The number of times that a decision is made. Between two of them there is at most one rotation and one
/// revocation.
const DECISIONS_MAX: u32 = 3;

/// Exchanges a refresh token for the next token pair.
#[utoipa::path(
    post,
    path = "/v1/sessions/refresh",
    operation_id = "refreshSession",
    tag = "sessions",
    params(
        ("Idempotency-Key" = Option<String>, Header, pattern = "^[!-~]{1,64}$", description = "A random key of this \
         attempt to refresh, stored before the request is sent. As long as the next refresh token is not used, a repeated \
         request with the same key returns the same pair, however late."),
    ),
    request_body = RefreshRequest,
    responses(
        (status = 200, body = TokenPair, description = "The next token pair."),
        (status = 401, description = "`refresh_invalid`, `refresh_reused`, `session_expired`, `session_revoked`"),
        (status = 403, description = "`banned`"),
    ),
)]
pub async fn refresh_session(
    State(app): State<App>,
    from: ClientAddress,
    key: Option<IdempotencyKey>,
    Body(body): Body<RefreshRequest>,
) -> Result<Json<TokenPair>, Fault> {
    let Some((sid, secret)) = Secret::parse(&body.refresh_token) else {
        return Err(forged(&app, &from).await);
    };
    let now = app.clock.now();
    let attempt = key.map(|IdempotencyKey(key)| attempt_hash(&key));
    let presented = Presented { hash: secret.hash(), issued: app.tokens.issued(&sid, &secret), attempt };
    let mut found = app.store.session_strong(&sid).await?;
    for _ in 0..DECISIONS_MAX {
        let Some(session) = found else {
            return Err(rejected(Code::RefreshInvalid));
        };
        let next = match decide_refresh(now, &session, &presented) {
            RefreshDecision::Rotate => match rotate(&app, &secret, &presented, &session, now).await? {
                Ok(next) => next,
                Err(current) => {
                    // Another request changed the session; decide again with its current state.
                    found = current;
                    continue;
                }
            },
            RefreshDecision::Repeat => repeat(&app, &secret, &session, now).await?,
            RefreshDecision::Reused => return Err(revoke_reused(&app, &session, now).await),
            RefreshDecision::Unknown => return Err(forged(&app, &from).await),
            RefreshDecision::Expired => return Err(rejected(Code::SessionExpired)),
            RefreshDecision::Revoked => return Err(rejected(Code::SessionRevoked)),
        };
        return Ok(Json(token_pair(&app, &session, &next, now)));
    }
    Err(Error::Contended { call: "refresh" }.into())
}

/// Replaces the secret of a session with the next one. `Err` holds the session as another request changed it.
async fn rotate(
    app: &App,
    secret: &Secret,
    presented: &Presented,
    session: &Session,
    now: Time,
) -> Result<Result<Secret, Option<Session>>, Fault> {
    admit(app, session, now).await?;
    let expires = app.config.people.lifetime.expires(session.ends, now);
    let next = app.tokens.next_secrets(&session.sid, secret).into_iter().next();
    let next = next.ok_or(Error::NoEntropy)?;
    let rotated = app.store.rotate_session(&session.sid, presented, &next.hash(), now, expires).await?;
    Ok(rotated.map(|()| next))
}

/// Returns the current secret for a token that was rotated moments ago or by the same attempt, because its
/// response may be lost.
async fn repeat(app: &App, secret: &Secret, session: &Session, now: Time) -> Result<Secret, Fault> {
    admit(app, session, now).await?;
    let mut next = app.tokens.next_secrets(&session.sid, secret).into_iter();
    // No key matches if the signing key that derived the successor was withdrawn since.
    next.find(|next| next.hash() == session.current).ok_or_else(|| rejected(Code::RefreshInvalid))
}

/// Revokes a session whose spent refresh token was presented again: the token may be stolen.
async fn revoke_reused(app: &App, session: &Session, now: Time) -> Fault {
    let (sid, player) = (&session.sid, &session.player);
    tracing::warn!(%sid, %player, "a spent refresh token was presented: the session is revoked");
    match app.store.revoke_session(sid, now).await {
        Ok(()) => rejected(Code::RefreshReused),
        Err(error) => error.into(),
    }
}

/// Counts a forged token against the client address.
async fn forged(app: &App, from: &ClientAddress) -> Fault {
    match count_event(app, &Counter::AddressFailures(from.0.clone())).await {
        Ok(()) => rejected(Code::RefreshInvalid),
        Err(fault) => fault,
    }
}

/// Rejects a player who was erased, banned or signed out everywhere. A change that races this check is
/// harmless, because the new token carries the epoch that was read here.
async fn admit(app: &App, session: &Session, now: Time) -> Result<(), Fault> {
    let Some(status) = app.store.status_strong(&session.player).await? else {
        return Err(rejected(Code::SessionRevoked));
    };
    if status.epoch > session.epoch {
        return Err(rejected(Code::SessionRevoked));
    }
    if status.banned(now) {
        return Err(Refusal::new(Code::Banned, "This account is banned.").into());
    }
    Ok(())
}

fn rejected(code: Code) -> Fault {
    let detail = "The session cannot be refreshed. Create a new session with POST /v1/sessions.";
    Refusal::new(code, detail).field("refresh_token").into()
}
