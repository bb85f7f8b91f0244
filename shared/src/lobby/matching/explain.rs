//! The explanation of a wait: the number of tickets that each rule excludes, and the next change.

use crate::id::PlayerId;
use crate::lobby::Lobby;
use crate::lobby::matching::compatibility;
use crate::lobby::tickets::recent_opponents::RecentOpponents;
use crate::lobby::tickets::ticket::{Escalation, State, Ticket};
use crate::pool::Pool;
use crate::pool::want::Want;
use crate::time::{self, Time};
use crate::wire::lobby::{RuleCount, Why};
use crate::wire::{Refusal, RefusalCode};
use std::collections::BTreeMap;

/// A rule that can exclude a match of two tickets, in the order in which ties are reported.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Rule {
    /// The other ticket is paused, or a match is forming with it.
    Away,
    /// Another lobby wanted a player of one of the tickets at the same time.
    HoldOff,
    /// A player blocks another, or is on both tickets.
    Blocked,
    /// The players opponents recently.
    RecentOpponents,
    /// The ratings are not near enough yet.
    Rating,
    /// The player's own want of this attribute.
    Mine(String),
    /// The other ticket's want of this attribute.
    Theirs(String),
    /// The pool's want of this attribute.
    Pool(String),
}

impl Rule {
    fn name(&self) -> String {
        match self {
            Self::Away => "away".to_owned(),
            Self::HoldOff => "rest".to_owned(),
            Self::Blocked => "blocked".to_owned(),
            Self::RecentOpponents => "met".to_owned(),
            Self::Rating => "rating".to_owned(),
            Self::Mine(attr) => format!("you want {attr}"),
            Self::Theirs(attr) => format!("they want {attr}"),
            Self::Pool(attr) => format!("the pool wants {attr}"),
        }
    }
}

/// Returns each rule about two tickets with the time from which it allows a match; `None` for never.
fn rules(
    mine: &Ticket,
    other: &Ticket,
    pool: &Pool,
    opponents: &RecentOpponents,
) -> Vec<(Rule, Option<Time>)> {
    let apart_until = compatibility::apart_until(mine, other, opponents);
    let mut rules = vec![
        (Rule::HoldOff, Some(mine.hold_off_until.max(other.hold_off_until).unwrap_or_default())),
        match apart_until {
            None => (Rule::Blocked, None),
            Some(until) => (Rule::RecentOpponents, Some(until)),
        },
    ];
    rules.extend(pool.rating.map(|window| (Rule::Rating, compatibility::rating_at(mine, other, window))));
    for (a, b, name) in [(mine, other, Rule::Mine as fn(String) -> Rule), (other, mine, Rule::Theirs)] {
        for own in &a.members {
            for their in &b.members {
                let accepts_at = |want: &Want| Some(a.since + own.accepts_after(want, their)?);
                let wants = own.wants.iter();
                rules.extend(wants.map(|want| (name(want.attr.clone()), accepts_at(want))));
                let pool_wants = pool.wants.iter();
                rules.extend(pool_wants.map(|want| (Rule::Pool(want.attr.clone()), accepts_at(want))));
            }
        }
    }
    rules
}

/// Counts over all other tickets.
#[derive(Debug, Default)]
struct Counts {
    waiting: usize,
    fit_now: usize,
    fit_later: usize,
    removed: BTreeMap<Rule, usize>,
    /// The time at which the next ticket comes to fit, and the rule that relaxes then.
    next: Option<(Time, Rule)>,
}

impl Counts {
    fn add(&mut self, now: Time, other: &Ticket, rules: Vec<(Rule, Option<Time>)>) {
        self.waiting += 1;
        if other.state != State::Waiting {
            *self.removed.entry(Rule::Away).or_default() += 1;
        }
        let mut last = Some((now, Rule::Away));
        for (rule, at) in rules {
            if at.is_none_or(|at| at > now) {
                *self.removed.entry(rule.clone()).or_default() += 1;
            }
            last = match (last, at) {
                (Some((last, _)), Some(at)) if at > last => Some((at, rule)),
                (last, Some(_)) => last,
                (_, None) => None,
            };
        }
        match last {
            None => {}
            Some((at, _)) if at <= now => self.fit_now += 1,
            Some(last) => {
                self.fit_later += 1;
                if self.next.as_ref().is_none_or(|next| last < *next) {
                    self.next = Some(last);
                }
            }
        }
    }
}

