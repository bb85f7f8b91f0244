//! Those who can be matched, in an order in which whoever fits is found without looking at everybody.
//!
//! What holds between two calls of `plan`: of any two who wait, one is due no later than they come to fit. So who
//! enters is compared with the others once, and nobody is looked at again before their time.

use super::fit;
use super::kind::{Fit, Kind, Kinds};
use super::met::Met;
use super::ticket::Ticket;
use crate::id::TicketId;
use crate::mix::fnv;
use crate::pool::Pool;
use crate::time::Time;
use rustc_hash::FxHashMap;
use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};
use std::ops::Bound;
use std::rc::Rc;
use std::time::Duration;

/// The number of a ticket while it waits.
pub(super) type Slot = u32;

/// Where a ticket stands among those of its kind: by rating where ratings count, else by time.
type Place = (u64, Slot);

/// Those who can be matched.
#[derive(Debug, Clone)]
pub struct Waiting {
    pub(super) pool: Pool,
    kinds: Kinds,
    /// Of each kind, in order.
    rows: Vec<BTreeSet<Place>>,
    entries: Vec<Option<Entry>>,
    free: Vec<Slot>,
    /// Only looked up, never gone through: it has no order.
    slots: FxHashMap<TicketId, Slot>,
    /// Who waits longest is at the top; who is gone is left there until it comes up.
    ages: BinaryHeap<Reverse<(Time, Slot)>>,
    /// By when they may come to fit somebody.
    due: BTreeSet<(Time, Slot)>,
    /// The largest doubt about a rating, so far.
    doubt: f64,
}

/// Those of one kind, as far as a ticket is concerned.
#[derive(Debug, Clone, Copy)]
pub(super) struct Suitors {
    pub(super) kind: Kind,
    /// From when its own wants let them be, at the earliest.
    pub(super) from: Time,
    /// After what wait theirs let it be, at the earliest.
    pub(super) after: Duration,
}

/// One ticket, and what is asked of it most.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) ticket: Rc<Ticket>,
    pub(super) kind: Kind,
    pub(super) rating: f64,
    pub(super) since: Time,
    pub(super) people: usize,
    /// What is taken off a distance.
    doubt: f64,
    /// Whether somebody is to be kept apart from somebody.
    apart: bool,
    due: Option<Time>,
    /// Whether they choose for themselves in the plan at hand.
    pub(super) has_turn: bool,
    rest: Time,
    /// What no two people have in common, hardly; none, they are a party.
    who: Option<u64>,
    /// Whether the others can find it.
    pub(super) stands: bool,
}

impl Waiting {
    /// Nobody waits.
    #[must_use]
    pub fn new(pool: &Pool) -> Self {
        Self {
            pool: pool.clone(),
            kinds: Kinds::new(pool),
            rows: Vec::new(),
            entries: Vec::new(),
            free: Vec::new(),
            slots: FxHashMap::default(),
            ages: BinaryHeap::new(),
            due: BTreeSet::new(),
            doubt: 0.0,
        }
    }

    /// How many tickets wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether nobody waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// A number that is the same for tickets that are alike.
    #[must_use]
    pub fn like(&self, ticket: &Ticket) -> u64 {
        self.kinds.like(ticket)
    }

    /// How many of those who wait are like that.
    #[must_use]
    pub fn alike(&self, like: u64) -> usize {
        self.kinds.alike(like)
    }

    /// Somebody can be matched from now on. The same ticket again takes the place of the one before.
    pub fn insert(&mut self, now: Time, ticket: impl Into<Rc<Ticket>>) {
        let ticket = ticket.into();
        self.remove(&ticket.id);
        if self.kinds.is_news(&ticket) {
            self.tell_kinds_anew();
        }
        let doubt = self.pool.rating.map_or(0.0, |it| it.uncertainty) * ticket.deviation();
        self.doubt = self.doubt.max(doubt);
        let entry = Entry {
            kind: self.kinds.join(&ticket),
            rating: ticket.rating(),
            since: ticket.since,
            people: ticket.members.len(),
            doubt,
            apart: { ticket.members.iter() }
                .any(|member| !member.apart.is_empty() || !member.recent.is_empty()),
            due: Some(now),
            has_turn: false,
            rest: ticket.rest.unwrap_or_default(),
            who: match &ticket.members[..] {
                [one] => Some(fnv(one.player.as_str().as_bytes())),
                _ => None,
            },
            stands: true,
            ticket,
        };
        let slot = self.free.pop().unwrap_or_else(|| {
            self.entries.push(None);
            Slot::try_from(self.entries.len() - 1).unwrap_or(Slot::MAX)
        });
        self.slots.insert(entry.ticket.id.clone(), slot);
        self.due.insert((now, slot));
        self.ages.push(Reverse((entry.since, slot)));
        self.stand(slot, &entry);
        if let Some(place) = self.entries.get_mut(slot as usize) {
            *place = Some(entry);
        }
    }

