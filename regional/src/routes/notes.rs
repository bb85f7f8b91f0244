//! The routes of notes: what moderators write about a player for each other.

use crate::app::App;
use crate::clock::random_bytes;
use crate::cursor;
use crate::domain::note::Note;
use crate::domain::text::check_text;
use crate::error::Fault;
use crate::error::refusals::player_not_found;
use crate::http::caller::Moderator;
use crate::http::extract::{Body, PathPlayer, Query};
use crate::http::idempotency::IdempotencyKey;
use crate::http::rfc3339::format_time;
use crate::routes::audit::action_on;
use crate::routes::page::ListPage;
use crate::store::keys::parse_note_sort_key;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use shared::id::{NoteId, PlayerId};
use shared::limits;
use utoipa::ToSchema;

/// The body of `POST /v1/players/{player}/notes`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewNote {
    #[schema(value_type = crate::schemas::Reason)]
    text: String,
}

/// A note of a moderator about a player.
#[derive(Serialize, ToSchema)]
#[schema(as = Note)]
pub struct NoteView {
    note: NoteId,
    /// The moderator, or `p_service-` and the id of a service key.
    by: PlayerId,
    #[schema(value_type = crate::schemas::Timestamp)]
    written: String,
    text: String,
}

/// A page of the notes about a player.
#[derive(Serialize, ToSchema)]
pub struct NoteList {
    notes: Vec<NoteView>,
    /// The cursor of the next page; `null` on the last page.
    cursor: Option<String>,
}

/// Adds a note about a player, which only moderators read.
///
/// The account's deletion deletes it.
#[utoipa::path(
    post,
    path = "/v1/players/{player}/notes",
    operation_id = "createNote",
    tag = "moderation",
    params(("player" = PlayerId, Path, description = "A player.")),
    request_body = NewNote,
    responses(
        (status = 201, body = NoteView, description = "The note."),
        (status = 403, description = "`banned`, `not_moderator`, `scope_missing`"),
        (status = 404, description = "`player_not_found`"),
        (status = 409, description = "`in_progress`"),
    ),
    security(("access_token" = []), ("service_key" = [])),
)]
pub async fn create_note(
    State(app): State<App>,
    Moderator(by): Moderator,
    PathPlayer(player): PathPlayer,
    key: Option<IdempotencyKey>,
    Body(body): Body<NewNote>,
) -> Result<(StatusCode, Json<NoteView>), Fault> {
    let text = check_text("text", &body.text, 1)?;
    let id = match key {
        Some(IdempotencyKey(key)) => {
            let id = NoteId::derive(&[by.as_str(), player.as_str(), &key]);
            if let Some(stored) = find(&app, &player, &id).await? {
                return Ok((StatusCode::CREATED, Json(view(stored))));
            }
            id
        }
        None => NoteId::random(random_bytes()?),
    };
    let audit = action_on(&app, &by, "POST /v1/players/{player}/notes", &player, id.as_str())?;
    let note = Note { id, player, by, written: app.clock.now(), text };
    if !app.store.add_note(&note, &audit).await? {
        return Err(player_not_found(&note.player).into());
    }
    Ok((StatusCode::CREATED, Json(view(note))))
}

/// Lists the notes about a player, newest first.
#[utoipa::path(
    get,
    path = "/v1/players/{player}/notes",
    operation_id = "listNotes",
    tag = "moderation",
    params(("player" = PlayerId, Path, description = "A player."), ListPage),
    responses(
        (status = 200, body = NoteList, description = "A page of notes, newest first."),
        (status = 403, description = "`banned`, `not_moderator`, `scope_missing`"),
    ),
    security(("access_token" = []), ("service_key" = [])),
)]
pub async fn list_notes(
    State(app): State<App>,
    _: Moderator,
    PathPlayer(player): PathPlayer,
    Query(query): Query<ListPage>,
) -> Result<Json<NoteList>, Fault> {
    let (after, limit) = query.check(|key| parse_note_sort_key(key).is_some())?;
    let (notes, next) = app.store.notes(&player, after.as_deref(), limit).await?;
    let notes = notes.into_iter().map(view).collect();
    Ok(Json(NoteList { notes, cursor: next.as_deref().map(cursor::encode) }))
}

/// Finds a note among the newest: a function that stopped after its commit stored it, but not the response to its key.
async fn find(app: &App, player: &PlayerId, id: &NoteId) -> Result<Option<Note>, Fault> {
    let (notes, _) = app.store.notes(player, None, limits::PAGE_SIZE_MAX).await?;
    Ok(notes.into_iter().find(|note| note.id == *id))
}

fn view(note: Note) -> NoteView {
    NoteView { note: note.id, by: note.by, written: format_time(note.written), text: note.text }
}
