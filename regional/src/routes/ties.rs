//! Whom one keeps away from, whom one follows, and who may see that one is here.

use super::App;
use super::bans::nobody;
use crate::error::{Fault, Refusal};
use crate::http::active::Active;
use crate::http::extract::{Body, Named, Query, player};
use crate::http::moment::rfc3339;
use crate::http::problem::Code;
use crate::store::blocks::{Block, Tied};
use crate::store::follows::Follow;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use shared::caps;
use shared::id::PlayerId;
use shared::record::Circle;
use utoipa::{IntoParams, ToSchema};

/// Somebody whom one blocks or follows.
#[derive(Serialize, ToSchema)]
#[schema(as = Tie)]
pub struct View {
    player: PlayerId,
    #[schema(value_type = crate::openapi::Moment)]
    since: String,
    /// Whether they follow back; of follows only.
    #[serde(skip_serializing_if = "Option::is_none")]
    mutual: Option<bool>,
}

/// Whom one blocks.
#[derive(Serialize, ToSchema)]
pub struct Blocks {
    blocks: Vec<View>,
    /// For the next page; none when this is the last.
    cursor: Option<PlayerId>,
}

/// Whom one follows.
#[derive(Serialize, ToSchema)]
pub struct Follows {
    follows: Vec<View>,
    /// For the next page; none when this is the last.
    cursor: Option<PlayerId>,
}

/// `?cursor=…&limit=…`.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    #[param(value_type = Option<crate::openapi::Cursor>)]
    cursor: Option<String>,
    #[param(value_type = Option<crate::openapi::PageSize>)]
    limit: Option<usize>,
}

/// `PUT /v1/presence/me`, and its answer.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Presence {
    hidden: bool,
}

/// Keeps oneself and another apart: never matched, and neither sees whether the other is here.
#[utoipa::path(
    put,
    path = "/v1/blocks/{player}",
    operation_id = "ties_block",
    tag = "people",
    params(("player" = PlayerId, Path, description = "Somebody else.")),
    responses(
        (status = 204, description = "Blocked."),
        (status = 403, description = "`banned`"),
        (status = 404, description = "`player_not_found`"),
        (status = 409, description = "`full`"),
    ),
    security(("access_token" = [])),
)]
pub async fn block(
    State(app): State<App>,
    own: Active,
    Path(named): Path<String>,
) -> Result<StatusCode, Fault> {
    let other = another(&named, &own.player)?;
    let tied = app.store.block(&own.player, &other, app.clock.now()).await?;
    done(tied, &other, "block", caps::BLOCKS)
}

/// Takes a block back. Where there is none, nothing changes.
#[utoipa::path(
    delete,
    path = "/v1/blocks/{player}",
    operation_id = "ties_unblock",
    tag = "people",
    params(("player" = PlayerId, Path, description = "Somebody else.")),
    responses(
        (status = 204, description = "Not blocked."),
        (status = 403, description = "`banned`"),
    ),
    security(("access_token" = [])),
)]
pub async fn unblock(
    State(app): State<App>,
    own: Active,
    Path(named): Path<String>,
) -> Result<StatusCode, Fault> {
    let other = another(&named, &own.player)?;
    app.store.unblock(&own.player, &other).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Whether one blocks somebody.
#[utoipa::path(
    get,
    path = "/v1/blocks/{player}",
    operation_id = "ties_blocked",
    tag = "people",
    params(("player" = PlayerId, Path, description = "Somebody else.")),
    responses(
        (status = 200, body = View, description = "They are blocked."),
        (status = 403, description = "`banned`"),
        (status = 404, description = "`not_found`"),
    ),
    security(("access_token" = [])),
)]
pub async fn blocked(
    State(app): State<App>,
    own: Active,
    Path(named): Path<String>,
) -> Result<Json<View>, Fault> {
    let other = player(&named)?;
    let block = app.store.block_strong(&own.player, &other).await?;
    Ok(Json(block.map(block_view).ok_or_else(none)?))
}

