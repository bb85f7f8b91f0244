//! What rooms and lobbies have in common: a machine of the rules, its sockets, and one turn after another.

use crate::clock::now;
use crate::error::{Error, Result};
use crate::lines::{self, Lines};
use crate::metrics;
use crate::upgrade::Opening;
use shared::coming::Coming;
use shared::id::{PlayerId, RoomId};
use shared::internal::{Dismissal, PlaceAsk};
use shared::outbox::Heed;
use shared::player::Devices;
use shared::protocol::Close;
use shared::socket::{Conn, Who};
use shared::time::Time;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use worker::wasm_bindgen_futures::spawn_local;
use worker::{Delay, Env, Request, State, WebSocket, WebSocketIncomingMessage, console_error};

/// A machine of the rules, as a shell drives it.
pub trait Machine: Sized + 'static {
    /// What happens to it.
    type Input<'a>;
    /// What it orders.
    type Effect;
    /// Whether its sockets are leases with the objects of their players.
    const LEASED: bool;

    /// The machine as a restart finds it; none, there is nothing here.
    fn restore(shell: &Shell<Self>, attachments: &[String]) -> Result<Option<(Self, Vec<Self::Effect>)>>;
    /// One input.
    fn handle(&mut self, now: Time, input: Self::Input<'_>) -> Vec<Self::Effect>;
    /// Carries one order out.
    fn perform(shell: &Rc<Shell<Self>>, effect: Self::Effect) -> Result<After>;
    /// A text frame came.
    fn said(conn: Conn, text: &str) -> Self::Input<'_>;
    /// A binary frame came.
    fn binary(conn: Conn, bytes: usize) -> Self::Input<'static>;
    /// A socket is gone.
    fn closed(conn: Conn) -> Self::Input<'static>;
    /// The alarm rang.
    fn woke() -> Self::Input<'static>;
    /// A socket is open.
    fn opened(&self, conn: Conn, opening: &Opening, live: Option<RoomId>) -> Self::Input<'static>;
    /// Whether a socket may open now.
    fn admit(&self, opening: &Opening) -> std::result::Result<(), Close>;
    /// Which socket an attachment belongs to, and whose it is.
    fn carried(attachment: &str) -> Option<(Conn, Who)>;
    /// A number for the next socket.
    fn next_conn(&self) -> Conn;
    /// Sockets of a player are to close.
    fn dismissed(player: &PlayerId, dismissal: &Dismissal) -> Self::Input<'static>;
    /// The sockets of a player.
    fn holds(&self, player: &PlayerId) -> Vec<Conn>;
    /// Whether this socket takes the place of an older one of its player, and if so which of theirs it leaves open.
    fn takes_over(&self, opening: &Opening) -> Option<Vec<Conn>>;
    /// What happens where its player is connected as often as is allowed.
    fn devices(&self) -> Devices;
    /// How much of what is told to all a socket gets.
    fn heed(&self, conn: Conn) -> Heed;
    /// How this object is called in a player's leases.
    fn lease(name: &str) -> String;
}

/// Whether there is still a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After {
    /// There is.
    GoOn,
    /// It is done, or has to be read anew.
    Gone,
}

/// One object.
pub struct Shell<M> {
    pub state: State,
    pub env: Env,
    pub lines: RefCell<Lines>,
    /// None until the first event, and again after a panic: then it is read anew.
    machine: RefCell<Option<M>>,
    pub last_conn: Cell<u32>,
    /// Sockets whose player's object is being asked.
    pub coming: RefCell<Coming>,
}

impl<M: Machine> Shell<M> {
    /// An object that knows nothing yet: construction must be cheap.
    pub fn new(state: State, env: Env) -> Rc<Self> {
        let lines = RefCell::default();
        Rc::new(Self {
            state,
            env,
            lines,
            machine: RefCell::new(None),
            last_conn: Cell::new(0),
            coming: RefCell::default(),
        })
    }

    /// The object's name.
    pub fn name(&self) -> String {
        self.state.id().name().unwrap_or_default()
    }

    /// Takes the machine out, from memory or from disk. A panic before it is put back leaves none behind, and the
    /// next event finds what is on disk and with the sockets.
    pub fn take(self: &Rc<Self>) -> Result<Option<M>> {
        if let Some(machine) = self.machine.take() {
            return Ok(Some(machine));
        }
        let open = self.state.get_websockets().into_iter().filter(lines::is_open);
        let sockets: Vec<(WebSocket, String)> =
            open.filter_map(|socket| attachment(&socket).map(|data| (socket, data))).collect();
        let texts: Vec<String> = sockets.iter().map(|(_, data)| data.clone()).collect();
        let Some((machine, effects)) = M::restore(self, &texts)? else {
            return Ok(None);
        };
        let mut lines = Lines::default();
        for (socket, data) in sockets {
            if let Some((conn, who)) = M::carried(&data) {
                let since = lines::opened_at(&self.state, &socket);
                lines.open(conn, who.player, machine.heed(conn), socket, since);
            }
        }
        self.last_conn.set(first_number(now()).max(machine.next_conn().0.saturating_sub(1)));
        self.lines.replace(lines);
        let after = self.perform(effects);
        self.settle();
        Ok(Some(machine).filter(|_| after == After::GoOn))
    }

    /// Puts the machine back after a look at it.
    pub fn put(&self, machine: M) {
        self.machine.replace(Some(machine));
    }

    /// One turn: the input in, the orders out.
    pub fn turn(self: &Rc<Self>, input: M::Input<'_>) {
        match self.take() {
            Ok(Some(machine)) => self.go_on(machine, input),
            Ok(None) => {}
            Err(error) => console_error!("{}: {error:?}", self.name()),
        }
    }

