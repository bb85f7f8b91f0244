//! The end of a world: all clients reconnect, or none does.

use crate::marks::Mark;
use crate::world::World;
use shared::room::Input;
use shared::room::seats::SeatState;
use shared::rpc::record::EndReason;
use shared::wire::room::Event;

impl World {
    /// Stops all faults and reconnects all clients. They must agree. Then ends the room.
    ///
    /// Accepted commands are in the log and reached their recipients. Proved by a signal that was accepted,
    /// and dropped because its recipient was away.
    pub fn end_connected(&mut self) {
        self.calm();
        for client in &mut self.clients {
            client.reads_slowly = false;
            client.reconnects_at = self.now;
            if client.notices_at.is_some() {
                client.notices_at = Some(self.now);
            }
        }
        let mut quiet = 0;
        for _ in 0..900 {
            if self.over() {
                break;
            }
            self.now += 250;
            self.calm_step();
            quiet = if self.settled() { quiet + 1 } else { 0 };
            if quiet == 50 {
                break;
            }
        }
        if !self.over() {
            assert!(quiet == 50, "the room does not settle: {:?}", self.clients);
            self.await_write();
            self.check_agreement();
            self.idle();
            self.end();
        }
        self.run_until_erased();
    }

    /// Disconnects all clients for good. The room learns it from its alarm only.
    ///
    /// Proved by a grace period that set no alarm.
    pub fn end_abandoned(&mut self) {
        self.calm();
        for wire in self.platform.wires.values_mut() {
            wire.up.clear();
            wire.cut = true;
            wire.gone_at = Some(self.now);
        }
        for client in &mut self.clients {
            client.disconnected(u64::MAX);
        }
        // A room that is not in memory when its machine is lost notices it at its next alarm only.
        self.wake();
        while !self.platform.wires.is_empty() {
            self.now += 1;
            self.report_gone();
        }
        let waits = self.weather.rules.grace_s.max(self.weather.rules.no_show_s);
        let latest = self.latest.max(self.now) + u64::from(waits) * 1000;
        self.run_until_erased();
        let record = self.platform.records.values().next().expect("one");
        assert!(record.ended.ms() <= latest, "over later than {latest}: {record:?}");
    }

    fn calm(&mut self) {
        let calm = crate::weather::Weather::calm(self.weather.members);
        let was = std::mem::replace(&mut self.weather, calm);
        self.weather.rules = was.rules;
        self.weather.spectators = was.spectators;
        self.weather.mode = was.mode;
        self.weather.faults.lost = was.faults.lost.min(50);
        self.weather.faults.late = was.faults.late.min(50);
        self.weather.faults.evict = was.faults.evict;
    }

    fn calm_step(&mut self) {
        self.ring();
        for who in 0..self.clients.len() {
            let now = self.now;
            let client = &mut self.clients[who];
            if client.machine.is_some() {
                if !client.never_connects && self.wake_machine(who) {
                    self.send_waiting(who);
                }
                continue;
            }
            if client.notices_at.is_some_and(|at| at <= now) {
                client.disconnected(now);
            }
            if matches!(client.stopped, Some(4003 | 4006 | 4009 | 4302)) {
                client.reload();
            }
            if client.may_reconnect() && client.wire.is_none() && client.reconnects_at <= now {
                self.connect(who);
            }
            self.send_waiting(who);
        }
        while !self.ids(|wire| !wire.up.is_empty()).is_empty() {
            self.deliver_up();
        }
        for id in self.ids(|_| true) {
            while self.deliver(id) {}
        }
        self.timer();
        self.deliver_call();
        self.verified();
        self.report_gone();
        if self.chance.one_in(self.weather.faults.evict) {
            self.evict();
        }
    }

    fn settled(&self) -> bool {
        // A machine that has not noticed yet that its connection is gone will open another one.
        let is_whole = |client: &crate::client::Client| {
            let wire = client.wire.and_then(|id| self.platform.wires.get(&id));
            client.machine.is_none() || wire.is_some_and(|wire| !wire.cut)
        };
        let still = |client: &crate::client::Client| {
            !client.may_reconnect()
                || client.wire.is_some()
                    && is_whole(client)
                    && client.welcomed
                    && client.sender.entries.is_empty()
                    && client.machine.as_ref().is_none_or(|machine| !machine.has_pending())
        };
        self.clients.iter().all(still)
            && self.platform.wires.values().all(|wire| wire.up.is_empty() && wire.down.is_empty())
            && self.platform.calls.is_empty()
            && self.verifying.is_empty()
    }

    fn over(&mut self) -> bool {
        !self.wake() || self.shell.as_ref().is_some_and(|shell| shell.room.summary()["phase"] == "over")
    }

