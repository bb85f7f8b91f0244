//! `POST /internal/v1/notices`: signed notices of the region, delivered to the objects of the players they concern.

use crate::bindings;
use crate::clients::object_rpc;
use crate::clock::now;
use crate::error::{Error, Result};
use crate::reads::cache;
use crate::telemetry::log;
use crate::worker::body;
use futures_util::stream::{self, StreamExt};
use shared::http::StoredNotices;
use shared::id::PlayerId;
use shared::limits;
use shared::rpc::notice::{Notice, NoticeKind};
use shared::sign;
use std::collections::BTreeMap;
use worker::{Env, Request, Response};

/// Delivers a list of notices. 200 means that each of them is on disk at its player's object; until then the region
/// repeats the whole list, which is harmless.
pub async fn receive(mut request: Request, env: &Env) -> Result<Response> {
    let body = signed(&mut request, env).await?;
    let notices = Notice::list(&body).map_err(|error| {
        Error::refused(400, "bad_field", format!("The body must be a list of notices: {error}."))
    })?;
    let mut by_player: BTreeMap<PlayerId, Vec<Notice>> = BTreeMap::new();
    for notice in notices {
        let stale_below = match notice.kind {
            NoticeKind::Profile { version } => Some(version),
            NoticeKind::Erased => Some(u64::MAX),
            NoticeKind::Revoked { .. }
            | NoticeKind::SessionEnded { .. }
            | NoticeKind::Banned { .. }
            | NoticeKind::Unbanned
            | NoticeKind::Visibility => None,
        };
        if let Some(version) = stale_below {
            cache::invalidate(env, &notice.player, version).await?;
        }
        by_player.entry(notice.player.clone()).or_default().push(notice);
    }
    let deliveries = stream::iter(&by_player)
        .map(|(player, notices)| object_rpc::notify(env, player, notices))
        .buffer_unordered(limits::FANOUT_CONCURRENT_MAX)
        .collect::<Vec<_>>()
        .await;
    let mut missing = 0;
    for error in deliveries.iter().filter_map(|delivery| delivery.as_ref().err()) {
        log::error!("a notice was not delivered: {error:?}");
        missing += 1;
    }
    if missing > 0 {
        return Err(Error::Unavailable(format!(
            "the notices of {missing} of {} players were not delivered",
            by_player.len()
        )));
    }
    Ok(Response::from_json(&StoredNotices { players: by_player.len() })?)
}

/// Reads the body of a request, and verifies the region's signature.
async fn signed(request: &mut Request, env: &Env) -> Result<String> {
    let refused = |detail: String| Error::refused(401, "bad_signature", detail);
    let Some(header) = request.headers().get(sign::HEADER)? else {
        return Err(refused(format!("The header {} is missing.", sign::HEADER)));
    };
    let body = body::text(request, limits::HTTP_BODY_BYTES_MAX).await?;
    bindings::region_keys(env)?
        .verify(now(), &header, "POST", &request.path(), body.as_bytes())
        .map_err(|error| refused(error.to_string()))?;
    Ok(body)
}
