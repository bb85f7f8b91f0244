//! The API function: runs the region behind AWS Lambda.

use lambda_http::tracing;
use regional::clock::Clock;
use regional::config::Config;
use regional::integrations::secrets::Variables;
use regional::store::{self, Store};
use regional::{App, router};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    tracing::init_default_subscriber();
    let environment = |name: &str| std::env::var(name).ok();
    let variables =
        Variables::read(&environment).await.inspect_err(|error| tracing::error!(%error, "not started"))?;
    let config = Config::read(&|name| variables.get(name))
        .inspect_err(|error| tracing::error!(%error, "not started"))?;
    let store = Store::new(store::client(config.endpoint.as_deref()).await, config.tables.clone());
    lambda_http::run(router(App::new(config, Clock::system(), store)?)).await
}
