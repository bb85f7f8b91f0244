//! The actions of clients, and their misbehaviour.

use crate::marks::Mark;
use crate::world::World;
use serde_json::{Value, json};
use shared::room::{EndRule, Input};
use shared::rpc::ForcedClose;
use tests::kit::identity::login;

impl World {
    /// Makes one client act.
    pub fn act(&mut self, who: usize) {
        let now = self.now;
        let client = &mut self.clients[who];
        if client.never_connects {
            return;
        }
        if client.machine.is_some() {
            return self.act_machine(who);
        }
        if client.notices_at.is_some_and(|at| at <= now) {
            client.disconnected(now);
        }
        if let Some(code) = client.stopped {
            // Reloads the page, unless the client may not return.
            if matches!(code, 4003 | 4006 | 4009 | 4302) {
                client.reload();
            }
            return;
        }
        if client.wire.is_none() {
            if client.reconnects_at <= now {
                self.connect(who);
            }
            return;
        }
        if self.chance.one_in(200) {
            // The same player connects from another device.
            self.clients[who].disconnected(now);
            return self.connect(who);
        }
        if !self.clients[who].welcomed {
            return;
        }
        if self.chance.one_in(self.weather.drastic) {
            self.drastic(who);
        } else if self.chance.one_in(self.weather.rude) {
            self.misbehave(who);
        } else {
            self.behave(who);
        }
        self.send_waiting(who);
    }

    /// Ends the login of a client at the region; the player object has the room close its sockets. The client logs in
    /// again later. Proved by a forced close that left a socket open, and by one of other players' sockets.
    pub fn sign_out(&mut self, who: usize) {
        let client = &mut self.clients[who];
        let ended = login(who, client.login, 0);
        client.login += 1;
        let close = match client.login % 2 {
            0 => ForcedClose::Revoked { ep: ended.ep + 1 },
            _ => ForcedClose::SessionEnded { sid: ended.sid },
        };
        self.marks.insert(Mark::SignedOut);
        let (player, login) = (ended.player, self.clients[who].login);
        self.forced_closes.push((player.clone(), close.clone()));
        self.turn(&Input::ForcedClose { player, close });
        let mut wires = self.platform.wires.values();
        let open = wires.find(|wire| wire.client == who && !wire.shut && wire.login < login);
        assert!(self.shell.is_none() || open.is_none(), "a socket of an ended login is open: {open:?}");
    }

    /// Repeats an earlier forced close: the player object tells the room again, and late, until it has the answer.
    /// Proved by forced closes of sockets of newer logins, by session and by auth epoch.
    pub fn close_again(&mut self) {
        if self.forced_closes.is_empty() {
            return;
        }
        let nth = self.chance.below(self.forced_closes.len());
        let (player, close) = self.forced_closes[nth].clone();
        self.marks.insert(Mark::ForcedCloseRepeated);
        self.turn(&Input::ForcedClose { player, close });
    }

    pub fn tag(&mut self) -> u64 {
        self.commands += 1;
        self.commands
    }

    fn other(&mut self) -> String {
        format!("p_{}", self.chance.below(self.weather.members))
    }

    pub fn say(&mut self, who: usize) {
        let n = self.tag();
        let durable = self.chance.one_in(8);
        let pad = if self.chance.one_in(self.weather.big) {
            "x".repeat(self.chance.pick(&[300, 700, 1500, 7900]))
        } else {
            String::new()
        };
        let body = if pad.is_empty() { json!({ "n": n }) } else { json!({ "n": n, "pad": pad }) };
        self.clients[who].sender.put(n, "say", None, body, durable);
    }

    fn behave(&mut self, who: usize) {
        if self.clients[who].spectates {
            return self.watch(who);
        }
        if self.weather.mode.is_some() && self.chance.percent(50) {
            return self.make_move(who);
        }
        match self.chance.below(100) {
            0..45 => {
                for _ in 0..self.chance.between(1, self.weather.chatty) {
                    self.say(who);
                }
            }
            45..60 => self.set(who),
            60..70 => self.signal(who),
            70..80 => {
                let id = self.clients[who].sender.take_id();
                let mut hint = json!({ "id": id, "op": "hint", "body": {} });
                if self.chance.percent(40) {
                    let to = self.other();
                    hint["body"]["to"] = json!(to);
                    hint["to"] = json!(to);
                }
                self.put(who, hint.to_string());
            }
            80..90 => self.seen(who),
            90..95 => {
                // Without a key, so it is never retried.
                let n = self.tag();
                self.put(who, json!({ "op": "say", "body": { "n": n } }).to_string());
            }
            95..98 => {
                let id = self.clients[who].sender.take_id();
                let auth = json!({ "id": id, "op": "auth", "body": { "token": "t" } });
                self.put(who, auth.to_string());
            }
            _ => {}
        }
    }

