//! The function behind the stream of the core table: notifies the edge of committed changes.

use aws_lambda_events::event::dynamodb::Event;
use aws_lambda_events::event::streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse};
use lambda_http::tracing;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use regional::clock::Clock;
use regional::config::edge::StreamConfig;
use regional::config::pictures;
use regional::edge_notices::stream::NoticeStream;
use regional::integrations::secrets::Variables;
use regional::store::{self, Store};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let environment = |name: &str| std::env::var(name).ok();
    let variables =
        Variables::read(&environment).await.inspect_err(|error| tracing::error!(%error, "not started"))?;
    let config = StreamConfig::read(&|name| variables.get(name))
        .inspect_err(|error| tracing::error!(%error, "not started"))?;
    let client = store::client(config.endpoint.as_deref()).await;
    let store = Store::new(client, config.tables);
    let pictures = pictures::from_source(&environment)?;
    let stream = &NoticeStream::new(store, config.edge, Clock::system()).with_pictures(pictures);
    let handler = |event: LambdaEvent<Event>| async move {
        Ok::<_, Error>(Box::pin(process(stream, event.payload)).await)
    };
    Box::pin(lambda_runtime::run(service_fn(handler))).await
}

/// Processes a batch. The response names the first change that failed, from which Lambda repeats the stream.
async fn process(stream: &NoticeStream, event: Event) -> DynamoDbEventResponse {
    let mut response = DynamoDbEventResponse::default();
    if let Err(stopped) = stream.process(&event.records).await {
        tracing::warn!(error = %stopped.error, at = stopped.at, "a change was not processed and will be repeated");
        let record = event.records.get(stopped.at);
        let mut failure = DynamoDbBatchItemFailure::default();
        failure.item_identifier = record.and_then(|record| record.change.sequence_number.clone());
        response.batch_item_failures.push(failure);
    }
    response
}
