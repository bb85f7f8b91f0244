//! What the region keeps in DynamoDB: three tables, every mutation conditional or a transaction.

pub mod accounts;
pub mod answers;
pub mod bans;
pub mod blocks;
pub mod boards;
pub mod counts;
pub mod erase;
pub mod export;
pub mod follows;
pub mod item;
pub mod keys;
pub mod matches;
pub mod pictures;
pub mod profiles;
pub mod ratings;
mod read;
pub mod reports;
pub mod sessions;
pub mod standing;
pub mod status;
mod step;
pub mod tables;
pub mod timing;
pub mod transact;

use crate::config::TableNames;
use crate::error::Error;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use keys::{Key, Table};
use shared::caps;

/// How long a call may take.
#[must_use]
pub fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(caps::STORE_ATTEMPT)
        .operation_attempt_timeout(caps::STORE_ATTEMPT)
        .operation_timeout(caps::STORE_CALL)
        .build()
}

/// The client that the environment describes: credentials and region of the function's role.
pub async fn client(endpoint: Option<&str>) -> Client {
    let shared = aws_config::load_defaults(aws_config::BehaviorVersion::latest()).await;
    let mut builder = aws_sdk_dynamodb::config::Builder::from(&shared)
        .timeout_config(timeouts())
        .interceptor(timing::Timing);
    if let Some(endpoint) = endpoint {
        builder = builder.endpoint_url(endpoint);
    }
    Client::from_conf(builder.build())
}

/// The tables, and the calls to them.
#[derive(Debug, Clone)]
pub struct Store {
    client: Client,
    names: TableNames,
}

impl Store {
    /// The store behind a client.
    #[must_use]
    pub fn new(client: Client, names: TableNames) -> Self {
        Self { client, names }
    }

    /// Whether each table answers: a read of an item that is never there.
    pub async fn ready(&self) -> Result<(), Error> {
        let ask = |table: Table| async move {
            self.client
                .get_item()
                .table_name(self.name(table))
                .set_key(Some(Key::Nothing(table).item()))
                .send()
                .await
                .map(|_| ())
                .map_err(failed("ready"))
        };
        tokio::try_join!(ask(Table::Core), ask(Table::History), ask(Table::Events)).map(|_| ())
    }

    /// A table's name here.
    fn name(&self, table: Table) -> &str {
        match table {
            Table::Core => &self.names.core,
            Table::History => &self.names.history,
            Table::Events => &self.names.events,
        }
    }
}

/// Turns what the SDK says into an error of ours, for the log.
fn failed<E, R>(call: &'static str) -> impl Fn(SdkError<E, R>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    move |error| {
        let away = matches!(error, SdkError::TimeoutError(_) | SdkError::DispatchFailure(_));
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
        if away || busy { Error::Busy { call, text } } else { Error::Store { call, text } }
    }
}
