//! What members say: read, paced, carried out, answered.

use super::log::New;
use super::presence::GiveUp;
use super::{Conn, Effect, EndRule, Role, Room};
use crate::id::PlayerId;
use crate::outbox::Scope;
use crate::protocol::event::{self, Text};
use crate::protocol::{Close, Code, Command, Fault, Message, command};
use crate::record::EndReason;
use crate::socket::{Heard, id_of};
use crate::time::Time;
use serde_json::{Value, json};

impl Room {
    pub(super) fn heard(&mut self, now: Time, conn: Conn, heard: Heard) {
        let messages = match heard {
            Heard::Messages(messages) => messages,
            Heard::Nothing(fault) => return self.faulty(now, conn, &fault),
            Heard::Close(why) => return self.put_out(now, conn, why),
        };
        if messages.is_empty() {
            // A frame of nothing is fine, and costs as much as one of something.
            let paced = self.sockets.get_mut(&conn).map(|socket| socket.line.pace(now));
            if let Some(Err(Err(why))) = paced {
                self.put_out(now, conn, why);
            }
            return;
        }
        for message in messages {
            let Some(socket) = self.sockets.get_mut(&conn) else {
                return;
            };
            match socket.line.pace(now) {
                Ok(()) => {}
                Err(Ok(fault)) => {
                    self.answer(conn, id_of(&message), Err(fault), false);
                    continue;
                }
                Err(Err(why)) => return self.put_out(now, conn, why),
            }
            match message {
                Ok(message) => self.carry_out(now, conn, &message),
                Err(unread) if unread.id.is_none() => self.faulty(now, conn, &unread.fault),
                Err(unread) => self.refuse(conn, unread.id.as_ref(), &unread.fault),
            }
        }
    }

    /// A frame that cannot be read: the reply says why; three in a row are enough.
    pub(super) fn faulty(&mut self, now: Time, conn: Conn, fault: &Fault) {
        let Some(socket) = self.sockets.get_mut(&conn) else {
            return;
        };
        let enough = socket.line.faulted();
        self.refuse(conn, None, fault);
        if enough {
            self.put_out(now, conn, Close::Protocol);
        }
    }

    /// Closes a socket whose seat stays.
    fn put_out(&mut self, now: Time, conn: Conn, why: Close) {
        self.drop_socket(conn, why);
        self.away(now, conn);
    }

    fn carry_out(&mut self, now: Time, conn: Conn, message: &Message) {
        let Some(socket) = self.sockets.get_mut(&conn) else {
            return;
        };
        socket.line.sound();
        let player = socket.line.who.player.clone();
        let role = socket.role;
        if let Some(at) = message.key.as_deref().and_then(|key| self.log.result(&player, key)) {
            self.answer(conn, message.id.as_ref(), Ok(json!({ "at": at })), message.durable);
            return;
        }
        let verdict = Command::read(message).and_then(|command| match command {
            Command::Debug { .. } if !self.debug => Err(command::unknown_op("debug", "none of that kind")),
            Command::Debug { .. } => {
                self.turn.out.push(Effect::Panic);
                Ok(None)
            }
            Command::Auth { token } => {
                self.turn.after.push(Effect::Verify { conn, id: message.id.clone(), token });
                Ok(None)
            }
            Command::Seen { at } => {
                self.seen(conn, at);
                Ok(Some(json!({})))
            }
            other => match role {
                Role::Spectator => Err(Fault::new(Code::Forbidden, "who watches does not speak")),
                Role::Member => self.act(now, conn, &player, message, other).map(Some),
            },
        });
        match verdict {
            Ok(Some(body)) => self.answer(conn, message.id.as_ref(), Ok(body), message.durable),
            Ok(None) => {}
            Err(fault) => self.answer(conn, message.id.as_ref(), Err(fault), false),
        }
    }

