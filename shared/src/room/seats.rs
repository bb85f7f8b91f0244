//! Seats: the players who belong to a room, and whether they are connected.

use crate::connection::Conn;
use crate::id::PlayerId;
pub use crate::rpc::setup::{Seat, SeatState};
use crate::wire::room::{Member, MemberState};

impl Seat {
    /// A seat for one player.
    #[must_use]
    pub fn of(player: PlayerId, name: String) -> Self {
        Self { player: Some(player), name, team: None, state: SeatState::Expected, came: false }
    }

    /// A seat for the first player who takes it.
    #[must_use]
    pub fn free() -> Self {
        Self { player: None, name: String::new(), team: None, state: SeatState::Expected, came: false }
    }

    /// Returns true if the seat belongs to a player who has not vacated it.
    #[must_use]
    pub fn held(&self) -> bool {
        match self.state {
            SeatState::Here(_) | SeatState::Away(_) => true,
            SeatState::Expected => self.player.is_some(),
            SeatState::Left | SeatState::Kicked | SeatState::Banned => false,
        }
    }

    /// Returns the socket of a connected player.
    #[must_use]
    pub fn conn(&self) -> Option<Conn> {
        match self.state {
            SeatState::Here(conn) => Some(conn),
            SeatState::Expected
            | SeatState::Away(_)
            | SeatState::Left
            | SeatState::Kicked
            | SeatState::Banned => None,
        }
    }

    /// Returns the member as others see it; none for a free seat.
    #[must_use]
    pub fn member(&self) -> Option<Member> {
        let state = match self.state {
            SeatState::Expected => MemberState::Expected,
            SeatState::Here(_) => MemberState::Here,
            SeatState::Away(_) => MemberState::Away,
            SeatState::Left | SeatState::Kicked | SeatState::Banned => MemberState::Left,
        };
        Some(Member { name: self.name.clone(), player: self.player.clone()?, state, team: self.team })
    }
}

impl SeatState {
    /// Returns true if the seat was vacated.
    #[must_use]
    pub fn gone(self) -> bool {
        match self {
            Self::Left | Self::Kicked | Self::Banned => true,
            Self::Expected | Self::Here(_) | Self::Away(_) => false,
        }
    }
}
