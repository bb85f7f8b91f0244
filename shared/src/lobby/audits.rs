//! The lobby's part of the audit trail: actions of operators and their backends, repeated until the region has stored
//! them.

use crate::id::{AuditId, PlayerId, TicketId};
use crate::limits;
use crate::lobby::{Call, Job, Lobby, Row};
use crate::rpc::audit::AuditEntry;
use crate::rpc::queue_service::QueueServiceRequest;
use crate::time::Time;
use crate::wire::{Refusal, RefusalCode};

impl Lobby {
    /// Adds an action on a player's ticket to the audit trail, with the reason that the caller gave.
    pub(in crate::lobby) fn audit(
        &mut self,
        now: Time,
        request: &QueueServiceRequest,
        action: &str,
        player: &PlayerId,
        ticket: &TicketId,
    ) {
        let QueueServiceRequest { by, reason, .. } = request;
        let colon = if reason.is_empty() { "" } else { ": " };
        let entry = AuditEntry {
            id: AuditId::derive(&[action, ticket.as_str()]),
            at: now,
            by: by.clone(),
            action: action.to_owned(),
            room: None,
            player: Some(player.clone()),
            detail: format!("{} {ticket}{colon}{reason}", self.pool_name),
        };
        self.pending.rows.insert(Row::Audit(entry.id.clone()));
        self.retries.begin(now, Job::Audit(entry.id.clone()));
        self.audits.insert(entry.id.clone(), entry);
    }

    /// Refuses further actions while the region has not stored the last ones.
    pub(in crate::lobby) fn check_audits(&self) -> Result<(), Refusal> {
        let most = limits::AUDITS_PENDING_MAX;
        if self.audits.len() < most {
            return Ok(());
        }
        let message = format!("{most} actions in this queue wait for the audit trail; try again.");
        Err(Refusal::new(RefusalCode::TooFast, message).retry_after(limits::RETRY_FIRST))
    }

    /// Removes an action that the region has stored.
    pub(in crate::lobby) fn audited(&mut self, id: &AuditId) {
        if self.audits.remove(id).is_some() {
            self.pending.rows.insert(Row::Audit(id.clone()));
        }
        self.retries.done(&Job::Audit(id.clone()));
    }

    /// Returns the call that stores an action; none if it is stored.
    pub(in crate::lobby) fn call_for_audit(&self, id: &AuditId) -> Option<Vec<Call>> {
        let entry = Box::new(self.audits.get(id)?.clone());
        Some(vec![Call::Audit { entry }])
    }
}
