//! `POST /internal/v1/notices`: what the region says of people, signed, brought to each one's own object.

use crate::clock::now;
use crate::error::{Error, Result};
use crate::{body, cache, calls, platform};
use futures_util::stream::{self, StreamExt};
use shared::caps;
use shared::http::Noticed;
use shared::id::PlayerId;
use shared::notice::{News, Notice};
use shared::sign;
use std::collections::BTreeMap;
use worker::{Env, Request, Response, console_error};

/// Takes a list of notices. 200 says that every one of them is on disk with the object that it is about; until then the
/// region repeats the whole list, which does no harm.
pub async fn receive(mut request: Request, env: &Env) -> Result<Response> {
    let body = signed(&mut request, env).await?;
    let notices: Vec<Notice> = serde_json::from_str(&body)
        .map_err(|error| Error::refused(400, "bad_field", format!("a list of notices: {error}")))?;
    let mut people: BTreeMap<PlayerId, Vec<Notice>> = BTreeMap::new();
    for notice in notices {
        let stale_below = match notice.news {
            News::Profile { version } => Some(version),
            News::Erased => Some(u64::MAX),
            News::Revoked { .. }
            | News::SessionEnded { .. }
            | News::Banned { .. }
            | News::Unbanned
            | News::Circle => None,
        };
        if let Some(version) = stale_below {
            cache::forget(env, &notice.player, version).await?;
        }
        people.entry(notice.player.clone()).or_default().push(notice);
    }
    let told = stream::iter(&people)
        .map(|(player, notices)| calls::notify(env, player, notices))
        .buffer_unordered(caps::AT_ONCE)
        .collect::<Vec<_>>()
        .await;
    let mut missing = 0;
    for error in told.iter().filter_map(|one| one.as_ref().err()) {
        console_error!("a notice was not taken: {error:?}");
        missing += 1;
    }
    if missing > 0 {
        return Err(Error::Unavailable(format!("{missing} of {} players could not be told", people.len())));
    }
    Ok(Response::from_json(&Noticed { players: people.len() })?)
}

/// The body of a request that the region signed a moment ago.
async fn signed(request: &mut Request, env: &Env) -> Result<String> {
    let refused = |detail: String| Error::refused(401, "bad_signature", detail);
    let Some(header) = request.headers().get(sign::HEADER)? else {
        return Err(refused(format!("{} is missing", sign::HEADER)));
    };
    let body = body::text(request, caps::HTTP_BODY).await?;
    platform::region_keys(env)?
        .verify(now(), &header, "POST", &request.path(), body.as_bytes())
        .map_err(|error| refused(error.to_string()))?;
    Ok(body)
}
