//! The commands of a room: what members and spectators may do.

use super::log::NewEntry;
use super::membership::VacateReason;
use super::seats::SeatState;
use super::{Conn, Effect, EndRule, Role, Room, Seat};
use crate::connection::{ConnectionGuard, Endpoint};
use crate::delivery::outbox::Audience;
use crate::id::PlayerId;
use crate::metrics::Observed;
use crate::time::Time;
use crate::wire::EndReason;
use crate::wire::envelope::{Envelope, Text};
use crate::wire::room::{Command, Event, OPS, Reply, SeenBody, Set, SetBody};
use crate::wire::{CloseCode, Json, Message, Refusal, RefusalCode};
use serde_json::Value;

/// The member who sent a command, and the key of the command.
#[derive(Clone, Copy)]
pub(super) struct Sender<'a> {
    pub player: &'a PlayerId,
    pub key: Option<&'a str>,
}

impl<'a> Sender<'a> {
    pub(super) fn entry(self, event: Event) -> NewEntry<'a> {
        NewEntry { key: self.key, ..NewEntry::by(Some(self.player), event) }
    }
}

impl Endpoint for Room {
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

    fn is_rate_limited(&self) -> bool {
        !self.switches.unlimited_rate
    }

    fn execute(
        &mut self,
        now: Time,
        conn: Conn,
        message: &Message,
        command: Command,
    ) -> Option<Result<Reply, Refusal>> {
        let socket = self.sockets.get(&conn)?;
        let role = socket.role;
        let player = socket.guard.identity.player.clone();
        let key = message.key.as_deref();
        if let Some(at) = key.and_then(|key| self.log.result(&player, key)) {
            return Some(Ok(Reply::At { at }));
        }
        Some(match command {
            Command::Debug { .. } if !self.switches.debug_commands => Err(OPS.unknown(&message.op)),
            Command::Debug { .. } => {
                self.pending.out.push(Effect::Panic);
                return None;
            }
            Command::Seen(SeenBody { at }) => {
                self.seen(conn, at);
                Ok(Reply::Done {})
            }
            command => match role {
                Role::Spectator => {
                    Err(Refusal::new(RefusalCode::Forbidden, "Spectators cannot send messages."))
                }
                Role::Member => self.act(now, Sender { player: &player, key }, command),
            },
        })
    }

    fn send(&mut self, conn: Conn, text: Text) {
        self.pending.out.push(Effect::Send { conn, text });
    }

    fn send_durable(&mut self, conn: Conn, text: Option<Text>) {
        self.unflushed.write = true;
        self.unflushed.replies.extend(text.map(|text| Effect::Send { conn, text }));
    }

    fn verify(&mut self, conn: Conn, id: Option<Value>, token: String) {
        self.pending.out.push(Effect::Verify { conn, id, token });
    }

    fn attach(&mut self, conn: Conn) {
        if let Some(socket) = self.sockets.get(&conn) {
            self.next_expiry = self.next_expiry.min(socket.guard.identity.exp);
        }
        self.pending.attachments.insert(conn);
    }

    fn close(&mut self, now: Time, conn: Conn, code: CloseCode) {
        self.drop_socket(conn, code);
        self.mark_away(now, conn);
    }

    fn closed(&mut self, now: Time, conn: Conn) {
        if self.sockets.remove(&conn).is_some() {
            self.mark_away(now, conn);
        }
    }
}

impl Room {
    /// Executes a command that only members may send.
    pub(super) fn act(&mut self, now: Time, sender: Sender<'_>, command: Command) -> Result<Reply, Refusal> {
        let at = match command {
            Command::Say { body } => self.append_event(now, sender.entry(Event::Said(body))),
            Command::Set(body) => self.set(now, sender, body)?,
            Command::Signal { to, body } => {
                self.member(&to)?;
                let entry = sender.entry(Event::Signal(body));
                self.append_event(now, NewEntry { to: Some(&to), ..entry })
            }
            Command::Hint { to, body } => return self.hint(sender.player, to.as_ref(), body),
            Command::Report { to, body, key } => return self.report(now, sender.player, to, body, &key),
            Command::Leave => self.vacate(now, sender.player, VacateReason::Left, sender.key),
            Command::Kick { to } => self.kick(now, sender.player, &to)?,
            Command::End { result } => self.end_by(now, sender, result)?,
            Command::Move { body, if_at } => self.make_move(now, sender, &body, if_at)?,
            Command::Seen(_) | Command::Auth { .. } | Command::Debug { .. } => self.log.head(),
        };
        Ok(Reply::At { at })
    }

