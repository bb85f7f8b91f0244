//! Reports: each is kept forever, and is in a sharded queue while it is open.

use super::Store;
use super::audit::audit_op;
use super::bans::ban_ops;
use super::item::{Item, at, get_text, get_time, new_item, optional_text, optional_time, s, stored_key};
use super::keys::{
    BEFORE_ALL, GSI1PK, GSI1SK, Key, REPORT_ABOUT_PREFIX, REPORT_SHARDS, Table, report_index,
    report_index_partition,
};
use super::matches::SaveOutcome;
use super::query::{Consistency, Query};
use super::retry::until_committed;
use super::sliding_window::{Counted, decisions};
use super::transact::CommitOutcome;
use super::write_op::WriteOp;
use crate::domain::ban::BanChange;
use crate::domain::lockout::Counter;
use crate::domain::report::{Action, Case, Resolution};
use crate::domain::status::Status;
use crate::domain::webhook::event::Event;
use crate::error::Error;
use shared::id::{PlayerId, ReportId};
use shared::rpc::audit::AuditEntry;
use shared::rpc::record::Report;
use std::cmp::Reverse;
use std::time::Duration;

/// A ban that is written together with the resolution of a report.
#[derive(Debug)]
pub struct BanWrite<'a> {
    pub player: &'a PlayerId,
    /// The status from which the ban was decided.
    pub status: &'a Status,
    pub change: &'a BanChange,
}

/// The result of storing a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportOutcome {
    /// The report is stored, by this request or an earlier one.
    Saved(SaveOutcome),
    /// The reporter has made as many reports as the limit allows: how long until the next one is allowed.
    LimitReached(Duration),
}

impl Store {
    /// Stores a report once, and counts it for its reporter and writes its event in the same step. A repeated report is not counted.
    pub async fn add_report(&self, case: &Case) -> Result<ReportOutcome, Error> {
        let call = "add_report";
        let report = serde_json::to_string(&case.report)
            .map_err(|error| Error::Store { call, text: error.to_string() })?;
        let (index_partition, index_sort) = report_index(case);
        let item = &new_item(
            &Key::Report(case.report.id.clone()),
            [
                ("report", s(report)),
                ("created", at(case.created)),
                (GSI1PK, s(index_partition)),
                (GSI1SK, s(index_sort)),
            ],
        );
        let counter = &Counter::Reports(case.report.by.clone());
        until_committed(call, decisions(counter), |_| {
            Box::pin(async move {
                if let Some(stored) = self.report_strong(&case.report.id).await? {
                    return Ok(Some(repeated(case, &stored)));
                }
                let count = match self.event_op(counter, case.created).await? {
                    Counted::Op(count) => count,
                    Counted::Limited(wait) => return Ok(Some(ReportOutcome::LimitReached(wait))),
                };
                let put = WriteOp::put(Table::Core, item.clone()).only_if("attribute_not_exists(pk)");
                let event = self.event_ops([Event::report_filed(case)], case.created);
                let ops = [put, *count, about_op(case)].into_iter().chain(event).collect();
                match self.commit(call, ops).await? {
                    CommitOutcome::Committed => Ok(Some(ReportOutcome::Saved(SaveOutcome::New))),
                    CommitOutcome::ConditionFailed(found) => {
                        // The first write is the report. If its condition held, another report was counted.
                        let found = found.into_iter().next().flatten();
                        found.map(|found| Ok(repeated(case, &read(&found)?))).transpose()
                    }
                }
            })
        })
        .await
    }

    /// Returns a report, open or resolved.
    pub async fn report_strong(&self, id: &ReportId) -> Result<Option<Case>, Error> {
        let item = self.item_strong("get_report", &Key::Report(id.clone())).await?;
        item.as_ref().map(read).transpose()
    }

