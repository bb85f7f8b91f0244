//! Applies a moderator's decision to a player's bans; bans and resolved reports share it.

use crate::app::App;
use crate::clock::random_bytes;
use crate::domain::ban::{Ban, BanChange, BanDecision, decide_ban};
use crate::domain::status::Status;
use crate::error::Fault;
use crate::error::refusals::player_not_found;
use crate::store::retry::{DECISION_ATTEMPTS, until_committed};
use shared::id::{BanId, PlayerId};
use shared::rpc::audit::AuditEntry;

/// The status and the ban of a player as they are now, and what a decision changes.
pub struct BanPlan {
    /// The status that the change expects.
    pub status: Status,
    /// The ban in force before the change.
    pub active: Option<Ban>,
    /// The change to commit; `None` if the decision changes nothing.
    pub change: Option<BanChange>,
}

/// Reads the player's status and ban, and decides what changes. A new ban gets the id `id`.
pub async fn plan_ban(
    app: &App,
    player: &PlayerId,
    decision: &BanDecision,
    id: &BanId,
) -> Result<BanPlan, Fault> {
    let status = app.store.status_strong(player).await?;
    let status = status.ok_or_else(|| player_not_found(player))?;
    let active = app.store.named_ban_strong(player, &status).await?;
    let now = app.clock.now();
    let change = decide_ban(now, player, &status, active.clone(), decision, id.clone());
    let active = active.filter(|ban| ban.is_active(now));
    Ok(BanPlan { status, active, change })
}

/// Commits a decision, together with its action in the audit trail. Returns the ban in force afterwards, and whether the
/// decision changed anything.
pub async fn apply_ban(
    app: &App,
    player: &PlayerId,
    decision: &BanDecision,
    audit: &AuditEntry,
) -> Result<(Option<Ban>, bool), Fault> {
    let id = &BanId::random(random_bytes()?);
    until_committed::<_, Fault>("change_ban", DECISION_ATTEMPTS, |_| {
        Box::pin(async move {
            let plan = plan_ban(app, player, decision, id).await?;
            let Some(change) = plan.change else {
                return Ok(Some((plan.active, false)));
            };
            let committed = app.store.change_ban(player, &plan.status, &change, audit).await?;
            Ok(committed.then_some((change.new, true)))
        })
    })
    .await
}
