//! The operator's backend in a room: it speaks, writes the board, removes members, ends the room, and looks at it.
//!
//! Its commands are those of the wire. Everything that it did is on disk before it is answered, and in the outbox of the
//! room's audit trail.

use super::commands::Sender;
use super::{Call, Effect, Room};
use crate::connection::Conn;
use crate::id::{AuditId, PlayerId};
use crate::limits;
use crate::mode::{Seat, Viewer};
use crate::rpc::audit::AuditEntry;
use crate::rpc::room_service::{
    GameInspection, ObjectState, RoomAction, RoomInspection, RoomLog, RoomServiceAnswer, RoomServiceRequest,
    SocketInspection,
};
use crate::time::Time;
use crate::wire::room::{Command, Reply};
use crate::wire::{ClientCommand, EndReason, Message, Refusal, RefusalCode, decode};
use serde_json::json;

impl Room {
    /// Answers a request of the operator's backend. The answer is valid once the effects are performed.
    pub fn serve(
        &mut self,
        now: Time,
        request: &RoomServiceRequest,
        object: &ObjectState,
    ) -> (RoomServiceAnswer, Vec<Effect>) {
        self.begin_turn(now);
        let answer = match &request.action {
            RoomAction::Commands { frame } => self.obey(now, request, frame),
            RoomAction::Log { after } => {
                Ok(RoomServiceAnswer::Log(json!(self.log_after(&request.by, *after))))
            }
            RoomAction::Inspect { hidden } => self.inspect(now, request, *hidden, object),
        };
        (answer.unwrap_or_else(RoomServiceAnswer::Refused), self.finish(now))
    }

    /// Adds an action to the audit trail; the room repeats it to the region until it is stored.
    pub(super) fn audit(&mut self, now: Time, entry: AuditEntry) {
        self.state.calls.add(now, Call::Audit { entry: Box::new(entry) });
        self.pending.room = true;
    }

    /// Executes the commands of a frame.
    fn obey(
        &mut self,
        now: Time,
        request: &RoomServiceRequest,
        frame: &str,
    ) -> Result<RoomServiceAnswer, Refusal> {
        self.check_audits()?;
        let by = &request.by;
        let messages = decode(frame)?;
        let (mut replies, mut ops, head) = (Vec::new(), Vec::new(), self.log.head());
        for (nth, message) in messages.into_iter().enumerate() {
            let (id, result) = match message {
                Ok(message) => {
                    let result = self.execute_for_service(now, by, &message);
                    if result.is_ok() {
                        ops.push(message.op.clone());
                    }
                    (message.id, result)
                }
                Err(unread) => (unread.id, Err(*unread.refusal)),
            };
            let id = id.unwrap_or_else(|| json!(nth));
            replies.push(match result {
                Ok(reply) => json!({ "id": id, "ok": reply }),
                Err(refusal) => json!({ "id": id, "err": refusal }),
            });
        }
        // A repetition by its keys changes nothing, and is no action of its own.
        if self.log.head() > head {
            self.note(now, request, "rooms.commands", &counted(&ops));
        }
        Ok(RoomServiceAnswer::Replies(replies))
    }

    fn execute_for_service(&mut self, now: Time, by: &PlayerId, message: &Message) -> Result<Reply, Refusal> {
        let key = message.key.as_deref();
        if let Some(at) = key.and_then(|key| self.log.result(by, key)) {
            return Ok(Reply::At { at });
        }
        if self.state.phase.over().is_some() {
            return Err(Refusal::new(RefusalCode::RoomOver, "The room has ended."));
        }
        let sender = Sender { player: by, key };
        match Command::read(message)? {
            command @ (Command::Say { .. }
            | Command::Set(_)
            | Command::Signal { .. }
            | Command::Hint { .. }) => self.act(now, sender, command),
            Command::Kick { to } => Ok(Reply::At { at: self.put_out(now, &to)? }),
            Command::End { result } => {
                Ok(Reply::At { at: self.end(now, EndReason::Ended, Some(by), result, key) })
            }
            Command::Leave
            | Command::Move { .. }
            | Command::Report { .. }
            | Command::Seen(_)
            | Command::Auth { .. }
            | Command::Debug { .. } => {
                let message = "A service sends `say`, `set`, `signal`, `hint`, `kick` and `end`.";
                Err(Refusal::new(RefusalCode::Forbidden, message))
            }
        }
    }

