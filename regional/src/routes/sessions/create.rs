//! The route that creates a session for a new guest or for the bearer of an id token.

use crate::app::App;
use crate::clock::random_bytes;
use crate::domain::profile::Profile;
use crate::domain::profile::edit::check_name;
use crate::domain::session::Device;
use crate::error::code::Code;
use crate::error::{Fault, Refusal};
use crate::http::address::ClientAddress;
use crate::http::extract::Body;
use crate::http::service::Service;
use crate::routes::sessions::external::{self, External};
use crate::routes::sessions::id_token::sign_in;
use crate::routes::sessions::issue::{TokenPair, new_session, token_pair};
use axum::Json;
use axum::extract::State;
use axum::http::header::USER_AGENT;
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use shared::id::PlayerId;
use utoipa::ToSchema;

/// The body of `POST /v1/sessions`: one of `guest`, `id_token` and `external`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSession {
    guest: Option<Guest>,
    #[schema(value_type = Option<crate::schemas::IdToken>)]
    id_token: Option<String>,
    /// A user of the operator's own backend; requires a service key with the scope `sessions`.
    external: Option<External>,
    /// The nonce that the app sent to the provider for this login. Required if the id token has one, and equal to it.
    nonce: Option<String>,
    /// The name of the device; its owner sees it in the list of sessions.
    label: Option<String>,
}

/// A player without an account at a provider.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Guest {
    #[schema(value_type = crate::schemas::DisplayName)]
    name: String,
}

/// Creates a session for a new guest, an account at a provider, or a user of your own backend.
#[utoipa::path(
    post,
    path = "/v1/sessions",
    operation_id = "createSession",
    tag = "sessions",
    request_body = NewSession,
    responses(
        (status = 201, body = TokenPair, description = "The tokens of the new session."),
        (status = 401, description = "`id_token_invalid`, `id_token_expired`, `id_token_issuer`, `id_token_audience`, `id_token_nonce`, `token_missing`, `token_invalid`"),
        (status = 403, description = "`guests_off`, `no_identity_provider`, `banned`, `scope_missing`"),
        (status = 404, description = "`player_not_found`"),
    ),
)]
pub async fn create_session(
    State(app): State<App>,
    from: ClientAddress,
    service: Option<Service>,
    headers: HeaderMap,
    Body(body): Body<NewSession>,
) -> Result<(StatusCode, Json<TokenPair>), Fault> {
    let agent = headers.get(USER_AGENT);
    let agent = agent.and_then(|value| value.to_str().ok());
    let device = Device::new(agent, body.label.as_deref());
    let pair = match (body.guest, body.id_token, body.external) {
        (Some(guest), None, None) => create_guest(&app, &guest, device).await?,
        (None, Some(token), None) => {
            let nonce = body.nonce.as_deref();
            sign_in(&app, &token, nonce, device, &from).await?
        }
        (None, None, Some(user)) => external::create(&app, service, user, device).await?,
        (Some(_), Some(_), _) | (Some(_), _, Some(_)) | (_, Some(_), Some(_)) | (None, None, None) => {
            let detail = "Send one of `guest`, `id_token` and `external`.";
            return Err(Refusal::new(Code::BadBody, detail).field("guest").into());
        }
    };
    Ok((StatusCode::CREATED, Json(pair)))
}

async fn create_guest(app: &App, guest: &Guest, device: Device) -> Result<TokenPair, Fault> {
    if !app.config.guests {
        let detail = "Guest sessions are disabled in this region. Sign in with an identity provider.";
        return Err(Refusal::new(Code::GuestsOff, detail).field("guest").into());
    }
    let now = app.clock.now();
    let name = check_name("guest.name", &guest.name)?;
    let profile = Profile::new(PlayerId::random(random_bytes()?), name, now);
    let (session, secret) = new_session(app, &profile.player, profile.epoch, device, now)?;
    app.store.add_player(&profile, &session).await?;
    Ok(token_pair(app, &session, &secret, now))
}
