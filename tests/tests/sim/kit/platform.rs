//! The platform under an object: its alarm, the attachments of its sockets, and eviction.

use crate::kit::chance::Chance;
use crate::kit::network::Link;
use shared::time::Time;
use std::fmt::Debug;

/// The alarm of an object.
#[derive(Debug, Default)]
pub struct Alarm(Option<Time>);

/// The outcome of a due check.
#[derive(Debug)]
pub enum Ring {
    /// No alarm is due.
    NotDue,
    /// The alarm is due and rings later.
    Late,
    /// The alarm rings; it was set for this time.
    Rings(Time),
}

impl Alarm {
    /// Sets the alarm, as a write does. None leaves it as it was.
    pub fn set(&mut self, at: Option<Time>) {
        self.0 = at.or(self.0);
    }

    /// Removes the alarm.
    pub fn clear(&mut self) {
        self.0 = None;
    }

    /// Returns the time that the alarm is set for.
    #[must_use]
    pub fn at(&self) -> Option<Time> {
        self.0
    }

    /// Takes the alarm if it is due. In `late` of a hundred cases it rings later.
    pub fn ring(&mut self, now: u64, late: u64, chance: &mut Chance) -> Ring {
        let Some(due) = self.0.filter(|due| due.ms() <= now) else {
            return Ring::NotDue;
        };
        if chance.percent(late) {
            return Ring::Late;
        }
        self.0 = None;
        Ring::Rings(due)
    }

    /// Sets an alarm whose handler failed again, unless a newer one is set.
    pub fn retry(&mut self, due: Time) {
        self.0.get_or_insert(due);
    }

    /// Fails if the object has work at `wake` and the alarm rings later or not at all.
    pub fn assert_covers(&self, wake: Option<Time>) {
        if let Some(wake) = wake {
            assert!(self.0.is_some_and(|alarm| alarm <= wake), "work at {wake:?}, alarm at {self:?}");
        }
    }
}

/// Returns the attachments of the open sockets.
pub fn attachments<'a>(links: impl Iterator<Item = &'a Link>) -> Vec<String> {
    links.filter_map(|link| link.attachment.clone()).collect()
}

/// Fails if an eviction changed the state of an object. Shows where the two states begin to differ.
pub fn assert_unchanged<T: PartialEq + Debug>(before: &T, after: &T) {
    assert!(before == after, "an eviction changed the object: {}", difference(before, after));
}

fn difference(before: &impl Debug, after: &impl Debug) -> String {
    let (before, after) = (format!("{before:?}"), format!("{after:?}"));
    let same = before.bytes().zip(after.bytes()).take_while(|(a, b)| a == b).count();
    let part = |text: &str| {
        let bytes = text.as_bytes();
        let (from, to) = (same.saturating_sub(200).min(bytes.len()), (same + 200).min(bytes.len()));
        String::from_utf8_lossy(&bytes[from..to]).into_owned()
    };
    format!("\n{}\n{}", part(&before), part(&after))
}
