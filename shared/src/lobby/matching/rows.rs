//! The tickets of each class in order: by rating or by age, and in pools with ratings also by age while they have no
//! turn.

use crate::lobby::matching::classes::TicketClass;
use crate::time::Time;
use std::collections::BTreeSet;
use std::ops::Bound;

/// The number of a ticket while it is in the index.
pub(in crate::lobby) type Slot = u32;

/// The position of a ticket in its class: by rating if the pool has a rating window, else by the start of the wait.
type Key = (u64, Slot);

/// A ticket, as the rows order it.
#[derive(Debug, Clone, Copy)]
pub(in crate::lobby) struct Position {
    pub(in crate::lobby) class: TicketClass,
    pub(in crate::lobby) rating: f64,
    pub(in crate::lobby) since: Time,
    pub(in crate::lobby) slot: Slot,
}

/// The rows of all classes.
#[derive(Debug, Clone)]
pub(in crate::lobby) struct ClassRows {
    is_rated: bool,
    rows: Vec<Row>,
}

#[derive(Debug, Clone, Default)]
struct Row {
    all: BTreeSet<Key>,
    /// The tickets without a turn in the current plan, by age; empty in pools without ratings.
    idle: BTreeSet<(Time, Slot)>,
}

impl ClassRows {
    pub(in crate::lobby) fn new(is_rated: bool) -> Self {
        Self { is_rated, rows: Vec::new() }
    }

    pub(in crate::lobby) fn clear(&mut self) {
        self.rows.clear();
    }

    pub(in crate::lobby) fn is_empty(&self, class: TicketClass) -> bool {
        self.rows.get(class).is_none_or(|row| row.all.is_empty())
    }

    /// Adds a ticket.
    pub(in crate::lobby) fn insert(&mut self, at: Position, is_idle: bool) {
        if self.rows.len() <= at.class {
            self.rows.resize_with(at.class + 1, Row::default);
        }
        let key = self.key(at);
        if let Some(row) = self.rows.get_mut(at.class) {
            row.all.insert(key);
        }
        if is_idle {
            self.set_idle(at, true);
        }
    }

    /// Removes a ticket.
    pub(in crate::lobby) fn remove(&mut self, at: Position) {
        let key = self.key(at);
        if let Some(row) = self.rows.get_mut(at.class) {
            row.all.remove(&key);
            row.idle.remove(&(at.since, at.slot));
        }
    }

    /// Records whether a ticket is without a turn.
    pub(in crate::lobby) fn set_idle(&mut self, at: Position, is_idle: bool) {
        let Some(row) = self.rows.get_mut(at.class).filter(|_| self.is_rated) else {
            return;
        };
        if is_idle {
            row.idle.insert((at.since, at.slot));
        } else {
            row.idle.remove(&(at.since, at.slot));
        }
    }

    /// Returns the tickets of a class by age, in a pool without a rating window.
    pub(in crate::lobby) fn by_age(&self, class: TicketClass) -> impl Iterator<Item = Slot> {
        let row = self.rows.get(class).into_iter().flat_map(|row| &row.all);
        row.map(|&(_, slot)| slot)
    }

    /// Returns the tickets of a class without a turn by age, in a pool with a rating window.
    pub(in crate::lobby) fn idle(&self, class: TicketClass) -> impl Iterator<Item = (Time, Slot)> {
        self.rows.get(class).into_iter().flat_map(|row| &row.idle).copied()
    }

    /// Returns the start of the longest wait without a turn, in a pool with a rating window.
    pub(in crate::lobby) fn oldest_idle(&self) -> Option<Time> {
        self.rows.iter().filter_map(|row| row.idle.first()).map(|&(since, _)| since).min()
    }

    /// Returns the tickets of a class below and above a rating, each nearest first.
    pub(in crate::lobby) fn by_distance(
        &self,
        class: TicketClass,
        rating: f64,
    ) -> (impl Iterator<Item = Slot>, impl Iterator<Item = Slot>) {
        let from = (ordered(rating), 0);
        let row = self.rows.get(class);
        let below = row.into_iter().flat_map(move |row| row.all.range(..from).rev());
        let above = (Bound::Included(from), Bound::Unbounded);
        let above = row.into_iter().flat_map(move |row| row.all.range(above));
        (below.map(|&(_, slot)| slot), above.map(|&(_, slot)| slot))
    }

    fn key(&self, at: Position) -> Key {
        let order = if self.is_rated { ordered(at.rating) } else { at.since.ms() };
        (order, at.slot)
    }
}

/// Maps a number to an integer with the same order.
pub(in crate::lobby) fn ordered(number: f64) -> u64 {
    let bits = number.to_bits();
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
