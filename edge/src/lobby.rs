//! A lobby as a Durable Object: what the platform tells it becomes an input, what the lobby orders is carried out.

use crate::clock::now;
use crate::error::{Error, Result};
use crate::lines::{self, Lines};
use crate::{calls, platform, region, store, upgrade};
use shared::call::CallId;
use shared::id::{PlayerId, PoolName, RoomId};
use shared::internal::{PlaceAnswer, PlaceAsk, PlayerAnswer, PlayerAsk};
use shared::lobby::{Call, Effect, Input, Lobby};
use shared::outbox::Heed;
use shared::protocol::Close;
use shared::socket::{Conn, Who};
use std::cell::{Cell, RefCell};
use std::panic::AssertUnwindSafe;
use std::rc::Rc;
use worker::wasm_bindgen_futures::spawn_local;
use worker::{
    Delay, DurableObject, Env, Request, Response, State, WebSocket, WebSocketIncomingMessage,
    WebSocketPair, console_error, durable_object,
};

/// One pool's queue.
#[durable_object]
pub struct LobbyObject {
    inner: AssertUnwindSafe<Rc<Inner>>,
}

struct Inner {
    state: State,
    env: Env,
    /// None until the first event, and again after a panic: then it is read anew.
    lobby: RefCell<Option<Lobby>>,
    lines: RefCell<Lines>,
    last_conn: Cell<u32>,
}

