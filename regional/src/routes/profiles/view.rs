//! A profile as responses show it: the public part, and the private part for its owner.

use crate::app::App;
use crate::domain::profile::Profile;
use crate::http::extract::joined;
use crate::http::layers::PRIVATE;
use crate::http::rfc3339::format_time;
use crate::routes::pictures::urls;
use axum::Json;
use axum::http::header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH, VARY};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Map, Value};
use shared::http::entity_tag::{ProfileViewKind, is_known, profile_tag};
use shared::id::{PictureId, PlayerId};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// A profile. `private` and `account` are present for its owner only.
#[derive(Serialize, ToSchema)]
#[schema(as = Profile)]
pub struct ProfileView {
    player: PlayerId,
    /// The version, which grows with each change.
    version: u64,
    name: String,
    bio: String,
    #[schema(value_type = crate::schemas::Attrs)]
    attrs: Map<String, Value>,
    pictures: Vec<ProfilePicture>,
    #[schema(value_type = crate::schemas::Timestamp)]
    created: String,
    /// Fields that only the owner sees and writes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<crate::schemas::Attrs>)]
    private: Option<Map<String, Value>>,
    /// Fields that only the owner sees and the service writes.
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<AccountView>,
}

/// A picture of a profile.
#[derive(Serialize, ToSchema)]
pub struct ProfilePicture {
    picture: PictureId,
    /// The addresses of the picture by the length of the longest side in pixels.
    urls: BTreeMap<String, String>,
}

/// The account data of the profile's owner.
#[derive(Serialize, ToSchema)]
#[schema(as = Account)]
pub struct AccountView {
    #[schema(value_type = crate::schemas::Timestamp)]
    updated: String,
    tier: Option<String>,
    #[schema(value_type = Option<crate::schemas::Timestamp>)]
    banned_until: Option<String>,
}

/// The cache lifetime of the public view; the edge drops its copy when the profile changes.
pub const PUBLIC: &str = "public, max-age=60";

/// Returns a view of a profile with its `ETag`, or 304 if `If-None-Match` names the same view and version.
#[must_use]
pub fn respond(app: &App, profile: &Profile, kind: ProfileViewKind, request: &HeaderMap) -> Response {
    let tag = profile_tag(&profile.player, kind, profile.version);
    let known = joined(request, IF_NONE_MATCH).is_some_and(|header| is_known(&header, &tag));
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        Json(view(app, profile, kind)).into_response()
    };
    let headers = response.headers_mut();
    headers.extend(HeaderValue::from_str(&tag).ok().map(|tag| (ETAG, tag)));
    let cache_control = match kind {
        ProfileViewKind::Public => PUBLIC,
        ProfileViewKind::Own => PRIVATE,
    };
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(cache_control));
    headers.append(VARY, HeaderValue::from_static("authorization"));
    response
}

/// Returns a view of a profile; only the owner's has the private part.
#[must_use]
pub fn view(app: &App, profile: &Profile, kind: ProfileViewKind) -> ProfileView {
    let own = kind == ProfileViewKind::Own;
    let pictures = profile.pictures.iter().map(|id| ProfilePicture {
        picture: id.clone(),
        urls: app.bucket.as_ref().map(|bucket| urls(bucket, &profile.player, id)).unwrap_or_default(),
    });
    ProfileView {
        player: profile.player.clone(),
        version: profile.version,
        name: profile.name.clone(),
        bio: profile.bio.clone(),
        created: format_time(profile.created),
        attrs: profile.attrs.clone(),
        pictures: pictures.collect(),
        private: own.then(|| profile.private.clone()),
        account: own.then(|| AccountView {
            updated: format_time(profile.updated),
            tier: profile.tier.clone(),
            banned_until: profile.banned_until.map(format_time),
        }),
    }
}