    /// Somebody cannot be matched any more.
    pub fn remove(&mut self, id: &TicketId) -> Option<Rc<Ticket>> {
        let slot = self.slots.get(id).copied()?;
        self.step_out(slot);
        self.forget(slot)
    }

    /// Nobody finds them any more; what is known of them is kept.
    pub(super) fn step_out(&mut self, slot: Slot) {
        self.set_due(slot, None);
        let Some(Some(entry)) = self.entries.get_mut(slot as usize) else {
            return;
        };
        entry.stands = false;
        let kind = entry.kind;
        let place = place(&self.pool, entry, slot);
        if let Some(row) = self.rows.get_mut(kind) {
            row.remove(&place);
        }
    }

    pub(super) fn forget(&mut self, slot: Slot) -> Option<Rc<Ticket>> {
        let entry = self.entries.get_mut(slot as usize)?.take()?;
        self.slots.remove(&entry.ticket.id);
        self.kinds.leave(entry.kind);
        self.free.push(slot);
        Some(entry.ticket)
    }

    /// Those who are due by now, who have a turn each; those who wait longest first.
    pub(super) fn take_due(&mut self, now: Time) -> Vec<Slot> {
        let later = self.due.split_off(&(now, Slot::MAX));
        let due = std::mem::replace(&mut self.due, later);
        let mut turns = Vec::with_capacity(due.len());
        for (_, slot) in due {
            if let Some(Some(entry)) = self.entries.get_mut(slot as usize) {
                entry.due = None;
                entry.has_turn = true;
                turns.push((entry.since, slot));
            }
        }
        turns.sort_unstable();
        turns.into_iter().map(|(_, slot)| slot).collect()
    }

    /// Whether somebody waits for longer than the pool calls fair, and has no turn.
    pub(super) fn has_overdue(&mut self, now: Time) -> bool {
        if self.ages.len() > 2 * self.slots.len() + 64 {
            let entries = (0..).zip(&self.entries);
            let ages = entries.filter_map(|(slot, it)| Some(Reverse((it.as_ref()?.since, slot))));
            self.ages = ages.collect();
        }
        let mut seen = Vec::new();
        let mut found = false;
        while let Some(&Reverse((since, slot))) = self.ages.peek() {
            if !self.is_overdue(now, since) {
                break;
            }
            self.ages.pop();
            let entry = self.entry(slot).filter(|it| it.stands && it.since == since);
            if let Some(entry) = entry {
                found = !entry.has_turn;
                seen.push(Reverse((since, slot)));
            }
            if found {
                break;
            }
        }
        self.ages.extend(seen);
        found
    }

    pub(super) fn is_overdue(&self, now: Time, since: Time) -> bool {
        now.since(since) > self.pool.fair_after()
    }

    /// When the next is due.
    pub(super) fn next_due(&self) -> Option<Time> {
        self.due.first().map(|&(due, _)| due)
    }

    /// Their turn is over: they are due then, and not before.
    pub(super) fn set_due(&mut self, slot: Slot, due: Option<Time>) {
        let Some(Some(entry)) = self.entries.get_mut(slot as usize) else {
            return;
        };
        entry.has_turn = false;
        if let Some(before) = std::mem::replace(&mut entry.due, due) {
            self.due.remove(&(before, slot));
        }
        self.due.extend(due.map(|due| (due, slot)));
    }

    pub(super) fn entry(&self, slot: Slot) -> Option<&Entry> {
        self.entries.get(slot as usize)?.as_ref()
    }

