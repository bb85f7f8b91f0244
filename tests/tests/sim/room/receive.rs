//! The client's reaction to a frame, and the invariants of every frame.

use crate::client::View;
use crate::marks::Mark;
use crate::sender::Settled;
use crate::world::World;
use shared::wire::envelope::{Envelope, Reply};
use shared::wire::room::{self, Event, Left, LeftReason, PhaseName, RoomMessage, Snapshot};
use shared::wire::welcome::Welcome;
use shared::wire::{Refusal, RefusalCode};

impl World {
    /// Delivers a frame to a client.
    pub fn receive(&mut self, who: usize, text: &str, messages: &[RoomMessage]) {
        self.trace(|| format!("client {who} receives {messages:?}"));
        self.check_canaries(who, messages);
        if self.clients[who].machine.is_some() {
            return self.feed_frame(who, text);
        }
        for message in messages {
            if self.clients[who].wire.is_none() {
                return;
            }
            match message {
                RoomMessage::Welcome(welcome) => self.welcomed(who, welcome),
                RoomMessage::Reply(reply) => self.replied(who, reply),
                RoomMessage::Event(event) => self.event(who, event),
            }
        }
    }

    pub fn event(&mut self, who: usize, event: &Envelope<Event>) {
        match (event.at, &event.event) {
            (Some(at), _) => self.logged_event(who, at, event),
            (None, Event::Resync) => {
                self.clients[who].epoch = None;
                self.hang_up(who);
            }
            (None, Event::Durable { to }) => {
                let client = &mut self.clients[who];
                client.sender.durable(*to);
                let epoch = client.epoch.expect("an epoch");
                self.oracle.promise(epoch, *to);
            }
            (None, Event::Hint(body)) => {
                self.marks.insert(Mark::Hinted);
                let (body, player) = (body.value(), &self.clients[who].player);
                let to = &body["to"];
                assert!(to.is_null() || to == player.as_str(), "a hint for another player");
            }
            (None, other) => panic!("{other:?} without a position"),
        }
    }

    pub fn hang_up(&mut self, who: usize) {
        let Some(id) = self.clients[who].wire else {
            return;
        };
        self.clients[who].disconnected(self.now);
        if let Some(wire) = self.platform.wires.get_mut(&id) {
            wire.cut = true;
            wire.gone_at.get_or_insert(self.now + 200);
        }
    }

    /// Applies an event of the log. Positions are contiguous. Proved by a replay that left out one event, by
    /// a `skip` that was not sent, and by an outbox that sent earlier events to a later connection.
    fn logged_event(&mut self, who: usize, at: u64, event: &Envelope<Event>) {
        let client = &mut self.clients[who];
        assert!(client.welcomed, "an event before the welcome");
        assert_eq!(at, client.at + 1, "client {who}: a gap or a repetition");
        client.at = at;
        let epoch = client.epoch.expect("an epoch");
        client.view.fold(at, event);
        if !client.view.over {
            let state = client.view.text();
            self.oracle.observe_state(epoch, at, &state);
        }
        if let Event::Left(Left { reason: LeftReason::Kicked }) = event.event {
            self.kicked.extend(event.by.as_ref().map(ToString::to_string));
        }
        self.signal_event(who, &event.event);
        self.oracle.observe_event(epoch, at, event);
    }

    /// Checks that a signal reaches only its recipient. Proved by a replay that ignored the recipient of an
    /// event.
    fn signal_event(&mut self, who: usize, event: &Event) {
        if let Event::Signal(body) = event {
            let (client, body) = (&mut self.clients[who], body.value());
            assert_eq!(body["to"], client.player.as_str(), "a signal for another player");
            client.signals.insert(body["n"].as_u64().expect("a tag"));
        }
    }

