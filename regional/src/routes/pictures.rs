//! The routes of pictures: request an upload, list the results, and delete.

use crate::app::App;
use crate::clock::random_bytes;
use crate::domain::picture::{self, Picture, PictureState, VARIANT_SIDES};
use crate::error::code::Code;
use crate::error::refusals::full;
use crate::error::{Error, Fault, Refusal};
use crate::http::caller::ActivePlayer;
use crate::http::extract::{Body, parse_id};
use crate::http::rfc3339::format_time;
use crate::integrations::object_store::Bucket;
use crate::picture_processing::PictureProcessor;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use shared::id::{PictureId, PlayerId};
use shared::limits;
use shared::time::Time;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// The body of `POST /v1/pictures`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPicture {
    #[serde(rename = "type")]
    #[schema(value_type = crate::schemas::Media)]
    media: String,
    #[schema(value_type = crate::schemas::PictureBytes)]
    bytes: usize,
}

/// A picture that waits for its upload.
#[derive(Serialize, ToSchema)]
pub struct ExpectedPicture {
    picture: PictureId,
    upload: Upload,
}

/// The request that uploads the file; method, address and headers must match exactly.
#[derive(Serialize, ToSchema)]
pub struct Upload {
    method: &'static str,
    url: String,
    #[schema(value_type = BTreeMap<String, String>)]
    headers: BTreeMap<&'static str, String>,
    #[schema(value_type = crate::schemas::Timestamp)]
    expires: String,
}

/// The pictures of the caller.
#[derive(Serialize, ToSchema)]
pub struct PictureList {
    pictures: Vec<PictureView>,
}

/// A picture, as its owner sees it.
#[derive(Serialize, ToSchema)]
#[schema(as = Picture)]
pub struct PictureView {
    picture: PictureId,
    /// `waiting`, `ready` or `refused`.
    state: &'static str,
    /// The reason for `refused`.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    urls: Option<BTreeMap<String, String>>,
    #[schema(value_type = crate::schemas::Timestamp)]
    created: String,
}

/// Returns the address to which the client can upload a picture of this type and size.
#[utoipa::path(
    post,
    path = "/v1/pictures",
    operation_id = "createPicture",
    tag = "profiles",
    request_body = NewPicture,
    responses(
        (status = 201, body = ExpectedPicture, description = "The picture and its upload request."),
        (status = 403, description = "`banned`"),
        (status = 404, description = "`pictures_off`"),
        (status = 409, description = "`full`"),
    ),
    security(("access_token" = [])),
)]
pub async fn create_picture(
    State(app): State<App>,
    caller: ActivePlayer,
    Body(body): Body<NewPicture>,
) -> Result<(StatusCode, Json<ExpectedPicture>), Fault> {
    let processor = processor(&app)?;
    picture::check_announcement(&body.media, body.bytes)?;
    let now = app.clock.now();
    make_room(&app, &processor, &caller.player, now).await?;
    let picture = Picture {
        id: PictureId::random(random_bytes()?),
        player: caller.player,
        media: body.media,
        bytes: body.bytes,
        state: PictureState::Waiting,
        created: now,
    };
    let upload = upload_request(&processor.bucket, &picture, now)?;
    if !app.store.add_picture(&picture).await? {
        return Err(too_many_pictures().into());
    }
    let picture = picture.id;
    Ok((StatusCode::CREATED, Json(ExpectedPicture { picture, upload })))
}

/// Deletes expired and refused pictures if the player has as many as the limit allows; rejects the request if
/// all of them are in use.
async fn make_room(
    app: &App,
    processor: &PictureProcessor,
    player: &PlayerId,
    now: Time,
) -> Result<(), Fault> {
    let pictures = app.store.pictures_strong(player).await?;
    let unused =
        |picture: &&Picture| picture.is_expired(now) || matches!(picture.state, PictureState::Refused(_));
    let (unused, used): (Vec<_>, Vec<_>) = pictures.iter().partition(unused);
    if used.len() >= limits::PICTURES_MAX {
        return Err(too_many_pictures().into());
    }
    if pictures.len() >= limits::PICTURES_MAX {
        for picture in unused {
            processor.remove(player, &picture.id).await?;
        }
    }
    Ok(())
}

