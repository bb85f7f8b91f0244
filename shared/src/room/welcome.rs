//! The first words on a socket: everything since the position asked for, or a whole picture. Never a part.

use super::{Conn, Effect, Resume, Room};
use crate::protocol::event::{Text, Welcome};
use crate::time::Time;
use serde_json::{Map, Value, json};

impl Room {
    pub(super) fn welcome(&mut self, now: Time, conn: Conn, resume: Option<&Resume>) {
        let Some(socket) = self.sockets.get(&conn) else {
            return;
        };
        let you = &socket.line.who.player;
        let epoch = format!("e{}", self.saved.epoch);
        let replay: Option<Vec<Text>> = resume
            .filter(|resume| resume.epoch == epoch)
            .and_then(|resume| self.log.since(resume.at))
            .map(|entries| entries.map(|entry| entry.seen_by(you)).collect());
        let mut more = Map::new();
        more.insert("members".into(), self.members().into());
        more.insert("phase".into(), self.phase_name().into());
        if replay.is_none() {
            more.insert("snapshot".into(), self.snapshot(you));
        }
        let welcome = Welcome {
            epoch,
            at: self.log.head(),
            recovered: replay.is_some(),
            replayed: replay.as_ref().map_or(0, |events| events.len() as u64),
            durable: self.log.durable(),
            you,
            now,
            more,
        };
        let texts = std::iter::once(welcome.text()).chain(replay.into_iter().flatten());
        self.turn.out.extend(texts.map(|text| Effect::Send { conn, text }));
    }

    /// The room as it is at its head: who, the board, and the events that are kept.
    fn snapshot(&self, you: &crate::id::PlayerId) -> Value {
        let events: Vec<Value> =
            self.log.kept().filter_map(|entry| serde_json::from_str(&entry.seen_by(you)).ok()).collect();
        json!({
            "at": self.log.head(),
            "members": self.members(),
            "board": self.board.view(),
            "events": events,
        })
    }
}
