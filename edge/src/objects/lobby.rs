//! A lobby as a Durable Object: performs the effects of its machine.

use crate::bindings;
use crate::clients::{object_rpc, region};
use crate::clock::{self, now};
use crate::error::{Error, Result};
use crate::objects::class::object;
use crate::objects::runtime::{Machine, Outcome, Runtime, read_request};
use crate::objects::store;
use crate::telemetry::meter::Class;
use crate::telemetry::{log, trace};
use crate::worker::upgrade::{Found, Opening};
use futures_util::future::try_join;
use shared::connection::{Conn, Identity};
use shared::delivery::outbox::DeliveryLevel;
use shared::id::{PlayerId, PoolName};
use shared::lobby::{Answer, Call, Effect, Entrant, Input, Lobby, Served};
use shared::metrics::Observed;
use shared::pool::Devices;
use shared::pool::Shard;
use shared::rpc::queue_service::{QueueServiceAnswer, QueueServiceRequest};
use shared::rpc::{ForcedClose, HostRequest, HostResponse, PlayerRequest, PlayerResponse};
use shared::time::Time;
use shared::wire::CloseCode;
use std::rc::Rc;
use worker::{Request, Response};

object!(LobbyObject, Runtime<Lobby>, answer);

async fn answer(runtime: &Rc<Runtime<Lobby>>, request: Request) -> Result<Response> {
    match request.path().as_str() {
        "/open" => runtime.open(&request).await,
        object_rpc::ASK => {
            let answer = match read_request(request).await? {
                HostRequest::Create { .. } => HostResponse::Done,
                HostRequest::Service { .. } => HostResponse::Missing,
                HostRequest::Queue { request } => serve(runtime, &request).await?,
                HostRequest::Holds { player } => runtime.list_connections(&player)?,
                HostRequest::ForceClose { player, close: dismissal } => {
                    runtime.force_close(&player, &dismissal)?
                }
                HostRequest::Shard { request } => HostResponse::Shard {
                    response: runtime.query(|lobby, now| lobby.handle_request(now, request))?,
                },
            };
            Ok(Response::from_json(&answer)?)
        }
        _ => Err(Error::refused(404, "not_found", "This object has no such path.")),
    }
}

/// Answers the operator's backend. Its changes are on disk before the answer.
async fn serve(runtime: &Rc<Runtime<Lobby>>, request: &QueueServiceRequest) -> Result<HostResponse> {
    let answer = match (runtime.query(|lobby, now| lobby.serve(now, request))?, request.action.player()) {
        (Served::Answer(answer), _) => answer,
        (Served::LookUp(_), None) => return Ok(HostResponse::Missing),
        (Served::LookUp(lookup), Some(player)) => {
            let found = look_up_player(runtime, player).await;
            let is_unknown = matches!(&found, Err(Error::Refused { status: 404, .. }));
            if let Err(error) = &found {
                log::error!("{error:?}");
            }
            let entrant = found.ok();
            let answer =
                runtime.query(|lobby, now| lobby.serve_looked_up(now, lookup, request, entrant.as_ref()))?;
            if is_unknown { QueueServiceAnswer::UnknownPlayer } else { answer }
        }
    };
    if let (QueueServiceAnswer::Moved { shard }, Some(player)) = (&answer, request.action.player()) {
        put_home_shard(runtime, player, *shard).await?;
        runtime.handle(Input::ShardStored { player: player.clone(), stored: true });
    }
    Ok(HostResponse::Queue { answer })
}

impl Machine for Lobby {
    type Input<'a> = Input<'a>;
    type Effect = Effect;
    const KIND: &'static str = "lobby";
    const CLASS: Class = Class::Lobby;
    const LEASED: bool = true;

    fn restore(runtime: &Runtime<Self>, attachments: &[String]) -> Result<Option<(Self, Vec<Effect>)>> {
        let Some((name, shard)) = Shard::of_object(&runtime.name()) else {
            return Ok(None);
        };
        let configured = bindings::pools(&runtime.env)?;
        let Some(pool) = configured.pools.get(&name) else {
            return Ok(None);
        };
        let disk = store::read_lobby(&runtime.state.storage())?;
        let restored = Lobby::restore(name, shard, pool, &disk, attachments, now())?;
        Ok(Some(restored))
    }

    fn handle(&mut self, now: Time, input: Input<'_>) -> Vec<Effect> {
        Lobby::handle(self, now, input)
    }

    fn observed(&mut self) -> (Option<&PoolName>, &mut Observed) {
        let (pool, observed) = Lobby::observed(self);
        (Some(pool), observed)
    }

    fn perform(runtime: &Rc<Runtime<Self>>, effect: Effect) -> Result<Outcome> {
        let mut sockets = runtime.sockets.borrow_mut();
        match effect {
            Effect::Save(save) => {
                store::write_lobby(&runtime.state.storage(), &save)?;
            }
            Effect::Attach { conn, data } => sockets.attach(conn, &data),
            Effect::Send { conn, text } => sockets.send(conn, text),
            Effect::Close { conn, code } => {
                runtime.closing(code);
                sockets.close(conn, code);
            }
            Effect::Verify { conn, id, token } => runtime.verify(conn, id, token),
            Effect::LookUp { lookup, player } => look_up(runtime, lookup, player),
            Effect::StoreShard { player, shard } => store_shard(runtime, player, shard),
            Effect::Call(call) => start_call(runtime, call),
        }
        Ok(Outcome::Continue)
    }