fn too_many_pictures() -> Refusal {
    let detail = format!("A profile has at most {} pictures. Delete one first.", limits::PICTURES_MAX);
    full(detail, limits::PICTURES_MAX)
}

fn upload_request(bucket: &Bucket, picture: &Picture, now: Time) -> Result<Upload, Error> {
    let bytes = picture.bytes.to_string();
    let headers = [("content-length", bytes.as_str()), ("content-type", &picture.media)];
    let key = picture.upload_key();
    let url = bucket.presign(&Method::PUT, &key, &headers, now, limits::UPLOAD_URL_TTL)?;
    Ok(Upload {
        method: "PUT",
        url: url.to_string(),
        headers: headers.map(|(name, value)| (name, value.to_owned())).into(),
        expires: format_time(now + limits::UPLOAD_URL_TTL),
    })
}

/// Lists the caller's pictures with their states.
#[utoipa::path(
    get,
    path = "/v1/pictures",
    operation_id = "listPictures",
    tag = "profiles",
    responses(
        (status = 200, body = PictureList, description = "The pictures."),
        (status = 403, description = "`banned`"),
        (status = 404, description = "`pictures_off`"),
    ),
    security(("access_token" = [])),
)]
pub async fn list_pictures(State(app): State<App>, caller: ActivePlayer) -> Result<Json<PictureList>, Fault> {
    let processor = processor(&app)?;
    let pictures = app.store.pictures_strong(&caller.player).await?;
    let pictures = pictures.into_iter().map(|picture| view(&processor.bucket, picture));
    Ok(Json(PictureList { pictures: pictures.collect() }))
}

/// Deletes a picture.
#[utoipa::path(
    delete,
    path = "/v1/pictures/{picture}",
    operation_id = "deletePicture",
    tag = "profiles",
    params(("picture" = PictureId, Path, description = "A picture of the caller.")),
    responses(
        (status = 204, description = "The picture is deleted."),
        (status = 403, description = "`banned`"),
        (status = 404, description = "`pictures_off`, `picture_not_found`"),
    ),
    security(("access_token" = [])),
)]
pub async fn delete_picture(
    State(app): State<App>,
    caller: ActivePlayer,
    Path(id): Path<String>,
) -> Result<StatusCode, Fault> {
    let id: PictureId = parse_id("picture", &id)?;
    processor(&app)?.remove(&caller.player, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Returns the public addresses of a picture by the length of the longest side in pixels.
#[must_use]
pub fn urls(bucket: &Bucket, player: &PlayerId, id: &PictureId) -> BTreeMap<String, String> {
    let url = |side: u32| bucket.public(&picture::variant_key(player, id, side));
    VARIANT_SIDES.iter().map(|&side| (side.to_string(), url(side))).collect()
}

fn view(bucket: &Bucket, picture: Picture) -> PictureView {
    let ready = picture.state == PictureState::Ready;
    let (state, reason) = match picture.state {
        PictureState::Waiting => ("waiting", None),
        PictureState::Ready => ("ready", None),
        PictureState::Refused(reason) => ("refused", Some(reason)),
    };
    PictureView {
        urls: ready.then(|| urls(bucket, &picture.player, &picture.id)),
        picture: picture.id,
        state,
        reason,
        created: format_time(picture.created),
    }
}

fn processor(app: &App) -> Result<PictureProcessor, Refusal> {
    let bucket = app.bucket.clone().ok_or_else(|| {
        let detail = "Pictures are disabled in this region: `PICTURES_URL` is not set.";
        Refusal::new(Code::PicturesOff, detail)
    })?;
    Ok(PictureProcessor { store: app.store.clone(), bucket, clock: app.clock.clone() })
}
