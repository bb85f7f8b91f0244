//! Ticket classes: tickets with the same wants and the same values in every attribute that a want names.

use crate::hash::fnv;
use crate::limits;
use crate::lobby::tickets::ticket::{Member, Ticket};
use crate::pool::Pool;
use crate::pool::want::{Want, canonical};
use crate::wire::envelope;
use rustc_hash::FxHashMap;
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The number of a class. Number 0 collects the tickets beyond the limit of classes.
pub(in crate::lobby) type TicketClass = usize;

/// The compatibility of two classes, known without a comparison of tickets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::lobby) enum ClassFit {
    /// Their tickets never fit.
    Never,
    /// The seconds of wait after which each class accepts the other.
    After(u32, u32),
    /// Merged numeric attributes decide: two tickets must be compared.
    Depends,
}

/// The classes of a queue.
#[derive(Debug, Clone)]
pub(in crate::lobby) struct TicketClasses {
    /// The wants of the pool.
    wants: Vec<Want>,
    /// The attributes that a want names, each with the number of tickets whose wants name it. A name of the pool's own
    /// wants counts once more. A name that no ticket uses is forgotten when the next new one comes.
    named: BTreeMap<String, usize>,
    /// By the hash of an attribute's name, the number of tickets that have the attribute.
    carried: FxHashMap<u64, u32>,
    /// The named attributes whose numbers no longer divide classes.
    merged: BTreeSet<String>,
    numbers: BTreeMap<String, TicketClass>,
    infos: Vec<ClassInfo>,
}

#[derive(Debug, Clone, Default)]
struct ClassInfo {
    text: String,
    /// The hash of `text`.
    hash: u64,
    shape: Vec<MemberShape>,
    tickets: usize,
    /// The compatibility with each class.
    fits: Vec<ClassFit>,
}

/// The part of a member's data that decides about the class.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct MemberShape {
    attrs: BTreeMap<String, AttrValue>,
    wants: Vec<Want>,
}

/// The part of an attribute that decides about the class.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
enum AttrValue {
    /// A number of a merged attribute; its value is compared ticket by ticket.
    Number,
    /// This exact value.
    Value(Value),
}

impl TicketClasses {
    pub(in crate::lobby) fn new(pool: &Pool) -> Self {
        let named = pool.wants.iter().map(|want| (want.attr.clone(), 1));
        Self {
            wants: pool.wants.clone(),
            named: named.collect(),
            carried: FxHashMap::default(),
            merged: BTreeSet::from(["rating".to_owned()]),
            numbers: BTreeMap::new(),
            infos: vec![ClassInfo { fits: vec![ClassFit::Depends], ..ClassInfo::default() }],
        }
    }

    /// Returns the number of class numbers in use.
    pub(in crate::lobby) fn len(&self) -> usize {
        self.infos.len()
    }

    /// Counts the attributes that a ticket's wants name. Returns whether all are known, and the names that became
    /// known or were forgotten. Above `limits::ATTR_NAMES_MAX` names the ticket is compared one by one.
    pub(in crate::lobby) fn count_names(&mut self, ticket: &Ticket) -> (bool, Vec<String>) {
        let names = names(ticket);
        let new: Vec<&str> = names.iter().copied().filter(|name| !self.named.contains_key(*name)).collect();
        let mut changed: Vec<String> = Vec::new();
        if !new.is_empty() {
            self.named.retain(|name, tickets| {
                let is_used = *tickets > 0 || names.contains(name.as_str());
                if !is_used {
                    changed.push(name.clone());
                }
                is_used
            });
            self.merged.retain(|name| name == RATING || self.named.contains_key(name));
            if self.named.len() + new.len() > limits::ATTR_NAMES_MAX {
                return (false, changed);
            }
            changed.extend(new.iter().map(|&name| name.to_owned()));
        }
        for name in names {
            *self.named.entry(name.to_owned()).or_default() += 1;
        }
        (true, changed)
    }

    /// Counts the attributes that a ticket has.
    pub(in crate::lobby) fn count_attrs(&mut self, ticket: &Ticket) {
        for name in attrs(ticket) {
            *self.carried.entry(fnv(name.as_bytes())).or_default() += 1;
        }
    }

    /// Ends the counts of a removed ticket.
    pub(in crate::lobby) fn uncount(&mut self, ticket: &Ticket, is_named: bool) {
        for name in names(ticket).into_iter().filter(|_| is_named) {
            if let Some(tickets) = self.named.get_mut(name) {
                *tickets = tickets.saturating_sub(1);
            }
        }
        for name in attrs(ticket) {
            let hash = fnv(name.as_bytes());
            if let Some(tickets) = self.carried.get_mut(&hash) {
                *tickets = tickets.saturating_sub(1);
                if *tickets == 0 {
                    self.carried.remove(&hash);
                }
            }
        }
    }

