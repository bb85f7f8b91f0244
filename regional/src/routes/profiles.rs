//! Reading profiles, and changing one's own.

use super::App;
use super::pictures::urls;
use crate::clock::chance;
use crate::error::{Fault, Refusal};
use crate::http::active::Active;
use crate::http::bearer::Bearer;
use crate::http::extract::{Body, Named, Query, player};
use crate::http::moment::rfc3339;
use crate::http::problem::{Code, etag};
use crate::profile::{self, Profile};
use crate::store::profiles::Edited;
use axum::Json;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, ETAG, IF_MATCH, IF_NONE_MATCH, VARY};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use shared::caps;
use shared::id::{PictureId, PlayerId, base32};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};

/// What everybody sees of somebody.
#[derive(Serialize, ToSchema)]
#[schema(as = Profile)]
pub struct View {
    player: PlayerId,
    /// Which version this is, as `ETag` names it: a list has no header for each.
    version: u64,
    name: String,
    bio: String,
    #[schema(value_type = crate::openapi::Attrs)]
    attrs: Map<String, Value>,
    pictures: Vec<Shown>,
    #[schema(value_type = crate::openapi::Moment)]
    created: String,
    /// What only they see, and write.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<crate::openapi::Attrs>)]
    private: Option<Map<String, Value>>,
    /// What only they see, and the service writes.
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<Account>,
}

/// A picture of somebody.
#[derive(Serialize, ToSchema)]
pub struct Shown {
    picture: PictureId,
    /// By the longest side, pixels.
    urls: BTreeMap<String, String>,
}

/// What the service says to somebody of themselves.
#[derive(Serialize, ToSchema)]
pub struct Account {
    #[schema(value_type = crate::openapi::Moment)]
    updated: String,
    tier: Option<String>,
    #[schema(value_type = Option<crate::openapi::Moment>)]
    banned_until: Option<String>,
}

/// `PUT /internal/v1/players/{player}/tier`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Tier {
    #[schema(value_type = crate::openapi::TierName)]
    tier: Option<String>,
}

/// What they have paid for now.
#[derive(Serialize, ToSchema)]
pub struct Tiered {
    player: PlayerId,
    tier: Option<String>,
    /// Of the profile.
    version: u64,
}

/// `GET /v1/profiles?ids=a,b`.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Ids {
    #[param(value_type = crate::openapi::Ids)]
    ids: String,
}

/// The answer to it: in the order asked, without those who are not there.
#[derive(Serialize, ToSchema)]
#[schema(as = Profiles)]
pub struct List {
    profiles: Vec<View>,
}

/// One profile: the public view, and the private part for its owner.
#[utoipa::path(
    get,
    path = "/v1/profiles/{player}",
    operation_id = "profiles_show",
    tag = "profiles",
    params(("player" = crate::openapi::Who, Path, description = "A player, or `me`."), ("If-None-Match" = Option<String>, Header, description = "An `ETag` that one has.")),
    responses(
        (status = 200, body = View, description = "The profile.", headers(("ETag" = String, description = "The version, in quotes."))),
        (status = 304, description = "As one has it."),
        (status = 404, description = "`player_not_found`"),
    ),
    security((), ("access_token" = [])),
)]
pub async fn show(
    State(app): State<App>,
    Named(named): Named,
    bearer: Option<Bearer>,
    headers: HeaderMap,
) -> Result<Response, Fault> {
    let own = bearer.map(|bearer| bearer.0.sub);
    let player = named.or_else(|| own.clone()).ok_or_else(missing)?;
    let profile = if own.as_ref() == Some(&player) {
        app.store.profile_strong(&player).await?
    } else {
        app.store.profile_eventual(&player).await?
    };
    let profile = profile.ok_or_else(|| gone(&player))?;
    Ok(one(&app, &profile, own.as_ref() == Some(&player), &headers))
}

/// One's own profile.
#[utoipa::path(
    get,
    path = "/v1/profiles/me",
    operation_id = "profiles_show_own",
    tag = "profiles",
    params(("If-None-Match" = Option<String>, Header, description = "An `ETag` that one has.")),
    responses(
        (status = 200, body = View, description = "The profile, with what only its owner sees.", headers(("ETag" = String, description = "The version, in quotes."))),
        (status = 304, description = "As one has it."),
        (status = 404, description = "`player_not_found`"),
    ),
    security(("access_token" = [])),
)]
pub async fn show_own(State(app): State<App>, bearer: Bearer, headers: HeaderMap) -> Result<Response, Fault> {
    let player = bearer.0.sub;
    let profile = app.store.profile_strong(&player).await?;
    Ok(one(&app, &profile.ok_or_else(|| gone(&player))?, true, &headers))
}

/// Several public views at once.
#[utoipa::path(
    get,
    path = "/v1/profiles",
    operation_id = "profiles_list",
    tag = "profiles",
    params(Ids),
    responses(
        (status = 200, body = List, description = "Those who are there, in the order asked."),
    ),
)]
pub async fn list(State(app): State<App>, Query(query): Query<Ids>) -> Result<Response, Fault> {
    let mut ids: Vec<PlayerId> = Vec::new();
    for text in query.ids.split(',') {
        let id = player(text).map_err(|refusal| refusal.field("ids"))?;
        if !ids.contains(&id) {
            ids.push(id);
        }
        if ids.len() > caps::PROFILES {
            let detail = format!("Ask for at most {} players at once.", caps::PROFILES);
            return Err(Refusal::new(Code::TooMany, detail).field("ids").limit(caps::PROFILES).into());
        }
    }
    let found = app.store.profiles_eventual(&ids).await?;
    let in_order = ids.iter().filter_map(|id| found.iter().find(|profile| profile.player == *id));
    let profiles = in_order.map(|profile| view(&app, profile, false)).collect();
    Ok(([(CACHE_CONTROL, PUBLIC)], Json(List { profiles })).into_response())
}

