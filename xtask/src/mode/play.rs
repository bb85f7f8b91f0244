//! `cargo xtask mode play`: plays random matches of a mode natively, and measures them.

use std::fmt;
use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressIterator as _};
use serde_json::Value;
use shared::mode::{Chance, patch, random_play};
use shared::mode::{Event, MODES, Outcome, Rejection, Running, Seat, Seed, Viewer};
use shared::time::Time;

use super::find;

/// Events after which a match counts as one that does not end.
const EVENTS_MAX: u64 = 100_000;
/// The time at which every match starts, so that results depend on nothing but the options.
const START: Time = Time::from_ms(1_733_000_000_000);

/// The events of a match, with their times.
type Log = Vec<(Time, Event<Value>)>;

/// Plays random legal matches of a mode, and prints their speed, lengths, results and sizes.
#[derive(Debug, Clone, Args)]
pub struct Play {
    /// The mode, such as `connect-four@1`; without a version, the newest
    #[arg(value_name = "NAME")]
    mode: String,
    /// Seats of each match [default: the fewest]
    #[arg(long)]
    seats: Option<usize>,
    /// Number of matches
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
    games: u32,
    /// The seed of the first match; each match has the next number
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The mode's configuration, as JSON [default: the mode's own]
    #[arg(long, value_name = "JSON", default_value = "null", hide_default_value = true)]
    config: String,
}

/// The figures of all matches.
#[derive(Debug, Default)]
struct Figures {
    mode: String,
    games: u32,
    moves: u64,
    events: u64,
    /// The time of all moves and events, without views.
    took: Duration,
    /// Wins by seat; a shared first rank that is no draw counts for each of its seats.
    wins: Vec<u32>,
    draws: u32,
    /// Matches that fell asleep or reached the limit of events.
    unended: u32,
    state_bytes: usize,
    view_bytes: usize,
    patch_bytes: u64,
}

/// Plays the matches, and returns their figures as text.
pub fn run(options: &Play) -> Result<String> {
    Ok(measure(options)?.to_string())
}

fn measure(options: &Play) -> Result<Figures> {
    let mode = find(&options.mode)?;
    let seats = options.seats.unwrap_or(*mode.seats().start());
    let config: Value = serde_json::from_str(&options.config)
        .context("--config is not JSON: write it like '{\"best_of\": 5}'")?;
    let mut figures =
        Figures { mode: mode.to_string(), games: options.games, wins: vec![0; seats], ..Figures::default() };
    let bar = if std::io::stderr().is_terminal() {
        ProgressBar::new(options.games.into())
    } else {
        ProgressBar::hidden()
    };
    for n in (0..options.games).progress_with(bar) {
        let seed = options.seed.wrapping_add(n.into());
        let start = || MODES.start(&figures.mode, seats, &config, Seed::new(seed.into()), START);
        let (mut game, mut watched) = (start()?, start()?);
        let (log, took) = play(&mut *game, seed).with_context(|| format!("seed {seed}"))?;
        figures.took += took;
        figures.count(&log, game.outcome());
        figures.watch(&mut *watched, &log)?;
    }
    Ok(figures)
}

/// Plays a match to its end, and returns its events and the time that they took.
fn play(game: &mut dyn Running, seed: u64) -> Result<(Log, Duration)> {
    let mut chance = Chance::new(Seed::new(u128::from(seed) << 64));
    let (mut log, mut now, began) = (Log::new(), START, Instant::now());
    while let Some((at, event)) = random_play::next_event(game, now, &mut chance) {
        now = at;
        if log.len() as u64 >= EVENTS_MAX {
            break;
        }
        handle(game, at, &event)?;
        log.push((at, event));
    }
    Ok((log, began.elapsed()))
}

/// Handles an event that the mode itself has chosen.
fn handle(game: &mut dyn Running, at: Time, event: &Event<Value>) -> Result<()> {
    match game.handle(at, event) {
        Ok(_) => Ok(()),
        Err(Rejection::Fault(fault)) => {
            let why = fault.why;
            bail!("the mode refuses its own random move {event:?} ({why}): correct `random_move` or `handle`")
        }
        Err(Rejection::Broken(broken)) => Err(anyhow!(broken)),
    }
}

impl Figures {
    fn count(&mut self, log: &Log, outcome: Option<&Outcome>) {
        self.events += log.len() as u64;
        self.moves += log.iter().filter(|(_, event)| matches!(event, Event::Move { .. })).count() as u64;
        let Some(outcome) = outcome else {
            self.unended += 1;
            return;
        };
        if outcome.draw {
            self.draws += 1;
            return;
        }
        for (wins, rank) in self.wins.iter_mut().zip(&outcome.ranks) {
            *wins += u32::from(*rank == 1);
        }
    }

    /// Replays a match, and measures the sizes of its state, views and patches for the player of the first seat.
    fn watch(&mut self, game: &mut dyn Running, log: &Log) -> Result<()> {
        let viewer = Viewer::Seat(Seat::FIRST);
        let mut view = game.view(viewer)?;
        for (at, event) in log {
            handle(game, *at, event)?;
            let after = game.view(viewer)?;
            let patch = patch::difference(&view, &after);
            self.patch_bytes += patch.map_or(0, |patch| patch.as_str().len() as u64);
            self.state_bytes = self.state_bytes.max(game.encode().len());
            self.view_bytes = self.view_bytes.max(after.as_str().len());
            view = after;
        }
        Ok(())
    }
}

#[allow(clippy::cast_precision_loss, reason = "the counts of a run are far below 2^52")]
impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, games) = (self.took.as_secs_f64().max(1e-9), f64::from(self.games));
        let (moves, events) = (self.moves as f64, self.events as f64);
        let wins: Vec<String> = self.wins.iter().map(ToString::to_string).collect();
        writeln!(f, "{}, {} seats, {} matches", self.mode, self.wins.len(), self.games)?;
        writeln!(f, "  matches a second      {:12.0}", games / seconds)?;
        writeln!(f, "  moves a second        {:12.0}", moves / seconds)?;
        writeln!(f, "  moves a match         {:12.1}", moves / games)?;
        writeln!(f, "  events a match        {:12.1}", events / games)?;
        writeln!(f, "  wins by seat          {:>12}", wins.join(" "))?;
        writeln!(f, "  draws                 {:12}", self.draws)?;
        writeln!(f, "  without an end        {:12}", self.unended)?;
        writeln!(f, "  largest state, bytes  {:12}", self.state_bytes)?;
        writeln!(f, "  largest view, bytes   {:12}", self.view_bytes)?;
        writeln!(f, "  patch a move, bytes   {:12.1}", self.patch_bytes as f64 / moves.max(1.0))?;
        writeln!(f, "  patch an event, bytes {:12.1}", self.patch_bytes as f64 / events.max(1.0))
    }
}
