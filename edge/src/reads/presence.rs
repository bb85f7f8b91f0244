//! `GET /v1/presence?players=a,b`: the presence of players who are mutual followers of the caller.

use crate::bearer::bearer;
use crate::clients::object_rpc;
use crate::error::{Error, Result};
use crate::identity;
use shared::http::RequestUrl;
use shared::id::PlayerId;
use shared::limits;
use shared::presence::PresenceList;
use shared::rpc::{PresenceRequest, PresenceResponse};
use worker::{Env, Request, Response};

/// Answers the query. Players that the caller may not see are offline, as are players that do not exist.
pub async fn show(request: &Request, env: &Env) -> Result<Response> {
    let token = bearer(request.headers());
    let refused = |why: &'static str| {
        let detail = "Send a valid access token as `Authorization: Bearer`.";
        Error::refused(401, why, detail)
    };
    let claims = match identity::check(env, token.as_deref()).await? {
        Ok(claims) => claims,
        Err(why) => return Err(refused(why.name())),
    };
    let players = players(request)?;
    let query = PresenceRequest { players, sid: claims.sid, ep: claims.ep };
    match object_rpc::presence(env, &claims.sub, &query).await? {
        PresenceResponse::Seen(players) => Ok(Response::from_json(&PresenceList::new(players))?),
        PresenceResponse::Denied(why) => Err(refused(why.close().name())),
    }
}

fn players(request: &Request) -> Result<Vec<PlayerId>> {
    let max = limits::PRESENCE_PLAYERS_MAX;
    let refuse = |what: String| Error::refused(400, "bad_field", what);
    let url = request.inner().url();
    let text = RequestUrl::new(&url)
        .parameter("players")
        .filter(|text| !text.is_empty())
        .ok_or_else(|| refuse(format!("players: 1 to {max} ids, comma separated")))?;
    let mut players: Vec<PlayerId> = Vec::new();
    for part in text.split(',') {
        let player = part.parse().map_err(|bad: shared::id::InvalidId| refuse(format!("players: {bad}")))?;
        if !players.contains(&player) {
            players.push(player);
        }
        if players.len() > max {
            return Err(refuse(format!("players: at most {max}; query the rest in another request")));
        }
    }
    Ok(players)
}
