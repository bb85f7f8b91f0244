//! The routes that read profiles, one or many at once.

pub mod update;
pub mod view;

use crate::app::App;
use crate::error::code::Code;
use crate::error::refusals::{player_not_found, token_missing};
use crate::error::{Fault, Refusal};
use crate::http::bearer::Bearer;
use crate::http::caller::SignedIn;
use crate::http::extract::{PathPlayerOrMe, Query, parse_player};
use crate::routes::profiles::view::{PUBLIC, ProfileView, respond, view};
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use shared::http::entity_tag::ProfileViewKind;
use shared::id::PlayerId;
use shared::limits;
use utoipa::{IntoParams, ToSchema};

/// The query of `GET /v1/profiles?ids=a,b`.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct IdsQuery {
    #[param(value_type = crate::schemas::PlayerIds)]
    ids: String,
}

/// The profiles that exist, in the order of the request.
#[derive(Serialize, ToSchema)]
pub struct ProfileList {
    profiles: Vec<ProfileView>,
}

/// Returns a profile.
///
/// The owner also gets the private part.
#[utoipa::path(
    get,
    path = "/v1/profiles/{player}",
    operation_id = "getProfile",
    tag = "profiles",
    params(("player" = crate::schemas::PlayerOrMe, Path, description = "A player, or `me`."), ("If-None-Match" = Option<String>, Header, description = "The `ETag` of the client's copy.")),
    responses(
        (status = 200, body = ProfileView, description = "The profile.", headers(("ETag" = String, description = "The entity tag of this view of the profile at its version."))),
        (status = 304, description = "The client's copy is current."),
        (status = 404, description = "`player_not_found`"),
    ),
    security((), ("access_token" = [])),
)]
pub async fn get_profile(
    State(app): State<App>,
    PathPlayerOrMe(named): PathPlayerOrMe,
    bearer: Option<Bearer>,
    headers: HeaderMap,
) -> Result<Response, Fault> {
    let claims = bearer.map(|Bearer(claims)| claims);
    let own = claims.filter(|claims| named.as_ref().is_none_or(|named| *named == claims.sub));
    if let Some(claims) = own {
        let caller = SignedIn::verify(&app, claims).await?;
        return Ok(respond(&app, &caller.profile, ProfileViewKind::Own, &headers));
    }
    let player = named.ok_or_else(token_missing)?;
    let profile = app.store.profile_eventual(&player).await?;
    let profile = profile.ok_or_else(|| player_not_found(&player))?;
    Ok(respond(&app, &profile, ProfileViewKind::Public, &headers))
}

/// Returns the caller's own profile.
#[utoipa::path(
    get,
    path = "/v1/profiles/me",
    operation_id = "getOwnProfile",
    tag = "profiles",
    params(("If-None-Match" = Option<String>, Header, description = "The `ETag` of the client's copy.")),
    responses(
        (status = 200, body = ProfileView, description = "The profile with its private part.", headers(("ETag" = String, description = "The entity tag of this view of the profile at its version."))),
        (status = 304, description = "The client's copy is current."),
    ),
    security(("access_token" = [])),
)]
pub async fn get_own_profile(State(app): State<App>, caller: SignedIn, headers: HeaderMap) -> Response {
    respond(&app, &caller.profile, ProfileViewKind::Own, &headers)
}

/// Returns several public profiles.
#[utoipa::path(
    get,
    path = "/v1/profiles",
    operation_id = "listProfiles",
    tag = "profiles",
    params(IdsQuery),
    responses(
        (status = 200, body = ProfileList, description = "The profiles that exist, in the order of the request."),
    ),
)]
pub async fn list_profiles(State(app): State<App>, Query(query): Query<IdsQuery>) -> Result<Response, Fault> {
    let ids = parse_ids(&query.ids)?;
    let found = app.store.profiles_eventual(&ids).await?;
    let in_order = ids.iter().filter_map(|id| found.iter().find(|profile| profile.player == *id));
    let profiles = in_order.map(|profile| view(&app, profile, ProfileViewKind::Public)).collect();
    Ok(([(CACHE_CONTROL, PUBLIC)], Json(ProfileList { profiles })).into_response())
}

/// Returns the distinct ids of a comma-separated list.
fn parse_ids(text: &str) -> Result<Vec<PlayerId>, Refusal> {
    let mut ids: Vec<PlayerId> = Vec::new();
    for text in text.split(',') {
        let id = parse_player(text).map_err(|refusal| refusal.field("ids"))?;
        if !ids.contains(&id) {
            ids.push(id);
        }
        if ids.len() > limits::PROFILES_BATCH_MAX {
            let detail = format!("A request can name at most {} players.", limits::PROFILES_BATCH_MAX);
            let refusal = Refusal::new(Code::TooMany, detail).field("ids");
            return Err(refusal.limit(limits::PROFILES_BATCH_MAX));
        }
    }
    Ok(ids)
}
