//! A room as a Durable Object: performs the effects of its machine.

use crate::bindings;
use crate::clients::{object_rpc, region};
use crate::clock::{self, now};
use crate::error::{Error, Result};
use crate::objects::class::object;
use crate::objects::runtime::{Machine, Outcome, Runtime, read_request};
use crate::objects::store;
use crate::ops::report;
use crate::telemetry::log::{self, About, Level};
use crate::telemetry::meter::Class;
use crate::telemetry::{metrics, trace};
use crate::worker::upgrade::{Found, Opening};
use shared::delivery::gather::Flush;
use shared::delivery::outbox::DeliveryLevel;
use shared::delivery::pending_calls::CallId;
use shared::id::{PlayerId, PoolName};
use shared::metrics::Observed;
use shared::mode::Seed;
use shared::pool::Devices;
use shared::room::{Call, Conn, Effect, Identity, Input, Role, Room};
use shared::rpc::Setup;
use shared::rpc::audit::AuditEntry;
use shared::rpc::record::MatchRecord;
use shared::rpc::room_service::{ObjectState, RoomAction, RoomServiceRequest};
use shared::rpc::{ForcedClose, HostRequest, HostResponse};
use shared::time::{self, Time};
use shared::trace::Trace;
use shared::wire::CloseCode;
use std::collections::BTreeMap;
use std::rc::Rc;
use worker::{Request, Response};

object!(RoomObject, Runtime<Room>, answer);

async fn answer(runtime: &Rc<Runtime<Room>>, request: Request) -> Result<Response> {
    match request.path().as_str() {
        "/open" => runtime.open(&request).await,
        "/summary" => summary(runtime),
        object_rpc::ASK => {
            let answer = match read_request(request).await? {
                HostRequest::Create { setup, audit } => create(runtime, *setup, audit)?,
                HostRequest::Service { request } => serve(runtime, &request)?,
                HostRequest::Holds { player } => runtime.list_connections(&player)?,
                HostRequest::ForceClose { player, close: dismissal } => {
                    runtime.force_close(&player, &dismissal)?
                }
                HostRequest::Shard { .. } => HostResponse::Done,
                HostRequest::Queue { .. } => HostResponse::Missing,
            };
            Ok(Response::from_json(&answer)?)
        }
        _ => Err(Error::refused(404, "not_found", "This object has no such path.")),
    }
}

fn summary(runtime: &Rc<Runtime<Room>>) -> Result<Response> {
    let Some(room) = runtime.load()? else {
        return Err(Error::refused(404, "not_found", "This room does not exist."));
    };
    let summary = room.summary();
    runtime.keep(room);
    Ok(Response::from_json(&summary)?)
}

#[expect(clippy::panic, reason = "clients may demand a panic where DEBUG_COMMANDS is on")]
fn panic_for_tests() -> ! {
    std::panic::panic_any("on purpose")
}

fn create(runtime: &Rc<Runtime<Room>>, setup: Setup, audit: Option<Box<AuditEntry>>) -> Result<HostResponse> {
    let existing = runtime.load()?;
    if existing.is_none() {
        store::create_room_tables(&runtime.state.storage())?;
        metrics::room_opened();
        report::after_event(&runtime.env);
    }
    let setup = setup.with_seed(Seed::new(u128::from_le_bytes(clock::random_bytes()?)));
    let (existing, audit) = (existing.map(|room| *room), audit.map(|entry| *entry));
    let (room, effects) = Room::create_once(existing, now(), setup, bindings::switches(&runtime.env), audit);
    let _scope = trace::enter(Some(room.trace()), "RoomObject");
    runtime.perform(effects);
    runtime.keep(Box::new(room));
    Ok(HostResponse::Done)
}

/// Answers the operator's backend. Its changes are on disk before the answer.
fn serve(runtime: &Rc<Runtime<Room>>, request: &RoomServiceRequest) -> Result<HostResponse> {
    let woken = !runtime.is_loaded();
    let Some(room) = runtime.load()? else { return Ok(HostResponse::Missing) };
    runtime.keep(room);
    let unsent = match request.action {
        RoomAction::Inspect { .. } => runtime.sockets.borrow().unsent(),
        RoomAction::Commands { .. } | RoomAction::Log { .. } => BTreeMap::new(),
    };
    let object = ObjectState { woken, unsent };
    let answer = runtime.query(|room, now| room.serve(now, request, &object))?;
    Ok(HostResponse::Service { answer })
}

impl Machine for Room {
    type Input<'a> = Input<'a>;
    type Effect = Effect;
    const KIND: &'static str = "room";
    const CLASS: Class = Class::Room;
    const LEASED: bool = true;

    fn restore(runtime: &Runtime<Self>, attachments: &[String]) -> Result<Option<(Self, Vec<Effect>)>> {
        let Some(disk) = store::read_room(&runtime.state.storage())? else {
            return Ok(None);
        };
        Room::restore(&disk, attachments, now(), bindings::switches(&runtime.env))
            .map(Some)
            .map_err(|corrupt| Error::Internal(format!("a room cannot be read: {}", corrupt.0)))
    }

    fn handle(&mut self, now: Time, input: Input<'_>) -> Vec<Effect> {
        Room::handle(self, now, input)
    }

    fn trace(&self) -> Option<Trace> {
        Some(Room::trace(self))
    }

    fn observed(&mut self) -> (Option<&PoolName>, &mut Observed) {
        (None, Room::observed(self))
    }

