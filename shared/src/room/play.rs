//! Playing a match in a room: its start, the members' moves, the time, and the end that its mode decides.

use super::commands::Sender;
use super::game::{Game, Told};
use super::log::{NewEntry, Played};
use super::{Effect, Phase, Room, SeatState};
use crate::id::PlayerId;
use crate::limits;
use crate::mode::{Broken, Fault, FaultCode, MODES, Rejection, Replay, Seat, StartError, Viewer};
use crate::time::Time;
use crate::wire::EndReason;
use crate::wire::room::{Event, Started};
use crate::wire::{Json, Refusal, RefusalCode};
use serde_json::Value;
use std::collections::BTreeMap;

impl Room {
    /// Starts the match once the player of every seat has come.
    pub(super) fn start_game(&mut self, now: Time) {
        let seats = &self.state.setup.seats;
        let is_due =
            seats.iter().all(|seat| seat.came) && self.state.phase == Phase::Open && self.game.is_none();
        let Some(mode) = self.state.setup.mode.clone().filter(|_| is_due) else { return };
        let started = self.log.stamp(now);
        let game = mode.seed.ok_or(Broken::Unreadable("no seed was drawn".to_owned())).and_then(|seed| {
            let running = MODES.start(&mode.name, seats.len(), &mode.config, seed, started);
            let running = running.map_err(|error| match error {
                StartError::Config(error) => Broken::Unreadable(error.to_string()),
                StartError::Broken(broken) => broken,
            })?;
            let (name, config, seats) = (mode.name.clone(), mode.config, seats.len());
            Game::new(running, Replay { mode: name, config, seats, seed, started, events: Vec::new() })
        });
        let game = match game {
            Ok(game) => game,
            Err(broken) => return self.give_up_game(now, &broken),
        };
        let body = Started { mode: mode.name, seats: self.players() };
        let started = |viewer| Event::Started { body: body.clone(), state: game.view(viewer) };
        let public = started(Viewer::Spectator);
        let own = Seat::all(seats.len()).map(|seat| (seat, started(Viewer::Seat(seat))));
        let own: BTreeMap<Seat, Event> = own.filter(|(_, event)| *event != public).collect();
        let own_events = self.by_player(own);
        self.game = Some(game);
        self.pending.room = true;
        self.append_change(now, NewEntry { own_events, ..NewEntry::by(None, public) });
        let away = self.state.setup.seats.iter().filter(|seat| matches!(seat.state, SeatState::Away(_)));
        let away: Vec<PlayerId> = away.filter_map(|seat| seat.player.clone()).collect();
        for player in away {
            self.tell_game(now, &player, |seat| Played::Away { seat });
        }
    }

    /// Makes the move of a member, and returns its position.
    pub(super) fn make_move(
        &mut self,
        now: Time,
        sender: Sender<'_>,
        body: &Json,
        if_at: Option<u64>,
    ) -> Result<u64, Refusal> {
        let Some(game) = &self.game else {
            return Err(match self.state.setup.mode {
                Some(_) => not_started(),
                None => Refusal::new(RefusalCode::Forbidden, "This room has no mode. Send `say` or `set`."),
            });
        };
        let changed_at = game.changed_at();
        if let Some(if_at) = if_at.filter(|if_at| *if_at < changed_at) {
            let message =
                format!("the match moved on at {changed_at}, after your {if_at}: look and decide again");
            let refusal = Refusal::new(RefusalCode::Conflict, message);
            return Err(Refusal { at: Some(changed_at), ..refusal });
        }
        let Viewer::Seat(seat) = self.viewer(sender.player) else {
            return Err(Refusal::new(RefusalCode::Forbidden, "You have no seat in this match."));
        };
        let played = Played::Move { seat, body: body.value() };
        let at = self.play(now, Some(sender), played).map_err(refused)?;
        at.ok_or_else(|| Refusal::new(RefusalCode::RoomOver, "The match has ended, because its mode failed."))
    }

    /// Tells the mode of a member's absence, return or departure.
    pub(super) fn tell_game(&mut self, now: Time, player: &PlayerId, event: impl FnOnce(Seat) -> Played) {
        if let Viewer::Seat(seat) = self.viewer(player) {
            // A mode that refuses what has happened keeps its state.
            let _ = self.play(now, None, event(seat));
        }
    }

    /// Wakes the mode, if its time has come. A real-time mode is woken only while a member is connected.
    pub(super) fn wake_game(&mut self, now: Time) {
        for _ in 0..limits::MODE_WAKES_MAX {
            let due = self.game_deadline().or_else(|| self.next_tick());
            if due.is_none_or(|due| due > self.log.stamp(now)) {
                return;
            }
            let _ = self.play(now, None, Played::Woke);
        }
        if self.game_deadline().is_some_and(|due| due <= self.log.stamp(now)) {
            self.give_up_game(now, &Broken::WakesForever);
        }
    }

