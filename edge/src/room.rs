//! A room as a Durable Object: what the platform tells it becomes an input, what the room orders is carried out.

use crate::clock::now;
use crate::error::{Error, Result};
use crate::lines::{self, Lines};
use crate::upgrade::{self, Opening};
use crate::{calls, identity, platform, region, store};
use shared::call::CallId;
use shared::internal::{PlaceAnswer, PlaceAsk, PlayerAnswer, PlayerAsk};
use shared::protocol::Close;
use shared::room::{Call, Conn, Effect, Input, Role, Room, Setup, Who};
use shared::time::Time;
use std::cell::{Cell, RefCell};
use std::panic::AssertUnwindSafe;
use std::rc::Rc;
use worker::wasm_bindgen_futures::spawn_local;
use worker::{
    Delay, DurableObject, Env, Request, Response, State, WebSocket, WebSocketIncomingMessage,
    WebSocketPair, console_error, durable_object,
};

/// One match's room.
#[durable_object]
pub struct RoomObject {
    inner: AssertUnwindSafe<Rc<Inner>>,
}

struct Inner {
    state: State,
    env: Env,
    /// None until the first event, and again after a panic: then it is read anew.
    room: RefCell<Option<Room>>,
    lines: RefCell<Lines>,
    last_conn: Cell<u32>,
}

impl DurableObject for RoomObject {
    fn new(state: State, env: Env) -> Self {
        let inner = Inner {
            state,
            env,
            room: RefCell::default(),
            lines: RefCell::default(),
            last_conn: Cell::new(0),
        };
        Self {
            inner: AssertUnwindSafe(Rc::new(inner)),
        }
    }

    async fn fetch(&self, request: Request) -> worker::Result<Response> {
        let inner = &*self.inner;
        let answer = match request.path().as_str() {
            "/open" => inner.open(&request).await,
            "/summary" => inner.summary(),
            calls::ASK => inner.asked(request).await,
            _ => Err(Error::refused(404, "not_found", "no such question")),
        };
        answer.or_else(Error::response)
    }

    async fn websocket_message(
        &self,
        socket: WebSocket,
        message: WebSocketIncomingMessage,
    ) -> worker::Result<()> {
        self.inner.heard(&socket, &message);
        Ok(())
    }

    async fn websocket_close(
        &self,
        socket: WebSocket,
        _: usize,
        _: String,
        _: bool,
    ) -> worker::Result<()> {
        self.inner.closed(&socket);
        Ok(())
    }

    async fn websocket_error(&self, socket: WebSocket, _: worker::Error) -> worker::Result<()> {
        self.inner.closed(&socket);
        Ok(())
    }

    async fn alarm(&self) -> worker::Result<Response> {
        self.inner.turn(&Input::Woke);
        Response::empty()
    }
}

impl Inner {
    /// Takes the room out for one turn, from memory or from disk. A panic in between leaves none behind, and the
    /// next event finds what is on disk and with the sockets.
    fn take(self: &Rc<Self>) -> Result<Option<Room>> {
        if let Some(room) = self.room.take() {
            return Ok(Some(room));
        }
        let Some(disk) = store::read_room(&self.state.storage())? else {
            return Ok(None);
        };
        let sockets = self.state.get_websockets();
        let attached: Vec<(WebSocket, String)> = sockets
            .into_iter()
            .filter_map(|socket| {
                let data = socket.deserialize_attachment::<String>().ok().flatten()?;
                Some((socket, data))
            })
            .collect();
        let texts: Vec<String> = attached.iter().map(|(_, data)| data.clone()).collect();
        let (room, effects) = Room::restore(&disk, &texts, now(), platform::debug(&self.env))
            .map_err(|corrupt| Error::Ours(format!("a room cannot be read: {}", corrupt.0)))?;
        let mut lines = Lines::default();
        for (socket, data) in attached {
            if let Some((conn, _)) = Room::who_of(&data)
                && let Some((_, player, heed)) = room.recipients().find(|(open, ..)| *open == conn)
            {
                lines.open(conn, player.clone(), heed, socket);
            }
        }
        self.last_conn.set(room.next_conn().0.saturating_sub(1));
        self.lines.replace(lines);
        self.perform(effects);
        self.settle();
        Ok(Some(room))
    }

