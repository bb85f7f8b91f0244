//! `cargo xtask mode replay`: plays a recorded match again, and prints what each viewer saw.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Args;
use serde_json::Value;
use shared::mode::{Event, MODES, Outcome, Running, Seat, Verdict, Viewer};

/// Plays a recorded match again, and prints each event with the view of every seat and of a spectator.
#[derive(Debug, Clone, Args)]
pub struct Replay {
    /// The record of the match, as moderators read it, or its `replay` alone
    #[arg(value_name = "MATCH.json")]
    file: PathBuf,
    /// Prints the view of this seat only
    #[arg(long)]
    seat: Option<u8>,
}

/// Replays the match of a file, and returns what is printed.
pub fn run(options: &Replay) -> Result<String> {
    let path = options.file.display();
    let text = fs::read_to_string(&options.file).with_context(|| format!("{path} cannot be read"))?;
    replay(&path.to_string(), &text, options.seat)
}

/// Replays the match of a text, whose file is called `path`. An error if the match has another outcome than its record.
pub fn replay(path: &str, text: &str, seat: Option<u8>) -> Result<String> {
    let record: Value = serde_json::from_str(text).with_context(|| format!("{path} is not JSON"))?;
    let replay = record.get("replay").unwrap_or(&record);
    let replay: shared::mode::Replay = serde_json::from_value(replay.clone())
        .with_context(|| format!("{path} has no replay: a record of a match with a mode has one"))?;
    let mut out = format!("{}, {} seats, seed {}\n", replay.mode, replay.seats, replay.seed);
    let mut failed = None;
    let game = replay.run(&MODES, |now, event, game| {
        if let Err(error) = show(&mut out, now.since(replay.started).as_secs_f64(), event, game, seat) {
            failed.get_or_insert(error);
        }
    })?;
    if let Some(error) = failed {
        return Err(error);
    }
    let recorded: Option<Outcome> =
        record.get("outcome").cloned().and_then(|it| serde_json::from_value(it).ok());
    if let (Some(recorded), outcome) = (&recorded, game.outcome()) {
        anyhow::ensure!(
            outcome == Some(recorded),
            "the record has the outcome {recorded:?}, and the replay {outcome:?}"
        );
    }
    match game.outcome() {
        Some(Outcome { ranks, why, .. }) => _ = writeln!(out, "ended: ranks {ranks:?}, {why}"),
        None => out.push_str("not ended\n"),
    }
    Ok(out)
}

/// Prints an event, and the views after it. Views that all share are printed once.
fn show(
    out: &mut String,
    seconds: f64,
    event: Option<(&Event<Value>, &Verdict)>,
    game: &dyn Running,
    seat: Option<u8>,
) -> Result<()> {
    match event {
        None => _ = writeln!(out, "{seconds:9.3} s  start"),
        Some((event, verdict)) => {
            _ = writeln!(out, "{seconds:9.3} s  {}", serde_json::to_string(event)?);
            if let Some(public) = &verdict.public {
                _ = writeln!(out, "             told all   {public}");
            }
            for (seat, told) in &verdict.private {
                _ = writeln!(out, "             told {:<5} {told}", seat.index());
            }
        }
    }
    let shared = game.view(Viewer::Spectator)?;
    let seats = Seat::all(game.seats()).filter(|one| seat.is_none_or(|only| *one == Seat::new(only)));
    if seat.is_none() {
        _ = writeln!(out, "             spectator  {shared}");
    }
    for seat in seats {
        let view = game.view(Viewer::Seat(seat))?;
        if game.hides() {
            _ = writeln!(out, "             seat {:<5} {view}", seat.index());
        }
    }
    Ok(())
}
