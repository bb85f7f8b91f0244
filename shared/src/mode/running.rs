//! A match under way: the state of a mode without its type, and the guarantees that no mode has to give itself.

use super::config::ConfigError;
use super::{Chance, Event, Fault, Mode, Outcome, Seat, Start, Verdict, Viewer, config, patch};
use crate::json::Json;
use crate::limits;
use crate::time::Time;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::to_raw_value;
use std::fmt;
use std::time::Duration;

/// A match of any mode.
///
/// It guarantees for every mode: a refused event has changed nothing; an event names a seat of the match; a body is small
/// and is a move; nothing moves after the end; and the state stays within its limit.
pub trait Running: fmt::Debug {
    /// Returns the name and version of the mode, such as `connect-four@1`.
    fn mode(&self) -> String;
    /// Handles an event. The state has changed if and only if it is accepted.
    fn handle(&mut self, now: Time, event: &Event<Value>) -> Result<Verdict, Rejection>;
    /// Returns the state as a viewer may see it.
    fn view(&self, viewer: Viewer) -> Result<Json, Broken>;
    /// Returns the match as text, from which [`super::Registry::restore`] makes it again.
    fn encode(&self) -> &str;
    /// Returns the moment at which the mode wants to be woken; none after the end.
    fn wake_at(&self) -> Option<Time>;
    /// Returns the interval of a real-time mode.
    fn tick(&self) -> Option<Duration>;
    /// Returns true if views may differ.
    fn hides(&self) -> bool;
    /// Returns an equal match.
    fn duplicate(&self) -> Box<dyn Running>;
    /// Returns the number of seats.
    fn seats(&self) -> usize;
    /// Returns the result, if the match has ended.
    fn outcome(&self) -> Option<&Outcome>;
    /// Returns a random legal move of a seat, if it has one.
    fn random_move(&self, seat: Seat, chance: &mut Chance) -> Option<Value>;
}

/// The reason for which an event was not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rejection {
    /// The sender broke a rule; the match goes on.
    Fault(Fault),
    /// The mode has a bug; the match ends unrated.
    Broken(Broken),
}

impl From<Fault> for Rejection {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<Broken> for Rejection {
    fn from(broken: Broken) -> Self {
        Self::Broken(broken)
    }
}

/// An error of the mode itself: its match cannot go on, and ends unrated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Broken {
    /// The encoded match is beyond [`limits::MODE_STATE_BYTES_MAX`].
    TooLarge { bytes: usize },
    /// The state or a view cannot be written as JSON.
    Unencodable(String),
    /// A view contains null, which a merge patch cannot express.
    NullInView { path: String },
    /// An outcome does not rank each seat.
    WrongRanks { ranks: usize, seats: usize },
    /// A stored match cannot be read.
    Unreadable(String),
    /// The mode wants to be woken again and again at the same time.
    WakesForever,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { bytes } => {
                let most = limits::MODE_STATE_BYTES_MAX;
                write!(
                    f,
                    "the encoded match has {bytes} bytes, and the limit is {most}: keep less in the state"
                )
            }
            Self::Unencodable(error) => write!(f, "not valid as JSON: {error}"),
            Self::NullInView { path } => {
                write!(f, "the view has null at `{path}`: leave the field out (skip_serializing_if)")
            }
            Self::WrongRanks { ranks, seats } => {
                write!(f, "the outcome has {ranks} ranks for {seats} seats: rank each seat")
            }
            Self::Unreadable(error) => write!(f, "the stored match cannot be read: {error}"),
            Self::WakesForever => {
                f.write_str("`wake_at` stays in the past: `handle` must move it when it is woken")
            }
        }
    }
}

impl std::error::Error for Broken {}

/// The stored form of a match.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Stored<M> {
    /// The name and version with which the match began, and which restores it.
    mode: String,
    seats: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    outcome: Option<Outcome>,
    state: M,
}

/// The part of a stored match that names its mode.
#[derive(Deserialize)]
struct Header {
    mode: String,
}

/// Returns the name and version of a stored match.
pub(super) fn mode_of(text: &str) -> Result<String, Broken> {
    let header: Header = serde_json::from_str(text).map_err(|error| Broken::Unreadable(error.to_string()))?;
    Ok(header.mode)
}

/// The bytes by which an event usually makes the text longer, at most.
const GROWTH: usize = 64;

/// A match of the mode `M`, with its encoded form.
struct Match<M> {
    stored: Stored<M>,
    text: String,
}

