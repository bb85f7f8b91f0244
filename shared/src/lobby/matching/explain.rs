//! The explanation of a wait: the number of tickets that each rule excludes, and the next change.
//!
//! Its cost does not grow with the queue: the counts come from an even sample of the waiting tickets, the rules of wants
//! are computed once for each class, and the next change comes from the index.

use crate::id::PlayerId;
use crate::limits;
use crate::lobby::Lobby;
use crate::lobby::matching::classes::TicketClass;
use crate::lobby::matching::compatibility;
use crate::lobby::matching::index::Entry;
use crate::lobby::matching::pairs::PlanContext;
use crate::lobby::matching::rows::Slot;
use crate::lobby::tickets::recent_opponents::RecentOpponents;
use crate::lobby::tickets::ticket::{Escalation, Ticket};
use crate::pool::Pool;
use crate::pool::want::Want;
use crate::rpc::queue_service::NearestTicket;
use crate::time::{self, Time};
use crate::wire::lobby::{RuleCount, Why};
use crate::wire::{Refusal, RefusalCode};
use std::collections::BTreeMap;
use std::time::Duration;

/// A rule that can exclude a match of two tickets, in the order in which ties are reported.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Rule {
    /// Another lobby wanted a player of one of the tickets at the same time.
    HoldOff,
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
            Self::HoldOff => "rest".to_owned(),
            Self::RecentOpponents => "met".to_owned(),
            Self::Rating => "rating".to_owned(),
            Self::Mine(attr) => format!("you want {attr}"),
            Self::Theirs(attr) => format!("they want {attr}"),
            Self::Pool(attr) => format!("the pool wants {attr}"),
        }
    }
}

/// The ticket whose wait relaxes a want.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Mine,
    Theirs,
}

/// A want's rule, the ticket whose wait relaxes it, and the wait after which it allows a match; `None` for never.
type WantRule = (Rule, Side, Option<Duration>);

/// Returns the rules of the wants of two tickets, which all tickets of the two classes share.
fn want_rules(mine: &Ticket, other: &Ticket, pool: &Pool) -> Vec<WantRule> {
    let mut rules = Vec::new();
    let sides = [
        (mine, other, Side::Mine, Rule::Mine as fn(String) -> Rule),
        (other, mine, Side::Theirs, Rule::Theirs),
    ];
    for (a, b, side, name) in sides {
        for own in &a.members {
            for their in &b.members {
                let rule = |rule: Rule, want: &Want| (rule, side, own.accepts_after(want, their));
                rules.extend(own.wants.iter().map(|want| rule(name(want.attr.clone()), want)));
                rules.extend(pool.wants.iter().map(|want| rule(Rule::Pool(want.attr.clone()), want)));
            }
        }
    }
    rules
}

/// Returns each rule about two tickets with the time from which it allows a match; `None` for never. Returns no list
/// if a player blocks another: such a ticket is left out like one that is away, so a block is not revealed.
fn rules<'a>(
    mine: &Ticket,
    other: &Ticket,
    wants: &'a [WantRule],
    pool: &Pool,
    opponents: &RecentOpponents,
) -> Option<Vec<(&'a Rule, Option<Time>)>> {
    let apart_until = compatibility::apart_until(mine, other, opponents)?;
    let mut rules = vec![
        (&Rule::HoldOff, Some(mine.hold_off_until.max(other.hold_off_until).unwrap_or_default())),
        (&Rule::RecentOpponents, Some(apart_until)),
    ];
    rules.extend(pool.rating.map(|window| (&Rule::Rating, compatibility::rating_at(mine, other, window))));
    rules.extend(wants.iter().map(|(rule, side, after)| {
        let since = match side {
            Side::Mine => mine.since,
            Side::Theirs => other.since,
        };
        (rule, after.map(|after| since + after))
    }));
    Some(rules)
}

/// Returns the time at which all rules allow a match, and the last rule to do so; `None` for never.
fn last_rule(now: Time, rules: &[(&Rule, Option<Time>)]) -> Option<(Time, Option<Rule>)> {
    let mut last = (now, None);
    for (rule, at) in rules {
        let at = (*at)?;
        if at > last.0 {
            last = (at, Some((*rule).clone()));
        }
    }
    Some(last)
}

/// Counts over the sampled tickets.
#[derive(Debug, Default)]
struct Counts {
    tickets: usize,
    fit_now: usize,
    fit_later: usize,
    /// By rule, the tickets that it excludes. A ticket counts once for each rule.
    removed: BTreeMap<Rule, usize>,
}

