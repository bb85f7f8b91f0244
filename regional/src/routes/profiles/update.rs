//! The routes that change a profile: the owner's update and the tier that the service sets.

use crate::app::App;
use crate::clock::random_bytes;
use crate::domain::profile::{self, Profile};
use crate::error::code::Code;
use crate::error::refusals::player_not_found;
use crate::error::{Error, Fault, Refusal};
use crate::http::caller::ActivePlayer;
use crate::http::extract::{Body, PathPlayer, joined};
use crate::routes::audit::action_on;
use crate::routes::profiles::view::{ProfileView, respond};
use crate::store::profiles::EditOutcome;
use crate::store::retry::DECISION_ATTEMPTS;
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::IF_MATCH;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use shared::http::entity_tag::{ProfileViewKind, TagCondition, profile_tag};
use shared::id::{PlayerId, base32};
use utoipa::ToSchema;

/// The body of `PUT /internal/v1/players/{player}/tier`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTier {
    // Required: a body without it must not take a tier away.
    #[serde(deserialize_with = "Option::deserialize")]
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
    params(("If-Match" = crate::schemas::EntityTag, Header, description = "The `ETag` of the profile that the client read; `*` for any version; 428 without it.")),
    request_body = crate::schemas::ProfileUpdate,
    responses(
        (status = 200, body = ProfileView, description = "The updated profile.", headers(("ETag" = String, description = "The entity tag of this view of the profile at its version."))),
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
    let condition = expected_versions(&headers)?;
    let edit = base32(&random_bytes::<16>()?);
    let now = app.clock.now();
    let mut stored = caller.profile;
    for _ in 0..DECISION_ATTEMPTS {
        let next = profile::edit::apply_patch(&stored, &patch)?;
        if !admits(&condition, &stored) {
            return Err(version_changed(&stored).into());
        }
        if next == stored {
            return Ok(respond(&app, &stored, ProfileViewKind::Own, &HeaderMap::new()));
        }
        stored = match app.store.edit_profile(&next, now, &edit).await? {
            EditOutcome::Done(profile) => {
                return Ok(respond(&app, &profile, ProfileViewKind::Own, &HeaderMap::new()));
            }
            EditOutcome::NotFound => return Err(player_not_found(&caller.player).into()),
            // Another edit came between. Its version has another tag, which only `*` admits.
            EditOutcome::Conflict(profile) => profile,
        };
    }
    Err(Error::Contended { call: "update_profile" }.into())
}

/// Sets the tier that a player has paid for.
///
/// Only internal services may set it, so the request is signed. Each signature is accepted once: a repetition is
/// signed again.
#[utoipa::path(
    put,
    path = "/internal/v1/players/{player}/tier",
    operation_id = "setTier",
    tag = "internal",
    params(("player" = PlayerId, Path, description = "A player.")),
    request_body = NewTier,
    responses(
        (status = 200, body = PlayerTier, description = "The new tier."),
        (status = 401, description = "`unsigned`, `signature_invalid`, `signature_stale`, `signature_used`"),
        (status = 404, description = "`player_not_found`"),
    ),
    security(("signature" = [])),
)]
pub async fn set_tier(
    State(app): State<App>,
    PathPlayer(player): PathPlayer,
    Body(body): Body<NewTier>,
) -> Result<Json<PlayerTier>, Fault> {
    Ok(Json(change_tier(&app, player, body, None).await?))
}

/// Sets the tier of a player. The audit trail gets the action of a service, `by`, if the tier changes.
pub async fn change_tier(
    app: &App,
    player: PlayerId,
    body: NewTier,
    by: Option<&PlayerId>,
) -> Result<PlayerTier, Fault> {
    let tier = body.tier.as_deref().map(profile::edit::check_tier).transpose()?;
    let (now, detail) = (app.clock.now(), tier.as_deref().unwrap_or("none"));
    let audit = by.map(|by| action_on(app, by, "PUT /v1/players/{player}/tier", &player, detail));
    let audit = audit.transpose()?;
    let version = app.store.set_tier(&player, tier.as_deref(), now, audit.as_ref()).await?;
    let version = version.ok_or_else(|| player_not_found(&player))?;
    Ok(PlayerTier { player, tier, version })
}

fn version_changed(profile: &Profile) -> Refusal {
    let detail = "The profile has changed, or `If-Match` names a tag that is not its own. Read it again, and repeat the \
         update with the new `ETag`.";
    let refusal = Refusal::new(Code::VersionChanged, detail).field("If-Match");
    Refusal { etag: Some(profile_tag(&profile.player, ProfileViewKind::Own, profile.version)), ..refusal }
}

/// Reads the condition of the `If-Match` header.
fn expected_versions(headers: &HeaderMap) -> Result<TagCondition, Refusal> {
    let Some(header) = joined(headers, IF_MATCH) else {
        let detail = "Send the `ETag` of the profile that you read as `If-Match`, or `*` for any version.";
        return Err(Refusal::new(Code::VersionRequired, detail).field("If-Match"));
    };
    TagCondition::parse(&header).ok_or_else(|| {
        let detail = "Send `*`, or entity tags in quotes, separated by commas.";
        Refusal::new(Code::BadIfMatch, detail).field("If-Match")
    })
}

/// Returns whether a condition admits a change of this profile. Both views have the same version, so the tag of
/// either one stands for it.
fn admits(condition: &TagCondition, profile: &Profile) -> bool {
    let tag = |kind| profile_tag(&profile.player, kind, profile.version);
    let mut tags = [ProfileViewKind::Own, ProfileViewKind::Public].map(tag).into_iter();
    tags.any(|tag| condition.matches_strongly(&tag))
}
