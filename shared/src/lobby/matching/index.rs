//! The index of waiting tickets, in an order in which fitting tickets are found without a scan of all.
//!
//! Invariant between two calls of `plan`: of any two waiting tickets, one is due no later than the time at
//! which they come to fit. So a new ticket is compared with the others once, and no pair is compared again
//! before its time.

use crate::hash::fnv;
use crate::id::TicketId;
use crate::lobby::matching::classes::{ClassFit, TicketClass, TicketClasses};
use crate::lobby::matching::compatibility;
use crate::lobby::tickets::recent_opponents::RecentOpponents;
use crate::lobby::tickets::ticket::Ticket;
use crate::pool::Pool;
use crate::time::Time;
use rustc_hash::FxHashMap;
use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};
use std::ops::Bound;
use std::rc::Rc;
use std::time::Duration;

/// The number of a ticket while it is in the index.
pub(in crate::lobby) type Slot = u32;

/// The position of a ticket in its class: by rating if the pool has a rating window, else by the start of the
/// wait.
type IndexKey = (u64, Slot);

/// The tickets that can be matched.
#[derive(Debug, Clone)]
pub struct TicketIndex {
    pub(in crate::lobby) pool: Pool,
    classes: TicketClasses,
    /// The tickets of each class, in order.
    rows: Vec<BTreeSet<IndexKey>>,
    entries: Vec<Option<Entry>>,
    free: Vec<Slot>,
    /// Used for lookups only: its iteration order is arbitrary.
    slots: FxHashMap<TicketId, Slot>,
    /// The longest wait is at the top. A removed ticket stays until it comes up.
    oldest: BinaryHeap<Reverse<(Time, Slot)>>,
    /// The times at which tickets may come to fit another one.
    due: BTreeSet<(Time, Slot)>,
    /// The largest uncertainty of a rating so far.
    uncertainty: f64,
}

/// One class of tickets that may fit a given ticket.
#[derive(Debug, Clone, Copy)]
pub(in crate::lobby) struct Candidates {
    pub(in crate::lobby) class: TicketClass,
    /// The earliest time at which the given ticket's wants accept the class.
    pub(in crate::lobby) from: Time,
    /// The least wait after which the wants of the class accept the given ticket.
    pub(in crate::lobby) after: Duration,
}

/// A ticket with the values that comparisons use most.
#[derive(Debug, Clone)]
pub(in crate::lobby) struct Entry {
    pub(in crate::lobby) ticket: Rc<Ticket>,
    pub(in crate::lobby) class: TicketClass,
    pub(in crate::lobby) rating: f64,
    pub(in crate::lobby) since: Time,
    pub(in crate::lobby) players: usize,
    /// The amount that is subtracted from a rating distance.
    uncertainty: f64,
    /// True if a member has blocked players or recent opponents.
    has_exclusions: bool,
    due: Option<Time>,
    /// True if the ticket has a turn in the current plan.
    pub(in crate::lobby) has_turn: bool,
    hold_off_until: Time,
    /// A hash of the player's id; `None` for a party.
    player_hash: Option<u64>,
    /// True if searches find the ticket.
    pub(in crate::lobby) is_indexed: bool,
}

impl TicketIndex {
    /// Creates an empty index for a pool.
    #[must_use]
    pub fn new(pool: &Pool) -> Self {
        Self {
            pool: pool.clone(),
            classes: TicketClasses::new(pool),
            rows: Vec::new(),
            entries: Vec::new(),
            free: Vec::new(),
            slots: FxHashMap::default(),
            oldest: BinaryHeap::new(),
            due: BTreeSet::new(),
            uncertainty: 0.0,
        }
    }

    /// Returns the number of waiting tickets.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Returns true if no ticket waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Returns a hash that is equal for tickets of one class.
    #[must_use]
    pub fn class_hash(&self, ticket: &Ticket) -> u64 {
        self.classes.class_hash(ticket)
    }

    /// Returns the number of waiting tickets in the class with this hash.
    #[must_use]
    pub fn count_in_class(&self, class_hash: u64) -> usize {
        self.classes.count_in_class(class_hash)
    }

