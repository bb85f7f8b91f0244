//! The lobby's own matchmaker, as the replay uses it: the only file here that depends on the form of a
//! ticket.

use std::time::Duration;

use serde_json::{Map, Value, json};
use shared::id::{PlayerId, RoomId, TicketId};
use shared::lobby::matching::compatibility::fits_at;
pub use shared::lobby::matching::gathering::Gathering;
pub use shared::lobby::matching::index::TicketIndex;
use shared::lobby::tickets::recent_opponents::{RecentMatch, RecentOpponents};
use shared::lobby::tickets::ticket::{self, Member, Ticket};
use shared::pool::{Pool, Shards};
use shared::time::Time;

use super::log::Person;

/// Returns true if two tickets may be in one match now.
#[must_use]
pub fn fit(now: Time, a: &Ticket, b: &Ticket, pool: &Pool, met: &RecentOpponents) -> bool {
    fits_at(a, b, pool, met).is_some_and(|at| at <= now)
}

/// Returns the ticket of an entry, as the lobby makes it from `enter`. An error names the column.
pub fn ticket(nth: usize, at: Time, people: &[Person]) -> Result<Ticket, String> {
    let members: Vec<Member> = people.iter().map(member).collect::<Result<_, _>>()?;
    // Built from its JSON form, which a new field does not change. The number breaks ties in the order of the
    // log.
    let row = json!({
        "id": format!("t_{nth:09}"),
        "members": members,
        "since": at,
        "key": null,
        "state": "waiting",
    });
    serde_json::from_value(row).map_err(|error| format!("not a ticket: {error}"))
}

fn member(person: &Person) -> Result<Member, String> {
    // The log also has attributes that the service sets, which `enter` refuses.
    let is_reserved = |name: &str| ticket::RESERVED_ATTRS.contains(&name);
    let (reserved, own): (Map<String, Value>, Map<String, Value>) =
        person.attrs.clone().into_iter().partition(|(name, _)| is_reserved(name));
    let body = json!({ "attrs": own, "wants": person.wants });
    let (mut attrs, wants) = ticket::read_entry(&body).map_err(|fault| {
        let field = fault.field.unwrap_or_default();
        let column = field.trim_start_matches("body.");
        let column = column.trim_start_matches("attrs.");
        let message = fault.message.unwrap_or_default();
        format!("column {column}: {message}")
    })?;
    attrs.extend(reserved);
    Ok(Member {
        player: person.player.clone(),
        name: String::new(),
        rating: person.rating,
        deviation: person.deviation.unwrap_or_default(),
        attrs,
        wants,
        blocked: Vec::new(),
        recent: Vec::new(),
    })
}

/// Returns the tickets of each team of each match to make now, and when to plan again.
pub fn plan(
    waiting: &mut TicketIndex,
    now: Time,
    met: &RecentOpponents,
) -> (Vec<Vec<Vec<TicketId>>>, Option<Time>) {
    let plan = waiting.plan(now, met);
    let teams = plan.matches.into_iter().map(|it| it.teams);
    (teams.collect(), plan.wake)
}

/// The number of players of a ticket.
#[must_use]
pub fn player_count(ticket: &Ticket) -> usize {
    ticket.members.len()
}

/// The rating of a ticket.
#[must_use]
pub fn rating(ticket: &Ticket) -> f64 {
    ticket.rating()
}

/// The shard that a ticket belongs to.
#[must_use]
pub fn shard_of(shards: &Shards, ticket: &Ticket) -> usize {
    let leader = ticket.leader();
    let part = leader.map(|it| shards.shard_of(&it.player, it.rating, &it.attrs));
    usize::from(part.unwrap_or_default())
}

/// The minimum and the maximum number of players in a match.
#[must_use]
pub fn sizes(pool: &Pool) -> (usize, usize) {
    (pool.min.map_or(pool.seats, |it| it.seats), pool.seats)
}

/// The time after which a ticket expires.
#[must_use]
pub fn patience(pool: &Pool) -> Duration {
    Duration::from_secs(pool.patience_s.into())
}

/// Counts the wants of a ticket about another, the pool's among them, and those that do not hold in their
/// first form.
#[must_use]
pub fn wants(ticket: &Ticket, other: &Ticket, pool: &Pool) -> (u64, u64) {
    let (mut all, mut given_way) = (0, 0);
    for mine in &ticket.members {
        for theirs in &other.members {
            for want in mine.wants.iter().chain(&pool.wants) {
                all += 1;
                given_way += u64::from(mine.accepts_after(want, theirs) != Some(Duration::ZERO));
            }
        }
    }
    (all, given_way)
}

/// Records that the players of these tickets met now, so that the pool keeps them apart.
pub fn record_meeting<'a>(
    met: &mut RecentOpponents,
    now: Time,
    tickets: impl Iterator<Item = &'a Ticket>,
    pool: &Pool,
) {
    let Some(secs) = pool.no_rematch_s else {
        return;
    };
    let players: Vec<PlayerId> = tickets.flat_map(Ticket::players).cloned().collect();
    // A player is in one match at a time, so the first player and the time name it.
    let first = players.first().map_or("", PlayerId::as_str);
    let room = RoomId::derive(&[first, &now.ms().to_string()]);
    let until = now + Duration::from_secs(secs.into());
    met.add(now, room, RecentMatch { players, until });
}
