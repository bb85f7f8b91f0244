//! The lobby's own matchmaker, as the replay drives it: the only place here that knows how a ticket is made.

use std::time::Duration;

use serde_json::json;
use shared::id::{PlayerId, RoomId, TicketId};
use shared::lobby::fit::fits_at;
use shared::lobby::met::{Meeting, Met};
use shared::lobby::ticket::{self, Member, Ticket};
pub use shared::lobby::waiting::Waiting;
use shared::pool::{Pool, Shards};
use shared::time::Time;

use super::log::Person;

/// Whether two may be in one match now.
#[must_use]
pub fn fit(now: Time, a: &Ticket, b: &Ticket, pool: &Pool, met: &Met) -> bool {
    fits_at(a, b, pool, met).is_some_and(|at| at <= now)
}

/// The ticket of those who enter together, as the lobby would make it of their `enter`. A fault names the column.
pub fn ticket(nth: usize, at: Time, people: &[Person]) -> Result<Ticket, String> {
    let members: Vec<Member> = people.iter().map(member).collect::<Result<_, _>>()?;
    // By its written form, which a new field does not change. The number breaks ties as the log does.
    let row = json!({
        "id": format!("t_{nth:09}"),
        "members": members,
        "since": at,
        "key": null,
        "state": "waiting",
    });
    serde_json::from_value(row).map_err(|error| format!("no ticket: {error}"))
}

fn member(person: &Person) -> Result<Member, String> {
    let body = json!({ "attrs": person.attrs, "wants": person.wants });
    let (attrs, wants) = ticket::read(&body).map_err(|fault| {
        let field = fault.field.unwrap_or_default();
        let column = field.trim_start_matches("body.");
        let column = column.trim_start_matches("attrs.");
        let message = fault.message.unwrap_or_default();
        format!("column {column}: {message}")
    })?;
    Ok(Member {
        player: person.player.clone(),
        name: String::new(),
        rating: person.rating,
        deviation: person.deviation.unwrap_or_default(),
        attrs,
        wants,
        apart: Vec::new(),
        recent: Vec::new(),
    })
}

/// The tickets of each team of each match to make now, and when to look again.
pub fn plan(waiting: &mut Waiting, now: Time, met: &Met) -> (Vec<Vec<Vec<TicketId>>>, Option<Time>) {
    let plan = waiting.plan(now, met);
    let teams = plan.matches.into_iter().map(|it| it.teams);
    (teams.collect(), plan.wake)
}

/// How many people a ticket stands for.
#[must_use]
pub fn people(ticket: &Ticket) -> usize {
    ticket.members.len()
}

/// What its rating is.
#[must_use]
pub fn rating(ticket: &Ticket) -> f64 {
    ticket.rating()
}

/// The part of a divided queue that it goes to.
#[must_use]
pub fn home(shards: &Shards, ticket: &Ticket) -> usize {
    let leader = ticket.leader();
    let part = leader.map(|it| shards.of(&it.player, it.rating, &it.attrs));
    usize::from(part.unwrap_or_default())
}

/// The fewest and the most people of a match.
#[must_use]
pub fn sizes(pool: &Pool) -> (usize, usize) {
    (pool.min.map_or(pool.seats, |it| it.seats), pool.seats)
}

/// How long a ticket waits for a match.
#[must_use]
pub fn patience(pool: &Pool) -> Duration {
    Duration::from_secs(pool.patience_s.into())
}

/// The wants of a ticket about another, the pool's among them, and those that do not hold as they were said.
#[must_use]
pub fn wants(ticket: &Ticket, other: &Ticket, pool: &Pool) -> (u64, u64) {
    let (mut all, mut given_way) = (0, 0);
    for mine in &ticket.members {
        for theirs in &other.members {
            for want in mine.wants.iter().chain(&pool.wants) {
                all += 1;
                given_way += u64::from(mine.lets_after(want, theirs) != Some(Duration::ZERO));
            }
        }
    }
    (all, given_way)
}

/// Everybody of these tickets meets now, and is kept apart for as long as the pool says.
pub fn meet<'a>(met: &mut Met, now: Time, tickets: impl Iterator<Item = &'a Ticket>, pool: &Pool) {
    let Some(secs) = pool.no_rematch_s else {
        return;
    };
    let players: Vec<PlayerId> = tickets.flat_map(Ticket::players).cloned().collect();
    // Nobody is in two matches at one time.
    let first = players.first().map_or("", PlayerId::as_str);
    let room = RoomId::derive(&[first, &now.ms().to_string()]);
    let until = now + Duration::from_secs(secs.into());
    met.add(now, room, Meeting { players, until });
}
