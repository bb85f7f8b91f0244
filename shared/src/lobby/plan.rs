//! Who plays whom: a pure function of who waits, the rules, and the time.

use super::met::Met;
use super::search::Queue;
use super::ticket::{State, Ticket};
use crate::caps;
use crate::id::TicketId;
use crate::pool::{Pool, Window};
use crate::time::Time;
use std::time::Duration;

/// What is to be done now, and when to look again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// Matches to make, each the tickets of its seats.
    pub matches: Vec<[TicketId; 2]>,
    /// When the next pair comes to fit by waiting alone.
    pub wake: Option<Time>,
}

/// Pairs whoever fits. Who waits longest chooses first: the nearest rating where ratings count, else the one who
/// waits longest after. So nobody who fits somebody is passed over for one who came later, and of all who fit, who
/// waits longest waits no further turn.
#[must_use]
pub fn plan<'a>(
    now: Time,
    tickets: impl IntoIterator<Item = &'a Ticket>,
    pool: &Pool,
    met: &Met,
) -> Plan {
    let mut waiting: Vec<(Time, &Ticket)> = tickets
        .into_iter()
        .filter(|ticket| ticket.state == State::Waiting)
        .map(|ticket| (ticket.since, ticket))
        .collect();
    waiting.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| a.1.id.cmp(&b.1.id)));
    let waiting: Vec<&Ticket> = waiting.into_iter().map(|(_, ticket)| ticket).collect();
    let mut queue = Queue::new(now, &waiting, pool);
    let (mut matches, mut left) = (Vec::new(), Vec::new());
    for (nth, &first) in waiting.iter().enumerate() {
        if !queue.leave(nth) {
            continue;
        }
        let fits = |other: &Ticket| fits_at(first, other, pool, met).is_some_and(|at| at <= now);
        let Some(other) = queue.choose(first, fits) else {
            left.push(first);
            continue;
        };
        queue.leave(other);
        if let Some(other) = waiting.get(other) {
            matches.push([first.id.clone(), other.id.clone()]);
        }
    }
    let wake = wake(now, &left, pool, met);
    Plan { matches, wake }
}

/// When the next two of those who are left come to fit. Where they are very many, when to look again.
fn wake(now: Time, left: &[&Ticket], pool: &Pool, met: &Met) -> Option<Time> {
    if left.len() > caps::PLAN_LEFT {
        return Some(now + caps::PLAN_AGAIN);
    }
    let mut soonest = None;
    for (nth, a) in left.iter().enumerate() {
        let others = left.iter().skip(nth + 1);
        let times = others.filter_map(|b| fits_at(a, b, pool, met));
        soonest = times.chain(soonest).filter(|&at| at > now).min();
    }
    soonest
}

/// When two fit at the earliest; none, never. It is the same from both sides.
#[must_use]
pub fn fits_at(a: &Ticket, b: &Ticket, pool: &Pool, met: &Met) -> Option<Time> {
    if a.player == b.player {
        return None;
    }
    let apart = met.until(&a.player, &b.player);
    let rested = a.rest.max(b.rest).max(apart).unwrap_or_default();
    let wants = a.accepts_at(b)?.max(b.accepts_at(a)?).max(rested);
    match pool.rating {
        None => Some(wants),
        Some(window) => Some(wants.max(rating_at(a, b, window)?)),
    }
}

/// When the ratings of two are near enough at the earliest; none, never.
#[must_use]
pub fn rating_at(a: &Ticket, b: &Ticket, window: Window) -> Option<Time> {
    let (gap, since) = (gap(a, b), a.since.max(b.since));
    if gap <= window.within {
        return Some(since);
    }
    if gap > window.at_most || window.widen_per_s <= 0.0 {
        return None;
    }
    let wait = Duration::try_from_secs_f64(
        ((gap - window.within) / window.widen_per_s * 1000.0).ceil() / 1000.0,
    );
    wait.ok().map(|wait| since + wait)
}

