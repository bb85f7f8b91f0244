//! The HTTP routes of the region, one file per resource, and the router that puts them behind their layers.

pub mod account;
pub mod audit;
pub mod bans;
pub mod blocks;
pub mod docs;
pub mod follows;
pub mod groups;
pub mod leaderboards;
pub mod lockout;
pub mod matches;
pub mod matchmaking_profile;
pub mod notes;
pub mod open_rooms;
pub mod operations;
pub mod page;
pub mod pictures;
pub mod player_records;
pub mod players;
pub mod presence;
pub mod profiles;
pub mod ratings;
pub mod reports;
pub mod sessions;
pub mod ties;
pub mod webhooks;

use crate::app::App;
use crate::domain::history::RECORD_BYTES_MAX;
use crate::error::Refusal;
use crate::error::code::Code;
use crate::http::extract::BodyLimit;
use crate::http::{idempotency, layers, rate_limit, signature};
use axum::http::Uri;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::{Extension, Router};

/// Returns the service: every route behind its layers.
pub fn router(app: App) -> Router {
    let run_once = from_fn_with_state(app.clone(), idempotency::run_once);
    let keyed = groups::keyed().split_for_parts().0.route_layer(run_once);
    let require_signature = from_fn_with_state(app.clone(), signature::require_signature);
    let require_unused = from_fn_with_state(app.clone(), signature::require_unused_signature);
    let internal = groups::internal_once().split_for_parts().0.route_layer(require_unused);
    let internal = internal.merge(groups::internal().split_for_parts().0).route_layer(require_signature);
    // Outside of the signature, which covers the body: a match record is the largest request of the edge.
    let internal = internal.route_layer(Extension(BodyLimit(RECORD_BYTES_MAX)));
    let cors = layers::cors(&app.config);
    keyed
        .merge(groups::rate_limited().split_for_parts().0)
        .route_layer(from_fn_with_state(app.clone(), rate_limit::limit_rate))
        .merge(groups::open().split_for_parts().0)
        .merge(internal)
        .fallback(route_not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(from_fn(layers::deadline))
        .layer(from_fn(layers::server_timing))
        .layer(cors)
        .layer(from_fn(layers::security_headers))
        .layer(from_fn_with_state(app.clone(), layers::log))
        .with_state(app)
}

async fn route_not_found(uri: Uri) -> Refusal {
    Refusal::new(Code::NotFound, format!("There is no route {}.", uri.path()))
}

async fn method_not_allowed(uri: Uri) -> Refusal {
    let detail =
        format!("{} does not support this method. The `Allow` header lists those that it does.", uri.path());
    Refusal::new(Code::MethodNotAllowed, detail)
}
