//! The schema of the tables, for an empty local store. `template.yaml` defines the same tables for AWS.

use super::keys::{GSI1, GSI1PK, GSI1SK, PK, SK, TTL, Table};
use super::{Store, failed};
use crate::error::Error;
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::operation::create_table::builders::CreateTableFluentBuilder;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType, StreamSpecification, StreamViewType, TimeToLiveSpecification,
};

impl Store {
    /// Creates the tables that do not exist yet.
    pub async fn create_tables(&self) -> Result<(), Error> {
        let existing = self.client.list_tables().send().await;
        let existing = existing.map_err(failed("list_tables"))?;
        for table in [Table::Core, Table::History, Table::Events] {
            if !existing.table_names().iter().any(|name| name == self.name(table)) {
                self.create(table).await?;
            }
        }
        Ok(())
    }

    async fn create(&self, table: Table) -> Result<(), Error> {
        let request = self.client.create_table().table_name(self.name(table));
        let request = describe(request, table)
            .map_err(|error| Error::Store { call: "create_table", text: error.to_string() })?;
        request.send().await.map_err(failed("create_table"))?;
        let ttl = TimeToLiveSpecification::builder()
            .attribute_name(TTL)
            .enabled(true)
            .build()
            .map_err(|error| Error::Store { call: "update_time_to_live", text: error.to_string() })?;
        self.client
            .update_time_to_live()
            .table_name(self.name(table))
            .time_to_live_specification(ttl)
            .send()
            .await
            .map(|_| ())
            .map_err(failed("update_time_to_live"))
    }
}

/// Adds the schema of a table to the request. The history table has no index, because it is read by player, by
/// match and by the shards of its queue. The core table has a stream, from which notices and erasures follow. In
/// AWS, the events table has one too: it starts the function that delivers webhooks, which a local region does itself.
fn describe(request: CreateTableFluentBuilder, table: Table) -> Result<CreateTableFluentBuilder, BuildError> {
    let mut request = request
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(text_attribute(PK)?)
        .attribute_definitions(text_attribute(SK)?)
        .key_schema(key_element(PK, KeyType::Hash)?)
        .key_schema(key_element(SK, KeyType::Range)?);
    if let Table::Core | Table::Events = table {
        request = request
            .attribute_definitions(text_attribute(GSI1PK)?)
            .attribute_definitions(text_attribute(GSI1SK)?)
            .global_secondary_indexes(
                GlobalSecondaryIndex::builder()
                    .index_name(GSI1)
                    .key_schema(key_element(GSI1PK, KeyType::Hash)?)
                    .key_schema(key_element(GSI1SK, KeyType::Range)?)
                    .projection(Projection::builder().projection_type(ProjectionType::KeysOnly).build())
                    .build()?,
            );
    }
    if table == Table::Core {
        let stream = StreamSpecification::builder()
            .stream_enabled(true)
            .stream_view_type(StreamViewType::NewAndOldImages)
            .build()?;
        request = request.stream_specification(stream);
    }
    Ok(request)
}

fn text_attribute(name: &str) -> Result<AttributeDefinition, BuildError> {
    AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S).build()
}

fn key_element(name: &str, kind: KeyType) -> Result<KeySchemaElement, BuildError> {
    KeySchemaElement::builder().attribute_name(name).key_type(kind).build()
}
