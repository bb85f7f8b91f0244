//! Flushing a room: what the inputs of one gathering window share is done once, before and after their messages are sent.

use super::seats::Seat;
use super::{Conn, Effect, Room, Save};
use crate::delivery::gather::Flush;
use crate::delivery::outbox::Audience;
use crate::metrics::Measure;
use crate::time::Time;
use crate::wire::envelope::Envelope;
use crate::wire::room::Event;
use std::collections::BTreeSet;

/// The work that waits for the next flush.
#[derive(Debug, Clone, Default)]
pub(super) struct Unflushed {
    /// The sockets whose attachment changed.
    pub attachments: BTreeSet<Conn>,
    /// The replies to commands with `"ack":"durable"`, which follow the write.
    pub replies: Vec<Effect>,
    /// True if the log must be written.
    pub write: bool,
    /// True if the alarm must move.
    pub alarm: bool,
}

impl Room {
    /// Returns true if the room needs a flush, even where no message is queued.
    #[must_use]
    pub fn has_unflushed(&self) -> bool {
        let Unflushed { attachments, replies, write, alarm } = &self.unflushed;
        !attachments.is_empty() || !replies.is_empty() || *write || *alarm
    }

    /// Prepares the queued messages for sending, and returns what must be done before and after.
    ///
    /// An event may be sent once a loss of it would be noticed: an attachment carries it, or the same turn writes it. One
    /// row is written for all durable commands since the last flush, and they are answered together.
    pub fn flush(&mut self, now: Time) -> Flush<Effect> {
        self.log.trim(now);
        let mut flush = Flush::default();
        let write = self.unflushed.write || self.log.full() || !self.carry();
        if write {
            self.write(now, false, &mut flush.after);
        }
        flush.before.extend(self.take_attachments());
        if let Some(alarm) = self.alarm() {
            flush.after.insert(0, Effect::Save(Save { alarm: Some(alarm), ..Save::default() }));
        }
        self.unflushed.alarm = false;
        flush
    }

    /// Collects the effects of an input.
    pub(super) fn finish(&mut self, now: Time) -> Vec<Effect> {
        let mut pending = std::mem::take(&mut self.pending);
        let calls = self.state.calls.take_due(now);
        pending.room |= !calls.is_empty();
        let mut out = Vec::new();
        // Membership events are written before they are sent: no attachment carries them, and if one were lost after
        // it was sent, its position would be used again.
        if pending.room {
            let sent = std::mem::take(&mut pending.out);
            self.write(now, true, &mut out);
            let rest = out.split_off(1.min(out.len()));
            out.extend(sent);
            out.extend(rest);
        } else {
            out.append(&mut pending.out);
            // After the alarm, the write does not wait: until then the next alarm would be in the past.
            if self.log.overfull() || (self.armed.is_none() && self.unflushed.write) {
                self.write(now, false, &mut out);
            }
        }
        out.extend(self.encode_attachments(&pending.attachments));
        if !pending.closes.is_empty() {
            // A close sends what is queued.
            if !self.carry() {
                self.write(now, false, &mut out);
            }
            out.extend(self.take_attachments());
            out.append(&mut pending.closes);
        }
        out.extend(calls.into_iter().map(|(id, call)| Effect::Call { id, call }));
        if self.is_done(now) {
            out.push(Effect::Erase);
        } else if self.armed.is_some() {
            self.unflushed.alarm = self.next_alarm().is_some();
        } else if let Some(alarm) = self.alarm() {
            // The alarm has rung: no other would wake the room if it were lost before the flush.
            out.push(Effect::Save(Save { alarm: Some(alarm), ..Save::default() }));
        }
        out
    }

    /// Writes the log, with the board and where it changed the room's row; then answers the durable commands.
    fn write(&mut self, now: Time, room: bool, out: &mut Vec<Effect>) {
        let oldest = self.log.oldest_unwritten();
        self.unflushed.write = false;
        let mut save = Save { chunk: self.log.chunk(), ..Save::default() };
        if self.board.at() > self.board_saved {
            self.board_saved = self.board.at();
            save.board = serde_json::to_string(&self.board).ok();
        }
        save.room = room.then(|| self.state.text());
        let (head, slot) = (self.log.head(), self.log.slot());
        save.game = self.game.as_mut().and_then(|game| game.save(head, slot, room));
        let wrote = save.chunk.is_some();
        if save != Save::default() {
            save.alarm = self.alarm();
            out.push(Effect::Save(save));
        }
        if wrote {
            self.observed.measure_since(Measure::DurableLag, oldest.unwrap_or_default(), now);
            let text = Envelope::ephemeral(Event::Durable { to: self.log.durable() }).text();
            out.push(Effect::Broadcast { text, audience: Audience::All });
        }
        out.append(&mut self.unflushed.replies);
    }

    /// Has the attachments of seated members carry all events that are not on disk; false if they have no space. The
    /// disk knows these sockets, so the loss of one is noticed.
    fn carry(&mut self) -> bool {
        let seats = self.state.setup.seats.iter();
        let sockets: Vec<Conn> =
            seats.filter_map(Seat::conn).filter(|conn| self.sockets.contains_key(conn)).collect();
        self.log.carry(&sockets, &mut self.unflushed.attachments)
    }

    /// Returns the attachments that changed since the last flush.
    fn take_attachments(&mut self) -> Vec<Effect> {
        let changed = std::mem::take(&mut self.unflushed.attachments);
        self.encode_attachments(&changed)
    }

    fn encode_attachments(&self, conns: &BTreeSet<Conn>) -> Vec<Effect> {
        let attach = |&conn: &Conn| Some(Effect::Attach { conn, data: self.attachment(conn)? });
        conns.iter().filter_map(attach).collect()
    }

    /// Returns the new alarm, where the next deadline is earlier than the known one.
    fn next_alarm(&self) -> Option<Time> {
        self.wake_at().filter(|wake| self.armed.is_none_or(|armed| *wake < armed))
    }

    /// Moves the alarm, where it must move.
    fn alarm(&mut self) -> Option<Time> {
        let alarm = self.next_alarm()?;
        self.armed = Some(alarm);
        Some(alarm)
    }
}
