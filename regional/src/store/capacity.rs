//! The capacity that calls consume: each call asks the store for it, and the usage of the request adds it up.
//!
//! A call that fails has no answer with its capacity, so refused conditions are not counted.

use super::timing::track;
use aws_sdk_dynamodb::config::interceptors::{
    AfterDeserializationInterceptorContextRef, BeforeSerializationInterceptorContextMut,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::operation::batch_get_item::{BatchGetItemInput, BatchGetItemOutput};
use aws_sdk_dynamodb::operation::batch_write_item::{BatchWriteItemInput, BatchWriteItemOutput};
use aws_sdk_dynamodb::operation::get_item::{GetItemInput, GetItemOutput};
use aws_sdk_dynamodb::operation::query::{QueryInput, QueryOutput};
use aws_sdk_dynamodb::operation::transact_write_items::{TransactWriteItemsInput, TransactWriteItemsOutput};
use aws_sdk_dynamodb::operation::update_item::{UpdateItemInput, UpdateItemOutput};
use aws_sdk_dynamodb::types::{ConsumedCapacity, ReturnConsumedCapacity};

/// Asks for the consumed capacity of each call, and adds it to the usage of the request.
#[derive(Debug)]
pub struct Capacity;

/// Asks for the capacity if the input is of one of these operations.
macro_rules! ask {
    ($context:ident: $($input:ty),+) => {
        $(if let Some(input) = $context.input_mut().downcast_mut::<$input>() {
            input.return_consumed_capacity = Some(ReturnConsumedCapacity::Total);
        })+
    };
}

impl Intercept for Capacity {
    fn name(&self) -> &'static str {
        "Capacity"
    }

    fn modify_before_serialization(
        &self,
        context: &mut BeforeSerializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        ask!(context: GetItemInput, BatchGetItemInput, QueryInput, UpdateItemInput, BatchWriteItemInput, TransactWriteItemsInput);
        Ok(())
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Ok(output) = context.output_or_error() else {
            return Ok(());
        };
        let (mut read, mut write) = (0.0, 0.0);
        if let Some(output) = output.downcast_ref::<GetItemOutput>() {
            read = units(output.consumed_capacity());
        } else if let Some(output) = output.downcast_ref::<QueryOutput>() {
            read = units(output.consumed_capacity());
        } else if let Some(output) = output.downcast_ref::<BatchGetItemOutput>() {
            read = units(output.consumed_capacity());
        } else if let Some(output) = output.downcast_ref::<UpdateItemOutput>() {
            write = units(output.consumed_capacity());
        } else if let Some(output) = output.downcast_ref::<BatchWriteItemOutput>() {
            write = units(output.consumed_capacity());
        } else if let Some(output) = output.downcast_ref::<TransactWriteItemsOutput>() {
            write = units(output.consumed_capacity());
        }
        track(|tracker| {
            tracker.usage.read_units += read;
            tracker.usage.write_units += write;
        });
        Ok(())
    }
}

fn units<'a>(consumed: impl IntoIterator<Item = &'a ConsumedCapacity>) -> f64 {
    consumed.into_iter().filter_map(ConsumedCapacity::capacity_units).sum()
}
