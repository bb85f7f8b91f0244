//! A room as small as it can be in Rust on workerd: events are gathered and sent as one array frame to each member, after
//! a timer of `TICK_MS` (0: as soon as the object has no further input). No log, no resume, no keys, no limits.
//!
//! With `LEASES`, another object admits each socket first and keeps a row of it: the least that an exact limit of sockets
//! costs on the platform.

use std::cell::{Cell, RefCell};
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use worker::{
    Delay, DurableObject, Env, Request, Response, Result, State, WebSocket, WebSocketIncomingMessage,
    WebSocketPair, durable_object, event,
};

#[event(fetch)]
async fn fetch(request: Request, env: Env, _context: worker::Context) -> Result<Response> {
    let room = env.durable_object("ROOM")?.get_by_name(&request.path())?;
    room.fetch_with_request(request).await
}

/// A room of sockets.
#[durable_object]
pub struct Room {
    state: AssertUnwindSafe<State>,
    env: AssertUnwindSafe<Env>,
    leases: bool,
    tick: Duration,
    sockets: AssertUnwindSafe<std::rc::Rc<RefCell<Members>>>,
    last: AssertUnwindSafe<Cell<u32>>,
}

/// The path of a request for a lease, and the number of objects that keep them.
const LEASE: &str = "/lease";
const LEASE_OBJECTS: u32 = 64;

impl Room {
    fn keep_lease(&self) -> Result<Response> {
        let sql = self.state.storage().sql();
        if self.last.get() == 0 {
            sql.exec("CREATE TABLE IF NOT EXISTS leases (id INTEGER PRIMARY KEY, data TEXT)", None)?;
        }
        self.last.set(self.last.get() + 1);
        let row = vec![i64::from(self.last.get()).into(), "a lease".into()];
        sql.exec("INSERT OR REPLACE INTO leases (id, data) VALUES (?, ?)", row)?;
        Response::ok("granted")
    }
}

#[derive(Default)]
struct Members {
    sockets: Vec<WebSocket>,
    gathered: String,
    at: u64,
    timer: bool,
}

#[derive(Deserialize)]
struct Command<'a> {
    op: &'a str,
    #[serde(borrow)]
    body: &'a RawValue,
}

#[derive(Serialize)]
struct Event<'a> {
    at: u64,
    ev: &'a str,
    by: String,
    ts: u64,
    body: &'a RawValue,
}

impl DurableObject for Room {
    fn new(state: State, env: Env) -> Self {
        let tick = env.var("TICK_MS").ok().and_then(|text| text.to_string().parse().ok()).unwrap_or_default();
        let leases = env.var("LEASES").is_ok();
        Self {
            state: AssertUnwindSafe(state),
            env: AssertUnwindSafe(env),
            leases,
            tick: Duration::from_millis(tick),
            sockets: AssertUnwindSafe(std::rc::Rc::default()),
            last: AssertUnwindSafe(Cell::new(0)),
        }
    }

    async fn fetch(&self, request: Request) -> Result<Response> {
        if request.path() == LEASE {
            return self.keep_lease();
        }
        self.last.set(self.last.get() + 1);
        let tag = format!("p_{}", self.last.get());
        if self.leases {
            let name = format!("leases-{}", self.last.get() % LEASE_OBJECTS);
            let lease = self.env.durable_object("ROOM")?.get_by_name(&name)?;
            lease.fetch_with_str(&format!("https://object{LEASE}")).await?.text().await?;
        }
        let pair = WebSocketPair::new()?;
        self.state.accept_websocket_with_tags(&pair.server, &[&tag]);
        let mut members = self.sockets.borrow_mut();
        pair.server.send_with_str(format!(r#"{{"ev":"welcome","at":{}}}"#, members.at))?;
        members.sockets.push(pair.server);
        Response::from_websocket(pair.client)
    }

    async fn websocket_message(&self, socket: WebSocket, message: WebSocketIncomingMessage) -> Result<()> {
        let WebSocketIncomingMessage::String(text) = message else { return Ok(()) };
        let Ok(Command { op: "say", body }) = serde_json::from_str(&text) else { return Ok(()) };
        let by = self.state.get_tags(&socket).into_iter().next().unwrap_or_default();
        let mut members = self.sockets.borrow_mut();
        members.at += 1;
        let event = Event { at: members.at, ev: "said", by, ts: worker::Date::now().as_millis(), body };
        let event = serde_json::to_string(&event)?;
        let start = if members.gathered.is_empty() { '[' } else { ',' };
        members.gathered.push(start);
        members.gathered += &event;
        if !std::mem::replace(&mut members.timer, true) {
            let (sockets, tick) = (self.sockets.clone(), self.tick);
            worker::wasm_bindgen_futures::spawn_local(async move {
                Delay::from(tick).await;
                let mut members = sockets.borrow_mut();
                members.timer = false;
                let frame = std::mem::take(&mut members.gathered) + "]";
                for socket in &members.sockets {
                    let _closed = socket.send_with_str(&frame);
                }
            });
        }
        Ok(())
    }

    async fn websocket_close(&self, socket: WebSocket, code: usize, _: String, _: bool) -> Result<()> {
        self.sockets.borrow_mut().sockets.retain(|other| other != &socket);
        let _answered = socket.close(u16::try_from(code).ok().filter(|code| *code >= 3000), Some(""));
        Ok(())
    }
}
