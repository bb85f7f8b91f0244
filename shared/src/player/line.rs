//! The lines of a person's own, `/v1/me`: what is said on them, and what they hear.

use super::{Effect, Player};
use crate::caps;
use crate::protocol::command::unknown_op;
use crate::protocol::event::{self, Text, Welcome};
use crate::protocol::{Close, Code, Fault, Message};
use crate::socket::{self, Conn, Heard, Line, Who, id_of};
use crate::time::Time;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// A line of their own.
#[derive(Debug, Clone)]
pub(super) struct Device {
    pub line: Line,
    /// Whether they look at it.
    pub active: bool,
    pub since: Time,
}

/// What its socket carries.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Carried {
    pub conn: Conn,
    pub who: Who,
    pub active: bool,
    pub since: Time,
}

impl Player {
    pub(super) fn opened(&mut self, now: Time, conn: Conn, who: Who) {
        if self.sockets.is_empty() {
            self.blank = true;
            if !self.listens(now) {
                self.seen.clear();
            }
        }
        // Of lines the newest are kept: an older one is as good as this one, and may be a dead one.
        while self.sockets.len() >= caps::DEVICES {
            let Some((&oldest, _)) = self.sockets.iter().min_by_key(|(conn, one)| (one.since, **conn)) else {
                break;
            };
            self.drop_line(oldest, Close::TooManyDevices);
        }
        let you = who.player.clone();
        let line = Line::new(who, now);
        let device = Device { line, active: true, since: now };
        self.sockets.insert(conn, device);
        self.carry(conn);
        let mut more = Map::new();
        more.insert("devices".into(), self.devices(conn));
        let welcome = Welcome {
            epoch: "e1".into(),
            at: 0,
            recovered: false,
            replayed: 0,
            durable: 0,
            you: &you,
            now,
            more,
        };
        self.say(conn, welcome.text());
        for presence in self.known_here() {
            self.say(conn, presence.text());
        }
        self.want_sights(now);
    }

    /// A line is gone, by itself.
    pub(super) fn closed(&mut self, conn: Conn) {
        let there = self.sockets.remove(&conn).is_some();
        self.turn.hung_up |= there && self.sockets.is_empty();
    }

    pub(super) fn drop_line(&mut self, conn: Conn, why: Close) {
        if self.sockets.contains_key(&conn) {
            self.turn.closes.push(Effect::Close { conn, why });
            self.closed(conn);
        }
    }

    /// Whose token's time is up hears nothing more. Looked at when something happens, so that nothing wakes for it.
    pub(super) fn expire(&mut self, now: Time) {
        let late = |device: &Device| device.line.who.exp <= now;
        for conn in self.lines(late) {
            self.drop_line(conn, Close::TokenExpired);
        }
    }

    /// The lines for which this holds.
    pub(super) fn lines(&self, such: impl Fn(&Device) -> bool) -> Vec<Conn> {
        let such = self.sockets.iter().filter(|(_, device)| such(device));
        such.map(|(&conn, _)| conn).collect()
    }

    pub(super) fn heard(&mut self, now: Time, conn: Conn, heard: Heard) {
        let messages = match heard {
            Heard::Messages(messages) => messages,
            Heard::Nothing(fault) => return self.faulty(conn, &fault),
            Heard::Close(why) => return self.drop_line(conn, why),
        };
        for message in messages {
            let Some(device) = self.sockets.get_mut(&conn) else {
                return;
            };
            match device.line.pace(now) {
                Ok(()) => {}
                Err(Ok(fault)) => {
                    if let Some(id) = id_of(&message) {
                        self.say(conn, event::err(Some(id), &fault));
                    }
                    continue;
                }
                Err(Err(why)) => return self.drop_line(conn, why),
            }
            match message {
                Ok(message) => self.carry_out(conn, &message),
                Err(unread) if unread.id.is_none() => self.faulty(conn, &unread.fault),
                Err(unread) => self.say(conn, event::err(unread.id.as_ref(), &unread.fault)),
            }
        }
    }

