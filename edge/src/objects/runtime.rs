//! The runtime of rooms, lobbies and players: drives one state machine with its sockets, rows and alarm.

mod machine;

pub use machine::{Machine, Outcome};

use crate::clock::now;
use crate::error::{Error, Result};
use crate::identity;
use crate::objects::sockets::{self, Schedule, Sockets};
use crate::ops::report;
use crate::telemetry::log::{self, About, Level};
use crate::telemetry::meter::Awake;
use crate::telemetry::metrics;
use crate::telemetry::trace::{self, Scope};
use serde_json::Value;
use shared::connection::{Conn, ConnectionInput};
use shared::delivery::conn_numbers::ConnNumbers;
use shared::delivery::gather::Flush;
use shared::delivery::pending_sockets::PendingSockets;
use shared::metrics::Counter;
use shared::rpc::{HostRequest, ObjectName};
use shared::time::Time;
use shared::wire::CloseCode;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use worker::{Delay, Env, Request, State, WebSocket};

/// One Durable Object: its machine, its sockets and its platform handles.
pub struct Runtime<M> {
    pub state: Rc<State>,
    pub env: Env,
    /// The machine's name, where several machines share the object: their sockets carry it as a tag.
    pub shared_as: Option<String>,
    /// The measure of the object's waits, shared by all of its machines.
    pub awake: Rc<Awake>,
    pub sockets: RefCell<Sockets>,
    /// `None` before the first event, and after a panic or a failed effect: the next event restores it.
    pub(super) machine: RefCell<Option<Box<M>>>,
    pub conn_numbers: Cell<ConnNumbers>,
    /// Sockets that wait for the answer of their player's object.
    pub pending_sockets: RefCell<PendingSockets>,
    /// True while a timer waits for the next tick.
    pub(super) is_ticking: Cell<bool>,
}

impl<M: Machine> Runtime<M> {
    /// Creates the runtime without reading storage: construction must be cheap.
    pub fn new(state: State, env: Env) -> Rc<Self> {
        Self::with_name(Rc::new(state), env, Awake::new(M::CLASS), None)
    }

    /// Creates the runtime of one machine of several that share an object.
    pub fn sharing(state: &Rc<State>, env: &Env, awake: &Rc<Awake>, name: &str) -> Rc<Self> {
        Self::with_name(Rc::clone(state), env.clone(), Rc::clone(awake), Some(name.to_owned()))
    }

    fn with_name(state: Rc<State>, env: Env, awake: Rc<Awake>, shared_as: Option<String>) -> Rc<Self> {
        Rc::new(Self {
            state,
            env,
            shared_as,
            awake,
            sockets: RefCell::default(),
            machine: RefCell::new(None),
            conn_numbers: Cell::default(),
            pending_sockets: RefCell::default(),
            is_ticking: Cell::default(),
        })
    }

    /// Returns the machine's name: the object's, unless several machines share the object.
    pub fn name(&self) -> String {
        self.shared_as.clone().or_else(|| self.state.id().name()).unwrap_or_default()
    }

    /// Returns the platform's sockets of this machine.
    fn platform_sockets(&self) -> Vec<WebSocket> {
        match &self.shared_as {
            Some(tag) => self.state.get_websockets_with_tag(tag),
            None => self.state.get_websockets(),
        }
    }

    /// Runs work that the object waits for, and cannot sleep meanwhile.
    pub fn spawn(self: &Rc<Self>, work: impl AsyncFnOnce(Rc<Self>) + 'static) {
        let runtime = Rc::clone(self);
        self.awake.spawn(async move { work(runtime).await });
    }

    /// Handles the alarm.
    pub fn ring(self: &Rc<Self>) {
        self.handle(M::alarm());
    }

    /// Returns the object's kind and name for messages: `room:m_1`.
    pub fn label(&self) -> String {
        format!("{}:{}", M::KIND, self.name())
    }

    /// Logs a fault of the object.
    pub fn report(&self, error: &Error) {
        let label = self.label();
        log::line(Level::Error, &format!("{error:?}"), About { object: &label, ..About::default() });
    }

