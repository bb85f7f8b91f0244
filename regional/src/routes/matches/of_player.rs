//! The route with which moderators list the matches of a player.

use crate::app::App;
use crate::cursor;
use crate::domain::history::HistoryCursor;
use crate::error::Fault;
use crate::http::caller::Moderator;
use crate::http::extract::{PathPlayer, Query};
use crate::routes::matches::{MatchList, view};
use crate::routes::page::ListPage;
use crate::store::matches::HistoryFilter;
use axum::Json;
use axum::extract::State;
use shared::id::PlayerId;

/// Lists the matches of a player, newest first.
///
/// They are as in the player's own history. The list is empty for a player who does not exist.
#[utoipa::path(
    get,
    path = "/v1/players/{player}/matches",
    operation_id = "listPlayerMatches",
    tag = "moderation",
    params(("player" = PlayerId, Path, description = "A player."), ListPage),
    responses(
        (status = 200, body = MatchList, description = "A page of matches, newest first."),
        (status = 403, description = "`banned`, `not_moderator`, `scope_missing`"),
    ),
    security(("access_token" = []), ("service_key" = [])),
)]
pub async fn list_player_matches(
    State(app): State<App>,
    _: Moderator,
    PathPlayer(player): PathPlayer,
    Query(query): Query<ListPage>,
) -> Result<Json<MatchList>, Fault> {
    let (after, limit) = query.check(|key| HistoryCursor::parse(key).is_some())?;
    let after = after.as_deref().and_then(HistoryCursor::parse);
    let filter = HistoryFilter { after, ..HistoryFilter::default() };
    let page = app.store.history_eventual(&player, &filter, limit, app.clock.now()).await?;
    let cursor = page.next.map(|next| cursor::encode(&next.sort_key()));
    Ok(Json(MatchList { matches: page.matches.into_iter().map(view).collect(), cursor }))
}