    /// Applies a welcome: a recovery replays every missed event, otherwise there is a snapshot. Proved by a
    /// replay from a position that the log no longer had.
    pub fn welcomed(&mut self, who: usize, welcome: &Welcome<room::Welcome>) {
        let epoch: u64 = welcome.epoch.strip_prefix('e').and_then(|e| e.parse().ok()).expect("an epoch");
        let client = &mut self.clients[who];
        assert!(!client.welcomed, "two welcomes");
        let same = client.epoch == Some(epoch);
        assert!(client.epoch.is_none_or(|known| known <= epoch), "an old epoch came back");
        client.welcomed = true;
        if client.spectates {
            self.marks.insert(Mark::Spectated);
        }
        if welcome.recovered {
            assert!(same, "recovered from another epoch");
            let missed = client.at;
            assert_eq!(welcome.at - welcome.replayed, missed, "events since {missed} are missing");
            self.marks.insert(Mark::Resumed);
        } else {
            if client.epoch.is_some() {
                self.marks.insert(Mark::ResumedWithSnapshot);
            }
            let over = welcome.more.phase == PhaseName::Over;
            self.snapshot(who, epoch, over, welcome.more.snapshot.as_ref().expect("a snapshot"));
            assert_eq!(self.clients[who].at, welcome.at);
        }
        let client = &mut self.clients[who];
        client.epoch = Some(epoch);
        client.sender.reconnected(same);
        client.sender.durable(welcome.durable);
        self.oracle.promise(epoch, welcome.durable);
    }

    fn snapshot(&mut self, who: usize, epoch: u64, over: bool, snapshot: &Snapshot) {
        let client = &mut self.clients[who];
        client.view = View::from_snapshot(snapshot);
        client.view.over = over;
        client.at = snapshot.at;
        client.from = snapshot.at - snapshot.events.len() as u64;
        let (from, state) = (client.from, client.view.text());
        if !over {
            self.oracle.observe_state(epoch, snapshot.at, &state);
        }
        for (nth, event) in snapshot.events.iter().enumerate() {
            let event: Envelope<Event> = serde_json::from_value(event.clone()).expect("an event");
            let at = event.at.expect("a position");
            assert_eq!(at, from + nth as u64 + 1, "a gap in a snapshot");
            self.oracle.observe_event(epoch, at, &event);
            self.signal_event(who, &event.event);
        }
    }

    fn replied(&mut self, who: usize, reply: &Reply) {
        let client = &mut self.clients[who];
        let epoch = client.epoch.expect("an epoch");
        match reply.err.as_ref().map(|refusal| refusal.code) {
            Some(RefusalCode::TooFast) => drop(self.marks.insert(Mark::TooFast)),
            Some(RefusalCode::Conflict) => drop(self.marks.insert(Mark::Conflict)),
            Some(
                RefusalCode::BadJson | RefusalCode::TooDeep | RefusalCode::Binary | RefusalCode::BadMessage,
            ) => drop(self.marks.insert(Mark::BadFrame)),
            _ => {}
        }
        assert!(reply.err.as_ref().is_none_or(Refusal::is_consistent), "{reply:?}");
        let settled = client.sender.replied(self.now, reply);
        match settled {
            Settled::Accepted { n, at, durable, repeated } => {
                if repeated {
                    self.marks.insert(Mark::Repeated);
                }
                if durable {
                    self.marks.insert(Mark::DurableAck);
                    self.oracle.promise(epoch, at);
                }
                self.oracle.accepted(epoch, n, at, &mut self.marks);
            }
            Settled::Refused { n, op, to } => {
                let refusal = reply.err.as_ref().expect("a refusal");
                self.refused(who, n, op, to.as_deref(), refusal);
            }
            Settled::Done | Settled::Later | Settled::Unknown => {}
        }
    }

    /// Checks a refusal. A retry of a successful kick is not refused. It is rare here: the tests of
    /// `shared::room::snapshot` repeat one.
    pub fn refused(&mut self, who: usize, n: u64, op: &str, to: Option<&str>, refusal: &Refusal) {
        let epoch = self.clients[who].epoch.expect("an epoch");
        let out = op == "kick" && to.is_some_and(|to| self.kicked.contains(to));
        assert!(!out, "a kick took effect and was refused: {refusal:?}");
        let taken = self.oracle.epochs.get(&epoch).and_then(|log| log.accepted.get(&n));
        assert!(taken.is_none(), "{op} {n} was accepted, then refused: {refusal:?}");
        self.oracle.refused(epoch, n, self.clients[who].at);
    }
}