    /// Waits for the pending write. It is late if the clock stepped back.
    fn await_write(&mut self) {
        self.wake();
        let due = self.shell.as_ref().and_then(|shell| shell.room.remembered().1.due());
        if let Some(due) = due {
            self.now = self.now.max(due.ms());
            for _ in 0..20 {
                self.calm_step();
            }
        }
    }

    /// Checks that all clients have the same complete state.
    fn check_agreement(&mut self) {
        self.wake();
        let room = &self.shell.as_ref().expect("awake").room;
        let (saved, log, ..) = room.remembered();
        self.oracle.check_accepted(saved.epoch, &log);
        assert_eq!(log.durable(), log.head(), "settled, but not on disk");
        let here: Vec<_> = self.clients.iter().filter(|client| client.wire.is_some()).collect();
        let mut texts: Vec<_> = here.iter().map(|client| client.view.clone().text()).collect();
        texts.dedup();
        assert!(texts.len() <= 1, "two states at the end: {texts:?}");
        for who in 0..self.clients.len() {
            if self.clients[who].wire.is_some() {
                self.check_state(who);
                self.check_machine(who);
            }
        }
        for client in &here {
            assert_eq!((client.epoch, client.at), (Some(saved.epoch), log.head()), "{}", client.player);
            for entry in log.retained().filter(|entry| entry.at > client.from) {
                let Event::Signal(body) = &*entry.event else {
                    continue;
                };
                let n = body.value()["n"].as_u64().expect("a tag");
                let mine = entry.to.as_ref() == Some(&client.player);
                assert!(!mine || client.signals.contains(&n), "signal {n} did not reach {}", client.player);
            }
        }
        for seat in &saved.setup.seats {
            let connected = here.iter().any(|client| Some(&client.player) == seat.player.as_ref());
            let seated = matches!(seat.state, SeatState::Here(_));
            assert_eq!(connected, seated, "{seat:?}");
        }
    }

    /// Checks that an idle room writes nothing and sets no alarm except for its deadlines.
    ///
    /// Proved by an alarm every thirty seconds.
    fn idle(&mut self) {
        self.wake();
        let room =
            |world: &Self| world.shell.as_ref().map(|shell| (shell.room.wake_at(), shell.room.summary()));
        let before = room(self).expect("awake");
        let deadline = before.0.expect("a room ages");
        // An alarm for a moved deadline may ring once more.
        let mut rings = 0;
        while let Some(alarm) = self.platform.alarm.at().filter(|alarm| *alarm < deadline) {
            self.now = self.now.max(alarm.ms());
            self.platform.alarm.clear();
            self.turn(&Input::Woke);
            if room(self).as_ref() != Some(&before) {
                return;
            }
            rings += 1;
            assert!(rings <= 1, "an idle room keeps ringing");
        }
    }

    fn end(&mut self) {
        let who = (0..self.weather.members).find(|&who| self.clients[who].wire.is_some());
        let Some(who) = who.filter(|_| !self.over()) else {
            return;
        };
        let result = self.end_result(u64::MAX >> 1);
        self.clients[who].sender.put(u64::MAX >> 1, "end", None, result, true);
        for _ in 0..20 {
            self.now += 100;
            self.calm_step();
        }
        self.marks.insert(Mark::EndedElsewhere);
    }

    /// Advances from alarm to alarm until the room is erased.
    ///
    /// Proved by a call that was forgotten after its first attempt, and by a room erased with an unconfirmed
    /// call.
    fn run_until_erased(&mut self) {
        for _ in 0..3000 {
            if self.platform.erased {
                return self.check_told();
            }
            let alarm = self.platform.alarm.at().expect("a room that is not erased has an alarm");
            self.now = self.now.max(alarm.ms());
            self.ring();
            while !self.platform.calls.is_empty() && !self.platform.erased {
                self.deliver_call();
            }
            self.report_gone();
            self.timer();
        }
        panic!("the room is never erased: alarm {:?}, now {}", self.platform.alarm, self.now);
    }

    /// Checks that the match was recorded and every player released. Proved by a room that released only the
    /// players who were present at its end.
    fn check_told(&mut self) {
        assert_eq!(self.platform.records.len(), 1, "a match has one record");
        let record = self.platform.records.values().next().expect("one").clone();
        for participant in &record.players {
            let player = participant.player.as_str();
            assert!(self.platform.freed.contains(player), "{player} was never released");
        }
        match record.reason {
            EndReason::Abandoned => drop(self.marks.insert(Mark::Abandoned)),
            EndReason::NoShow => drop(self.marks.insert(Mark::NoShow)),
            EndReason::TimeUp => drop(self.marks.insert(Mark::TimeUp)),
            EndReason::Ended | EndReason::Mode | EndReason::Agreed | EndReason::Disputed => {}
            EndReason::ModeGone => panic!("a mode failed: {record:?}"),
        }
        self.check_record(&record);
    }
}
