//! Both are asked before a match is theirs; who says no, or nothing, waits before the next one.

use super::ticket::State;
use super::{Effect, Lobby, Making, Step};
use crate::caps;
use crate::id::{PlayerId, RoomId, TicketId};
use crate::protocol::event::{self, Text};
use crate::protocol::{Code, Fault};
use crate::socket::Conn;
use crate::time::{self, Time};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// Who let others down, how often, and until when they may not enter.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Cooldowns(BTreeMap<PlayerId, (u32, Time)>);

impl Cooldowns {
    /// How long somebody may not enter; none, they may.
    pub(super) fn of(&self, now: Time, player: &PlayerId) -> Option<Duration> {
        let (_, until) = self.0.get(player)?;
        Some(until.since(now)).filter(|rest| !rest.is_zero())
    }

    /// Once more. Who was good for `caps::COOLDOWN_MAX` begins anew.
    fn add(&mut self, now: Time, player: &PlayerId) {
        self.0
            .retain(|_, (_, until)| *until + caps::COOLDOWN_MAX > now);
        let times = self.0.get(player).map_or(0, |(times, _)| *times);
        let longer = caps::COOLDOWN.saturating_mul(1 << times.min(16));
        let until = now + longer.min(caps::COOLDOWN_MAX);
        self.0
            .insert(player.clone(), (times.saturating_add(1), until));
        while self.0.len() > caps::COOLDOWNS {
            let soonest = self.0.iter().min_by_key(|(_, (_, until))| *until);
            let Some(player) = soonest.map(|(player, _)| player.clone()) else {
                return;
            };
            self.0.remove(&player);
        }
    }
}

impl Lobby {
    /// Both are reserved: each is asked whether they want the other.
    pub(super) fn propose(&mut self, making: &Making) {
        for id in &making.tickets {
            let Some(ticket) = self.tickets.get(id) else {
                continue;
            };
            let player = ticket.player.clone();
            let text = self.proposed(making, &player);
            self.tell_player(&player, &text);
        }
    }

    fn proposed(&self, making: &Making, player: &PlayerId) -> Text {
        let mut with = self.players(making);
        with.retain(|other| other != player);
        let body = json!({
            "match": making.room,
            "with": with,
            "until": making.until,
            "accepted": making.agreed.contains(player),
        });
        event::fleeting("proposed", None, Some(&body))
    }

    /// Somebody is back while they are asked.
    pub(super) fn propose_again(&mut self, conn: Conn, player: &PlayerId) {
        if let Some(making) = self.asked(player) {
            let text = self.proposed(making, player);
            self.turn.out.push(Effect::Send { conn, text });
        }
    }

    /// The match that somebody is asked about.
    fn asked(&self, player: &PlayerId) -> Option<&Making> {
        let ticket = self.ticket_of(player)?;
        let State::Held(room) = &ticket.state else {
            return None;
        };
        let making = self.saved.making.get(room)?;
        (making.step == Step::Proposing).then_some(making)
    }

    pub(super) fn is_asked(&self, player: &PlayerId) -> bool {
        self.asked(player).is_some()
    }

    pub(super) fn accept(&mut self, now: Time, player: &PlayerId) -> Result<Value, Fault> {
        let room = self.asked(player).map(|making| making.room.clone());
        let room = room.ok_or_else(|| nothing(self.ticket_of(player).is_some()))?;
        self.turn.saved = true;
        self.agreed(now, &room, player.clone());
        Ok(json!({ "match": room }))
    }

    pub(super) fn decline(&mut self, now: Time, player: &PlayerId) -> Result<Value, Fault> {
        let asked = self.asked(player).map(|making| making.room.clone());
        let (Some(room), Some(ticket)) = (asked, self.ticket_of(player)) else {
            return Err(nothing(self.ticket_of(player).is_some()));
        };
        let id = ticket.id.clone();
        self.let_down(now, &room, &[id], "declined");
        Ok(json!({}))
    }

    /// Some do not want: they are out, and wait before they enter again.
    fn let_down(&mut self, now: Time, room: &RoomId, gone: &[TicketId], reason: &str) {
        let names = |id: &TicketId| Some(self.tickets.get(id)?.player.clone());
        let players: Vec<PlayerId> = gone.iter().filter_map(names).collect();
        self.call_off(now, room, reason, gone);
        for (id, player) in gone.iter().zip(players) {
            self.saved.cooldowns.add(now, &player);
            let after = self.saved.cooldowns.of(now, &player).map(time::ms);
            let body = json!({ "ticket": id, "reason": reason, "after_ms": after });
            self.tell_player(&player, &event::fleeting("expired", None, Some(&body)));
        }
    }

    /// Proposals that somebody has not answered in time.
    pub(super) fn pass_proposals(&mut self, now: Time) {
        let late = |making: &&Making| making.step == Step::Proposing && making.until <= now;
        let late: Vec<Making> = self.saved.making.values().filter(late).cloned().collect();
        for making in late {
            let silent = |id: &&TicketId| {
                let ticket = self.tickets.get(id);
                ticket.is_some_and(|ticket| !making.agreed.contains(&ticket.player))
            };
            let gone: Vec<TicketId> = making.tickets.iter().filter(silent).cloned().collect();
            self.let_down(now, &making.room, &gone, "no_answer");
        }
    }

    /// Whether somebody may enter again.
    pub(super) fn cooled_down(&self, now: Time, player: &PlayerId) -> Result<(), Fault> {
        match self.saved.cooldowns.of(now, player) {
            None => Ok(()),
            Some(rest) => {
                let words = "you let others wait for nothing: try again later";
                Err(Fault::new(Code::Cooldown, words).retry_after(rest))
            }
        }
    }
}

fn nothing(waits: bool) -> Fault {
    if waits {
        Fault::new(Code::NotFound, "no match is proposed to you now")
    } else {
        Fault::new(Code::NoTicket, "you are not in this queue")
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
        assert_eq!(
            rest.map(|rest| rest.as_secs()),
            expected,
            "{downs:?} at {now}"
        );
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
}
