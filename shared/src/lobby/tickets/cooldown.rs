//! Cooldowns: a player who declined or ignored a proposal must wait before entering again, longer each time.

use crate::id::PlayerId;
use crate::limits;
use crate::lobby::{Lobby, Row};
use crate::time::Time;
use crate::wire::{Refusal, RefusalCode};
use std::collections::BTreeMap;
use std::time::Duration;

/// The number of offenses, and the time before which the player may not enter.
type Cooldown = (u32, Time);

/// The cooldowns of a lobby, by player.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::lobby) struct Cooldowns(BTreeMap<PlayerId, Cooldown>);

impl Cooldowns {
    /// Returns the remaining cooldown of a player; `None` if the player may enter.
    pub(in crate::lobby) fn of(&self, now: Time, player: &PlayerId) -> Option<Duration> {
        let (_, until) = self.0.get(player)?;
        Some(until.since(now)).filter(|rest| !rest.is_zero())
    }

    /// Counts an offense. Returns the players whose entries are removed: those without an offense for
    /// `limits::COOLDOWN_MAX` after their cooldown, and above the limit the one whose cooldown ends first.
    fn add(&mut self, now: Time, player: &PlayerId) -> Vec<PlayerId> {
        let good = |(_, until): &Cooldown| *until + limits::COOLDOWN_MAX <= now;
        let before = self.0.get(player).filter(|cooldown| !good(cooldown));
        let times = before.map_or(0, |(times, _)| *times);
        let longer = limits::COOLDOWN_FIRST.saturating_mul(1 << times.min(16));
        let until = now + longer.min(limits::COOLDOWN_MAX);
        self.0.insert(player.clone(), (times.saturating_add(1), until));
        let forgiven = self.0.iter().filter(|(_, cooldown)| good(cooldown));
        let mut forgotten: Vec<PlayerId> = forgiven.map(|(player, _)| player.clone()).collect();
        if self.0.len() - forgotten.len() > limits::COOLDOWNS_MAX {
            let soonest = self.0.iter().min_by_key(|(_, (_, until))| *until);
            forgotten.extend(soonest.map(|(player, _)| player.clone()));
        }
        self.0.retain(|player, _| !forgotten.contains(player));
        forgotten
    }

    pub(in crate::lobby) fn read(&mut self, player: PlayerId, cooldown: Cooldown) {
        self.0.insert(player, cooldown);
    }

    pub(in crate::lobby) fn written(&self, player: &PlayerId) -> Option<&Cooldown> {
        self.0.get(player)
    }

    pub(in crate::lobby) fn players(&self) -> impl Iterator<Item = PlayerId> {
        self.0.keys().cloned()
    }
}

impl Lobby {
    /// Counts an offense of a player and returns the cooldown that follows.
    pub(in crate::lobby) fn start_cooldown(&mut self, now: Time, player: &PlayerId) -> Option<Duration> {
        for forgotten in self.cooldowns.add(now, player) {
            self.pending.rows.insert(Row::Cooldown(forgotten));
        }
        self.pending.rows.insert(Row::Cooldown(player.clone()));
        self.cooldowns.of(now, player)
    }

    /// Rejects a player who is in a cooldown.
    pub(in crate::lobby) fn check_cooldown(&self, now: Time, player: &PlayerId) -> Result<(), Refusal> {
        match self.cooldowns.of(now, player) {
            None => Ok(()),
            Some(rest) => {
                let text = "You declined or missed a match proposal recently. Try again later.";
                Err(Refusal::new(RefusalCode::Cooldown, text).retry_after(rest))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(offenses: &[u64], now: u64, expected: Option<u64>) {
        let (mut cooldowns, player) = (Cooldowns::default(), "p_1".parse().unwrap());
        for &at in offenses {
            cooldowns.add(Time::from_ms(at * 1000), &player);
        }
        let rest = cooldowns.of(Time::from_ms(now * 1000), &player);
        assert_eq!(rest.map(|rest| rest.as_secs()), expected, "{offenses:?} at {now}");
    }

    #[test]
    fn cooldown_doubles_until_it_is_forgiven() {
        check(&[], 0, None);
        check(&[0], 0, Some(30));
        check(&[0], 30, None);
        check(&[0, 30], 30, Some(60));
        check(&[0, 30, 90], 90, Some(120));
        check(&[0, 0, 0, 0, 0, 0, 0, 0], 0, Some(900));
        check(&[0, 930], 930, Some(30));
        check(&[0, 929], 929, Some(60));
    }

    #[test]
    fn cooldown_that_ends_first_is_evicted_at_the_limit() {
        let mut cooldowns = Cooldowns::default();
        let mut forgotten = Vec::new();
        for nth in 0..=limits::COOLDOWNS_MAX {
            let player = format!("p_{nth}").parse().unwrap();
            forgotten.extend(cooldowns.add(Time::from_ms(nth as u64), &player));
        }
        assert_eq!(forgotten, ["p_0".parse().unwrap()]);
    }
}