    fn perform(runtime: &Rc<Runtime<Self>>, effect: Effect) -> Result<Outcome> {
        let mut sockets = runtime.sockets.borrow_mut();
        match effect {
            Effect::Save(save) => {
                // Messages queued before the write need not wait for it; later ones must. A write of the log or of the
                // room covers all of their events; the alarm alone does not.
                if save.chunk.is_some() || save.room.is_some() {
                    sockets.flush(now());
                }
                store::write_room(&runtime.state.storage(), &save)?;
            }
            Effect::Attach { conn, data } => sockets.attach(conn, &data),
            Effect::Send { conn, text } => sockets.send(conn, text),
            Effect::Broadcast { text, audience } => sockets.broadcast(text, audience),
            Effect::SetDeliveryLevel { conn, level: heed } => sockets.heed(conn, heed),
            Effect::Close { conn, code } => {
                runtime.closing(code);
                sockets.close(conn, code);
            }
            Effect::Call { id, call } => start_call(runtime, id, call),
            Effect::Verify { conn, id, token } => runtime.verify(conn, id, token),
            Effect::Panic => panic_for_tests(),
            Effect::ReportFault { message } => runtime.report(&Error::Internal(message)),
            Effect::Erase => {
                metrics::room_erased();
                runtime.erase();
                return Ok(Outcome::Erased);
            }
        }
        Ok(Outcome::Continue)
    }

    fn flush(&mut self, now: Time) -> Flush<Effect> {
        Room::flush(self, now)
    }

    fn has_unflushed(&self) -> bool {
        Room::has_unflushed(self)
    }

    fn buffered(conn: Conn, bytes: u64) -> Option<Input<'static>> {
        Some(Input::Buffered { conn, bytes })
    }

    fn next_tick(&self) -> Option<(Time, Input<'static>)> {
        Some((Room::next_tick(self)?, Input::Tick))
    }

    fn alarm() -> Input<'static> {
        Input::Woke
    }

    fn opened(&self, conn: Conn, opening: &Opening, found: Found) -> Input<'static> {
        let role = Room::admit(self, &opening.who, opening.watch).unwrap_or(Role::Spectator);
        let (identity, resume) = (opening.who.clone(), opening.resume());
        Input::Opened { conn, identity, role, resume, name: found.name }
    }

    fn lacks_name(&self, opening: &Opening) -> bool {
        Room::admit(self, &opening.who, opening.watch) == Ok(Role::Member)
            && Room::lacks_name(self, &opening.who.player)
    }

    fn admit(&self, opening: &Opening) -> std::result::Result<(), CloseCode> {
        let role = Room::admit(self, &opening.who, opening.watch)?;
        if opening.yields && role == Role::Member && self.is_seated(&opening.who.player) {
            return Err(CloseCode::TakenOver);
        }
        Ok(())
    }

    fn attachment_owner(attachment: &str) -> Option<(Conn, Identity)> {
        Room::read_attachment(attachment)
    }

    fn next_conn(&self) -> Conn {
        Room::next_conn(self)
    }

    fn connections_of(&self, player: &PlayerId) -> Vec<Conn> {
        Room::connections_of(self, player)
    }

    fn forced_close(player: &PlayerId, close: &ForcedClose) -> Input<'static> {
        Input::ForcedClose { player: player.clone(), close: close.clone() }
    }

    /// A newer socket of a member replaces the older one; a spectator may have several.
    fn kept_on_takeover(&self, opening: &Opening) -> Option<Vec<Conn>> {
        match Room::admit(self, &opening.who, opening.watch) {
            Ok(Role::Member) => Some(Room::spectator_conns(self, &opening.who.player)),
            Ok(Role::Spectator) | Err(_) => None,
        }
    }

    fn devices(&self) -> Devices {
        Room::rules(self).devices
    }

    fn delivery_level(&self, conn: Conn) -> DeliveryLevel {
        self.recipients().find(|(open, ..)| *open == conn).map(|(.., heed)| heed).unwrap_or_default()
    }
}

fn start_call(runtime: &Rc<Runtime<Room>>, id: CallId, call: Call) {
    runtime.spawn(async move |runtime| {
        let result = match &call {
            Call::Opened { room } => region::opened(&runtime.env, room).await,
            Call::Record { record } => region::record(&runtime.env, record).await,
            Call::Audit { entry } => region::audit(&runtime.env, entry).await,
            Call::Report { report } => region::report(&runtime.env, report).await,
            Call::Free { player, room } => object_rpc::release_player(&runtime.env, player, room).await,
        };
        match result {
            Ok(()) => {
                if let Call::Record { record } = &call {
                    log_end(&runtime, record);
                }
                runtime.handle(Input::Confirmed { call: id });
            }
            Err(error @ Error::Refused { .. }) => {
                log::error!("{error:?}; the call is not repeated, because it would be refused again");
                runtime.handle(Input::Confirmed { call: id });
            }
            Err(error) => log::error!("{error:?}; the machine will repeat it"),
        }
    });
}

/// Logs the end of a match, once the region has its record.
fn log_end(runtime: &Runtime<Room>, record: &MatchRecord) {
    let (label, code) = (runtime.label(), record.reason.name());
    let ms = Some(time::ms(record.ended.since(record.started)));
    log::line(Level::Info, "a match ended", About { object: &label, code, ms });
}