impl Counts {
    fn add(&mut self, now: Time, rules: &[(&Rule, Option<Time>)]) {
        self.tickets += 1;
        let excludes = |at: Option<Time>| at.is_none_or(|at| at > now);
        for (nth, (rule, at)) in rules.iter().enumerate() {
            let is_counted = rules.iter().take(nth).any(|(before, at)| before == rule && excludes(*at));
            if !excludes(*at) || is_counted {
                continue;
            }
            match self.removed.get_mut(*rule) {
                Some(count) => *count += 1,
                None => drop(self.removed.insert((*rule).clone(), 1)),
            }
        }
        if rules.iter().all(|(_, at)| !excludes(*at)) {
            self.fit_now += 1;
        } else if rules.iter().all(|(_, at)| at.is_some()) {
            self.fit_later += 1;
        }
    }
}

impl Lobby {
    pub(in crate::lobby) fn why(&self, now: Time, player: &PlayerId) -> Result<Why, Refusal> {
        let Some(mine) = self.tickets.of_player(player) else {
            return Err(Refusal::new(RefusalCode::NoTicket, "You are not in this queue."));
        };
        let index = &self.tickets.index;
        let slot = index.slot(&mine.id);
        let (counts, left_out) = self.count_rules(now, mine, slot);
        let waiting = index.len() - usize::from(slot.is_some());
        // A sample stands for all tickets.
        let examined = counts.tickets + left_out;
        let all = |count: usize| (count * waiting + examined / 2).checked_div(examined).unwrap_or_default();
        let mut removed: Vec<(&Rule, &usize)> = counts.removed.iter().collect();
        removed.sort_by(|a, b| b.1.cmp(a.1));
        let rules =
            removed.iter().map(|(rule, count)| RuleCount { removes: all(**count), rule: rule.name() });
        let next = slot.and_then(|slot| self.next_change(now, mine, slot));
        let (seats_missing, starts_in_ms) = self.missing_seats(now, slot);
        let estimate = self.wait_stats.estimate(now, Some(self.alike(mine)));
        Ok(Why {
            blocks: removed.first().map(|(rule, _)| rule.name()),
            estimate_ms: estimate.p50,
            estimate_p90_ms: estimate.p90,
            everywhere: self.pool.shards.is_some().then(|| mine.escalation != Escalation::Local),
            fit_later: all(counts.fit_later),
            fit_now: all(counts.fit_now),
            next_in_ms: next.as_ref().map(|(at, _)| time::ms(at.since(now))),
            next_rule: next.and_then(|(_, rule)| rule).map(|rule| rule.name()),
            rules: rules.collect(),
            seats_missing,
            starts_in_ms,
            waiting: all(counts.tickets),
        })
    }

    /// Counts the rules over an even sample of the waiting tickets. Returns also the number of tickets in it that are
    /// left out.
    fn count_rules(&self, now: Time, mine: &Ticket, slot: Option<Slot>) -> (Counts, usize) {
        let index = &self.tickets.index;
        let my_class = slot.and_then(|slot| index.entry(slot)).map(|entry| entry.class);
        let mut by_class: BTreeMap<TicketClass, Vec<WantRule>> = BTreeMap::new();
        let (mut counts, mut left_out) = (Counts::default(), 0);
        let step = index.len().div_ceil(limits::WHY_SAMPLE_MAX).max(1);
        let others = index.entries().filter(|entry| entry.ticket.id != mine.id).step_by(step);
        for Entry { ticket, class, .. } in others {
            let fresh = || want_rules(mine, ticket, &self.pool);
            let is_known = my_class.is_some_and(|mine| index.is_decided(mine, *class));
            let own;
            let wants = if is_known {
                by_class.entry(*class).or_insert_with(fresh)
            } else {
                own = fresh();
                &own
            };
            match rules(mine, ticket, wants, &self.pool, &self.recent_opponents) {
                Some(rules) => counts.add(now, &rules),
                None => left_out += 1,
            }
        }
        (counts, left_out)
    }

    /// Returns the ticket that comes to fit next, for the operator.
    pub(in crate::lobby) fn nearest(&self, now: Time, mine: &Ticket) -> Option<NearestTicket> {
        let slot = self.tickets.index.slot(&mine.id)?;
        let (at, rule, other) = self.next_to_fit(now, mine, slot)?;
        Some(NearestTicket {
            ticket: other.id.clone(),
            players: other.players().cloned().collect(),
            in_ms: time::ms(at.since(now)),
            rule: rule.map(|rule| rule.name()),
        })
    }

