//! Requests to a player's object, and the lookups that it makes before it can answer.

use crate::clients::{object_rpc, region};
use crate::clock::now;
use crate::error::{Error, Result};
use crate::objects::player_calls::player_id;
use crate::objects::player_shard::PlayerShard;
use crate::objects::runtime::Runtime;
use crate::telemetry::log;
use crate::worker::upgrade;
use futures_util::stream::{self, StreamExt};
use shared::id::PlayerId;
use shared::limits;
use shared::player::{Input, Missing, Player};
use shared::presence::{PlayerPresence, PresenceAt, State};
use shared::rpc::notice::Notice;
use shared::rpc::{
    LoginCheck, ObjectName, PeerRequest, PeerResponse, PlayerRequest, PlayerResponse, PresenceRequest,
    PresenceResponse,
};
use shared::time::Time;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use worker::{Request, Response};

/// Rounds of lookups for one answer: who may see the player, which leases are open, and each again if it changed
/// meanwhile.
const ATTEMPTS_MAX: usize = 4;

/// Answers a request of another object or of the Worker.
pub async fn answer(shard: &Rc<PlayerShard>, mut request: Request) -> Result<Response> {
    let path = request.path();
    if path == "/open" {
        let player = upgrade::read_opening(&request)?.who.player;
        return shard.player(&player)?.open(&request).await;
    }
    let missing = || Error::refused(404, "not_found", "This object has no such path.");
    let at = path.match_indices('/').nth(1).map(|(at, _)| at).ok_or_else(missing)?;
    let (player, path) = path.split_at(at);
    let player: PlayerId = player.trim_start_matches('/').parse().map_err(|error| Error::internal(&error))?;
    let runtime = &shard.player(&player)?;
    let text = request.text().await?;
    Ok(match path {
        object_rpc::ASK => Response::from_json(&answer_call(runtime, serde_json::from_str(&text)?).await?),
        object_rpc::NOTICES => {
            Response::from_json(&apply_notices(runtime, &serde_json::from_str::<Vec<Notice>>(&text)?)?)
        }
        object_rpc::PEER => Response::from_json(&answer_peer(runtime, serde_json::from_str(&text)?).await?),
        object_rpc::OWN_ROOM => {
            let request = serde_json::from_str(&text)?;
            Response::from_json(&runtime.query(|player, now| player.own_room(now, request))?)
        }
        object_rpc::LOGIN => {
            let LoginCheck { ep, sid } = serde_json::from_str(&text)?;
            let denial = |player: &mut Player, now| (player.denial(now, ep, &sid), Vec::new());
            Response::from_json(&runtime.query(denial)?)
        }
        object_rpc::INSPECT => {
            Response::from_json(&runtime.query(|machine, now| (machine.inspect(now, player), Vec::new()))?)
        }
        object_rpc::NOTIFY => {
            let request = serde_json::from_str(&text)?;
            Response::from_json(&runtime.query(|player, now| player.notify_player(now, &request))?)
        }
        object_rpc::PRESENCE => {
            Response::from_json(&presence_of(runtime, serde_json::from_str(&text)?).await?)
        }
        _ => return Err(missing()),
    }?)
}

fn apply_notices(runtime: &Rc<Runtime<Player>>, notices: &[Notice]) -> Result<()> {
    for notice in notices {
        runtime.query(|player, now| ((), player.handle(now, Input::Noticed { notice })))?;
    }
    Ok(())
}

/// Answers a host's request. Before a lease counts against the player, its host is asked whether the socket is still
/// open; evicted sockets are closed before the answer grants their place.
async fn answer_call(runtime: &Rc<Runtime<Player>>, request: PlayerRequest) -> Result<PlayerResponse> {
    let decide = || runtime.query(|player, now| player.request(now, request.clone()));
    let mut answer = decide()?;
    if let PlayerResponse::Full { objects, .. } = &answer {
        check_leases(runtime, objects.iter().cloned().collect()).await?;
        answer = decide()?;
    }
    if let PlayerResponse::Full { evict, .. } = &answer
        && !evict.is_empty()
    {
        let player = player_id(runtime)?;
        for evictee in evict {
            let asked = now();
            let holding =
                object_rpc::force_close(&runtime.env, &evictee.object, &player, &evictee.close).await?;
            correct_leases(runtime, evictee.object.clone(), holding, asked)?;
        }
        answer = decide()?;
    }
    Ok(answer)
}

