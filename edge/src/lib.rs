//! The Worker: checks what comes before anything is billed, and brings it to the object that it is for.

mod calls;
mod clock;
mod error;
mod identity;
mod keys;
mod lines;
mod lobby;
mod platform;
mod player;
mod region;
mod room;
mod routes;
mod shell;
mod store;
mod upgrade;

use worker::{Context, Env, Request, Response, event};

#[event(fetch)]
async fn fetch(request: Request, env: Env, _ctx: Context) -> worker::Result<Response> {
    match routes::answer(request, &env).await {
        Ok(response) => Ok(response),
        Err(error) => error.response(),
    }
}