    /// Returns the time at which the next ticket comes to fit, and the rule that relaxes then.
    fn next_change(&self, now: Time, mine: &Ticket, slot: Slot) -> Option<(Time, Option<Rule>)> {
        self.next_to_fit(now, mine, slot).map(|(at, rule, _)| (at, rule))
    }

    fn next_to_fit(&self, now: Time, mine: &Ticket, slot: Slot) -> Option<(Time, Option<Rule>, &Ticket)> {
        let index = &self.tickets.index;
        let (at, other) = index.next_fit(slot, self.plan_context(now))?;
        let other: &Ticket = &index.entry(other)?.ticket;
        let wants = want_rules(mine, other, &self.pool);
        let rules = rules(mine, other, &wants, &self.pool, &self.recent_opponents)?;
        Some((at, last_rule(now, &rules)?.1, other))
    }

    /// In matches of more than two: the seats that no waiting ticket fills now, and the time until a smaller match may
    /// start, if the pool allows one and enough players fit.
    fn missing_seats(&self, now: Time, slot: Option<Slot>) -> (Option<usize>, Option<u64>) {
        let Some(slot) = slot.filter(|_| !self.pool.is_pairs_only()) else {
            return (None, None);
        };
        let group = self.tickets.index.largest_group(slot, self.plan_context(now));
        let starts = self.pool.min.zip(group.startable_since).map(|(least, since)| {
            let at = since + Duration::from_secs(least.after_s.into());
            time::ms(at.since(now))
        });
        (Some(self.pool.seats.saturating_sub(group.players)), starts)
    }