    /// Logs and counts the close of a socket, where the service or the client is at fault.
    pub fn closing(&self, code: CloseCode) {
        if code == CloseCode::TooSlow {
            metrics::add(Counter::SlowClosed);
        }
        if code.code() >= log::CLOSES_FROM {
            let label = self.label();
            log::line(
                Level::Warn,
                "a socket was closed",
                About { object: &label, code: code.name(), ms: None },
            );
        }
    }

    /// Lets the work that follows have the machine's trace, until the result is dropped.
    fn enter(machine: &M) -> Scope {
        trace::enter(machine.trace(), M::KIND)
    }

    /// Returns the object's name in leases. An error if this object cannot hold leases.
    pub fn object_name(&self) -> Result<ObjectName> {
        let name = self.label();
        name.parse().map_err(|error| Error::Internal(format!("{name:?}: {error}")))
    }

    /// Takes the machine out of memory, or restores it from storage. After a panic before [`Runtime::keep`] there is
    /// none in memory, and the next event restores what is stored.
    pub fn load(self: &Rc<Self>) -> Result<Option<Box<M>>> {
        if let Some(machine) = self.machine.take() {
            return Ok(Some(machine));
        }
        self.drop_unprepared();
        let open = self.platform_sockets().into_iter().filter(sockets::is_open);
        let open: Vec<(WebSocket, String)> =
            open.filter_map(|socket| attachment(&socket).map(|data| (socket, data))).collect();
        let attachments: Vec<String> = open.iter().map(|(_, data)| data.clone()).collect();
        let Some((machine, effects)) = M::restore(self, &attachments)? else {
            return Ok(None);
        };
        let mut restored = Sockets::default();
        for (socket, data) in open {
            if let Some((conn, identity)) = M::attachment_owner(&data) {
                let since = sockets::opened_at(&self.state, &socket);
                restored.open(conn, identity.player, machine.delivery_level(conn), socket, since);
            }
        }
        let _scope = Self::enter(&machine);
        self.conn_numbers.set(ConnNumbers::restored(now(), machine.next_conn()));
        self.sockets.replace(restored);
        if self.perform(effects) != Outcome::Continue {
            return Ok(None);
        }
        self.keep(Box::new(machine));
        self.flush_or_schedule();
        Ok(self.machine.take())
    }

    /// Returns true if the machine is in memory.
    pub fn is_loaded(&self) -> bool {
        self.machine.borrow().is_some()
    }

    /// Puts the machine back after [`Runtime::load`].
    pub fn keep(&self, machine: Box<M>) {
        self.machine.replace(Some(machine));
    }

    /// Handles one input: the machine reacts, and its effects are performed.
    pub fn handle(self: &Rc<Self>, input: M::Input<'_>) {
        self.handle_at(now(), input);
    }

    pub(super) fn handle_at(self: &Rc<Self>, now: Time, input: M::Input<'_>) {
        match self.load() {
            Ok(Some(machine)) => self.handle_with(machine, now, input),
            Ok(None) => {}
            Err(error) => self.report(&error),
        }
    }

    /// Handles one input with a machine that is loaded already.
    pub fn handle_with(self: &Rc<Self>, mut machine: Box<M>, now: Time, input: M::Input<'_>) {
        let _scope = Self::enter(&machine);
        self.sockets.borrow_mut().begin(now);
        let effects = machine.handle(now, input);
        observe(&mut *machine);
        if self.perform(effects) == Outcome::Continue {
            self.keep(machine);
        }
        self.flush_or_schedule_at(now);
    }

    /// Asks the machine for an answer, which is valid only once all effects are performed.
    pub fn query<R>(self: &Rc<Self>, ask: impl FnOnce(&mut M, Time) -> (R, Vec<M::Effect>)) -> Result<R> {
        let missing = || Error::Unavailable(format!("{} has no state now", self.label()));
        let mut machine = self.load()?.ok_or_else(missing)?;
        let _scope = Self::enter(&machine);
        let now = now();
        self.sockets.borrow_mut().begin(now);
        let (answer, effects) = ask(&mut machine, now);
        observe(&mut *machine);
        let outcome = self.perform(effects);
        if outcome == Outcome::Continue {
            self.keep(machine);
        }
        self.flush_or_schedule_at(now);
        match outcome {
            Outcome::Continue | Outcome::Erased => Ok(answer),
            Outcome::Dropped => Err(Error::Unavailable(format!("{} could not be saved", self.label()))),
        }
    }

