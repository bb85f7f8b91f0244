//! What was played: kept when the edge says so, read by who played.

use super::App;
use crate::error::{Fault, Refusal};
use crate::history::{self, Place};
use crate::http::bearer::Bearer;
use crate::http::extract::{Body, Query, player};
use crate::http::moment::{moment, rfc3339};
use crate::http::problem::Code;
use crate::store::matches::{Kept, Played, Wanted};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::caps;
use shared::id::{PlayerId, PoolName, RoomId};
use shared::record::{EndReason, MatchRecord, Participant};
use shared::time::{self, Time};
use utoipa::{IntoParams, ToSchema};

/// `GET /v1/matches?player=me&pool=…&from=…&to=…&cursor=…&limit=…`.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    #[param(value_type = crate::openapi::Own)]
    player: String,
    /// Those of this pool alone.
    pool: Option<PoolName>,
    /// Those that ended then or later.
    #[param(value_type = Option<crate::openapi::Moment>)]
    from: Option<String>,
    /// Those that ended before then.
    #[param(value_type = Option<crate::openapi::Moment>)]
    to: Option<String>,
    #[param(value_type = Option<crate::openapi::Cursor>)]
    cursor: Option<String>,
    #[param(value_type = Option<crate::openapi::PageSize>)]
    limit: Option<usize>,
}

/// A page of history.
#[derive(Serialize, ToSchema)]
#[schema(as = Matches)]
pub struct List {
    matches: Vec<View>,
    /// For the next page; none when this is the last.
    cursor: Option<String>,
}

/// A match, as those who played it see it.
#[derive(Serialize, ToSchema)]
#[schema(as = Match)]
pub struct View {
    #[serde(rename = "match")]
    id: RoomId,
    pool: Option<PoolName>,
    players: Vec<Participant>,
    #[schema(value_type = crate::openapi::Moment)]
    started: String,
    #[schema(value_type = crate::openapi::Moment)]
    ended: String,
    reason: EndReason,
    by: Option<PlayerId>,
    #[schema(value_type = crate::openapi::Anything)]
    result: Value,
    /// How long it took.
    duration_ms: u64,
    /// What it did to one's rating: before, after, and how many matches that is made of. None where it was unrated.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<crate::openapi::Anything>)]
    rating: Option<Value>,
}

/// What became of a record.
#[derive(Serialize, ToSchema)]
#[schema(as = MatchKept)]
pub struct Answer {
    #[serde(rename = "match")]
    id: RoomId,
    kept: bool,
}

/// One's own history, newest first.
#[utoipa::path(
    get,
    path = "/v1/matches",
    operation_id = "matches_list",
    tag = "matches",
    params(Asked),
    responses(
        (status = 200, body = List, description = "A page, newest first."),
    ),
    security(("access_token" = [])),
)]
pub async fn list(
    State(app): State<App>,
    bearer: Bearer,
    Query(asked): Query<Asked>,
) -> Result<Json<List>, Fault> {
    let own = bearer.0.sub;
    if asked.player != "me" && player(&asked.player)? != own {
        let detail = "One's own history alone can be read: `player=me`.";
        return Err(Refusal::new(Code::BadQuery, detail).field("player").into());
    }
    let limit = asked.limit.unwrap_or(shared::caps::PAGE_UNASKED);
    if limit == 0 || limit > caps::PAGE {
        let detail = format!("A page has 1 to {} matches.", caps::PAGE);
        return Err(Refusal::new(Code::BadQuery, detail).field("limit").limit(caps::PAGE).into());
    }
    let bound = |field: &str, text: &Option<String>| -> Result<Option<Time>, Refusal> {
        let read = text.as_deref().map(|text| moment(field, text)).transpose();
        read.map_err(|refusal| Refusal { code: Code::BadQuery, ..refusal })
    };
    let (from, to) = (bound("from", &asked.from)?, bound("to", &asked.to)?);
    if from.zip(to).is_some_and(|(from, to)| from >= to) {
        let detail = "`from` is before `to`, or nothing could be between them.";
        return Err(Refusal::new(Code::BadQuery, detail).field("to").into());
    }
    let (now, seals) = (app.clock.now(), app.mint.seals());
    let [pool, since, until] = [
        asked.pool.as_ref().map_or("", PoolName::as_str),
        asked.from.as_deref().unwrap_or_default(),
        asked.to.as_deref().unwrap_or_default(),
    ];
    let list = ["matches", own.as_str(), pool, since, until];
    let after = asked.cursor.as_deref();
    let after = after.map(|cursor| seals.open(&list, cursor, now)).transpose()?;
    let wanted = Wanted { after: after.as_deref().and_then(Place::of), from, to, pool: asked.pool.clone() };
    let page = app.store.history_eventual(&own, &wanted, limit, now).await?;
    let next = page.next.map(|place| seals.seal(&list, &place.key(), now));
    Ok(Json(List { matches: page.matches.into_iter().map(view).collect(), cursor: next }))
}

/// Keeps the record of a finished match. The edge repeats it until it hears that it is kept: 201 the first time, 200
/// after that, 409 if it is another record than the one kept.
#[utoipa::path(
    post,
    path = "/internal/v1/matches",
    operation_id = "matches_keep",
    tag = "internal",
    request_body = MatchRecord,
    responses(
        (status = 201, body = Answer, description = "Kept."),
        (status = 200, body = Answer, description = "Kept before."),
        (status = 409, description = "`match_differs`"),
    ),
    security(("signature" = [])),
)]
pub async fn keep(
    State(app): State<App>,
    Body(record): Body<MatchRecord>,
) -> Result<(StatusCode, Json<Answer>), Fault> {
    history::check(&record)?;
    let rated = record.pool.as_ref().is_some_and(|pool| app.config.rated.contains(pool));
    let kept = app.store.keep_match(&record, rated, app.config.history);
    let status = match kept.await? {
        Kept::New => StatusCode::CREATED,
        Kept::Before => StatusCode::OK,
        Kept::Another => {
            let detail = format!("{} was told before, and differently. The first record stays.", record.id);
            return Err(Refusal::new(Code::MatchDiffers, detail).field("id").into());
        }
    };
    Ok((status, Json(Answer { id: record.id, kept: true })))
}

fn view(played: Played) -> View {
    let Played { record, rating } = played;
    View {
        duration_ms: time::ms(record.ended.since(record.started)),
        id: record.id,
        pool: record.pool,
        players: record.players,
        started: rfc3339(record.started),
        ended: rfc3339(record.ended),
        reason: record.reason,
        by: record.by,
        result: record.result,
        rating,
    }
}
