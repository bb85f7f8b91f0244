//! The region on one machine: the same router over an embedded store that speaks the protocol of DynamoDB.

mod folder;
mod tail;
mod webhooks;

pub use folder::{Folder, process_uploads};
pub use tail::{Wake, follow, offset_file};
pub use webhooks::deliver;

use crate::clock::Clock;
use crate::config::Config;
use crate::error::Error;
use crate::store::capacity::Capacity;
use crate::store::timing::Timing;
use crate::store::{Store, timeouts};
use crate::{App, router};
use aws_credential_types::Credentials;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Region};
use axum::Router;
pub use dynoxide::Database;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// An embedded store that serves the real SDK on its own port. Dropping it stops the server.
#[derive(Debug)]
pub struct LocalStore {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl LocalStore {
    /// Serves a database: `Database::memory()` for a test, `Database::new(file)` for persistent data.
    pub async fn serve(db: Database) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let task = tokio::spawn(dynoxide::server::serve_on(listener, db));
        Ok(Self { address, task })
    }

    /// The URL of the store: the value of `DYNAMODB_ENDPOINT`.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns a client for the store.
    #[must_use]
    pub fn client(&self) -> Client {
        client(&self.endpoint())
    }
}

impl Drop for LocalStore {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Returns a client for a store on this machine. The credentials are placeholders, because the store does not
/// check them.
#[must_use]
pub fn client(endpoint: &str) -> Client {
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("local"))
        .credentials_provider(Credentials::new("local", "local", None, None, "local"))
        .endpoint_url(endpoint)
        .timeout_config(timeouts())
        // As `AWS_NEW_RETRIES_2026` sets it in the cloud.
        .retry_config(
            RetryConfig::standard().with_max_attempts(4).with_initial_backoff(Duration::from_millis(25)),
        )
        .interceptor(Timing)
        .interceptor(Capacity)
        .build();
    Client::from_conf(config)
}

/// Returns the router of the region over an embedded store, and creates missing tables.
pub async fn open(store: &LocalStore, config: Config, clock: Clock) -> Result<Router, Error> {
    let tables = Store::new(store.client(), config.tables.clone());
    tables.create_tables().await?;
    let app = App::new(config, clock, tables)
        .map_err(|error| Error::Store { call: "open", text: error.to_string() })?;
    Ok(router(app))
}

/// The default of a variable on one machine. Keys have no default, because they are generated at each start.
#[must_use]
pub fn default(name: &str) -> Option<String> {
    let value = match name {
        "TABLE_CORE" => "core",
        "TABLE_HISTORY" => "history",
        "TABLE_EVENTS" => "events",
        "ISSUER" => "http://region.localhost",
        "AUDIENCE" => "matchpoint",
        "SIGNING_KID" => "local",
        "GUESTS" => "on",
        // All clients share one address.
        "RATE_PER_S" | "RATE_BURST" => "100000",
        "RATED_POOLS" => "ranked",
        _ => return None,
    };
    Some(value.to_owned())
}