    /// Returns a page of the open reports, the oldest first, and the queue key after which the next page
    /// starts. The list may miss the newest reports; the content of each is current.
    pub async fn open_reports(
        &self,
        after: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<Case>, Option<String>), Error> {
        let call = "get_reports";
        let shards = (0..REPORT_SHARDS)
            .map(|shard| Query::index(report_index_partition(shard)).after(after.unwrap_or(BEFORE_ALL)));
        let key = |entry: &Item| get_text(entry, GSI1SK);
        let (entries, next) = self.query_merged(call, Table::Core, shards, limit, key).await?;
        let items = self.items_of_entries(call, Table::Core, entries).await?;
        let mut cases = items.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        cases.retain(|case| case.resolved.is_none());
        cases.sort_by_key(Case::queue_key);
        Ok((cases, next))
    }

    /// Returns a page of the reports about a player, the newest first, and the sort key after which the next page starts.
    /// The list may miss the newest reports; the content of each is current.
    pub async fn reports_about(
        &self,
        player: &PlayerId,
        after: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<Case>, Option<String>), Error> {
        let (rows, next) =
            self.player_page("get_reports_about", player, REPORT_ABOUT_PREFIX, after, limit).await?;
        let id = |row: &Item| match stored_key(row) {
            Some(Key::ReportAbout(_, _, report)) => Some(Key::Report(report).item()),
            _ => None,
        };
        let keys: Vec<Item> = rows.iter().filter_map(id).collect();
        let items = self.items("get_reports_about", Table::Core, &keys, Consistency::Strong).await?;
        let mut cases = items.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        cases.sort_by_key(|case| Reverse(case.queue_key()));
        Ok((cases, next))
    }

    /// Resolves an open report, together with the ban if there is one, and with the action in the audit trail. Returns
    /// false if the report was resolved, or the player's status has changed, in between.
    pub async fn resolve_report(
        &self,
        id: &ReportId,
        resolution: &Resolution,
        ban: Option<BanWrite<'_>>,
        audit: &AuditEntry,
    ) -> Result<bool, Error> {
        let action = match resolution.action {
            Action::None => "none",
            Action::Ban => "ban",
        };
        let mut ops = vec![
            WriteOp::update(&Key::Report(id.clone()))
                .set("resolved", at(resolution.at))
                .set("resolved_by", s(resolution.by.as_str()))
                .set("resolved_with", s(action))
                .remove(GSI1PK)
                .remove(GSI1SK)
                .only_if("attribute_exists(pk) AND attribute_not_exists(resolved)"),
            audit_op(audit),
        ];
        if let Some(BanWrite { player, status, change }) = ban {
            ops.extend(ban_ops(player, status, change));
            ops.extend(self.event_ops(Event::ban_changed(player, change), change.at));
        }
        Ok(self.commit("resolve_report", ops).await?.is_committed())
    }
}

/// The write that adds a report to the list of the reported player.
fn about_op(case: &Case) -> WriteOp {
    let Report { player, id, .. } = &case.report;
    WriteOp::put(Table::Core, new_item(&Key::ReportAbout(player.clone(), case.created, id.clone()), []))
}

fn repeated(case: &Case, stored: &Case) -> ReportOutcome {
    let same = stored.report == case.report;
    ReportOutcome::Saved(if same { SaveOutcome::Duplicate } else { SaveOutcome::Conflict })
}

fn read(item: &Item) -> Result<Case, Error> {
    let text: String = get_text(item, "report")?;
    let corrupt = |_| Error::Corrupt { attribute: "report" };
    let report: Report = serde_json::from_str(&text).map_err(corrupt)?;
    let resolved = match optional_time(item, "resolved")? {
        None => None,
        Some(at) => Some(Resolution {
            at,
            by: get_text(item, "resolved_by")?,
            action: match optional_text::<String>(item, "resolved_with")?.as_deref() {
                Some("ban") => Action::Ban,
                Some(_) | None => Action::None,
            },
        }),
    };
    Ok(Case { report, created: get_time(item, "created")?, resolved })
}
