//! The lobby's own matchmaker, as the replay drives it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value, json};
use shared::caps;
use shared::id::{PlayerId, TicketId};
use shared::lobby::met::Met;
use shared::lobby::plan::{fits_at, plan};
use shared::lobby::ticket::{self, Ticket};
use shared::pool::Pool;
use shared::time::Time;

use super::log::Person;

/// A match: the tickets of each of its teams.
pub type Teams = Vec<Vec<TicketId>>;

/// Those who wait in a pool.
#[derive(Debug, Clone)]
pub struct Waiting {
    pool: Pool,
    tickets: BTreeMap<TicketId, Ticket>,
}

impl Waiting {
    /// Nobody yet.
    #[must_use]
    pub fn new(pool: &Pool) -> Self {
        Self {
            pool: *pool,
            tickets: BTreeMap::new(),
        }
    }

    /// Somebody comes.
    pub fn insert(&mut self, _now: Time, ticket: Ticket) {
        self.tickets.insert(ticket.id.clone(), ticket);
    }

    /// Somebody goes.
    pub fn remove(&mut self, id: &TicketId) -> Option<Ticket> {
        self.tickets.remove(id)
    }

    /// The matches to make now, whose tickets are gone then; and when to look again.
    pub fn plan(&mut self, now: Time, met: &Met) -> (Vec<Teams>, Option<Time>) {
        let made = plan(now, self.tickets.values(), &self.pool, met);
        for id in made.matches.iter().flatten() {
            self.tickets.remove(id);
        }
        let teams = |[a, b]: [TicketId; 2]| vec![vec![a], vec![b]];
        (made.matches.into_iter().map(teams).collect(), made.wake)
    }
}

/// Whether two may be in one match now.
#[must_use]
pub fn fit(now: Time, a: &Ticket, b: &Ticket, pool: &Pool, met: &Met) -> bool {
    fits_at(a, b, pool, met).is_some_and(|at| at <= now)
}

/// The ticket of those who enter together, as the lobby would make it of their `enter`. A fault names the column.
pub fn ticket(nth: usize, at: Time, people: &[Person]) -> Result<Ticket, String> {
    let [person] = people else {
        return Err("column party: parties are not taken yet".into());
    };
    let body = json!({ "attrs": person.attrs, "wants": person.wants });
    ticket::read(&body).map_err(|fault| {
        let field = fault.field.unwrap_or_default();
        let column = field
            .trim_start_matches("body.")
            .trim_start_matches("attrs.");
        format!("column {column}: {}", fault.message.unwrap_or_default())
    })?;
    // By its written form, which a new field does not change. The number breaks ties as the log does.
    let row = json!({
        "id": format!("t_{nth:09}"),
        "player": person.player,
        "name": "",
        "rating": person.rating,
        "since": at,
        "key": null,
        "attrs": person.attrs,
        "wants": if person.wants.is_null() { json!([]) } else { person.wants.clone() },
        "state": "waiting",
    });
    serde_json::from_value(row).map_err(|error| format!("no ticket: {error}"))
}

/// How many people a ticket stands for.
#[must_use]
pub fn people(_ticket: &Ticket) -> usize {
    1
}

/// Who speaks for a ticket.
#[must_use]
pub fn player(ticket: &Ticket) -> &PlayerId {
    &ticket.player
}

/// What its rating is.
#[must_use]
pub fn rating(ticket: &Ticket) -> f64 {
    ticket.rating
}

/// What who speaks for it is.
#[must_use]
pub fn attrs(ticket: &Ticket) -> &Map<String, Value> {
    &ticket.attrs
}

/// The fewest and the most people of a match.
#[must_use]
pub fn sizes(pool: &Pool) -> (usize, usize) {
    (pool.seats, pool.seats)
}

/// How long a ticket waits for a match.
#[must_use]
pub fn patience(_pool: &Pool) -> Duration {
    caps::TICKET_AGE
}

/// The wants of a ticket about another, and those that do not hold as they were said.
#[must_use]
pub fn wants(ticket: &Ticket, other: &Ticket, _pool: &Pool) -> (u64, u64) {
    let wants = ticket.wants.iter();
    wants.fold((0, 0), |(all, given_way), want| {
        let holds = ticket.want_at(want, other) == Some(ticket.since);
        (all + 1, given_way + u64::from(!holds))
    })
}

/// Everybody of two tickets has met.
pub fn meet(met: &mut Met, now: Time, a: &Ticket, b: &Ticket, until: Time) {
    met.add(now, &a.player, &b.player, until);
}
