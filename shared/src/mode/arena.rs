//! Arena: players run over a grid in real time, and the first with enough coins wins.

mod config;
mod grid;
mod view;

use super::config::ConfigError;
use super::ticker::Ticker;
use super::{Chance, Event, Fault, Mode, Outcome, Seat, Start, Verdict, Viewer};
use crate::time::Time;
use config::Config;
use grid::{Heading, Square};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::time::Duration;
use view::View;

const TICK: Duration = Duration::from_millis(100);
/// Ticks of play after which the coins decide: three minutes.
const TICKS_MAX: u32 = 1800;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Arena {
    seats: usize,
    #[serde(default, skip_serializing_if = "Config::is_default")]
    config: Config,
    players: BTreeMap<Seat, Player>,
    coins: BTreeSet<Square>,
    ticks_left: u32,
    steps_first: Seat,
    ticker: Ticker,
    chance: Chance,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Player {
    at: Square,
    heading: Option<Heading>,
    coins: u32,
}

impl Mode for Arena {
    const NAME: &'static str = "arena";
    const VERSION: u32 = 1;
    const SEATS: RangeInclusive<usize> = 2..=8;
    const HIDES: bool = false;
    const TICK: Option<Duration> = Some(TICK);
    type Config = Config;
    type Move = Heading;

    fn check(config: &Config) -> Result<(), ConfigError> {
        config.check()
    }

    fn setup(Start { now, seats, mut chance, config }: Start<'_, Config>) -> Self {
        let mut free: Vec<Square> = grid::all().collect();
        chance.shuffle(&mut free);
        let player = |(seat, at)| (seat, Player { at, heading: None, coins: 0 });
        let players = Seat::all(seats).zip(free).map(player).collect();
        let (coins, steps_first, ticker) = (BTreeSet::new(), Seat::FIRST, Ticker::new(now, TICK));
        let config = config.clone();
        let mut arena =
            Self { seats, config, players, coins, ticks_left: TICKS_MAX, steps_first, ticker, chance };
        arena.drop_coins();
        arena
    }

    fn handle(&mut self, now: Time, event: Event<Heading>) -> Result<Verdict, Fault> {
        match event {
            Event::Move { seat, body } => {
                self.players.entry(seat).and_modify(|player| player.heading = Some(body));
                self.ticker.moved(now);
            }
            Event::Woke if self.ticker.is_due(now) => self.step(now),
            Event::Gone { seat } => drop(self.players.remove(&seat)),
            Event::Woke | Event::Away { .. } | Event::Back { .. } => {}
            Event::Signal { .. } => return Err(Fault::no_signals()),
        }
        Ok(Verdict::default().ending(self.outcome()))
    }

    fn view(&self, _viewer: Viewer) -> impl Serialize {
        View::of(self)
    }

    fn wake_at(&self) -> Option<Time> {
        self.ticker.wake_at()
    }

    fn random_move(&self, seat: Seat, chance: &mut Chance) -> Option<Heading> {
        chance.pick(&Heading::ALL).copied().filter(|_| self.players.contains_key(&seat))
    }
}

impl Arena {
    /// Moves each player one square ahead, unless there is a wall or another player. A late step is one step.
    fn step(&mut self, now: Time) {
        self.ticks_left = self.ticks_left.saturating_sub(1);
        self.steps_first = self.steps_first.next(self.seats);
        for seat in self.steps_first.around(self.seats) {
            let target = self.players.get(&seat).and_then(|player| self.ahead(player));
            if let (Some(at), Some(player)) = (target, self.players.get_mut(&seat)) {
                player.at = at;
                player.coins += u32::from(self.coins.remove(&at));
                self.ticker.moved(now);
            }
        }
        self.drop_coins();
        self.ticker.advance(now);
    }

    /// Returns the square ahead of a player, if the player runs and can step on it.
    fn ahead(&self, player: &Player) -> Option<Square> {
        player.heading?.from(player.at).filter(|target| !self.is_taken(*target))
    }

    fn is_taken(&self, at: Square) -> bool {
        self.players.values().any(|player| player.at == at)
    }

    /// Puts coins on random free squares, until there is one for each seat.
    fn drop_coins(&mut self) {
        for _ in self.coins.len()..self.seats {
            let free: Vec<_> =
                grid::all().filter(|at| !self.is_taken(*at) && !self.coins.contains(at)).collect();
            self.coins.extend(self.chance.pick(&free));
        }
    }

    /// Returns the outcome once there are enough coins, no ticks, or no opponents.
    fn outcome(&self) -> Option<Outcome> {
        let has_won = |player: &Player| player.coins >= self.config.coins_to_win;
        let is_over = self.players.values().any(has_won) || self.ticks_left == 0 || self.players.len() < 2;
        let score = |seat| self.players.get(&seat).map_or(-1, |player| i64::from(player.coins));
        is_over.then(|| Outcome::by_score(Seat::all(self.seats).map(score), "coins"))
    }
}
