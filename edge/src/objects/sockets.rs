//! The open sockets of one object and their outbox: messages are gathered while input arrives, then sent as one frame
//! per socket.

use crate::clock::now;
use crate::error::Result;
use crate::telemetry::{log, metrics};
use shared::connection::Conn;
use shared::delivery::gather::Gather;
use shared::delivery::outbox::{Audience, DeliveryLevel, Outbox};
use shared::id::PlayerId;
use shared::limits;
use shared::metrics::Measure;
use shared::time::{self, Time};
use shared::wire::envelope::Text;
use shared::wire::{CloseCode, PING, PONG};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;
use worker::js_sys::{JsString, Map};
use worker::wasm_bindgen::{JsCast, JsValue};
use worker::{State, WebSocket, WebSocketRequestResponsePair, web_sys};

thread_local! {
    static GATHER: RefCell<Gather> = RefCell::default();
}

/// The open sockets of one object, with their queued messages.
#[derive(Default)]
pub struct Sockets {
    outbox: Outbox,
    open: BTreeMap<Conn, WebSocket>,
    /// The time of the last frame of each socket, as far as this object was awake for it.
    last_heard: BTreeMap<Conn, Time>,
    /// Connection numbers by socket, compared by identity.
    conns: Map,
    /// The time of the input that is handled.
    now: Time,
    /// The time of the oldest broadcast that is not sent.
    oldest: Option<Time>,
    /// The last look at the platform's buffers.
    checked_at: Time,
    /// The pending flush timer, if there is one: when it was set, and for how long.
    timer: Option<(Time, Duration)>,
}

impl Sockets {
    /// Adds a socket, accepted at `since`.
    pub fn open(
        &mut self,
        conn: Conn,
        player: PlayerId,
        heed: DeliveryLevel,
        socket: WebSocket,
        since: Time,
    ) {
        self.last_heard.insert(conn, since);
        self.outbox.open(conn, player, heed);
        self.conns.set(key(&socket), &JsValue::from(conn.0));
        self.open.insert(conn, socket);
    }

    /// Returns the number of a socket, unless it was removed.
    pub fn conn(&self, socket: &WebSocket) -> Option<Conn> {
        let number = self.conns.get(key(socket)).as_f64()?;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        Some(Conn(number as u32))
    }

    /// Removes a closed socket.
    pub fn remove(&mut self, conn: Conn) {
        self.outbox.close(conn);
        self.last_heard.remove(&conn);
        if let Some(socket) = self.open.remove(&conn) {
            self.conns.delete(key(&socket));
        }
    }

    /// Notes the time of a socket's frame.
    pub fn on_message(&mut self, conn: Conn, now: Time) {
        self.last_heard.insert(conn, now);
    }

    /// Returns the given sockets that were silent for longer than [`limits::SILENCE_MAX`]. The platform knows when it
    /// last answered a `ping`, even while the object slept.
    pub fn silent(&self, state: &State, conns: &[Conn], now: Time) -> Vec<Conn> {
        let mut silent = conns.to_vec();
        silent.retain(|conn| {
            let last_heard = self.last_heard.get(conn).copied();
            let pinged = self.open.get(conn).and_then(|socket| last_ping_at(state, socket));
            last_heard.max(pinged).is_some_and(|at| now.since(at) > limits::SILENCE_MAX)
        });
        silent
    }

    /// Stores an attachment with a socket.
    pub fn attach(&self, conn: Conn, data: &str) {
        if let Some(socket) = self.open.get(&conn)
            && let Err(error) = socket.serialize_attachment(data)
        {
            log::error!("an attachment of {} bytes was refused: {error}", data.len());
        }
    }

    /// Queues a message to one socket.
    pub fn send(&mut self, conn: Conn, text: Text) {
        self.outbox.send(conn, text);
    }

    /// Notes the time of an input, whose broadcasts follow.
    pub fn begin(&mut self, now: Time) {
        self.now = now;
    }