/// Whom one blocks, by id.
#[utoipa::path(
    get,
    path = "/v1/blocks",
    operation_id = "ties_blocks",
    tag = "people",
    params(Asked),
    responses(
        (status = 200, body = Blocks, description = "A page."),
        (status = 403, description = "`banned`"),
    ),
    security(("access_token" = [])),
)]
pub async fn blocks(
    State(app): State<App>,
    own: Active,
    Query(asked): Query<Asked>,
) -> Result<Json<Blocks>, Fault> {
    let (after, limit) = asked.check()?;
    let (found, more) = app.store.blocks_strong(&own.player, after.as_ref(), limit).await?;
    let last = found.last().map(|last| last.player.clone());
    Ok(Json(Blocks { blocks: found.into_iter().map(block_view).collect(), cursor: last.filter(|_| more) }))
}

/// Follows somebody. Those who follow each other see whether the other is here.
#[utoipa::path(
    put,
    path = "/v1/follows/{player}",
    operation_id = "ties_follow",
    tag = "people",
    params(("player" = PlayerId, Path, description = "Somebody else.")),
    responses(
        (status = 204, description = "Followed."),
        (status = 403, description = "`banned`"),
        (status = 404, description = "`player_not_found`"),
        (status = 409, description = "`full`"),
    ),
    security(("access_token" = [])),
)]
pub async fn follow(
    State(app): State<App>,
    own: Active,
    Path(named): Path<String>,
) -> Result<StatusCode, Fault> {
    let other = another(&named, &own.player)?;
    let tied = app.store.follow(&own.player, &other, app.clock.now()).await?;
    done(tied, &other, "follow", caps::FOLLOWS)
}

/// Follows somebody no more. Where one does not, nothing changes.
#[utoipa::path(
    delete,
    path = "/v1/follows/{player}",
    operation_id = "ties_unfollow",
    tag = "people",
    params(("player" = PlayerId, Path, description = "Somebody else.")),
    responses(
        (status = 204, description = "Not followed."),
        (status = 403, description = "`banned`"),
    ),
    security(("access_token" = [])),
)]
pub async fn unfollow(
    State(app): State<App>,
    own: Active,
    Path(named): Path<String>,
) -> Result<StatusCode, Fault> {
    let other = another(&named, &own.player)?;
    app.store.unfollow(&own.player, &other).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Whether one follows somebody, and they follow back.
#[utoipa::path(
    get,
    path = "/v1/follows/{player}",
    operation_id = "ties_followed",
    tag = "people",
    params(("player" = PlayerId, Path, description = "Somebody else.")),
    responses(
        (status = 200, body = View, description = "They are followed."),
        (status = 403, description = "`banned`"),
        (status = 404, description = "`not_found`"),
    ),
    security(("access_token" = [])),
)]
pub async fn followed(
    State(app): State<App>,
    own: Active,
    Path(named): Path<String>,
) -> Result<Json<View>, Fault> {
    let other = player(&named)?;
    let follow = app.store.follow_strong(&own.player, &other).await?;
    Ok(Json(follow.map(follow_view).ok_or_else(none)?))
}

/// Whom one follows, by id.
#[utoipa::path(
    get,
    path = "/v1/follows",
    operation_id = "ties_follows",
    tag = "people",
    params(Asked),
    responses(
        (status = 200, body = Follows, description = "A page."),
        (status = 403, description = "`banned`"),
    ),
    security(("access_token" = [])),
)]
pub async fn follows(
    State(app): State<App>,
    own: Active,
    Query(asked): Query<Asked>,
) -> Result<Json<Follows>, Fault> {
    let (after, limit) = asked.check()?;
    let (found, more) = app.store.follows_strong(&own.player, after.as_ref(), limit).await?;
    let last = found.last().map(|last| last.player.clone());
    Ok(Json(Follows { follows: found.into_iter().map(follow_view).collect(), cursor: last.filter(|_| more) }))
}

