//! The welcome of a room: all events since the requested position, or a complete snapshot, and never a part.

use super::{Conn, Effect, Resume, Room};
use crate::id::PlayerId;
use crate::metrics::Counter;
use crate::time::Time;
use crate::wire::envelope::Text;
use crate::wire::room::{Snapshot, Welcome};
use crate::wire::welcome::{self, Heartbeat, Limits};
use serde_json::Value;

impl Room {
    pub(super) fn welcome(&mut self, now: Time, conn: Conn, resume: Option<&Resume>) {
        let Some(socket) = self.sockets.get(&conn) else {
            return;
        };
        let you = &socket.guard.identity.player;
        let epoch = format!("e{}", self.state.epoch);
        let replay: Option<Vec<Text>> = resume
            .filter(|resume| resume.epoch == epoch)
            .and_then(|resume| self.log.since(resume.at))
            .map(|entries| entries.map(|entry| entry.seen_by(you)).collect());
        if resume.is_some() {
            let is_exact = replay.is_some();
            self.observed.count(if is_exact { Counter::ResumeExact } else { Counter::ResumeSnapshot });
        }
        let mode = self.state.setup.mode.as_ref().map(|mode| mode.name.clone());
        let snapshot = replay.is_none().then(|| self.snapshot(you));
        let welcome = welcome::Welcome {
            epoch,
            at: self.log.head(),
            recovered: replay.is_some(),
            replayed: replay.as_ref().map_or(0, |events| events.len() as u64),
            durable: self.log.durable(),
            you: you.clone(),
            now,
            more: Welcome { members: self.members(), phase: self.state.phase.name(), mode, snapshot },
            heartbeat: Heartbeat::ours(),
            limits: Limits::ours(),
        };
        let texts = std::iter::once(welcome.text()).chain(replay.into_iter().flatten());
        self.pending.out.extend(texts.map(|text| Effect::Send { conn, text }));
    }

    /// Returns the room at its head: members, board, and the retained events.
    fn snapshot(&self, you: &PlayerId) -> Snapshot {
        let events: Vec<Value> = self.log.retained().map(|entry| entry.value_for(you)).collect();
        let state = self.game.as_ref().map(|game| game.view(self.viewer(you)).value());
        let seats = state.as_ref().map(|_| self.players()).unwrap_or_default();
        let (at, board, members) = (self.log.head(), self.board.view(), self.members());
        Snapshot { at, board, events, members, state, seats }
    }
}
