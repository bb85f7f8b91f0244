//! The network between clients and the room: frames in flight, cuts, and their reports.

use crate::marks::Mark;
use crate::platform::Down;
use crate::world::World;
use serde_json::Value;
use shared::client::Input as ClientInput;
use shared::connection::ConnectionInput;
use shared::delivery::pending_calls::CallId;
use shared::limits;
use shared::room::Input;
use shared::time::Time;
use shared::wire::CloseCode;
use tests::kit::identity::login;

impl World {
    /// Delivers one frame to the room, also from a socket that the room has already closed.
    pub fn deliver_up(&mut self) {
        let busy: Vec<u64> = self.ids(|wire| !wire.up.is_empty());
        if busy.is_empty() {
            return;
        }
        let id = self.chance.pick(&busy);
        let wire = self.platform.wires.get_mut(&id).expect("a wire");
        let text = wire.up.pop_front().expect("a frame");
        let (conn, shut, instance) = (wire.conn, wire.shut, wire.instance);
        if shut {
            if instance == self.instance {
                self.marks.insert(Mark::LateFrame);
                self.check_no_effect(&ConnectionInput::Text { conn, text: &text }.into());
            }
        } else if text == "\0binary" {
            self.turn(&ConnectionInput::Binary { conn, bytes: 1 }.into());
        } else {
            self.turn(&ConnectionInput::Text { conn, text: &text }.into());
        }
    }

    /// Checks that a closed socket no longer has an effect. Proved by a room that kept a replaced socket
    /// until its close was reported.
    fn check_no_effect(&mut self, input: &Input<'_>) {
        let Some(shell) = &self.shell else { return };
        let now = Time::from_ms(self.now);
        let (mut with, mut without) = (shell.room.clone(), shell.room.clone());
        let nothing = Input::Confirmed { call: CallId(0) };
        assert_eq!(with.handle(now, input.clone()), without.handle(now, nothing), "{input:?}");
        assert_eq!(with.remembered(), without.remembered(), "{input:?}");
        self.turn(input);
    }

    pub fn ids(&self, of: impl Fn(&crate::platform::Wire) -> bool) -> Vec<u64> {
        let wires = self.platform.wires.iter();
        wires.filter(|(_, wire)| of(wire)).map(|(&id, _)| id).collect()
    }

    /// Delivers frames to clients.
    pub fn deliver_down(&mut self) {
        for id in self.ids(|wire| !wire.down.is_empty()) {
            let client = self.platform.wires[&id].client;
            let slow = self.clients[client].reads_slowly;
            let share = if slow { self.weather.reads / 30 } else { self.weather.reads };
            while self.chance.percent(share) && self.deliver(id) {}
        }
    }

    /// Tells the room what the platform holds for each socket. A waiting frame counts for many, so that short worlds
    /// reach the limits. Proved by a room that kept a socket open whose buffer was full.
    pub fn report_buffered(&mut self) {
        for id in self.ids(|wire| !wire.shut) {
            let Some(wire) = self.platform.wires.get(&id) else { continue };
            let (conn, bytes) = (wire.conn, wire.down.len() as u64 * 64 * 1024);
            self.turn(&Input::Buffered { conn, bytes });
            let Some(wire) = self.platform.wires.get(&id) else { continue };
            if bytes > limits::BUFFER_CLOSE && self.shell.is_some() {
                self.marks.insert(Mark::BufferFull);
                assert!(wire.shut, "{conn:?} is open with {bytes} unsent bytes");
            }
        }
    }

    pub fn deliver(&mut self, id: u64) -> bool {
        let Some(wire) = self.platform.wires.get_mut(&id) else {
            return false;
        };
        let Some(down) = wire.down.pop_front() else {
            return false;
        };
        let client = wire.client;
        if self.clients[client].wire != Some(id) {
            return true;
        }
        match down {
            Down::Frame(frame) => self.receive(client, &frame.0, &frame.1),
            Down::Pong => self.feed_pong(client),
            Down::Close(code) => {
                self.trace(|| format!("client {client} is closed with {code}"));
                let jitter = self.chance.between(0, 3000);
                self.close_client(client, code, jitter);
                if let Some(wire) = self.platform.wires.get_mut(&id) {
                    wire.cut = true;
                    wire.gone_at.get_or_insert(self.now);
                }
            }
        }
        true
    }

