//! The Worker: checks what comes before anything is billed, and brings it to the object that it is for.

mod admission;
mod asked;
mod body;
mod cache;
mod calls;
mod clock;
mod error;
mod guard;
mod identity;
mod keys;
mod lines;
mod lobby;
mod metrics;
mod notices;
mod platform;
mod player;
mod presence;
mod profiles;
mod ratelimit;
mod ready;
mod region;
mod room;
mod routes;
mod shell;
mod store;
mod totals;
mod upgrade;

use worker::{Context, Env, Request, Response, event};

#[event(fetch)]
async fn fetch(request: Request, env: Env, ctx: Context) -> worker::Result<Response> {
    routes::answer(request, &env, &ctx).await
}
