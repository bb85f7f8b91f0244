//! The routes of matches: the edge records finished matches, players list their own, and moderators read all.

pub mod moderation;
pub mod of_player;

use crate::app::App;
use crate::domain::history::{self, HistoryCursor};
use crate::domain::rated::decided_outcome;
use crate::error::code::Code;
use crate::error::refusals::page_size;
use crate::error::{Fault, Refusal};
use crate::http::caller::SignedIn;
use crate::http::extract::{Body, Query, parse_player};
use crate::http::rfc3339::{format_time, parse_time};
use crate::store::matches::{HistoryFilter, PlayedMatch, SaveOutcome};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::id::{PlayerId, PoolName, RoomId};
use shared::mode::Outcome;
use shared::rpc::record::{EndReason, MatchRecord, Participant};
use shared::time::{self, Time};
use utoipa::{IntoParams, ToSchema};

/// The query of `GET /v1/matches?player=me&pool=…&from=…&to=…&cursor=…&limit=…`.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MatchPage {
    #[param(value_type = crate::schemas::Me)]
    player: String,
    /// Returns the matches of this pool only.
    pool: Option<PoolName>,
    /// Returns matches that ended at this time or later.
    #[param(value_type = Option<crate::schemas::Timestamp>)]
    from: Option<String>,
    /// Returns matches that ended before this time.
    #[param(value_type = Option<crate::schemas::Timestamp>)]
    to: Option<String>,
    #[param(value_type = Option<crate::schemas::Cursor>)]
    cursor: Option<String>,
    #[param(value_type = Option<crate::schemas::PageSize>)]
    limit: Option<String>,
}

/// A page of a player's match history.
#[derive(Serialize, ToSchema)]
pub struct MatchList {
    matches: Vec<MatchView>,
    /// The cursor of the next page; `null` on the last page.
    cursor: Option<String>,
}

/// A match, as its participants see it: without the replay, which reveals what players hid.
#[derive(Serialize, ToSchema)]
#[schema(as = Match)]
pub struct MatchView {
    #[serde(rename = "match")]
    id: RoomId,
    pool: Option<PoolName>,
    players: Vec<Participant>,
    #[schema(value_type = crate::schemas::Timestamp)]
    started: String,
    #[schema(value_type = crate::schemas::Timestamp)]
    ended: String,
    reason: EndReason,
    by: Option<PlayerId>,
    #[schema(value_type = crate::schemas::AnyJson)]
    result: Value,
    /// The name and version of the match's mode, such as `connect-four@1`; absent for a match without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    mode: Option<String>,
    /// The outcome that the mode decided, by seat in the order of `players`; absent for a match without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<Outcome>,
    duration_ms: u64,
    /// The player's rating before and after the match, and the number of rated matches; absent for unrated
    /// matches.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<crate::schemas::AnyJson>)]
    rating: Option<Value>,
}

/// The confirmation that a match record is stored.
#[derive(Serialize, ToSchema)]
pub struct MatchReceipt {
    #[serde(rename = "match")]
    id: RoomId,
    kept: bool,
}

/// Lists the caller's matches, newest first.
#[utoipa::path(
    get,
    path = "/v1/matches",
    operation_id = "listMatches",
    tag = "matches",
    params(MatchPage),
    responses(
        (status = 200, body = MatchList, description = "A page of matches, newest first."),
    ),
    security(("access_token" = [])),
)]
pub async fn list_matches(
    State(app): State<App>,
    caller: SignedIn,
    Query(query): Query<MatchPage>,
) -> Result<Json<MatchList>, Fault> {
    let player = caller.player;
    let (limit, from, to) = query.check(&player)?;
    let (now, keys) = (app.clock.now(), app.tokens.cursors());
    let list = query.cursor_scope(&player);
    let after = query.cursor.as_deref();
    let after = after.map(|cursor| keys.verify(&list, cursor, now)).transpose()?;
    let after = after.as_deref().and_then(HistoryCursor::parse);
    let filter = HistoryFilter { after, from, to, pool: query.pool.clone() };
    let page = app.store.history_eventual(&player, &filter, limit, now).await?;
    let cursor = page.next.map(|next| keys.sign(&list, &next.sort_key(), now));
    Ok(Json(MatchList { matches: page.matches.into_iter().map(view).collect(), cursor }))
}