    /// What only a member does.
    fn act(
        &mut self,
        now: Time,
        conn: Conn,
        player: &PlayerId,
        message: &Message,
        command: Command,
    ) -> Result<Value, Fault> {
        let key = message.key.as_deref();
        let new = New { ev: "said", by: Some(player), to: None, key, body: None, conn: Some(conn) };
        let at = match command {
            Command::Say { body } => self.happen(now, &New { body: Some(&body), ..new }),
            Command::Set { keys, if_at } => {
                self.board.check(&keys, if_at)?;
                let body = json!({ "keys": keys });
                let at = self.happen(now, &New { ev: "set", body: Some(&body), ..new });
                self.board.write(&keys, at);
                at
            }
            Command::Signal { to, body } => {
                self.member(&to)?;
                self.happen(now, &New { ev: "signal", to: Some(&to), body: Some(&body), ..new })
            }
            Command::Hint { to, body } => {
                let conn = to.as_ref().map(|to| self.member(to)).transpose()?;
                let text = event::fleeting("hint", Some(player), Some(&body));
                match conn {
                    None => self.turn.out.push(Effect::Tell { text, scope: Scope::Hint(player.clone()) }),
                    Some(conn) => self.turn.out.extend(conn.map(|conn| Effect::Send { conn, text })),
                }
                return Ok(json!({}));
            }
            Command::Report { to, reason, text, key } => {
                return self.report(now, player, to, (reason, text), &key);
            }
            Command::Leave => self.give_up(now, player, GiveUp::Chose, key),
            Command::Kick { to } => {
                if self.saved.setup.owner.as_ref() != Some(player) {
                    return Err(Fault::new(Code::Forbidden, "only the room's owner puts others out"));
                }
                if let Some(at) = self.put_out_at(&to) {
                    return Ok(json!({ "at": at }));
                }
                self.member(&to)?;
                // The event is the other's, and so the key would be: it is the seat that makes it once.
                self.give_up(now, &to, GiveUp::PutOut, None)
            }
            Command::End { result } => {
                let may = match self.saved.setup.rules.end {
                    EndRule::Anyone => true,
                    EndRule::Owner => self.saved.setup.owner.as_ref() == Some(player),
                    EndRule::Nobody => false,
                };
                if !may {
                    return Err(Fault::new(Code::Forbidden, "this room's rules do not let you end it"));
                }
                self.over(now, EndReason::Ended, Some(player), &result, key)
            }
            Command::Seen { .. } | Command::Auth { .. } | Command::Debug { .. } => self.log.head(),
        };
        Ok(json!({ "at": at }))
    }

    /// Where a member who was put out left, as far as the log says; a repetition gets the same answer.
    fn put_out_at(&self, player: &PlayerId) -> Option<u64> {
        let mut seats = self.saved.setup.seats.iter();
        seats
            .find(|seat| seat.player.as_ref() == Some(player) && seat.state == super::seat::Presence::Out)?;
        let mut kept = self.log.kept().rev();
        let left = kept.find(|entry| entry.by.as_ref() == Some(player) && entry.is("left"));
        Some(left.map_or(self.log.head(), |entry| entry.at))
    }

    /// Where to reach a member; nowhere while they are away.
    fn member(&self, player: &PlayerId) -> Result<Option<Conn>, Fault> {
        let seats = &self.saved.setup.seats;
        let seat = seats.iter().find(|seat| seat.player.as_ref() == Some(player) && seat.held());
        let absent =
            || Fault { field: Some("to".into()), ..Fault::new(Code::NotFound, "no such member here") };
        seat.map(super::Seat::conn).ok_or_else(absent)
    }

    fn answer(&mut self, conn: Conn, id: Option<&Value>, verdict: Result<Value, Fault>, durable: bool) {
        let text: Option<Text> = match verdict {
            Ok(body) => id.map(|id| event::ok(id, &body)),
            Err(fault) => id.map(|id| event::err(Some(id), &fault)),
        };
        let send = text.map(|text| Effect::Send { conn, text });
        if durable {
            self.turn.flush = true;
            self.turn.after.extend(send);
        } else {
            self.turn.out.extend(send);
        }
    }
}
