//! The one authority on a person: how often they are connected, in which match, and whether they may be here at all.
//!
//! What another object asks is answered at once ([`Player::ask`]); what the region says is kept, and told to each place
//! that has a socket of theirs until it confirms.

mod bars;
mod devices;
mod effect;
mod live;
mod notices;
#[cfg(test)]
mod tests;

use crate::call::Calls;
use crate::caps;
use crate::id::{RoomId, SessionId};
use crate::internal::{Bar, PlayerAnswer, PlayerAsk};
use crate::protocol::event;
use crate::time::Time;
use bars::Bars;
pub use devices::Devices;
use devices::{Claim, Lease};
pub use effect::{Call, Effect, Input, Save};
use live::Live;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// A person, as the edge knows them.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(from = "Saved", into = "Saved")]
pub struct Player {
    saved: Saved,
    /// What the platform's alarm is set to, as far as is known.
    armed: Option<Time>,
}

/// What a restart finds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Saved {
    leases: Vec<Lease>,
    live: Option<Live>,
    /// The last matches that let them go: what a lobby asked for one of these before may still come.
    freed: VecDeque<RoomId>,
    bars: Bars,
    /// What places have not confirmed.
    calls: Calls<Call>,
    /// Since when they are gone for good.
    erased: Option<Time>,
}

impl Player {
    /// The player as a restart finds them. `Err`: a row that cannot be read.
    pub fn restore(row: Option<&str>) -> Result<Self, serde_json::Error> {
        row.map_or_else(|| Ok(Self::default()), serde_json::from_str)
    }

    /// Another object asks: the answer, and what follows from it. The answer is good once the effects are carried out.
    pub fn ask(&mut self, now: Time, ask: PlayerAsk) -> (PlayerAnswer, Vec<Effect>) {
        let before = self.saved.clone();
        let answer = self.decide(now, ask);
        let effects = self.finish(now, &before);
        (answer, effects)
    }

    /// Answers, and says whether there is something to save.
    pub fn answer(&mut self, now: Time, ask: PlayerAsk) -> (PlayerAnswer, bool) {
        let (answer, effects) = self.ask(now, ask);
        (answer, !effects.is_empty())
    }

    /// What happens next.
    pub fn handle(&mut self, now: Time, input: Input<'_>) -> Vec<Effect> {
        let before = self.saved.clone();
        match input {
            Input::Noticed { notice } => self.noticed(now, notice),
            Input::Dismissed {
                call,
                holding,
                asked,
            } => self.dismissed(call, &holding, asked),
            Input::Woke => self.armed = None,
        }
        self.finish(now, &before)
    }

    /// When there is something to do without anybody asking: never, but for calls that are not confirmed and a person
    /// who is to be forgotten.
    #[must_use]
    pub fn wake_at(&self) -> Option<Time> {
        let forget = self.saved.erased.map(|at| at + caps::TOKEN + caps::SKEW);
        [self.saved.calls.wake_at(), forget]
            .into_iter()
            .flatten()
            .min()
    }

    /// Why a token may not be used here; nothing, it may.
    #[must_use]
    pub fn bar(&self, now: Time, ep: u64, sid: &SessionId) -> Option<Bar> {
        self.saved.bars.why(now, ep, sid)
    }

    fn decide(&mut self, now: Time, ask: PlayerAsk) -> PlayerAnswer {
        match ask {
            PlayerAsk::Claim {
                object,
                conn,
                holding,
                ep,
                sid,
                devices,
            } => self.claim(
                now,
                Claim {
                    object,
                    conn,
                    holding,
                    ep,
                    sid,
                    devices,
                },
            ),
            PlayerAsk::Correct {
                object,
                holding,
                asked,
            } => {
                self.correct(&object, &holding, asked);
                self.granted(now)
            }
            PlayerAsk::Release { object, conn } => {
                self.release(&object, conn);
                self.granted(now)
            }
            PlayerAsk::Reserve { room } => self.reserve(now, room),
            PlayerAsk::Commit { room, lobby } => self.commit(now, room, &lobby),
            PlayerAsk::Free { room } => self.free(now, room),
            PlayerAsk::Live => self.granted(now),
        }
    }

    /// Ends the turn: one write where something changed, then what may only follow it.
    fn finish(&mut self, now: Time, before: &Saved) -> Vec<Effect> {
        let calls = self.saved.calls.take_due(now);
        let mut save = Save::default();
        if self.saved != *before {
            save.player = Some(event::encode(&self.saved).to_string());
        }
        let gone = self
            .saved
            .erased
            .is_some_and(|at| at + caps::TOKEN + caps::SKEW <= now);
        if gone && calls.is_empty() && self.saved.calls.is_empty() {
            *self = Self::default();
            return vec![Effect::Erase];
        }
        if let Some(wake) = self.wake_at()
            && self.armed.is_none_or(|armed| wake < armed)
        {
            save.alarm = Some(wake);
            self.armed = Some(wake);
        }
        let mut out = Vec::new();
        if save != Save::default() {
            out.push(Effect::Save(save));
        }
        out.extend(
            calls
                .into_iter()
                .map(|(id, call)| Effect::Call { id, call }),
        );
        out
    }

    /// What a restart must find again.
    #[must_use]
    pub fn remembered(&self) -> String {
        event::encode(&self.saved).to_string()
    }
}

impl From<Saved> for Player {
    fn from(saved: Saved) -> Self {
        Self { saved, armed: None }
    }
}

impl From<Player> for Saved {
    fn from(player: Player) -> Self {
        player.saved
    }
}