    /// Adds a ticket, in place of its previous version.
    pub fn insert(&mut self, now: Time, ticket: impl Into<Rc<Ticket>>) {
        let ticket = ticket.into();
        self.remove(&ticket.id);
        if self.classes.needs_rebuild(&ticket) {
            self.rebuild_classes();
        }
        let uncertainty = self.pool.rating.map_or(0.0, |it| it.uncertainty) * ticket.deviation();
        self.uncertainty = self.uncertainty.max(uncertainty);
        let entry = Entry {
            class: self.classes.join(&ticket),
            rating: ticket.rating(),
            since: ticket.since,
            players: ticket.members.len(),
            uncertainty,
            has_exclusions: { ticket.members.iter() }
                .any(|member| !member.blocked.is_empty() || !member.recent.is_empty()),
            due: Some(now),
            has_turn: false,
            hold_off_until: ticket.hold_off_until.unwrap_or_default(),
            player_hash: match &ticket.members[..] {
                [member] => Some(fnv(member.player.as_str().as_bytes())),
                _ => None,
            },
            is_indexed: true,
            ticket,
        };
        let slot = self.free.pop().unwrap_or_else(|| {
            self.entries.push(None);
            Slot::try_from(self.entries.len() - 1).unwrap_or(Slot::MAX)
        });
        self.slots.insert(entry.ticket.id.clone(), slot);
        self.due.insert((now, slot));
        self.oldest.push(Reverse((entry.since, slot)));
        self.index_entry(slot, &entry);
        if let Some(place) = self.entries.get_mut(slot as usize) {
            *place = Some(entry);
        }
    }

    /// Removes a ticket.
    pub fn remove(&mut self, id: &TicketId) -> Option<Rc<Ticket>> {
        let slot = self.slots.get(id).copied()?;
        self.unindex(slot);
        self.forget(slot)
    }

    /// Hides a ticket from searches but keeps its entry.
    pub(in crate::lobby) fn unindex(&mut self, slot: Slot) {
        self.set_due(slot, None);
        let Some(Some(entry)) = self.entries.get_mut(slot as usize) else {
            return;
        };
        entry.is_indexed = false;
        let class = entry.class;
        let key = index_key(&self.pool, entry, slot);
        if let Some(row) = self.rows.get_mut(class) {
            row.remove(&key);
        }
    }

    pub(in crate::lobby) fn forget(&mut self, slot: Slot) -> Option<Rc<Ticket>> {
        let entry = self.entries.get_mut(slot as usize)?.take()?;
        self.slots.remove(&entry.ticket.id);
        self.classes.leave(entry.class);
        self.free.push(slot);
        Some(entry.ticket)
    }