    fn set(&mut self, now: Time, sender: Sender<'_>, body: SetBody) -> Result<u64, Refusal> {
        let SetBody { keys, if_at } = body;
        self.board.check(&keys, if_at)?;
        let at = self.append_event(now, sender.entry(Event::Set(Set { keys: keys.clone() })));
        self.board.write(&keys, at);
        Ok(at)
    }

    fn hint(&mut self, by: &PlayerId, to: Option<&PlayerId>, body: Json) -> Result<Reply, Refusal> {
        let conn = to.map(|to| self.member(to)).transpose()?;
        let hint = Envelope { by: Some(by.clone()), ..Envelope::ephemeral(Event::Hint(body)) };
        let text = hint.text();
        match conn {
            None => self.pending.out.push(Effect::Broadcast { text, audience: Audience::Hint(by.clone()) }),
            Some(conn) => self.pending.out.extend(conn.map(|conn| Effect::Send { conn, text })),
        }
        Ok(Reply::Done {})
    }

    fn kick(&mut self, now: Time, by: &PlayerId, player: &PlayerId) -> Result<u64, Refusal> {
        if self.state.setup.owner.as_ref() != Some(by) {
            let message = "Only the owner of the room can remove members.";
            return Err(Refusal::new(RefusalCode::Forbidden, message));
        }
        self.put_out(now, player)
    }

    /// Removes a member. The caller checks that the sender may.
    pub(super) fn put_out(&mut self, now: Time, player: &PlayerId) -> Result<u64, Refusal> {
        if let Some(at) = self.kicked_at(player) {
            return Ok(at);
        }
        self.member(player)?;
        // The event belongs to the removed player, so the sender's key cannot identify it; the seat's state makes a
        // repetition harmless.
        Ok(self.vacate(now, player, VacateReason::Kicked, None))
    }

    fn end_by(&mut self, now: Time, sender: Sender<'_>, result: Value) -> Result<u64, Refusal> {
        if self.state.setup.mode.is_some() {
            let message =
                "The mode of this room ends it: send `move` to resign or to offer a draw, or `leave`.";
            return Err(Refusal::new(RefusalCode::Forbidden, message));
        }
        let allowed = match self.state.setup.rules.end {
            EndRule::Agreed => return Ok(self.propose_end(now, sender, result)),
            EndRule::Anyone => true,
            EndRule::Owner => self.state.setup.owner.as_ref() == Some(sender.player),
            EndRule::Nobody => false,
        };
        if !allowed {
            let message = "The rules of this room do not allow you to end it.";
            return Err(Refusal::new(RefusalCode::Forbidden, message));
        }
        Ok(self.end(now, EndReason::Ended, Some(sender.player), result, sender.key))
    }

    /// Returns the position at which a kicked member left, or the head if the log no longer has it. A repeated `kick`
    /// gets the same answer.
    fn kicked_at(&self, player: &PlayerId) -> Option<u64> {
        let mut seats = self.state.setup.seats.iter();
        seats.find(|seat| seat.player.as_ref() == Some(player) && seat.state == SeatState::Kicked)?;
        let left = self
            .log
            .retained()
            .rev()
            .find(|entry| entry.by.as_ref() == Some(player) && matches!(*entry.event, Event::Left(_)));
        Some(left.map_or(self.log.head(), |entry| entry.at))
    }

    /// Returns the socket of a member; none while the member is away.
    fn member(&self, player: &PlayerId) -> Result<Option<Conn>, Refusal> {
        let mut seats = self.state.setup.seats.iter();
        let seat = seats.find(|seat| seat.player.as_ref() == Some(player) && seat.held());
        seat.map(Seat::conn).ok_or_else(|| not_a_member("This player is not a member of the room."))
    }
}

/// Returns the refusal of a `to` that names no member.
pub(super) fn not_a_member(message: &str) -> Refusal {
    Refusal { field: Some("to".into()), ..Refusal::new(RefusalCode::NotFound, message) }
}
