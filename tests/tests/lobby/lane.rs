//! A lobby's shell in the world: inputs in, effects out, and every way in which that can be cut short.

use crate::marks::Mark;
use crate::network::Flight;
use crate::world::{World, number};
use shared::id::PoolName;
use shared::lobby::parts::{LobbyAnswer, LobbyAsk};
use shared::lobby::ticket::Ticket;
use shared::lobby::{Disk, Effect, Input, Lobby, Save};
use shared::pool::{Pool, Shard};
use shared::protocol::Close;
use shared::socket::Conn;
use shared::time::Time;
use std::collections::BTreeMap;

/// What the platform remembers of one lobby, and what is in memory.
#[derive(Debug)]
pub struct Lane {
    pub name: PoolName,
    pub shard: Shard,
    pub pool: Pool,
    pub disk: Disk,
    pub alarm: Option<Time>,
    pub wires: BTreeMap<Conn, Wire>,
    pub lobby: Option<Lobby>,
    pub last_conn: u32,
    /// Of which machine: answers to one that is lost are lost.
    pub life: u64,
    /// When it was last told something.
    pub latest: Time,
}

/// An open socket.
#[derive(Debug)]
pub struct Wire {
    pub who: usize,
    pub attachment: Option<String>,
    /// Nothing passes any more.
    pub cut: bool,
    /// When the platform says that it is gone; a cut that nobody reports has none.
    pub gone_at: Option<u64>,
}

impl Lane {
    pub fn new(name: PoolName, shard: Shard, pool: Pool) -> Self {
        Self {
            name,
            shard,
            pool,
            disk: Disk::new(),
            alarm: None,
            wires: BTreeMap::new(),
            lobby: None,
            last_conn: 0,
            life: 0,
            latest: Time::default(),
        }
    }

    /// How it is called in leases.
    pub fn lease(&self) -> String {
        Lobby::lease(&self.name, self.shard)
    }

    fn restore(&self, now: Time) -> (Lobby, Vec<Effect>) {
        let attachments: Vec<String> =
            self.wires.values().filter_map(|wire| wire.attachment.clone()).collect();
        Lobby::restore(self.name.clone(), self.shard, &self.pool, &self.disk, &attachments, now)
            .expect("a lobby can be read back")
    }

    /// The tickets on disk.
    pub fn tickets(&self) -> impl Iterator<Item = Ticket> {
        let rows = self.disk.iter().filter(|(key, _)| key.starts_with("t/"));
        rows.map(|(_, row)| serde_json::from_str(row).expect("a ticket can be read back"))
    }
}

impl World {
    /// The lobby is in memory: from before, or from what the platform remembers.
    pub fn wake(&mut self, lane: usize) {
        while self.lanes[lane].lobby.is_none() {
            let now = self.time();
            let (lobby, effects) = self.lanes[lane].restore(now);
            self.trace(|| format!("{lane} restored -> {effects:?}"));
            self.lanes[lane].latest = now;
            self.lanes[lane].lobby = Some(lobby);
            self.perform(lane, effects);
        }
    }

    /// One turn. False where the machine did not live to its end.
    pub fn turn(&mut self, lane: usize, input: &Input<'_>) -> bool {
        self.wake(lane);
        let now = self.time();
        let at = &mut self.lanes[lane];
        at.latest = now;
        let lobby = at.lobby.as_mut().expect("awake");
        let effects = lobby.handle(now, input.clone());
        self.trace(|| format!("{lane} {input:?} -> {effects:?}"));
        self.check_removed(lane, &effects);
        let lived = self.perform(lane, effects);
        if lived {
            self.check_turn(lane);
        }
        lived
    }

    /// Another part of the queue asks. None: it was lost before all that follows from it was done.
    pub fn asked(&mut self, lane: usize, ask: &LobbyAsk) -> Option<LobbyAnswer> {
        self.wake(lane);
        let now = self.time();
        let at = &mut self.lanes[lane];
        at.latest = now;
        let lobby = at.lobby.as_mut().expect("awake");
        let (answer, effects) = lobby.asked(now, ask.clone());
        self.trace(|| format!("{lane} {ask:?} -> {answer:?} {effects:?}"));
        self.check_removed(lane, &effects);
        let lived = self.perform(lane, effects);
        if lived {
            self.check_turn(lane);
        }
        lived.then_some(answer)
    }

    fn perform(&mut self, lane: usize, effects: Vec<Effect>) -> bool {
        let crash = self.chance.one_in(self.rough.crash);
        let last = self.chance.below(effects.len() + 1);
        for (nth, effect) in effects.into_iter().enumerate() {
            if crash && nth == last {
                if self.chance.percent(50) {
                    self.crash(lane, Mark::CrashedBetweenEffects);
                } else {
                    self.fail(lane);
                }
                return false;
            }
            self.carry_out(lane, effect);
        }
        true
    }