    /// When two fit at the earliest; none, never. The same as `fit::fits_at`, with less to do.
    pub(super) fn fits_at(&self, a: &Entry, b: &Entry, met: &Met) -> Option<Time> {
        let mut at = match self.kinds.fit(a.kind, b.kind) {
            Fit::Never => return None,
            Fit::After(mine, theirs) => (a.since + secs(mine)).max(b.since + secs(theirs)),
            Fit::Ask => {
                a.ticket.accepts_at(&b.ticket, &self.pool)?.max(b.ticket.accepts_at(&a.ticket, &self.pool)?)
            }
        };
        if let Some(window) = self.pool.rating {
            let distance = (a.rating - b.rating).abs() - a.doubt.max(b.doubt);
            at = at.max(fit::near_at(distance, a.since.max(b.since), window)?);
        }
        at = at.max(a.rest).max(b.rest);
        let others = a.who.zip(b.who).is_some_and(|(a, b)| a != b);
        if a.apart || b.apart || !others || !met.is_empty() {
            at = at.max(fit::apart_until(&a.ticket, &b.ticket, met)?);
        }
        Some(at)
    }

    #[cfg(test)]
    pub(super) fn known(&self, a: &TicketId, b: &TicketId, met: &Met) -> Option<Time> {
        let [a, b] = [a, b].map(|id| self.slots.get(id).and_then(|&slot| self.entry(slot)));
        self.fits_at(a?, b?, met)
    }

    /// The kinds whose tickets may ever fit this one.
    pub(super) fn suitors(&self, entry: &Entry) -> impl Iterator<Item = Suitors> {
        let (kind, since) = (entry.kind, entry.since);
        (0..self.kinds.len()).filter_map(move |other| {
            if self.rows.get(other).is_none_or(BTreeSet::is_empty) {
                return None;
            }
            match self.kinds.fit(kind, other) {
                Fit::Never => None,
                Fit::After(mine, theirs) => {
                    Some(Suitors { kind: other, from: since + secs(mine), after: secs(theirs) })
                }
                Fit::Ask => Some(Suitors { kind: other, from: since, after: Duration::ZERO }),
            }
        })
    }

    /// Those of a kind by age, where ratings do not count.
    pub(super) fn by_age(&self, kind: Kind) -> impl Iterator<Item = Slot> {
        let row = self.rows.get(kind).into_iter().flatten();
        row.map(|&(_, slot)| slot)
    }

    /// Those of a kind in both directions from a rating.
    pub(super) fn around(
        &self,
        kind: Kind,
        rating: f64,
    ) -> (impl Iterator<Item = Slot>, impl Iterator<Item = Slot>) {
        let from = (ordered(rating), 0);
        let row = self.rows.get(kind);
        let below = row.into_iter().flat_map(move |row| row.range(..from).rev());
        let above = (Bound::Included(from), Bound::Unbounded);
        let above = row.into_iter().flat_map(move |row| row.range(above));
        (below.map(|&(_, slot)| slot), above.map(|&(_, slot)| slot))
    }

    /// The least distance that counts, of two whose ratings are so far apart.
    pub(super) fn least_distance(&self, entry: &Entry, gap: f64) -> f64 {
        gap - entry.doubt.max(self.doubt)
    }

    fn stand(&mut self, slot: Slot, entry: &Entry) {
        let place = place(&self.pool, entry, slot);
        if self.rows.len() <= entry.kind {
            self.rows.resize_with(entry.kind + 1, BTreeSet::new);
        }
        if let Some(row) = self.rows.get_mut(entry.kind) {
            row.insert(place);
        }
    }

    /// An attribute is wanted that was not before.
    fn tell_kinds_anew(&mut self) {
        self.rows.clear();
        self.kinds.clear();
        let mut entries = std::mem::take(&mut self.entries);
        for (slot, entry) in (0..).zip(&mut entries) {
            if let Some(entry) = entry {
                entry.kind = self.kinds.join(&entry.ticket);
                if entry.stands {
                    self.stand(slot, entry);
                }
            }
        }
        self.entries = entries;
    }
}

fn secs(secs: u32) -> Duration {
    Duration::from_secs(secs.into())
}

fn place(pool: &Pool, entry: &Entry, slot: Slot) -> Place {
    match pool.rating {
        Some(_) => (ordered(entry.rating), slot),
        None => (entry.since.ms(), slot),
    }
}

/// A number whose order is that of the ratings.
fn ordered(rating: f64) -> u64 {
    let bits = rating.to_bits();
    if bits >> 63 == 0 { bits | 1 << 63 } else { !bits }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratings_keep_their_order_as_numbers() {
        let ratings = [-1e9, -2.5, -0.0, 0.0, 1.0, 1499.9, 1500.0, 1e12];
        for pair in ratings.windows(2) {
            assert!(ordered(pair[0]) < ordered(pair[1]), "{pair:?}");
        }
    }
}
