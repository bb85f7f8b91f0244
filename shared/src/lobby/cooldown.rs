//! Who let others down waits before the next match, each time longer.

use super::{Lobby, Row};
use crate::caps;
use crate::id::PlayerId;
use crate::protocol::{Code, Fault};
use crate::time::Time;
use std::collections::BTreeMap;
use std::time::Duration;

/// How often somebody let others down, and until when they may not enter.
type Cooldown = (u32, Time);

/// Who let others down.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Cooldowns(BTreeMap<PlayerId, Cooldown>);

impl Cooldowns {
    /// How long somebody may not enter; none, they may.
    pub(super) fn of(&self, now: Time, player: &PlayerId) -> Option<Duration> {
        let (_, until) = self.0.get(player)?;
        Some(until.since(now)).filter(|rest| !rest.is_zero())
    }

    /// Once more. Says who is forgotten: who was good for `caps::COOLDOWN_MAX`, and of too many, whose time is over
    /// soonest.
    fn add(&mut self, now: Time, player: &PlayerId) -> Vec<PlayerId> {
        let good = |(_, until): &Cooldown| *until + caps::COOLDOWN_MAX <= now;
        let before = self.0.get(player).filter(|cooldown| !good(cooldown));
        let times = before.map_or(0, |(times, _)| *times);
        let longer = caps::COOLDOWN.saturating_mul(1 << times.min(16));
        let until = now + longer.min(caps::COOLDOWN_MAX);
        self.0.insert(player.clone(), (times.saturating_add(1), until));
        let forgiven = self.0.iter().filter(|(_, cooldown)| good(cooldown));
        let mut forgotten: Vec<PlayerId> = forgiven.map(|(player, _)| player.clone()).collect();
        if self.0.len() - forgotten.len() > caps::COOLDOWNS {
            let soonest = self.0.iter().min_by_key(|(_, (_, until))| *until);
            forgotten.extend(soonest.map(|(player, _)| player.clone()));
        }
        self.0.retain(|player, _| !forgotten.contains(player));
        forgotten
    }

    pub(super) fn read(&mut self, player: PlayerId, cooldown: Cooldown) {
        self.0.insert(player, cooldown);
    }

    pub(super) fn written(&self, player: &PlayerId) -> Option<&Cooldown> {
        self.0.get(player)
    }

    pub(super) fn players(&self) -> impl Iterator<Item = PlayerId> {
        self.0.keys().cloned()
    }
}

impl Lobby {
    /// Somebody let others down. Says how long they may not enter.
    pub(super) fn cool_down(&mut self, now: Time, player: &PlayerId) -> Option<Duration> {
        for forgotten in self.cooldowns.add(now, player) {
            self.turn.rows.insert(Row::Cooldown(forgotten));
        }
        self.turn.rows.insert(Row::Cooldown(player.clone()));
        self.cooldowns.of(now, player)
    }

    /// Whether somebody may enter again.
    pub(super) fn cooled_down(&self, now: Time, player: &PlayerId) -> Result<(), Fault> {
        match self.cooldowns.of(now, player) {
            None => Ok(()),
            Some(rest) => {
                let words = "you let others wait for nothing: try again later";
                Err(Fault::new(Code::Cooldown, words).retry_after(rest))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(downs: &[u64], now: u64, expected: Option<u64>) {
        let (mut cooldowns, player) = (Cooldowns::default(), "p_1".parse().unwrap());
        for &at in downs {
            cooldowns.add(Time::from_ms(at * 1000), &player);
        }
        let rest = cooldowns.of(Time::from_ms(now * 1000), &player);
        assert_eq!(rest.map(|rest| rest.as_secs()), expected, "{downs:?} at {now}");
    }

    #[test]
    fn each_time_doubles_it_until_one_was_good_for_long() {
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
    fn only_the_last_are_remembered() {
        let mut cooldowns = Cooldowns::default();
        let mut forgotten = Vec::new();
        for nth in 0..=caps::COOLDOWNS {
            let player = format!("p_{nth}").parse().unwrap();
            forgotten.extend(cooldowns.add(Time::from_ms(nth as u64), &player));
        }
        assert_eq!(forgotten, ["p_0".parse().unwrap()]);
    }
}