/// Changes one's own profile, if it is still as one last saw it.
#[utoipa::path(
    patch,
    path = "/v1/profiles/me",
    operation_id = "profiles_edit",
    tag = "profiles",
    params(("If-Match" = crate::openapi::Version, Header, description = "The `ETag` of the profile as one read it, such as `\"3\"`; without it 428.")),
    request_body = crate::openapi::Edit,
    responses(
        (status = 200, body = View, description = "The profile, changed.", headers(("ETag" = String, description = "The version, in quotes."))),
        (status = 403, description = "`banned`"),
        (status = 404, description = "`player_not_found`"),
        (status = 412, description = "`version_changed`"),
        (status = 428, description = "`version_required`"),
    ),
    security(("access_token" = [])),
)]
pub async fn edit(
    State(app): State<App>,
    active: Active,
    headers: HeaderMap,
    Body(patch): Body<Map<String, Value>>,
) -> Result<Response, Fault> {
    let version = expected(&headers)?;
    let player = active.player;
    let held = app.store.profile_strong(&player).await?;
    let held = held.ok_or_else(|| gone(&player))?;
    let next = profile::edit::edit(&held, &patch)?;
    if held.version != version {
        return Err(changed(&held).into());
    }
    if next == held {
        return Ok(one(&app, &held, true, &HeaderMap::new()));
    }
    let edit = base32(&chance::<16>()?);
    match app.store.edit_profile(&next, app.clock.now(), &edit).await? {
        Edited::Done(profile) => Ok(one(&app, &profile, true, &HeaderMap::new())),
        Edited::Gone => Err(gone(&player).into()),
        Edited::Changed(profile) => Err(changed(&profile).into()),
    }
}

/// Says what somebody has paid for: the service's to say, so it is signed.
#[utoipa::path(
    put,
    path = "/internal/v1/players/{player}/tier",
    operation_id = "profiles_set_tier",
    tag = "internal",
    params(("player" = PlayerId, Path, description = "Somebody else.")),
    request_body = Tier,
    responses(
        (status = 200, body = Tiered, description = "What they have paid for."),
        (status = 404, description = "`player_not_found`"),
    ),
    security(("signature" = [])),
)]
pub async fn set_tier(
    State(app): State<App>,
    Named(named): Named,
    Body(asked): Body<Tier>,
) -> Result<Json<Tiered>, Fault> {
    let player = named.ok_or_else(|| Refusal::new(Code::BadId, "Name the player here.").field("player"))?;
    let tier = asked.tier.as_deref().map(profile::edit::tier).transpose()?;
    let now = app.clock.now();
    let version = app.store.set_tier(&player, tier.as_deref(), now).await?;
    let version = version.ok_or_else(|| gone(&player))?;
    Ok(Json(Tiered { player, tier, version }))
}

fn changed(profile: &Profile) -> Refusal {
    let detail = "Read the profile again, decide whether the change still holds, and send its `ETag`.";
    let refusal = Refusal::new(Code::VersionChanged, detail).field("If-Match");
    Refusal { version: Some(profile.version), ..refusal }
}

/// The public view may be kept for a while; the edge drops it when it changes.
const PUBLIC: &str = "public, max-age=60";
const PRIVATE: &str = "private, no-cache";

fn one(app: &App, profile: &Profile, own: bool, asked: &HeaderMap) -> Response {
    let tag = etag(profile.version);
    let known = asked
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|list| list.split(','))
        .map(str::trim)
        .map(|one| one.strip_prefix("W/").unwrap_or(one))
        .any(|one| one == "*" || tag.as_ref().is_some_and(|tag| tag == one));
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        Json(view(app, profile, own)).into_response()
    };
    let headers = response.headers_mut();
    if let Some(tag) = tag {
        headers.insert(ETAG, tag);
    }
    let keep = if own { PRIVATE } else { PUBLIC };
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(keep));
    headers.append(VARY, HeaderValue::from_static("authorization"));
    response
}

fn view(app: &App, profile: &Profile, own: bool) -> View {
    let shown = profile.pictures.iter().map(|id| Shown {
        picture: id.clone(),
        urls: app.bucket.as_ref().map(|bucket| urls(bucket, &profile.player, id)).unwrap_or_default(),
    });
    View {
        player: profile.player.clone(),
        version: profile.version,
        name: profile.name.clone(),
        bio: profile.bio.clone(),
        created: rfc3339(profile.created),
        attrs: profile.attrs.clone(),
        pictures: shown.collect(),
        private: own.then(|| profile.private.clone()),
        account: own.then(|| Account {
            updated: rfc3339(profile.updated),
            tier: profile.tier.clone(),
            banned_until: profile.banned_until.map(rfc3339),
        }),
    }
}

/// The version that `If-Match` names. A tag that was never ours matches none: 0 is no version.
fn expected(headers: &HeaderMap) -> Result<u64, Refusal> {
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
        let detail = "Send one entity tag in quotes, such as `\"3\"`: neither `*`, a list nor a weak one.";
        return Err(Refusal::new(Code::BadIfMatch, detail).field("If-Match"));
    };
    Ok(tag.parse().unwrap_or(0))
}

pub(super) fn missing() -> Refusal {
    let detail = "`me` is the bearer of an access token: send one as `Authorization: Bearer <token>`.";
    Refusal::new(Code::TokenMissing, detail).field("Authorization")
}

pub(super) fn gone(player: &PlayerId) -> Refusal {
    Refusal::new(Code::PlayerNotFound, format!("There is no player {player}.")).field("player")
}