impl Lobby {
    pub(in crate::lobby) fn why(&self, now: Time, player: &PlayerId) -> Result<Why, Refusal> {
        let Some(mine) = self.tickets.of_player(player) else {
            return Err(Refusal::new(RefusalCode::NoTicket, "You are not in this queue."));
        };
        let mut counts = Counts::default();
        for other in self.tickets.iter().filter(|other| other.id != mine.id) {
            counts.add(now, other, rules(mine, other, &self.pool, &self.recent_opponents));
        }
        let mut removed: Vec<(&Rule, &usize)> = counts.removed.iter().collect();
        removed.sort_by(|a, b| b.1.cmp(a.1));
        let blocks = removed.first().map(|(rule, _)| rule.name());
        let rules = removed.iter().map(|(rule, count)| RuleCount { removes: **count, rule: rule.name() });
        let next = counts.next.as_ref();
        let class = self.tickets.index.class_hash(mine);
        let estimate = self.wait_stats.estimate(Some(class));
        Ok(Why {
            blocks,
            estimate_ms: estimate.p50,
            estimate_p90_ms: estimate.p90,
            everywhere: self.pool.shards.is_some().then(|| mine.escalation != Escalation::Local),
            fit_later: counts.fit_later,
            fit_now: counts.fit_now,
            next_in_ms: next.map(|(at, _)| time::ms(at.since(now))),
            next_rule: next.map(|(_, rule)| rule.name()),
            rules: rules.collect(),
            waiting: counts.waiting,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lobby::matching::compatibility::fits_at;
    use serde_json::{Value, json};

    fn ticket(n: u32, rating: f64, lang: &str, wants: &Value) -> Ticket {
        let member = json!({
            "player": format!("p_{n}"), "name": "", "rating": rating, "attrs": { "lang": lang }, "wants": wants,
        });
        let row = json!({
            "id": format!("t_{n}"), "members": [member], "since": 0, "key": null, "state": "waiting",
        });
        serde_json::from_value(row).unwrap()
    }

    fn check(others: &[Ticket], removed: &[(&str, usize)], next: Option<(u64, &str)>) {
        let wants = json!([{ "attr": "lang", "is": "en", "relax": { "after_s": 5 } }]);
        let mine = ticket(0, 1500.0, "fr", &wants);
        let pool = r#"{"a":{"seats":2,"rating":{"within":100,"widen_per_s":10,"at_most":300}}}"#;
        let pool = crate::pool::read(pool).unwrap().into_values().next().unwrap();
        let (now, opponents, mut counts) =
            (Time::from_ms(1000), RecentOpponents::default(), Counts::default());
        for other in others {
            let rules = rules(&mine, other, &pool, &opponents);
            let whole = rules.iter().try_fold(mine.since, |latest, (_, at)| Some(latest.max((*at)?)));
            assert_eq!(whole, fits_at(&mine, other, &pool, &opponents));
            counts.add(now, other, rules);
        }
        let names = counts.removed.iter();
        let names: Vec<_> = names.map(|(rule, count)| (rule.name(), *count)).collect();
        let expected: Vec<_> = removed.iter().map(|(it, n)| ((*it).to_owned(), *n)).collect();
        assert_eq!(names, expected);
        let got = counts.next.map(|(at, rule)| (at.ms(), rule.name()));
        assert_eq!(got, next.map(|(at, rule)| (at, rule.to_owned())));
    }

    #[test]
    fn every_excluding_rule_is_counted_and_the_next_to_relax_is_named() {
        let none = json!([]);
        check(&[], &[], None);
        check(&[ticket(1, 1500.0, "en", &none)], &[], None);
        let fr = ticket(1, 1500.0, "fr", &none);
        check(&[fr], &[("you want lang", 1)], Some((5000, "you want lang")));
        let far = ticket(1, 1700.0, "fr", &none);
        let both = [("rating", 1), ("you want lang", 1)];
        check(&[far], &both, Some((10_000, "rating")));
        let strict = json!([{ "attr": "lang", "is": "en" }]);
        let never = ticket(1, 1500.0, "en", &strict);
        check(&[never], &[("they want lang", 1)], None);
        let mut away = ticket(1, 1500.0, "en", &none);
        away.state = State::Paused(Time::default());
        check(&[away], &[("away", 1)], None);
    }
}
