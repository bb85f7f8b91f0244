//! The region's routes, each to its own file.

pub mod accounts;
pub mod bans;
pub mod boards;
pub mod devices;
pub mod docs;
pub mod groups;
pub mod leaving;
pub mod matches;
pub mod operations;
pub mod pictures;
pub mod profiles;
pub mod ratings;
pub mod reports;
pub mod sessions;
pub mod standing;
pub mod ties;

use crate::bucket::Bucket;
use crate::clock::Clock;
use crate::config::Config;
use crate::error::Refusal;
use crate::http::pace::{self, Paces};
use crate::http::problem::Code;
use crate::http::record::Records;
use crate::http::{idempotent, layers, signed};
use crate::identity::provider::Providers;
use crate::mint::Mint;
use crate::store::Store;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::Uri;
use axum::middleware::{from_fn, from_fn_with_state};
use shared::caps;
use shared::token::BadKeys;
use std::ops::Deref;
use std::sync::Arc;

/// What every request needs. A copy is a pointer.
#[derive(Debug, Clone)]
pub struct App(Arc<Parts>);

/// The parts of an [`App`].
#[derive(Debug)]
pub struct Parts {
    /// What is configured.
    pub config: Config,
    /// What time it is.
    pub clock: Clock,
    /// The tables.
    pub store: Store,
    /// The keys.
    pub mint: Mint,
    /// How fast people may ask.
    pub paces: Paces,
    /// What is written of each request.
    pub records: Records,
    /// The files of pictures, where there may be any.
    pub bucket: Option<Bucket>,
    /// Whose accounts one may sign in with.
    pub providers: Providers,
}

impl App {
    /// Puts the parts together; an error where the configured keys cannot be used.
    pub fn new(config: Config, clock: Clock, store: Store) -> Result<Self, BadKeys> {
        let mint = Mint::new(&config)?;
        let paces = Paces::new(config.people.pace);
        let providers = Providers::new(&config.people.providers);
        let records = Records::new(config.metrics);
        let bucket = config.pictures.clone().map(Bucket::new);
        Ok(Self(Arc::new(Parts { config, clock, store, mint, paces, records, bucket, providers })))
    }
}

impl Deref for App {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// Everything that the region answers.
pub fn router(app: App) -> Router {
    let once = from_fn_with_state(app.clone(), idempotent::once);
    let keyed = groups::keyed().split_for_parts().0.route_layer(once);
    let signed = from_fn_with_state(app.clone(), signed::signed);
    let internal = groups::internal().split_for_parts().0.route_layer(signed);
    let cors = layers::cors(&app.config);
    keyed
        .merge(groups::paced().split_for_parts().0)
        .route_layer(from_fn_with_state(app.clone(), pace::keep))
        .merge(groups::open().split_for_parts().0)
        .merge(internal)
        .fallback(nothing)
        .method_not_allowed_fallback(another_method)
        .layer(DefaultBodyLimit::max(caps::HTTP_BODY))
        .layer(from_fn(layers::deadline))
        .layer(from_fn(layers::timing))
        .layer(cors)
        .layer(from_fn(layers::protect))
        .layer(from_fn_with_state(app.clone(), layers::log))
        .with_state(app)
}

async fn nothing(uri: Uri) -> Refusal {
    Refusal::new(Code::NotFound, format!("There is no route {}.", uri.path()))
}

async fn another_method(uri: Uri) -> Refusal {
    let detail = format!("{} is for other methods; `Allow` names them.", uri.path());
    Refusal::new(Code::MethodNotAllowed, detail)
}