    fn faulty(&mut self, conn: Conn, fault: &Fault) {
        let Some(device) = self.sockets.get_mut(&conn) else {
            return;
        };
        let enough = device.line.faulted();
        self.say(conn, event::err(None, fault));
        if enough {
            self.drop_line(conn, Close::Protocol);
        }
    }

    fn carry_out(&mut self, conn: Conn, message: &Message) {
        let Some(device) = self.sockets.get_mut(&conn) else {
            return;
        };
        device.line.sound();
        let verdict = match message.op.as_str() {
            "devices" => Ok(json!({ "devices": self.devices(conn) })),
            "active" => match message.body.get("active").and_then(Value::as_bool) {
                Some(active) => {
                    device.active = active;
                    self.carry(conn);
                    Ok(json!({}))
                }
                None => {
                    Err(Fault::field("body.active", "true or false: whether somebody looks at this device"))
                }
            },
            "auth" => match message.body.get("token").and_then(Value::as_str) {
                Some(token) => {
                    self.turn.out.push(Effect::Verify {
                        conn,
                        id: message.id.clone(),
                        token: token.to_owned(),
                    });
                    return;
                }
                None => Err(Fault::field("body.token", "an access token")),
            },
            other => Err(unknown_op(other, "devices, active, auth")),
        };
        let Some(id) = &message.id else { return };
        self.say(
            conn,
            match verdict {
                Ok(body) => event::ok(id, &body),
                Err(fault) => event::err(Some(id), &fault),
            },
        );
    }

    pub(super) fn renewed(&mut self, conn: Conn, id: Option<&Value>, verdict: Result<Who, String>) {
        let Some(device) = self.sockets.get_mut(&conn) else {
            return;
        };
        let verdict = match verdict {
            Ok(who) if who.renews(&device.line.who) => {
                device.line.who = who;
                self.carry(conn);
                Ok(())
            }
            Ok(_) => Err("the token is of somebody else, of another login, or an older one".to_owned()),
            Err(why) => Err(why),
        };
        let Some(id) = id else { return };
        self.say(
            conn,
            match verdict {
                Ok(()) => event::ok(id, &json!({})),
                Err(why) => event::err(Some(id), &Fault::new(Code::BadToken, why)),
            },
        );
    }

    /// Every connection of theirs: lines of their own, and those to rooms and lobbies.
    fn devices(&self, this: Conn) -> Value {
        let lines = self.sockets.iter().map(|(&conn, device)| {
            json!({
                "at": "me", "sid": device.line.who.sid, "since": device.since,
                "active": device.active, "this": conn == this,
            })
        });
        let leases = self
            .saved
            .leases
            .iter()
            .map(|lease| json!({ "at": place(&lease.object), "sid": lease.sid, "since": lease.since }));
        lines.chain(leases).collect()
    }

    /// Keeps with the socket what a restart must find.
    fn carry(&mut self, conn: Conn) {
        if let Some(device) = self.sockets.get(&conn) {
            let data = event::encode(&Carried {
                conn,
                who: device.line.who.clone(),
                active: device.active,
                since: device.since,
            });
            let data = data.to_string();
            self.turn.out.push(Effect::Attach { conn, data });
        }
    }

    pub(super) fn say(&mut self, conn: Conn, text: Text) {
        self.turn.out.push(Effect::Send { conn, text });
    }

    /// Something about themselves: it says what is so, in `kind`.
    pub(super) fn notify(&mut self, conn: Conn, body: &Value) {
        self.say(conn, event::fleeting("notice", None, Some(body)));
    }

    pub(super) fn text_frame(&mut self, now: Time, conn: Conn, text: &str) {
        self.heard(now, conn, socket::hear(text));
    }
}

/// Where a connection is, as its player may know it: a queue is one place, however it is divided.
fn place(object: &str) -> &str {
    match object.rsplit_once(':') {
        Some((queue, _)) if queue.contains(':') => queue,
        _ => object,
    }
}
