//! Modes: the rules of games that run inside a room.
//!
//! A mode is a value and five functions. [`Mode::setup`] makes the state of a match; [`Mode::handle`] executes one event
//! or refuses it; [`Mode::view`] is the state as one player, or a spectator, may see it; [`Mode::wake_at`] is the moment
//! at which time itself is an event; and [`Mode::random_move`] plays for bots and tests. Nothing else exists for a mode:
//! no clock but `now`, no randomness but [`Chance`], no sockets, no disk.
//!
//! [`Running`] does the rest for all modes: a refused event changes nothing, no event comes after
//! the end, and each event comes from a seat that exists. A match restores from its text at any moment, and the accepted
//! events of a match give the same state again from the same seed.
//!
//! A complete mode, and a match of it:
//!
//! ```
//! use serde::{Deserialize, Serialize};
//! use serde_json::{Value, json};
//! use shared::mode::config::{self, ConfigError};
//! use shared::mode::{
//!     Chance, Entry, Event, Fault, Mode, Outcome, Registry, Rejection, Seat, Seed, Start, Verdict, Viewer, patch,
//! };
//! use shared::time::Time;
//! use std::ops::RangeInclusive;
//!
//! /// Nim: players take one to three matches in turn, and the player who takes the last one wins.
//! #[derive(Clone, Serialize, Deserialize)]
//! struct Nim {
//!     left: u32,
//!     turn: Seat,
//! }
//!
//! #[derive(Deserialize)]
//! #[serde(deny_unknown_fields, default)]
//! struct Config {
//!     matches: u32,
//! }
//!
//! impl Default for Config {
//!     fn default() -> Self {
//!         Self { matches: 15 }
//!     }
//! }
//!
//! #[derive(Serialize, Deserialize)]
//! #[serde(deny_unknown_fields)]
//! struct Move {
//!     take: u32,
//! }
//!
//! impl Mode for Nim {
//!     const NAME: &'static str = "nim";
//!     const VERSION: u32 = 1;
//!     const SEATS: RangeInclusive<usize> = 2..=2;
//!     type Config = Config;
//!     type Move = Move;
//!
//!     fn check(config: &Config) -> Result<(), ConfigError> {
//!         config::within("matches", config.matches, &(1..=100))
//!     }
//!
//!     fn setup(start: Start<'_, Config>) -> Self {
//!         Self { left: start.config.matches, turn: Seat::FIRST }
//!     }
//!
//!     fn handle(&mut self, _now: Time, event: Event<Move>) -> Result<Verdict, Fault> {
//!         match event {
//!             Event::Move { seat, .. } if seat != self.turn => Err(Fault::not_your_turn()),
//!             Event::Move { body: Move { take }, .. } if !(1..=3).contains(&take) || take > self.left => {
//!                 Err(Fault::illegal("one_to_three", "Take one to three of the matches that are left."))
//!             }
//!             Event::Move { seat, body: Move { take } } => {
//!                 self.left -= take;
//!                 self.turn = seat.other();
//!                 let won = (self.left == 0).then(|| Outcome::won(seat, 2, "took_the_last"));
//!                 Ok(Verdict::tell(json!({ "by": seat, "took": take })).ending(won))
//!             }
//!             Event::Gone { seat } => Ok(Verdict::end(Outcome::lost(seat, 2, "left"))),
//!             Event::Away { .. } | Event::Back { .. } | Event::Woke => Ok(Verdict::default()),
//!             Event::Signal { .. } => Err(Fault::no_signals()),
//!         }
//!     }
//!
//!     fn view(&self, _viewer: Viewer) -> impl Serialize {
//!         json!({ "left": self.left, "turn": self.turn })
//!     }
//!
//!     fn random_move(&self, seat: Seat, chance: &mut Chance) -> Option<Move> {
//!         let most = usize::try_from(self.left.min(3)).ok()?;
//!         let take = u32::try_from(1 + chance.below(most)).ok()?;
//!         (seat == self.turn).then_some(Move { take })
//!     }
//! }
//!
//! let entries = [Entry::of::<Nim>()];
//! let modes = Registry::new(&entries);
//! let now = Time::from_ms(1_733_000_000_000);
//!
//! // A pool says which mode it has. A mistake is found before a match starts.
//! let error = modes.start("nim@1", 2, &json!({ "matches": 0 }), Seed::new(1), now).unwrap_err();
//! assert_eq!(error.to_string(), "mode_config.matches: 0 is outside 1 to 100: choose a number in between");
//! let mut game = modes.start("nim@1", 2, &json!({ "matches": 4 }), Seed::new(1), now)?;
//!
//! // A move out of turn is refused, and changes nothing.
//! let take = |seat: u8, take: u32| Event::Move { seat: Seat::new(seat), body: json!({ "take": take }) };
//! let refused = game.handle(now, &take(1, 3));
//! assert!(matches!(refused, Err(Rejection::Fault(fault)) if fault.why == "not_your_turn"));
//!
//! // Viewers receive the change of their view as a merge patch.
//! let before = game.view(Viewer::Spectator)?;
//! let verdict = game.handle(now, &take(0, 3)).unwrap();
//! assert_eq!(verdict.public, Some(json!({ "by": 0, "took": 3 })));
//! let after = game.view(Viewer::Spectator)?;
//! let patch = patch::difference(&before, &after).unwrap();
//! assert_eq!(patch.as_str(), r#"{"left":1,"turn":1}"#);
//!
//! // The text is the match: an evicted room goes on from it.
//! let mut game = modes.restore(game.encode())?;
//! let verdict = game.handle(now, &take(1, 1)).unwrap();
//! assert_eq!(verdict.ended.map(|outcome| outcome.ranks), Some(vec![2, 1]));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Rules for a good mode:
//!
//! - A view is made of maps, not of long arrays: a merge patch replaces an array as a whole. It contains no null, because
//!   null removes a key in a patch.
//! - What a player hides is in that player's view only. The public part of a verdict, and the texts of faults, must not
//!   depend on it.
//! - Time is compared and not counted: a wake comes late, or twice. A move that comes after its time, and before the wake,
//!   is [`Fault::too_late`].
//! - The constants of a version never change, and neither does the meaning of its stored states: a changed mode has a new
//!   version, and the old one stays in the [`Registry`] for the matches that began with it.
//! - Every match ends if its players move; one in which nothing moves may sleep until its room ends.

