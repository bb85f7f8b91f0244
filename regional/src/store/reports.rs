//! Reports in the store: each for ever, and while it is open in a queue of several partitions.

use super::bans::ban_steps;
use super::item::{Item, at, get_text, get_time, optional_text, optional_time, s};
use super::keys::{GSI1PK, GSI1SK, Key, PK, SK, Table, report_queue};
use super::read::Run;
use super::step::Step;
use super::transact::Outcome;
use super::{Store, matches::Kept};
use crate::ban::Change;
use crate::error::Error;
use crate::report::{Action, Case, Resolution, SHARDS, shard};
use crate::status::Status;
use futures_util::future::try_join_all;
use shared::id::{PlayerId, ReportId};
use shared::record::Report;
use std::collections::BTreeMap;

/// What a report was resolved with, besides.
#[derive(Debug)]
pub struct Sentenced<'a> {
    /// Who is banned.
    pub player: &'a PlayerId,
    /// What was known of them.
    pub status: &'a Status,
    /// What is decided.
    pub change: &'a Change,
}

impl Store {
    /// Keeps a report once.
    pub async fn add_report(&self, case: &Case) -> Result<Kept, Error> {
        let call = "add_report";
        let report = serde_json::to_string(&case.report)
            .map_err(|error| Error::Store { call, text: error.to_string() })?;
        let id = &case.report.id;
        let mut item = Key::Report(id).item();
        let fields = [
            ("t", s("report")),
            ("report", s(report)),
            ("created", at(case.created)),
            (GSI1PK, s(report_queue(shard(id)))),
            (GSI1SK, s(case.place())),
        ];
        item.extend(fields.map(|(name, value)| (name.to_owned(), value)));
        let put = Step::put(Table::Core, item).only_if("attribute_not_exists(pk)");
        match self.commit(call, vec![put]).await? {
            Outcome::Done => Ok(Kept::New),
            Outcome::Refused(held) => {
                let held = held.into_iter().flatten().next().unwrap_or_default();
                let same = read(&held)?.report == case.report;
                Ok(if same { Kept::Before } else { Kept::Another })
            }
        }
    }

    /// A report as it is at this moment.
    pub async fn report_strong(&self, id: &ReportId) -> Result<Option<Case>, Error> {
        let item = self.item_strong("get_report", Key::Report(id)).await?;
        item.as_ref().map(read).transpose()
    }

    /// Open reports, the oldest first, behind a place; and whether there may be more. Which are open is a moment old,
    /// how each stands is true now.
    pub async fn open_reports(
        &self,
        after: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<Case>, Option<String>), Error> {
        let call = "get_reports";
        let shards = (0..SHARDS).map(|shard| {
            let run = Run {
                pk: report_queue(shard),
                behind: Some(after.unwrap_or("0").to_owned()),
                index: true,
                limit: Some(limit + 1),
                ..Run::default()
            };
            self.page(call, Table::Core, run)
        });
        let mut places = BTreeMap::new();
        for (items, _) in try_join_all(shards).await? {
            for mut item in items {
                let place: String = get_text(&item, GSI1SK)?;
                item.retain(|name, _| name == PK || name == SK);
                places.insert(place, item);
            }
        }
        let more = places.len() > limit;
        let (places, keys): (Vec<String>, Vec<Item>) = places.into_iter().take(limit).unzip();
        let items = self.items_strong(call, Table::Core, &keys).await?;
        let mut cases = items.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        cases.retain(|case| case.resolved.is_none());
        cases.sort_by_key(Case::place);
        Ok((cases, places.into_iter().next_back().filter(|_| more)))
    }

    /// Resolves an open report, and bans in the same step where that is what it takes. False: the report or the
    /// player's status is another by now.
    pub async fn resolve_report(
        &self,
        id: &ReportId,
        resolution: &Resolution,
        sentenced: Option<Sentenced<'_>>,
    ) -> Result<bool, Error> {
        let set = "SET resolved = :at, resolved_by = :by, resolved_with = :with REMOVE #gsi1pk, #gsi1sk";
        let with = match resolution.action {
            Action::None => "none",
            Action::Ban => "ban",
        };
        let mut steps = vec![
            Step::update(Key::Report(id), set)
                .only_if("attribute_exists(pk) AND attribute_not_exists(resolved)")
                .name("#gsi1pk", GSI1PK)
                .name("#gsi1sk", GSI1SK)
                .value(":at", at(resolution.at))
                .value(":by", s(resolution.by.as_str()))
                .value(":with", s(with)),
        ];
        if let Some(Sentenced { player, status, change }) = sentenced {
            steps.extend(ban_steps(player, status, change));
        }
        let outcome = self.commit("resolve_report", steps).await?;
        Ok(matches!(outcome, Outcome::Done))
    }
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
