//! The task of one connection: feeds the machine with sockets, tokens and time, and carries out its effects.

use crate::clock::Clock;
use crate::session::{Access, Session};
use crate::socket::{Received, Socket};
use shared::client::{
    Connection, ConnectionState, Effect, Input, Object, Options, Outcome, Stopped, TokenFailure,
};
use shared::time::Time;
use shared::wire::envelope::Envelope;
use shared::wire::welcome::Welcome;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{sleep, sleep_until};

/// Requests that are taken together, and so share a frame.
const REQUESTS_AT_ONCE: usize = 64;

/// The news of a connection for its owner.
pub(crate) enum News<O: Object> {
    Welcomed(Box<Welcome<O::Welcome>>),
    Event(Envelope<O::Event>),
    /// An event that arrived before, and is dropped.
    Repeated(Envelope<O::Event>),
    Outcome(Outcome),
    State(ConnectionState),
    /// The time of the owner's `wake_at` has come.
    Woke,
}

/// A request of the application to the task.
pub(crate) enum Request<R> {
    /// One that the owner turns into inputs.
    Own(R),
    /// Breaks the socket, as a lost network does; it is opened again after this time, or as after any loss.
    Cut(Option<Duration>),
    /// Reads nothing for a while, as a slow device does.
    Stall(Duration),
    /// Closes the connection for good.
    Close,
}

/// The object behind a connection: a room or a wait.
pub(crate) trait Owner: Send + 'static {
    type Object: Object;
    type Request: Send + 'static;

    /// Turns a request of the application into inputs of the connection.
    fn request(&mut self, now: Time, request: Self::Request) -> Vec<Input<'static>>;

    /// Takes the news, and returns what follows for the connection.
    fn news(&mut self, now: Time, news: News<Self::Object>) -> Vec<Input<'static>>;

    /// Returns when [`News::Woke`] is due.
    fn wake_at(&self) -> Option<Time> {
        None
    }

    /// The connection is closed for good; its pending commands get no reply.
    fn stopped(&mut self, connection: &Connection<Self::Object>, stopped: &Stopped);
}

type Pending<T> = Pin<Box<dyn Future<Output = T> + Send>>;

enum Link {
    Down,
    Opening(Pending<Option<Socket>>),
    Up(Socket),
}

/// An event of the link.
enum LinkEvent {
    Opened(Option<Socket>),
    Received(Received),
}

impl Link {
    /// Waits for the next event. Cancel safe.
    async fn next(&mut self) -> LinkEvent {
        match self {
            Self::Down => std::future::pending().await,
            Self::Opening(opening) => LinkEvent::Opened(opening.await),
            Self::Up(socket) => LinkEvent::Received(socket.next().await),
        }
    }
}

/// The task of one connection.
pub(crate) struct Driver<W: Owner> {
    connection: Connection<W::Object>,
    owner: W,
    session: Arc<Session>,
    /// The address of the object, without a query.
    url: String,
    clock: Clock,
    link: Link,
    token: Option<Pending<Result<Access, TokenFailure>>>,
    /// The token of the last opening.
    last_token: String,
    has_stopped: bool,
}

impl<W: Owner> Driver<W> {
    pub(crate) fn new(owner: W, session: Arc<Session>, url: String, options: Options) -> Self {
        Self {
            connection: Connection::new(options),
            owner,
            session,
            url,
            clock: Clock::start(),
            link: Link::Down,
            token: None,
            last_token: String::new(),
            has_stopped: false,
        }
    }

    /// Runs until the connection is closed for good, or until the application has dropped its side.
    pub(crate) async fn run(mut self, mut requests: UnboundedReceiver<Request<W::Request>>) {
        let mut batch = Vec::new();
        while !self.has_stopped {
            let wake_at = [self.connection.wake_at(), self.owner.wake_at()].into_iter().flatten().min();
            tokio::select! {
                count = requests.recv_many(&mut batch, REQUESTS_AT_ONCE) => {
                    if count == 0 {
                        self.feed(Input::Close).await;
                    }
                    self.serve(&mut batch).await;
                }
                event = self.link.next() => self.on_link(event).await,
                access = next_token(&mut self.token) => self.on_token(access).await,
                () = wake(self.clock, wake_at) => self.on_woke().await,
            }
        }
    }

    async fn serve(&mut self, batch: &mut Vec<Request<W::Request>>) {
        let mut commands = Vec::new();
        for request in batch.drain(..) {
            let inputs = match request {
                Request::Own(request) => self.owner.request(self.clock.now(), request),
                Request::Close => vec![Input::Close],
                Request::Stall(pause) => {
                    sleep(pause).await;
                    Vec::new()
                }
                Request::Cut(away) => {
                    self.link = Link::Down;
                    vec![Input::Disconnect(away)]
                }
            };
            for input in inputs {
                match input {
                    // Commands of one moment share a frame.
                    Input::Send(more) => commands.extend(more),
                    other => self.feed(other).await,
                }
            }
        }
        if !commands.is_empty() {
            self.feed(Input::Send(commands)).await;
        }
    }

