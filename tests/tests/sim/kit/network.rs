//! The network of a world: messages that arrive in any order, and connections that are cut.

use crate::kit::chance::Chance;

/// How long a client or a host waits for a silent connection before it gives it up, ms.
pub const SILENCE_MS: u64 = shared::limits::SILENCE_MAX.as_secs() * 1000;

/// Messages in flight. They arrive in any order.
#[derive(Debug)]
pub struct InFlight<T>(Vec<T>);

impl<T> Default for InFlight<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> InFlight<T> {
    /// Sends a message.
    pub fn push(&mut self, message: T) {
        self.0.push(message);
    }

    /// Takes the message that arrives next.
    pub fn pop(&mut self, chance: &mut Chance) -> Option<T> {
        if self.0.is_empty() {
            return None;
        }
        let nth = chance.below(self.0.len());
        Some(self.0.swap_remove(nth))
    }

    /// Loses the messages that do not satisfy `keep`.
    pub fn retain(&mut self, keep: impl FnMut(&T) -> bool) {
        self.0.retain(keep);
    }

    /// True if nothing is in flight.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The state of a connection below the object that holds its socket.
#[derive(Debug, Default)]
pub struct Link {
    /// The attachment of the socket.
    pub attachment: Option<String>,
    /// The time at which the connection was cut, ms. Nothing passes from then on.
    cut_at: Option<u64>,
    /// The time at which the platform reports the cut, ms. None: it never does.
    gone_at: Option<u64>,
}

impl Link {
    /// Cuts the connection. The platform reports it up to four seconds later, except in `unreported` of a
    /// hundred cuts.
    pub fn cut(&mut self, now: u64, unreported: u64, chance: &mut Chance) {
        let later = now + chance.between(0, 4000);
        self.cut_at = Some(now);
        self.gone_at = (!chance.percent(unreported)).then_some(later);
    }

    /// Makes the platform report a cut now.
    pub fn report_cut(&mut self, now: u64) {
        if self.is_cut() {
            self.gone_at = Some(now);
        }
    }

    /// True if nothing passes any longer.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.cut_at.is_some()
    }

    /// True if nothing has passed for so long that the object closes the socket.
    #[must_use]
    pub fn is_silent(&self, now: u64) -> bool {
        self.cut_at.is_some_and(|since| now - since > SILENCE_MS)
    }

    /// True if the platform reports that the connection is gone.
    #[must_use]
    pub fn is_gone(&self, now: u64) -> bool {
        self.gone_at.is_some_and(|at| at <= now)
    }
}
