//! A player: performs the effects of its machine. A `PlayerObject` holds many players.

use crate::clock::now;
use crate::error::Result;
use crate::objects::class::object;
use crate::objects::player_shard::PlayerShard;
use crate::objects::runtime::{Machine, Outcome, Runtime};
use crate::objects::{player_calls, player_requests, player_store};
use crate::telemetry::meter::Class;
use crate::worker::upgrade::{Found, Opening};
use shared::connection::{Conn, Identity};
use shared::delivery::outbox::DeliveryLevel;
use shared::id::{PlayerId, PoolName};
use shared::limits;
use shared::metrics::Observed;
use shared::player::{Effect, Input, Player};
use shared::pool::Devices;
use shared::rpc::ForcedClose;
use shared::time::Time;
use shared::wire::CloseCode;
use std::rc::Rc;

object!(PlayerObject, PlayerShard, player_requests::answer);

impl Machine for Player {
    type Input<'a> = Input<'a>;
    type Effect = Effect;
    const KIND: &'static str = "me";
    const CLASS: Class = Class::Player;
    /// Me sockets end at the player object, which counts them itself.
    const LEASED: bool = false;

    fn restore(runtime: &Runtime<Self>, attachments: &[String]) -> Result<Option<(Self, Vec<Effect>)>> {
        let disk = player_store::read(&runtime.state.storage(), &runtime.name())?;
        Ok(Some(Player::restore(&disk, attachments, now())?))
    }

    fn handle(&mut self, now: Time, input: Input<'_>) -> Vec<Effect> {
        Player::handle(self, now, input)
    }

    fn observed(&mut self) -> (Option<&PoolName>, &mut Observed) {
        (None, Player::observed(self))
    }

    fn perform(runtime: &Rc<Runtime<Self>>, effect: Effect) -> Result<Outcome> {
        let mut sockets = runtime.sockets.borrow_mut();
        match effect {
            Effect::Save(save) => {
                player_store::write(&runtime.state.storage(), &runtime.name(), &save)?;
            }
            Effect::Attach { conn, data } => sockets.attach(conn, &data),
            Effect::Send { conn, text } => sockets.send(conn, text),
            Effect::Broadcast { text, audience } => sockets.broadcast(text, audience),
            Effect::Close { conn, code } => {
                runtime.closing(code);
                sockets.close(conn, code);
            }
            Effect::Verify { conn, id, token } => runtime.verify(conn, id, token),
            Effect::ForceClose { call, object, close } => {
                player_calls::force_close(runtime, call, object, close);
            }
            Effect::FetchVisibility { revision } => player_calls::fetch_visibility(runtime, revision),
            Effect::Subscribe { call, peers } => player_calls::subscribe(runtime, call, peers),
            Effect::Publish { call, as_of, groups } => player_calls::publish(runtime, call, as_of, groups),
            Effect::Erase => {
                player_store::erase(&runtime.state.storage(), &runtime.name())?;
                return Ok(Outcome::Erased);
            }
        }
        Ok(Outcome::Continue)
    }

    fn alarm() -> Input<'static> {
        Input::Woke
    }

    fn opened(&self, conn: Conn, opening: &Opening, _: Found) -> Input<'static> {
        Input::Opened { conn, identity: opening.who.clone() }
    }

    fn admit(&self, opening: &Opening) -> std::result::Result<(), CloseCode> {
        match self.denial(now(), opening.who.ep, &opening.who.sid) {
            Some(why) => Err(why.close()),
            None if opening.yields && self.conns().len() >= limits::DEVICES_MAX => {
                Err(CloseCode::TooManyDevices)
            }
            None => Ok(()),
        }
    }

    fn attachment_owner(attachment: &str) -> Option<(Conn, Identity)> {
        Player::read_attachment(attachment)
    }

    fn next_conn(&self) -> Conn {
        Player::next_conn(self)
    }

    /// Only this object itself closes me sockets, so there is nothing to do.
    fn forced_close(_: &PlayerId, _: &ForcedClose) -> Input<'static> {
        Input::Woke
    }

    fn connections_of(&self, _: &PlayerId) -> Vec<Conn> {
        self.conns()
    }

    fn kept_on_takeover(&self, _: &Opening) -> Option<Vec<Conn>> {
        None
    }

    fn devices(&self) -> Devices {
        Devices::KickOldest
    }

    fn delivery_level(&self, _: Conn) -> DeliveryLevel {
        DeliveryLevel::All
    }
}
