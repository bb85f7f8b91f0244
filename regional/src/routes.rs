//! The region's routes, each to its own file.

pub mod accounts;
pub mod bans;
pub mod devices;
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
use axum::routing::{delete, get, patch, post, put};
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
        Ok(Self(Arc::new(Parts {
            config,
            clock,
            store,
            mint,
            paces,
            records,
            bucket,
            providers,
        })))
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
    let internal = Router::new()
        .route("/internal/v1/matches", post(matches::keep))
        .route("/internal/v1/players/{player}/circle", get(ties::circle))
        .route("/internal/v1/reports", post(reports::told))
        .route(
            "/internal/v1/players/{player}/tier",
            put(profiles::set_tier),
        )
        .route("/internal/v1/players/{player}", get(standing::standing))
        .route_layer(from_fn_with_state(app.clone(), signed::signed));
    let cors = layers::cors(&app.config);
    Router::new()
        .merge(people())
        .merge(moderation(&app))
        .route(
            "/v1/profiles/me",
            patch(profiles::edit)
                .get(profiles::show_own)
                .delete(leaving::erase),
        )
        .route("/v1/profiles/me/export", get(leaving::export))
        .route("/v1/profiles/{player}/ratings", get(ratings::list))
        .route("/v1/pictures", post(pictures::announce).get(pictures::list))
        .route("/v1/pictures/{picture}", delete(pictures::remove))
        .route("/v1/matches", get(matches::list))
        .route_layer(from_fn_with_state(app.clone(), pace::keep))
        // The edge reads these for a crowd, from few addresses, and paces the crowd itself.
        .route("/v1/profiles", get(profiles::list))
        .route("/v1/profiles/{player}", get(profiles::show))
        .route("/.well-known/jwks.json", get(operations::jwks))
        .route("/health", get(operations::health))
        .route("/ready", get(operations::ready))
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

/// Logins, and how people keep away from each other.
fn people() -> Router<App> {
    let sessions = post(sessions::begin).get(devices::list);
    let block = put(ties::block).delete(ties::unblock).get(ties::blocked);
    let follow = put(ties::follow).delete(ties::unfollow).get(ties::followed);
    Router::new()
        .route("/v1/sessions", sessions.delete(devices::end_many))
        .route("/v1/sessions/{sid}", delete(devices::end))
        .route("/v1/sessions/refresh", post(sessions::refresh))
        .route("/v1/blocks", get(ties::blocks))
        .route("/v1/blocks/{player}", block)
        .route("/v1/follows", get(ties::follows))
        .route("/v1/follows/{player}", follow)
        .route("/v1/presence/me", get(ties::presence).put(ties::hide))
}

/// Reports and bans. What is posted here may be repeated by its key.
fn moderation(app: &App) -> Router<App> {
    let ban = put(bans::put).delete(bans::lift).get(bans::list);
    let once = from_fn_with_state(app.clone(), idempotent::once);
    Router::new()
        .route("/v1/reports", post(reports::make))
        .route("/v1/reports/{report}/resolve", post(reports::resolve))
        .route("/v1/bans/me/appeal", post(bans::appeal))
        .route_layer(once)
        .route("/v1/reports", get(reports::list))
        .route("/v1/reports/{report}", get(reports::show))
        .route("/v1/bans/{player}", ban)
        .route("/v1/bans/me", get(bans::own))
}

async fn nothing(uri: Uri) -> Refusal {
    Refusal::new(Code::NotFound, format!("There is no route {}.", uri.path()))
}

async fn another_method(uri: Uri) -> Refusal {
    let detail = format!("{} is for other methods; `Allow` names them.", uri.path());
    Refusal::new(Code::MethodNotAllowed, detail)
}
