//! One write to one item, on a condition: a member of a transaction, or an update on its own.

use super::item::{Item, n};
use super::keys::{Key, Table};
use super::transact::CommitOutcome;
use super::{Store, failed};
use crate::error::Error;
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, Delete, Put, ReturnValue, ReturnValuesOnConditionCheckFailure,
    TransactWriteItem, Update,
};
use std::collections::HashMap;

/// A write to one item, and the condition under which it happens.
#[derive(Debug, Clone)]
pub(super) struct WriteOp {
    table: Table,
    action: Action,
    condition: Option<String>,
    names: HashMap<String, String>,
    values: HashMap<String, AttributeValue>,
}

#[derive(Debug, Clone)]
enum Action {
    Put(Item),
    Update(Item, Changes),
    Delete(Item),
    Check(Item),
}

/// The clauses of an update expression.
#[derive(Debug, Clone, Default)]
struct Changes {
    set: Vec<String>,
    add: Vec<String>,
    remove: Vec<String>,
}

/// The result of an update of one item.
#[derive(Debug)]
pub(super) enum UpdateOutcome {
    /// The item after the update.
    Updated(Item),
    /// The condition did not hold: the item as it is, or none if it does not exist.
    ConditionFailed(Option<Item>),
}

impl WriteOp {
    /// Writes a whole item, which includes its key.
    pub(super) fn put(table: Table, item: Item) -> Self {
        Self::new(table, Action::Put(item))
    }

    /// Changes attributes of an item, or creates the item.
    pub(super) fn update(key: &Key) -> Self {
        Self::new(key.table(), Action::Update(key.item(), Changes::default()))
    }

    /// Deletes an item, or does nothing if it does not exist.
    pub(super) fn delete(key: &Key) -> Self {
        Self::new(key.table(), Action::Delete(key.item()))
    }

    /// Changes nothing, but fails the transaction if the condition does not hold.
    pub(super) fn check(key: &Key) -> Self {
        Self::new(key.table(), Action::Check(key.item()))
    }

    fn new(table: Table, action: Action) -> Self {
        Self { table, action, condition: None, names: HashMap::new(), values: HashMap::new() }
    }

    /// Sets an attribute. Only updates have attributes to change; for other writes this does nothing.
    pub(super) fn set(mut self, attribute: &str, value: AttributeValue) -> Self {
        if let Action::Update(_, changes) = &mut self.action {
            changes.set.push(format!("#set_{attribute} = :set_{attribute}"));
        }
        self.name(&format!("#set_{attribute}"), attribute).value(&format!(":set_{attribute}"), value)
    }

    /// Adds to a number; an absent attribute counts as 0.
    pub(super) fn add(mut self, attribute: &str, number: i32) -> Self {
        if let Action::Update(_, changes) = &mut self.action {
            changes.add.push(format!("#add_{attribute} :add_{attribute}"));
        }
        self.name(&format!("#add_{attribute}"), attribute).value(&format!(":add_{attribute}"), n(number))
    }

    /// Removes an attribute.
    pub(super) fn remove(mut self, attribute: &str) -> Self {
        if let Action::Update(_, changes) = &mut self.action {
            changes.remove.push(format!("#remove_{attribute}"));
        }
        self.name(&format!("#remove_{attribute}"), attribute)
    }

    /// Writes only if this condition holds. In a transaction, otherwise none of its writes happens.
    pub(super) fn only_if(mut self, condition: impl Into<String>) -> Self {
        self.condition = Some(condition.into());
        self
    }

    /// Defines `#name` for the condition.
    pub(super) fn name(mut self, name: &str, attribute: &str) -> Self {
        self.names.insert(name.into(), attribute.into());
        self
    }

    /// Defines `:name` for the condition.
    pub(super) fn value(mut self, name: &str, value: AttributeValue) -> Self {
        self.values.insert(name.into(), value);
        self
    }

    fn build(self, table: &str) -> Result<TransactWriteItem, BuildError> {
        let item = TransactWriteItem::builder();
        let names = (!self.names.is_empty()).then_some(self.names);
        let values = (!self.values.is_empty()).then_some(self.values);
        // The caller decides again by the item that is returned.
        let returned = ReturnValuesOnConditionCheckFailure::AllOld;
        macro_rules! with_condition {
            ($builder:expr) => {
                $builder
                    .table_name(table)
                    .set_condition_expression(self.condition)
                    .set_expression_attribute_names(names)
                    .set_expression_attribute_values(values)
                    .return_values_on_condition_check_failure(returned)
                    .build()?
            };
        }
        Ok(match self.action {
            Action::Put(whole) => item.put(with_condition!(Put::builder().set_item(Some(whole)))),
            Action::Update(key, changes) => item.update(with_condition!(
                Update::builder().set_key(Some(key)).update_expression(changes.expression())
            )),
            Action::Delete(key) => item.delete(with_condition!(Delete::builder().set_key(Some(key)))),
            Action::Check(key) => {
                item.condition_check(with_condition!(ConditionCheck::builder().set_key(Some(key))))
            }
        }
        .build())
    }
}

impl Changes {
    fn expression(&self) -> String {
        let clauses = [("SET", &self.set), ("ADD", &self.add), ("REMOVE", &self.remove)];
        let clauses = clauses.iter().filter(|(_, parts)| !parts.is_empty());
        let clauses = clauses.map(|(word, parts)| format!("{word} {}", parts.join(", ")));
        clauses.collect::<Vec<_>>().join(" ")
    }
}

impl Store {
    /// Does all writes or none.
    pub(super) async fn commit(&self, call: &'static str, ops: Vec<WriteOp>) -> Result<CommitOutcome, Error> {
        let items = ops
            .into_iter()
            .map(|op| {
                let table = self.name(op.table);
                op.build(table).map_err(|error| Error::Store { call, text: error.to_string() })
            })
            .collect::<Result<_, _>>()?;
        self.transact(call, items).await
    }

    /// Does one update, at half the price of a transaction. The SDK may repeat it after a lost response, so
    /// it must be safe to do twice.
    pub(super) async fn update(&self, call: &'static str, op: WriteOp) -> Result<UpdateOutcome, Error> {
        let Action::Update(key, changes) = op.action else {
            return Err(Error::Store { call, text: "the write is not an update".into() });
        };
        let request = self
            .client
            .update_item()
            .table_name(self.name(op.table))
            .set_key(Some(key))
            .update_expression(changes.expression())
            .set_condition_expression(op.condition)
            .set_expression_attribute_names((!op.names.is_empty()).then_some(op.names))
            .set_expression_attribute_values((!op.values.is_empty()).then_some(op.values))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let error = match request.send().await {
            Ok(done) => return Ok(UpdateOutcome::Updated(done.attributes.unwrap_or_default())),
            Err(error) => error,
        };
        match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(found)) => {
                Ok(UpdateOutcome::ConditionFailed(found.item().cloned()))
            }
            Some(_) | None => Err(failed(call)(error)),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn update_expression_has_one_clause_of_each_kind() {
        let key = Key::Profile("p_1".parse().unwrap());
        let op =
            WriteOp::update(&key).set("name", n(1)).remove("tier").set("bio", n(2)).add("v", 1).remove("ban");
        let Action::Update(_, changes) = op.action else { panic!("an update") };
        let expected = "SET #set_name = :set_name, #set_bio = :set_bio ADD #add_v :add_v REMOVE #remove_tier, #remove_ban";
        assert_eq!(changes.expression(), expected);
        assert_eq!(op.names.len(), 5);
        assert_eq!(op.values.len(), 3);
    }
}
