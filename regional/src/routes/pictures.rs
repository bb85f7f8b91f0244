//! Bringing pictures, seeing what became of them, and removing them.

use super::App;
use crate::bucket::Bucket;
use crate::clock::chance;
use crate::error::{Fault, Refusal};
use crate::http::active::Active;
use crate::http::extract::Body;
use crate::http::moment::rfc3339;
use crate::http::problem::Code;
use crate::picture::{self, Picture, SIDES, State as Became};
use crate::studio::Studio;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use shared::caps;
use shared::id::{PictureId, PlayerId};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// `POST /v1/pictures`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewPicture)]
pub struct Announced {
    #[serde(rename = "type")]
    #[schema(value_type = crate::openapi::Media)]
    media: String,
    #[schema(value_type = crate::openapi::PictureBytes)]
    bytes: usize,
}

/// A picture that may come.
#[derive(Serialize, ToSchema)]
#[schema(as = PictureExpected)]
pub struct Expected {
    picture: PictureId,
    upload: Upload,
}

/// How its file is uploaded: exactly so.
#[derive(Serialize, ToSchema)]
pub struct Upload {
    method: &'static str,
    url: String,
    #[schema(value_type = BTreeMap<String, String>)]
    headers: BTreeMap<&'static str, String>,
    #[schema(value_type = crate::openapi::Moment)]
    expires: String,
}

/// One's own pictures.
#[derive(Serialize, ToSchema)]
#[schema(as = Pictures)]
pub struct List {
    pictures: Vec<View>,
}

/// A picture, as its owner sees it.
#[derive(Serialize, ToSchema)]
#[schema(as = Picture)]
pub struct View {
    picture: PictureId,
    /// `waiting`, `ready` or `refused`.
    state: &'static str,
    /// Why it is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    urls: Option<BTreeMap<String, String>>,
    #[schema(value_type = crate::openapi::Moment)]
    created: String,
}

/// Gives the address to which a picture can be uploaded, by its type and size.
#[utoipa::path(
    post,
    path = "/v1/pictures",
    operation_id = "pictures_announce",
    tag = "profiles",
    request_body = Announced,
    responses(
        (status = 201, body = Expected, description = "Where to upload it."),
        (status = 403, description = "`banned`"),
        (status = 404, description = "`pictures_off`"),
        (status = 409, description = "`full`"),
    ),
    security(("access_token" = [])),
)]
pub async fn announce(
    State(app): State<App>,
    active: Active,
    Body(asked): Body<Announced>,
) -> Result<(StatusCode, Json<Expected>), Fault> {
    let studio = studio(&app)?;
    picture::check(&asked.media, asked.bytes)?;
    let now = app.clock.now();
    let held = app.store.pictures_strong(&active.player).await?;
    let over = |one: &&Picture| one.lapsed(now) || matches!(one.state, Became::Refused(_));
    // What came to nothing makes room.
    let (gone, there): (Vec<_>, Vec<_>) = held.iter().partition(over);
    if there.len() >= caps::PICTURES {
        let detail = format!("A profile has at most {} pictures. Remove one first.", caps::PICTURES);
        return Err(Refusal::new(Code::Full, detail).limit(caps::PICTURES).into());
    }
    if held.len() >= caps::PICTURES {
        for one in gone {
            studio.remove(&active.player, &one.id).await?;
        }
    }
    let picture = Picture {
        id: PictureId::random(chance()?),
        player: active.player,
        media: asked.media,
        bytes: asked.bytes,
        state: Became::Waiting,
        created: now,
    };
    let bytes = picture.bytes.to_string();
    let headers = [("content-length", bytes.as_str()), ("content-type", &picture.media)];
    let key = picture.upload();
    let url = studio.bucket.presign(&Method::PUT, &key, &headers, now, caps::UPLOAD)?;
    app.store.add_picture(&picture).await?;
    let upload = Upload {
        method: "PUT",
        url: url.to_string(),
        headers: headers.map(|(name, value)| (name, value.to_owned())).into(),
        expires: rfc3339(now + caps::UPLOAD),
    };
    let picture = picture.id;
    Ok((StatusCode::CREATED, Json(Expected { picture, upload })))
}

/// What became of one's pictures.
#[utoipa::path(
    get,
    path = "/v1/pictures",
    operation_id = "pictures_list",
    tag = "profiles",
    responses(
        (status = 200, body = List, description = "One's pictures."),
        (status = 403, description = "`banned`"),
        (status = 404, description = "`pictures_off`"),
    ),
    security(("access_token" = [])),
)]
pub async fn list(State(app): State<App>, active: Active) -> Result<Json<List>, Fault> {
    let studio = studio(&app)?;
    let pictures = app.store.pictures_strong(&active.player).await?;
    let pictures = pictures.into_iter().map(|one| view(&studio.bucket, one));
    Ok(Json(List { pictures: pictures.collect() }))
}

/// Removes a picture.
#[utoipa::path(
    delete,
    path = "/v1/pictures/{picture}",
    operation_id = "pictures_remove",
    tag = "profiles",
    params(("picture" = PictureId, Path, description = "One of one's pictures.")),
    responses(
        (status = 204, description = "Removed."),
        (status = 403, description = "`banned`"),
        (status = 404, description = "`pictures_off`, `picture_not_found`"),
    ),
    security(("access_token" = [])),
)]
pub async fn remove(
    State(app): State<App>,
    active: Active,
    Path(id): Path<String>,
) -> Result<StatusCode, Fault> {
    let id: PictureId = id
        .parse()
        .map_err(|error| Refusal::new(Code::BadId, format!("Refused: {error}.")).field("picture"))?;
    studio(&app)?.remove(&active.player, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Where everybody sees a picture, by the longest side.
#[must_use]
pub fn urls(bucket: &Bucket, player: &PlayerId, id: &PictureId) -> BTreeMap<String, String> {
    let url = |side: u32| bucket.public(&picture::variant(player, id, side));
    SIDES.iter().map(|&side| (side.to_string(), url(side))).collect()
}

fn view(bucket: &Bucket, picture: Picture) -> View {
    let ready = picture.state == Became::Ready;
    let (state, reason) = match picture.state {
        Became::Waiting => ("waiting", None),
        Became::Ready => ("ready", None),
        Became::Refused(reason) => ("refused", Some(reason)),
    };
    View {
        urls: ready.then(|| urls(bucket, &picture.player, &picture.id)),
        picture: picture.id,
        state,
        reason,
        created: rfc3339(picture.created),
    }
}

fn studio(app: &App) -> Result<Studio, Refusal> {
    let bucket = app.bucket.clone().ok_or_else(|| {
        let detail = "This region has nowhere to put pictures: `PICTURES_URL` is not set.";
        Refusal::new(Code::PicturesOff, detail)
    })?;
    Ok(Studio { store: app.store.clone(), bucket, clock: app.clock.clone() })
}
