//! The connections of a player: leases of sockets, and the device limit.

use super::Player;
use crate::connection::Conn;
use crate::id::SessionId;
use crate::limits;
use crate::pool::Devices;
use crate::rpc::{Evictee, ForcedClose, ObjectName, PlayerResponse};
use crate::time::Time;
use serde::{Deserialize, Serialize};

/// The lease of one socket at a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Lease {
    pub object: ObjectName,
    pub conn: Conn,
    pub since: Time,
    /// When the host asked for it, by the host's clock.
    #[serde(default)]
    pub at: Time,
    /// The session of the socket.
    #[serde(default)]
    pub sid: Option<SessionId>,
}

/// A socket that is to open at a host.
pub(super) struct Claim {
    pub object: ObjectName,
    pub conn: Conn,
    pub holding: Vec<Conn>,
    pub replaces: Vec<Conn>,
    pub at: Time,
    pub ep: u64,
    pub sid: SessionId,
    pub devices: Devices,
}

impl Player {
    pub(super) fn claim(&mut self, now: Time, claim: Claim) -> PlayerResponse {
        if let Some(denial) = self.durable.restrictions.denial(now, claim.ep, &claim.sid) {
            return PlayerResponse::Denied { denial };
        }
        // The host names all sockets that it claimed before this one, including those that are not open yet.
        self.durable.leases.retain(|lease| {
            lease.object != claim.object
                || claim.holding.contains(&lease.conn)
                || (lease.at, lease.conn) > (claim.at, claim.conn)
        });
        let stays = |lease: &&Lease| lease.object != claim.object || !claim.replaces.contains(&lease.conn);
        let staying: Vec<&Lease> = self.durable.leases.iter().filter(stays).collect();
        let evict = evictees(&staying, claim.devices);
        if staying.len() >= limits::DEVICES_MAX || !evict.is_empty() {
            let elsewhere = staying.iter().filter(|lease| lease.object != claim.object);
            let objects = elsewhere.map(|lease| lease.object.clone()).collect();
            return PlayerResponse::Full { objects, evict };
        }
        self.durable.leases.push(Lease {
            object: claim.object,
            conn: claim.conn,
            since: now,
            at: claim.at,
            sid: Some(claim.sid),
        });
        self.granted(now)
    }

    /// Removes the leases of a host that it no longer holds, except those that were granted after it was
    /// asked.
    pub(super) fn correct(&mut self, object: &ObjectName, holding: &[Conn], asked: Time) {
        self.durable
            .leases
            .retain(|lease| lease.object != *object || holding.contains(&lease.conn) || lease.since >= asked);
    }

    pub(super) fn release(&mut self, object: &ObjectName, conn: Conn) {
        self.durable.leases.retain(|lease| lease.object != *object || lease.conn != conn);
    }

    /// Returns each host that has a socket of the player, once.
    pub(super) fn objects(&self) -> Vec<ObjectName> {
        let mut objects: Vec<ObjectName> = Vec::new();
        for lease in &self.durable.leases {
            if !objects.contains(&lease.object) {
                objects.push(lease.object.clone());
            }
        }
        objects
    }
}

/// Returns the connections that are evicted for a new one. `staying` is in the order of opening.
fn evictees(staying: &[&Lease], devices: Devices) -> Vec<Evictee> {
    let excess = (staying.len() + 1).saturating_sub(limits::DEVICES_MAX);
    let evictee = |lease: &Lease, close| Evictee { object: lease.object.clone(), close };
    match devices {
        Devices::RejectNew => Vec::new(),
        Devices::KickOldest => staying
            .iter()
            .take(excess)
            .map(|lease| evictee(lease, ForcedClose::OneTooMany { conn: lease.conn }))
            .collect(),
        Devices::TakeOver => {
            staying.iter().map(|lease| evictee(lease, ForcedClose::TakenOver { conn: lease.conn })).collect()
        }
    }
}