    /// Takes the tickets that are due by now, the longest wait first. Each has a turn in the current plan.
    pub(in crate::lobby) fn take_due(&mut self, now: Time) -> Vec<Slot> {
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

    /// Returns true if a ticket without a turn has waited longer than the pool's `fair_after_s`.
    pub(in crate::lobby) fn has_overdue(&mut self, now: Time) -> bool {
        if self.oldest.len() > 2 * self.slots.len() + 64 {
            let entries = (0..).zip(&self.entries);
            let oldest = entries.filter_map(|(slot, it)| Some(Reverse((it.as_ref()?.since, slot))));
            self.oldest = oldest.collect();
        }
        let mut seen = Vec::new();
        let mut found = false;
        while let Some(&Reverse((since, slot))) = self.oldest.peek() {
            if !self.is_overdue(now, since) {
                break;
            }
            self.oldest.pop();
            let entry = self.entry(slot).filter(|it| it.is_indexed && it.since == since);
            if let Some(entry) = entry {
                found = !entry.has_turn;
                seen.push(Reverse((since, slot)));
            }
            if found {
                break;
            }
        }
        self.oldest.extend(seen);
        found
    }

    pub(in crate::lobby) fn is_overdue(&self, now: Time, since: Time) -> bool {
        now.since(since) > self.pool.fair_after()
    }

    /// Returns the time at which the next ticket is due.
    pub(in crate::lobby) fn next_due(&self) -> Option<Time> {
        self.due.first().map(|&(due, _)| due)
    }

    /// Ends the turn of a ticket and sets the time at which it is due next.
    pub(in crate::lobby) fn set_due(&mut self, slot: Slot, due: Option<Time>) {
        let Some(Some(entry)) = self.entries.get_mut(slot as usize) else {
            return;
        };
        entry.has_turn = false;
        if let Some(before) = std::mem::replace(&mut entry.due, due) {
            self.due.remove(&(before, slot));
        }
        self.due.extend(due.map(|due| (due, slot)));
    }

    pub(in crate::lobby) fn entry(&self, slot: Slot) -> Option<&Entry> {
        self.entries.get(slot as usize)?.as_ref()
    }

    /// Returns the earliest time at which two tickets fit; `None` for never. Equal to
    /// `compatibility::fits_at`, but faster.
    pub(in crate::lobby) fn fits_at(&self, a: &Entry, b: &Entry, recent: &RecentOpponents) -> Option<Time> {
        let mut at = match self.classes.fit(a.class, b.class) {
            ClassFit::Never => return None,
            ClassFit::After(mine, theirs) => (a.since + secs(mine)).max(b.since + secs(theirs)),
            ClassFit::Depends => {
                a.ticket.accepts_at(&b.ticket, &self.pool)?.max(b.ticket.accepts_at(&a.ticket, &self.pool)?)
            }
        };
        if let Some(window) = self.pool.rating {
            let distance = (a.rating - b.rating).abs() - a.uncertainty.max(b.uncertainty);
            at = at.max(compatibility::window_reaches_at(distance, a.since.max(b.since), window)?);
        }
        at = at.max(a.hold_off_until).max(b.hold_off_until);
        let distinct = a.player_hash.zip(b.player_hash).is_some_and(|(a, b)| a != b);
        if a.has_exclusions || b.has_exclusions || !distinct || !recent.is_empty() {
            at = at.max(compatibility::apart_until(&a.ticket, &b.ticket, recent)?);
        }
        Some(at)
    }

    #[cfg(test)]
    pub(in crate::lobby) fn fits_at_by_id(
        &self,
        a: &TicketId,
        b: &TicketId,
        recent: &RecentOpponents,
    ) -> Option<Time> {
        let [a, b] = [a, b].map(|id| self.slots.get(id).and_then(|&slot| self.entry(slot)));
        self.fits_at(a?, b?, recent)
    }

    /// Returns the classes whose tickets may ever fit this one.
    pub(in crate::lobby) fn candidates(&self, entry: &Entry) -> impl Iterator<Item = Candidates> {
        let (class, since) = (entry.class, entry.since);
        (0..self.classes.len()).filter_map(move |other| {
            if self.rows.get(other).is_none_or(BTreeSet::is_empty) {
                return None;
            }
            match self.classes.fit(class, other) {
                ClassFit::Never => None,
                ClassFit::After(mine, theirs) => {
                    Some(Candidates { class: other, from: since + secs(mine), after: secs(theirs) })
                }
                ClassFit::Depends => Some(Candidates { class: other, from: since, after: Duration::ZERO }),
            }
        })
    }

    /// Returns the tickets of a class by age, in a pool without a rating window.
    pub(in crate::lobby) fn by_age(&self, class: TicketClass) -> impl Iterator<Item = Slot> {
        let row = self.rows.get(class).into_iter().flatten();
        row.map(|&(_, slot)| slot)
    }

    /// Returns the tickets of a class below and above a rating, each nearest first.
    pub(in crate::lobby) fn by_distance(
        &self,
        class: TicketClass,
        rating: f64,
    ) -> (impl Iterator<Item = Slot>, impl Iterator<Item = Slot>) {
        let from = (ordered(rating), 0);
        let row = self.rows.get(class);
        let below = row.into_iter().flat_map(move |row| row.range(..from).rev());
        let above = (Bound::Included(from), Bound::Unbounded);
        let above = row.into_iter().flat_map(move |row| row.range(above));
        (below.map(|&(_, slot)| slot), above.map(|&(_, slot)| slot))
    }

    /// Returns the least distance that counts between this ticket and any other at this rating gap.
    pub(in crate::lobby) fn least_distance(&self, entry: &Entry, gap: f64) -> f64 {
        gap - entry.uncertainty.max(self.uncertainty)
    }

    fn index_entry(&mut self, slot: Slot, entry: &Entry) {
        let key = index_key(&self.pool, entry, slot);
        if self.rows.len() <= entry.class {
            self.rows.resize_with(entry.class + 1, BTreeSet::new);
        }
        if let Some(row) = self.rows.get_mut(entry.class) {
            row.insert(key);
        }
    }

    /// Assigns all tickets to classes again, because the relevant attributes changed.
    fn rebuild_classes(&mut self) {
        self.rows.clear();
        self.classes.clear();
        let mut entries = std::mem::take(&mut self.entries);
        for (slot, entry) in (0..).zip(&mut entries) {
            if let Some(entry) = entry {
                entry.class = self.classes.join(&entry.ticket);
                if entry.is_indexed {
                    self.index_entry(slot, entry);
                }
            }
        }
        self.entries = entries;
    }
}

fn secs(secs: u32) -> Duration {
    Duration::from_secs(secs.into())
}

fn index_key(pool: &Pool, entry: &Entry, slot: Slot) -> IndexKey {
    match pool.rating {
        Some(_) => (ordered(entry.rating), slot),
        None => (entry.since.ms(), slot),
    }
}

/// Maps a rating to an integer with the same order.
fn ordered(rating: f64) -> u64 {
    let bits = rating.to_bits();
    if bits >> 63 == 0 { bits | 1 << 63 } else { !bits }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratings_keep_their_order_as_integers() {
        let ratings = [-1e9, -2.5, -0.0, 0.0, 1.0, 1499.9, 1500.0, 1e12];
        for pair in ratings.windows(2) {
            assert!(ordered(pair[0]) < ordered(pair[1]), "{pair:?}");
        }
    }
}
