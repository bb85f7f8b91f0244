//! Membership: seats are taken, kept while a socket is lost, and vacated.

use super::log::{NewEntry, Played};
use super::seats::{Seat, SeatState};
use super::{Call, Conn, Identity, Resume, Role, Room, Socket};
use crate::connection;
use crate::id::PlayerId;
use crate::limits;
use crate::time::Time;
use crate::wire::CloseCode;
use crate::wire::EndReason;
use crate::wire::room::{Event, Left, LeftReason, MemberName};
use serde_json::Value;

impl Room {
    /// Returns the role in which a player may open a socket now. It changes nothing.
    pub fn admit(&self, identity: &Identity, watch: bool) -> Result<Role, CloseCode> {
        let seats = &self.state.setup.seats;
        if let Some(seat) = seats.iter().find(|seat| seat.player.as_ref() == Some(&identity.player)) {
            return match seat.state {
                SeatState::Kicked => Err(CloseCode::Kicked),
                SeatState::Banned => Err(CloseCode::Banned),
                SeatState::Left if self.state.phase.over().is_none() => Err(CloseCode::Forbidden),
                SeatState::Expected | SeatState::Here(_) | SeatState::Away(_) | SeatState::Left => {
                    Ok(Role::Member)
                }
            };
        }
        if self.state.phase.over().is_some() {
            return Err(CloseCode::RoomOver);
        }
        if !watch && seats.iter().any(|seat| seat.player.is_none()) {
            return Ok(Role::Member);
        }
        if !self.state.setup.rules.spectators {
            return Err(CloseCode::Forbidden);
        }
        let spectators = self.sockets.values().filter(|socket| socket.role == Role::Spectator).count();
        if spectators < limits::SPECTATORS_MAX { Ok(Role::Spectator) } else { Err(CloseCode::Overloaded) }
    }

    /// Returns whether a player's seat has no name, or is a free one, so that its shell should look up the name.
    #[must_use]
    pub fn lacks_name(&self, player: &PlayerId) -> bool {
        let seats = &self.state.setup.seats;
        match seats.iter().find(|seat| seat.player.as_ref() == Some(player)) {
            Some(seat) => seat.name.is_empty(),
            None => seats.iter().any(|seat| seat.player.is_none()),
        }
    }

    /// Returns whether an open socket of the player has the seat: one that yields must not take it over.
    #[must_use]
    pub fn is_seated(&self, player: &PlayerId) -> bool {
        let mut seats = self.state.setup.seats.iter();
        let seat = seats.find(|seat| seat.player.as_ref() == Some(player));
        seat.and_then(Seat::conn).is_some_and(|conn| self.sockets.contains_key(&conn))
    }

    /// Gives the player's seat a name, before the welcome of the player's socket.
    pub(super) fn name_seat(&mut self, player: &PlayerId, name: Option<String>) {
        let Some(name) = name else { return };
        if let Some(seat) = self.seat_or_free(player)
            && seat.name.is_empty()
        {
            seat.name = name;
            self.pending.room = true;
        }
    }

    /// Returns the seat that a player has or would take.
    fn seat_or_free(&mut self, player: &PlayerId) -> Option<&mut Seat> {
        let seats = &mut self.state.setup.seats;
        let own = seats.iter().position(|seat| seat.player.as_ref() == Some(player));
        let free = || seats.iter().position(|seat| seat.player.is_none());
        let index = own.or_else(free)?;
        seats.get_mut(index)
    }

    pub(super) fn opened(
        &mut self,
        now: Time,
        conn: Conn,
        identity: Identity,
        role: Role,
        resume: Option<&Resume>,
    ) {
        let player = identity.player.clone();
        self.next_expiry = self.next_expiry.min(identity.exp);
        self.sockets.insert(conn, Socket::new(identity, role, now));
        self.pending.attachments.insert(conn);
        self.welcome(now, conn, resume);
        if self.state.phase.over().is_some() {
            self.drop_socket(conn, CloseCode::RoomOver);
            return;
        }
        self.wake_game(now);
        if self.state.phase.over().is_some() {
            return;
        }
        match role {
            Role::Spectator => {}
            Role::Member => self.take_seat(now, conn, &player),
        }
    }

    fn take_seat(&mut self, now: Time, conn: Conn, player: &PlayerId) {
        let Some(seat) = self.seat_or_free(player) else {
            self.drop_socket(conn, CloseCode::Forbidden);
            return;
        };
        seat.player = Some(player.clone());
        seat.came = true;
        let before = std::mem::replace(&mut seat.state, SeatState::Here(conn));
        let name = MemberName { name: seat.name.clone() };
        self.state.last_conn = conn.0;
        self.pending.room = true;
        let event = match before {
            SeatState::Here(old) => {
                self.drop_socket(old, CloseCode::TakenOver);
                return;
            }
            SeatState::Away(_) => Event::Back(name),
            SeatState::Expected | SeatState::Left | SeatState::Kicked | SeatState::Banned => {
                Event::Joined(name)
            }
        };
        self.append_event(now, NewEntry::by(Some(player), event));
        if self.game.is_some() {
            self.tell_game(now, player, |seat| Played::Back { seat });
        } else {
            self.start_game(now);
        }
    }

