//! Tests plans for matches of more than two tickets, with parties and teams.

use crate::lobby::matching::plan::tests::{pool, ticket};
use crate::lobby::matching::plan::*;
use serde_json::json;

fn group(tickets: &[Ticket], rules: &str, now: u64, expected: &[&[&[u32]]], wake: Option<u64>) {
    let got = plan(Time::from_ms(now), tickets, &pool(rules), &RecentOpponents::default());
    let number = |id: &TicketId| id.as_str()[2..].parse::<u32>().unwrap();
    let teams = |made: &Match| {
        let team = |team: &Vec<TicketId>| {
            let mut team: Vec<u32> = team.iter().map(number).collect();
            team.sort_unstable();
            team
        };
        let mut teams: Vec<Vec<u32>> = made.teams.iter().map(team).collect();
        teams.sort();
        teams
    };
    let matches: Vec<_> = got.matches.iter().map(teams).collect();
    assert_eq!(matches, expected, "{rules} at {now}");
    assert_eq!(got.wake.map(Time::ms), wake, "{rules} at {now}");
}

fn party(nth: u32, since: u64, people: u32) -> Ticket {
    let mut one = ticket(nth, since, 1500.0, &json!([]));
    for more in 1..people {
        let mut member = one.members[0].clone();
        member.player = format!("p_{nth}x{more}").parse().unwrap();
        one.members.push(member);
    }
    one
}

#[test]
fn longest_waits_fill_the_seats() {
    let four: Vec<Ticket> = (0..5).map(|n| party(n, n.into(), 1)).collect();
    group(&four, r#"{"seats":4}"#, 9, &[&[&[0, 1, 2, 3]]], None);
    group(&four[..3], r#"{"seats":4}"#, 9, &[], None);
}

#[test]
fn party_is_matched_together_or_not_at_all() {
    let rules = r#"{"seats":4,"party":3}"#;
    let (two, three, one) = (party(1, 0, 2), party(2, 1, 3), party(3, 2, 1));
    group(&[two.clone(), three.clone()], rules, 9, &[], None);
    group(&[two, three, one], rules, 9, &[&[&[2, 3]]], None);
    let pair = party(1, 0, 2);
    group(&[pair], r#"{"seats":2,"party":2}"#, 9, &[&[&[1]]], None);
}

#[test]
fn teams_are_balanced_and_a_party_stays_in_one_team() {
    let rules = r#"{"teams":{"count":2,"size":2},"party":2,"rating":{"within":900,"at_most":900}}"#;
    let mut all: Vec<Ticket> = (0..3).map(|n| party(n, n.into(), 1)).collect();
    all[0] = party(0, 0, 2);
    group(&all, rules, 9, &[&[&[0], &[1, 2]]], None);
    let ratings = [1000.0, 1100.0, 1200.0, 1300.0];
    let single = |(n, rating)| ticket(n, n.into(), rating, &json!([]));
    let all: Vec<Ticket> = (0..).zip(ratings).map(single).collect();
    group(&all, rules, 9, &[&[&[0, 3], &[1, 2]]], None);
}

#[test]
fn smaller_match_starts_after_the_minimum_wait() {
    let rules = r#"{"seats":8,"min":{"seats":3,"after_s":10}}"#;
    let three: Vec<Ticket> = (0..3).map(|n| party(n, n.into(), 1)).collect();
    group(&three, rules, 9999, &[], Some(10_000));
    group(&three, rules, 10_000, &[&[&[0, 1, 2]]], None);
    let teams = r#"{"teams":{"count":2,"size":4},"min":{"seats":2,"after_s":10}}"#;
    group(&three, teams, 10_000, &[&[&[0], &[1]]], Some(10_002));
}

#[test]
fn all_tickets_of_a_match_fit_each_other() {
    let want = |lang: &str| json!([{ "attr": "lang", "is": lang }]);
    let none = json!([]);
    // Ticket 0 wants English; 3 does not speak it, 2 and 4 do.
    let all = [
        ticket(0, 0, 0.0, &want("en")),
        ticket(3, 1, 0.0, &none),
        ticket(2, 2, 0.0, &none),
        ticket(4, 3, 0.0, &none),
    ];
    group(&all, r#"{"seats":3}"#, 9, &[&[&[0, 2, 4]]], None);
}

#[test]
fn search_that_ends_at_its_limit_is_repeated_with_other_tickets_first() {
    let rules = pool(r#"{"seats":4}"#);
    let (t, recent) = (Time::from_ms, RecentOpponents::default());
    let mut waiting = TicketIndex::new(&rules);
    // Four tickets fit each other. Each has also many older ones that fit it alone, and so exhaust its search.
    for special in 0..4_u32 {
        let wants = json!([{ "attr": "own", "is": format!("s{special}") }]);
        for nth in 0..70 {
            waiting.insert(t(2000), ticket(1000 * (special + 1) + nth, nth.into(), 0.0, &wants));
        }
        let mut one = ticket(special, 1000, 0.0, &json!([]));
        one.members[0].attrs.insert("own".into(), format!("s{special}").into());
        waiting.insert(t(2000), one);
    }
    let first = waiting.plan(t(2000), &recent);
    assert_eq!(first, Plan { matches: Vec::new(), wake: Some(t(2000) + crate::limits::GROUP_RETRY_FIRST) });
    let second = waiting.plan(first.wake.unwrap(), &recent);
    let mut ids: Vec<&str> = second.matches.iter().flat_map(Match::tickets).map(TicketId::as_str).collect();
    ids.sort_unstable();
    assert_eq!(ids, ["t_0", "t_1", "t_2", "t_3"]);
}

#[test]
fn nearest_ratings_fill_the_seats_and_overdue_tickets_go_first() {
    let rules = pool(r#"{"seats":3,"rating":{"within":500,"at_most":500}}"#);
    let (t, recent) = (Time::from_ms, RecentOpponents::default());
    let mut waiting = TicketIndex::new(&rules);
    let alone = |nth, rating| {
        let mut one = ticket(nth, 0, rating, &json!([]));
        one.members[0].blocked = vec!["p_1".parse().unwrap(), "p_2".parse().unwrap()];
        one.members[0].blocked.retain(|it| it.as_str() != format!("p_{nth}"));
        one
    };
    waiting.insert(t(0), alone(1, 1900.0));
    waiting.insert(t(0), alone(2, 1500.0));
    assert!(waiting.plan(t(0), &recent).matches.is_empty());
    for (nth, rating) in [(3, 1510.0), (4, 1800.0)] {
        waiting.insert(t(61_000), ticket(nth, 61_000, rating, &json!([])));
    }
    // Ticket 2 is nearer to both, but 1 is as old and comes first.
    let made = waiting.plan(t(61_000), &recent).matches;
    assert!(made[0].tickets().any(|id| id.as_str() == "t_1"), "{made:?}");
}
