//! Restoring a room from its disk and its sockets' attachments, and writing those attachments.

use super::game::Game;
use super::log::{Entry, Log};
use super::state::{Attachment, Corrupt, Disk};
use super::{Conn, Effect, Identity, Role, Room, RoomState, Seat, Socket, Switches};
use crate::connection::ConnectionGuard;
use crate::delivery::outbox::DeliveryLevel;
use crate::time::Time;
use crate::wire::envelope::{self, Envelope};
use crate::wire::room::Event;

/// Everything that a restart must find again: the state, the log, the board, the match, and the attachments.
pub type Remembered = (RoomState, Log, String, Option<String>, Vec<(Conn, Option<String>)>);

impl Room {
    /// Restores a room, and returns the effects that follow. The platform returns the attachments of the sockets that
    /// it still has. If a socket of a seat is missing, events may be lost, and the epoch changes.
    pub fn restore(
        disk: &Disk,
        attachments: &[String],
        now: Time,
        switches: Switches,
    ) -> Result<(Self, Vec<Effect>), Corrupt> {
        let state: RoomState =
            serde_json::from_str(&disk.room).map_err(|error| Corrupt(error.to_string()))?;
        let mut room = Self::from_state(state, switches);
        if let Some(board) = &disk.board {
            room.board = serde_json::from_str(board).map_err(|error| Corrupt(error.to_string()))?;
            room.board_saved = room.board.at();
        }
        let journal = room.restore_sockets(attachments, now);
        let (log, whole) = Log::restore(&disk.chunks, journal);
        room.log = log;
        room.reapply_board();
        let game = disk.game.as_deref().map(|row| Game::restore(row, &room.log)).transpose();
        room.log.trim(now);
        let seats = room.state.setup.seats.iter();
        let lost: Vec<Conn> =
            seats.filter_map(Seat::conn).filter(|conn| !room.sockets.contains_key(conn)).collect();
        let broken = game.map(|game| room.game = game).err().filter(|_| room.state.phase.over().is_none());
        if lost.is_empty() && whole && broken.is_none() {
            return Ok((room, Vec::new()));
        }
        if !lost.is_empty() || !whole {
            room.begin_epoch(now, lost);
        }
        if let Some(broken) = broken {
            room.give_up_game(now, &broken);
        }
        let effects = room.finish(now);
        Ok((room, effects))
    }

    /// Restores the sockets, and returns the events that their attachments carry.
    fn restore_sockets(&mut self, attachments: &[String], now: Time) -> Vec<Entry> {
        let mut journal = Vec::new();
        for text in attachments {
            let Ok(attachment) = serde_json::from_str::<Attachment>(text) else {
                continue;
            };
            let Attachment { conn, identity, role, seen, level, log } = attachment;
            journal.extend(log.iter().filter_map(|raw| Entry::restore(raw, Some(conn))));
            self.next_expiry = self.next_expiry.min(identity.exp);
            self.seen_min = self.seen_min.min(seen.unwrap_or(u64::MAX));
            let guard = ConnectionGuard::new(identity, now);
            self.sockets.insert(conn, Socket { guard, role, seen, level });
        }
        journal
    }

    /// Begins a new epoch, after events may have been lost with these sockets.
    fn begin_epoch(&mut self, now: Time, lost: Vec<Conn>) {
        self.state.epoch += 1;
        self.pending.room = true;
        for &conn in self.sockets.keys() {
            // Each client must hear this before any event of the new epoch, and events that an attachment carried in
            // the old one must not come back.
            self.pending.attachments.insert(conn);
            self.pending.out.push(Effect::Send { conn, text: resync() });
        }
        for conn in lost {
            self.mark_away(now, conn);
        }
    }

    /// Returns the number and the identity that an attachment carries.
    #[must_use]
    pub fn read_attachment(attachment: &str) -> Option<(Conn, Identity)> {
        let attachment: Attachment = serde_json::from_str(attachment).ok()?;
        Some((attachment.conn, attachment.identity))
    }

    /// Repeats the writes of the board that are in the log but not in its row.
    fn reapply_board(&mut self) {
        for entry in self.log.retained().filter(|entry| entry.at > self.board_saved) {
            if let Event::Set(set) = &*entry.event {
                self.board.write(&set.keys, entry.at);
            }
        }
    }

    /// Encodes the attachment of a socket: its state, and its events that are not on disk yet.
    pub(super) fn attachment(&self, conn: Conn) -> Option<String> {
        let socket = self.sockets.get(&conn)?;
        let mut journal: Vec<&str> = self.log.journal(conn).collect();
        journal.reverse();
        let head = Attachment {
            conn,
            identity: socket.guard.identity.clone(),
            role: socket.role,
            seen: socket.seen,
            level: socket.level,
            log: Vec::new(),
        };
        let mut text = envelope::encode(&head).to_string();
        if !journal.is_empty() && text.ends_with("[]}") {
            text.truncate(text.len() - 2);
            text.push_str(&journal.join(","));
            text.push_str("]}");
        }
        Some(text)
    }

    /// Returns everything that a restart must find again: for tests that evict between any two events.
    #[must_use]
    pub fn remembered(&self) -> Remembered {
        let sockets = self.sockets.keys().map(|&conn| (conn, self.attachment(conn))).collect();
        let board = envelope::encode(&self.board).to_string();
        let game = self.game.as_ref().map(Game::row);
        (self.state.clone(), self.log.clone(), board, game, sockets)
    }
}

