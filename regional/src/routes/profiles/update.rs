//! The routes that change a profile: the owner's update and the tier that the service sets.

use crate::app::App;
use crate::clock::random_bytes;
use crate::domain::profile::{self, Profile};
use crate::error::code::Code;
use crate::error::refusals::player_not_found;
use crate::error::{Fault, Refusal};
use crate::http::caller::ActivePlayer;
use crate::http::extract::{Body, PathPlayer};
use crate::routes::profiles::view::{ProfileView, respond};
use crate::store::profiles::EditOutcome;
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::IF_MATCH;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use shared::id::{PlayerId, base32};
use utoipa::ToSchema;

/// The body of `PUT /internal/v1/players/{player}/tier`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTier {
    #[schema(value_type = crate::schemas::TierName)]
    tier: Option<String>,
}

/// The tier of a player after a change.
#[derive(Serialize, ToSchema)]
pub struct PlayerTier {
    player: PlayerId,
    tier: Option<String>,
    /// The version of the profile after the change.
    version: u64,
}

/// Updates the caller's profile, if it still has the version that the client read.
#[utoipa::path(
    patch,
    path = "/v1/profiles/me",
    operation_id = "updateProfile",
    tag = "profiles",
    params(("If-Match" = crate::schemas::EntityTag, Header, description = "The `ETag` of the profile that the client read, such as `\"3\"`; 428 without it.")),
    request_body = crate::schemas::ProfileUpdate,
    responses(
        (status = 200, body = ProfileView, description = "The updated profile.", headers(("ETag" = String, description = "The version, in quotes."))),
        (status = 403, description = "`banned`"),
        (status = 404, description = "`player_not_found`"),
        (status = 412, description = "`version_changed`"),
        (status = 428, description = "`version_required`"),
    ),
    security(("access_token" = [])),
)]
pub async fn update_profile(
    State(app): State<App>,
    caller: ActivePlayer,
    headers: HeaderMap,
    Body(patch): Body<Map<String, Value>>,
) -> Result<Response, Fault> {
    let version = expected_version(&headers)?;
    let player = caller.player;
    let stored = app.store.profile_strong(&player).await?;
    let stored = stored.ok_or_else(|| player_not_found(&player))?;
    let next = profile::edit::apply_patch(&stored, &patch)?;
    if stored.version != version {
        return Err(version_changed(&stored).into());
    }
    if next == stored {
        return Ok(respond(&app, &stored, true, &HeaderMap::new()));
    }
    let edit = base32(&random_bytes::<16>()?);
    match app.store.edit_profile(&next, app.clock.now(), &edit).await? {
        EditOutcome::Done(profile) => Ok(respond(&app, &profile, true, &HeaderMap::new())),
        EditOutcome::NotFound => Err(player_not_found(&player).into()),
        EditOutcome::Conflict(profile) => Err(version_changed(&profile).into()),
    }
}

/// Sets the tier that a player has paid for.
///
/// Only internal services may set it, so the request is signed.
#[utoipa::path(
    put,
    path = "/internal/v1/players/{player}/tier",
    operation_id = "setTier",
    tag = "internal",
    params(("player" = PlayerId, Path, description = "A player.")),
    request_body = NewTier,
    responses(
        (status = 200, body = PlayerTier, description = "The new tier."),
        (status = 404, description = "`player_not_found`"),
    ),
    security(("signature" = [])),
)]
pub async fn set_tier(
    State(app): State<App>,
    PathPlayer(player): PathPlayer,
    Body(body): Body<NewTier>,
) -> Result<Json<PlayerTier>, Fault> {
    let tier = body.tier.as_deref().map(profile::edit::check_tier).transpose()?;
    let now = app.clock.now();
    let version = app.store.set_tier(&player, tier.as_deref(), now).await?;
    let version = version.ok_or_else(|| player_not_found(&player))?;
    Ok(Json(PlayerTier { player, tier, version }))
}

fn version_changed(profile: &Profile) -> Refusal {
    let detail = "The profile has changed. Read it again, and repeat the update with the new `ETag`.";
    let refusal = Refusal::new(Code::VersionChanged, detail).field("If-Match");
    Refusal { version: Some(profile.version), ..refusal }
}

/// Returns the version that `If-Match` names. A tag that the region never issued matches no version, and
/// becomes 0.
fn expected_version(headers: &HeaderMap) -> Result<u64, Refusal> {
    let Some(header) = headers.get(IF_MATCH) else {
        let detail = "Send the `ETag` of the profile that you read as `If-Match`.";
        return Err(Refusal::new(Code::VersionRequired, detail).field("If-Match"));
    };
    let tag = header
        .to_str()
        .ok()
        .and_then(|text| text.trim().strip_prefix('"')?.strip_suffix('"'))
        .filter(|tag| !tag.contains('"'));
    let Some(tag) = tag else {
        let detail = "Send one strong entity tag in quotes, such as `\"3\"`, and no list, `*` or weak tag.";
        return Err(Refusal::new(Code::BadIfMatch, detail).field("If-Match"));
    };
    Ok(tag.parse().unwrap_or(0))
}
