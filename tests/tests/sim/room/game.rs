//! The match of a room with a mode: its moves, what each client sees of it, and what no other client may see.

use crate::marks::Mark;
use crate::world::World;
use serde_json::{Value, json};
use shared::mode::{Chance, MODES, Replay, Running, Seat, Seed, Viewer};
use shared::room::Input;
use shared::rpc::record::{EndReason, MatchRecord};
use shared::wire::room::RoomMessage;

/// Returns the match of a row.
fn restore(row: &str) -> Box<dyn Running> {
    let row: Value = serde_json::from_str(row).expect("a row");
    MODES.restore(&row["match"].to_string()).expect("a match")
}

impl World {
    /// Returns the match as the room has it.
    fn game(&self) -> Option<Box<dyn Running>> {
        let (_, _, _, row, _) = self.shell.as_ref()?.room.remembered();
        row.as_deref().map(restore)
    }

    /// Returns the viewer that a client is.
    fn viewer(&self, who: usize) -> Viewer {
        let player = &self.clients[who].player;
        let (saved, ..) = self.shell.as_ref().expect("awake").room.remembered();
        let seat = saved.setup.seats.iter().position(|seat| seat.player.as_ref() == Some(player));
        seat.map_or(Viewer::Spectator, |seat| Viewer::Seat(Seat::new(u8::try_from(seat).expect("few"))))
    }

    /// Has a client move: legally, out of turn, or not at all as the rules say.
    pub fn make_move(&mut self, who: usize) {
        if !self.wake() {
            return;
        }
        let (n, seed) = (self.tag(), self.chance.between(0, 1 << 40));
        let (game, viewer) = (self.game(), self.viewer(who));
        let legal = |seat| game.as_ref()?.random_move(seat, &mut Chance::new(Seed::new(seed.into())));
        let mut body = match viewer {
            Viewer::Seat(seat) => legal(seat).unwrap_or_else(|| json!({ "drop": 0 })),
            Viewer::Spectator => json!({ "n": 1 }),
        };
        if self.weather.mode == Some("canary@1") {
            body = json!({ "n": n });
        }
        if self.chance.one_in(8) {
            let long = format!("{:?}", "x".repeat(1200));
            let bodies = [r#"{"n":0}"#, "null", r#"{"drop":9}"#, r#""rock""#, &long];
            body = serde_json::from_str(self.chance.pick(&bodies)).expect("JSON");
        }
        let durable = self.chance.one_in(8);
        if self.clients[who].machine.is_none() && self.chance.one_in(6) {
            // Without a key, and only if nothing has changed since.
            let at = self.clients[who].at;
            let id = self.clients[who].sender.take_id();
            return self.put(who, json!({ "op": "move", "id": id, "if_at": at, "body": body }).to_string());
        }
        self.clients[who].sender.put(n, "move", None, body, durable);
    }

    /// Rings the timer of a real-time mode.
    pub fn ring_tick(&mut self) {
        let due = self.shell.as_ref().and_then(|shell| shell.room.next_tick());
        if due.is_some_and(|due| due.ms() <= self.now) {
            self.marks.insert(Mark::Ticked);
            self.turn(&Input::Tick);
        }
    }

    /// Checks that a frame contains nothing that another seat hides. Proved by a room that sent the view of the first
    /// seat to all, by one that sent private parts to all, by a log that stored them in the public event, and by a
    /// snapshot for a spectator with the view of a seat.
    pub fn check_canaries(&mut self, who: usize, messages: &[RoomMessage]) {
        if self.weather.mode != Some("canary@1") || self.shell.is_none() {
            return;
        }
        let viewer = self.viewer(who);
        let texts = messages.iter().map(|message| match message {
            RoomMessage::Welcome(welcome) => welcome.text().to_string(),
            RoomMessage::Event(event) => event.text().to_string(),
            RoomMessage::Reply(reply) => format!("{reply:?}"),
        });
        for text in texts {
            check_canaries(&text, viewer);
            if text.contains("canary-") {
                self.marks.insert(Mark::CanarySeen);
            }
        }
    }

    /// Checks that the client's state of the match is the room's own, as the client may see it. Proved by a replay with
    /// the patches of another viewer, and by a snapshot without the state.
    pub fn check_state(&self, who: usize) {
        let Some(game) = self.game() else { return };
        let client = &self.clients[who];
        let view = game.view(self.viewer(who)).expect("a view");
        assert_eq!(client.view.state.as_ref(), Some(&view.value()), "the state of {}", client.player);
    }

    /// Checks the record of a match: it replays to the same state and outcome. Proved by a replay without wakes.
    pub fn check_record(&mut self, record: &MatchRecord) {
        let marks = match record.reason {
            EndReason::Mode => Some(Mark::EndedByMode),
            EndReason::Agreed => Some(Mark::Agreed),
            EndReason::Disputed => Some(Mark::Disputed),
            _ => None,
        };
        self.marks.extend(marks);
        assert_eq!(record.mode.as_deref(), self.weather.mode);
        assert_eq!(record.outcome.is_some(), record.reason == EndReason::Mode);
        assert!(record.outcome.as_ref().is_none_or(|outcome| outcome.ranks.len() == record.players.len()));
        let Some(row) = &self.platform.game else { return };
        let game = restore(row);
        let replay: &Replay = record.replay.as_ref().expect("a replay");
        let replayed = replay.run(&MODES, |_, _, _| {}).expect("a match that replays");
        assert_eq!(replayed.encode(), game.encode(), "another end");
        let outcome = record.outcome.as_ref().or(replayed.outcome());
        assert_eq!(replayed.outcome(), outcome);
        let told = MatchRecord { replay: None, ..record.clone() };
        check_canaries(&serde_json::to_string(&told).expect("a record"), Viewer::Spectator);
    }
}

fn check_canaries(text: &str, viewer: Viewer) {
    for (at, _) in text.match_indices("canary-") {
        let owner = text.get(at + 7..at + 8).and_then(|seat| seat.parse().ok()).map(Seat::new);
        let owner = owner.expect("the seat of a canary");
        assert!(viewer.is(owner), "{viewer:?} receives the canary of {owner:?}: {text}");
    }
}
