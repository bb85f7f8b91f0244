//! The routes with which a player exports or deletes everything that the region stores about them.

use crate::app::App;
use crate::cursor;
use crate::error::refusals::bad_cursor;
use crate::error::{Fault, Refusal};
use crate::http::bearer::Bearer;
use crate::http::caller::SignedIn;
use crate::http::extract::Query;
use crate::store::export::{ExportCursor, Section};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::id::PlayerId;
use utoipa::{IntoParams, ToSchema};

/// The result of a deletion request.
#[derive(Serialize, ToSchema)]
pub struct DeletedAccount {
    player: PlayerId,
    /// Always true: the profile is invisible and all sessions have ended. The remaining data is erased within
    /// moments.
    erased: bool,
}

/// The query of `GET /v1/profiles/me/export?cursor=…`.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ExportPage {
    #[param(value_type = Option<crate::schemas::Cursor>)]
    cursor: Option<String>,
}

/// A page of the data that the region stores about the caller.
#[derive(Serialize, ToSchema)]
pub struct Export {
    player: PlayerId,
    /// The stored items, each with its `kind`; times are milliseconds since 1970.
    #[schema(value_type = Vec<crate::schemas::AnyJson>)]
    items: Vec<Value>,
    /// The cursor of the next page; `null` on the last page.
    cursor: Option<String>,
}

/// Deletes the caller's account.
///
/// A banned player may delete their account too. A repetition with a token that has not expired gets the same
/// response.
#[utoipa::path(
    delete,
    path = "/v1/profiles/me",
    operation_id = "deleteAccount",
    tag = "profiles",
    responses(
        (status = 202, body = DeletedAccount, description = "The profile is invisible, and all sessions have ended."),
    ),
    security(("access_token" = [])),
)]
pub async fn delete_account(
    State(app): State<App>,
    Bearer(claims): Bearer,
    caller: Result<SignedIn, Fault>,
) -> Result<(StatusCode, Json<DeletedAccount>), Fault> {
    let player = claims.sub;
    if !app.store.erased_strong(&player).await? {
        let caller = caller?;
        app.store.begin_erasure(&caller.player, app.clock.now()).await?;
    }
    let erased = true;
    Ok((StatusCode::ACCEPTED, Json(DeletedAccount { player, erased })))
}

/// Exports everything that the region stores about the caller.
#[utoipa::path(
    get,
    path = "/v1/profiles/me/export",
    operation_id = "exportAccount",
    tag = "profiles",
    params(ExportPage),
    responses(
        (status = 200, body = Export, description = "A page of stored items."),
    ),
    security(("access_token" = [])),
)]
pub async fn export_account(
    State(app): State<App>,
    caller: SignedIn,
    Query(page): Query<ExportPage>,
) -> Result<Json<Export>, Fault> {
    let first = ExportCursor { section: Section::Player, after: None };
    let from = page.cursor.as_deref().map_or(Ok(first), decode)?;
    let (items, next) = app.store.export_strong(&caller.player, &from).await?;
    Ok(Json(Export { player: caller.player, items, cursor: next.as_ref().map(encode) }))
}

/// Encodes a cursor. It names no player, so that a forged one only selects another position in the caller's
/// own data.
fn encode(next: &ExportCursor) -> String {
    let section = match next.section {
        Section::Player => "p",
        Section::History => "h",
    };
    cursor::encode(&format!("{section}{}", next.after.as_deref().unwrap_or_default()))
}

fn decode(cursor: &str) -> Result<ExportCursor, Refusal> {
    let text = cursor::decode(Some(cursor), |_| true)?.unwrap_or_default();
    let (section, after) = text.split_at_checked(1).ok_or_else(bad_cursor)?;
    let section = match section {
        "p" => Section::Player,
        "h" => Section::History,
        _ => return Err(bad_cursor()),
    };
    let after = (!after.is_empty()).then(|| after.to_owned());
    Ok(ExportCursor { section, after })
}
