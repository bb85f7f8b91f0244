//! The cost of single commands of clients in a full lobby, which a hostile client may repeat.

use crate::crowd::{Crowd, LATEST};
use crate::measure::median;
use serde::{Deserialize, Serialize};
use serde_json::json;
use shared::connection::{Conn, ConnectionInput};
use shared::lobby::matching::index::TicketIndex;
use shared::lobby::tickets::recent_opponents::RecentOpponents;
use shared::lobby::{Disk, Lobby};
use shared::pool::Shard;
use shared::time::Time;
use std::rc::Rc;
use std::time::Duration;

/// The cost of one command.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CommandCost {
    /// The name of the command.
    pub command: String,
    /// The number of waiting tickets.
    pub tickets: u32,
    /// The median of the times, microseconds.
    pub median_us: f64,
    /// The slowest of all, microseconds.
    pub slowest_us: f64,
}

/// Measured commands of each kind.
const COMMANDS: u32 = 100;
/// Attribute names that hostile tickets have brought before the measured ones.
const NAMES: u32 = 4_000;

/// Measures `why`, and `enter` with an attribute name that no ticket used before.
pub fn measure_commands(tickets: u32, clock: &mut impl FnMut() -> f64) -> Vec<CommandCost> {
    let why = why(tickets, clock).map(|times| ("why", times));
    let names = new_names(tickets, clock).map(|times| ("enter with a new name", times));
    let cost = |(command, mut times): (&str, Vec<f64>)| CommandCost {
        command: command.to_owned(),
        tickets,
        median_us: median(&mut times) * 1000.0,
        slowest_us: times.iter().copied().fold(0.0, f64::max) * 1000.0,
    };
    why.into_iter().chain(names).map(cost).collect()
}

/// Measures `why` in a lobby in which all players are connected and no two tickets fit.
fn why(tickets: u32, clock: &mut impl FnMut() -> f64) -> Option<Vec<f64>> {
    let pool = Crowd::Language.pool()?;
    let mut now = Time::from_ms(LATEST);
    let (mut disk, mut attachments) = (Disk::new(), Vec::new());
    for nth in 0..tickets {
        let ticket = Crowd::Language.sided(nth, "a")?;
        disk.insert(format!("t/{}", ticket.id), serde_json::to_string(&ticket).ok()?);
        let who =
            json!({ "player": format!("p_{nth}"), "sid": format!("s_{nth}"), "ep": 0, "exp": u64::MAX / 2 });
        attachments.push(json!({ "conn": nth, "who": who }).to_string());
    }
    let (name, shard) = ("bench".parse().ok()?, Shard::Child(0));
    let (mut lobby, _) = Lobby::restore(name, shard, &pool, &disk, &attachments, now).ok()?;
    let text = r#"{"id":1,"op":"why"}"#;
    let mut times = Vec::new();
    for nth in 0..COMMANDS {
        now = now + Duration::from_millis(100);
        let conn = Conn(nth % tickets);
        let began = clock();
        let effects = lobby.handle(now, ConnectionInput::Text { conn, text }.into());
        times.push(clock() - began);
        assert!(!effects.is_empty(), "a reply");
    }
    Some(times)
}

/// Measures entries of a client that names another attribute in each of its tickets, and leaves again.
fn new_names(tickets: u32, clock: &mut impl FnMut() -> f64) -> Option<Vec<f64>> {
    let pool = Crowd::Language.pool()?;
    let (mut waiting, met) = (TicketIndex::new(&pool), RecentOpponents::default());
    let now = Time::from_ms(LATEST);
    for nth in 0..tickets {
        waiting.insert(now, Crowd::Language.sided(nth, "a")?);
    }
    waiting.plan(now, &met);
    let mut times = Vec::new();
    for nth in 0..NAMES + COMMANDS {
        let mut hostile = Crowd::Language.sided(tickets + nth, "a")?;
        let want = json!({ "attr": format!("name{nth}"), "is": "x" });
        hostile.members.first_mut()?.wants = vec![serde_json::from_value(want).ok()?];
        let id = hostile.id.clone();
        let hostile = Rc::new(hostile);
        let began = clock();
        waiting.insert(now, hostile);
        waiting.plan(now, &met);
        if nth >= NAMES {
            times.push(clock() - began);
        }
        waiting.remove(&id);
    }
    Some(times)
}
