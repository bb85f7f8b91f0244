//! Tests plans for matches of two tickets against a plain reference implementation.

mod groups;
mod names;

use crate::lobby::matching::compatibility::fits_at;
use crate::lobby::matching::plan::*;
use crate::lobby::tickets::recent_opponents::RecentMatch;
use crate::lobby::tickets::ticket::{Escalation, Member};
use crate::pool;
use serde_json::{Value, json};

fn ticket(n: u32, since: u64, rating: f64, wants: &Value) -> Ticket {
    let (attrs, wants) = crate::lobby::tickets::ticket::read_entry(&json!({
        "attrs": { "lang": if n.is_multiple_of(2) { "en" } else { "fr" } },
        "wants": wants.clone(),
    }))
    .unwrap();
    Ticket {
        id: format!("t_{n}").parse().unwrap(),
        members: vec![Member {
            player: format!("p_{n}").parse().unwrap(),
            name: String::new(),
            rating,
            deviation: 0.0,
            attrs,
            wants,
            blocked: Vec::new(),
            recent: Vec::new(),
        }],
        since: Time::from_ms(since),
        key: None,
        state: State::Waiting,
        hold_off_until: None,
        by: None,
        trace: None,
        home_shard: None,
        escalation: Escalation::Local,
        escalation_count: 0,
        canceled_matches: std::collections::VecDeque::new(),
    }
}

