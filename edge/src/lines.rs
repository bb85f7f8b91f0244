//! The sockets of one object, and what they are owed: gathered while input waits, sent as one frame each.

use crate::clock::now;
use crate::error::Result;
use shared::caps;
use shared::id::PlayerId;
use shared::outbox::{Heed, Outbox, Scope};
use shared::protocol::event::Text;
use shared::protocol::{Close, PING, PONG};
use shared::socket::Conn;
use shared::time::Time;
use std::collections::BTreeMap;
use std::time::Duration;
use worker::js_sys::{JsString, Map};
use worker::wasm_bindgen::{JsCast, JsValue};
use worker::{State, WebSocket, WebSocketRequestResponsePair, console_error, web_sys};

/// After so much silence a client has closed the connection itself, if it lives.
const SILENCE: Duration = caps::HEARTBEAT.saturating_add(caps::HEARTBEAT_GRACE);

/// The sockets of one object.
#[derive(Default)]
pub struct Lines {
    outbox: Outbox,
    sockets: BTreeMap<Conn, WebSocket>,
    /// When each was last heard, as far as this object was awake for it.
    heard: BTreeMap<Conn, Time>,
    /// Socket → number, by identity.
    numbers: Map,
    flushed: Time,
    /// A timer is set; it was, at this time, for so long.
    timer: Option<Time>,
    window: Duration,
}

impl Lines {
    /// A socket that the platform handed over.
    pub fn open(&mut self, conn: Conn, player: PlayerId, heed: Heed, socket: WebSocket, since: Time) {
        self.heard.insert(conn, since);
        self.outbox.open(conn, player, heed);
        self.numbers.set(key(&socket), &JsValue::from(conn.0));
        self.sockets.insert(conn, socket);
    }

    /// The number of a socket; none, it is not (or no longer) one of ours.
    pub fn number(&self, socket: &WebSocket) -> Option<Conn> {
        let number = self.numbers.get(key(socket)).as_f64()?;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        Some(Conn(number as u32))
    }

    /// A socket is gone.
    pub fn forget(&mut self, conn: Conn) {
        self.outbox.close(conn);
        self.heard.remove(&conn);
        if let Some(socket) = self.sockets.remove(&conn) {
            self.numbers.delete(key(&socket));
        }
    }

    /// A frame came.
    pub fn heard(&mut self, conn: Conn, now: Time) {
        self.heard.insert(conn, now);
    }

    /// Which of these were silent for longer than a heartbeat and its grace. The platform knows when it last answered a
    /// `ping`, though the object slept.
    pub fn silent(&self, state: &State, of: &[Conn], now: Time) -> Vec<Conn> {
        let mut silent = of.to_vec();
        silent.retain(|conn| {
            let heard = self.heard.get(conn).copied();
            let pinged = self.sockets.get(conn).and_then(|socket| pinged_at(state, socket));
            heard.max(pinged).is_some_and(|at| now.since(at) > SILENCE)
        });
        silent
    }

    /// Keeps something with a socket.
    pub fn attach(&self, conn: Conn, data: &str) {
        if let Some(socket) = self.sockets.get(&conn)
            && let Err(error) = socket.serialize_attachment(data)
        {
            console_error!("an attachment of {} bytes was refused: {error}", data.len());
        }
    }

    /// Owes one socket a message.
    pub fn send(&mut self, conn: Conn, text: Text) {
        self.outbox.send(conn, text);
    }

    /// Owes everybody a message.
    pub fn tell(&mut self, text: Text, scope: Scope) {
        self.outbox.tell(text, scope);
    }

    /// How much of what is told to all a socket gets.
    pub fn heed(&mut self, conn: Conn, heed: Heed) {
        self.outbox.heed(conn, heed);
    }

    /// Closes a socket, after what it is owed.
    pub fn close(&mut self, conn: Conn, why: Close) {
        self.flush();
        if let Some(socket) = self.sockets.get(&conn)
            && let Err(error) = socket.close(Some(why.code()), Some(why.reason()))
        {
            console_error!("a socket could not be closed: {error}");
        }
        self.forget(conn);
    }

    /// Closes all sockets; what they are owed may not be true.
    pub fn abandon(&mut self, why: Close) {
        self.outbox = Outbox::default();
        let all: Vec<Conn> = self.sockets.keys().copied().collect();
        for conn in all {
            self.close(conn, why);
        }
    }

