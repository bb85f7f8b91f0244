//! The connection of one player to a room: commands, the view, and events.

use crate::command::{self, Accepted, Sent};
use crate::driver::{Driver, Request};
use crate::room_owner::{RoomEvent, RoomOwner, RoomRequest};
use crate::session::Session;
use crate::{Error, RoomId};
use serde::Serialize;
use serde_json::{Map, Value};
use shared::client::{ConnectionState, LogPosition, Options, RoomView};
use shared::id::PlayerId;
use shared::wire::Json;
use shared::wire::frame::Message;
use shared::wire::room::{Command, SetBody};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc::{self, UnboundedSender, unbounded_channel};
use tokio::sync::watch;

/// Events that a stream holds while it is not read: about a minute of a busy room.
const EVENTS_HELD_MAX: usize = 4_096;

/// Options of an opening.
#[derive(Debug, Clone, Default)]
pub struct RoomOptions {
    /// Opens as a spectator, even where a seat is free.
    pub watch: bool,
    /// The position that an earlier connection has seen, to resume from there.
    pub position: LogPosition,
    /// Tells of events that arrived again too, with [`RoomEvent::Repeated`]: for tools that check a server.
    pub audit: bool,
}

/// The connection of one player to a room. It reconnects after every loss, until the room has ended or it is dropped.
#[derive(Debug)]
pub struct Room {
    id: RoomId,
    requests: UnboundedSender<Request<RoomRequest>>,
    view: watch::Receiver<RoomView>,
    connection: watch::Receiver<ConnectionState>,
    /// The stream from the opening on, until it is taken.
    first_events: Mutex<Option<mpsc::Receiver<RoomEvent>>>,
}

impl Room {
    pub(crate) fn open(
        url: String,
        id: RoomId,
        session: Arc<Session>,
        options: RoomOptions,
        opening_timeout: Duration,
    ) -> Self {
        let (requests, inbox) = unbounded_channel();
        let (view, viewed) = watch::channel(RoomView::default());
        let (connection, connected) = watch::channel(ConnectionState::Connecting);
        let (listener, events) = mpsc::channel(EVENTS_HELD_MAX);
        let RoomOptions { watch: watches, position, audit } = options;
        let (listeners, promises) = (vec![listener], BTreeMap::new());
        let owner = RoomOwner { view, connection, listeners, promises, audit };
        let options = Options { position, watches, seed: command::seed(), opening_timeout };
        tokio::spawn(Driver::new(owner, session, url, options).run(inbox));
        let first_events = Mutex::new(Some(events));
        Self { id, requests, view: viewed, connection: connected, first_events }
    }

    /// Waits until the room is open. Fails if it refuses the player, or if the session has ended.
    pub async fn opened(&self) -> Result<(), Error> {
        let mut connection = self.connection.clone();
        let is_known =
            |state: &ConnectionState| matches!(state, ConnectionState::Open | ConnectionState::Stopped(_));
        match connection.wait_for(is_known).await.as_deref() {
            Ok(ConnectionState::Stopped(stopped)) => Err(stopped.clone().into()),
            Ok(_) => Ok(()),
            Err(_) => Err(self.end()),
        }
    }

    /// The room's id.
    #[must_use]
    pub fn id(&self) -> &RoomId {
        &self.id
    }

    /// The state of the connection.
    #[must_use]
    pub fn connection(&self) -> ConnectionState {
        self.connection.borrow().clone()
    }

    /// The room as this player sees it now.
    #[must_use]
    pub fn view(&self) -> RoomView {
        self.view.borrow().clone()
    }

    /// Reads a part of the view, without a copy of the whole: `room.read(|view| view.phase)`.
    pub fn read<T>(&self, read: impl FnOnce(&RoomView) -> T) -> T {
        read(&self.view.borrow())
    }

    /// Waits until the view is as wanted, and returns it. Fails if the connection is closed before.
    pub async fn until(&self, is_wanted: impl FnMut(&RoomView) -> bool) -> Result<RoomView, Error> {
        let mut view = self.view.clone();
        let wanted = view.wait_for(is_wanted).await.map(|view| view.clone());
        wanted.map_err(|_| self.end())
    }

    /// Returns a stream of events. The first call's begins with the opening, a later one with the next event.
    #[must_use]
    pub fn events(&self) -> RoomEvents {
        let first = self.first_events.lock().unwrap_or_else(PoisonError::into_inner).take();
        RoomEvents(first.unwrap_or_else(|| {
            let (listener, events) = mpsc::channel(EVENTS_HELD_MAX);
            self.request(RoomRequest::Listen(listener));
            events
        }))
    }

