//! The wait of one player in a queue.

use crate::Error;
use crate::command;
use crate::driver::{Driver, News, Owner, Request};
use crate::session::Session;
use shared::client::queue_state::{Match, Out};
use shared::client::{
    Connection, ConnectionState, Input, LobbyObject, Options, Queue, QueueEffect, QueueInput, QueueState,
    Stopped,
};
use shared::time::Time;
use shared::wire::lobby::EnterBody;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::sync::watch;

/// A request of the application.
pub(crate) enum WaitRequest {
    Answer { accept: bool },
    Leave,
}

/// The connection to the lobby.
#[derive(Debug, Clone)]
struct LinkState {
    state: ConnectionState,
    /// How often it has opened.
    openings: u64,
}

struct WaitOwner {
    queue: Queue,
    state: watch::Sender<QueueState>,
    link: watch::Sender<LinkState>,
}

impl WaitOwner {
    fn handle(&mut self, now: Time, input: QueueInput<'_>) -> Vec<Input<'static>> {
        let effects = self.queue.handle(now, input);
        self.state.send_if_modified(|known| {
            let has_changed = known != self.queue.state();
            known.clone_from(self.queue.state());
            has_changed
        });
        let input = |effect| match effect {
            QueueEffect::Send { key, message } => Input::Send(vec![(key, message)]),
            QueueEffect::Close => Input::Close,
        };
        effects.into_iter().map(input).collect()
    }
}

impl Owner for WaitOwner {
    type Object = LobbyObject;
    type Request = WaitRequest;

    fn request(&mut self, now: Time, request: WaitRequest) -> Vec<Input<'static>> {
        match request {
            WaitRequest::Answer { accept } => self.handle(now, QueueInput::Answered { accept }),
            WaitRequest::Leave => self.handle(now, QueueInput::Left),
        }
    }

    fn news(&mut self, now: Time, news: News<LobbyObject>) -> Vec<Input<'static>> {
        match news {
            News::Welcomed(welcome) => {
                self.handle(now, QueueInput::Welcomed { lobby: &welcome.more, recovered: welcome.recovered })
            }
            News::Event(event) => self.handle(now, QueueInput::Event(&event.event)),
            News::Outcome(outcome) => self.handle(now, QueueInput::Outcome(&outcome)),
            News::Woke => self.handle(now, QueueInput::Woke),
            News::State(state) => {
                self.link.send_modify(|link| {
                    link.openings += u64::from(state == ConnectionState::Open);
                    link.state = state;
                });
                Vec::new()
            }
            News::Repeated(_) => Vec::new(),
        }
    }

    fn wake_at(&self) -> Option<Time> {
        self.queue.wake_at()
    }

    fn stopped(&mut self, _: &Connection<LobbyObject>, stopped: &Stopped) {
        // The connection is closed: nothing follows for it.
        drop(self.handle(Time::default(), QueueInput::Stopped(stopped)));
    }
}

/// The wait of one player in a queue. Dropping it closes the connection; the server keeps the ticket for a while.
#[derive(Debug)]
pub struct Wait {
    requests: UnboundedSender<Request<WaitRequest>>,
    state: watch::Receiver<QueueState>,
    link: watch::Receiver<LinkState>,
}

impl Wait {
    pub(crate) fn start(
        url: String,
        session: Arc<Session>,
        key: String,
        wish: EnterBody,
        opening_timeout: Duration,
    ) -> Self {
        let (requests, inbox) = unbounded_channel();
        let queue = Queue::new(key, wish);
        let (state, known) = watch::channel(queue.state().clone());
        let (link, linked) = watch::channel(LinkState { state: ConnectionState::Connecting, openings: 0 });
        let options = Options { seed: command::seed(), opening_timeout, ..Options::default() };
        let owner = WaitOwner { queue, state, link };
        tokio::spawn(Driver::new(owner, session, url, options).run(inbox));
        Self { requests, state: known, link: linked }
    }

    /// The state of the player now.
    #[must_use]
    pub fn state(&self) -> QueueState {
        self.state.borrow().clone()
    }

    /// The state of the connection to the lobby. A ticket keeps its place while it is lost, for a while.
    #[must_use]
    pub fn connection(&self) -> ConnectionState {
        self.link.borrow().state.clone()
    }

    /// Waits until the connection has opened this often: 1 for the first opening, 2 once it is back after a loss. Fails if it
    /// is closed for good before.
    pub async fn opened(&self, times: u64) -> Result<(), Error> {
        let mut link = self.link.clone();
        let opened = link.wait_for(|link| link.openings >= times).await.map(drop);
        opened.map_err(|_| match self.connection() {
            ConnectionState::Stopped(stopped) => stopped.into(),
            _ => Error::Closed { code: 1000, why: "closed here".into() },
        })
    }

    /// Waits until the state changes, and returns it. The last one is final: see [`QueueState::is_final`].
    pub async fn changed(&mut self) -> QueueState {
        // A task that has ended leaves its last state.
        let _ = self.state.changed().await;
        self.state.borrow_and_update().clone()
    }

    /// Accepts or declines the proposed match. A player who declines leaves the queue, and has a cooldown.
    pub fn answer(&self, accept: bool) {
        let _ = self.requests.send(Request::Own(WaitRequest::Answer { accept }));
    }

    /// Withdraws the ticket.
    pub fn leave(&self) {
        let _ = self.requests.send(Request::Own(WaitRequest::Leave));
    }

    /// Breaks the connection as a lost network would, for tests. It reconnects after this time, or as after any loss.
    pub fn cut(&self, away: Option<Duration>) {
        let _ = self.requests.send(Request::Cut(away));
    }

    /// Waits for the match, and accepts every proposal.
    pub async fn matched(mut self) -> Result<Match, Error> {
        let mut state = self.state();
        loop {
            match state {
                QueueState::Matched(found) => return Ok(found),
                QueueState::Out(out) => return Err(out.into()),
                QueueState::Proposed(proposal) if !proposal.accepted => self.answer(true),
                QueueState::Entering
                | QueueState::Cooldown(_)
                | QueueState::Queued(_)
                | QueueState::Proposed(_) => {}
            }
            state = self.changed().await;
        }
    }
}

impl From<Out> for Error {
    fn from(out: Out) -> Self {
        match out {
            Out::Left => Self::NotMatched { reason: "left".into(), after_ms: None },
            Out::Expired { reason, after_ms } => Self::NotMatched { reason, after_ms },
            Out::Refused(refusal) => Self::Refused(refusal),
            Out::Stopped(stopped) => stopped.into(),
        }
    }
}
