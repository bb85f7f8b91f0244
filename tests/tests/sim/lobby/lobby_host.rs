//! The host of a lobby: passes inputs to the machine, applies its effects, crashes and evicts it.

use crate::marks::Mark;
use crate::network::Message;
use crate::world::World;
use shared::connection::Conn;
use shared::id::PoolName;
use shared::lobby::tickets::ticket::Ticket;
use shared::lobby::{Disk, Effect, Input, Lobby, Save};
use shared::pool::{Pool, Shard};
use shared::rpc::ObjectName;
use shared::rpc::shard::{ShardRequest, ShardResponse};
use shared::time::Time;
use shared::wire::CloseCode;
use std::collections::BTreeMap;
use tests::kit::identity::number;
use tests::kit::network::Link;
use tests::kit::platform::{Alarm, assert_unchanged, attachments};

/// The platform of one lobby, and the lobby in memory.
#[derive(Debug)]
pub struct LobbyHost {
    pub name: PoolName,
    pub shard: Shard,
    pub pool: Pool,
    pub disk: Disk,
    pub alarm: Alarm,
    pub wires: BTreeMap<Conn, Wire>,
    pub lobby: Option<Lobby>,
    pub last_conn: u32,
    /// The instance in memory; answers to an older instance are lost.
    pub instance: u64,
    /// The time of its last input.
    pub latest: Time,
}

/// An open socket.
#[derive(Debug)]
pub struct Wire {
    pub who: usize,
    pub link: Link,
}

impl LobbyHost {
    pub fn new(name: PoolName, shard: Shard, pool: Pool) -> Self {
        Self {
            name,
            shard,
            pool,
            disk: Disk::new(),
            alarm: Alarm::default(),
            wires: BTreeMap::new(),
            lobby: None,
            last_conn: 0,
            instance: 0,
            latest: Time::default(),
        }
    }

    /// Returns the name of its object.
    pub fn object_name(&self) -> ObjectName {
        ObjectName::Lobby(self.name.clone(), self.shard)
    }

    fn restore(&self, now: Time) -> (Lobby, Vec<Effect>) {
        let attachments = attachments(self.wires.values().map(|wire| &wire.link));
        Lobby::restore(self.name.clone(), self.shard, &self.pool, &self.disk, &attachments, now)
            .expect("a lobby can be read back")
    }

    /// Returns the tickets on disk.
    pub fn tickets(&self) -> impl Iterator<Item = Ticket> {
        let rows = self.disk.iter().filter(|(key, _)| key.starts_with("t/"));
        rows.map(|(_, row)| serde_json::from_str(row).expect("a ticket can be read back"))
    }
}

impl World {
    /// Loads the lobby into memory.
    pub fn wake(&mut self, host: usize) {
        while self.hosts[host].lobby.is_none() {
            let now = self.time();
            let (lobby, effects) = self.hosts[host].restore(now);
            self.trace(|| format!("{host} restored -> {effects:?}"));
            self.hosts[host].latest = now;
            self.hosts[host].lobby = Some(lobby);
            self.perform(host, effects);
        }
    }

    /// Passes one input to the lobby. False if it crashed before the last effect.
    pub fn turn(&mut self, host: usize, input: &Input<'_>) -> bool {
        self.wake(host);
        let now = self.time();
        let at = &mut self.hosts[host];
        at.latest = now;
        let lobby = at.lobby.as_mut().expect("awake");
        let effects = lobby.handle(now, input.clone());
        self.trace(|| format!("{host} {input:?} -> {effects:?}"));
        self.check_removed(host, &effects);
        let lived = self.perform(host, effects);
        if lived {
            self.check_turn(host);
        }
        lived
    }

    /// Passes a call from another shard. Returns no answer if the lobby crashed before the last effect.
    pub fn asked(&mut self, host: usize, ask: &ShardRequest) -> Option<ShardResponse> {
        self.wake(host);
        let now = self.time();
        let at = &mut self.hosts[host];
        at.latest = now;
        let lobby = at.lobby.as_mut().expect("awake");
        let (answer, effects) = lobby.handle_request(now, ask.clone());
        self.trace(|| format!("{host} {ask:?} -> {answer:?} {effects:?}"));
        self.check_removed(host, &effects);
        let lived = self.perform(host, effects);
        if lived {
            self.check_turn(host);
        }
        lived.then_some(answer)
    }

