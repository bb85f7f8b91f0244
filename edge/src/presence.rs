//! `GET /v1/presence?players=a,b`: whether those are here whom one follows, and who follow back.

use crate::error::{Error, Result};
use crate::{calls, identity};
use shared::caps;
use shared::id::PlayerId;
use shared::presence::{Answer, Ask, Seen};
use worker::{Env, Request, Response};

/// Answers it. Who is nobody to the asker is offline, like anybody who does not exist.
pub async fn look(request: &Request, env: &Env) -> Result<Response> {
    let token = identity::bearer(request.headers());
    let refused = |why: &'static str| {
        let detail = "a valid access token as Authorization: Bearer";
        Error::refused(401, why, detail)
    };
    let claims = match identity::check(env, token.as_deref()).await? {
        Ok(claims) => claims,
        Err(why) => return Err(refused(why.why())),
    };
    let players = players(request)?;
    let ask = Ask { players, sid: claims.sid, ep: claims.ep };
    match calls::presence(env, &claims.sub, &ask).await? {
        Answer::Seen(players) => Ok(Response::from_json(&Seen::new(players))?),
        Answer::Barred(why) => Err(refused(why.close().why())),
    }
}

fn players(request: &Request) -> Result<Vec<PlayerId>> {
    let most = caps::PRESENCE_PLAYERS;
    let wrong = |what: String| Error::refused(400, "bad_field", what);
    let url = request.url()?;
    let text = url
        .query_pairs()
        .find(|(name, _)| name == "players")
        .map(|(_, value)| value.into_owned())
        .filter(|text| !text.is_empty())
        .ok_or_else(|| wrong(format!("players: 1 to {most} ids, comma separated")))?;
    let mut players: Vec<PlayerId> = Vec::new();
    for part in text.split(',') {
        let player = part.parse().map_err(|bad: shared::id::BadId| wrong(format!("players: {bad}")))?;
        if !players.contains(&player) {
            players.push(player);
        }
        if players.len() > most {
            return Err(wrong(format!("players: at most {most}; ask for the rest in another request")));
        }
    }
    Ok(players)
}
