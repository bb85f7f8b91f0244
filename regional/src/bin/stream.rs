//! The function behind the stream of the core table: tells the edge what was committed.

use aws_lambda_events::event::dynamodb::Event;
use aws_lambda_events::event::streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse};
use lambda_http::tracing;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use regional::clock::Clock;
use regional::config::StreamConfig;
use regional::store::{self, Store};
use regional::stream::Stream;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let config = StreamConfig::from_env().inspect_err(|error| tracing::error!(%error, "not started"))?;
    let client = store::client(config.endpoint.as_deref()).await;
    let store = Store::new(client, config.tables);
    let pictures = regional::config::pictures(&|name| std::env::var(name).ok())?;
    let stream = &Stream::new(store, config.edge, Clock::system()).with_pictures(pictures);
    let take = |event: LambdaEvent<Event>| async move {
        Ok::<_, Error>(Box::pin(take(stream, event.payload)).await)
    };
    Box::pin(lambda_runtime::run(service_fn(take))).await
}

/// Names the first change that could not be followed: the stream begins there again.
async fn take(stream: &Stream, event: Event) -> DynamoDbEventResponse {
    let mut answer = DynamoDbEventResponse::default();
    if let Err(stopped) = stream.take(&event.records).await {
        tracing::warn!(error = %stopped.error, at = stopped.at, "not followed, to be repeated");
        let record = event.records.get(stopped.at);
        let mut failure = DynamoDbBatchItemFailure::default();
        failure.item_identifier = record.and_then(|one| one.change.sequence_number.clone());
        answer.batch_item_failures.push(failure);
    }
    answer
}