/// Asks hosts which connections of the player they hold. The leases of a host that does not answer remain.
async fn check_leases(runtime: &Rc<Runtime<Player>>, objects: BTreeSet<ObjectName>) -> Result<()> {
    let player = player_id(runtime)?;
    for object in objects {
        let asked = now();
        match object_rpc::list_connections(&runtime.env, &object, &player).await {
            Ok(holding) => correct_leases(runtime, object, holding, asked)?,
            Err(error) => log::error!("{error:?}; its leases still count"),
        }
    }
    Ok(())
}

fn correct_leases(
    runtime: &Rc<Runtime<Player>>,
    object: ObjectName,
    holding: Vec<shared::connection::Conn>,
    asked: Time,
) -> Result<()> {
    let request = PlayerRequest::Correct { object, holding, asked };
    runtime.query(|player, now| player.request(now, request)).map(drop)
}

async fn answer_peer(runtime: &Rc<Runtime<Player>>, request: PeerRequest) -> Result<PeerResponse> {
    // A silent, dead connection must count neither as a subscriber nor as presence.
    let conns = runtime.query(|player, _| (player.conns(), Vec::new()))?;
    runtime.close_silent(&conns);
    for _ in 0..ATTEMPTS_MAX {
        match runtime.query(|player, now| player.peer_request(now, request.clone()))? {
            Ok(answer) => return Ok(answer),
            Err(missing) => look_up(runtime, missing).await?,
        }
    }
    Err(Error::Unavailable(
        "the visibility or the leases of the player change too often to answer".to_owned(),
    ))
}

async fn look_up(runtime: &Rc<Runtime<Player>>, missing: Missing) -> Result<()> {
    match missing {
        Missing::Visibility => {
            let revision = runtime.query(|player, _| (player.visibility_revision(), Vec::new()))?;
            let visibility = region::visibility(&runtime.env, &player_id(runtime)?).await?;
            runtime.query(|player, now| {
                let visibility = &visibility;
                ((), player.handle(now, Input::VisibilityKnown { revision, visibility }))
            })
        }
        Missing::LeaseCheck(objects) => {
            let asked = now();
            check_leases(runtime, objects.into_iter().collect()).await?;
            runtime.query(|player, _| (player.leases_checked(asked), Vec::new()))
        }
    }
}

/// Returns the presence of other players. The objects of players that the caller may not see are not asked.
async fn presence_of(runtime: &Rc<Runtime<Player>>, request: PresenceRequest) -> Result<PresenceResponse> {
    let denial = |player: &mut Player, now| (player.denial(now, request.ep, &request.sid), Vec::new());
    if let Some(why) = runtime.query(denial)? {
        return Ok(PresenceResponse::Denied(why));
    }
    let mut friends = Vec::new();
    for _ in 0..ATTEMPTS_MAX {
        match runtime.query(|player, _| (player.visible_players(&request.players), Vec::new()))? {
            Ok(all) => {
                friends = all;
                break;
            }
            Err(missing) => look_up(runtime, missing).await?,
        }
    }
    let query = PeerRequest::Query { by: player_id(runtime)? };
    let call = |friend: PlayerId| {
        let query = &query;
        async move {
            match object_rpc::peer(&runtime.env, &friend, query).await? {
                PeerResponse::State { presence, .. } => Ok((friend, presence)),
                PeerResponse::Received | PeerResponse::Unsubscribe => Err(Error::Internal(
                    "a player's object answered a query with the response of another request".to_owned(),
                )),
            }
        }
    };
    let mut states = BTreeMap::new();
    let mut answers = stream::iter(friends).map(call).buffer_unordered(limits::FANOUT_CONCURRENT_MAX);
    while let Some(answer) = answers.next().await {
        let (friend, presence) = answer?;
        states.insert(friend, presence);
    }
    let offline = PresenceAt { state: State::Offline, as_of: now() };
    let seen = request
        .players
        .into_iter()
        .map(|player| PlayerPresence { presence: states.get(&player).copied().unwrap_or(offline), player });
    Ok(PresenceResponse::Seen(seen.collect()))
}
