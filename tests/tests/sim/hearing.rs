//! What a client makes of a frame, and what must hold of everything it hears.

use crate::client::View;
use crate::marks::Mark;
use crate::sender::Settled;
use crate::world::World;
use serde_json::Value;

impl World {
    /// A client reads a frame.
    pub fn hear(&mut self, who: usize, messages: &[Value]) {
        self.trace(|| format!("client {who} hears {}", Value::from(messages.to_vec())));
        for message in messages {
            if self.clients[who].wire.is_none() {
                return;
            }
            if message.get("ev").is_none() {
                self.answered(who, message);
            } else if message["ev"] == "welcome" {
                self.welcomed(who, message);
            } else if message["ev"] == "resync" {
                self.clients[who].epoch = None;
                self.hang_up(who);
            } else if let Some(at) = message["at"].as_u64() {
                self.happened(who, at, message);
            } else {
                self.fleeting(who, message);
            }
        }
    }

    fn hang_up(&mut self, who: usize) {
        let Some(id) = self.clients[who].wire else {
            return;
        };
        self.clients[who].lost(self.now);
        if let Some(wire) = self.platform.wires.get_mut(&id) {
            wire.cut = true;
            wire.gone_at.get_or_insert(self.now + 200);
        }
    }

    /// Positions are contiguous. Proved by a replay that left out one event, by a `skip` that was not sent, and by an
    /// outbox that owed who came later what was told before.
    fn happened(&mut self, who: usize, at: u64, message: &Value) {
        let client = &mut self.clients[who];
        assert!(client.welcomed, "an event before the welcome");
        assert_eq!(at, client.at + 1, "client {who}: a gap or a repetition");
        client.at = at;
        let epoch = client.epoch.expect("an epoch");
        client.view.fold(at, message);
        if !client.view.over {
            let state = client.view.text();
            self.truth.stands(epoch, at, &state);
        }
        if message["body"]["reason"] == "kicked" {
            self.put_out.extend(message["by"].as_str().map(str::to_owned));
        }
        self.signalled(who, message);
        self.truth.saw(epoch, at, message);
    }

    /// A signal is for one. Proved by a replay that did not look at whom an event is for.
    fn signalled(&mut self, who: usize, message: &Value) {
        if message["ev"] == "signal" {
            let client = &mut self.clients[who];
            assert_eq!(message["body"]["to"], client.player.as_str(), "a signal for somebody else");
            client.signals.insert(message["body"]["n"].as_u64().expect("a tag"));
        }
    }

    fn fleeting(&mut self, who: usize, message: &Value) {
        let client = &mut self.clients[who];
        if message["ev"] == "durable" {
            let to = message["to"].as_u64().expect("a position");
            client.sender.durable(to);
            let epoch = client.epoch.expect("an epoch");
            self.truth.promise(epoch, to);
        } else {
            assert_eq!(message["ev"], "hint");
            self.marks.insert(Mark::Hinted);
            let to = &message["body"]["to"];
            assert!(to.is_null() || to == client.player.as_str(), "a hint for somebody else");
        }
    }

    /// What is recovered is all of it, or else there is a snapshot. Proved by a replay from a position that the log
    /// had forgotten.
    fn welcomed(&mut self, who: usize, message: &Value) {
        let number = |name: &str| message[name].as_u64().expect("a number");
        let epoch: u64 = message["epoch"].as_str().and_then(|e| e[1..].parse().ok()).expect("an epoch");
        let (head, replayed) = (number("at"), number("replayed"));
        let client = &mut self.clients[who];
        assert!(!client.welcomed, "two welcomes");
        let same = client.epoch == Some(epoch);
        assert!(client.epoch.is_none_or(|known| known <= epoch), "an old epoch came back");
        client.welcomed = true;
        if client.watches {
            self.marks.insert(Mark::Watched);
        }
        if message["recovered"] == true {
            assert!(same, "recovered from another epoch");
            assert_eq!(head - replayed, client.at, "not everything since {}", client.at);
            self.marks.insert(Mark::Resumed);
        } else {
            let snapshot = &message["snapshot"];
            assert_eq!(snapshot["at"], head);
            if client.epoch.is_some() {
                self.marks.insert(Mark::ResumedWithSnapshot);
            }
            client.view = View::from_snapshot(snapshot);
            client.at = head;
            let state = client.view.text();
            let events = snapshot["events"].as_array().expect("events");
            client.from = head - events.len() as u64;
            client.view.over = message["phase"] == "over";
            if !client.view.over {
                self.truth.stands(epoch, head, &state);
            }
            for (nth, event) in events.iter().enumerate() {
                let at = event["at"].as_u64().expect("a position");
                assert_eq!(at, head - events.len() as u64 + nth as u64 + 1, "a hole in a snapshot");
                self.truth.saw(epoch, at, event);
                self.signalled(who, event);
            }
        }
        let client = &mut self.clients[who];
        client.epoch = Some(epoch);
        client.sender.reconnected(same);
        client.sender.durable(number("durable"));
        self.truth.promise(epoch, number("durable"));
    }

    fn answered(&mut self, who: usize, message: &Value) {
        let client = &mut self.clients[who];
        let epoch = client.epoch.expect("an epoch");
        if let Some(err) = message.get("err") {
            match err["code"].as_str().expect("a code") {
                "too_fast" => drop(self.marks.insert(Mark::TooFast)),
                "conflict" => drop(self.marks.insert(Mark::Conflict)),
                "bad_json" | "too_deep" | "binary" | "bad_message" => {
                    self.marks.insert(Mark::BadFrame);
                }
                _ => {}
            }
        }
        let settled = client.sender.replied(self.now, message);
        match settled {
            Settled::Accepted { n, at, durable, repeated } => {
                if repeated {
                    self.marks.insert(Mark::Repeated);
                }
                if durable {
                    self.marks.insert(Mark::DurableAck);
                    self.truth.promise(epoch, at);
                }
                self.truth.accepted(epoch, n, at, &mut self.marks);
            }
            // A kick that was carried out is not refused at its repetition. Proved by its key being the kicked one's.
            Settled::Refused { n, op, to } => {
                let out = op == "kick" && to.is_some_and(|to| self.put_out.contains(&to));
                assert!(!out, "a kick took effect, and was refused: {message}");
                let taken = self.truth.lives.get(&epoch).and_then(|life| life.accepted.get(&n));
                assert!(taken.is_none(), "{op} {n} was accepted, then refused: {message}");
            }
            Settled::Done | Settled::Later | Settled::Unknown => {}
        }
    }
}