    /// Queues a broadcast.
    pub fn broadcast(&mut self, text: Text, audience: Audience) {
        self.oldest.get_or_insert(self.now);
        self.outbox.broadcast(text, audience);
    }

    /// Sets which broadcasts a socket receives.
    pub fn heed(&mut self, conn: Conn, heed: DeliveryLevel) {
        self.outbox.set_level(conn, heed);
    }

    /// Closes a socket after its queued messages are sent.
    pub fn close(&mut self, conn: Conn, why: CloseCode) {
        self.flush(now());
        if let Some(socket) = self.open.get(&conn)
            && let Err(error) = socket.close(Some(why.code()), Some(why.reason()))
        {
            log::error!("a socket could not be closed: {error}");
        }
        self.remove(conn);
    }

    /// Closes all sockets without sending their queued messages, which may not be true.
    pub fn close_all(&mut self, why: CloseCode) {
        self.outbox = Outbox::default();
        let all: Vec<Conn> = self.open.keys().copied().collect();
        for conn in all {
            self.close(conn, why);
        }
    }

    /// Returns true if no socket is open.
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Returns true if a message is queued.
    pub fn has_pending(&self) -> bool {
        self.outbox.has_pending()
    }

    /// Sends all queued messages now. A broadcast is converted to a JavaScript string once.
    pub fn flush(&mut self, now: Time) {
        if !self.outbox.has_pending() {
            return;
        }
        let mut frames = 0;
        for frame in self.outbox.flush() {
            let text = JsString::from(frame.text);
            for conn in frame.to {
                if let Some(socket) = self.open.get(&conn) {
                    send(socket, &text);
                    frames += 1;
                }
            }
        }
        if let Some(oldest) = self.oldest.take().filter(|_| frames > 0) {
            metrics::measure(Measure::MessageDelay, time::ms(now.since(oldest)));
        }
        GATHER.with_borrow_mut(|gather| gather.flushed(now, frames));
    }

    /// Returns the unsent bytes that the platform holds for the sockets that are far behind, and for those that receive
    /// less than all; looks once a second. A runtime that does not show its buffers yields nothing.
    pub fn buffered(&mut self, now: Time) -> Vec<(Conn, u64)> {
        if now.since(self.checked_at) < limits::BUFFER_CHECK {
            return Vec::new();
        }
        self.checked_at = now;
        let amounts = self.open.iter().map_while(|(&conn, socket)| Some((conn, buffered_amount(socket)?)));
        let amounts = amounts.inspect(|&(_, bytes)| {
            if bytes > 0 {
                metrics::measure(Measure::UnreadBytes, bytes);
            }
        });
        let behind = |&(conn, bytes): &(Conn, u64)| {
            bytes > limits::BUFFER_HINTS || self.outbox.level(conn) == Some(DeliveryLevel::Events)
        };
        amounts.filter(behind).collect()
    }

    /// Returns the unsent bytes that the platform holds for each socket; nothing from a runtime that does not show them.
    pub fn unsent(&self) -> BTreeMap<Conn, u64> {
        self.open.iter().filter_map(|(&conn, socket)| Some((conn, buffered_amount(socket)?))).collect()
    }

    /// Returns how an object that owes a flush proceeds. A timer exists only while a flush is owed.
    pub fn schedule(&mut self, now: Time) -> Schedule {
        if self.timer.is_some() {
            return Schedule::Wait;
        }
        match GATHER.with_borrow_mut(|gather| gather.window(now)) {
            None => Schedule::Now,
            Some(window) => {
                self.timer = Some((now, window));
                Schedule::After(window)
            }
        }
    }

    /// Notes that the timer rang.
    pub fn on_timer(&mut self, now: Time) {
        if let Some((set_at, window)) = self.timer.take() {
            GATHER.with_borrow_mut(|gather| gather.rang(set_at, window, now));
        }
    }
}

/// The moment of a flush.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schedule {
    /// Now: the isolate is quiet.
    Now,
    /// When a new timer rings.
    After(Duration),
    /// When the pending timer rings.
    Wait,
}