    /// One turn: the input in, the effects out.
    fn turn(self: &Rc<Self>, input: &Input<'_>) {
        let mut room = match self.take() {
            Ok(Some(room)) => room,
            Ok(None) => return,
            Err(error) => return console_error!("{error:?}"),
        };
        let effects = room.handle(now(), input.clone());
        let erased = effects.contains(&Effect::Erase);
        self.perform(effects);
        if !erased {
            self.room.replace(Some(room));
        }
        self.settle();
    }

    fn perform(self: &Rc<Self>, effects: Vec<Effect>) {
        for effect in effects {
            let mut lines = self.lines.borrow_mut();
            match effect {
                Effect::Save(save) => {
                    // What was said so far need not wait for the disk; what follows must.
                    lines.flush();
                    if let Err(error) = store::write_room(&self.state.storage(), &save) {
                        console_error!("a room could not be saved: {error:?}");
                        std::panic::panic_any("a room that cannot save must not go on");
                    }
                }
                Effect::Attach { conn, data } => lines.attach(conn, &data),
                Effect::Send { conn, text } => lines.send(conn, text),
                Effect::Tell { text, scope } => lines.tell(text, scope),
                Effect::Heed { conn, heed } => lines.heed(conn, heed),
                Effect::Close { conn, why } => lines.close(conn, why),
                Effect::Call { id, call } => self.call(id, call),
                Effect::Verify { conn, id, token } => self.verify(conn, id, token),
                Effect::Panic => std::panic::panic_any("on purpose"),
                Effect::Erase => self.erase(),
            }
        }
    }

    /// Sends what is owed, or sets the timer that will.
    fn settle(self: &Rc<Self>) {
        let Some(window) = self.lines.borrow_mut().settle() else {
            return;
        };
        let inner = Rc::clone(self);
        spawn_local(async move {
            Delay::from(window).await;
            inner.lines.borrow_mut().rang();
        });
    }

    fn heard(self: &Rc<Self>, socket: &WebSocket, message: &WebSocketIncomingMessage) {
        let Some(conn) = self.number(socket) else {
            return;
        };
        match message {
            WebSocketIncomingMessage::String(text) => self.turn(&Input::Said { conn, text }),
            WebSocketIncomingMessage::Binary(_) => self.turn(&Input::Binary { conn }),
        }
    }

    fn closed(self: &Rc<Self>, socket: &WebSocket) {
        let who = socket
            .deserialize_attachment::<String>()
            .ok()
            .flatten()
            .and_then(|data| Room::who_of(&data));
        if let Some(conn) = self.number(socket) {
            self.turn(&Input::Closed { conn });
            self.lines.borrow_mut().forget(conn);
        }
        if let Some((conn, who)) = who {
            self.release(conn, who);
        }
    }

    fn number(self: &Rc<Self>, socket: &WebSocket) -> Option<Conn> {
        if self.room.borrow().is_none() {
            match self.take() {
                Ok(room) => drop(self.room.replace(room)),
                Err(error) => console_error!("{error:?}"),
            }
        }
        self.lines.borrow().number(socket)
    }

    /// A socket wants to come in: the room, then the player's object, then the room again say yes.
    async fn open(self: &Rc<Self>, request: &Request) -> Result<Response> {
        let opening = upgrade::opening(request)?;
        let refuse = |why| upgrade::refuse(why, opening.echo);
        let Some((conn, claim)) = self.claim(&opening)? else {
            return refuse(Close::NotFound);
        };
        if let Err(why) = self.admit(&opening)? {
            return refuse(why);
        }
        match calls::player(&self.env, &opening.who.player, &claim).await {
            Ok(PlayerAnswer::Granted { .. }) => {}
            Ok(PlayerAnswer::Full { .. } | PlayerAnswer::Busy { .. }) => {
                return refuse(Close::TooManyDevices);
            }
            Err(error) => {
                console_error!("a player's object did not answer: {error:?}");
                return refuse(Close::Overloaded);
            }
        }
        // The room may have moved on while the player's object was asked.
        let role = match self.admit(&opening)? {
            Ok(role) => role,
            Err(why) => {
                self.release(conn, opening.who.clone());
                return refuse(why);
            }
        };
        let pair = WebSocketPair::new()?;
        lines::answer_pings(&self.state)?;
        self.state.accept_web_socket(&pair.server);
        let heed = shared::outbox::Heed::All;
        self.lines
            .borrow_mut()
            .open(conn, opening.who.player.clone(), heed, pair.server);
        let resume = opening.resume();
        self.turn(&Input::Opened {
            conn,
            who: opening.who.clone(),
            role,
            resume,
        });
        upgrade::accepted(pair.client, opening.echo)
    }

