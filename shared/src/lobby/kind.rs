//! Tickets that are alike: the same wants, and the same in everything that anybody wants to know.

use super::ticket::{Member, Ticket};
use super::want::Want;
use crate::caps;
use crate::mix::fnv;
use crate::pool::Pool;
use crate::protocol::event;
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The number of a kind. Number 0 is of those that are too many to tell apart.
pub(super) type Kind = usize;

/// What is known of two kinds without looking at two tickets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fit {
    /// They never fit.
    Never,
    /// Each lets the other be after so many seconds.
    After(u32, u32),
    /// Numbers that are too many to tell apart decide: two tickets have to be looked at.
    Ask,
}

/// The kinds of a queue.
#[derive(Debug, Clone)]
pub(super) struct Kinds {
    /// The wants of the pool itself.
    wants: Vec<Want>,
    /// The attributes that somebody's wants name. A name stays until the queue is empty.
    named: BTreeSet<String>,
    /// Those of them whose numbers are too many to tell apart.
    loose: BTreeSet<String>,
    numbers: BTreeMap<String, Kind>,
    known: Vec<Known>,
}

#[derive(Debug, Clone, Default)]
struct Known {
    text: String,
    shape: Vec<Shape>,
    tickets: usize,
    /// How it fits each kind.
    fits: Vec<Fit>,
}

/// What counts of a member.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Shape {
    attrs: BTreeMap<String, Seen>,
    wants: Vec<Want>,
}

/// What counts of an attribute.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
enum Seen {
    /// It is a number, one of many; which, is looked at with the ticket.
    Number,
    /// This.
    Value(Value),
}

impl Kinds {
    pub(super) fn new(pool: &Pool) -> Self {
        let named = pool.wants.iter().map(|want| want.attr.clone());
        Self {
            wants: pool.wants.clone(),
            named: named.collect(),
            loose: BTreeSet::from(["rating".to_owned()]),
            numbers: BTreeMap::new(),
            known: vec![Known { fits: vec![Fit::Ask], ..Known::default() }],
        }
    }

    /// How many numbers there are.
    pub(super) fn len(&self) -> usize {
        self.known.len()
    }

    /// Whether all kinds are to be told anew for this ticket: its wants name an attribute that nobody has named, or it
    /// is of one kind too many and there are numbers to be told apart no more.
    pub(super) fn is_news(&mut self, ticket: &Ticket) -> bool {
        let before = self.named.len();
        for want in ticket.members.iter().flat_map(|member| &member.wants) {
            if !self.named.contains(&want.attr) {
                self.named.insert(want.attr.clone());
            }
        }
        if self.named.len() > before {
            return true;
        }
        let full = self.numbers.len() >= caps::KINDS && self.vacant().is_none();
        full && !self.numbers.contains_key(&self.text(ticket)) && self.loosen()
    }

    /// Forgets all kinds, before all tickets join anew.
    pub(super) fn clear(&mut self) {
        self.numbers.clear();
        self.known.truncate(1);
        if let Some(mixed) = self.known.first_mut() {
            mixed.tickets = 0;
            mixed.fits.truncate(1);
        }
    }

    /// The kind of a ticket, which is one more of them.
    pub(super) fn join(&mut self, ticket: &Ticket) -> Kind {
        let text = self.text(ticket);
        let kind = match self.numbers.get(&text) {
            Some(&kind) => kind,
            None => self.add(text, self.shapes(ticket)),
        };
        if let Some(known) = self.known.get_mut(kind) {
            known.tickets += 1;
        }
        kind
    }

    fn shapes(&self, ticket: &Ticket) -> Vec<Shape> {
        ticket.members.iter().map(|it| self.shape(it)).collect()
    }

    fn text(&self, ticket: &Ticket) -> String {
        event::encode(&self.shapes(ticket)).to_string()
    }

    /// A kind of which there is no ticket.
    fn vacant(&self) -> Option<Kind> {
        let empty = |known: &Known| known.tickets == 0;
        let rest = self.known.iter().skip(1);
        Some(rest.into_iter().position(empty)? + 1)
    }

    /// Tells the numbers of one more attribute apart no more: of the one that has most. False where there is none.
    fn loosen(&mut self) -> bool {
        let mut values: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        let shapes = self.known.iter().flat_map(|known| &known.shape);
        for (name, seen) in shapes.flat_map(|shape| &shape.attrs) {
            if let Seen::Value(Value::Number(number)) = seen {
                values.entry(name).or_default().insert(number.to_string());
            }
        }
        let most = values.into_iter().max_by_key(|(_, values)| values.len());
        let Some(name) = most.map(|(name, _)| name.to_owned()) else {
            return false;
        };
        self.loose.insert(name)
    }