    /// Keeps the seat on this socket for the grace period.
    pub(super) fn mark_away(&mut self, now: Time, conn: Conn) {
        let seats = &mut self.state.setup.seats;
        let Some(seat) = seats.iter_mut().find(|seat| seat.conn() == Some(conn)) else {
            return;
        };
        seat.state = SeatState::Away(now);
        let player = seat.player.clone();
        self.pending.room = true;
        if self.state.phase.over().is_none() {
            self.append_event(now, NewEntry::by(player.as_ref(), Event::Away));
            if let Some(player) = player {
                self.tell_game(now, &player, |seat| Played::Away { seat });
            }
        }
    }

    /// Vacates a seat, and ends the room if it was the last one.
    pub(super) fn vacate(
        &mut self,
        now: Time,
        player: &PlayerId,
        reason: VacateReason,
        key: Option<&str>,
    ) -> u64 {
        let Some(seat) = self.seat_of(player) else {
            return self.log.head();
        };
        let conn = seat.conn();
        seat.state = reason.state();
        self.pending.room = true;
        let left = Event::Left(Left { reason: reason.on_the_wire() });
        let at = self.append_event(now, NewEntry { key, ..NewEntry::by(Some(player), left) });
        let room = self.state.setup.id.clone();
        self.state.calls.add(now, Call::Free { player: player.clone(), room });
        if let Some(conn) = conn {
            self.drop_socket(conn, reason.close());
        }
        self.tell_game(now, player, |seat| Played::Gone { seat });
        let waits_for_all = self.state.setup.mode.is_some() && self.game.is_none();
        if self.state.phase.over().is_some() {
            return at;
        }
        // A match that has not started lacks a player for good.
        if waits_for_all || !self.state.setup.seats.iter().any(Seat::held) {
            self.end(now, EndReason::Abandoned, None, Value::Null, None);
        } else {
            self.settle_agreement(now);
        }
        at
    }

    /// Returns the next deadline of the room itself.
    pub(super) fn deadline(&self) -> Option<Time> {
        let rules = &self.state.setup.rules;
        if let Some((over, _)) = self.state.phase.over() {
            return Some(over + rules.linger()).filter(|_| self.state.calls.is_empty());
        }
        let age = self.state.created + rules.age();
        let no_show = self.no_show_at();
        let grace = self.state.setup.seats.iter().filter_map(|seat| match seat.state {
            SeatState::Away(since) => Some(since + rules.grace()),
            SeatState::Expected
            | SeatState::Here(_)
            | SeatState::Left
            | SeatState::Kicked
            | SeatState::Banned => None,
        });
        let agreement = self.state.agreement.as_ref().map(|agreement| agreement.until);
        grace.chain(no_show).chain(agreement).chain([age]).min()
    }

    /// Returns when the room ends because a named player has not arrived, or no player at all; none once all are
    /// there. A room without named players may not wait as long as its rules allow.
    fn no_show_at(&self) -> Option<Time> {
        let (seats, no_show) = (&self.state.setup.seats, self.state.setup.rules.no_show());
        let named = seats.iter().any(|seat| seat.player.is_some() && seat.state == SeatState::Expected);
        if named {
            return Some(self.state.created + no_show);
        }
        let empty = !seats.iter().any(|seat| seat.came);
        empty.then(|| self.state.created + no_show.min(limits::EMPTY_ROOM_AGE_MAX))
    }

    pub(super) fn pass_deadlines(&mut self, now: Time) {
        if self.state.phase.over().is_some() {
            return;
        }
        let rules = self.state.setup.rules;
        let seats = self.state.setup.seats.iter();
        let stale: Vec<PlayerId> = seats
            .filter(|seat| matches!(seat.state, SeatState::Away(since) if since + rules.grace() <= now))
            .filter_map(|seat| seat.player.clone())
            .collect();
        for player in stale {
            self.vacate(now, &player, VacateReason::StayedAway, None);
        }
        if self.state.phase.over().is_some() {
            return;
        }
        if self.state.agreement.as_ref().is_some_and(|agreement| agreement.until <= now) {
            self.end_disputed(now);
        } else if self.state.created + rules.age() <= now {
            self.end(now, EndReason::TimeUp, None, Value::Null, None);
        } else if self.no_show_at().is_some_and(|at| at <= now) {
            self.end(now, EndReason::NoShow, None, Value::Null, None);
        }
    }

    /// Closes the sockets whose token has expired.
    pub(super) fn expire(&mut self, now: Time) {
        if now >= self.next_expiry {
            self.next_expiry = connection::expire(self, now);
        }
    }
}

/// The reason for which a seat is vacated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum VacateReason {
    /// The player sent `leave`.
    Left,
    /// The player did not return within the grace period.
    StayedAway,
    /// The owner removed the player.
    Kicked,
    /// The player was banned.
    Banned,
}

impl VacateReason {
    fn state(self) -> SeatState {
        match self {
            Self::Left | Self::StayedAway => SeatState::Left,
            Self::Kicked => SeatState::Kicked,
            Self::Banned => SeatState::Banned,
        }
    }

    fn on_the_wire(self) -> LeftReason {
        match self {
            Self::Left => LeftReason::Left,
            Self::StayedAway => LeftReason::StayedAway,
            Self::Kicked => LeftReason::Kicked,
            Self::Banned => LeftReason::Banned,
        }
    }

    fn close(self) -> CloseCode {
        match self {
            Self::Left | Self::StayedAway => CloseCode::Bye,
            Self::Kicked => CloseCode::Kicked,
            Self::Banned => CloseCode::Banned,
        }
    }
}