    /// Returns true if a ticket may have this attribute.
    pub(in crate::lobby) fn is_carried(&self, name: &str) -> bool {
        name == RATING || self.carried.contains_key(&fnv(name.as_bytes()))
    }

    /// Returns true if all classes must be rebuilt for this ticket: its class exceeds the limit, and a numeric
    /// attribute could be merged.
    pub(in crate::lobby) fn needs_rebuild(&mut self, ticket: &Ticket) -> bool {
        let full = self.numbers.len() >= limits::TICKET_CLASSES_MAX && self.vacant().is_none();
        full && !self.numbers.contains_key(&self.text(ticket)) && self.merge_numbers()
    }

    /// Removes all classes, before all tickets join again.
    pub(in crate::lobby) fn clear(&mut self) {
        self.numbers.clear();
        self.infos.truncate(1);
        if let Some(mixed) = self.infos.first_mut() {
            mixed.tickets = 0;
            mixed.fits.truncate(1);
        }
    }

    /// Counts a ticket in its class and returns the class. A ticket with an unknown name in its wants is in class 0.
    pub(in crate::lobby) fn join(&mut self, ticket: &Ticket, is_named: bool) -> TicketClass {
        let class = if is_named {
            let shapes = self.shapes(ticket);
            let text = envelope::encode(&shapes).to_string();
            match self.numbers.get(&text) {
                Some(&class) => class,
                None => self.add(text, shapes),
            }
        } else {
            0
        };
        if let Some(known) = self.infos.get_mut(class) {
            known.tickets += 1;
        }
        class
    }

    fn shapes(&self, ticket: &Ticket) -> Vec<MemberShape> {
        ticket.members.iter().map(|it| self.shape(it)).collect()
    }

    fn text(&self, ticket: &Ticket) -> String {
        envelope::encode(&self.shapes(ticket)).to_string()
    }

    /// Returns a class without tickets.
    fn vacant(&self) -> Option<TicketClass> {
        let empty = |known: &ClassInfo| known.tickets == 0;
        let rest = self.infos.iter().skip(1);
        Some(rest.into_iter().position(empty)? + 1)
    }

    /// Merges the numbers of the attribute that has the most values. Returns false if no attribute has
    /// numbers.
    fn merge_numbers(&mut self) -> bool {
        let mut values: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        let shapes = self.infos.iter().flat_map(|known| &known.shape);
        for (name, seen) in shapes.flat_map(|shape| &shape.attrs) {
            if let AttrValue::Value(Value::Number(number)) = seen {
                values.entry(name).or_default().insert(number.to_string());
            }
        }
        let largest = values.into_iter().max_by_key(|(_, values)| values.len());
        let Some(name) = largest.map(|(name, _)| name.to_owned()) else {
            return false;
        };
        self.merged.insert(name)
    }

    /// Returns a hash of the ticket's class, which is equal in every object and at every time.
    pub(in crate::lobby) fn class_hash(&self, ticket: &Ticket) -> u64 {
        fnv(self.text(ticket).as_bytes())
    }

    /// Returns the number of tickets in the class with this hash.
    pub(in crate::lobby) fn count_in_class(&self, hash: u64) -> usize {
        let has_hash = |known: &&ClassInfo| known.hash == hash;
        self.infos.iter().find(has_hash).map_or(0, |known| known.tickets)
    }

    /// Removes a ticket from its class. The class stays until its number is needed.
    pub(in crate::lobby) fn leave(&mut self, class: TicketClass) {
        if let Some(known) = self.infos.get_mut(class) {
            known.tickets = known.tickets.saturating_sub(1);
        }
    }

    /// Returns the compatibility of two classes, from the side of the first.
    pub(in crate::lobby) fn fit(&self, a: TicketClass, b: TicketClass) -> ClassFit {
        let fits = self.infos.get(a).and_then(|known| known.fits.get(b));
        fits.copied().unwrap_or(ClassFit::Depends)
    }