    /// Returns the kept events after a position, as a player without a seat receives them.
    fn log_after(&self, by: &PlayerId, after: u64) -> RoomLog {
        let first = self.log.retained().next().map_or(self.log.head() + 1, |entry| entry.at);
        let later = self.log.retained().filter(|entry| entry.at > after).take(limits::LOG_PAGE_MAX);
        let events = later.map(|entry| entry.value_for(by)).collect();
        RoomLog { events, head: self.log.head(), truncated: after + 1 < first && self.log.head() > after }
    }

    fn inspect(
        &mut self,
        now: Time,
        request: &RoomServiceRequest,
        hidden: bool,
        object: &ObjectState,
    ) -> Result<RoomServiceAnswer, Refusal> {
        if hidden {
            self.check_audits()?;
            self.note(now, request, "rooms.inspect_hidden", "");
        }
        let game = self.game.as_ref().map(|game| {
            let seats = Seat::all(self.state.setup.seats.len()).map(Viewer::Seat);
            GameInspection {
                mode: game.running().mode(),
                changed_at: game.changed_at(),
                wake_at: game.running().wake_at(),
                state: game.view(Viewer::Spectator).value(),
                seats: hidden.then(|| seats.map(|viewer| game.view(viewer).value()).collect()),
            }
        });
        let socket = |(conn, socket): (&Conn, &super::Socket)| SocketInspection {
            conn: *conn,
            player: socket.guard.identity.player.clone(),
            role: socket.role,
            seen: socket.seen,
            level: socket.level.name(),
            unsent_bytes: object.unsent.get(conn).copied(),
        };
        let setup = &self.state.setup;
        Ok(RoomServiceAnswer::Inspection(json!(RoomInspection {
            room: setup.id.clone(),
            pool: setup.pool.clone(),
            phase: self.state.phase.name(),
            created: self.state.created,
            owner: setup.owner.clone(),
            head: self.log.head(),
            durable: self.log.durable(),
            epoch: self.state.epoch,
            members: self.members(),
            sockets: self.sockets.iter().map(socket).collect(),
            board: self.board.view(),
            unconfirmed: self.state.calls.count(|_| true),
            woken: object.woken,
            game,
        })))
    }

    /// Adds an action to the audit trail, with the reason that the caller gave.
    fn note(&mut self, now: Time, request: &RoomServiceRequest, action: &str, what: &str) {
        let RoomServiceRequest { by, reason, .. } = request;
        let both = if what.is_empty() || reason.is_empty() { "" } else { ": " };
        let detail = format!("{what}{both}{reason}");
        let room = self.state.setup.id.clone();
        let place = format!("{} {} {}", now.ms(), self.log.head(), self.state.calls.count(|_| true));
        let id = AuditId::derive(&[room.as_str(), by.as_str(), action, &place]);
        let action = action.to_owned();
        self.audit(
            now,
            AuditEntry { id, at: now, by: by.clone(), action, room: Some(room), player: None, detail },
        );
    }

    /// Refuses further actions while the region has not stored the last ones.
    fn check_audits(&self) -> Result<(), Refusal> {
        let most = limits::AUDITS_PENDING_MAX;
        if self.state.calls.count(|call| matches!(call, Call::Audit { .. })) < most {
            return Ok(());
        }
        let message = format!("{most} actions in this room wait for the audit trail; try again.");
        Err(Refusal::new(RefusalCode::TooFast, message).retry_after(limits::RETRY_FIRST))
    }
}

/// Returns the names of ops in their order, each once and with its number: a frame may repeat an op many times.
fn counted(ops: &[String]) -> String {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for op in ops {
        match counts.iter_mut().find(|(known, _)| known == op) {
            Some((_, count)) => *count += 1,
            None => counts.push((op, 1)),
        }
    }
    let text =
        |(op, count): (&str, usize)| if count == 1 { op.to_owned() } else { format!("{op} ×{count}") };
    counts.into_iter().map(text).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::counted;

    #[test]
    fn repeated_ops_are_counted_once() {
        let check = |ops: &[&str], expected| {
            let ops: Vec<String> = ops.iter().map(ToString::to_string).collect();
            assert_eq!(counted(&ops), expected);
        };
        check(&[], "");
        check(&["say", "end"], "say end");
        check(&["say", "kick", "say", "say"], "say ×3 kick");
    }
}