    fn plan_context(&self, now: Time) -> PlanContext<'_> {
        PlanContext { now, recent: &self.recent_opponents, oldest: self.tickets.index.oldest(&[]) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lobby::matching::compatibility::fits_at;
    use crate::lobby::{Disk, Lobby};
    use crate::pool::Shard;
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

    /// Returns a lobby in which the players of these tickets are connected, at one second.
    fn lobby(pool: &str, tickets: &[Ticket]) -> Lobby {
        let pool = crate::pool::read_one("a", serde_json::from_str(pool).unwrap()).unwrap();
        let row = |ticket: &Ticket| (format!("t/{}", ticket.id), serde_json::to_string(ticket).unwrap());
        let disk: Disk = tickets.iter().map(row).collect();
        let players = tickets.iter().flat_map(Ticket::players);
        let attachment = |(nth, player)| {
            let who = json!({ "player": player, "sid": "s_1", "ep": 0, "exp": 1_u64 << 40 });
            json!({ "conn": nth, "who": who }).to_string()
        };
        let attachments: Vec<String> = (0_u32..).zip(players).map(attachment).collect();
        let name = "a".parse().unwrap();
        Lobby::restore(name, Shard::Child(0), &pool, &disk, &attachments, Time::from_ms(1000)).unwrap().0
    }

    fn why(lobby: &Lobby, now: u64) -> Why {
        lobby.why(Time::from_ms(now), &"p_0".parse().unwrap()).unwrap()
    }

    const RANKED: &str = r#"{"seats":2,"rating":{"within":100,"widen_per_s":10,"at_most":300}}"#;

    fn check(others: &[Ticket], removed: &[(&str, usize)], next: Option<(u64, &str)>) {
        let wants = json!([{ "attr": "lang", "is": "en", "relax": { "after_s": 5 } }]);
        let mine = ticket(0, 1500.0, "fr", &wants);
        let pool = crate::pool::read_one("a", serde_json::from_str(RANKED).unwrap()).unwrap();
        let opponents = RecentOpponents::default();
        for other in others {
            let wants = want_rules(&mine, other, &pool);
            let all = rules(&mine, other, &wants, &pool, &opponents);
            let whole =
                all.and_then(|all| all.iter().try_fold(mine.since, |last, (_, at)| Some(last.max((*at)?))));
            assert_eq!(whole, fits_at(&mine, other, &pool, &opponents));
        }
        let mut all = vec![mine];
        all.extend_from_slice(others);
        let why = why(&lobby(RANKED, &all), 1000);
        let names: Vec<_> = why.rules.iter().map(|it| (it.rule.as_str(), it.removes)).collect();
        assert_eq!(names, removed);
        assert_eq!(why.next_in_ms.map(|it| it + 1000).zip(why.next_rule.as_deref()), next);
    }

    #[test]
    fn every_excluding_rule_is_counted_and_the_next_to_relax_is_named() {
        let none = json!([]);
        check(&[], &[], None);
        let fr = ticket(1, 1500.0, "fr", &none);
        check(&[fr], &[("you want lang", 1)], Some((5000, "you want lang")));
        let far = ticket(1, 1700.0, "fr", &none);
        let both = [("rating", 1), ("you want lang", 1)];
        check(&[far], &both, Some((10_000, "rating")));
        let strict = json!([{ "attr": "lang", "is": "en" }]);
        let never = ticket(1, 1500.0, "en", &strict);
        check(&[never], &[("they want lang", 1)], None);
    }

    #[test]
    fn ticket_counts_once_for_each_rule_however_many_members_and_sides_it_excludes() {
        let pool = r#"{"seats":4,"party":2,"wants":[{"attr":"lang","is":"en"}]}"#;
        let mut other = ticket(1, 1500.0, "fr", &json!([]));
        let mut member = other.members[0].clone();
        member.player = "p_9".parse().unwrap();
        other.members.push(member);
        let why = why(&lobby(pool, &[ticket(0, 1500.0, "fr", &json!([])), other]), 1000);
        let rules: Vec<_> = why.rules.iter().map(|it| (it.rule.as_str(), it.removes)).collect();
        assert_eq!((rules, why.waiting), (vec![("the pool wants lang", 1)], 1));
    }

    #[test]
    fn tickets_that_are_away_held_or_blocked_are_left_out_alike() {
        let strict = json!([{ "attr": "lang", "is": "en" }]);
        let mine = ticket(0, 1500.0, "fr", &strict);
        let there = ticket(1, 1500.0, "fr", &json!([]));
        let of = |other: Ticket| why(&lobby(r#"{"seats":2}"#, &[mine.clone(), other, there.clone()]), 1000);
        let mut away = ticket(2, 1500.0, "fr", &json!([]));
        away.state = crate::lobby::tickets::ticket::State::HeldByParent(Box::new(
            serde_json::from_value(json!({ "room": "m_1" })).unwrap(),
        ));
        let mut blocked = ticket(2, 1500.0, "fr", &json!([]));
        blocked.members[0].blocked.push("p_0".parse().unwrap());
        let mut blocks = ticket(2, 1500.0, "fr", &json!([]));
        blocks.members[0].player = "p_3".parse().unwrap();
        let without = of(away);
        assert_eq!((without.waiting, without.rules[0].removes), (1, 1));
        assert_eq!(of(blocked), without);
        assert_eq!(of(blocks).waiting, 2);
    }

    #[test]
    fn large_match_names_its_missing_seats_and_the_start_of_a_smaller_one() {
        let pool = r#"{"seats":4,"min":{"seats":3,"after_s":60}}"#;
        let solo = |n| ticket(n, 1500.0, "fr", &json!([]));
        let two = why(&lobby(pool, &[solo(0), solo(1)]), 1000);
        assert_eq!((two.seats_missing, two.starts_in_ms), (Some(2), None));
        let three = why(&lobby(pool, &[solo(0), solo(1), solo(2)]), 1000);
        assert_eq!((three.seats_missing, three.starts_in_ms), (Some(1), Some(59_000)));
        let pair = why(&lobby(RANKED, &[solo(0)]), 1000);
        assert_eq!((pair.seats_missing, pair.starts_in_ms), (None, None));
    }

    #[test]
    fn counts_of_a_large_queue_come_from_a_sample_of_it() {
        let strict = json!([{ "attr": "lang", "is": "en" }]);
        let mut all = vec![ticket(0, 1500.0, "fr", &strict)];
        let half = |n: u32| if n.is_multiple_of(2) { "fr" } else { "xx" };
        let others = 4 * u32::try_from(limits::WHY_SAMPLE_MAX).unwrap();
        all.extend((1..=others).map(|n| ticket(n, 1500.0, half(n), &strict)));
        let why = why(&lobby(r#"{"seats":2}"#, &all), 1000);
        assert_eq!(why.waiting, others as usize);
        assert_eq!((why.rules[0].removes, why.rules[0].rule.as_str()), (others as usize, "you want lang"));
    }
}
