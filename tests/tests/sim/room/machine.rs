//! The clients that the machine of `shared::client` drives: their effects carried out, and their promises checked.

use crate::marks::Mark;
use crate::platform::Down;
use crate::world::World;
use serde_json::{Value, json};
use shared::client::connection::BROKEN;
use shared::client::{Connection, ConnectionState, Effect, Input, Options, Outcome, RoomObject, RoomView};
use shared::time::Time;
use shared::wire::frame::Message;
use shared::wire::{Json, PING, PONG};
use std::collections::{BTreeMap, BTreeSet};

/// The machine of one client, and what its application knows.
#[derive(Debug)]
pub struct Machine {
    connection: Connection<RoomObject>,
    view: RoomView,
    /// How often each command was sent.
    sent: BTreeMap<u64, u32>,
    /// The op and the subject of each command.
    commands: BTreeMap<u64, (String, Option<String>)>,
    accepted: BTreeSet<u64>,
    settled: BTreeSet<u64>,
    tokens: u64,
}

impl Machine {
    pub fn new(watches: bool, seed: u64) -> Self {
        Self {
            connection: Connection::new(Options { watches, seed, ..Options::default() }),
            view: RoomView::default(),
            sent: BTreeMap::new(),
            commands: BTreeMap::new(),
            accepted: BTreeSet::new(),
            settled: BTreeSet::new(),
            tokens: 0,
        }
    }

    pub fn has_pending(&self) -> bool {
        self.connection.pending().next().is_some()
    }
}

/// Returns the number of the command with this key.
fn number(key: &str) -> u64 {
    key.strip_prefix('k').and_then(|n| n.parse().ok()).expect("a key of this world")
}

fn position(ok: &Value) -> u64 {
    ok["at"].as_u64().expect("a position")
}

impl World {
    /// Returns a time that never goes back, as the clients' devices have it.
    fn steady(&mut self) -> Time {
        let (seen, steady) = self.device_clock;
        self.device_clock = (self.now, steady + self.now.saturating_sub(seen));
        Time::from_ms(self.device_clock.1)
    }

    /// Makes a client act that a machine drives.
    pub fn act_machine(&mut self, who: usize) {
        if !self.wake_machine(who) || !self.clients[who].welcomed && !self.chance.one_in(8) {
            return;
        }
        if self.clients[who].spectates {
            return;
        }
        if self.chance.one_in(self.weather.drastic) {
            self.drastic(who);
        } else {
            self.use_machine(who);
        }
        self.send_waiting(who);
    }

    /// Wakes a machine that is due. False if its client has stopped.
    pub fn wake_machine(&mut self, who: usize) -> bool {
        let now = self.steady();
        let client = &mut self.clients[who];
        if let Some(code) = client.stopped {
            if matches!(code, 4003 | 4006 | 4009 | 4302) {
                client.reload();
            }
            return false;
        }
        let due = client.machine.as_ref().and_then(|machine| machine.connection.wake_at());
        if due.is_some_and(|due| due <= now) {
            self.feed(who, Input::Woke);
        }
        self.clients[who].stopped.is_none()
    }

    fn use_machine(&mut self, who: usize) {
        if self.weather.mode.is_some() && self.chance.percent(50) {
            return self.make_move(who);
        }
        match self.chance.below(100) {
            0..60 => {
                for _ in 0..self.chance.between(1, self.weather.chatty) {
                    self.say(who);
                }
            }
            60..75 => self.set(who),
            75..85 => self.signal(who),
            85..92 => {
                let message =
                    Message { op: "hint".into(), body: Json::from(&json!({})), ..Message::default() };
                self.feed(who, Input::SendEphemeral(message));
            }
            92..94 => self.feed(who, Input::Disconnect(None)),
            _ => {}
        }
    }

    /// Gives the waiting commands of a client to its machine.
    pub fn send_to_machine(&mut self, who: usize) {
        let commands = self.clients[who].sender.drain();
        if commands.is_empty() {
            return;
        }
        let Some(machine) = &mut self.clients[who].machine else { return };
        for (n, message) in &commands {
            machine.commands.insert(*n, (message.op.clone(), message.to.clone()));
        }
        let commands = commands.into_iter().map(|(n, message)| (format!("k{n}"), message)).collect();
        self.feed(who, Input::Send(commands));
    }

    /// Passes an input to the machine of a client, and carries out its effects.
    pub fn feed(&mut self, who: usize, input: Input<'_>) {
        let now = self.steady();
        let Some(machine) = &mut self.clients[who].machine else { return };
        let effects = machine.connection.handle(now, input);
        self.trace(|| format!("machine of client {who}: {effects:?}"));
        for effect in effects {
            self.carry_out_of(who, effect);
        }
    }

