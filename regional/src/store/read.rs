//! Items read: one, many by their keys, or a run of neighbours.

use super::item::{Item, s};
use super::keys::{GSI1, GSI1PK, GSI1SK, Key, PK, SK, Table};
use super::{Store, failed};
use crate::error::Error;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::{KeysAndAttributes, Select};

/// Rounds of a batch read before what is missing counts as busy.
const ROUNDS: u32 = 3;
/// Keys that one batch read takes.
const BATCH: usize = 100;

/// Neighbours: all items of a partition whose sort key begins so.
#[derive(Debug, Clone, Default)]
pub(super) struct Run {
    /// The partition.
    pub pk: String,
    /// How the sort key begins.
    pub prefix: String,
    /// Those behind this sort key, in place of those with a prefix.
    pub behind: Option<String>,
    /// Those with this sort key or behind it, in place of those with a prefix.
    pub from: Option<String>,
    /// Those between these two sort keys, both included, in place of those with a prefix.
    pub span: Option<(String, String)>,
    /// In the sparse index, which is always a moment late, rather than in the table.
    pub index: bool,
    /// As it is at this moment; in the table only.
    pub strong: bool,
    /// The last ones first.
    pub backwards: bool,
    /// Begins behind this key.
    pub after: Option<Item>,
    /// No more than this.
    pub limit: Option<usize>,
}

impl Store {
    /// An item as it is at this moment.
    pub(super) async fn item_strong(&self, call: &'static str, key: Key<'_>) -> Result<Option<Item>, Error> {
        let got = self
            .client
            .get_item()
            .table_name(self.name(key.table()))
            .set_key(Some(key.item()))
            .consistent_read(true)
            .send()
            .await
            .map_err(failed(call))?;
        Ok(got.item)
    }

    /// Items by their keys as they are at this moment, in no order; what is not there is left out.
    pub(super) async fn items_strong(
        &self,
        call: &'static str,
        table: Table,
        keys: &[Item],
    ) -> Result<Vec<Item>, Error> {
        let (name, mut items) = (self.name(table), Vec::with_capacity(keys.len()));
        for keys in keys.chunks(BATCH) {
            let mut keys = keys.to_vec();
            let mut rounds = 0;
            while !keys.is_empty() {
                if rounds == ROUNDS {
                    let text = format!("{} keys left unread", keys.len());
                    return Err(Error::Busy { call, text });
                }
                rounds += 1;
                let wanted = KeysAndAttributes::builder()
                    .set_keys(Some(keys))
                    .consistent_read(true)
                    .build()
                    .map_err(|error| Error::Store { call, text: error.to_string() })?;
                let request = self.client.batch_get_item().request_items(name, wanted);
                let got = request.send().await.map_err(failed(call))?;
                items.extend(got.responses.unwrap_or_default().remove(name).unwrap_or_default());
                // What the store did not get to, because of its size or a ceiling.
                keys = got
                    .unprocessed_keys
                    .and_then(|mut left| left.remove(name))
                    .map(|left| left.keys)
                    .unwrap_or_default();
            }
        }
        Ok(items)
    }

    /// A page of neighbours, and whether there are more.
    pub(super) async fn page(
        &self,
        call: &'static str,
        table: Table,
        run: Run,
    ) -> Result<(Vec<Item>, bool), Error> {
        let (got, last) = self.query(call, table, &run).await?;
        Ok((got, last.is_some()))
    }

    /// All neighbours, page after page.
    pub(super) async fn run(
        &self,
        call: &'static str,
        table: Table,
        mut run: Run,
    ) -> Result<Vec<Item>, Error> {
        let mut items = Vec::new();
        loop {
            let (got, last) = self.query(call, table, &run).await?;
            items.extend(got);
            if last.is_none() {
                return Ok(items);
            }
            run.after = last;
        }
    }

    async fn query(
        &self,
        call: &'static str,
        table: Table,
        run: &Run,
    ) -> Result<(Vec<Item>, Option<Item>), Error> {
        let got = self.ask(table, run).send().await.map_err(failed(call))?;
        Ok((got.items.unwrap_or_default(), got.last_evaluated_key))
    }

    /// How many neighbours a page has, and where the next one begins. It costs what reading them would.
    pub(super) async fn count_page(
        &self,
        call: &'static str,
        table: Table,
        run: &Run,
    ) -> Result<(u64, Option<Item>), Error> {
        let ask = self.ask(table, run).select(Select::Count);
        let got = ask.send().await.map_err(failed(call))?;
        let count = u64::try_from(got.count).unwrap_or_default();
        Ok((count, got.last_evaluated_key))
    }

    fn ask(&self, table: Table, run: &Run) -> QueryFluentBuilder {
        let (pk, sk) = if run.index { (GSI1PK, GSI1SK) } else { (PK, SK) };
        let (which, text) = match (&run.span, &run.behind, &run.from) {
            (Some((from, _)), _, _) => ("#sk BETWEEN :sk AND :to", from),
            (None, Some(behind), _) => ("#sk > :sk", behind),
            (None, None, Some(from)) => ("#sk >= :sk", from),
            (None, None, None) => ("begins_with(#sk, :sk)", &run.prefix),
        };
        let ask = self
            .client
            .query()
            .table_name(self.name(table))
            .set_index_name(run.index.then(|| GSI1.to_owned()))
            .key_condition_expression(format!("#pk = :pk AND {which}"))
            .expression_attribute_names("#pk", pk)
            .expression_attribute_names("#sk", sk)
            .expression_attribute_values(":pk", s(&run.pk))
            .expression_attribute_values(":sk", s(text))
            .consistent_read(run.strong && !run.index)
            .scan_index_forward(!run.backwards)
            .set_exclusive_start_key(run.after.clone())
            .set_limit(run.limit.and_then(|limit| i32::try_from(limit).ok()));
        match &run.span {
            Some((_, to)) => ask.expression_attribute_values(":to", s(to)),
            None => ask,
        }
    }
}
