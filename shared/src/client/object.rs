//! The kinds of objects that a client connects to, with the messages of each.

use crate::wire::envelope::Event;
use crate::wire::ops::Ops;
use crate::wire::{lobby, me, room};
use serde::de::DeserializeOwned;
use std::fmt::Debug;

/// The meaning of an event for the connection itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// The client missed something, and must open the object again from a snapshot.
    Resync,
    /// Everything up to this position is on disk.
    Durable(u64),
}

/// A kind of object: its events, its fields of the welcome, and its ops.
pub trait Object: Debug + Send + 'static {
    /// The events of the object.
    type Event: Event + Clone + PartialEq + Debug + Send;
    /// The object's own fields of the welcome.
    type Welcome: DeserializeOwned + Clone + PartialEq + Debug + Send;
    /// The ops, with the fields that each takes.
    const OPS: Ops;

    /// Returns the position of the snapshot in a welcome, where it has one.
    #[must_use]
    fn snapshot_at(_: &Self::Welcome) -> Option<u64> {
        None
    }

    /// Returns the meaning of an event for the connection itself.
    #[must_use]
    fn signal(_: &Self::Event) -> Option<Signal> {
        None
    }
}

/// The kind of a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoomObject {}

impl Object for RoomObject {
    type Event = room::Event;
    type Welcome = room::Welcome;
    const OPS: Ops = room::OPS;

    fn snapshot_at(welcome: &room::Welcome) -> Option<u64> {
        welcome.snapshot.as_ref().map(|snapshot| snapshot.at)
    }

    fn signal(event: &room::Event) -> Option<Signal> {
        match event {
            room::Event::Resync => Some(Signal::Resync),
            room::Event::Durable { to } => Some(Signal::Durable(*to)),
            _ => None,
        }
    }
}

/// The kind of a lobby.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LobbyObject {}

impl Object for LobbyObject {
    type Event = lobby::Event;
    type Welcome = lobby::Welcome;
    const OPS: Ops = lobby::OPS;
}

/// The kind of the player's own object, by its me socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MeObject {}

impl Object for MeObject {
    type Event = me::Event;
    type Welcome = me::Devices;
    const OPS: Ops = me::OPS;
}
