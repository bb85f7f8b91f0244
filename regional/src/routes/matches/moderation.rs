//! The routes of matches for moderators: one match with its replay, and the disputed matches.

use crate::app::App;
use crate::cursor;
use crate::domain::history::HistoryCursor;
use crate::error::code::Code;
use crate::error::refusals::not_found;
use crate::error::{Fault, Refusal};
use crate::http::caller::Moderator;
use crate::http::extract::{Query, parse_id};
use crate::routes::matches::{MatchView, view};
use crate::routes::page::ListPage;
use crate::store::matches::PlayedMatch;
use crate::store::moderated_matches::ModeratedMatch;
use axum::Json;
use axum::extract::{Path, State};
use serde::Serialize;
use serde_json::Value;
use shared::id::{PlayerId, RoomId};
use shared::mode::Replay;
use utoipa::ToSchema;

/// A match, as moderators see it.
#[derive(Serialize, ToSchema)]
pub struct MatchDetails {
    #[serde(rename = "match")]
    played: MatchView,
    /// The rating change of each player; empty for unrated matches.
    ratings: Vec<RatedPlayer>,
    /// The seed and all events of the mode, from which the match replays; absent for a match without a mode, and after
    /// the account of a player of the match is erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    replay: Option<Replay>,
}

/// A player whose rating a match changed.
#[derive(Serialize, ToSchema)]
pub struct RatedPlayer {
    player: PlayerId,
    /// The player's rating before and after the match, and the number of rated matches.
    #[schema(value_type = crate::schemas::AnyJson)]
    rating: Value,
}

/// A page of disputed matches.
#[derive(Serialize, ToSchema)]
pub struct DisputeList {
    /// The matches. The `result` of each has what each player stated, by player.
    matches: Vec<MatchView>,
    /// The cursor of the next page; `null` on the last page.
    cursor: Option<String>,
}

/// Lists the disputed matches, newest first.
///
/// Players of these matches stated different results, or not all of them stated one. No rating follows from them. An
/// entry expires with its match.
#[utoipa::path(
    get,
    path = "/v1/disputes",
    operation_id = "listDisputes",
    tag = "moderation",
    params(ListPage),
    responses(
        (status = 200, body = DisputeList, description = "A page of matches, newest first."),
        (status = 403, description = "`banned`, `not_moderator`, `scope_missing`"),
    ),
    security(("access_token" = []), ("service_key" = [])),
)]
pub async fn list_disputes(
    State(app): State<App>,
    _: Moderator,
    Query(query): Query<ListPage>,
) -> Result<Json<DisputeList>, Fault> {
    let (after, limit) = query.check(|key| HistoryCursor::parse_newest_first(key).is_some())?;
    let page = app.store.disputed_matches(after.as_deref(), limit, app.clock.now());
    let (records, next) = Box::pin(page).await?;
    let matches = records.into_iter().map(|record| view(PlayedMatch { record, rating: None }));
    Ok(Json(DisputeList { matches: matches.collect(), cursor: next.as_deref().map(cursor::encode) }))
}

/// Returns a match with its replay.
#[utoipa::path(
    get,
    path = "/v1/matches/{match}",
    operation_id = "getMatch",
    tag = "moderation",
    params(("match" = RoomId, Path, description = "The match.")),
    responses(
        (status = 200, body = MatchDetails, description = "The match."),
        (status = 403, description = "`banned`, `not_moderator`, `scope_missing`"),
        (status = 404, description = "`match_not_found`"),
    ),
    security(("access_token" = []), ("service_key" = [])),
)]
pub async fn get_match(
    State(app): State<App>,
    _: Moderator,
    Path(id): Path<String>,
) -> Result<Json<MatchDetails>, Fault> {
    let id = parse_id("match", &id)?;
    let found = app.store.match_strong(&id, app.clock.now()).await?;
    let ModeratedMatch { mut record, mut ratings } = found.ok_or_else(|| match_not_found(&id))?;
    let replay = record.replay.take();
    let rated = |player: &PlayerId| {
        let rating = ratings.remove(player.as_str())?;
        Some(RatedPlayer { player: player.clone(), rating })
    };
    let ratings = record.players.iter().map(|one| &one.player).filter_map(rated).collect();
    let played = view(PlayedMatch { record, rating: None });
    Ok(Json(MatchDetails { played, ratings, replay }))
}

/// Rejects a path that names a match that does not exist or has expired.
fn match_not_found(id: &RoomId) -> Refusal {
    not_found(Code::MatchNotFound, "match", format!("There is no match {id}, or its record has expired."))
}