impl DurableObject for LobbyObject {
    fn new(state: State, env: Env) -> Self {
        let inner = Inner {
            state,
            env,
            lobby: RefCell::default(),
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
    fn pool(&self) -> Result<PoolName> {
        let name = self.state.id().name().unwrap_or_default();
        name.parse()
            .map_err(|_| Error::Ours(format!("a lobby of no pool: {name:?}")))
    }

    /// Takes the lobby out for one turn, from memory or from disk.
    fn take(self: &Rc<Self>) -> Result<Lobby> {
        if let Some(lobby) = self.lobby.take() {
            return Ok(lobby);
        }
        let name = self.pool()?;
        let pools = platform::pools(&self.env)?;
        let Some(pool) = pools.get(&name) else {
            return Err(Error::Ours(format!("no pool {name} is configured")));
        };
        let disk = store::read_lobby(&self.state.storage())?;
        let attached: Vec<(WebSocket, String)> = self
            .state
            .get_websockets()
            .into_iter()
            .filter_map(|socket| {
                let data = socket.deserialize_attachment::<String>().ok().flatten()?;
                Some((socket, data))
            })
            .collect();
        let texts: Vec<String> = attached.iter().map(|(_, data)| data.clone()).collect();
        let lease = platform::lobby_lease(&name);
        let (lobby, effects) = Lobby::restore(&lease, name, *pool, &disk, &texts, now())?;
        let mut lines = Lines::default();
        for (socket, data) in attached {
            if let Some((conn, who)) = Lobby::carried(&data) {
                lines.open(conn, who.player, Heed::All, socket);
            }
        }
        self.last_conn.set(lobby.next_conn().0.saturating_sub(1));
        self.lines.replace(lines);
        self.perform(effects);
        self.settle();
        Ok(lobby)
    }

    /// One turn: the input in, the effects out.
    fn turn(self: &Rc<Self>, input: &Input<'_>) {
        let mut lobby = match self.take() {
            Ok(lobby) => lobby,
            Err(error) => return console_error!("{error:?}"),
        };
        let effects = lobby.handle(now(), input.clone());
        self.perform(effects);
        self.lobby.replace(Some(lobby));
        self.settle();
    }

    fn perform(self: &Rc<Self>, effects: Vec<Effect>) {
        for effect in effects {
            let mut lines = self.lines.borrow_mut();
            match effect {
                Effect::Save(save) => {
                    if let Err(error) = store::write_lobby(&self.state.storage(), &save) {
                        console_error!("a lobby could not be saved: {error:?}");
                        std::panic::panic_any("a lobby that cannot save must not go on");
                    }
                }
                Effect::Attach { conn, data } => lines.attach(conn, &data),
                Effect::Send { conn, text } => lines.send(conn, text),
                Effect::Tell { text, scope } => lines.tell(text, scope),
                Effect::Close { conn, why } => lines.close(conn, why),
                Effect::Look { look, player } => self.look(look, player),
                Effect::Call { id, call } => self.call(id, call),
            }
        }
    }

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
        let carried = socket.deserialize_attachment::<String>().ok().flatten();
        if let Some(conn) = self.number(socket) {
            self.turn(&Input::Closed { conn });
            self.lines.borrow_mut().forget(conn);
        }
        if let Some((conn, who)) = carried.and_then(|data| Lobby::carried(&data)) {
            self.release(conn, who);
        }
    }

    fn number(self: &Rc<Self>, socket: &WebSocket) -> Option<Conn> {
        if self.lobby.borrow().is_none() {
            match self.take() {
                Ok(lobby) => drop(self.lobby.replace(Some(lobby))),
                Err(error) => console_error!("{error:?}"),
            }
        }
        self.lines.borrow().number(socket)
    }

    async fn open(self: &Rc<Self>, request: &Request) -> Result<Response> {
        let opening = upgrade::opening(request)?;
        let refuse = |why| upgrade::refuse(why, opening.echo);
        let lobby = self.take()?;
        let conn = Conn(lobby.next_conn().0.max(self.last_conn.get() + 1));
        self.last_conn.set(conn.0);
        let object = platform::lobby_lease(&self.pool()?);
        let claim = PlayerAsk::Claim {
            object,
            conn,
            holding: lobby.holds(&opening.who.player),
            ep: opening.ep,
        };
        self.lobby.replace(Some(lobby));
        let live = match calls::player(&self.env, &opening.who.player, &claim).await {
            Ok(PlayerAnswer::Granted { live }) => live,
            Ok(PlayerAnswer::Full { .. } | PlayerAnswer::Busy { .. }) => {
                return refuse(Close::TooManyDevices);
            }
            Err(error) => {
                console_error!("a player's object did not answer: {error:?}");
                return refuse(Close::Overloaded);
            }
        };
        let pair = WebSocketPair::new()?;
        lines::answer_pings(&self.state)?;
        self.state.accept_web_socket(&pair.server);
        self.lines
            .borrow_mut()
            .open(conn, opening.who.player.clone(), Heed::All, pair.server);
        self.turn(&Input::Opened {
            conn,
            who: opening.who,
            live,
        });
        upgrade::accepted(pair.client, opening.echo)
    }

    async fn asked(self: &Rc<Self>, mut request: Request) -> Result<Response> {
        let answer = match request.json::<PlaceAsk>().await? {
            PlaceAsk::Create { .. } => PlaceAnswer::Done,
            PlaceAsk::Holds { player } => {
                let lobby = self.take()?;
                let conns = lobby.holds(&player);
                self.lobby.replace(Some(lobby));
                PlaceAnswer::Holds { conns }
            }
        };
        Ok(Response::from_json(&answer)?)
    }

    /// Who enters, as the region and their own object know them. Not knowing is an answer too.
    fn look(self: &Rc<Self>, look: u64, player: PlayerId) {
        let inner = Rc::clone(self);
        spawn_local(async move {
            let answer = match inner.known(&player).await {
                Ok(known) => Some(known),
                Err(error) => {
                    console_error!("{error:?}");
                    None
                }
            };
            inner.turn(&Input::Known { look, answer });
        });
    }

    async fn known(&self, player: &PlayerId) -> Result<(shared::record::Standing, Option<RoomId>)> {
        let standing = region::standing(&self.env, player).await?;
        let live = match calls::player(&self.env, player, &PlayerAsk::Live).await? {
            PlayerAnswer::Granted { live } => live,
            PlayerAnswer::Busy { room } => Some(room),
            PlayerAnswer::Full { .. } => None,
        };
        Ok((standing, live))
    }

    fn call(self: &Rc<Self>, id: CallId, call: Call) {
        let inner = Rc::clone(self);
        spawn_local(async move {
            match call {
                Call::Player { player, ask } => {
                    match calls::player(&inner.env, &player, &ask).await {
                        Ok(answer) => inner.turn(&Input::Answered { call: id, answer }),
                        Err(error) => console_error!("{error:?}; it will be asked again"),
                    }
                }
                Call::Open { setup } => match calls::open_room(&inner.env, &setup).await {
                    Ok(()) => inner.turn(&Input::Opening { call: id }),
                    Err(error) => console_error!("{error:?}; it will be asked again"),
                },
            }
        });
    }

    /// A hint to the player's object. Where it is lost, the object asks before it counts the lease.
    fn release(self: &Rc<Self>, conn: Conn, who: Who) {
        let inner = Rc::clone(self);
        let Ok(object) = self.pool().map(|pool| platform::lobby_lease(&pool)) else {
            return;
        };
        spawn_local(async move {
            let ask = PlayerAsk::Release { object, conn };
            if let Err(error) = calls::player(&inner.env, &who.player, &ask).await {
                console_error!("{error:?}; the lease will be looked at when it counts");
            }
        });
    }
}
