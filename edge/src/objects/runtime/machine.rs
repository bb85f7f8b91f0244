//! The interface of a state machine to the runtime.

use super::Runtime;
use crate::error::Result;
use crate::telemetry::meter::Class;
use crate::worker::upgrade::{Found, Opening};
use shared::connection::{Conn, ConnectionInput, Identity};
use shared::delivery::gather::Flush;
use shared::delivery::outbox::DeliveryLevel;
use shared::id::{PlayerId, PoolName};
use shared::metrics::Observed;
use shared::pool::Devices;
use shared::rpc::ForcedClose;
use shared::time::Time;
use shared::trace::Trace;
use shared::wire::CloseCode;
use std::rc::Rc;

/// A state machine of `shared`, as the runtime drives it.
pub trait Machine: Sized + 'static {
    /// The events that the machine reacts to.
    type Input<'a>: From<ConnectionInput<'a>>;
    /// The actions that the machine demands.
    type Effect;
    /// The kind of object, as in the names of leases and in metrics: `room`, `lobby` or `me`.
    const KIND: &'static str;
    /// The class of object, as bills name it.
    const CLASS: Class;
    /// True if each socket holds a lease at the object of its player.
    const LEASED: bool;

    /// Restores the machine from storage and from the attachments of the open sockets; `None` if nothing is stored.
    fn restore(runtime: &Runtime<Self>, attachments: &[String]) -> Result<Option<(Self, Vec<Self::Effect>)>>;
    /// Returns the trace of the machine's work; none if that of the request or event counts.
    fn trace(&self) -> Option<Trace> {
        None
    }
    /// Returns what the machine has counted since this was last taken, and the pool of a lobby.
    fn observed(&mut self) -> (Option<&PoolName>, &mut Observed);
    /// Handles one input, and returns its effects.
    fn handle(&mut self, now: Time, input: Self::Input<'_>) -> Vec<Self::Effect>;
    /// Performs one effect.
    fn perform(runtime: &Rc<Runtime<Self>>, effect: Self::Effect) -> Result<Outcome>;
    /// Prepares the queued messages for sending.
    fn flush(&mut self, _: Time) -> Flush<Self::Effect> {
        Flush::default()
    }
    /// Returns true if the machine needs a flush, even where no message is queued.
    fn has_unflushed(&self) -> bool {
        false
    }
    /// The input of a socket for which the platform holds many unsent bytes, or few again; none if the machine does not
    /// limit them.
    fn buffered(_: Conn, _: u64) -> Option<Self::Input<'static>> {
        None
    }
    /// Returns the time at which a timer must tick, and the input of that tick; none while nothing happens by itself. The
    /// timer keeps the object in memory, at a price by the second.
    fn next_tick(&self) -> Option<(Time, Self::Input<'static>)> {
        None
    }
    /// The input of an alarm.
    fn alarm() -> Self::Input<'static>;
    /// The input of an opened socket.
    fn opened(&self, conn: Conn, opening: &Opening, found: Found) -> Self::Input<'static>;
    /// Returns whether the player's name must be looked up before the socket opens.
    fn lacks_name(&self, _: &Opening) -> bool {
        false
    }
    /// The input of an order of the player object to close sockets.
    fn forced_close(player: &PlayerId, close: &ForcedClose) -> Self::Input<'static>;
    /// Checks whether a socket may open now.
    fn admit(&self, opening: &Opening) -> std::result::Result<(), CloseCode>;
    /// Returns the connection and the identity that an attachment contains.
    fn attachment_owner(attachment: &str) -> Option<(Conn, Identity)>;
    /// Returns a number for the next socket.
    fn next_conn(&self) -> Conn;
    /// Returns the open connections of a player.
    fn connections_of(&self, player: &PlayerId) -> Vec<Conn>;
    /// If this socket replaces the player's others: returns the ones that stay open nevertheless.
    fn kept_on_takeover(&self, opening: &Opening) -> Option<Vec<Conn>>;
    /// Returns what happens when the player has as many connections as allowed.
    fn devices(&self) -> Devices;
    /// Returns which broadcasts a socket receives.
    fn delivery_level(&self, conn: Conn) -> DeliveryLevel;
}

/// The fate of a machine after its effects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The machine remains.
    Continue,
    /// The machine has ended, and its storage is being deleted.
    Erased,
    /// An effect failed: the machine is dropped, and the next event restores it from storage.
    Dropped,
}
