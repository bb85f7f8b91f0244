//! Follows a room of the client: keeps the log that this member received, and which of its messages are durable.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use matchpoint_client::{
    Accepted, ConnectionState, Error, Player, Room, RoomEvent, RoomEvents, RoomId, RoomOptions,
};
use serde_json::Value;
use shared::client::Stopped;
use shared::wire::room::Event;
use tokio::time::{Instant, sleep_until};

use super::room_log::{RoomLog, Violation};

/// The fate of a message: its name, and its durable position.
type Fate = Pin<Box<dyn Future<Output = (String, Result<Accepted, Error>)> + Send>>;

/// One member of a room, on the client that applications have.
pub struct Recorder {
    room: Room,
    events: RoomEvents,
    /// The log that the member received.
    pub log: RoomLog,
    epoch: Option<String>,
    pending: FuturesUnordered<Fate>,
    settled: BTreeMap<String, u64>,
    /// Messages that failed, by their names.
    pub failed: Vec<(String, Error)>,
    is_here: bool,
    lost_since: Option<Instant>,
    /// The time from each lost connection to the next welcome.
    pub resumes: Vec<Duration>,
    /// Hints of other members that arrived.
    pub hints: u64,
    /// The close codes of lost connections, in order; 1006 for one that broke.
    pub codes: Vec<u16>,
    /// The end of the connection, once it is closed for good.
    pub ended: Option<Stopped>,
}

impl Recorder {
    /// Opens the room. The connection opens, and reconnects, by itself.
    #[must_use]
    pub fn open(player: &Player, room: RoomId) -> Self {
        let room = player.open_room(room, RoomOptions { audit: true, ..RoomOptions::default() });
        Self {
            events: room.events(),
            room,
            log: RoomLog::default(),
            epoch: None,
            pending: FuturesUnordered::new(),
            settled: BTreeMap::new(),
            failed: Vec::new(),
            is_here: false,
            lost_since: None,
            resumes: Vec::new(),
            hints: 0,
            codes: Vec::new(),
            ended: None,
        }
    }

    /// Sends a message under a name that no other message of this member has.
    pub fn say(&mut self, name: impl Into<String>, body: &Value) {
        let (name, sent) = (name.into(), self.room.say(body));
        self.pending.push(Box::pin(async move { (name, sent.durable().await) }));
    }

    /// The room, for all that needs no account.
    #[must_use]
    pub fn room(&self) -> &Room {
        &self.room
    }

    /// Returns the number of messages whose fate is not known yet.
    #[must_use]
    pub fn unsettled(&self) -> usize {
        self.pending.len()
    }

    /// Returns the messages that were reported durable: each name with its position.
    pub fn settled(&self) -> impl Iterator<Item = (&str, u64)> {
        self.settled.iter().map(|(name, &at)| (name.as_str(), at))
    }

    /// Breaks the connection. It reconnects after this time, or as after any loss.
    pub fn cut(&mut self, away: Option<Duration>) {
        self.is_here = false;
        self.room.cut(away);
    }

    /// Returns true while the connection is open.
    #[must_use]
    pub fn is_here(&self) -> bool {
        self.is_here
    }

    /// Takes one event of the room, or the fate of a message. Returns at `until` if nothing happens.
    pub async fn step(&mut self, until: Instant) {
        let is_open = self.ended.is_none();
        tokio::select! {
            event = self.events.next(), if is_open => self.take(event),
            Some((name, fate)) = self.pending.next() => self.settle(name, fate),
            () = sleep_until(until) => {}
        }
    }

    /// Steps until `done`, or until the deadline. Returns true if it is done.
    pub async fn until(&mut self, deadline: Instant, done: impl Fn(&Self) -> bool) -> bool {
        while !done(self) {
            if Instant::now() >= deadline {
                return false;
            }
            self.step(deadline).await;
        }
        true
    }

    fn settle(&mut self, name: String, fate: Result<Accepted, Error>) {
        match fate {
            Ok(accepted) => {
                self.settled.insert(name, accepted.at);
            }
            Err(error) => self.failed.push((name, error)),
        }
    }

    fn take(&mut self, event: Option<RoomEvent>) {
        match event {
            Some(RoomEvent::Welcomed(welcome)) => {
                self.is_here = true;
                self.resumes.extend(self.lost_since.take().map(|since| since.elapsed()));
                self.log.welcome(&welcome, self.epoch.as_ref() == Some(&welcome.epoch));
                self.log.durable(welcome.durable);
                self.epoch = Some(welcome.epoch.clone());
            }
            Some(RoomEvent::Event(event)) => match &event.event {
                Event::Durable { to } => self.log.durable(*to),
                Event::Hint(_) => {
                    let is_own = self.room.read(|view| view.you == event.by);
                    self.hints += u64::from(!is_own);
                }
                _ if event.at.is_some() => self.log.event((*event).clone()),
                _ => {}
            },
            Some(RoomEvent::Repeated(event)) => self.log.event((*event).clone()),
            Some(RoomEvent::Connection(state)) => self.on_state(state),
            None => {
                let why = "the stream of events ended before the connection".to_owned();
                let stopped = Stopped { code: 0, why: why.clone(), signed_out: false };
                self.log.violation(Violation::Order(why));
                self.ended = Some(stopped);
            }
        }
    }

    fn on_state(&mut self, state: ConnectionState) {
        match state {
            ConnectionState::Waiting { code, why, .. } => {
                self.is_here = false;
                self.codes.push(code);
                if self.epoch.is_some() {
                    self.lost_since.get_or_insert_with(Instant::now);
                }
                let at = self.log.at();
                match why.as_str() {
                    "behind" => {
                        self.log.violation(Violation::Order(format!("events after {at} were left out")));
                    }
                    "unreadable" => self.log.violation(Violation::Unreadable(format!("a frame after {at}"))),
                    _ => {}
                }
            }
            ConnectionState::Stopped(stopped) => {
                self.is_here = false;
                self.codes.push(stopped.code);
                self.ended = Some(stopped);
            }
            ConnectionState::Connecting | ConnectionState::Open => {}
        }
    }
}

impl std::fmt::Debug for Recorder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recorder")
            .field("room", &self.room)
            .field("at", &self.log.at())
            .finish_non_exhaustive()
    }
}
