//! How a world ends: everybody comes back, or nobody does.

use crate::marks::Mark;
use crate::world::World;
use serde_json::json;
use shared::record::EndReason;
use shared::room::Input;
use shared::room::seat::Presence;

impl World {
    /// Nothing goes wrong any more; everybody comes back, and has the same. Then it ends.
    ///
    /// What was answered is there, and came to whom it was for. Proved by a signal that was answered, and dropped
    /// because its recipient was away.
    pub fn everybody_comes_back(&mut self) {
        self.calm();
        for client in &mut self.clients {
            client.reads_slowly = false;
            client.dials_at = self.now;
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
            assert!(quiet == 50, "the room does not come to rest: {:?}", self.clients);
            self.write_out();
            self.all_alike();
            self.idle();
            self.end();
        }
        self.rest();
    }

    /// Nobody comes back: the room finds that out by its alarm alone.
    ///
    /// Proved by a grace period that set no alarm.
    pub fn nobody_comes_back(&mut self) {
        self.calm();
        for wire in self.platform.wires.values_mut() {
            wire.up.clear();
            wire.cut = true;
            wire.gone_at = Some(self.now);
        }
        for client in &mut self.clients {
            client.lost(u64::MAX);
        }
        // A room that sleeps through the loss of its machine hears of it at its next alarm only.
        self.wake();
        while !self.platform.wires.is_empty() {
            self.now += 1;
            self.report_gone();
        }
        let waits = self.rough.rules.grace_s.max(self.rough.rules.no_show_s);
        let latest = self.latest.max(self.now) + u64::from(waits) * 1000;
        self.rest();
        let record = self.platform.records.values().next().expect("one");
        assert!(record.ended.ms() <= latest, "over later than {latest}: {record:?}");
    }

    fn calm(&mut self) {
        let calm = crate::rough::Rough::calm(self.rough.members);
        let was = std::mem::replace(&mut self.rough, calm);
        self.rough.rules = was.rules;
        self.rough.spectators = was.spectators;
        self.rough.lost = was.lost.min(50);
        self.rough.late = was.late.min(50);
        self.rough.evict = was.evict;
    }

    fn calm_step(&mut self) {
        self.ring();
        for who in 0..self.clients.len() {
            let now = self.now;
            let client = &mut self.clients[who];
            if client.notices_at.is_some_and(|at| at <= now) {
                client.lost(now);
            }
            if matches!(client.stopped, Some(4003 | 4006 | 4009)) {
                client.reload();
            }
            if client.lives() && client.wire.is_none() && client.dials_at <= now {
                self.dial(who);
            }
            self.say_all(who);
        }
        while !self.ids(|wire| !wire.up.is_empty()).is_empty() {
            self.carry_up();
        }
        for id in self.ids(|_| true) {
            while self.deliver(id) {}
        }
        self.timer();
        self.fly();
        self.verified();
        self.report_gone();
        if self.chance.one_in(self.rough.evict) {
            self.evict();
        }
    }

    fn settled(&self) -> bool {
        let still = |client: &crate::client::Client| {
            !client.lives() || client.wire.is_some() && client.welcomed && client.sender.entries.is_empty()
        };
        self.clients.iter().all(still)
            && self.platform.wires.values().all(|wire| wire.up.is_empty() && wire.down.is_empty())
            && self.platform.flights.is_empty()
            && self.verifying.is_empty()
    }

    fn over(&mut self) -> bool {
        !self.wake() || self.shell.as_ref().is_some_and(|shell| shell.room.summary()["phase"] == "over")
    }

    /// Where the clock stepped back, what was said before waits for the disk until it is as late again.
    fn write_out(&mut self) {
        self.wake();
        let due = self.shell.as_ref().and_then(|shell| shell.room.remembered().1.due());
        if let Some(due) = due {
            self.now = self.now.max(due.ms());
            for _ in 0..20 {
                self.calm_step();
            }
        }
    }

