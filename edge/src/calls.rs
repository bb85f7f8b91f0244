//! What the objects ask of each other, over requests that no client can make.

use crate::error::{Error, Result};
use crate::platform;
use crate::region::in_time;
use serde::Serialize;
use serde::de::DeserializeOwned;
use shared::id::{PlayerId, PoolName, RoomId};
use shared::internal::{Dismissal, PlaceAnswer, PlaceAsk, PlayerAnswer, PlayerAsk};
use shared::lobby::parts::{LobbyAnswer, LobbyAsk};
use shared::notice::Notice;
use shared::pool::Shard;
use shared::presence::{self, PeerAnswer, PeerAsk};
use shared::room::Setup;
use shared::socket::Conn;
use worker::wasm_bindgen::JsValue;
use worker::{Env, Method, Request, RequestInit, Stub};

/// The path of a question between objects.
pub const ASK: &str = "/ask";
/// The path of what the region says of a player.
pub const NOTICES: &str = "/notices";
/// The path of what one player's object says to another's.
pub const PEER: &str = "/peer";
/// The path of how others are.
pub const PRESENCE: &str = "/presence";

/// Asks a player's object.
pub async fn player(env: &Env, id: &PlayerId, ask: &PlayerAsk) -> Result<PlayerAnswer> {
    put(&platform::player(env, id)?, ASK, ask, "a player's object").await
}

/// Makes a room. Twice is the same as once.
pub async fn open_room(env: &Env, setup: &Setup) -> Result<()> {
    let stub = platform::room(env, &setup.id)?;
    let ask = PlaceAsk::Create { setup: Box::new(setup.clone()) };
    let _: PlaceAnswer = put(&stub, ASK, &ask, "a room").await?;
    Ok(())
}

/// A player has left a match.
pub async fn free(env: &Env, player_id: &PlayerId, room: &RoomId) -> Result<()> {
    player(env, player_id, &PlayerAsk::Free { room: room.clone() }).await.map(drop)
}

/// Asks the object that a lease names which sockets of a player it holds.
pub async fn holds(env: &Env, lease: &str, player: &PlayerId) -> Result<Vec<Conn>> {
    let ask = PlaceAsk::Holds { player: player.clone() };
    match put(&platform::leased(env, lease)?, ASK, &ask, lease).await? {
        PlaceAnswer::Holds { conns } => Ok(conns),
        PlaceAnswer::Done | PlaceAnswer::Part { .. } => Ok(Vec::new()),
    }
}

/// Has the object that a lease names close sockets of a player; the answer is which are left there.
pub async fn dismiss(env: &Env, lease: &str, player: &PlayerId, dismissal: &Dismissal) -> Result<Vec<Conn>> {
    let ask = PlaceAsk::Dismiss { player: player.clone(), dismissal: dismissal.clone() };
    match put(&platform::leased(env, lease)?, ASK, &ask, lease).await? {
        PlaceAnswer::Holds { conns } => Ok(conns),
        PlaceAnswer::Done | PlaceAnswer::Part { .. } => Ok(Vec::new()),
    }
}

/// Asks another part of the same queue.
pub async fn part(env: &Env, pool: &PoolName, shard: Shard, ask: &LobbyAsk) -> Result<LobbyAnswer> {
    let ask = PlaceAsk::Part { ask: ask.clone() };
    let stub = platform::lobby(env, pool, shard)?;
    match put(&stub, ASK, &ask, "a part of the queue").await? {
        PlaceAnswer::Part { answer } => Ok(answer),
        PlaceAnswer::Done | PlaceAnswer::Holds { .. } => {
            Err(Error::Ours("a lobby answered as a room does".to_owned()))
        }
    }
}

/// Asks the object of another player, as theirs.
pub async fn peer(env: &Env, id: &PlayerId, ask: &PeerAsk) -> Result<PeerAnswer> {
    put(&platform::player(env, id)?, PEER, ask, "a player's object").await
}

/// Asks a player's own object how others are.
pub async fn presence(env: &Env, id: &PlayerId, ask: &presence::Ask) -> Result<presence::Answer> {
    let stub = platform::player(env, id)?;
    put(&stub, PRESENCE, ask, "a player's object").await
}

/// Brings notices to the object of the player that they are about. Once it answers it has them on disk.
pub async fn notify(env: &Env, id: &PlayerId, notices: &[Notice]) -> Result<()> {
    let stub = platform::player(env, id)?;
    put(&stub, NOTICES, &notices, "a player's object").await
}

async fn put<A: Serialize, B: DeserializeOwned>(stub: &Stub, path: &str, ask: &A, whom: &str) -> Result<B> {
    let mut init = RequestInit::new();
    init.with_method(Method::Post);
    init.with_body(Some(JsValue::from_str(&serde_json::to_string(ask)?)));
    let request = Request::new_with_init(&format!("https://object{path}"), &init)?;
    let mut response = in_time(stub.fetch_with_request(request), whom).await?;
    match response.status_code() {
        200 => Ok(serde_json::from_str(&response.text().await?)?),
        status => Err(Error::Unavailable(format!("{whom} answered {status}"))),
    }
}
