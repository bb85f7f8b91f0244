//! Reads: one item, many items by their keys, or a range of one partition.

use super::item::{Item, n, s, sort_key};
use super::keys::{GSI1, GSI1PK, GSI1SK, Key, PK, SK, Table, player_partition};
use super::{Store, failed};
use crate::error::Error;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::{KeysAndAttributes, Select};
use futures_util::future::try_join_all;
use shared::id::PlayerId;
use std::collections::BTreeMap;

/// Rounds of a batch read before unread keys count as busy.
const ROUNDS: u32 = 3;
/// Keys in one batch read, DynamoDB's own limit.
const BATCH: usize = 100;

/// The consistency of a read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Consistency {
    /// The read sees all earlier writes, at twice the price.
    Strong,
    /// The read may miss the writes of the last moment.
    Eventual,
}

/// A read of the items of one partition, in the order of their sort keys.
#[derive(Debug, Clone)]
pub(super) struct Query {
    pk: String,
    range: Range,
    index: bool,
    consistency: Consistency,
    descending: bool,
    start_after: Option<Item>,
    limit: Option<usize>,
    filters: Vec<Filter>,
}

/// A condition on the items that a query returns. Items that do not meet it are read, but not returned.
#[derive(Debug, Clone)]
enum Filter {
    /// The number attribute is greater than this.
    Greater(&'static str, u64),
    /// The text attribute contains this.
    Contains(&'static str, String),
}

/// The sort keys that a query covers.
#[derive(Debug, Clone)]
enum Range {
    All,
    Prefix(String),
    After(String),
    From(String),
    /// Both ends are included.
    Between(String, String),
}

impl Query {
    /// All items of a partition of a table, in ascending order.
    pub(super) fn new(pk: impl Into<String>) -> Self {
        Self {
            pk: pk.into(),
            range: Range::All,
            index: false,
            consistency: Consistency::Eventual,
            descending: false,
            start_after: None,
            limit: None,
            filters: Vec::new(),
        }
    }

    /// All entries of a partition of the sparse index, which is always eventually consistent. Entries have
    /// only keys.
    pub(super) fn index(pk: impl Into<String>) -> Self {
        Self { index: true, ..Self::new(pk) }
    }

    /// Only sort keys with this prefix.
    pub(super) fn prefix(self, prefix: &str) -> Self {
        Self { range: Range::Prefix(prefix.to_owned()), ..self }
    }

    /// Only sort keys after this one.
    pub(super) fn after(self, sort_key: &str) -> Self {
        Self { range: Range::After(sort_key.to_owned()), ..self }
    }

    /// Only this sort key and those after it.
    pub(super) fn from(self, sort_key: &str) -> Self {
        Self { range: Range::From(sort_key.to_owned()), ..self }
    }

    /// Only sort keys between these two, both included.
    pub(super) fn between(self, (first, last): (String, String)) -> Self {
        Self { range: Range::Between(first, last), ..self }
    }

    /// Sees all earlier writes. The index cannot do that.
    pub(super) fn strong(self) -> Self {
        Self { consistency: Consistency::Strong, ..self }
    }

    /// Returns the items in the given direction.
    pub(super) fn descending(self, descending: bool) -> Self {
        Self { descending, ..self }
    }

    /// Starts after the item with this key.
    pub(super) fn start_after(self, key: Option<Item>) -> Self {
        Self { start_after: key, ..self }
    }

    /// Returns only items whose number attribute is greater than this.
    pub(super) fn greater(mut self, attribute: &'static str, number: u64) -> Self {
        self.filters.push(Filter::Greater(attribute, number));
        self
    }

    /// Returns only items whose text attribute contains this.
    pub(super) fn containing(mut self, attribute: &'static str, text: &str) -> Self {
        self.filters.push(Filter::Contains(attribute, text.to_owned()));
        self
    }

    /// Reads at most this many items a page.
    pub(super) fn limit(self, limit: usize) -> Self {
        Self { limit: Some(limit), ..self }
    }
}

impl Store {
    /// Reads an item, with all earlier writes.
    pub(super) async fn item_strong(&self, call: &'static str, key: &Key) -> Result<Option<Item>, Error> {
        self.item(call, key, Consistency::Strong).await
    }

    /// Reads an item, perhaps without the writes of the last moment.
    pub(super) async fn item_eventual(&self, call: &'static str, key: &Key) -> Result<Option<Item>, Error> {
        self.item(call, key, Consistency::Eventual).await
    }

    async fn item(
        &self,
        call: &'static str,
        key: &Key,
        consistency: Consistency,
    ) -> Result<Option<Item>, Error> {
        let request = self.client.get_item().table_name(self.name(key.table())).set_key(Some(key.item()));
        let request = request.consistent_read(consistency == Consistency::Strong);
        Ok(request.send().await.map_err(failed(call))?.item)
    }

    /// Reads items by their key attributes, in no particular order. Keys without an item are left out.
    pub(super) async fn items(
        &self,
        call: &'static str,
        table: Table,
        keys: &[Item],
        consistency: Consistency,
    ) -> Result<Vec<Item>, Error> {
        let mut items = Vec::with_capacity(keys.len());
        for keys in keys.chunks(BATCH) {
            items.extend(self.batch(call, table, keys.to_vec(), consistency).await?);
        }
        Ok(items)
    }

    async fn batch(
        &self,
        call: &'static str,
        table: Table,
        mut keys: Vec<Item>,
        consistency: Consistency,
    ) -> Result<Vec<Item>, Error> {
        let (table, mut items) = (self.name(table), Vec::with_capacity(keys.len()));
        for _ in 0..ROUNDS {
            let wanted = KeysAndAttributes::builder()
                .set_keys(Some(keys))
                .consistent_read(consistency == Consistency::Strong)
                .build()
                .map_err(|error| Error::Store { call, text: error.to_string() })?;
            let request = self.client.batch_get_item().request_items(table, wanted);
            let got = request.send().await.map_err(failed(call))?;
            items.extend(got.responses.unwrap_or_default().remove(table).unwrap_or_default());
            // DynamoDB leaves keys unread when the response grows too large or a table is at its capacity.
            let unread = got.unprocessed_keys.and_then(|mut unread| unread.remove(table));
            keys = unread.map(|unread| unread.keys).unwrap_or_default();
            if keys.is_empty() {
                return Ok(items);
            }
        }
        Err(Error::Busy { call, text: format!("{} keys left unread", keys.len()) })
    }

    /// Reads the items that index entries stand for.
    pub(super) async fn items_of_entries(
        &self,
        call: &'static str,
        table: Table,
        mut entries: Vec<Item>,
    ) -> Result<Vec<Item>, Error> {
        // An entry has the key attributes of the index too.
        for entry in &mut entries {
            entry.retain(|name, _| name == PK || name == SK);
        }
        self.items(call, table, &entries, Consistency::Strong).await
    }

    /// Reads one page, and says whether more items follow.
    pub(super) async fn query_page(
        &self,
        call: &'static str,
        table: Table,
        query: Query,
    ) -> Result<(Vec<Item>, bool), Error> {
        let (items, last) = self.query_from(call, table, &query).await?;
        Ok((items, last.is_some()))
    }

    /// Reads a page of the rows of a player with this prefix, the newest first, and the sort key after which the next page
    /// starts.
    pub(super) async fn player_page(
        &self,
        call: &'static str,
        player: &PlayerId,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<Item>, Option<String>), Error> {
        let pk = player_partition(player);
        let start_after =
            after.map(|sort_key| Item::from([(PK.to_owned(), s(&pk)), (SK.to_owned(), s(sort_key))]));
        let query = Query::new(&pk).prefix(prefix).descending(true).limit(limit).start_after(start_after);
        let (items, more) = self.query_page(call, Table::Core, query).await?;
        let last = items.last().filter(|_| more).map(sort_key).transpose()?;
        let next = last.map(str::to_owned);
        Ok((items, next))
    }

    /// Reads the first `limit` items of a list that several queries share, in the order of their keys. Returns them with
    /// the last key, if more follow.
    pub(super) async fn query_merged(
        &self,
        call: &'static str,
        table: Table,
        queries: impl Iterator<Item = Query>,
        limit: usize,
        key: impl Fn(&Item) -> Result<String, Error>,
    ) -> Result<(Vec<Item>, Option<String>), Error> {
        let pages = queries.map(|query| self.query_page(call, table, query.limit(limit + 1)));
        let mut by_key = BTreeMap::new();
        for (items, _) in try_join_all(pages).await? {
            for item in items {
                by_key.insert(key(&item)?, item);
            }
        }
        let more = by_key.len() > limit;
        let (keys, items): (Vec<String>, Vec<Item>) = by_key.into_iter().take(limit).unzip();
        Ok((items, keys.into_iter().next_back().filter(|_| more)))
    }

    /// Reads all pages.
    pub(super) async fn query_all(
        &self,
        call: &'static str,
        table: Table,
        mut query: Query,
    ) -> Result<Vec<Item>, Error> {
        let mut items = Vec::new();
        loop {
            let (page, last) = self.query_from(call, table, &query).await?;
            items.extend(page);
            if last.is_none() {
                return Ok(items);
            }
            query.start_after = last;
        }
    }

    /// Reads one page, and returns where the next one starts.
    pub(super) async fn query_from(
        &self,
        call: &'static str,
        table: Table,
        query: &Query,
    ) -> Result<(Vec<Item>, Option<Item>), Error> {
        let got = self.query_request(table, query).send().await.map_err(failed(call))?;
        Ok((got.items.unwrap_or_default(), got.last_evaluated_key))
    }

    /// Counts the items of one page, and returns where the next page starts. It costs as much as reading
    /// them.
    pub(super) async fn count_page(
        &self,
        call: &'static str,
        table: Table,
        query: &Query,
    ) -> Result<(u64, Option<Item>), Error> {
        let request = self.query_request(table, query).select(Select::Count);
        let got = request.send().await.map_err(failed(call))?;
        Ok((u64::try_from(got.count).unwrap_or_default(), got.last_evaluated_key))
    }

    fn query_request(&self, table: Table, query: &Query) -> QueryFluentBuilder {
        let (pk, sk) = if query.index { (GSI1PK, GSI1SK) } else { (PK, SK) };
        let request = self
            .client
            .query()
            .table_name(self.name(table))
            .set_index_name(query.index.then(|| GSI1.to_owned()))
            .expression_attribute_names("#pk", pk)
            .expression_attribute_values(":pk", s(&query.pk))
            .consistent_read(query.consistency == Consistency::Strong && !query.index)
            .scan_index_forward(!query.descending)
            .set_exclusive_start_key(query.start_after.clone())
            .set_limit(query.limit.and_then(|limit| i32::try_from(limit).ok()));
        let request = filtered(request, &query.filters);
        let (condition, first, last) = match &query.range {
            Range::All => return request.key_condition_expression("#pk = :pk"),
            Range::Prefix(prefix) => ("begins_with(#sk, :sk)", prefix, None),
            Range::After(sort_key) => ("#sk > :sk", sort_key, None),
            Range::From(sort_key) => ("#sk >= :sk", sort_key, None),
            Range::Between(first, last) => ("#sk BETWEEN :sk AND :last", first, Some(last)),
        };
        let request = request
            .key_condition_expression(format!("#pk = :pk AND {condition}"))
            .expression_attribute_names("#sk", sk)
            .expression_attribute_values(":sk", s(first));
        match last {
            Some(last) => request.expression_attribute_values(":last", s(last)),
            None => request,
        }
    }
}

/// Adds the conditions on the items that a query returns.
fn filtered(request: QueryFluentBuilder, filters: &[Filter]) -> QueryFluentBuilder {
    let mut request = request;
    let mut conditions = Vec::new();
    for (index, filter) in filters.iter().enumerate() {
        let (name, value) = (format!("#filter{index}"), format!(":filter{index}"));
        let (attribute, operand, condition) = match filter {
            Filter::Greater(attribute, number) => (attribute, n(number), format!("{name} > {value}")),
            Filter::Contains(attribute, text) => (attribute, s(text), format!("contains({name}, {value})")),
        };
        request =
            request.expression_attribute_names(name, *attribute).expression_attribute_values(value, operand);
        conditions.push(condition);
    }
    request.set_filter_expression((!conditions.is_empty()).then(|| conditions.join(" AND ")))
}