mod arena;
#[cfg(feature = "test-modes")]
mod canary;
pub mod chance;
pub mod clock;
pub mod config;
mod connect_four;
#[cfg(feature = "test-modes")]
mod counting;
pub mod endings;
mod event;
mod fault;
mod go_fish;
mod members;
mod outcome;
pub mod patch;
pub mod predict;
pub mod random_play;
mod registry;
mod replay;
mod rock_paper_scissors;
mod running;
mod seat;
mod tic_tac_toe;
pub mod ticker;
mod verdict;

use crate::time::Time;
pub use chance::{Chance, Seed};
use config::ConfigError;
pub use event::Event;
pub use fault::{Fault, FaultCode};
pub use outcome::Outcome;
pub use registry::{Entry, Registry};
pub use replay::{Replay, ReplayError};
pub use running::{Broken, Rejection, Running, StartError};
pub use seat::{Seat, Viewer};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::ops::RangeInclusive;
use std::time::Duration;
pub use verdict::Verdict;

/// The modes that a room can run.
pub const MODES: Registry<'static> = Registry::new(&[
    Entry::of::<arena::Arena>(),
    #[cfg(feature = "test-modes")]
    Entry::of::<canary::Canary>(),
    Entry::of::<connect_four::ConnectFour>(),
    #[cfg(feature = "test-modes")]
    Entry::of::<counting::Counting>(),
    Entry::of::<go_fish::GoFish>(),
    Entry::of::<rock_paper_scissors::RockPaperScissors>(),
    Entry::of::<tic_tac_toe::TicTacToe>(),
]);

/// The rules of a game. The implementing type is the whole state of a match.
pub trait Mode: Clone + Serialize + DeserializeOwned + 'static {
    /// The name, in lower case with hyphens.
    const NAME: &'static str;
    /// The version. A change of the rules, the state or the moves is a new version.
    const VERSION: u32;
    /// The numbers of seats that a match may have.
    const SEATS: RangeInclusive<usize>;
    /// True if players hide anything from each other or from spectators, so that their views may differ. It costs a view
    /// and a comparison for each seat and event.
    const HIDES: bool = true;
    /// The interval between the wakes of a real-time mode, from [`MODE_TICK_MIN`] to [`MODE_TICK_MAX`]. A room then keeps
    /// a timer, and not an alarm, while [`Mode::wake_at`] returns a time.
    ///
    /// [`MODE_TICK_MIN`]: crate::limits::MODE_TICK_MIN
    /// [`MODE_TICK_MAX`]: crate::limits::MODE_TICK_MAX
    const TICK: Option<Duration> = None;
    /// The configuration in a pool. All its fields have defaults, and unknown fields are errors.
    type Config: DeserializeOwned + Default;
    /// A move of a player.
    type Move: Serialize + DeserializeOwned;

    /// Checks the limits of a configuration.
    fn check(_config: &Self::Config) -> Result<(), ConfigError> {
        Ok(())
    }

    /// Returns the state at the beginning.
    fn setup(start: Start<'_, Self::Config>) -> Self;

    /// Executes an event, or refuses it. A refusal need not restore the state: [`Running`] does.
    fn handle(&mut self, now: Time, event: Event<Self::Move>) -> Result<Verdict, Fault>;

    /// Returns the state as a viewer may see it.
    fn view(&self, viewer: Viewer) -> impl Serialize;

    /// Returns the moment at which the mode must be woken, whatever the players do; none if it need not be.
    fn wake_at(&self) -> Option<Time> {
        None
    }

    /// Returns a random legal move of a seat; none if the seat has to wait. Every legal move that continues a match is
    /// possible; a mode may leave out those that merely end it, such as resigning.
    fn random_move(&self, seat: Seat, chance: &mut Chance) -> Option<Self::Move>;
}

/// The circumstances in which a match starts.
#[derive(Debug)]
pub struct Start<'a, C> {
    pub now: Time,
    /// The number of seats, within [`Mode::SEATS`].
    pub seats: usize,
    /// The checked configuration.
    pub config: &'a C,
    /// The randomness of the match. A mode that needs it later keeps it in its state.
    pub chance: Chance,
}