#[allow(unsafe_code, reason = "wasm-bindgen expands foreign functions to unsafe code")]
mod js {
    use worker::js_sys::{Date, JsString};
    use worker::wasm_bindgen::{self, JsValue, prelude::wasm_bindgen};

    #[wasm_bindgen]
    extern "C" {
        /// A socket whose `send` takes a JavaScript string, so that a broadcast is converted only once.
        pub type Sender;

        /// Sends a text frame.
        #[wasm_bindgen(method, catch)]
        pub fn send(this: &Sender, text: &JsString) -> Result<(), JsValue>;

        /// Returns the bytes that were not sent yet; undefined on runtimes before November 2026.
        #[wasm_bindgen(method, getter, js_name = bufferedAmount)]
        pub fn buffered_amount(this: &Sender) -> Option<f64>;

        /// The object's state, for a method that the platform library does not bind.
        pub type RawState;

        /// Returns when the platform last answered a ping on a socket.
        #[wasm_bindgen(method, catch, js_name = getWebSocketAutoResponseTimestamp)]
        pub fn answered_at(this: &RawState, socket: &JsValue) -> Result<Option<Date>, JsValue>;
    }
}

fn key(socket: &WebSocket) -> &JsValue {
    let raw: &web_sys::WebSocket = socket.as_ref();
    raw.as_ref()
}

/// Sends a frame. A closing socket refuses it; its close event follows.
fn send(socket: &WebSocket, text: &JsString) {
    let raw: &web_sys::WebSocket = socket.as_ref();
    let _closing = raw.unchecked_ref::<js::Sender>().send(text);
}

fn buffered_amount(socket: &WebSocket) -> Option<u64> {
    let raw: &web_sys::WebSocket = socket.as_ref();
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    raw.unchecked_ref::<js::Sender>().buffered_amount().map(|bytes| bytes as u64)
}

/// Answers a client's close with the same code, if that code may be sent. After the platform's own answer, or a close
/// by this side, this does nothing.
pub fn answer_close(socket: &WebSocket, code: usize) {
    let echo = u16::try_from(code).ok();
    let echo = echo.filter(|code| matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999));
    let _closed = socket.close(echo, echo.map(|_| ""));
}

/// Returns whether a socket is open. The platform lists a closing socket, with its attachment, until its close event.
pub fn is_open(socket: &WebSocket) -> bool {
    let raw: &web_sys::WebSocket = socket.as_ref();
    raw.ready_state() == web_sys::WebSocket::OPEN
}

/// Accepts a socket, tagged with the time and with the name of its machine where several share the object. Tags survive
/// hibernation of the object.
pub fn accept(state: &State, socket: &WebSocket, now: Time, name: Option<&str>) {
    let since = now.ms().to_string();
    match name {
        Some(name) => state.accept_websocket_with_tags(socket, &[&since, name]),
        None => state.accept_websocket_with_tags(socket, &[&since]),
    }
}

/// Returns when a socket was accepted.
pub fn opened_at(state: &State, socket: &WebSocket) -> Time {
    let tags = state.get_tags(socket);
    let ms = tags.iter().find_map(|tag| tag.parse().ok());
    Time::from_ms(ms.unwrap_or_default())
}

/// Returns when the platform last answered a `ping` on a socket.
fn last_ping_at(state: &State, socket: &WebSocket) -> Option<Time> {
    let raw: &JsValue = state.as_raw().as_ref();
    let date = raw.unchecked_ref::<js::RawState>().answered_at(key(socket)).ok()??;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    Some(Time::from_ms(date.get_time() as u64))
}

/// Makes the platform answer `ping` without waking the object.
pub fn enable_auto_pong(state: &State) -> Result<()> {
    let pair = WebSocketRequestResponsePair::new(PING, PONG).map_err(worker::Error::from)?;
    state.set_websocket_auto_response(&pair);
    Ok(())
}