fn gap(a: &Ticket, b: &Ticket) -> f64 {
    (a.rating - b.rating).abs()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pool;
    use serde_json::{Value, json};

    fn ticket(n: u32, since: u64, rating: f64, wants: &Value) -> Ticket {
        let (attrs, wants) = crate::lobby::ticket::read(&json!({
            "attrs": { "lang": if n.is_multiple_of(2) { "en" } else { "fr" } },
            "wants": wants.clone(),
        }))
        .unwrap();
        Ticket {
            id: format!("t_{n}").parse().unwrap(),
            player: format!("p_{n}").parse().unwrap(),
            name: String::new(),
            rating,
            since: Time::from_ms(since),
            key: None,
            attrs,
            wants,
            state: State::Waiting,
            rest: None,
        }
    }

    fn pool(text: &str) -> Pool {
        *pool::read(&format!(r#"{{"a":{text}}}"#))
            .unwrap()
            .values()
            .next()
            .unwrap()
    }

    fn check(tickets: &[Ticket], rules: &str, now: u64, matches: &[(u32, u32)], wake: Option<u64>) {
        let got = plan(Time::from_ms(now), tickets, &pool(rules), &Met::default());
        let names: Vec<_> = got
            .matches
            .iter()
            .map(|[a, b]| (a.to_string(), b.to_string()))
            .collect();
        let expected: Vec<_> = matches
            .iter()
            .map(|(a, b)| (format!("t_{a}"), format!("t_{b}")))
            .collect();
        assert_eq!((names, got.wake.map(Time::ms)), (expected, wake));
    }

    const FIFO: &str = r#"{"seats":2}"#;
    const RANKED: &str = r#"{"seats":2,"rating":{"within":100,"widen_per_s":10,"at_most":300}}"#;

    /// The same said plainly: each in turn, the best of all who fit.
    fn plainly(now: Time, tickets: &[Ticket], pool: &Pool) -> Vec<[TicketId; 2]> {
        let mut left: Vec<&Ticket> = tickets.iter().collect();
        left.sort_by(|a, b| (a.since, &a.id).cmp(&(b.since, &b.id)));
        let mut matches = Vec::new();
        while !left.is_empty() {
            let first = left.remove(0);
            let fits = |it: &&Ticket| {
                fits_at(first, it, pool, &Met::default()).is_some_and(|at| at <= now)
            };
            let fitting = left.iter().copied().filter(fits);
            let best = match pool.rating {
                None => { fitting }.next(),
                Some(_) => fitting.min_by(|a, b| gap(first, a).total_cmp(&gap(first, b))),
            };
            if let Some(best) = best.map(|best| best.id.clone()) {
                left.retain(|it| it.id != best);
                matches.push([first.id.clone(), best]);
            }
        }
        matches
    }

    #[test]
    fn the_search_finds_what_looking_at_everybody_finds() {
        let mut seed = 7_u64;
        let mut draw = |most: u64| {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695);
            (seed >> 33) % most
        };
        let wants = [
            json!([]),
            json!([{ "attr": "lang", "is": "en" }]),
            json!([{ "attr": "lang", "is": "fr", "relax": { "after_s": 4 } }]),
            json!([{ "attr": "rating", "within": 60, "relax": { "after_s": 2, "to": 200 } }]),
        ];
        for round in 0..300_u64 {
            let people = 2 + u32::try_from(draw(40)).unwrap();
            let spread = 1 + draw(600);
            let tickets: Vec<Ticket> = (0..people)
                .map(|n| {
                    let rating = 1500 + u32::try_from(draw(spread)).unwrap();
                    let wish = usize::try_from(draw(4)).unwrap();
                    ticket(n, draw(9000), rating.into(), &wants[wish])
                })
                .collect();
            let rules = pool(if round % 2 == 0 { FIFO } else { RANKED });
            let now = Time::from_ms(9000);
            let got = plan(now, &tickets, &rules, &Met::default());
            assert_eq!(got.matches, plainly(now, &tickets, &rules), "round {round}");
            // Nobody is left who could have met another who is left, and the next who can is waited for.
            let is_left = |it: &&Ticket| !got.matches.iter().flatten().any(|id| *id == it.id);
            let left: Vec<&Ticket> = tickets.iter().filter(is_left).collect();
            let pairs = left.iter().flat_map(|a| left.iter().map(move |b| (a, b)));
            let times = pairs.filter_map(|(a, b)| fits_at(a, b, &rules, &Met::default()));
            let soonest = times.min();
            assert!(soonest.is_none_or(|at| at > now));
            assert_eq!(got.wake, soonest);
        }
    }

    #[test]
    fn who_waits_longest_goes_first() {
        let all = [
            ticket(3, 30, 0.0, &json!([])),
            ticket(1, 10, 0.0, &json!([])),
            ticket(2, 20, 0.0, &json!([])),
        ];
        check(&all, FIFO, 40, &[(1, 2)], None);
    }

    #[test]
    fn the_nearest_rating_is_taken() {
        let all = [
            ticket(1, 1, 1500.0, &json!([])),
            ticket(2, 2, 1590.0, &json!([])),
            ticket(3, 3, 1510.0, &json!([])),
        ];
        check(&all, RANKED, 4, &[(1, 3)], None);
    }

    #[test]
    fn a_wide_gap_waits_for_the_window_and_a_wider_one_for_ever() {
        let all = [
            ticket(1, 0, 1500.0, &json!([])),
            ticket(2, 1000, 1650.0, &json!([])),
        ];
        check(&all, RANKED, 1000, &[], Some(6000));
        check(&all, RANKED, 6000, &[(1, 2)], None);
        let all = [
            ticket(1, 0, 1500.0, &json!([])),
            ticket(2, 0, 1801.0, &json!([])),
        ];
        check(&all, RANKED, 0, &[], None);
    }

    #[test]
    fn wants_hold_on_both_sides_and_give_way_in_time() {
        let wish = json!([{ "attr": "lang", "is": "en", "relax": { "after_s": 30 } }]);
        let all = [ticket(2, 0, 0.0, &wish), ticket(3, 5000, 0.0, &json!([]))];
        check(&all, FIFO, 5000, &[], Some(30_000));
        check(&all, FIFO, 30_000, &[(2, 3)], None);
        let all = [
            ticket(2, 0, 0.0, &json!([{ "attr": "lang", "is": "en" }])),
            ticket(3, 0, 0.0, &json!([])),
        ];
        check(&all, FIFO, 1 << 40, &[], None);
    }

    #[test]
    fn who_met_waits_until_they_may_meet_again() {
        let all = [ticket(1, 0, 0.0, &json!([])), ticket(2, 0, 0.0, &json!([]))];
        let (t, mut met) = (Time::from_ms, Met::default());
        met.add(t(0), &all[1].player, &all[0].player, t(9));
        let got = |now| plan(t(now), &all, &pool(FIFO), &met);
        assert_eq!((got(8).matches.len(), got(8).wake), (0, Some(t(9))));
        assert_eq!(got(9).matches.len(), 1);
    }

    #[test]
    fn nobody_meets_themselves() {
        let mut twin = ticket(2, 0, 0.0, &json!([]));
        twin.player = "p_1".parse().unwrap();
        check(&[ticket(1, 0, 0.0, &json!([])), twin], FIFO, 0, &[], None);
    }
}
