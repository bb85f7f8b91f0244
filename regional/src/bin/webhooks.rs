//! The function that delivers events to webhooks: the stream of the events table starts it for new ones, and a schedule
//! for those that are due again.

use aws_lambda_events::event::dynamodb::Event;
use lambda_http::tracing;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use regional::clock::Clock;
use regional::config::webhooks::WebhookConfig;
use regional::domain::webhook::Line;
use regional::integrations::secrets::Variables;
use regional::store::item::{Item, stored_key};
use regional::store::keys::Key;
use regional::store::{self, Store};
use regional::webhook_delivery::WebhookDelivery;
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let environment = |name: &str| std::env::var(name).ok();
    let variables =
        Variables::read(&environment).await.inspect_err(|error| tracing::error!(%error, "not started"))?;
    let config = WebhookConfig::read(&|name| variables.get(name))
        .inspect_err(|error| tracing::error!(%error, "not started"))?;
    let store = Store::new(store::client(config.endpoint.as_deref()).await, config.tables);
    let delivery = &WebhookDelivery::new(store, config.webhooks, Clock::system())?;
    let handler = |event: LambdaEvent<Value>| async move { Box::pin(deliver(delivery, event.payload)).await };
    Box::pin(lambda_runtime::run(service_fn(handler))).await
}

/// Attempts the events that a batch of the stream has, or all that are due. The store has what fails, so a batch is never
/// repeated for an endpoint that does not answer.
async fn deliver(delivery: &WebhookDelivery, event: Value) -> Result<Value, Error> {
    if event.get("Records").is_some() {
        let event: Event = serde_json::from_value(event)?;
        let images = event.records.into_iter().map(|record| Item::from(record.change.new_image));
        delivery.deliver_lines(images.filter_map(|image| line_of(&image)).collect()).await?;
    } else {
        delivery.deliver_due().await?;
    }
    Ok(json!({}))
}

fn line_of(image: &Item) -> Option<Line> {
    match stored_key(image) {
        Some(Key::Delivery(line, _)) => Some(line),
        Some(_) | None => None,
    }
}
