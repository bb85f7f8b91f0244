//! How often a person is connected, and what happens at the cap.

use super::Player;
use crate::caps;
use crate::id::SessionId;
use crate::internal::{Dismissal, Displaced, PlayerAnswer};
use crate::socket::Conn;
use crate::time::Time;
use serde::{Deserialize, Serialize};

/// What happens where somebody comes who is connected as often as is allowed ([`caps::DEVICES`]). Whichever it is, the
/// new connection opens only once the old one is gone: there are never more than the cap.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Devices {
    /// The new one is refused with 4008.
    #[default]
    RejectNew,
    /// The oldest one is closed with 4008, wherever it is, and the new one comes in.
    KickOldest,
    /// All others are closed with 4006, wherever they are: one device at a time.
    TakeOver,
}

/// A socket somewhere in the world.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Lease {
    pub object: String,
    pub conn: Conn,
    pub since: Time,
    /// When its object asked for it, by the object's clock.
    #[serde(default)]
    pub at: Time,
    /// The login that it was opened with.
    #[serde(default)]
    pub sid: Option<SessionId>,
}

/// A socket that wants to open.
pub(super) struct Claim {
    pub object: String,
    pub conn: Conn,
    pub holding: Vec<Conn>,
    pub replaces: Vec<Conn>,
    pub at: Time,
    pub ep: u64,
    pub sid: SessionId,
    pub devices: Devices,
}

impl Player {
    pub(super) fn claim(&mut self, now: Time, claim: Claim) -> PlayerAnswer {
        if let Some(why) = self.saved.bars.why(now, claim.ep, &claim.sid) {
            return PlayerAnswer::Barred { why };
        }
        // The object knows all others that it asked for before this one, also those that are not yet open.
        self.saved.leases.retain(|lease| {
            lease.object != claim.object
                || claim.holding.contains(&lease.conn)
                || (lease.at, lease.conn) > (claim.at, claim.conn)
        });
        let stays = |lease: &&Lease| lease.object != claim.object || !claim.replaces.contains(&lease.conn);
        let stay: Vec<&Lease> = self.saved.leases.iter().filter(stays).collect();
        let out = displaced(&stay, claim.devices);
        if stay.len() >= caps::DEVICES || !out.is_empty() {
            let at = stay.iter().map(|lease| lease.object.clone()).filter(|at| *at != claim.object).collect();
            return PlayerAnswer::Full { at, out };
        }
        self.saved.leases.push(Lease {
            object: claim.object,
            conn: claim.conn,
            since: now,
            at: claim.at,
            sid: Some(claim.sid),
        });
        self.granted(now)
    }

    /// The object knows best what it holds: leases there that it does not name are gone, but for those that were given
    /// since it was asked.
    pub(super) fn correct(&mut self, object: &str, holding: &[Conn], asked: Time) {
        self.saved
            .leases
            .retain(|lease| lease.object != object || holding.contains(&lease.conn) || lease.since >= asked);
    }

    pub(super) fn release(&mut self, object: &str, conn: Conn) {
        self.saved.leases.retain(|lease| lease.object != object || lease.conn != conn);
    }

    /// Every object that has a socket of theirs, once.
    pub(super) fn objects(&self) -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        for lease in &self.saved.leases {
            if !all.contains(&lease.object) {
                all.push(lease.object.clone());
            }
        }
        all
    }
}

/// Who makes room for one more. They are in the order in which they came.
fn displaced(stay: &[&Lease], devices: Devices) -> Vec<Displaced> {
    let over = (stay.len() + 1).saturating_sub(caps::DEVICES);
    let displaced = |lease: &Lease, dismissal| Displaced { object: lease.object.clone(), dismissal };
    match devices {
        Devices::RejectNew => Vec::new(),
        Devices::KickOldest => stay
            .iter()
            .take(over)
            .map(|lease| displaced(lease, Dismissal::OneTooMany { conn: lease.conn }))
            .collect(),
        Devices::TakeOver => {
            stay.iter().map(|lease| displaced(lease, Dismissal::TakenOver { conn: lease.conn })).collect()
        }
    }
}