    async fn on_link(&mut self, event: LinkEvent) {
        match event {
            LinkEvent::Opened(Some(socket)) => self.link = Link::Up(socket),
            LinkEvent::Opened(None) => {
                self.link = Link::Down;
                self.on_closed(&Received::broken()).await;
            }
            LinkEvent::Received(Received::Text(text)) => self.feed(Input::Text(&text)).await,
            LinkEvent::Received(closed) => {
                self.link = Link::Down;
                self.on_closed(&closed).await;
            }
        }
    }

    async fn on_closed(&mut self, closed: &Received) {
        if let Received::Closed { code, reason } = closed {
            self.feed(Input::Closed { code: *code, reason }).await;
        }
    }

    async fn on_token(&mut self, access: Result<Access, TokenFailure>) {
        self.token = None;
        let input = match access {
            Ok(Access { token, due }) => {
                self.last_token.clone_from(&token);
                // One that is due already is looked at again in a moment, not at once.
                let wait =
                    due.saturating_duration_since(tokio::time::Instant::now()).max(Duration::from_secs(1));
                Input::Token { token, renew_at: self.clock.now() + wait }
            }
            Err(failure) => Input::NoToken(failure),
        };
        self.feed(input).await;
    }

    async fn on_woke(&mut self) {
        let now = self.clock.now();
        if self.owner.wake_at().is_some_and(|at| at <= now) {
            let inputs = self.owner.news(now, News::Woke);
            self.feed_all(inputs).await;
        }
        if self.connection.wake_at().is_some_and(|at| at <= now) {
            self.feed(Input::Woke).await;
        }
    }

    async fn feed_all(&mut self, inputs: Vec<Input<'static>>) {
        for input in inputs {
            self.feed(input).await;
        }
    }

    /// Passes an input to the machine, and carries out its effects and what follows from them.
    async fn feed(&mut self, input: Input<'_>) {
        let now = self.clock.now();
        let mut effects = self.connection.handle(now, input);
        // The effects of what follows come after those before: none of them is an answer to another.
        while !effects.is_empty() {
            let mut inputs = Vec::new();
            for effect in effects {
                inputs.extend(self.carry_out(effect).await);
            }
            let now = self.clock.now();
            effects = inputs.into_iter().flat_map(|input| self.connection.handle(now, input)).collect();
        }
    }

    async fn carry_out(&mut self, effect: Effect<W::Object>) -> Vec<Input<'static>> {
        let now = self.clock.now();
        let news = match effect {
            Effect::GetToken { renew } => {
                let (session, refused) = (Arc::clone(&self.session), renew.then(|| self.last_token.clone()));
                self.token = Some(Box::pin(async move { session.token(refused.as_deref()).await }));
                return Vec::new();
            }
            Effect::Open { token, query } => {
                self.link = Link::Opening(Box::pin(Socket::open(format!("{}{query}", self.url), token)));
                return Vec::new();
            }
            Effect::CloseSocket => {
                if let Link::Up(socket) = std::mem::replace(&mut self.link, Link::Down) {
                    socket.close();
                }
                return Vec::new();
            }
            Effect::Send(text) => return self.send(text).await,
            Effect::Welcomed(welcome) => News::Welcomed(welcome),
            Effect::Event(event) => News::Event(event),
            Effect::Repeated(event) => News::Repeated(event),
            Effect::Outcome(outcome) => News::Outcome(outcome),
            Effect::State(state) => {
                if let ConnectionState::Stopped(stopped) = &state {
                    self.has_stopped = true;
                    self.owner.stopped(&self.connection, stopped);
                }
                News::State(state)
            }
        };
        self.owner.news(now, news)
    }

    async fn send(&mut self, text: String) -> Vec<Input<'static>> {
        let Link::Up(socket) = &mut self.link else { return Vec::new() };
        if socket.send(text).await {
            return Vec::new();
        }
        self.link = Link::Down;
        vec![Input::Closed { code: shared::client::connection::BROKEN, reason: "" }]
    }
}

async fn next_token(
    token: &mut Option<Pending<Result<Access, TokenFailure>>>,
) -> Result<Access, TokenFailure> {
    match token {
        Some(token) => token.await,
        None => std::future::pending().await,
    }
}

async fn wake(clock: Clock, at: Option<Time>) {
    match at {
        Some(at) => sleep_until(clock.instant(at)).await,
        None => std::future::pending().await,
    }
}
