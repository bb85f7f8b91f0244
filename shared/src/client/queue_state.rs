//! The state of a player in a queue, updated event by event.

use super::close_policy::Stopped;
use crate::id::{PlayerId, RoomId, TicketId};
use crate::time::Time;
use crate::wire::Refusal;
use crate::wire::lobby::{Event, QueueState as LobbyStats, Welcome};

/// The size of the queue, and estimates of the wait, as far as they are known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct QueueStats {
    /// The waiting players, this one included.
    pub waiting: Option<usize>,
    /// The waiting players with the same attributes and wants.
    pub like_you: Option<usize>,
    /// The median wait of recent players.
    pub estimate_ms: Option<u64>,
    /// The 90th percentile of recent waits.
    pub estimate_p90_ms: Option<u64>,
}

/// A ticket in the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queued {
    pub ticket: TicketId,
    /// The time at which the wait began, by the server's clock.
    pub since: Time,
    /// All members of the party; empty for a player alone.
    pub with: Vec<PlayerId>,
    pub stats: QueueStats,
}

/// A proposed match, which each of its players must accept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    pub room: RoomId,
    pub with: Vec<PlayerId>,
    pub teams: Option<Vec<Vec<PlayerId>>>,
    /// The end of the time to answer, by the server's clock.
    pub until: Time,
    pub accepted: bool,
    /// The ticket that returns to the queue if the match is not made.
    pub queued: Option<Box<Queued>>,
}

/// A match that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    pub room: RoomId,
    /// The other players, as far as the lobby names them.
    pub with: Vec<PlayerId>,
    /// The players of each team, where there are teams.
    pub teams: Option<Vec<Vec<PlayerId>>>,
}

/// The reason for which a player is no longer in the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Out {
    /// The player left.
    Left,
    /// The lobby removed the ticket, for this reason.
    Expired { reason: String, after_ms: Option<u64> },
    /// The lobby refused the ticket.
    Refused(Box<Refusal>),
    /// The connection was closed for good.
    Stopped(Stopped),
}

/// The state of the player.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QueueState {
    Entering,
    /// The player declined or missed a proposal, and enters again at this time of the device's clock.
    Cooldown(Time),
    Queued(Queued),
    Proposed(Proposal),
    Matched(Match),
    Out(Out),
}

impl QueueState {
    /// Returns true if the wait is over.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Matched(_) | Self::Out(_))
    }

    /// Returns the ticket that the player has, also while a match is proposed.
    #[must_use]
    pub fn ticket(&self) -> Option<&Queued> {
        match self {
            Self::Queued(queued) => Some(queued),
            Self::Proposed(proposal) => proposal.queued.as_deref(),
            Self::Entering | Self::Cooldown(_) | Self::Matched(_) | Self::Out(_) => None,
        }
    }

    /// Returns the state after an event of the lobby. `initial` has the statistics of the welcome.
    #[must_use]
    pub fn after(self, event: &Event, initial: QueueStats) -> Self {
        let before = self.ticket().cloned();
        match event {
            Event::Queued(ticket) => {
                let known = before.as_ref().map(|queued| queued.with.clone()).unwrap_or_default();
                let with = ticket.with.clone().unwrap_or(known);
                let stats = before.map_or(initial, |queued| queued.stats);
                Self::Queued(Queued { ticket: ticket.ticket.clone(), since: ticket.since, with, stats })
            }
            Event::Returned(returned) => {
                let (with, stats) =
                    before.map_or((Vec::new(), initial), |queued| (queued.with, queued.stats));
                Self::Queued(Queued { ticket: returned.ticket.clone(), since: returned.since, with, stats })
            }
            Event::Lobby(stats) => self.with_stats(stats),
            Event::Proposed(proposed) => Self::Proposed(Proposal {
                room: proposed.room.clone(),
                with: proposed.with.clone(),
                teams: proposed.teams.clone(),
                until: proposed.until,
                accepted: proposed.accepted,
                queued: before.map(Box::new),
            }),
            Event::Matched(matched) => Self::Matched(Match {
                room: matched.room.clone(),
                with: matched.with.clone(),
                teams: matched.teams.clone(),
            }),
            Event::Expired(expired) => match &expired.room {
                // The ticket expired because the player is in a match already.
                Some(room) => Self::in_match(room.clone()),
                None => {
                    Self::Out(Out::Expired { reason: expired.reason.clone(), after_ms: expired.after_ms })
                }
            },
            Event::Party(_) | Event::Unknown { .. } => self,
        }
    }

    /// The state of a player whose match is known by its room alone.
    pub(super) fn in_match(room: RoomId) -> Self {
        Self::Matched(Match { room, with: Vec::new(), teams: None })
    }

    fn with_stats(self, stats: &LobbyStats) -> Self {
        let update = |queued: Queued| Queued { stats: queued.stats.after(stats), ..queued };
        match self {
            Self::Queued(queued) => Self::Queued(update(queued)),
            Self::Proposed(proposal) => {
                let queued = proposal.queued.map(|queued| Box::new(update(*queued)));
                Self::Proposed(Proposal { queued, ..proposal })
            }
            other => other,
        }
    }
}

impl QueueStats {
    /// The statistics of a welcome, with this player. The count of a welcome includes only a player who has a ticket.
    pub(super) fn of_welcome(welcome: &Welcome, has_ticket: bool) -> Self {
        Self {
            waiting: Some(welcome.waiting.saturating_add(usize::from(!has_ticket))),
            like_you: welcome.like_you,
            estimate_ms: welcome.estimate_ms,
            estimate_p90_ms: welcome.estimate_p90_ms,
        }
    }

    /// An omitted estimate is unknown from then on.
    fn after(self, stats: &LobbyStats) -> Self {
        Self {
            waiting: Some(stats.waiting),
            like_you: stats.like_you.or(self.like_you),
            estimate_ms: stats.estimate_ms,
            estimate_p90_ms: stats.estimate_p90_ms,
        }
    }
}