    pub fn go_on(self: &Rc<Self>, mut machine: M, input: M::Input<'_>) {
        let effects = machine.handle(now(), input);
        if self.perform(effects) == After::GoOn {
            self.put(machine);
        }
        self.settle();
    }

    /// A question of another object to the machine. It is answered once everything that follows from it is done.
    pub fn ask_machine<R>(
        self: &Rc<Self>,
        ask: impl FnOnce(&mut M, Time) -> (R, Vec<M::Effect>),
    ) -> Result<R> {
        let gone = || Error::Unavailable(format!("{} is not here", self.name()));
        let mut machine = self.take()?.ok_or_else(gone)?;
        let (answer, effects) = ask(&mut machine, now());
        let after = self.perform(effects);
        if after == After::GoOn {
            self.put(machine);
        }
        self.settle();
        match after {
            After::GoOn => Ok(answer),
            After::Gone => Err(gone()),
        }
    }

    /// Carries out what was ordered. Where an order fails, nothing after it is done, the machine is dropped, and its
    /// clients come back to what is on disk.
    pub fn perform(self: &Rc<Self>, effects: Vec<M::Effect>) -> After {
        let mut after = After::GoOn;
        for effect in effects {
            match M::perform(self, effect) {
                Ok(After::GoOn) => {}
                Ok(After::Gone) => after = After::Gone,
                Err(error) => {
                    console_error!("{}: {error:?}", self.name());
                    self.lines.borrow_mut().abandon(Close::Internal);
                    return After::Gone;
                }
            }
        }
        after
    }

    /// Sends what is owed, or sets the timer that will.
    pub fn settle(self: &Rc<Self>) {
        let Some(window) = self.lines.borrow_mut().settle() else {
            return;
        };
        let shell = Rc::clone(self);
        spawn_local(async move {
            Delay::from(window).await;
            shell.lines.borrow_mut().rang();
        });
    }

    /// A frame came.
    pub fn heard(self: &Rc<Self>, socket: &WebSocket, message: &WebSocketIncomingMessage) {
        let Some(conn) = self.number(socket) else {
            return;
        };
        self.lines.borrow_mut().heard(conn, now());
        match message {
            WebSocketIncomingMessage::String(text) => self.turn(M::said(conn, text)),
            WebSocketIncomingMessage::Binary(frame) => self.turn(M::binary(conn, frame.len())),
        }
    }

    /// A socket is gone.
    pub fn closed(self: &Rc<Self>, socket: &WebSocket) {
        metrics::socket_closed(&M::lease(""));
        metrics::tell_after(&self.env);
        let carried = attachment(socket).and_then(|data| M::carried(&data));
        if let Some(conn) = self.number(socket) {
            self.turn(M::closed(conn));
            self.lines.borrow_mut().forget(conn);
        }
        if let Some((conn, who)) = carried.filter(|_| M::LEASED) {
            self.release(conn, who.player);
        }
    }

    fn number(self: &Rc<Self>, socket: &WebSocket) -> Option<Conn> {
        if self.machine.borrow().is_none() {
            match self.take() {
                Ok(machine) => drop(self.machine.replace(machine)),
                Err(error) => console_error!("{}: {error:?}", self.name()),
            }
        }
        self.lines.borrow().number(socket)
    }
}

/// Where numbers begin after a restart: beyond those of the life before, up to 64 openings a second, so that a late word
/// about a socket never means another one.
fn first_number(now: Time) -> u32 {
    u32::try_from(now.ms() / 16 % (1 << 31)).unwrap_or_default()
}

fn attachment(socket: &WebSocket) -> Option<String> {
    socket.deserialize_attachment().ok().flatten()
}

/// The question of another object.
pub async fn ask(mut request: Request) -> Result<PlaceAsk> {
    Ok(serde_json::from_str(&request.text().await?)?)
}

/// A Durable Object around a shell. `$answer` takes the requests that are not events of sockets.
#[macro_export]
macro_rules! object {
    ($(#[$doc:meta])* $name:ident, $machine:ty, $answer:path) => {
        $(#[$doc])*
        #[worker::durable_object]
        pub struct $name {
            shell: std::panic::AssertUnwindSafe<std::rc::Rc<$crate::shell::Shell<$machine>>>,
        }

        impl worker::DurableObject for $name {
            fn new(state: worker::State, env: worker::Env) -> Self {
                Self { shell: std::panic::AssertUnwindSafe($crate::shell::Shell::new(state, env)) }
            }

            async fn fetch(&self, request: worker::Request) -> worker::Result<worker::Response> {
                $answer(&self.shell, request).await.or_else($crate::error::Error::response)
            }

            async fn websocket_message(
                &self,
                socket: worker::WebSocket,
                message: worker::WebSocketIncomingMessage,
            ) -> worker::Result<()> {
                self.shell.heard(&socket, &message);
                Ok(())
            }

            async fn websocket_close(
                &self,
                socket: worker::WebSocket,
                code: usize,
                _: String,
                _: bool,
            ) -> worker::Result<()> {
                // Before anything else: what follows may take the object's time, or fail.
                $crate::lines::answer(&socket, code);
                self.shell.closed(&socket);
                Ok(())
            }

            async fn websocket_error(&self, socket: worker::WebSocket, _: worker::Error) -> worker::Result<()> {
                self.shell.closed(&socket);
                Ok(())
            }

            async fn alarm(&self) -> worker::Result<worker::Response> {
                self.shell.turn(<$machine as $crate::shell::Machine>::woke());
                worker::Response::empty()
            }
        }
    };
}