    /// Has the mode handle an event, and appends what it told. Returns the position; none where nothing was appended.
    fn play(&mut self, now: Time, sender: Option<Sender<'_>>, played: Played) -> Result<Option<u64>, Fault> {
        let now = self.log.stamp(now);
        let Some(game) = self.game.as_mut().filter(|_| self.state.phase == Phase::Open) else {
            return Ok(None);
        };
        let told = match game.handle(now, &played) {
            Ok(told) => told,
            Err(Rejection::Fault(fault)) => return Err(fault),
            Err(Rejection::Broken(broken)) => {
                self.give_up_game(now, &broken);
                return Ok(None);
            }
        };
        let has_ended = game.outcome().is_some();
        let at = self.append_told(now, sender, played, told);
        if has_ended {
            self.end(now, EndReason::Mode, None, Value::Null, None);
        }
        Ok(at)
    }

    /// Appends what an event of the mode told, where the log must have it.
    fn append_told(
        &mut self,
        now: Time,
        sender: Option<Sender<'_>>,
        played: Played,
        told: Told,
    ) -> Option<u64> {
        let Told { public, own, is_entry } = told;
        if !is_entry {
            return None;
        }
        let entry = match sender {
            Some(sender) => sender.entry(public),
            None => NewEntry::by(None, public),
        };
        let own_events = self.by_player(own);
        Some(self.append_change(now, NewEntry { own_events, played: Some(played), ..entry }))
    }

    /// Appends an event that changed the match.
    fn append_change(&mut self, now: Time, entry: NewEntry<'_>) -> u64 {
        let at = self.append_event(now, entry);
        if let Some(game) = &mut self.game {
            game.moved_to(at);
        }
        at
    }

    /// Ends the room because its mode failed; the match is not rated.
    pub(super) fn give_up_game(&mut self, now: Time, broken: &Broken) {
        let mode = self.state.setup.mode.as_ref().map_or("no mode", |mode| &mode.name);
        let message = format!("the match {} of {mode} ends without a result: {broken}", self.state.setup.id);
        self.pending.out.push(Effect::ReportFault { message });
        self.end(now, EndReason::ModeGone, None, Value::Null, None);
    }

    /// Returns the viewer that a player is: the seat, or a spectator.
    pub(super) fn viewer(&self, player: &PlayerId) -> Viewer {
        let mut seats = self.state.setup.seats.iter();
        let index = seats.position(|seat| seat.player.as_ref() == Some(player));
        let seat = index.and_then(|index| u8::try_from(index).ok());
        seat.map_or(Viewer::Spectator, |index| Viewer::Seat(Seat::new(index)))
    }

    fn by_player(&self, own: BTreeMap<Seat, Event>) -> BTreeMap<PlayerId, Event> {
        let player = |seat: Seat| self.state.setup.seats.get(seat.index())?.player.clone();
        own.into_iter().filter_map(|(seat, event)| Some((player(seat)?, event))).collect()
    }

    /// Returns the time at which the alarm must wake the mode.
    pub(super) fn game_deadline(&self) -> Option<Time> {
        let game = self.game.as_ref().filter(|_| self.state.phase == Phase::Open)?;
        game.running().wake_at().filter(|_| game.running().tick().is_none())
    }

    /// Returns the time at which a timer must wake a real-time mode: none while no member is connected, or nothing moves.
    #[must_use]
    pub fn next_tick(&self) -> Option<Time> {
        let game = self.game.as_ref().filter(|_| self.state.phase == Phase::Open)?;
        let is_watched = self.state.setup.seats.iter().any(|seat| matches!(seat.state, SeatState::Here(_)));
        game.running().tick().filter(|_| is_watched).and_then(|_| game.running().wake_at())
    }
}

fn not_started() -> Refusal {
    let message = "The match starts when all players are here.";
    Refusal { why: Some("not_started".into()), ..Refusal::new(RefusalCode::Illegal, message) }
}

/// Returns the refusal of a move that broke a rule.
fn refused(fault: Fault) -> Refusal {
    let code = match fault.code {
        FaultCode::Illegal => RefusalCode::Illegal,
        FaultCode::NotYourTurn => RefusalCode::NotYourTurn,
        FaultCode::TooLate => RefusalCode::TooLate,
    };
    Refusal { why: Some(fault.why.into()), ..Refusal::new(code, fault.message) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