impl MatchPage {
    /// Checks the query for its caller. Returns the page size and the bounds of the end times.
    fn check(&self, caller: &PlayerId) -> Result<(usize, Option<Time>, Option<Time>), Refusal> {
        if self.player != "me" && parse_player(&self.player)? != *caller {
            let detail = "You can list only your own matches: send `player=me`.";
            return Err(Refusal::new(Code::BadQuery, detail).field("player"));
        }
        let limit = page_size(self.limit.as_deref())?;
        let bound = |field: &str, text: &Option<String>| -> Result<Option<Time>, Refusal> {
            let time = text.as_deref().map(|text| parse_time(field, text)).transpose();
            time.map_err(|refusal| Refusal { code: Code::BadQuery, ..refusal })
        };
        let (from, to) = (bound("from", &self.from)?, bound("to", &self.to)?);
        if from.zip(to).is_some_and(|(from, to)| from >= to) {
            let detail = "`from` must be before `to`.";
            return Err(Refusal::new(Code::BadQuery, detail).field("to"));
        }
        Ok((limit, from, to))
    }

    /// Returns the list for which a cursor is valid: its owner and filters.
    fn cursor_scope<'a>(&'a self, caller: &'a PlayerId) -> [&'a str; 5] {
        let pool = self.pool.as_ref().map_or("", PoolName::as_str);
        let [from, to] = [&self.from, &self.to].map(|bound| bound.as_deref().unwrap_or_default());
        ["matches", caller.as_str(), pool, from, to]
    }
}

/// Stores the record of a finished match.
///
/// The edge repeats the request until the record is stored: 201 the first time, 200 after that, and 409 if a
/// different record has the same id. An outcome that does not fit the players is stored, and not rated.
#[utoipa::path(
    post,
    path = "/internal/v1/matches",
    operation_id = "recordMatch",
    tag = "internal",
    request_body = MatchRecord,
    responses(
        (status = 201, body = MatchReceipt, description = "The record is stored."),
        (status = 200, body = MatchReceipt, description = "The record was stored before."),
        (status = 409, description = "`match_differs`"),
    ),
    security(("signature" = [])),
)]
pub async fn record_match(
    State(app): State<App>,
    Body(record): Body<MatchRecord>,
) -> Result<(StatusCode, Json<MatchReceipt>), Fault> {
    history::check_record(&record)?;
    if record.reason == EndReason::Mode && decided_outcome(&record).is_none() {
        tracing::warn!(id = %record.id, "the outcome of a match does not fit its players: it is stored unrated");
    }
    let rated = record.pool.as_ref().is_some_and(|pool| app.config.rated_pools.contains(pool));
    let saved = app.store.save_match(&record, rated, app.config.history, app.clock.now());
    let status = match saved.await? {
        SaveOutcome::New => StatusCode::CREATED,
        SaveOutcome::Duplicate => StatusCode::OK,
        SaveOutcome::Conflict => {
            let detail = format!(
                "A different record of {} is already stored. The stored one does not change.",
                record.id
            );
            return Err(Refusal::new(Code::MatchDiffers, detail).field("id").into());
        }
    };
    Ok((status, Json(MatchReceipt { id: record.id, kept: true })))
}

/// Returns the form of a match that players see.
fn view(played: PlayedMatch) -> MatchView {
    let PlayedMatch { record, rating } = played;
    MatchView {
        duration_ms: time::ms(record.ended.since(record.started)),
        id: record.id,
        pool: record.pool,
        players: record.players,
        started: format_time(record.started),
        ended: format_time(record.ended),
        reason: record.reason,
        by: record.by,
        result: record.result,
        mode: record.mode,
        outcome: record.outcome,
        rating,
    }
}
