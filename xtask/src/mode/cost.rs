//! `cargo xtask mode cost`: compares a move with a message of the same length, in the room's own code.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use serde_json::{Value, json};
use shared::connection::ConnectionInput;
use shared::mode::{Chance, Event, MODES, Seed, random_play};
use shared::pool::{ChosenMode, Rules};
use shared::room::seats::Seat;
use shared::room::{Conn, Effect, Identity, Input, Role, Room, Setup, Switches};
use shared::time::Time;

use super::find;

/// The time at which every match starts.
const START: Time = Time::from_ms(1_733_000_000_000);
const UNLIMITED: Switches = Switches { debug_commands: false, unlimited_rate: true };

/// Plays random matches in a room without sockets, and prints what a move costs beside a message of the same length.
/// Measure with `cargo run --release -p xtask -- mode cost NAME`.
#[derive(Debug, Clone, Args)]
pub struct Cost {
    /// The mode, such as `connect-four@1`; without a version, the newest
    #[arg(value_name = "NAME")]
    mode: String,
    /// Seats of each match [default: the fewest]
    #[arg(long)]
    seats: Option<usize>,
    /// Number of matches
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..))]
    games: u32,
}

/// The sums of all rooms of one kind.
#[derive(Default)]
struct Sum {
    frames: u32,
    took: Duration,
    /// Bytes of the messages to all, and rows written.
    bytes: usize,
    rows: u32,
}

/// Measures, and returns the table.
pub fn run(options: &Cost) -> Result<String> {
    let mode = find(&options.mode)?;
    let seats = options.seats.unwrap_or(*mode.seats().start());
    let (mut moves, mut says) = (Sum::default(), Sum::default());
    for nth in 0..options.games {
        let frames = frames(&mode.to_string(), seats, nth)?;
        play(&mut moves, Some(mode.to_string()), seats, nth, &frames)?;
        let said: Vec<_> =
            frames.iter().map(|(at, conn, text)| (*at, *conn, text.replace("\"move\"", "\"say\""))).collect();
        play(&mut says, None, seats, nth, &said)?;
    }
    let line = |name: &str, sum: &Sum| {
        let frames = f64::from(sum.frames.max(1));
        format!(
            "{name:<8}{:9} frames {:8.1} µs each {:8.0} bytes to all {:8.1} rows per 1,000\n",
            sum.frames,
            sum.took.as_secs_f64() * 1e6 / frames,
            bytes_each(sum),
            f64::from(sum.rows) * 1000.0 / frames,
        )
    };
    Ok(format!(
        "{mode}, {seats} seats, {} matches\n{}{}",
        options.games,
        line("move", &moves),
        line("say", &says)
    ))
}

#[allow(clippy::cast_precision_loss, reason = "the counts of a run are far below 2^52")]
fn bytes_each(sum: &Sum) -> f64 {
    sum.bytes as f64 / f64::from(sum.frames.max(1))
}

/// Returns the frames of a random match, each with its time and its sender.
fn frames(mode: &str, seats: usize, nth: u32) -> Result<Vec<(Time, Conn, String)>> {
    let mut game = MODES.start(mode, seats, &Value::Null, Seed::new(nth.into()), START)?;
    let mut chance = Chance::new(Seed::new(u128::from(nth) << 64));
    let (mut now, mut frames) = (START, Vec::new());
    while let Some((at, event)) = random_play::next_event(&*game, now, &mut chance) {
        now = at;
        if let Event::Move { seat, body } = &event {
            let conn = Conn(u32::try_from(seat.index())? + 1);
            let text = json!({ "id": 1, "op": "move", "key": format!("k{}", frames.len()), "body": body });
            frames.push((at, conn, text.to_string()));
        }
        if game.handle(at, &event).is_err() || frames.len() >= 2000 {
            break;
        }
    }
    Ok(frames)
}

/// Feeds the frames to a room, and adds what they cost.
fn play(
    sum: &mut Sum,
    mode: Option<String>,
    seats: usize,
    nth: u32,
    frames: &[(Time, Conn, String)],
) -> Result<()> {
    let player = |nth: usize| format!("p_{nth}").parse().context("an id");
    let taken: Vec<Seat> =
        (0..seats).map(|nth| Ok(Seat::of(player(nth)?, String::new()))).collect::<Result<_>>()?;
    let mode = mode.map(|name| ChosenMode { name, config: Value::Null, seed: None });
    let setup = Setup {
        id: "m_1".parse()?,
        pool: None,
        owner: None,
        seats: taken,
        rules: Rules::default(),
        mode,
        trace: None,
    };
    let (mut room, created) = Room::create(START, setup.with_seed(Seed::new(nth.into())), UNLIMITED);
    drop(created);
    for nth in 0..seats {
        let exp = Time::from_ms(u64::MAX);
        let identity = Identity { player: player(nth)?, sid: "s_1".parse()?, ep: 0, exp };
        let conn = Conn(u32::try_from(nth)? + 1);
        let opened = Input::Opened { conn, identity, role: Role::Member, resume: None, name: None };
        drop(room.handle(START, opened));
        drop(room.flush(START));
    }
    let mut refused = 0;
    for (at, conn, text) in frames {
        let began = Instant::now();
        let mut effects = room.handle(*at, ConnectionInput::Text { conn: *conn, text }.into());
        let flush = room.flush(*at);
        sum.took += began.elapsed();
        effects.extend(flush.before.into_iter().chain(flush.after));
        for effect in &effects {
            match effect {
                Effect::Broadcast { text, .. } => sum.bytes += text.len(),
                Effect::Send { text, .. } => refused += u32::from(text.contains("\"err\"")),
                Effect::Save(save) => {
                    let rows = [
                        save.room.is_some(),
                        save.board.is_some(),
                        save.game.is_some(),
                        save.chunk.is_some(),
                    ];
                    sum.rows +=
                        rows.into_iter().map(u32::from).sum::<u32>() + u32::from(save.alarm.is_some());
                }
                _ => {}
            }
        }
    }
    sum.frames += u32::try_from(frames.len())?;
    ensure!(refused == 0, "the room refused {refused} of {} frames", frames.len());
    Ok(())
}
