//! The edge Worker: checks every request before it reaches (and bills) a Durable Object, and forwards it.

mod bearer;
mod bindings;
mod clients;
mod clock;
mod error;
mod identity;
mod objects;
mod ops;
mod reads;
mod telemetry;
mod worker;

use crate::worker::routes;
use ::worker::{Context, Env, Request, Response, Result, event};

#[event(fetch)]
async fn fetch(request: Request, env: Env, ctx: Context) -> Result<Response> {
    routes::answer(request, &env, &ctx).await
}
