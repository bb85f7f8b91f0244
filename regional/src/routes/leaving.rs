//! What somebody may have of what is held about them: all of it, or nothing held any more.

use super::App;
use crate::error::{Fault, Refusal};
use crate::http::active::Here;
use crate::http::bearer::Bearer;
use crate::http::extract::Query;
use crate::http::problem::Code;
use crate::store::export::{Next, Part};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::id::PlayerId;
use utoipa::{IntoParams, ToSchema};

/// What becomes of a wish to be forgotten.
#[derive(Serialize, ToSchema)]
pub struct Leaving {
    player: PlayerId,
    /// Nobody sees them any more, and their logins are over. What others hold of them follows within moments.
    erased: bool,
}

/// `GET /v1/profiles/me/export?cursor=…`.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    #[param(value_type = Option<crate::openapi::Cursor>)]
    cursor: Option<String>,
}

/// A page of what is held.
#[derive(Serialize, ToSchema)]
pub struct Export {
    player: PlayerId,
    /// Each with its `kind`; moments are milliseconds since 1970.
    #[schema(value_type = Vec<crate::openapi::Anything>)]
    items: Vec<Value>,
    /// For the next page; none when this is the last.
    cursor: Option<String>,
}

/// Forgets the bearer, banned or not. Asking again, with a token that has not run out, gives the same answer.
#[utoipa::path(
    delete,
    path = "/v1/profiles/me",
    operation_id = "leaving_erase",
    tag = "profiles",
    responses(
        (status = 202, body = Leaving, description = "Nobody sees them any more."),
    ),
    security(("access_token" = [])),
)]
pub async fn erase(
    State(app): State<App>,
    Bearer(claims): Bearer,
    here: Result<Here, Fault>,
) -> Result<(StatusCode, Json<Leaving>), Fault> {
    let player = claims.sub;
    if !app.store.erased_strong(&player).await? {
        let here = here?;
        app.store.begin_erasure(&here.player, app.clock.now()).await?;
    }
    let erased = true;
    Ok((StatusCode::ACCEPTED, Json(Leaving { player, erased })))
}

/// Everything that is held about the bearer.
#[utoipa::path(
    get,
    path = "/v1/profiles/me/export",
    operation_id = "leaving_export",
    tag = "profiles",
    params(Asked),
    responses(
        (status = 200, body = Export, description = "A page."),
    ),
    security(("access_token" = [])),
)]
pub async fn export(
    State(app): State<App>,
    here: Here,
    Query(asked): Query<Asked>,
) -> Result<Json<Export>, Fault> {
    let first = Next { part: Part::Person, after: None };
    let from = asked.cursor.as_deref().map_or(Ok(first), of_cursor)?;
    let (items, next) = app.store.export_strong(&here.player, &from).await?;
    Ok(Json(Export { player: here.player, items, cursor: next.as_ref().map(cursor) }))
}

/// It names no player, so that a forged one leads nowhere but elsewhere in what is one's own.
fn cursor(next: &Next) -> String {
    let part = match next.part {
        Part::Person => "p",
        Part::History => "h",
    };
    BASE64.encode(format!("{part}{}", next.after.as_deref().unwrap_or_default()))
}

fn of_cursor(cursor: &str) -> Result<Next, Refusal> {
    let text = BASE64.decode(cursor).ok();
    let text = text.and_then(|bytes| String::from_utf8(bytes).ok());
    let found = text.as_deref().and_then(|text| {
        let (part, after) = text.split_at_checked(1)?;
        let part = match part {
            "p" => Part::Person,
            "h" => Part::History,
            _ => return None,
        };
        let after = (!after.is_empty()).then(|| after.to_owned());
        Some(Next { part, after })
    });
    found.ok_or_else(|| {
        let detail = "Use the `cursor` of the page before as it came, or none for the first page.";
        Refusal::new(Code::BadCursor, detail).field("cursor")
    })
}
