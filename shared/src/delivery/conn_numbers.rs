//! The numbers of an object's sockets: each names one socket, so that a late call about an old one never meets a newer.

use crate::connection::Conn;
use crate::time::Time;

/// The last number that an object gave, in memory only. A restart begins above all numbers that were given before it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ConnNumbers(u32);

impl ConnNumbers {
    /// The numbers after a restart. `next` is the first that the restored machine knows to be free; sockets that it does
    /// not know, because they closed before the restart, have lower numbers than the time gives.
    #[must_use]
    pub fn restored(now: Time, next: Conn) -> Self {
        Self(from_time(now).max(next.0.saturating_sub(1)))
    }

    /// Returns a number for a socket. `next` is the first that the machine knows to be free; a socket that waits for
    /// its admission has a number that the machine does not know yet.
    pub fn take(&mut self, next: Conn) -> Conn {
        self.0 = next.0.max(self.0 + 1);
        Conn(self.0)
    }
}

/// Returns a number that grows by 62.5 a second. An object opens fewer sockets over any longer time.
fn from_time(now: Time) -> u32 {
    u32::try_from(now.ms() / 16 % (1 << 31)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time::from_ms(1_733_000_000_000);

    #[test]
    fn sockets_that_wait_together_have_different_numbers() {
        let mut numbers = ConnNumbers::default();
        assert_eq!(
            [numbers.take(Conn(1)), numbers.take(Conn(1)), numbers.take(Conn(2))],
            [1, 2, 3].map(Conn)
        );
        // The machine knows a higher number from its disk.
        assert_eq!(numbers.take(Conn(9)), Conn(9));
    }

    #[test]
    fn restart_begins_above_all_numbers_before_it() {
        let mut before = ConnNumbers::restored(NOW, Conn(1));
        let given = (0..60).map(|_| before.take(Conn(1))).max();
        let mut after = ConnNumbers::restored(Time::from_ms(NOW.ms() + 1_000), Conn(1));
        assert!(Some(after.take(Conn(1))) > given, "{given:?}");
    }

    #[test]
    fn restart_by_a_clock_that_was_set_back_keeps_the_numbers_of_open_sockets_free() {
        let open = ConnNumbers::restored(NOW, Conn(1)).take(Conn(1));
        let mut after = ConnNumbers::restored(Time::from_ms(0), Conn(open.0 + 1));
        assert!(after.take(Conn(open.0 + 1)) > open);
    }
}