    /// Performs effects in order. If one fails, the rest is skipped, the machine is dropped, and all sockets are closed:
    /// the clients reconnect to the stored state.
    pub fn perform(self: &Rc<Self>, effects: Vec<M::Effect>) -> Outcome {
        let mut outcome = Outcome::Continue;
        for effect in effects {
            match M::perform(self, effect) {
                Ok(Outcome::Continue) => {}
                Ok(end) => outcome = end,
                Err(error) => {
                    self.report(&error);
                    metrics::add(Counter::CommandFailed);
                    self.sockets.borrow_mut().close_all(CloseCode::Internal);
                    return Outcome::Dropped;
                }
            }
        }
        outcome
    }

    /// Sends the queued messages, or sets the timer that will.
    pub fn flush_or_schedule(self: &Rc<Self>) {
        self.flush_or_schedule_at(now());
    }

    fn flush_or_schedule_at(self: &Rc<Self>, now: Time) {
        self.schedule_tick(now);
        let owed = self.sockets.borrow().has_pending()
            || self.machine.borrow().as_ref().is_some_and(|machine| machine.has_unflushed());
        if !owed {
            return;
        }
        let schedule = self.sockets.borrow_mut().schedule(now);
        match schedule {
            Schedule::Now => self.flush_at(now),
            Schedule::Wait => {}
            Schedule::After(window) => {
                self.spawn(async move |runtime| {
                    Delay::from(window).await;
                    let now = crate::clock::now();
                    runtime.sockets.borrow_mut().on_timer(now);
                    runtime.flush_at(now);
                });
            }
        }
    }

    /// Closes all sockets if messages are queued and the machine was lost in a panic before it prepared them: they may
    /// tell of events that nothing stores. The clients reconnect to the stored state.
    fn drop_unprepared(&self) {
        if self.sockets.borrow().has_pending() {
            self.sockets.borrow_mut().close_all(CloseCode::Internal);
        }
    }

    /// Has the machine prepare the queued messages, sends them, and performs what follows.
    pub fn flush(self: &Rc<Self>) {
        self.flush_at(now());
    }

    fn flush_at(self: &Rc<Self>, now: Time) {
        let Some(mut machine) = self.machine.take() else {
            return self.drop_unprepared();
        };
        let _scope = Self::enter(&machine);
        let Flush { before, after } = machine.flush(now);
        observe(&mut *machine);
        let mut outcome = self.perform(before);
        if outcome == Outcome::Continue {
            self.sockets.borrow_mut().flush(now);
            outcome = self.perform(after);
        }
        if outcome == Outcome::Continue {
            self.keep(machine);
            self.check_buffers(now);
        }
        self.flush_or_schedule_at(now);
        report::after_event_at(&self.env, now);
    }

    fn check_buffers(self: &Rc<Self>, now: Time) {
        let buffered = self.sockets.borrow_mut().buffered(now);
        for input in buffered.into_iter().filter_map(|(conn, bytes)| M::buffered(conn, bytes)) {
            self.handle_at(now, input);
        }
    }

    /// Verifies a newer token of an open socket; the result is the input [`ConnectionInput::Renewed`].
    pub fn verify(self: &Rc<Self>, conn: Conn, id: Option<Value>, token: String) {
        self.spawn(async move |runtime| {
            let verdict = identity::verify_renewal(&runtime.env, &token).await;
            runtime.handle(ConnectionInput::Renewed { conn, id, verdict }.into());
        });
    }

    /// Deletes everything that the object has stored.
    pub fn erase(self: &Rc<Self>) {
        self.spawn(async move |runtime| {
            if let Err(error) = runtime.state.storage().delete_all().await {
                runtime.report(&Error::internal(&error));
            }
        });
    }
}

fn observe<M: Machine>(machine: &mut M) {
    let (pool, observed) = machine.observed();
    metrics::observe(pool, observed);
}

/// Returns the text that a socket keeps through hibernation.
pub(super) fn attachment(socket: &WebSocket) -> Option<String> {
    socket.deserialize_attachment().ok().flatten()
}

/// Reads the request of another object to a room or lobby.
pub async fn read_request(mut request: Request) -> Result<HostRequest> {
    Ok(serde_json::from_str(&request.text().await?)?)
}