    fn add(&mut self, text: String, shape: Vec<MemberShape>) -> TicketClass {
        // Classes without tickets are kept for their next ticket, but not many: each is compared with the new one.
        let vacant = self.vacant().filter(|_| self.is_mostly_vacant());
        let class = if let Some(class) = vacant {
            class
        } else if self.numbers.len() < limits::TICKET_CLASSES_MAX {
            self.infos.push(ClassInfo::default());
            self.infos.len() - 1
        } else {
            match self.vacant() {
                Some(class) => class,
                None => return 0,
            }
        };
        if let Some(before) = self.infos.get(class) {
            self.numbers.remove(&before.text);
        }
        let fits: Vec<ClassFit> = self
            .infos
            .iter()
            .enumerate()
            .map(|(nth, other)| match nth {
                0 => ClassFit::Depends,
                nth if nth == class => fit(&shape, &shape, &self.wants),
                _ => fit(&shape, &other.shape, &self.wants),
            })
            .collect();
        for (other, fit) in self.infos.iter_mut().zip(&fits) {
            other.fits.resize(other.fits.len().max(class + 1), ClassFit::Depends);
            if let Some(slot) = other.fits.get_mut(class) {
                *slot = fit.flipped();
            }
        }
        self.numbers.insert(text.clone(), class);
        if let Some(known) = self.infos.get_mut(class) {
            let hash = fnv(text.as_bytes());
            *known = ClassInfo { text, hash, shape, tickets: 0, fits };
        }
        class
    }

    /// Returns true if classes without tickets outnumber the others.
    fn is_mostly_vacant(&self) -> bool {
        let occupied = self.infos.iter().skip(1).filter(|known| known.tickets > 0).count();
        self.infos.len() > 2 * occupied + VACANT_CLASSES_MAX
    }

    fn shape(&self, member: &Member) -> MemberShape {
        let own = member.attrs.keys().map(String::as_str).filter(|&name| name != RATING);
        let named = own.chain([RATING]).filter(|name| self.named.contains_key(*name));
        let attrs = named.filter_map(|name| {
            let seen = match member.attr(name)?.into_owned() {
                Value::Number(_) if self.merged.contains(name) => AttrValue::Number,
                Value::Number(number) => AttrValue::Value(canonical(&number)),
                value => AttrValue::Value(value),
            };
            Some((name.to_owned(), seen))
        });
        MemberShape { attrs: attrs.collect(), wants: member.wants.clone() }
    }
}

/// The attribute that is always the region's rating.
const RATING: &str = "rating";
/// Classes without tickets that are kept beyond the number of the others.
const VACANT_CLASSES_MAX: usize = 32;

/// Returns the names of the attributes that a ticket's wants name.
fn names(ticket: &Ticket) -> BTreeSet<&str> {
    let wants = ticket.members.iter().flat_map(|member| &member.wants);
    wants.map(|want| want.attr.as_str()).collect()
}

/// Returns the names of a ticket's attributes, one for each member that has it.
fn attrs(ticket: &Ticket) -> impl Iterator<Item = &str> {
    ticket.members.iter().flat_map(|member| member.attrs.keys().map(String::as_str))
}

impl MemberShape {
    /// Returns the value of an attribute, unless it is a number that does not decide about the class.
    fn value(&self, name: &str) -> Option<&Value> {
        match self.attrs.get(name)? {
            AttrValue::Value(value) => Some(value),
            AttrValue::Number => None,
        }
    }
}

impl ClassFit {
    fn flipped(self) -> Self {
        match self {
            Self::After(mine, theirs) => Self::After(theirs, mine),
            Self::Never | Self::Depends => self,
        }
    }
}

fn fit(a: &[MemberShape], b: &[MemberShape], all: &[Want]) -> ClassFit {
    match (accepts_after(a, b, all), accepts_after(b, a, all)) {
        (ClassFit::Never, _) | (_, ClassFit::Never) => ClassFit::Never,
        (ClassFit::After(mine, _), ClassFit::After(theirs, _)) => ClassFit::After(mine, theirs),
        _ => ClassFit::Depends,
    }
}

/// Returns the wait after which all members of `a` accept all members of `b`.
fn accepts_after(a: &[MemberShape], b: &[MemberShape], all: &[Want]) -> ClassFit {
    let mut after = 0;
    let mut depends = false;
    for mine in a {
        for theirs in b {
            for want in mine.wants.iter().chain(all) {
                if matches!(theirs.attrs.get(&want.attr), Some(AttrValue::Number)) {
                    depends = true;
                    continue;
                }
                match want.accepts_after(mine.value(&want.attr), theirs.value(&want.attr)) {
                    None => return ClassFit::Never,
                    Some(span) => {
                        after = after.max(u32::try_from(span.as_secs()).unwrap_or(u32::MAX));
                    }
                }
            }
        }
    }
    if depends { ClassFit::Depends } else { ClassFit::After(after, after) }
}

#[cfg(test)]
impl TicketClasses {
    /// Returns the number of known names.
    pub(in crate::lobby) fn names(&self) -> usize {
        self.named.len()
    }
}
