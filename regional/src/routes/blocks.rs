//! The routes of blocks: a player and a blocked player are never matched and do not see each other's
//! presence.

use crate::app::App;
use crate::error::Fault;
use crate::error::code::Code;
use crate::error::refusals::not_found;
use crate::http::caller::ActivePlayer;
use crate::http::extract::{PathPlayer, Query};
use crate::http::rfc3339::format_time;
use crate::routes::page::PlayerPage;
use crate::routes::ties::{answer, reject_self};
use crate::store::blocks::Block;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use shared::id::PlayerId;
use shared::limits;
use utoipa::ToSchema;

/// A player that the caller blocks.
#[derive(Serialize, ToSchema)]
#[schema(as = Block)]
pub struct BlockView {
    player: PlayerId,
    #[schema(value_type = crate::schemas::Timestamp)]
    since: String,
}

/// A page of the players that the caller blocks.
#[derive(Serialize, ToSchema)]
pub struct BlockList {
    blocks: Vec<BlockView>,
    /// The cursor of the next page; `null` on the last page.
    cursor: Option<PlayerId>,
}

/// Blocks a player.
///
/// The two are never matched, and neither sees the other's presence.
#[utoipa::path(
    put,
    path = "/v1/blocks/{player}",
    operation_id = "blockPlayer",
    tag = "people",
    params(("player" = PlayerId, Path, description = "Another player.")),
    responses(
        (status = 204, description = "The player is blocked."),
        (status = 403, description = "`banned`"),
        (status = 404, description = "`player_not_found`"),
        (status = 409, description = "`full`"),
    ),
    security(("access_token" = [])),
)]
pub async fn block_player(
    State(app): State<App>,
    caller: ActivePlayer,
    PathPlayer(other): PathPlayer,
) -> Result<StatusCode, Fault> {
    reject_self(&other, &caller.player)?;
    let outcome = app.store.block(&caller.player, &other, app.clock.now()).await?;
    answer(outcome, &other, "block", limits::BLOCKS_MAX)
}

/// Removes a block.
///
/// Nothing changes if there is none.
#[utoipa::path(
    delete,
    path = "/v1/blocks/{player}",
    operation_id = "unblockPlayer",
    tag = "people",
    params(("player" = PlayerId, Path, description = "Another player.")),
    responses(
        (status = 204, description = "The player is not blocked."),
        (status = 403, description = "`banned`"),
    ),
    security(("access_token" = [])),
)]
pub async fn unblock_player(
    State(app): State<App>,
    caller: ActivePlayer,
    PathPlayer(other): PathPlayer,
) -> Result<StatusCode, Fault> {
    reject_self(&other, &caller.player)?;
    app.store.unblock(&caller.player, &other).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Returns the caller's block of a player.
#[utoipa::path(
    get,
    path = "/v1/blocks/{player}",
    operation_id = "getBlock",
    tag = "people",
    params(("player" = PlayerId, Path, description = "Another player.")),
    responses(
        (status = 200, body = BlockView, description = "The player is blocked."),
        (status = 403, description = "`banned`"),
        (status = 404, description = "`not_found`: the player is not blocked."),
    ),
    security(("access_token" = [])),
)]
pub async fn get_block(
    State(app): State<App>,
    caller: ActivePlayer,
    PathPlayer(other): PathPlayer,
) -> Result<Json<BlockView>, Fault> {
    let block = app.store.block_strong(&caller.player, &other).await?;
    let block = block.ok_or_else(|| not_found(Code::NotFound, "player", "You do not block this player."))?;
    Ok(Json(view(block)))
}

/// Lists the players that the caller blocks, ordered by id.
#[utoipa::path(
    get,
    path = "/v1/blocks",
    operation_id = "listBlocks",
    tag = "people",
    params(PlayerPage),
    responses(
        (status = 200, body = BlockList, description = "A page of blocks."),
        (status = 403, description = "`banned`"),
    ),
    security(("access_token" = [])),
)]
pub async fn list_blocks(
    State(app): State<App>,
    caller: ActivePlayer,
    Query(page): Query<PlayerPage>,
) -> Result<Json<BlockList>, Fault> {
    let (after, limit) = page.check()?;
    let (found, more) = app.store.blocks_strong(&caller.player, after.as_ref(), limit).await?;
    let last = found.last().map(|last| last.player.clone());
    Ok(Json(BlockList { blocks: found.into_iter().map(view).collect(), cursor: last.filter(|_| more) }))
}

fn view(block: Block) -> BlockView {
    BlockView { player: block.player, since: format_time(block.since) }
}