    fn admit(self: &Rc<Self>, opening: &Opening) -> Result<std::result::Result<Role, Close>> {
        let Some(room) = self.take()? else {
            return Ok(Err(Close::NotFound));
        };
        let verdict = room.admit(&opening.who, opening.watch);
        self.room.replace(Some(room));
        Ok(verdict)
    }

    /// A number for the socket, and the question to its player's object.
    fn claim(self: &Rc<Self>, opening: &Opening) -> Result<Option<(Conn, PlayerAsk)>> {
        let Some(room) = self.take()? else {
            return Ok(None);
        };
        let conn = Conn(room.next_conn().0.max(self.last_conn.get() + 1));
        self.last_conn.set(conn.0);
        // A newer socket takes the seat over, so the older ones no longer count.
        let claim = PlayerAsk::Claim {
            object: platform::room_lease(room.id()),
            conn,
            holding: Vec::new(),
            ep: opening.ep,
        };
        self.room.replace(Some(room));
        Ok(Some((conn, claim)))
    }

    fn summary(self: &Rc<Self>) -> Result<Response> {
        let Some(room) = self.take()? else {
            return Err(Error::refused(404, "not_found", "no such room"));
        };
        let summary = room.summary();
        self.room.replace(Some(room));
        Ok(Response::from_json(&summary)?)
    }

    async fn asked(self: &Rc<Self>, mut request: Request) -> Result<Response> {
        let answer = match request.json::<PlaceAsk>().await? {
            PlaceAsk::Create { setup } => {
                self.create(*setup)?;
                PlaceAnswer::Done
            }
            PlaceAsk::Holds { player } => {
                let room = self.take()?;
                let conns = room
                    .as_ref()
                    .map(|room| room.holds(&player))
                    .unwrap_or_default();
                self.room.replace(room);
                PlaceAnswer::Holds { conns }
            }
        };
        Ok(Response::from_json(&answer)?)
    }

    fn create(self: &Rc<Self>, setup: Setup) -> Result<()> {
        if let Some(room) = self.take()? {
            self.room.replace(Some(room));
            return Ok(());
        }
        store::make_room(&self.state.storage())?;
        let (room, effects) = Room::create(now(), setup, platform::debug(&self.env));
        self.perform(effects);
        self.room.replace(Some(room));
        Ok(())
    }

    fn call(self: &Rc<Self>, id: CallId, call: Call) {
        let inner = Rc::clone(self);
        spawn_local(async move {
            let told = match &call {
                Call::Record { record } => region::record(&inner.env, record).await,
                Call::Free { player, room } => calls::free(&inner.env, player, room).await,
            };
            match told {
                Ok(()) => inner.turn(&Input::Confirmed { call: id }),
                Err(error) => console_error!("{error:?}; it will be told again"),
            }
        });
    }

    fn verify(self: &Rc<Self>, conn: Conn, id: Option<serde_json::Value>, token: String) {
        let inner = Rc::clone(self);
        spawn_local(async move {
            let verdict = match identity::check(&inner.env, Some(&token)).await {
                Ok(Ok(claims)) => {
                    let exp = Time::from_ms(claims.exp.saturating_mul(1000));
                    Ok(Who {
                        player: claims.sub,
                        sid: claims.sid,
                        exp,
                    })
                }
                Ok(Err(why)) => Err(format!("{}: send a new one", why.why())),
                Err(_) => Err("the keys to verify it cannot be had now: try again".to_owned()),
            };
            inner.turn(&Input::Renewed { conn, id, verdict });
        });
    }

    /// A hint to the player's object. Where it is lost, the object asks before it counts the lease.
    fn release(self: &Rc<Self>, conn: Conn, who: Who) {
        let inner = Rc::clone(self);
        let Some(object) = self.state.id().name().map(|name| format!("room:{name}")) else {
            return;
        };
        spawn_local(async move {
            let ask = PlayerAsk::Release { object, conn };
            if let Err(error) = calls::player(&inner.env, &who.player, &ask).await {
                console_error!("{error:?}; the lease will be looked at when it counts");
            }
        });
    }

    fn erase(self: &Rc<Self>) {
        let inner = Rc::clone(self);
        spawn_local(async move {
            if let Err(error) = inner.state.storage().delete_all().await {
                console_error!("a room could not be erased: {error}");
            }
        });
    }
}
