//! One item's part in a transaction.

use super::Store;
use super::item::Item;
use super::keys::{Key, Table};
use super::transact::Outcome;
use crate::error::Error;
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, Delete, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
    Update,
};
use std::collections::HashMap;

/// What is done with one item, and on what condition.
#[derive(Debug, Clone)]
pub(super) struct Step {
    table: Table,
    how: How,
    condition: Option<String>,
    names: HashMap<String, String>,
    values: HashMap<String, AttributeValue>,
}

#[derive(Debug, Clone)]
enum How {
    Put(Item),
    Update(Item, String),
    Delete(Item),
    Check(Item),
}

impl Step {
    /// Writes a whole item, which has its key.
    pub(super) fn put(table: Table, item: Item) -> Self {
        Self::new(table, How::Put(item))
    }

    /// Changes an item, or makes it where it is absent.
    pub(super) fn update(key: Key<'_>, expression: impl Into<String>) -> Self {
        Self::new(key.table(), How::Update(key.item(), expression.into()))
    }

    /// Removes an item.
    pub(super) fn delete(key: Key<'_>) -> Self {
        Self::new(key.table(), How::Delete(key.item()))
    }

    /// Changes nothing, and asks for the condition alone.
    pub(super) fn check(key: Key<'_>) -> Self {
        Self::new(key.table(), How::Check(key.item()))
    }

    fn new(table: Table, how: How) -> Self {
        Self { table, how, condition: None, names: HashMap::new(), values: HashMap::new() }
    }

    /// Only where this holds; otherwise nothing of the whole transaction is done.
    pub(super) fn only_if(mut self, condition: impl Into<String>) -> Self {
        self.condition = Some(condition.into());
        self
    }

    /// What `#name` stands for.
    pub(super) fn name(mut self, name: &str, attribute: &str) -> Self {
        self.names.insert(name.into(), attribute.into());
        self
    }

    /// What `:name` stands for.
    pub(super) fn value(mut self, name: &str, value: AttributeValue) -> Self {
        self.values.insert(name.into(), value);
        self
    }

    fn build(self, name: &str) -> Result<TransactWriteItem, BuildError> {
        let item = TransactWriteItem::builder();
        let names = (!self.names.is_empty()).then_some(self.names);
        let values = (!self.values.is_empty()).then_some(self.values);
        // Whoever decides again wants to see what is there.
        let held = ReturnValuesOnConditionCheckFailure::AllOld;
        macro_rules! rest {
            ($builder:expr) => {
                $builder
                    .table_name(name)
                    .set_condition_expression(self.condition)
                    .set_expression_attribute_names(names)
                    .set_expression_attribute_values(values)
                    .return_values_on_condition_check_failure(held)
                    .build()?
            };
        }
        Ok(match self.how {
            How::Put(it) => item.put(rest!(Put::builder().set_item(Some(it)))),
            How::Update(key, expression) => {
                item.update(rest!(Update::builder().set_key(Some(key)).update_expression(expression)))
            }
            How::Delete(key) => item.delete(rest!(Delete::builder().set_key(Some(key)))),
            How::Check(key) => item.condition_check(rest!(ConditionCheck::builder().set_key(Some(key)))),
        }
        .build())
    }
}

impl Store {
    /// Does all steps or none.
    pub(super) async fn commit(&self, call: &'static str, steps: Vec<Step>) -> Result<Outcome, Error> {
        let items = steps
            .into_iter()
            .map(|step| {
                let name = self.name(step.table);
                step.build(name).map_err(|error| Error::Store { call, text: error.to_string() })
            })
            .collect::<Result<_, _>>()?;
        self.transact(call, items).await
    }
}