    fn alarm() -> Input<'static> {
        Input::Woke
    }

    fn opened(&self, conn: Conn, opening: &Opening, found: Found) -> Input<'static> {
        Input::Opened {
            conn,
            identity: opening.who.clone(),
            current_match: found.current_match,
            address: opening.address,
            trace: opening.trace,
        }
    }

    fn admit(&self, _: &Opening) -> std::result::Result<(), CloseCode> {
        Ok(())
    }

    fn attachment_owner(attachment: &str) -> Option<(Conn, Identity)> {
        Lobby::read_attachment(attachment)
    }

    fn next_conn(&self) -> Conn {
        Lobby::next_conn(self)
    }

    fn connections_of(&self, player: &PlayerId) -> Vec<Conn> {
        Lobby::connections_of(self, player)
    }

    fn forced_close(player: &PlayerId, close: &ForcedClose) -> Input<'static> {
        Input::ForcedClose { player: player.clone(), close: close.clone() }
    }

    fn kept_on_takeover(&self, _: &Opening) -> Option<Vec<Conn>> {
        None
    }

    fn devices(&self) -> Devices {
        Lobby::devices(self)
    }

    fn delivery_level(&self, _: Conn) -> DeliveryLevel {
        DeliveryLevel::All
    }
}

/// Looks up a player who enters, at the region and at the player's object. A failure is an answer too.
fn look_up(runtime: &Rc<Runtime<Lobby>>, lookup: u64, player: PlayerId) {
    runtime.spawn(async move |runtime| {
        let answer = match look_up_player(&runtime, &player).await {
            Ok(entrant) => Some(entrant),
            Err(error) => {
                log::error!("{error:?}");
                None
            }
        };
        runtime.handle(Input::LookedUp { lookup, answer });
    });
}

async fn look_up_player(runtime: &Runtime<Lobby>, player: &PlayerId) -> Result<Entrant> {
    let (pool, _) = pool_and_shard(runtime)?;
    let profile = region::matchmaking_profile(&runtime.env, player, &pool);
    let current_match = object_rpc::player(&runtime.env, player, &PlayerRequest::CurrentMatch);
    let (profile, current_match) = try_join(profile, current_match).await?;
    let current_match = match current_match {
        PlayerResponse::Granted { current_match } => current_match,
        PlayerResponse::Busy { room, .. } => Some(room),
        PlayerResponse::Full { .. } | PlayerResponse::Denied { .. } | PlayerResponse::HomeShard { .. } => {
            None
        }
    };
    let random = clock::random_bytes()?.into_iter().take(8);
    Ok(Entrant { profile, current_match, random: random.fold(0, |all, byte| all << 8 | u64::from(byte)) })
}

/// Stores at a player's object which shard of the queue the player is in.
fn store_shard(runtime: &Rc<Runtime<Lobby>>, player: PlayerId, shard: u16) {
    runtime.spawn(async move |runtime| {
        let stored = put_home_shard(&runtime, &player, shard).await;
        if let Err(error) = &stored {
            log::error!("{error:?}");
        }
        runtime.handle(Input::ShardStored { player, stored: stored.is_ok() });
    });
}

async fn put_home_shard(runtime: &Runtime<Lobby>, player: &PlayerId, shard: u16) -> Result<()> {
    let (pool, _) = pool_and_shard(runtime)?;
    let request = PlayerRequest::HomeShard { pool, shard: Some(shard) };
    object_rpc::player(&runtime.env, player, &request).await.map(drop)
}

fn start_call(runtime: &Rc<Runtime<Lobby>>, call: Call) {
    runtime.spawn(async move |runtime| match perform_call(&runtime, &call).await {
        Ok(answer) => runtime.handle(Input::Answered { call, answer }),
        Err(error) => log::error!("{error:?}; the machine will repeat it"),
    });
}

async fn perform_call(runtime: &Runtime<Lobby>, call: &Call) -> Result<Answer> {
    match call {
        Call::Player { player, request } => {
            let answer = object_rpc::player(&runtime.env, player, request).await?;
            Ok(Answer::Player(answer))
        }
        Call::OpenRoom { setup } => {
            // From here on, all work for the match has its one trace.
            let mut origin = trace::origin();
            if let Some(origin) = &mut origin {
                origin.trace = setup.match_trace();
            }
            trace::within(origin, object_rpc::open_room(&runtime.env, setup, None)).await?;
            Ok(Answer::Room)
        }
        Call::Report { figures } => {
            object_rpc::store_figures(&runtime.env, (**figures).clone()).await?;
            Ok(Answer::Reported)
        }
        Call::Audit { entry } => {
            region::audit(&runtime.env, entry).await?;
            Ok(Answer::Audited)
        }
        Call::Shard { shard, request } => {
            let (pool, _) = pool_and_shard(runtime)?;
            let answer = object_rpc::shard(&runtime.env, &pool, *shard, request).await?;
            Ok(Answer::Shard(answer))
        }
    }
}

fn pool_and_shard(runtime: &Runtime<Lobby>) -> Result<(PoolName, Shard)> {
    let name = runtime.name();
    Shard::of_object(&name)
        .ok_or_else(|| Error::Internal(format!("{name:?} is not the name of a lobby shard")))
}