/// Checks a configuration.
pub(super) fn check<M: Mode>(config: &Value) -> Result<M::Config, ConfigError> {
    let config = config::read(config)?;
    M::check(&config)?;
    Ok(config)
}

/// Starts a match of a checked number of seats.
pub(super) fn start<M: Mode>(start: Start<'_, Value>) -> Started {
    let config = check::<M>(start.config).map_err(StartError::Config)?;
    let (mode, seats) = (format!("{}@{}", M::NAME, M::VERSION), start.seats);
    let state = M::setup(Start { config: &config, now: start.now, seats, chance: start.chance });
    let started = Match::new(Stored { mode, seats, outcome: None, state });
    Ok(Box::new(started.map_err(StartError::Broken)?))
}

/// A match that has started, or the reason for which it has not.
pub(super) type Started = Result<Box<dyn Running>, StartError>;

/// The reason for which a match does not start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StartError {
    /// The pool's configuration is wrong.
    Config(ConfigError),
    /// The mode has a bug.
    Broken(Broken),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(error) => error.fmt(f),
            Self::Broken(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for StartError {}

/// Restores a match of the mode `M`.
pub(super) fn restore<M: Mode>(text: &str) -> Result<Box<dyn Running>, Broken> {
    let stored: Stored<M> =
        serde_json::from_str(text).map_err(|error| Broken::Unreadable(error.to_string()))?;
    Ok(Box::new(Match::new(stored)?))
}

impl<M: Mode> Match<M> {
    fn new(stored: Stored<M>) -> Result<Self, Broken> {
        Self::with_capacity(stored, 0)
    }

    /// `capacity` is the expected length of the text.
    fn with_capacity(stored: Stored<M>, capacity: usize) -> Result<Self, Broken> {
        let mut text = Vec::with_capacity(capacity);
        let unencodable = |error: &dyn fmt::Display| Broken::Unencodable(error.to_string());
        serde_json::to_writer(&mut text, &stored).map_err(|error| unencodable(&error))?;
        let text = String::from_utf8(text).map_err(|error| unencodable(&error))?;
        if text.len() > limits::MODE_STATE_BYTES_MAX {
            return Err(Broken::TooLarge { bytes: text.len() });
        }
        Ok(Self { stored, text })
    }
}

impl<M> fmt::Debug for Match<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The state may hide cards.
        f.debug_struct("Match").field("mode", &self.stored.mode).finish_non_exhaustive()
    }
}

impl<M: Mode> Running for Match<M> {
    fn mode(&self) -> String {
        self.stored.mode.clone()
    }

    fn handle(&mut self, now: Time, event: &Event<Value>) -> Result<Verdict, Rejection> {
        event.check(self.stored.seats)?;
        if self.stored.outcome.is_some() {
            return event.after_the_end().map_err(Rejection::Fault);
        }
        let event = event.read::<M::Move>()?;
        let mut stored = self.stored.clone();
        let verdict = stored.state.handle(now, event)?;
        if let Some(outcome) = &verdict.ended
            && outcome.ranks.len() != stored.seats
        {
            return Err(Broken::WrongRanks { ranks: outcome.ranks.len(), seats: stored.seats }.into());
        }
        stored.outcome.clone_from(&verdict.ended);
        *self = Self::with_capacity(stored, self.text.len() + GROWTH)?;
        Ok(verdict)
    }

    fn view(&self, viewer: Viewer) -> Result<Json, Broken> {
        let view = to_raw_value(&self.stored.state.view(viewer))
            .map_err(|error| Broken::Unencodable(error.to_string()))?;
        let view = Json::from(view);
        patch::null_in(&view).map_or(Ok(view), |path| Err(Broken::NullInView { path }))
    }

    fn encode(&self) -> &str {
        &self.text
    }

    fn wake_at(&self) -> Option<Time> {
        if self.stored.outcome.is_some() { None } else { self.stored.state.wake_at() }
    }

    fn tick(&self) -> Option<Duration> {
        M::TICK
    }

    fn hides(&self) -> bool {
        M::HIDES
    }

    fn duplicate(&self) -> Box<dyn Running> {
        Box::new(Self { stored: self.stored.clone(), text: self.text.clone() })
    }

    fn seats(&self) -> usize {
        self.stored.seats
    }

    fn outcome(&self) -> Option<&Outcome> {
        self.stored.outcome.as_ref()
    }

    fn random_move(&self, seat: Seat, chance: &mut Chance) -> Option<Value> {
        if self.stored.outcome.is_some() {
            return None;
        }
        serde_json::to_value(self.stored.state.random_move(seat, chance)?).ok()
    }
}