    fn carry_out(&mut self, lane: usize, effect: Effect) {
        match effect {
            Effect::Save(save) => self.write(lane, save),
            Effect::Attach { conn, data } => {
                if let Some(wire) = self.lanes[lane].wires.get_mut(&conn) {
                    wire.attachment = Some(data);
                }
            }
            Effect::Send { conn, text } => self.hear(lane, conn, &text),
            Effect::Tell { text, .. } => {
                for conn in self.conns(lane) {
                    self.hear(lane, conn, &text);
                }
            }
            Effect::Close { conn, why } => {
                let Some(wire) = self.lanes[lane].wires.remove(&conn) else {
                    return;
                };
                if why == Close::Moved {
                    self.marks.insert(Mark::Moved);
                }
                if !wire.cut {
                    self.people[wire.who].places[lane].wire = None;
                }
                let (life, who) = (self.lanes[lane].life, wire.who);
                self.flights.push(Flight::Gone { lane, life, conn, who });
            }
            Effect::Look { look, player } => {
                let (life, who) = (self.lanes[lane].life, number(&player));
                self.flights.push(Flight::Look { lane, life, look, who });
            }
            Effect::Move { player, part } => {
                let life = self.lanes[lane].life;
                let who = number(&player);
                self.flights.push(Flight::Move { lane, life, who, part });
            }
            Effect::Call(call) => {
                self.check_call(lane, &call);
                let life = self.lanes[lane].life;
                self.flights.push(Flight::Out { lane, life, call });
            }
        }
    }

    pub fn conns(&self, lane: usize) -> Vec<Conn> {
        self.lanes[lane].wires.keys().copied().collect()
    }

    fn write(&mut self, lane: usize, save: Save) {
        // All at once: what goes makes place for what comes.
        let (gone, come): (Vec<_>, Vec<_>) = save.rows.into_iter().partition(|it| it.1.is_none());
        for (key, row) in gone.into_iter().chain(come) {
            self.check_row(lane, &key, row.as_deref());
            let disk = &mut self.lanes[lane].disk;
            match row {
                Some(row) => drop(disk.insert(key, row)),
                None => drop(disk.remove(&key)),
            }
        }
        let at = &mut self.lanes[lane];
        at.alarm = save.alarm.or(at.alarm);
    }

    /// The machine is lost, and with it the sockets and all answers.
    pub fn crash(&mut self, lane: usize, mark: Mark) {
        self.trace(|| format!("{lane} crash: {mark:?}"));
        self.marks.insert(mark);
        self.lanes[lane].life += 1;
        self.lanes[lane].lobby = None;
        self.shut(lane);
    }

    /// An effect failed: the shell closes the sockets and reads the lobby anew. Answers still come.
    fn fail(&mut self, lane: usize) {
        self.trace(|| format!("{lane} failed"));
        self.marks.insert(Mark::TurnFailed);
        self.lanes[lane].lobby = None;
        self.shut(lane);
    }

    fn shut(&mut self, lane: usize) {
        for (_, wire) in std::mem::take(&mut self.lanes[lane].wires) {
            if !wire.cut {
                self.people[wire.who].places[lane].wire = None;
            }
        }
    }

    /// The lobby leaves memory between two events, with the sockets kept. What comes back is what was there.
    pub fn evict(&mut self, lane: usize) {
        let at = &mut self.lanes[lane];
        let Some(lobby) = at.lobby.take() else {
            return;
        };
        at.life += 1;
        let (back, effects) = at.restore(at.latest);
        let harmless = |effect: &Effect| match effect {
            Effect::Save(save) => save.rows.is_empty(),
            // What waits for an answer is asked again.
            Effect::Call(_) => true,
            _ => false,
        };
        assert!(effects.iter().all(harmless), "an eviction has effects: {effects:?}");
        assert_eq!(lobby.remembered(), back.remembered());
        self.marks.insert(Mark::Evicted);
        self.trace(|| format!("{lane} evicted"));
    }

    /// After every turn: what is in memory is what is on disk, and while work remains, an alarm is set.
    fn check_turn(&mut self, lane: usize) {
        let at = &self.lanes[lane];
        let lobby = at.lobby.as_ref().expect("awake");
        let (memory, _) = lobby.remembered();
        let tally = |row: &String| !row.is_empty();
        assert!(memory.get("tally").is_some_and(tally));
        let written = |rows: &Disk| {
            let rows = rows.iter().filter(|(key, _)| *key != "tally");
            rows.map(|(key, row)| (key.clone(), row.clone())).collect::<Disk>()
        };
        assert_eq!(written(&memory), written(&at.disk));
        if let Some(tally) = at.disk.get("tally") {
            assert_eq!(memory.get("tally"), Some(tally));
        }
        if let Some(wake) = lobby.wake_at() {
            let alarm = at.alarm;
            assert!(alarm.is_some_and(|alarm| alarm <= wake), "to wake at {wake:?}, alarm at {alarm:?}");
        }
    }
}