/// Whether one is to be seen as offline by everybody.
#[utoipa::path(
    get,
    path = "/v1/presence/me",
    operation_id = "ties_presence",
    tag = "people",
    responses(
        (status = 200, body = Presence, description = "Whether one is hidden."),
        (status = 403, description = "`banned`"),
    ),
    security(("access_token" = [])),
)]
pub async fn presence(own: Active) -> Json<Presence> {
    let hidden = own.status.hidden;
    Json(Presence { hidden })
}

/// Hides oneself, or shows oneself again.
#[utoipa::path(
    put,
    path = "/v1/presence/me",
    operation_id = "ties_hide",
    tag = "people",
    request_body = Presence,
    responses(
        (status = 200, body = Presence, description = "As it is now."),
        (status = 403, description = "`banned`"),
        (status = 404, description = "`player_not_found`"),
    ),
    security(("access_token" = [])),
)]
pub async fn hide(
    State(app): State<App>,
    own: Active,
    Body(body): Body<Presence>,
) -> Result<Json<Presence>, Fault> {
    if !app.store.hide(&own.player, body.hidden).await? {
        return Err(nobody(&own.player).into());
    }
    Ok(Json(body))
}

/// Who may see whether somebody is here, for the edge.
#[utoipa::path(
    get,
    path = "/internal/v1/players/{player}/circle",
    operation_id = "ties_circle",
    tag = "internal",
    params(("player" = PlayerId, Path, description = "Somebody else.")),
    responses(
        (status = 200, body = Circle, description = "Who may see them."),
        (status = 404, description = "`player_not_found`"),
    ),
    security(("signature" = [])),
)]
pub async fn circle(State(app): State<App>, Named(named): Named) -> Result<Json<Circle>, Fault> {
    let player = named.ok_or_else(|| Refusal::new(Code::BadId, "Name the player here.").field("player"))?;
    let circle = Box::pin(app.store.circle_strong(&player)).await?;
    Ok(Json(circle.ok_or_else(|| nobody(&player))?))
}

impl Asked {
    fn check(self) -> Result<(Option<PlayerId>, usize), Refusal> {
        let limit = self.limit.unwrap_or(caps::PAGE_UNASKED);
        if limit == 0 || limit > caps::PAGE {
            let detail = format!("A page has 1 to {} people.", caps::PAGE);
            return Err(Refusal::new(Code::BadQuery, detail).field("limit").limit(caps::PAGE));
        }
        let cursor = self.cursor.map(|cursor| cursor.parse());
        let after = cursor.transpose().map_err(|_| {
            let detail = "Use the `cursor` of the page before as it came, or none for the first page.";
            Refusal::new(Code::BadCursor, detail).field("cursor")
        })?;
        Ok((after, limit))
    }
}

fn another(named: &str, own: &PlayerId) -> Result<PlayerId, Refusal> {
    let other = player(named)?;
    if other == *own {
        let detail = "Name somebody else than yourself.";
        return Err(Refusal::new(Code::BadId, detail).field("player"));
    }
    Ok(other)
}

fn done(tied: Tied, other: &PlayerId, what: &str, most: usize) -> Result<StatusCode, Fault> {
    match tied {
        Tied::Done | Tied::Already => Ok(StatusCode::NO_CONTENT),
        Tied::Nobody => Err(nobody(other).into()),
        Tied::Full => {
            let detail = format!("You may {what} {most} people. Take one back first.");
            Err(Refusal::new(Code::Full, detail).limit(most).into())
        }
    }
}

fn none() -> Refusal {
    Refusal::new(Code::NotFound, "It is not so.").field("player")
}

fn block_view(block: Block) -> View {
    View { player: block.player, since: rfc3339(block.since), mutual: None }
}

fn follow_view(follow: Follow) -> View {
    View { player: follow.player, since: rfc3339(follow.since), mutual: Some(follow.mutual) }
}