    /// A number that is the same for those who are alike, in every object and at every time.
    pub(super) fn like(&self, ticket: &Ticket) -> u64 {
        fnv(self.text(ticket).as_bytes())
    }

    /// How many tickets are alike.
    pub(super) fn alike(&self, like: u64) -> usize {
        let alike = |known: &&Known| fnv(known.text.as_bytes()) == like;
        self.known.iter().find(alike).map_or(0, |known| known.tickets)
    }

    /// One ticket of it is gone. What is known of the kind stays until its place is needed.
    pub(super) fn leave(&mut self, kind: Kind) {
        if let Some(known) = self.known.get_mut(kind) {
            known.tickets = known.tickets.saturating_sub(1);
        }
    }

    /// How two kinds fit, from the side of the first.
    pub(super) fn fit(&self, a: Kind, b: Kind) -> Fit {
        let fits = self.known.get(a).and_then(|known| known.fits.get(b));
        fits.copied().unwrap_or(Fit::Ask)
    }

    fn add(&mut self, text: String, shape: Vec<Shape>) -> Kind {
        let kind = if self.numbers.len() < caps::KINDS {
            self.known.push(Known::default());
            self.known.len() - 1
        } else {
            match self.vacant() {
                Some(kind) => kind,
                None => return 0,
            }
        };
        if let Some(before) = self.known.get(kind) {
            self.numbers.remove(&before.text);
        }
        let fits: Vec<Fit> = self
            .known
            .iter()
            .enumerate()
            .map(|(nth, other)| match nth {
                0 => Fit::Ask,
                nth if nth == kind => fit(&shape, &shape, &self.wants),
                _ => fit(&shape, &other.shape, &self.wants),
            })
            .collect();
        for (other, fit) in self.known.iter_mut().zip(&fits) {
            other.fits.resize(other.fits.len().max(kind + 1), Fit::Ask);
            if let Some(place) = other.fits.get_mut(kind) {
                *place = fit.turned();
            }
        }
        self.numbers.insert(text.clone(), kind);
        if let Some(known) = self.known.get_mut(kind) {
            *known = Known { text, shape, tickets: 0, fits };
        }
        kind
    }

    fn shape(&self, member: &Member) -> Shape {
        let named = self.named.iter();
        let attrs = named.filter_map(|name| {
            let seen = match member.attr(name)?.into_owned() {
                Value::Number(_) if self.loose.contains(name) => Seen::Number,
                value => Seen::Value(value),
            };
            Some((name.clone(), seen))
        });
        Shape { attrs: attrs.collect(), wants: member.wants.clone() }
    }
}

impl Fit {
    fn turned(self) -> Self {
        match self {
            Self::After(mine, theirs) => Self::After(theirs, mine),
            Self::Never | Self::Ask => self,
        }
    }
}

fn fit(a: &[Shape], b: &[Shape], all: &[Want]) -> Fit {
    match (lets(a, b, all), lets(b, a, all)) {
        (Fit::Never, _) | (_, Fit::Never) => Fit::Never,
        (Fit::After(mine, _), Fit::After(theirs, _)) => Fit::After(mine, theirs),
        _ => Fit::Ask,
    }
}

/// After how long everybody of `a` lets everybody of `b` be.
fn lets(a: &[Shape], b: &[Shape], all: &[Want]) -> Fit {
    let mut after = 0;
    let mut ask = false;
    for mine in a {
        for theirs in b {
            for want in mine.wants.iter().chain(all) {
                let value = |shape: &Shape| match shape.attrs.get(&want.attr) {
                    Some(Seen::Value(value)) => Some(value.clone()),
                    Some(Seen::Number) | None => None,
                };
                if matches!(theirs.attrs.get(&want.attr), Some(Seen::Number)) {
                    ask = true;
                    continue;
                }
                match want.lets_after(value(mine).as_ref(), value(theirs).as_ref()) {
                    None => return Fit::Never,
                    Some(span) => {
                        after = after.max(u32::try_from(span.as_secs()).unwrap_or(u32::MAX));
                    }
                }
            }
        }
    }
    if ask { Fit::Ask } else { Fit::After(after, after) }
}
