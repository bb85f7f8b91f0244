//! The routes of the open rooms of queues: the edge tells that one opened, and the operator's backend lists them.
//!
//! The list is of the region alone, so that it wakes no room. The end of a room is the record of its match.

use crate::app::App;
use crate::domain::history::TIME_MAX;
use crate::error::code::Code;
use crate::error::refusals::page_size;
use crate::error::{Fault, Refusal};
use crate::http::caller::Acting;
use crate::http::extract::{Body, Query};
use crate::http::rfc3339::format_time;
use crate::store::keys::parse_open_room_sort_key;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use shared::id::{PlayerId, PoolName, RoomId};
use shared::limits;
use shared::rpc::opened::OpenedRoom;
use shared::service_key::Scope;
use utoipa::{IntoParams, ToSchema};

/// The query of `GET /v1/open-rooms?pool=…&cursor=…&limit=…`.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OpenRoomPage {
    /// Returns the rooms of this pool only.
    pool: Option<PoolName>,
    #[param(value_type = Option<crate::schemas::Cursor>)]
    cursor: Option<String>,
    #[param(value_type = Option<crate::schemas::PageSize>)]
    limit: Option<String>,
}

/// An open room that a queue made.
#[derive(Serialize, ToSchema)]
#[schema(as = OpenRoom)]
pub struct OpenRoomView {
    room: RoomId,
    pool: PoolName,
    /// The players of the match, in the order of their seats.
    players: Vec<PlayerId>,
    #[schema(value_type = crate::schemas::Timestamp)]
    created: String,
    /// The name and version of the room's mode, such as `connect-four@1`; absent for a room without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    mode: Option<String>,
}

/// A page of the open rooms.
#[derive(Serialize, ToSchema)]
pub struct OpenRoomList {
    rooms: Vec<OpenRoomView>,
    /// The cursor of the next page; `null` on the last page.
    cursor: Option<String>,
}

/// The confirmation that the region knows a room.
#[derive(Serialize, ToSchema)]
pub struct OpenRoomReceipt {
    room: RoomId,
    /// False for a room that the region knew before, or whose match is stored.
    opened: bool,
}

/// Stores that a queue made a room, which is open.
///
/// The edge repeats the request until the room is stored: 201 the first time, 200 after that. A room whose match is
/// stored is not open, and stays so.
#[utoipa::path(
    post,
    path = "/internal/v1/rooms",
    operation_id = "recordOpenRoom",
    tag = "internal",
    request_body = OpenedRoom,
    responses(
        (status = 201, body = OpenRoomReceipt, description = "The room is stored."),
        (status = 200, body = OpenRoomReceipt, description = "The room was stored before, or has ended."),
    ),
    security(("signature" = [])),
)]
pub async fn record_open_room(
    State(app): State<App>,
    Body(room): Body<OpenedRoom>,
) -> Result<(StatusCode, Json<OpenRoomReceipt>), Fault> {
    check(&room)?;
    let opened = app.store.open_room(&room, app.clock.now()).await?;
    let status = if opened { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(OpenRoomReceipt { room: room.id, opened })))
}

/// Lists the open rooms that queues made, newest first.
///
/// A room appears within seconds of its match, and leaves the list when the record of the match is stored. A page may have
/// fewer rooms than `limit`, and the last one has no `cursor`.
#[utoipa::path(
    get,
    path = "/v1/open-rooms",
    operation_id = "listOpenRooms",
    tag = "service",
    params(OpenRoomPage),
    responses(
        (status = 200, body = OpenRoomList, description = "A page of rooms, newest first."),
        (status = 403, description = "`banned`, `scope_missing`"),
    ),
    security(("access_token" = []), ("service_key" = [])),
)]
pub async fn list_open_rooms(
    State(app): State<App>,
    Acting(actor): Acting,
    Query(query): Query<OpenRoomPage>,
) -> Result<Json<OpenRoomList>, Fault> {
    actor.require(Scope::Rooms)?;
    let limit = page_size(query.limit.as_deref())?;
    let (now, keys) = (app.clock.now(), app.tokens.cursors());
    let list = ["open-rooms", query.pool.as_ref().map_or("", PoolName::as_str)];
    let after = query.cursor.as_deref().map(|cursor| keys.verify(&list, cursor, now)).transpose()?;
    let after = after.filter(|key| parse_open_room_sort_key(key).is_some());
    let (rooms, next) = app.store.open_rooms(query.pool.as_ref(), after.as_deref(), limit, now).await?;
    let cursor = next.map(|next| keys.sign(&list, &next, now));
    Ok(Json(OpenRoomList { rooms: rooms.into_iter().map(view).collect(), cursor }))
}

/// Checks what the store and the list rely on.
fn check(room: &OpenedRoom) -> Result<(), Refusal> {
    let bad = |field: &str, detail: String| Err(Refusal::new(Code::BadBody, detail).field(field));
    if room.created > TIME_MAX {
        return bad("created", "A room must be created before the year 2286.".into());
    }
    if room.players.len() > limits::SEATS_MAX {
        return bad("players", format!("A room can have at most {} players.", limits::SEATS_MAX));
    }
    Ok(())
}

fn view(room: OpenedRoom) -> OpenRoomView {
    let OpenedRoom { id, pool, players, created, mode } = room;
    OpenRoomView { room: id, pool, players, created: format_time(created), mode }
}
