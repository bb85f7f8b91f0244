//! Storage in three DynamoDB tables. Every change is conditional or a transaction.

pub mod accounts;
pub mod audit;
pub mod bans;
pub mod blocks;
pub mod capacity;
pub mod erase;
pub mod export;
pub mod follows;
pub mod idempotency;
pub mod item;
pub mod keys;
pub mod leaderboards;
pub mod matches;
pub mod matchmaking_profile;
pub mod moderated_matches;
pub mod notes;
pub mod open_rooms;
pub mod pictures;
pub mod profiles;
mod query;
pub mod ratings;
pub mod reports;
pub mod retry;
pub mod sessions;
pub mod signatures;
pub mod sliding_window;
pub mod status;
pub mod tables;
pub mod timing;
pub mod transact;
pub mod webhooks;
mod write_op;

use crate::config::tables::TableNames;
use crate::domain::webhook::endpoint::Endpoints;
use crate::error::Error;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use keys::{Table, probe_key};
use shared::limits;

/// The timeouts of a call to DynamoDB.
#[must_use]
pub fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(limits::STORE_ATTEMPT_TIMEOUT)
        .operation_attempt_timeout(limits::STORE_ATTEMPT_TIMEOUT)
        .operation_timeout(limits::STORE_CALL_TIMEOUT)
        .build()
}

/// Returns the client that the environment describes, with the credentials and the region of the function's
/// role.
pub async fn client(endpoint: Option<&str>) -> Client {
    let shared = aws_config::load_defaults(aws_config::BehaviorVersion::latest()).await;
    let mut builder = aws_sdk_dynamodb::config::Builder::from(&shared)
        .timeout_config(timeouts())
        .interceptor(timing::Timing)
        .interceptor(capacity::Capacity);
    if let Some(endpoint) = endpoint {
        builder = builder.endpoint_url(endpoint);
    }
    Client::from_conf(builder.build())
}

/// The store: a client and the names of the tables.
#[derive(Debug, Clone)]
pub struct Store {
    client: Client,
    names: TableNames,
    /// The endpoints of webhooks: each change writes its event for them in the same transaction.
    endpoints: Endpoints,
}

impl Store {
    /// A store that uses this client.
    #[must_use]
    pub fn new(client: Client, names: TableNames) -> Self {
        Self { client, names, endpoints: Endpoints::default() }
    }

    /// Also writes the events for these endpoints.
    #[must_use]
    pub fn with_webhooks(self, endpoints: Endpoints) -> Self {
        Self { endpoints, ..self }
    }

    /// Checks that each table answers, by reading an item that never exists.
    pub async fn ready(&self) -> Result<(), Error> {
        let probe = |table: Table| async move {
            self.client
                .get_item()
                .table_name(self.name(table))
                .set_key(Some(probe_key()))
                .send()
                .await
                .map(|_| ())
                .map_err(failed("ready"))
        };
        tokio::try_join!(probe(Table::Core), probe(Table::History), probe(Table::Events)).map(|_| ())
    }

    /// The configured name of a table.
    fn name(&self, table: Table) -> &str {
        match table {
            Table::Core => &self.names.core,
            Table::History => &self.names.history,
            Table::Events => &self.names.events,
        }
    }
}

/// Turns an error of the SDK into an [`Error`]: busy if a retry helps, otherwise a failure for the log.
fn failed<E, R>(call: &'static str) -> impl Fn(SdkError<E, R>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    move |error| {
        let unreachable = matches!(error, SdkError::TimeoutError(_) | SdkError::DispatchFailure(_));
        let busy = error.code().is_some_and(|code| {
            matches!(
                code,
                "ProvisionedThroughputExceededException"
                    | "RequestLimitExceeded"
                    | "ThrottlingException"
                    | "TransactionConflictException"
                    | "TransactionInProgressException"
                    | "InternalServerError"
                    | "ServiceUnavailable"
            )
        });
        let text = DisplayErrorContext(&error).to_string();
        if unreachable || busy { Error::Busy { call, text } } else { Error::Store { call, text } }
    }
}
