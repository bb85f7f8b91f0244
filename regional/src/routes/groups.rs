//! The routes by what a request passes before it reaches them. Each brings its part of the document with it, so that there
//! is no route without one.

use super::{
    App, bans, boards, devices, docs, leaving, matches, operations, pictures, profiles, ratings, reports,
    sessions, standing, ties,
};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// For the edge, and services of one's own: signed.
pub fn internal() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(matches::keep))
        .routes(routes!(ties::circle))
        .routes(routes!(reports::told))
        .routes(routes!(profiles::set_tier))
        .routes(routes!(standing::standing))
}

/// What may be repeated by its key, at one's pace.
pub fn keyed() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(reports::make))
        .routes(routes!(reports::resolve))
        .routes(routes!(bans::appeal))
}

/// What a person asks at their pace.
pub fn paced() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(sessions::begin, devices::list, devices::end_many))
        .routes(routes!(devices::end))
        .routes(routes!(sessions::refresh))
        .routes(routes!(ties::blocks))
        .routes(routes!(ties::block, ties::unblock, ties::blocked))
        .routes(routes!(ties::follows))
        .routes(routes!(ties::follow, ties::unfollow, ties::followed))
        .routes(routes!(ties::presence, ties::hide))
        .routes(routes!(reports::list))
        .routes(routes!(reports::show))
        .routes(routes!(bans::put, bans::lift, bans::list))
        .routes(routes!(bans::own))
        .routes(routes!(profiles::edit, profiles::show_own, leaving::erase))
        .routes(routes!(leaving::export))
        .routes(routes!(ratings::list))
        .routes(routes!(pictures::announce, pictures::list))
        .routes(routes!(pictures::remove))
        .routes(routes!(matches::list))
        .routes(routes!(boards::own))
}

/// What costs little, or is asked for a crowd: the edge reads profiles from few addresses, and paces the crowd itself.
pub fn open() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(profiles::list))
        .routes(routes!(profiles::show))
        .routes(routes!(boards::best))
        .routes(routes!(operations::jwks))
        .routes(routes!(operations::health))
        .routes(routes!(operations::ready))
        .routes(routes!(docs::document))
        .routes(routes!(docs::page))
        .routes(routes!(docs::script))
        .routes(routes!(docs::style))
}
