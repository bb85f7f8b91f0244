//! The index of waiting tickets, in an order in which fitting tickets are found without a scan of all.
//!
//! Invariant between two calls of `plan`: of any two waiting tickets, one is due no later than the time at
//! which they come to fit. So a new ticket is compared with the others once, and no pair is compared again
//! before its time.

use crate::hash::fnv;
use crate::id::TicketId;
use crate::lobby::matching::classes::{ClassFit, TicketClass, TicketClasses};
use crate::lobby::matching::compatibility;
use crate::lobby::matching::rows::{ClassRows, Position, Slot};
use crate::lobby::tickets::recent_opponents::RecentOpponents;
use crate::lobby::tickets::ticket::Ticket;
use crate::pool::Pool;
use crate::time::Time;
use rustc_hash::FxHashMap;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

/// The tickets that can be matched.
#[derive(Debug, Clone)]
pub struct TicketIndex {
    pub(in crate::lobby) pool: Pool,
    classes: TicketClasses,
    /// The tickets of each class, in order.
    pub(in crate::lobby) rows: ClassRows,
    entries: Vec<Option<Entry>>,
    free: Vec<Slot>,
    /// Used for lookups only: its iteration order is arbitrary.
    slots: FxHashMap<TicketId, Slot>,
    /// The times at which tickets may come to fit another one.
    due: BTreeSet<(Time, Slot)>,
    /// The largest allowance for an uncertain rating so far.
    allowance: f64,
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
// Each is a fact of its own about the ticket.
#[allow(clippy::struct_excessive_bools)]
pub(in crate::lobby) struct Entry {
    pub(in crate::lobby) ticket: Rc<Ticket>,
    pub(in crate::lobby) class: TicketClass,
    pub(in crate::lobby) rating: f64,
    pub(in crate::lobby) since: Time,
    pub(in crate::lobby) players: usize,
    /// The uncertainty of the rating, in the pool's measure; it counts in the choice of a partner.
    pub(in crate::lobby) uncertainty: f64,
    /// The amount that is subtracted from a rating distance.
    allowance: f64,
    /// True if all attributes that the ticket's wants name are known to the classes.
    is_named: bool,
    /// Searches in groups that ended without a result, in a row.
    pub(in crate::lobby) unfinished: u32,
    /// True if a member has blocked players or recent opponents.
    has_exclusions: bool,
    due: Option<Time>,
    /// True if the ticket has a turn in the current plan.
    pub(in crate::lobby) has_turn: bool,
    pub(in crate::lobby) hold_off_until: Time,
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
            rows: ClassRows::new(pool.rating.is_some()),
            entries: Vec::new(),
            free: Vec::new(),
            slots: FxHashMap::default(),
            due: BTreeSet::new(),
            allowance: 0.0,
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
        let (is_named, changed) = self.classes.count_names(&ticket);
        self.reclassify(&changed);
        self.classes.count_attrs(&ticket);
        if self.classes.needs_rebuild(&ticket) {
            self.rebuild_classes();
        }
        let allowance = self.pool.rating.map_or(0.0, |it| it.allowance(ticket.deviation()));
        self.allowance = self.allowance.max(allowance);
        let entry = Entry {
            class: self.classes.join(&ticket, is_named),
            rating: ticket.rating(),
            since: ticket.since,
            players: ticket.members.len(),
            uncertainty: self.pool.rating.map_or(0.0, |it| it.uncertainty * ticket.deviation()),
            allowance,
            is_named,
            unfinished: 0,
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
        self.rows.insert(entry.position(slot), true);
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
        self.rows.remove(entry.position(slot));
    }

