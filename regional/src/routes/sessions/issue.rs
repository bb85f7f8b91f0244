//! Issues sessions: a session row, its first refresh secret and the token pair.

use crate::app::App;
use crate::clock::random_bytes;
use crate::domain::session::{Device, Secret, Session};
use crate::error::Error;
use serde::Serialize;
use shared::id::{PlayerId, SessionId};
use shared::limits;
use shared::time::Time;
use utoipa::ToSchema;

/// The tokens of a session, as the client receives them.
#[derive(Serialize, ToSchema)]
pub struct TokenPair {
    player: PlayerId,
    sid: SessionId,
    access_token: String,
    /// The lifetime of the access token in seconds.
    expires_in: u64,
    refresh_token: String,
}

impl TokenPair {
    /// Returns the player of the session.
    #[must_use]
    pub fn player(&self) -> &PlayerId {
        &self.player
    }
}

/// Creates a session that is not stored yet, and its first refresh secret.
pub fn new_session(
    app: &App,
    player: &PlayerId,
    epoch: u64,
    device: Device,
    now: Time,
) -> Result<(Session, Secret), Error> {
    let sid = SessionId::random(random_bytes()?);
    let secret = app.tokens.first_secret(&sid, random_bytes()?);
    let secret = secret.ok_or(Error::NoEntropy)?;
    let lifetime = app.config.people.lifetime;
    let ends = now + lifetime.age;
    let session = Session {
        sid,
        player: player.clone(),
        epoch,
        current: secret.hash(),
        previous: None,
        attempt: None,
        rotated: now,
        created: now,
        expires: lifetime.expires(ends, now),
        ends,
        device,
        revoked: None,
    };
    Ok((session, secret))
}

/// Returns the token pair of a session: a new access token, and the refresh token for `secret`.
#[must_use]
pub fn token_pair(app: &App, session: &Session, secret: &Secret, now: Time) -> TokenPair {
    // Before the access token, which has the scopes of the player.
    app.config.people.operators.sign_in(&session.player);
    TokenPair {
        player: session.player.clone(),
        sid: session.sid.clone(),
        access_token: app.tokens.access_token(&session.player, &session.sid, session.epoch, now),
        expires_in: limits::ACCESS_TOKEN_TTL.as_secs(),
        refresh_token: secret.token(&session.sid),
    }
}
