//! The function behind the bucket's uploads: checks and scales pictures.

use aws_lambda_events::event::s3::S3Event;
use lambda_http::tracing;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use regional::clock::Clock;
use regional::config::pictures;
use regional::config::tables::TableNames;
use regional::integrations::object_store::Bucket;
use regional::picture_processing::PictureProcessor;
use regional::store::{self, Store};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let variable = |name: &str| std::env::var(name).ok();
    let tables =
        TableNames::from_source(&variable).inspect_err(|error| tracing::error!(%error, "not started"))?;
    let bucket = pictures::from_source(&variable)?.ok_or("PICTURES_URL must be set")?;
    let client = store::client(variable("DYNAMODB_ENDPOINT").as_deref()).await;
    let processor = &PictureProcessor {
        store: Store::new(client, tables),
        bucket: Bucket::new(bucket),
        clock: Clock::system(),
    };
    let handler = |event: LambdaEvent<S3Event>| async move {
        for record in event.payload.records {
            // Lambda repeats a failed event, and finally moves it to the dead-letter queue.
            let key = record.s3.object.key.unwrap_or_default();
            Box::pin(processor.process_upload(&key)).await?;
        }
        Ok::<_, Error>(())
    };
    Box::pin(lambda_runtime::run(service_fn(handler))).await
}