impl Socket {
    pub(super) fn new(identity: Identity, role: Role, now: Time) -> Self {
        Self { guard: ConnectionGuard::new(identity, now), role, seen: None, level: DeliveryLevel::All }
    }
}

/// Encodes the event that has a client open the room again.
pub(super) fn resync() -> envelope::Text {
    Envelope::ephemeral(Event::Resync).text()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::connection::ConnectionInput;
    use crate::id::PlayerId;
    use crate::room::{Input, Rules, Setup};
    use std::collections::BTreeMap;

    const NOW: Time = Time::from_ms(1_733_000_000_000);

    /// The part of a room that the platform keeps.
    #[derive(Default)]
    struct Kept {
        disk: Disk,
        attachments: BTreeMap<Conn, String>,
    }

    impl Kept {
        fn keep(&mut self, effects: Vec<Effect>) {
            for effect in effects {
                match effect {
                    Effect::Save(save) => {
                        self.disk.room = save.room.unwrap_or_else(|| self.disk.room.clone());
                        if let Some(chunk) = save.chunk {
                            self.disk.chunks.retain(|known| known.slot != chunk.slot);
                            self.disk.chunks.push(chunk);
                        }
                    }
                    Effect::Attach { conn, data } => drop(self.attachments.insert(conn, data)),
                    _ => {}
                }
            }
        }

        fn handle(&mut self, room: &mut Room, input: Input<'_>) {
            self.keep(room.handle(NOW, input));
            let flush = room.flush(NOW);
            self.keep(flush.before);
            self.keep(flush.after);
        }

        fn restore(&self) -> (Room, Vec<Effect>) {
            let attachments: Vec<String> = self.attachments.values().cloned().collect();
            Room::restore(&self.disk, &attachments, NOW, Switches::default()).unwrap()
        }
    }

    /// Returns a room with two connected members, of which the first owns it, and what is kept of it.
    fn two_members() -> (Room, Kept) {
        let players = ["p_1", "p_2"].map(|id| id.parse::<PlayerId>().unwrap());
        let seats = players.iter().map(|player| Seat::of(player.clone(), String::new())).collect();
        let (owner, rules) = (players.first().cloned(), Rules::default());
        let setup =
            Setup { id: "m_1".parse().unwrap(), pool: None, owner, seats, rules, mode: None, trace: None };
        let (mut room, effects) = Room::create(NOW, setup, Switches::default());
        let mut kept = Kept::default();
        kept.keep(effects);
        for (nth, player) in (1..).zip(players) {
            let exp = Time::from_ms(u64::MAX);
            let identity = Identity { player, sid: "s_1".parse().unwrap(), ep: 0, exp };
            let (conn, role) = (Conn(nth), Role::Member);
            kept.handle(&mut room, Input::Opened { conn, identity, role, resume: None, name: None });
        }
        (room, kept)
    }

    #[test]
    fn confirmed_position_survives_an_eviction() {
        let (mut room, mut kept) = two_members();
        let text = r#"{"op":"seen","body":{"at":2}}"#;
        kept.handle(&mut room, ConnectionInput::Text { conn: Conn(1), text }.into());
        let (again, effects) = kept.restore();
        assert_eq!(effects, []);
        let seen = |room: &Room| room.sockets.values().map(|socket| socket.seen).collect::<Vec<_>>();
        assert_eq!((seen(&room), seen(&again)), (vec![Some(2), None], vec![Some(2), None]));
    }

    #[test]
    fn repeated_kick_is_confirmed_with_its_first_result_also_after_an_eviction() {
        let (mut room, mut kept) = two_members();
        let kick = |room: &mut Room| {
            let text = r#"{"id":1,"op":"kick","to":"p_2","key":"k"}"#;
            let effects = room.handle(NOW, ConnectionInput::Text { conn: Conn(1), text }.into());
            let reply = effects.iter().find_map(|effect| match effect {
                Effect::Send { text, .. } if text.contains("\"id\":1") => Some(text.to_string()),
                _ => None,
            });
            (reply.unwrap(), effects)
        };
        let (first, effects) = kick(&mut room);
        assert!(first.contains("\"ok\":{\"at\":3}"), "{first}");
        kept.keep(effects);
        kept.attachments.remove(&Conn(2));
        kept.handle(&mut room, Input::Woke);
        let (mut again, _) = kept.restore();
        assert_eq!((kick(&mut room).0, kick(&mut again).0), (first.clone(), first));
    }

    #[test]
    fn event_that_an_attachment_carried_in_an_older_epoch_does_not_come_back() {
        let (mut room, mut kept) = two_members();
        for _ in 0..2 {
            let text = r#"{"op":"say","body":{}}"#;
            kept.handle(&mut room, ConnectionInput::Text { conn: Conn(1), text }.into());
        }
        // Each member carries one of the two; the first is lost together with its socket.
        assert!(kept.attachments.values().all(|text| text.contains("said")), "{:?}", kept.attachments);
        kept.attachments.remove(&Conn(1));
        let (mut room, effects) = kept.restore();
        assert_eq!(room.state.epoch, 2);
        kept.keep(effects);
        kept.handle(&mut room, Input::Woke);
        let (again, effects) = kept.restore();
        assert_eq!(effects, []);
        assert_eq!(again.remembered(), room.remembered());
    }
}