    /// Sends everything that is owed, now. The string for everybody is made once.
    pub fn flush(&mut self) {
        for frame in self.outbox.flush() {
            let text = JsString::from(frame.text);
            for conn in frame.to {
                if let Some(socket) = self.sockets.get(&conn) {
                    send(socket, &text);
                }
            }
        }
        self.flushed = now();
    }

    /// After a turn: the first output after quiet goes at once. While input keeps coming it is gathered: the answer
    /// is how long, where a timer is to be set. A timer lives only while output waits.
    pub fn settle(&mut self) -> Option<Duration> {
        if !self.outbox.owing() || self.timer.is_some() {
            return None;
        }
        let now = now();
        if now.since(self.flushed) >= caps::GATHER_QUIET.max(self.window) {
            self.window = Duration::ZERO;
            self.flush();
            return None;
        }
        self.timer = Some(now);
        Some(self.window)
    }

    /// The timer rang. If it rang late the machine is busy: gather longer, as long as that lasts.
    pub fn rang(&mut self) {
        if let Some(set) = self.timer.take() {
            let late = now().since(set).saturating_sub(self.window);
            self.window = (late * 2).min(caps::GATHER_MOST);
        }
        self.flush();
    }
}

#[allow(unsafe_code, reason = "what wasm-bindgen makes of a foreign function")]
mod js {
    use worker::js_sys::{Date, JsString};
    use worker::wasm_bindgen::{self, JsValue, prelude::wasm_bindgen};

    #[wasm_bindgen]
    extern "C" {
        /// A socket whose `send` takes a string that JavaScript has already, so that it is converted once for all.
        pub type Sender;

        #[wasm_bindgen(method, catch)]
        pub fn send(this: &Sender, text: &JsString) -> Result<(), JsValue>;

        /// The object's state, for what the library does not bind.
        pub type RawState;

        #[wasm_bindgen(method, catch, js_name = getWebSocketAutoResponseTimestamp)]
        pub fn answered_at(this: &RawState, socket: &JsValue) -> Result<Option<Date>, JsValue>;
    }
}

fn key(socket: &WebSocket) -> &JsValue {
    let raw: &web_sys::WebSocket = socket.as_ref();
    raw.as_ref()
}

/// A socket that is closing refuses; its close event follows.
fn send(socket: &WebSocket, text: &JsString) {
    let raw: &web_sys::WebSocket = socket.as_ref();
    let _closing = raw.unchecked_ref::<js::Sender>().send(text);
}

/// Answers a client's close with its own code, where that is one to be sent. Where the platform has answered, or the
/// close was ours, there is nobody left to hear it.
pub fn answer(socket: &WebSocket, code: usize) {
    let said = u16::try_from(code).ok();
    let said = said.filter(|code| matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999));
    let _closed = socket.close(said, said.map(|_| ""));
}

/// Whether a socket is still open. One that is closing is listed, with its attachment, until its close event.
pub fn is_open(socket: &WebSocket) -> bool {
    let raw: &web_sys::WebSocket = socket.as_ref();
    raw.ready_state() == web_sys::WebSocket::OPEN
}

/// Takes a socket in. When it came is kept with it, over any sleep of the object.
pub fn accept(state: &State, socket: &WebSocket, now: Time) {
    state.accept_websocket_with_tags(socket, &[&now.ms().to_string()]);
}

/// When a socket came.
pub fn opened_at(state: &State, socket: &WebSocket) -> Time {
    let tags = state.get_tags(socket);
    let ms = tags.first().and_then(|tag| tag.parse().ok());
    Time::from_ms(ms.unwrap_or_default())
}

/// When the platform last answered a `ping` on a socket.
fn pinged_at(state: &State, socket: &WebSocket) -> Option<Time> {
    let raw: &JsValue = state.as_raw().as_ref();
    let date = raw.unchecked_ref::<js::RawState>().answered_at(key(socket)).ok()??;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    Some(Time::from_ms(date.get_time() as u64))
}

/// Lets the platform answer `ping` without waking the object.
pub fn answer_pings(state: &State) -> Result<()> {
    let pair = WebSocketRequestResponsePair::new(PING, PONG).map_err(worker::Error::from)?;
    state.set_websocket_auto_response(&pair);
    Ok(())
}
