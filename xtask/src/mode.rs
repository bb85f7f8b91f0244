//! `cargo xtask mode`: plays, replays and creates the games that rooms run.

mod cost;
mod new;
mod play;
pub mod replay;

use std::io::{ErrorKind, Write as _};

use anyhow::Result;
use clap::{Args, Subcommand};
use shared::mode::{Entry, MODES};

use crate::root::Root;

/// Plays, replays and creates the games that rooms run.
#[derive(Debug, Clone, Args)]
pub struct Mode {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Clone, Subcommand)]
enum Task {
    Cost(cost::Cost),
    Play(play::Play),
    Replay(replay::Replay),
    New(new::New),
}

/// Runs the command.
pub fn run(options: &Mode) -> Result<()> {
    let text = match &options.task {
        Task::Cost(options) => cost::run(options)?,
        Task::Play(options) => play::run(options)?,
        Task::Replay(options) => replay::run(options)?,
        Task::New(options) => new::run(&Root::here(), options)?,
    };
    // A reader that closes the pipe early, as `head` does, is no error.
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Returns the mode of a name, with or without its version.
fn find(name: &str) -> Result<&'static Entry> {
    let newest = MODES.iter().filter(|entry| entry.name() == name).max_by_key(|entry| entry.version());
    newest.map_or_else(|| Ok(MODES.find(name)?), Ok)
}