    /// Cuts a connection. The client knows at once or later.
    pub fn cut(&mut self, who: usize) {
        let Some(id) = self.clients[who].wire else {
            return;
        };
        let unreported = self.chance.one_in(self.weather.unreported);
        let gone_at = self.now + self.chance.pick(&[0, 100, 3000, 40_000]);
        let Some(wire) = self.platform.wires.get_mut(&id) else {
            return;
        };
        wire.cut = true;
        wire.down.clear();
        let arrives = self.chance.below(wire.up.len() + 1);
        wire.up.truncate(arrives);
        if !wire.shut {
            wire.gone_at = (!unreported).then_some(gone_at);
        }
        let knows = self.chance.percent(60);
        self.trace(|| format!("client {who} is cut, knows {knows}, unreported {unreported}"));
        if self.clients[who].machine.is_some() {
            if knows {
                self.clients[who].disconnected(self.now);
                self.lose_machine_socket(who);
            }
        } else if knows {
            let away = self.chance.pick(&[0, 500, 3000, 30_000, 90_000]);
            self.clients[who].disconnected(self.now + away);
        } else {
            self.clients[who].notices_at = Some(self.now + 35_000);
        }
        if self.chance.one_in(6) {
            self.clients[who].reload();
            self.marks.insert(Mark::Reloaded);
        }
    }

    /// Reports the sockets that are gone. Some vanish unreported while the object is not in memory.
    pub fn report_gone(&mut self) {
        let now = self.now;
        for id in self.ids(|wire| wire.gone_at.is_some_and(|at| at <= now) && wire.up.is_empty()) {
            let asleep = self.shell.is_none();
            let Some(wire) = self.platform.wires.get_mut(&id) else {
                continue;
            };
            let (conn, shut, instance) = (wire.conn, wire.shut, wire.instance);
            if asleep && self.chance.percent(30) {
                wire.attachment = None;
                self.drop_wire(id);
                self.marks.insert(Mark::Vanished);
                continue;
            }
            if shut {
                self.drop_wire(id);
                if instance == self.instance {
                    self.marks.insert(Mark::LateClose);
                    self.check_no_effect(&ConnectionInput::Closed { conn }.into());
                }
                continue;
            }
            self.wake();
            self.drop_wire(id);
            let Some(shell) = self.shell.as_mut() else {
                continue;
            };
            shell.outbox.close(conn);
            self.turn(&ConnectionInput::Closed { conn }.into());
            if self.chance.one_in(4) && self.awake() {
                self.marks.insert(Mark::ClosedTwice);
                self.check_no_effect(&ConnectionInput::Closed { conn }.into());
            }
        }
    }

    /// Removes a socket, with the frames that are still in flight to its client.
    fn drop_wire(&mut self, id: u64) {
        if let Some(wire) = self.platform.wires.get(&id)
            && self.clients[wire.client].wire == Some(id)
        {
            let client = wire.client;
            self.lose_machine_socket(client);
            self.clients[client].disconnected(self.now);
        }
        self.platform.wires.remove(&id);
    }

    /// Has a client react to the close of its socket, or of an opening.
    pub fn close_client(&mut self, who: usize, code: u16, jitter: u64) {
        if self.clients[who].machine.is_some() {
            let reason = CloseCode::ALL.iter().find(|close| close.code() == code).map(|close| close.reason());
            return self.feed(who, ClientInput::Closed { code, reason: &reason.unwrap_or_default() });
        }
        self.clients[who].closed(self.now, code, jitter);
    }

    /// Delivers the verdict on a token.
    pub fn verified(&mut self) {
        if self.verifying.is_empty() {
            return;
        }
        let (conn, id) = self.verifying.remove(0);
        let Some(wire) = self.platform.wires.values().find(|wire| wire.conn == conn) else {
            return;
        };
        let (client, nth) = (wire.client, wire.login);
        let exp = self.now + self.weather.token_ms;
        let verdict = match self.chance.below(4) {
            0 => Err("an invalid token".to_owned()),
            1 => Ok(login(99, nth, exp)),
            _ => Ok(login(client, nth, exp)),
        };
        self.marks.insert(Mark::Renewed);
        self.turn(&ConnectionInput::Renewed { conn, id, verdict }.into());
    }

    /// Sends a frame of a client.
    pub fn put(&mut self, who: usize, frame: String) {
        let Some(id) = self.clients[who].wire else {
            return;
        };
        if let Some(wire) = self.platform.wires.get_mut(&id)
            && !wire.cut
        {
            wire.up.push_back(frame);
        }
    }

    /// Sends the waiting commands of a client, alone or in batches.
    pub fn send_waiting(&mut self, who: usize) {
        if self.clients[who].machine.is_some() {
            return self.send_to_machine(who);
        }
        if !self.clients[who].welcomed {
            return;
        }
        let mut waiting = self.clients[who].sender.take(self.now);
        while !waiting.is_empty() {
            let mut most = 1 + self.chance.below(waiting.len()).min(limits::BATCH_MESSAGES_MAX - 1);
            while most > 1
                && Value::from(waiting[..most].to_vec()).to_string().len() > limits::FRAME_BYTES_MAX
            {
                most /= 2;
            }
            let batch: Vec<Value> = waiting.drain(..most).collect();
            let frame = match batch.as_slice() {
                [one] => one.to_string(),
                many => Value::from(many.to_vec()).to_string(),
            };
            self.put(who, frame);
        }
    }
}
