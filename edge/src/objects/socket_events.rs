//! The events of sockets, as the platform delivers them: frames and closes.

use crate::clock::now;
use crate::objects::runtime::{Machine, Runtime, attachment};
use crate::ops::report;
use crate::telemetry::meter::Billed;
use crate::telemetry::metrics;
use shared::connection::{Conn, ConnectionInput};
use std::rc::Rc;
use worker::WebSocket;
use worker::js_sys::ArrayBuffer;
use worker::wasm_bindgen::{JsCast, JsValue};

impl<M: Machine> Runtime<M> {
    /// Handles a frame of a socket: a string, or bytes.
    pub fn on_message(self: &Rc<Self>, socket: &WebSocket, message: &JsValue) {
        let Some(conn) = self.conn_of(socket) else {
            return;
        };
        let now = now();
        self.awake.event(Billed::Frames);
        self.sockets.borrow_mut().on_message(conn, now);
        let text = message.as_string();
        let input = match &text {
            Some(text) => ConnectionInput::Text { conn, text },
            None => ConnectionInput::Binary { conn, bytes: byte_length(message) },
        };
        self.handle_at(now, input.into());
    }

    /// Handles the close of a socket.
    pub fn on_close(self: &Rc<Self>, socket: &WebSocket) {
        metrics::socket_closed(M::KIND);
        report::after_event(&self.env);
        let owner = attachment(socket).and_then(|data| M::attachment_owner(&data));
        if let Some(conn) = self.conn_of(socket) {
            self.handle(ConnectionInput::Closed { conn }.into());
            self.sockets.borrow_mut().remove(conn);
        }
        if let Some((conn, identity)) = owner.filter(|_| M::LEASED) {
            self.release(conn, identity.player);
        }
    }

    fn conn_of(self: &Rc<Self>, socket: &WebSocket) -> Option<Conn> {
        if self.machine.borrow().is_none() {
            match self.load() {
                Ok(machine) => drop(self.machine.replace(machine)),
                Err(error) => self.report(&error),
            }
        }
        self.sockets.borrow().conn(socket)
    }
}

/// Returns the length of a binary frame.
fn byte_length(frame: &JsValue) -> usize {
    frame.dyn_ref::<ArrayBuffer>().map_or(0, |frame| frame.byte_length() as usize)
}