    /// Delivers a frame, rarely twice. Proved by a machine that did not compare positions.
    pub fn feed_frame(&mut self, who: usize, text: &str) {
        self.feed(who, Input::Text(text));
        let is_welcome = text.contains(r#""ev":"welcome""#);
        if !is_welcome && self.clients[who].welcomed && self.chance.one_in(40) {
            self.marks.insert(Mark::FrameDoubled);
            self.feed(who, Input::Text(text));
        }
    }

    /// Tells the machine that its socket is gone.
    pub fn lose_machine_socket(&mut self, who: usize) {
        self.feed(who, Input::Closed { code: BROKEN, reason: "" });
    }

    fn carry_out_of(&mut self, who: usize, effect: Effect<RoomObject>) {
        match effect {
            Effect::GetToken { .. } => self.give_token(who),
            Effect::Open { query, .. } => self.open_for(who, &query),
            Effect::CloseSocket => self.hang_up(who),
            Effect::Send(text) if text == PING => self.answer_ping(who),
            Effect::Send(text) => {
                self.note_sent(who, &text);
                self.put(who, text);
            }
            Effect::Welcomed(welcome) => {
                let Some(machine) = &mut self.clients[who].machine else { return };
                machine.view.welcome(&welcome);
                if welcome.recovered {
                    self.marks.insert(Mark::MachineResumed);
                }
                self.welcomed(who, &welcome);
            }
            Effect::Event(event) => {
                let Some(machine) = &mut self.clients[who].machine else { return };
                machine.view.event(&event);
                self.event(who, &event);
            }
            Effect::Outcome(outcome) => self.on_outcome(who, &outcome),
            Effect::State(ConnectionState::Stopped(stopped)) => {
                self.clients[who].stopped = Some(stopped.code);
            }
            Effect::State(ConnectionState::Waiting { why, .. }) if why == "silent" => {
                self.marks.insert(Mark::MachineSilent);
            }
            Effect::Repeated(_) | Effect::State(_) => {}
        }
    }

    fn give_token(&mut self, who: usize) {
        let renew_at = self.steady() + std::time::Duration::from_millis(self.weather.token_ms * 4 / 5);
        let Some(machine) = &mut self.clients[who].machine else { return };
        machine.tokens += 1;
        let token = format!("t{}", machine.tokens);
        self.feed(who, Input::Token { token, renew_at });
    }

    /// Opens a socket at the position that the machine names, which is that of the last event that it passed on.
    fn open_for(&mut self, who: usize, query: &str) {
        let client = &mut self.clients[who];
        let Some(machine) = &client.machine else { return };
        let position = machine.connection.position();
        client.epoch = position.epoch.as_ref().and_then(|epoch| epoch.strip_prefix('e')?.parse().ok());
        let resumes = query.contains(&format!("at={}", client.at));
        assert!(client.epoch.is_none() || resumes, "{query} resumes elsewhere than at {}", client.at);
        self.connect(who);
    }

    /// The platform answers a ping without the room.
    fn answer_ping(&mut self, who: usize) {
        let wire = self.clients[who].wire.and_then(|id| self.platform.wires.get_mut(&id));
        if let Some(wire) = wire.filter(|wire| !wire.cut) {
            wire.down.push_back(Down::Pong);
        }
    }

    pub fn feed_pong(&mut self, who: usize) {
        self.feed(who, Input::Text(PONG));
    }

    fn note_sent(&mut self, who: usize, text: &str) {
        let frame: Value = serde_json::from_str(text).expect("JSON");
        let messages = match frame {
            Value::Array(messages) => messages,
            message => vec![message],
        };
        let Some(machine) = &mut self.clients[who].machine else { return };
        for n in messages.iter().filter_map(|message| message["key"].as_str()).map(number) {
            let count = machine.sent.entry(n).or_default();
            *count += 1;
            if *count > 1 {
                self.marks.insert(Mark::MachineRepeated);
            }
        }
    }

    /// Checks the news of a command: it is accepted once, where the room has it, and durable once, where it stays. Proved
    /// by an outbox that forgot commands when they were accepted, and by one that told of each repetition.
    fn on_outcome(&mut self, who: usize, outcome: &Outcome) {
        let epoch = self.clients[who].epoch.expect("an epoch");
        let Some(machine) = &mut self.clients[who].machine else { return };
        let n = number(outcome.key());
        let is_first = match outcome {
            Outcome::Accepted { .. } => machine.accepted.insert(n),
            Outcome::Durable { .. } | Outcome::Lost { .. } => {
                machine.settled.insert(n) && machine.accepted.contains(&n)
            }
            Outcome::Refused { .. } => machine.settled.insert(n) && !machine.accepted.contains(&n),
        };
        assert!(is_first, "{outcome:?} of a command that is settled");
        match outcome {
            Outcome::Accepted { ok, .. } => self.oracle.accepted(epoch, n, position(ok), &mut self.marks),
            Outcome::Durable { ok, .. } => {
                self.marks.insert(Mark::MachineDurable);
                self.oracle.accepted(epoch, n, position(ok), &mut self.marks);
                self.oracle.promise(epoch, position(ok));
            }
            Outcome::Refused { refusal, .. } | Outcome::Lost { refusal, .. } => {
                let (op, to) = machine.commands.get(&n).cloned().expect("a command");
                self.refused(who, n, &op, to.as_deref(), refusal);
            }
        }
    }

    /// Checks that the view that the machine's application has is the one that its events tell.
    pub fn check_machine(&self, who: usize) {
        let client = &self.clients[who];
        let Some(machine) = &client.machine else { return };
        let members: BTreeMap<_, _> =
            machine.view.members.iter().map(|member| (member.player.clone(), member.state)).collect();
        assert_eq!(members, client.view.members, "the members of {}", client.player);
        assert_eq!(machine.view.board, client.view.board, "the board of {}", client.player);
        assert_eq!(machine.view.state, client.view.state.clone().unwrap_or_default());
        assert_eq!(machine.view.position.at, client.at);
    }
}