    /// Sends a message to all members. `.await` returns its position once it is accepted; see also [`Sent::durable`]. Any
    /// number may be sent at once: they arrive in order, at the pace that the room allows.
    pub fn say(&self, body: &impl Serialize) -> Sent {
        self.with_body(body, |body| Command::Say { body })
    }

    /// Makes a move in the match.
    pub fn make_move(&self, body: &impl Serialize) -> Sent {
        self.with_body(body, |body| Command::Move { body, if_at: None })
    }

    /// Makes a move in the match, if it has not changed after this position; refused with `conflict` otherwise.
    pub fn make_move_if(&self, body: &impl Serialize, if_at: u64) -> Sent {
        self.with_body(body, |body| Command::Move { body, if_at: Some(if_at) })
    }

    /// Writes keys of the board; null removes one. With `if_at`, only if they were not written or removed after that position.
    pub fn set(&self, keys: Map<String, Value>, if_at: Option<u64>) -> Sent {
        self.send(Command::Set(SetBody { keys, if_at }))
    }

    /// Sends call negotiation to one member; the room holds it while that member reconnects.
    pub fn signal(&self, to: PlayerId, body: &impl Serialize) -> Sent {
        self.with_body(body, |body| Command::Signal { to, body })
    }

    /// Sends an ephemeral message to all members, or to one. It is lost without a connection, and never repeated.
    pub fn hint(&self, to: Option<PlayerId>, body: &impl Serialize) -> Result<(), Error> {
        let message = Message::from(Command::Hint { to, body: json(body)? });
        self.request(RoomRequest::Hint(message));
        Ok(())
    }

    /// Sends any command that must arrive, and repeats it until it is durable.
    pub fn send(&self, command: Command) -> Sent {
        let message = Message::from(command);
        let key = message.key.clone().unwrap_or_else(command::key);
        let (promises, sent) = command::promises();
        let request = Request::Own(RoomRequest::Send { key, message, promises });
        if let Err(unsent) = self.requests.send(request)
            && let Request::Own(RoomRequest::Send { promises, .. }) = unsent.0
        {
            promises.fail(self.end());
        }
        sent
    }

    /// Vacates the seat, and closes the connection. The other members stay.
    pub async fn leave(&self) -> Result<(), Error> {
        self.send(Command::Leave).await?;
        self.close();
        Ok(())
    }

    /// Ends the room for all members, with a result; refused where the rules reserve it.
    pub async fn end_room(&self, result: Value) -> Result<Accepted, Error> {
        self.send(Command::End { result }).await
    }

    /// Closes the connection for good, without vacating the seat.
    pub fn close(&self) {
        // A task that has ended is closed.
        let _ = self.requests.send(Request::Close);
    }

    /// Breaks the connection as a lost network would, for tests. It reconnects after this time, or as after any loss.
    pub fn cut(&self, away: Option<Duration>) {
        let _ = self.requests.send(Request::Cut(away));
    }

    /// Reads nothing for a while, as a slow device would, for tests.
    pub fn stall(&self, pause: Duration) {
        let _ = self.requests.send(Request::Stall(pause));
    }

    fn with_body(&self, body: &impl Serialize, command: impl FnOnce(Json) -> Command) -> Sent {
        match json(body) {
            Ok(body) => self.send(command(body)),
            Err(error) => Sent::failed(error),
        }
    }

    fn request(&self, request: RoomRequest) {
        // Without a task the stream of events ends at once, and a hint is lost as without a connection.
        let _ = self.requests.send(Request::Own(request));
    }

    /// The reason for which the connection is closed.
    fn end(&self) -> Error {
        match &*self.connection.borrow() {
            ConnectionState::Stopped(stopped) => stopped.clone().into(),
            _ => Error::Closed { code: 1000, why: "closed here".into() },
        }
    }
}

fn json(body: &impl Serialize) -> Result<Json, Error> {
    let value = serde_json::to_value(body).map_err(|error| Error::invalid("body", error))?;
    Ok(Json::from(&value))
}

/// A stream of a room's events, in order. It ends when the connection is closed for good, or when it holds too many unread
/// events: none is ever missing in its middle.
#[derive(Debug)]
pub struct RoomEvents(mpsc::Receiver<RoomEvent>);

impl RoomEvents {
    /// Returns the next event; none at the end. Cancel safe.
    pub async fn next(&mut self) -> Option<RoomEvent> {
        self.0.recv().await
    }

    /// Returns the next event if it has arrived already.
    pub fn try_next(&mut self) -> Option<RoomEvent> {
        self.0.try_recv().ok()
    }
}

impl futures_util::Stream for RoomEvents {
    type Item = RoomEvent;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<RoomEvent>> {
        self.0.poll_recv(context)
    }
}