fn pool(text: &str) -> Pool {
    pool::read(&format!(r#"{{"a":{text}}}"#)).unwrap().into_values().next().unwrap()
}

fn check(tickets: &[Ticket], rules: &str, now: u64, matches: &[(u32, u32)], wake: Option<u64>) {
    let got = plan(Time::from_ms(now), tickets, &pool(rules), &RecentOpponents::default());
    let names: Vec<_> =
        got.matches.iter().map(|made| made.tickets().map(ToString::to_string).collect::<Vec<_>>()).collect();
    let expected: Vec<_> = matches.iter().map(|(a, b)| vec![format!("t_{a}"), format!("t_{b}")]).collect();
    assert_eq!((names, got.wake.map(Time::ms)), (expected, wake));
}

const FIFO: &str = r#"{"seats":2}"#;
const RANKED: &str = r#"{"seats":2,"rating":{"within":100,"widen_per_s":10,"at_most":300}}"#;

/// The reference: each ticket in turn takes the best of all fitting tickets.
fn reference_pairs(now: Time, tickets: &[Ticket], pool: &Pool) -> Vec<[TicketId; 2]> {
    let mut left: Vec<&Ticket> = tickets.iter().collect();
    left.sort_by(|a, b| (a.since, &a.id).cmp(&(b.since, &b.id)));
    let mut matches = Vec::new();
    while !left.is_empty() {
        let first = left.remove(0);
        let fits =
            |it: &&Ticket| fits_at(first, it, pool, &RecentOpponents::default()).is_some_and(|at| at <= now);
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

fn gap(a: &Ticket, b: &Ticket) -> f64 {
    (a.rating() - b.rating()).abs()
}

/// Returns a generator of pseudo-random numbers below `most`.
fn chance(mut seed: u64) -> impl FnMut(u64) -> u64 {
    move |most| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695);
        (seed >> 33) % most
    }
}

#[test]
fn class_compatibility_equals_the_pairwise_rules() {
    // Few ages, many ages, and more than the limit of classes.
    for ages in [3, 90, 5000] {
        let mut draw = chance(ages);
        let rules = pool(RANKED);
        let wants = [
            json!([{ "attr": "age", "within": 4 }]),
            json!([{ "attr": "age", "between": [10, 60], "relax": { "after_s": 3 } }]),
            json!([{ "attr": "lang", "is": "en" }, { "attr": "age", "within": 1, "relax": { "after_s": 2, "to": 9 } }]),
            json!([{ "attr": "age", "any_of": [1, 2, "old"] }]),
        ];
        let mut tickets: Vec<Ticket> = Vec::new();
        let mut waiting = TicketIndex::new(&rules);
        for nth in 0..900 {
            let wants_nth = usize::try_from(draw(4)).unwrap();
            let rating = u32::try_from(draw(400)).unwrap();
            let mut new = ticket(nth, draw(9000), rating.into(), &wants[wants_nth]);
            new.members[0].attrs.insert("age".into(), draw(ages).into());
            waiting.insert(Time::from_ms(9000), new.clone());
            tickets.push(new);
        }
        for _ in 0..20_000 {
            let [a, b] = [draw(900), draw(900)].map(|it| usize::try_from(it).unwrap());
            let (a, b) = (&tickets[a], &tickets[b]);
            if a.id == b.id {
                continue;
            }
            let known = waiting.fits_at_by_id(&a.id, &b.id, &RecentOpponents::default());
            assert_eq!(known, fits_at(a, b, &rules, &RecentOpponents::default()), "{a:?} {b:?}");
        }
    }
}

fn some_wants() -> [Value; 5] {
    [
        json!([]),
        json!([{ "attr": "lang", "is": "en" }]),
        json!([{ "attr": "lang", "is": "fr", "relax": { "after_s": 4 } }]),
        json!([{ "attr": "rating", "within": 60, "relax": { "after_s": 2, "to": 200 } }]),
        json!([{ "attr": "mood", "is": "good", "relax": { "after_s": 3 } }]),
    ]
}

fn drawn(draw: &mut impl FnMut(u64) -> u64, nth: u32, spread: u64, since: u64) -> Ticket {
    let rating = 1500 + u32::try_from(draw(spread)).unwrap();
    let wants_nth = usize::try_from(draw(5)).unwrap();
    let mut ticket = ticket(nth, since, rating.into(), &some_wants()[wants_nth]);
    if draw(9) == 0 {
        let other = format!("p_{}", draw(40)).parse().unwrap();
        let member = ticket.members.first_mut().unwrap();
        match draw(2) {
            0 => member.blocked.push(other),
            _ => member.recent.push((other, Time::from_ms(since + draw(9000)))),
        }
    }
    ticket
}

/// Checks that no two remaining tickets fit, and that the plan wakes no later than the next two come to fit.
fn assert_no_pair_left(now: Time, left: &[&Ticket], pool: &Pool, wake: Option<Time>) {
    let pairs = left.iter().flat_map(|a| left.iter().map(move |b| (a, b))).filter(|(a, b)| a.id != b.id);
    let times = pairs.filter_map(|(a, b)| fits_at(a, b, pool, &RecentOpponents::default()));
    if let Some(soonest) = times.min() {
        assert!(soonest > now);
        assert!(wake.is_some_and(|wake| now < wake && wake <= soonest));
    }
}

#[test]
fn plan_matches_the_same_tickets_as_an_exhaustive_search() {
    let mut draw = chance(7);
    for round in 0..400_u64 {
        let people = 2 + u32::try_from(draw(40)).unwrap();
        let spread = 1 + draw(600);
        let tickets: Vec<Ticket> = (0..people)
            .map(|n| {
                let since = draw(9000);
                drawn(&mut draw, n, spread, since)
            })
            .collect();
        let rules = pool(if round % 2 == 0 { FIFO } else { RANKED });
        let now = Time::from_ms(9000);
        let got = plan(now, &tickets, &rules, &RecentOpponents::default());
        let expected = reference_pairs(now, &tickets, &rules);
        let mut who: Vec<&TicketId> = got.matches.iter().flat_map(Match::tickets).collect();
        let mut they: Vec<&TicketId> = expected.iter().flatten().collect();
        who.sort();
        they.sort();
        assert_eq!(who, they, "round {round}");
        let find = |id: &TicketId| tickets.iter().find(|it| it.id == *id).unwrap();
        let mut sums = (0.0, 0.0);
        for made in &got.matches {
            let [a, b] = made.tickets().map(find).collect::<Vec<_>>()[..] else {
                panic!("a match of two");
            };
            assert!(fits_at(a, b, &rules, &RecentOpponents::default()).is_some_and(|at| at <= now));
            sums.0 += gap(a, b);
        }
        for [a, b] in &expected {
            sums.1 += gap(find(a), find(b));
        }
        assert!(rules.rating.is_none() || sums.0 <= sums.1 + 1e-6);
        let left: Vec<&Ticket> = tickets.iter().filter(|it| !who.contains(&&it.id)).collect();
        assert_no_pair_left(now, &left, &rules, got.wake);
    }
}

#[test]
fn no_two_fitting_tickets_keep_waiting_when_tickets_arrive_one_by_one() {
    for seed in 0..60 {
        let mut draw = chance(seed);
        let rules = pool(if seed % 2 == 0 { FIFO } else { RANKED });
        let mut waiting = TicketIndex::new(&rules);
        let mut here: Vec<Ticket> = Vec::new();
        let mut now = 0;
        let mut wake = None;
        for nth in 0..120 {
            let later = now + draw(700);
            now = match wake.map(Time::ms) {
                Some(wake) if wake < later => wake,
                _ => {
                    if draw(5) == 0 && !here.is_empty() {
                        let removed = here.swap_remove(usize::try_from(draw(here.len() as u64)).unwrap());
                        assert!(waiting.remove(&removed.id).is_some());
                    } else {
                        let ticket = drawn(&mut draw, nth, 400, later);
                        waiting.insert(Time::from_ms(later), ticket.clone());
                        here.push(ticket);
                    }
                    later
                }
            };
            let plan = waiting.plan(Time::from_ms(now), &RecentOpponents::default());
            for id in plan.matches.iter().flat_map(Match::tickets) {
                here.retain(|it| it.id != *id);
            }
            wake = plan.wake;
            let left: Vec<&Ticket> = here.iter().collect();
            assert_no_pair_left(Time::from_ms(now), &left, &rules, wake);
            assert_eq!(waiting.len(), here.len());
        }
    }
}

#[test]
fn overdue_ticket_goes_before_a_nearer_one() {
    let rules = pool(RANKED);
    let next = |now: u64| {
        let mut waiting = TicketIndex::new(&rules);
        let t = Time::from_ms;
        let none = json!([]);
        // The first two are overdue and blocked; the third fits both, and is nearer to the second.
        let mut old = ticket(1, 0, 1500.0, &none);
        old.members[0].blocked.push("p_2".parse().unwrap());
        waiting.insert(t(0), old);
        waiting.insert(t(1), ticket(2, 1, 1550.0, &none));
        assert!(waiting.plan(t(1), &RecentOpponents::default()).matches.is_empty());
        waiting.insert(t(now), ticket(3, now, 1560.0, &none));
        let plan = waiting.plan(t(now), &RecentOpponents::default());
        plan.matches[0].tickets().any(|id| id.as_str() == "t_1")
    };
    assert!(!next(60_000));
    assert!(next(60_001));
}

#[test]
fn longest_wait_goes_first() {
    let all =
        [ticket(3, 30, 0.0, &json!([])), ticket(1, 10, 0.0, &json!([])), ticket(2, 20, 0.0, &json!([]))];
    check(&all, FIFO, 40, &[(1, 2)], None);
}

#[test]
fn nearest_rating_is_taken() {
    let all = [
        ticket(1, 1, 1500.0, &json!([])),
        ticket(2, 2, 1590.0, &json!([])),
        ticket(3, 3, 1510.0, &json!([])),
    ];
    check(&all, RANKED, 4, &[(1, 3)], None);
}

#[test]
fn wide_gap_waits_for_the_window_and_a_wider_one_never_fits() {
    let all = [ticket(1, 0, 1500.0, &json!([])), ticket(2, 1000, 1650.0, &json!([]))];
    check(&all, RANKED, 1000, &[], Some(5000));
    check(&all, RANKED, 5000, &[(1, 2)], None);
    let newer = RANKED.replace("300}", r#"300,"grows_with":"newer"}"#);
    check(&all, &newer, 1000, &[], Some(6000));
    check(&all, &newer, 6000, &[(1, 2)], None);
    let all = [ticket(1, 0, 1500.0, &json!([])), ticket(2, 0, 1801.0, &json!([]))];
    check(&all, RANKED, 0, &[], None);
    let any = RANKED.replace("300}", r#"300,"any_after_s":60}"#);
    check(&all, &any, 0, &[], Some(60_000));
    check(&all, &any, 60_000, &[(1, 2)], None);
}

#[test]
fn uncertain_rating_widens_the_window_to_at_most_twice_its_size() {
    let rules = r#"{"seats":2,"rating":{"within":100,"widen_per_s":10,"at_most":800,"uncertainty":2}}"#;
    let of = |deviation: f64, rating: f64| {
        let mut all = [ticket(1, 0, 1500.0, &json!([])), ticket(2, 0, rating, &json!([]))];
        all[0].members[0].deviation = deviation;
        all[1].members[0].deviation = 40.0;
        all
    };
    check(&of(0.0, 1620.0), rules, 0, &[(1, 2)], None);
    check(&of(350.0, 1700.0), rules, 0, &[(1, 2)], None);
    // A newcomer does not meet a master at once.
    check(&of(350.0, 2299.0), rules, 0, &[], Some(59_900));
}

#[test]
fn more_certain_partner_is_taken_of_two_equally_near() {
    let rules = r#"{"seats":2,"rating":{"within":100,"at_most":100,"uncertainty":1}}"#;
    let mut all = [
        ticket(1, 1, 1500.0, &json!([])),
        ticket(2, 2, 1510.0, &json!([])),
        ticket(3, 3, 1520.0, &json!([])),
    ];
    all[1].members[0].deviation = 90.0;
    check(&all, rules, 4, &[(1, 3)], None);
    all[2].members[0].deviation = 120.0;
    check(&all, rules, 4, &[(1, 2)], None);
}

#[test]
fn wants_apply_on_both_sides_and_relax_in_time() {
    let relaxing = json!([{ "attr": "lang", "is": "en", "relax": { "after_s": 30 } }]);
    let all = [ticket(2, 0, 0.0, &relaxing), ticket(3, 5000, 0.0, &json!([]))];
    check(&all, FIFO, 5000, &[], Some(30_000));
    check(&all, FIFO, 30_000, &[(2, 3)], None);
    let all = [ticket(2, 0, 0.0, &json!([{ "attr": "lang", "is": "en" }])), ticket(3, 0, 0.0, &json!([]))];
    check(&all, FIFO, 1 << 40, &[], None);
}

#[test]
fn recent_opponents_wait_until_a_rematch_is_allowed() {
    let all = [ticket(1, 0, 0.0, &json!([])), ticket(2, 0, 0.0, &json!([]))];
    let (t, mut recent) = (Time::from_ms, RecentOpponents::default());
    let meeting =
        RecentMatch { players: all.iter().flat_map(Ticket::players).cloned().collect(), until: t(9) };
    recent.add(t(0), "m_1".parse().unwrap(), meeting);
    let got = |now| plan(t(now), &all, &pool(FIFO), &recent);
    assert_eq!((got(8).matches.len(), got(8).wake), (0, Some(t(9))));
    assert_eq!(got(9).matches.len(), 1);
}

#[test]
fn blocked_players_never_match_in_either_direction() {
    for (blocker, blocked) in [(1, 2), (2, 1)] {
        let mut all = [ticket(1, 0, 0.0, &json!([])), ticket(2, 0, 0.0, &json!([]))];
        let name = format!("p_{blocked}").parse().unwrap();
        all[blocker - 1].members[0].blocked.push(name);
        check(&all, FIFO, 1 << 40, &[], None);
    }
}

#[test]
fn player_never_matches_themselves() {
    let mut twin = ticket(2, 0, 0.0, &json!([]));
    twin.members[0].player = "p_1".parse().unwrap();
    check(&[ticket(1, 0, 0.0, &json!([])), twin], FIFO, 0, &[], None);
}