    pub(in crate::lobby) fn forget(&mut self, slot: Slot) -> Option<Rc<Ticket>> {
        let entry = self.entries.get_mut(slot as usize)?.take()?;
        self.slots.remove(&entry.ticket.id);
        self.classes.leave(entry.class);
        self.classes.uncount(&entry.ticket, entry.is_named);
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
                self.rows.set_idle(entry.position(slot), false);
                turns.push((entry.since, slot));
            }
        }
        turns.sort_unstable();
        turns.into_iter().map(|(_, slot)| slot).collect()
    }

    /// Returns a time no later than the start of any wait.
    pub(in crate::lobby) fn oldest(&self, due: &[Slot]) -> Time {
        let oldest_due = due.first().and_then(|&slot| self.entry(slot)).map(|it| it.since);
        self.rows.oldest_idle().into_iter().chain(oldest_due).min().unwrap_or_default()
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
        if std::mem::take(&mut entry.has_turn) && entry.is_indexed {
            self.rows.set_idle(entry.position(slot), true);
        }
        if let Some(before) = std::mem::replace(&mut entry.due, due) {
            self.due.remove(&(before, slot));
        }
        self.due.extend(due.map(|due| (due, slot)));
    }

    /// Counts a search in groups that ended without a result, or ends the count.
    pub(in crate::lobby) fn set_unfinished(&mut self, slot: Slot, unfinished: u32) {
        if let Some(Some(entry)) = self.entries.get_mut(slot as usize) {
            entry.unfinished = unfinished;
        }
    }

    pub(in crate::lobby) fn slot(&self, id: &TicketId) -> Option<Slot> {
        self.slots.get(id).copied()
    }

    /// Returns true if the wants of all tickets of two classes decide alike.
    pub(in crate::lobby) fn is_decided(&self, a: TicketClass, b: TicketClass) -> bool {
        self.classes.fit(a, b) != ClassFit::Depends && a != 0 && b != 0
    }

    /// Returns the entries of all waiting tickets.
    pub(in crate::lobby) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().flatten()
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
            let distance = (a.rating - b.rating).abs() - a.allowance.max(b.allowance);
            at = at.max(window.reaches_at(distance, window.since(a.since, b.since))?);
        }
        at = at.max(a.hold_off_until).max(b.hold_off_until);
        let distinct = a.player_hash.zip(b.player_hash).is_some_and(|(a, b)| a != b);
        if a.has_exclusions || b.has_exclusions || !distinct || !recent.is_empty() {
            at = at.max(compatibility::apart_until(&a.ticket, &b.ticket, recent)?);
        }
        Some(at)
    }

    #[cfg(test)]
    pub(in crate::lobby) fn names(&self) -> usize {
        self.classes.names()
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
            if self.rows.is_empty(other) {
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

    /// Returns the least distance that counts between this ticket and any other at this rating gap.
    pub(in crate::lobby) fn least_distance(&self, entry: &Entry, gap: f64) -> f64 {
        gap - entry.allowance.max(self.allowance)
    }

    /// Assigns the tickets that have one of these attributes to classes again, because the classes began or ceased to
    /// distinguish it.
    fn reclassify(&mut self, names: &[String]) {
        if !names.iter().any(|name| self.classes.is_carried(name)) {
            return;
        }
        let carries = |entry: &Entry| {
            let mut members = entry.ticket.members.iter();
            members.any(|member| names.iter().any(|name| member.attr(name).is_some()))
        };
        for (slot, entry) in (0..).zip(&mut self.entries) {
            if let Some(entry) = entry.as_mut().filter(|it| carries(it)) {
                let before = entry.position(slot);
                self.classes.leave(entry.class);
                entry.class = self.classes.join(&entry.ticket, entry.is_named);
                if entry.is_indexed && entry.class != before.class {
                    self.rows.remove(before);
                    self.rows.insert(entry.position(slot), !entry.has_turn);
                }
            }
        }
    }

    /// Assigns all tickets to classes again, because an attribute's numbers no longer divide them.
    fn rebuild_classes(&mut self) {
        self.rows.clear();
        self.classes.clear();
        for (slot, entry) in (0..).zip(&mut self.entries) {
            if let Some(entry) = entry {
                entry.class = self.classes.join(&entry.ticket, entry.is_named);
                if entry.is_indexed {
                    self.rows.insert(entry.position(slot), !entry.has_turn);
                }
            }
        }
    }
}

impl Entry {
    fn position(&self, slot: Slot) -> Position {
        Position { class: self.class, rating: self.rating, since: self.since, slot }
    }
}

fn secs(secs: u32) -> Duration {
    Duration::from_secs(secs.into())
}
