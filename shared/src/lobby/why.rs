//! Why somebody still waits: what stands between them and each of the others, counted by rule.

use super::Lobby;
use super::fit;
use super::met::Met;
use super::ticket::{Climb, State, Ticket};
use super::want::Want;
use crate::id::PlayerId;
use crate::pool::Pool;
use crate::protocol::{Code, Fault};
use crate::time::{self, Time};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What can stand between two, in the order in which it is told.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Rule {
    /// The other is away, or about to play.
    Away,
    /// One of them is about to be asked by another lobby, or was.
    Rest,
    /// One blocks the other, or they are the same.
    Blocked,
    /// They have just met.
    Met,
    /// Their ratings are not near enough yet.
    Rating,
    /// One's own want of this attribute.
    Mine(String),
    /// The other's.
    Theirs(String),
    /// What the pool wants of everybody.
    Pool(String),
}

impl Rule {
    fn name(&self) -> String {
        match self {
            Self::Away => "away".to_owned(),
            Self::Rest => "rest".to_owned(),
            Self::Blocked => "blocked".to_owned(),
            Self::Met => "met".to_owned(),
            Self::Rating => "rating".to_owned(),
            Self::Mine(attr) => format!("you want {attr}"),
            Self::Theirs(attr) => format!("they want {attr}"),
            Self::Pool(attr) => format!("the pool wants {attr}"),
        }
    }
}

/// Each rule about two, and from when it lets them; none, never.
fn rules(mine: &Ticket, other: &Ticket, pool: &Pool, met: &Met) -> Vec<(Rule, Option<Time>)> {
    let apart = fit::apart_until(mine, other, met);
    let mut rules = vec![
        (Rule::Rest, Some(mine.rest.max(other.rest).unwrap_or_default())),
        match apart {
            None => (Rule::Blocked, None),
            Some(until) => (Rule::Met, Some(until)),
        },
    ];
    rules.extend(pool.rating.map(|window| (Rule::Rating, fit::rating_at(mine, other, window))));
    for (a, b, name) in [(mine, other, Rule::Mine as fn(String) -> Rule), (other, mine, Rule::Theirs)] {
        for one in &a.members {
            for another in &b.members {
                let lets = |want: &Want| Some(a.since + one.lets_after(want, another)?);
                let own = one.wants.iter();
                rules.extend(own.map(|want| (name(want.attr.clone()), lets(want))));
                let all = pool.wants.iter();
                rules.extend(all.map(|want| (Rule::Pool(want.attr.clone()), lets(want))));
            }
        }
    }
    rules
}

/// What was found out about all the others.
#[derive(Debug, Default)]
struct Found {
    waiting: usize,
    fit_now: usize,
    fit_later: usize,
    removed: BTreeMap<Rule, usize>,
    /// When the next comes to fit, and by which rule.
    next: Option<(Time, Rule)>,
}

impl Found {
    fn look(&mut self, now: Time, other: &Ticket, rules: Vec<(Rule, Option<Time>)>) {
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
    pub(super) fn why(&self, now: Time, player: &PlayerId) -> Result<Value, Fault> {
        let Some(mine) = self.book.of(player) else {
            return Err(Fault::new(Code::NoTicket, "you are not in this queue"));
        };
        let mut found = Found::default();
        for other in self.book.all().filter(|other| other.id != mine.id) {
            found.look(now, other, rules(mine, other, &self.pool, &self.met));
        }
        let mut removed: Vec<(&Rule, &usize)> = found.removed.iter().collect();
        removed.sort_by(|a, b| b.1.cmp(a.1));
        let blocks = removed.first().map(|(rule, _)| rule.name());
        let counts = removed.iter().map(|(rule, count)| json!({ "rule": rule.name(), "removes": count }));
        let next = found.next.as_ref();
        let like = self.book.waiting.like(mine);
        let mut body = json!({
            "waiting": found.waiting,
            "fit_now": found.fit_now,
            "fit_later": found.fit_later,
            "blocks": blocks,
            "rules": counts.collect::<Vec<_>>(),
            "next_in_ms": next.map(|(at, _)| time::ms(at.since(now))),
            "next_rule": next.map(|(_, rule)| rule.name()),
        });
        if let (Some(body), Ok(Value::Object(estimate))) =
            (body.as_object_mut(), serde_json::to_value(self.tally.estimate(Some(like))))
        {
            body.extend(estimate);
            if self.pool.shards.is_some() {
                let everywhere = mine.climb != Climb::Low;
                body.insert("everywhere".into(), everywhere.into());
            }
        }
        Ok(body)
    }
}

#[cfg(test)]
mod tests {
    use super::super::fit::fits_at;
    use super::*;

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
        let wish = json!([{ "attr": "lang", "is": "en", "relax": { "after_s": 5 } }]);
        let mine = ticket(0, 1500.0, "fr", &wish);
        let pool = r#"{"a":{"seats":2,"rating":{"within":100,"widen_per_s":10,"at_most":300}}}"#;
        let pool = crate::pool::read(pool).unwrap().into_values().next().unwrap();
        let (now, met, mut found) = (Time::from_ms(1000), Met::default(), Found::default());
        for other in others {
            let rules = rules(&mine, other, &pool, &met);
            let whole = rules.iter().try_fold(mine.since, |latest, (_, at)| Some(latest.max((*at)?)));
            assert_eq!(whole, fits_at(&mine, other, &pool, &met));
            found.look(now, other, rules);
        }
        let names = found.removed.iter();
        let names: Vec<_> = names.map(|(rule, count)| (rule.name(), *count)).collect();
        let expected: Vec<_> = removed.iter().map(|(it, n)| ((*it).to_owned(), *n)).collect();
        assert_eq!(names, expected);
        let got = found.next.map(|(at, rule)| (at.ms(), rule.name()));
        assert_eq!(got, next.map(|(at, rule)| (at, rule.to_owned())));
    }

    #[test]
    fn each_rule_is_counted_and_the_next_to_give_way_is_named() {
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
