//! The function behind the bucket's uploads: looks at pictures and scales them.

use aws_lambda_events::event::s3::S3Event;
use lambda_http::tracing;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use regional::bucket::Bucket;
use regional::clock::Clock;
use regional::config::{pictures, tables};
use regional::store::{self, Store};
use regional::studio::Studio;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let variable = |name: &str| std::env::var(name).ok();
    let tables = tables(&variable).inspect_err(|error| tracing::error!(%error, "not started"))?;
    let place = pictures(&variable)?.ok_or("PICTURES_URL must be set")?;
    let client = store::client(variable("DYNAMODB_ENDPOINT").as_deref()).await;
    let studio =
        &Studio { store: Store::new(client, tables), bucket: Bucket::new(place), clock: Clock::system() };
    let take = |event: LambdaEvent<S3Event>| async move {
        for record in event.payload.records {
            // A failure is repeated by the service, and in the end put aside for somebody to look at.
            let key = record.s3.object.key.unwrap_or_default();
            Box::pin(studio.uploaded(&key)).await?;
        }
        Ok::<_, Error>(())
    };
    Box::pin(lambda_runtime::run(service_fn(take))).await
}
