//! The me sockets of a player, `/v1/me`: their commands, and the messages that they receive.

use super::presence::presence_event;
use super::{Effect, Player};
use crate::connection::{Conn, ConnectionGuard, Endpoint, Identity};
use crate::limits;
use crate::metrics::Observed;
use crate::time::Time;
use crate::wire::envelope::{self, Envelope, Text};
use crate::wire::me::{ActiveBody, Command, Device, Devices, Event, Notice, ReadBody, Reply};
use crate::wire::welcome::Welcome;
use crate::wire::{CloseCode, Message, Refusal};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// An open me socket.
#[derive(Debug, Clone)]
pub(super) struct MeSocket {
    pub guard: ConnectionGuard,
    /// True while the player uses the device.
    pub active: bool,
    pub since: Time,
}

/// The attachment of a me socket.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Attachment {
    pub conn: Conn,
    pub who: Identity,
    pub active: bool,
    pub since: Time,
}

impl Endpoint for Player {
    type Command = Command;
    type Reply = Reply;

    fn guard(&mut self, conn: Conn) -> Option<&mut ConnectionGuard> {
        self.sockets.get_mut(&conn).map(|socket| &mut socket.guard)
    }

    fn guards(&self) -> impl Iterator<Item = (Conn, &ConnectionGuard)> {
        self.sockets.iter().map(|(&conn, socket)| (conn, &socket.guard))
    }

    fn observed(&mut self) -> &mut Observed {
        &mut self.observed
    }

    fn execute(
        &mut self,
        _: Time,
        conn: Conn,
        _: &Message,
        command: Command,
    ) -> Option<Result<Reply, Refusal>> {
        match command {
            Command::Devices => Some(Ok(Reply::Devices(self.devices(conn)))),
            Command::Active(ActiveBody { active }) => {
                self.sockets.get_mut(&conn)?.active = active;
                self.attach(conn);
                Some(Ok(Reply::Done {}))
            }
            Command::Read(ReadBody { ids }) => {
                self.mark_read(conn, ids);
                Some(Ok(Reply::Done {}))
            }
            Command::Auth { .. } => None,
        }
    }

    fn send(&mut self, conn: Conn, text: Text) {
        self.pending.effects.push(Effect::Send { conn, text });
    }

    fn verify(&mut self, conn: Conn, id: Option<Value>, token: String) {
        self.pending.effects.push(Effect::Verify { conn, id, token });
    }

    fn attach(&mut self, conn: Conn) {
        if let Some(socket) = self.sockets.get(&conn) {
            let who = socket.guard.identity.clone();
            let attachment = Attachment { conn, who, active: socket.active, since: socket.since };
            let data = envelope::encode(&attachment).to_string();
            self.pending.effects.push(Effect::Attach { conn, data });
        }
    }

    fn close(&mut self, now: Time, conn: Conn, code: CloseCode) {
        if self.sockets.contains_key(&conn) {
            self.pending.closes.push(Effect::Close { conn, code });
            self.closed(now, conn);
        }
    }

    fn closed(&mut self, _: Time, conn: Conn) {
        let open = self.sockets.remove(&conn).is_some();
        self.pending.last_socket_closed |= open && self.sockets.is_empty();
    }
}

impl Player {
    pub(super) fn opened(&mut self, now: Time, conn: Conn, identity: Identity) {
        if self.sockets.is_empty() {
            self.never_notified = true;
            if !self.is_subscribed(now) {
                self.subscriptions.clear();
            }
        }
        // The newest sockets are kept: an older one receives nothing that this one does not, and may be dead.
        while self.sockets.len() >= limits::DEVICES_MAX {
            let age = |(conn, socket): &(&Conn, &MeSocket)| (socket.since, **conn);
            let Some((&oldest, _)) = self.sockets.iter().min_by_key(age) else {
                break;
            };
            self.close(now, oldest, CloseCode::TooManyDevices);
        }
        let you = identity.player.clone();
        let guard = ConnectionGuard::new(identity, now);
        self.sockets.insert(conn, MeSocket { guard, active: true, since: now });
        self.attach(conn);
        let welcome = Welcome::without_log(you, now, self.devices(conn));
        self.send(conn, welcome.text());
        for presence in self.known_online() {
            self.send(conn, presence_event(&presence));
        }
        self.send_unread(now, conn);
        self.request_subscriptions(now);
    }

    /// Returns the sockets that match a condition.
    pub(super) fn sockets_where(&self, matches: impl Fn(&MeSocket) -> bool) -> Vec<Conn> {
        let sockets = self.sockets.iter().filter(|(_, socket)| matches(socket));
        sockets.map(|(&conn, _)| conn).collect()
    }

    /// Returns every connection of the player: the me sockets, and those to rooms and lobbies.
    fn devices(&self, this: Conn) -> Devices {
        let me = self.sockets.iter().map(|(&conn, socket)| Device {
            active: Some(socket.active),
            at: "me".to_owned(),
            sid: Some(socket.guard.identity.sid.clone()),
            since: socket.since,
            this: Some(conn == this),
        });
        let leases = self.durable.leases.iter().map(|lease| Device {
            active: None,
            at: lease.object.public_name(),
            sid: lease.sid.clone(),
            since: lease.since,
            this: None,
        });
        Devices { devices: me.chain(leases).collect() }
    }

    /// Sends a message about the player to one socket.
    pub(super) fn notify(&mut self, conn: Conn, notice: Notice) {
        self.send(conn, Envelope::ephemeral(Event::Notice(notice)).text());
    }
}