    pub fn perform(&mut self, host: usize, effects: Vec<Effect>) -> bool {
        let crash = self.weather.faults.crash_before(effects.len(), &mut self.chance);
        for (nth, effect) in effects.into_iter().enumerate() {
            if crash == Some(nth) {
                if self.chance.percent(50) {
                    self.crash(host, Mark::CrashedBetweenEffects);
                } else {
                    self.fail(host);
                }
                return false;
            }
            self.apply(host, effect);
        }
        true
    }

    fn apply(&mut self, host: usize, effect: Effect) {
        match effect {
            Effect::Save(save) => self.write(host, save),
            Effect::Attach { conn, data } => {
                if let Some(wire) = self.hosts[host].wires.get_mut(&conn) {
                    wire.link.attachment = Some(data);
                }
            }
            Effect::Send { conn, text } => self.receive(host, conn, &text),
            Effect::Close { conn, code: why } => {
                let Some(wire) = self.hosts[host].wires.remove(&conn) else {
                    return;
                };
                if why == CloseCode::Moved {
                    self.marks.insert(Mark::Moved);
                }
                if !wire.link.is_cut() {
                    self.people[wire.who].queues[host].wire = None;
                }
                let (instance, who) = (self.hosts[host].instance, wire.who);
                self.in_flight.push(Message::Gone { host, instance, conn, who });
            }
            Effect::LookUp { lookup, player } => {
                let (instance, who) = (self.hosts[host].instance, number(&player));
                self.in_flight.push(Message::LookUp { host, instance, lookup, who });
            }
            Effect::StoreShard { player, shard } => {
                let instance = self.hosts[host].instance;
                let who = number(&player);
                self.in_flight.push(Message::Move { host, instance, who, shard });
            }
            Effect::Verify { conn, id, .. } => self.verify(host, conn, id),
            Effect::Call(call) => {
                self.check_call(host, &call);
                let instance = self.hosts[host].instance;
                self.in_flight.push(Message::Call { host, instance, call });
            }
        }
    }

    fn write(&mut self, host: usize, save: Save) {
        // A write is atomic: removals come first, because a row may replace another.
        let (gone, come): (Vec<_>, Vec<_>) = save.rows.into_iter().partition(|it| it.1.is_none());
        for (key, row) in gone.into_iter().chain(come) {
            self.check_row(host, &key, row.as_deref());
            let disk = &mut self.hosts[host].disk;
            match row {
                Some(row) => drop(disk.insert(key, row)),
                None => drop(disk.remove(&key)),
            }
        }
        self.hosts[host].alarm.set(save.alarm);
    }

    /// Loses the machine, with the sockets and all answers.
    pub fn crash(&mut self, host: usize, mark: Mark) {
        self.trace(|| format!("{host} crash: {mark:?}"));
        self.marks.insert(mark);
        self.hosts[host].instance += 1;
        self.hosts[host].lobby = None;
        self.shut(host);
    }

    /// Fails an effect: the shell closes the sockets and reloads the lobby. Answers still arrive.
    fn fail(&mut self, host: usize) {
        self.trace(|| format!("{host} failed"));
        self.marks.insert(Mark::TurnFailed);
        self.hosts[host].lobby = None;
        self.shut(host);
    }

    fn shut(&mut self, host: usize) {
        for (_, wire) in std::mem::take(&mut self.hosts[host].wires) {
            if !wire.link.is_cut() {
                self.people[wire.who].queues[host].wire = None;
            }
        }
    }

    /// Evicts the lobby between two events, keeps the sockets, and checks that the restored lobby is equal.
    pub fn evict(&mut self, host: usize) {
        let at = &mut self.hosts[host];
        let Some(lobby) = at.lobby.take() else {
            return;
        };
        at.instance += 1;
        let (back, effects) = at.restore(at.latest);
        let harmless = |effect: &Effect| match effect {
            Effect::Save(save) => save.rows.is_empty(),
            // Pending calls are sent again.
            Effect::Call(_) => true,
            _ => false,
        };
        assert!(effects.iter().all(harmless), "an eviction has effects: {effects:?}");
        assert_unchanged(&lobby.durable_state(), &back.durable_state());
        self.marks.insert(Mark::Evicted);
        self.trace(|| format!("{host} evicted"));
    }

    /// Checks after every turn that the disk equals the memory, and that an alarm is set while work remains.
    pub fn check_turn(&mut self, host: usize) {
        let at = &self.hosts[host];
        let lobby = at.lobby.as_ref().expect("awake");
        let (memory, _) = lobby.durable_state();
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
        at.alarm.assert_covers(lobby.wake_at());
    }
}
