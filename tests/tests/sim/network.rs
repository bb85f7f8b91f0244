//! What is between a client and the room: frames on their way, cuts, and what is heard of them.

use crate::marks::Mark;
use crate::platform::Down;
use crate::world::World;
use serde_json::Value;
use shared::call::CallId;
use shared::caps;
use shared::id::SessionId;
use shared::room::{Input, Who};
use shared::time::Time;

impl World {
    /// One frame arrives at the room. What comes of a socket that the room has closed comes late.
    pub fn carry_up(&mut self) {
        let busy: Vec<u64> = self.ids(|wire| !wire.up.is_empty());
        if busy.is_empty() {
            return;
        }
        let id = self.chance.pick(&busy);
        let wire = self.platform.wires.get_mut(&id).expect("a wire");
        let text = wire.up.pop_front().expect("a frame");
        let (conn, shut, life) = (wire.conn, wire.shut, wire.life);
        if shut {
            if life == self.life {
                self.marks.insert(Mark::LateFrame);
                self.changes_nothing(&Input::Said { conn, text: &text });
            }
        } else if text == "\0binary" {
            self.turn(&Input::Binary { conn, bytes: 1 });
        } else {
            self.turn(&Input::Said { conn, text: &text });
        }
    }

    /// A replaced socket counts no more. Proved by a room that kept it until its close was heard of.
    fn changes_nothing(&mut self, input: &Input<'_>) {
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

    /// Frames arrive at clients.
    pub fn carry_down(&mut self) {
        for id in self.ids(|wire| !wire.down.is_empty()) {
            let client = self.platform.wires[&id].client;
            let slow = self.clients[client].reads_slowly;
            let share = if slow { self.rough.reads / 30 } else { self.rough.reads };
            while self.chance.percent(share) && self.deliver(id) {}
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
            Down::Frame(messages) => self.hear(client, &messages),
            Down::Close(code) => {
                self.trace(|| format!("client {client} is closed with {code}"));
                let jitter = self.chance.between(0, 3000);
                self.clients[client].closed(self.now, code, jitter);
                if let Some(wire) = self.platform.wires.get_mut(&id) {
                    wire.cut = true;
                    wire.gone_at.get_or_insert(self.now);
                }
            }
        }
        true
    }

    /// A connection ends, and the client knows, or not yet.
    pub fn cut(&mut self, who: usize) {
        let Some(id) = self.clients[who].wire else {
            return;
        };
        let unreported = self.chance.one_in(self.rough.unreported);
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
        if knows {
            let away = self.chance.pick(&[0, 500, 3000, 30_000, 90_000]);
            self.clients[who].lost(self.now + away);
        } else {
            self.clients[who].notices_at = Some(self.now + 35_000);
        }
        if self.chance.one_in(6) {
            self.clients[who].reload();
            self.marks.insert(Mark::Reloaded);
        }
    }

    /// The platform says which sockets are gone; some while the object sleeps, and then it does not say.
    pub fn report_gone(&mut self) {
        let now = self.now;
        for id in self.ids(|wire| wire.gone_at.is_some_and(|at| at <= now) && wire.up.is_empty()) {
            let asleep = self.shell.is_none();
            let Some(wire) = self.platform.wires.get_mut(&id) else {
                continue;
            };
            let (conn, shut, life) = (wire.conn, wire.shut, wire.life);
            if asleep && self.chance.percent(30) {
                wire.attachment = None;
                self.drop_wire(id);
                self.marks.insert(Mark::Vanished);
                continue;
            }
            if shut {
                self.drop_wire(id);
                if life == self.life {
                    self.marks.insert(Mark::LateClose);
                    self.changes_nothing(&Input::Closed { conn });
                }
                continue;
            }
            self.wake();
            self.drop_wire(id);
            let Some(shell) = self.shell.as_mut() else {
                continue;
            };
            shell.outbox.close(conn);
            self.turn(&Input::Closed { conn });
            if self.chance.one_in(4) && self.awake() {
                self.marks.insert(Mark::ClosedTwice);
                self.changes_nothing(&Input::Closed { conn });
            }
        }
    }

    /// The platform forgets a socket; what had left for the client may still be on its way, and here is lost.
    fn drop_wire(&mut self, id: u64) {
        if let Some(wire) = self.platform.wires.get(&id)
            && self.clients[wire.client].wire == Some(id)
        {
            let client = wire.client;
            self.clients[client].lost(self.now);
        }
        self.platform.wires.remove(&id);
    }

    /// The shell has looked at a token.
    pub fn verified(&mut self) {
        if self.verifying.is_empty() {
            return;
        }
        let (conn, id) = self.verifying.remove(0);
        let player = self.platform.wires.values().find(|wire| wire.conn == conn);
        let Some(player) = player.map(|wire| self.clients[wire.client].player.clone()) else {
            return;
        };
        let sid: SessionId = "s_1".parse().expect("an id");
        let exp = Time::from_ms(self.now + self.rough.token_ms);
        let verdict = match self.chance.below(4) {
            0 => Err("no token of ours".to_owned()),
            1 => Ok(Who { player: "p_other".parse().expect("an id"), sid, ep: 0, exp }),
            _ => Ok(Who { player, sid, ep: 0, exp }),
        };
        self.marks.insert(Mark::Renewed);
        self.turn(&Input::Renewed { conn, id, verdict });
    }

    /// What a client says goes on its way.
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

    /// Sends what waits, alone or in batches.
    pub fn say_all(&mut self, who: usize) {
        if !self.clients[who].welcomed {
            return;
        }
        let mut waiting = self.clients[who].sender.take(self.now);
        while !waiting.is_empty() {
            let mut most = 1 + self.chance.below(waiting.len()).min(caps::BATCH - 1);
            while most > 1 && Value::from(waiting[..most].to_vec()).to_string().len() > caps::FRAME_BYTES {
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