    /// Everybody has the same, everything.
    fn all_alike(&mut self) {
        self.wake();
        let room = &self.shell.as_ref().expect("awake").room;
        let (saved, log, ..) = room.remembered();
        self.truth.kept_its_word(saved.epoch, &log);
        assert_eq!(log.durable(), log.head(), "at rest, but not on disk");
        let here: Vec<_> = self.clients.iter().filter(|client| client.wire.is_some()).collect();
        let mut texts: Vec<_> = here.iter().map(|client| client.view.clone().text()).collect();
        texts.dedup();
        assert!(texts.len() <= 1, "two rooms at the end: {texts:?}");
        for client in &here {
            assert_eq!((client.epoch, client.at), (Some(saved.epoch), log.head()), "{}", client.player);
            for entry in log.kept().filter(|entry| entry.is("signal") && entry.at > client.from) {
                let n = entry.body().and_then(|body| body["n"].as_u64()).expect("a tag");
                let mine = entry.to.as_ref() == Some(&client.player);
                assert!(!mine || client.signals.contains(&n), "signal {n} never came to {}", client.player);
            }
        }
        for seat in &saved.setup.seats {
            let at_home = here.iter().any(|client| Some(&client.player) == seat.player.as_ref());
            let seated = matches!(seat.state, Presence::Here(_));
            assert_eq!(at_home, seated, "{seat:?}");
        }
    }

    /// A room where nothing happens does nothing: no row, no alarm but its deadlines.
    ///
    /// Proved by an alarm every thirty seconds.
    fn idle(&mut self) {
        self.wake();
        let room =
            |world: &Self| world.shell.as_ref().map(|shell| (shell.room.wake_at(), shell.room.summary()));
        let before = room(self).expect("awake");
        let deadline = before.0.expect("a room ages");
        // What was set for a deadline since moved may ring once more.
        let mut rings = 0;
        while let Some(alarm) = self.platform.alarm.filter(|alarm| *alarm < deadline) {
            self.now = self.now.max(alarm.ms());
            self.platform.alarm = None;
            self.turn(&Input::Woke);
            if room(self).as_ref() != Some(&before) {
                return;
            }
            rings += 1;
            assert!(rings <= 1, "an idle room keeps ringing");
        }
    }

    fn end(&mut self) {
        let who = (0..self.rough.members).find(|&who| self.clients[who].wire.is_some());
        let Some(who) = who.filter(|_| !self.over()) else {
            return;
        };
        self.clients[who].sender.put(u64::MAX >> 1, "end", None, json!({ "n": u64::MAX >> 1 }), true);
        for _ in 0..20 {
            self.now += 100;
            self.calm_step();
        }
        self.marks.insert(Mark::EndedElsewhere);
    }

    /// Time passes, from alarm to alarm, until the room is erased; nothing is left undone.
    ///
    /// Proved by a call that was forgotten after its first try, and by a room erased with a call unconfirmed.
    fn rest(&mut self) {
        for _ in 0..3000 {
            if self.platform.erased {
                return self.told_all();
            }
            let alarm = self.platform.alarm.expect("a room that is not erased has an alarm");
            let next = [Some(alarm.ms())].into_iter().flatten().min().unwrap_or_default();
            self.now = self.now.max(next);
            self.ring();
            while !self.platform.flights.is_empty() && !self.platform.erased {
                self.fly();
            }
            self.report_gone();
            self.timer();
        }
        panic!("the room is never erased: alarm {:?}, now {}", self.platform.alarm, self.now);
    }

    /// Everybody who has to know was told. Proved by a room that freed only those who were there when it ended.
    fn told_all(&mut self) {
        assert_eq!(self.platform.records.len(), 1, "a match has one record");
        let record = self.platform.records.values().next().expect("one").clone();
        for participant in &record.players {
            let player = participant.player.as_str();
            assert!(self.platform.freed.contains(player), "{player} was never freed");
        }
        match record.reason {
            EndReason::Abandoned => drop(self.marks.insert(Mark::Abandoned)),
            EndReason::NoShow => drop(self.marks.insert(Mark::NoShow)),
            EndReason::TimeUp => drop(self.marks.insert(Mark::TimeUp)),
            EndReason::Ended => {}
        }
    }
}