    pub fn signal(&mut self, who: usize) {
        let n = self.tag();
        let to = self.other();
        let body = json!({ "n": n, "to": to });
        self.clients[who].sender.put(n, "signal", Some(to), body, false);
    }

    fn watch(&mut self, who: usize) {
        match self.chance.below(10) {
            0..4 => self.seen(who),
            4 => self.put(who, r#"{"id":1,"op":"say","body":{"forbidden":1}}"#.to_owned()),
            5 => self.put(who, r#"{"op":"leave"}"#.to_owned()),
            _ => {}
        }
    }

    fn seen(&mut self, who: usize) {
        let at = self.clients[who].at;
        let seen = json!({ "op": "seen", "body": { "at": at } });
        self.put(who, seen.to_string());
    }

    pub fn set(&mut self, who: usize) {
        let n = self.tag();
        let key = format!("k{}", self.chance.below(4));
        let at = self.clients[who].at;
        let (own, cas) = (json!({ "n": n }), json!({ "n": n, "after": at }));
        let body = match self.chance.below(6) {
            0 => json!({ "keys": { key: own, "gone": null } }),
            1 => json!({ "keys": { key: own, "gone": 1 } }),
            // Removes what others compare.
            2 => json!({ "keys": { key: own, "cas": null } }),
            // Several keys, of which an earlier or a later one may be newer.
            3 => json!({ "keys": { "cas": cas, key: 1, "zero": null }, "if_at": at }),
            _ => json!({ "keys": { "cas": cas }, "if_at": at }),
        };
        self.clients[who].sender.put(n, "set", None, body, false);
    }

    fn misbehave(&mut self, who: usize) {
        let burst = |n: usize| Value::from(vec![json!({ "id": 0, "op": "seen", "body": { "at": 0 } }); n]);
        match self.chance.below(10) {
            0 => self.put(who, "{".to_owned()),
            1 => self.put(who, "[".repeat(40)),
            2 => self.put(who, "\0binary".to_owned()),
            3 => {
                for _ in 0..3 {
                    self.put(who, "7".to_owned());
                }
            }
            4 => self.put(who, burst(65).to_string()),
            5 => self.put(who, burst(60).to_string()),
            6 => {
                for _ in 0..8 {
                    self.put(who, burst(64).to_string());
                }
            }
            7 => self.put(who, format!(r#"{{"op":"say","body":"{}"}}"#, "x".repeat(17_000))),
            // A room refuses it unless its deployment switches it on.
            8 => self.put(who, r#"{"id":0,"op":"debug","body":{"do":"panic"}}"#.to_owned()),
            _ => self.put(who, r#"[{"op":"dance","id":0},{},7,{"id":[],"op":"say"},[]]"#.to_owned()),
        }
    }

    /// Returns the result that a client states: where all must state the same, one that others may state too.
    pub fn end_result(&mut self, n: u64) -> Value {
        match self.weather.rules.end {
            EndRule::Agreed => json!({ "winner": self.chance.pick(&["p_0", "p_0", "p_1"]) }),
            EndRule::Anyone | EndRule::Owner | EndRule::Nobody => json!({ "n": n }),
        }
    }

    pub fn drastic(&mut self, who: usize) {
        if self.clients[who].spectates {
            return;
        }
        let n = self.tag();
        let sender = &mut self.clients[who].sender;
        match self.chance.below(4) {
            0 => {
                self.marks.insert(Mark::Left);
                sender.put(n, "leave", None, Value::Null, false);
            }
            1 | 2 => {
                let to = self.other();
                let mine = to == self.clients[who].player.as_str();
                // Kicks each player once, so that a refusal is unambiguous.
                let to = Some(to).filter(|to| who == 0 && !mine && self.kick_requests.insert(to.clone()));
                let sender = &mut self.clients[who].sender;
                if to.is_some() {
                    sender.put(n, "kick", to, Value::Null, false);
                }
            }
            _ => {
                self.marks.insert(Mark::Ended);
                let result = self.end_result(n);
                self.clients[who].sender.put(n, "end", None, result, false);
            }
        }
    }
}
