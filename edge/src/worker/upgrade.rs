//! WebSocket upgrades: checked before any object is involved; a refusal is a close code, which browsers can read.

use crate::bindings;
use crate::clients::timeout::with_timeout;
use crate::error::{Error, Result};
use crate::identity::{self, Offer};
use crate::telemetry::log::{self, About, Level};
use crate::telemetry::{metrics, trace};
use crate::worker::rate_limit;
use serde::{Deserialize, Serialize};
use shared::hash::fnv;
use shared::http::RequestUrl;
use shared::id::RoomId;
use shared::metrics::Counter;
use shared::room::{Identity, Resume};
use shared::token::Claims;
use shared::trace::Trace;
use shared::wire::CloseCode;
use std::borrow::Cow;
use worker::{Env, Headers, Method, Request, RequestInit, Response, Stub, WebSocketPair};

/// The Worker's description of a new socket for its object. No header of the client is passed on.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Opening {
    pub who: Identity,
    /// The epoch of the log to resume, and the last position that the client has seen in it.
    pub epoch: Option<String>,
    pub at: Option<u64>,
    /// True if the client wants to join as a spectator.
    pub watch: bool,
    /// True if the client wants to open only where no other connection of the player has to give way.
    #[serde(default)]
    pub yields: bool,
    /// The subprotocol to echo in the response.
    pub echo: Option<String>,
    /// A hash of the client's network: a lobby gives each a share of its queue.
    #[serde(default)]
    pub address: u64,
    /// The trace that the client named, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<Trace>,
}

/// The facts about a player that the admission of a socket looked up.
#[derive(Debug, Default)]
pub struct Found {
    /// The match that the player is in.
    pub current_match: Option<RoomId>,
    /// The player's display name, if it was looked up and the region answered.
    pub name: Option<String>,
}

impl Opening {
    /// Returns the log position to resume from, if the client named both parts of it.
    pub fn resume(&self) -> Option<Resume> {
        Some(Resume { epoch: self.epoch.clone()?, at: self.at? })
    }
}

/// The header that carries an [`Opening`] to an object.
const HEADER: &str = "x-matchpoint-opening";

/// The header of an object's refusal: the code to close the socket with.
const REFUSAL: &str = "x-matchpoint-refusal";
/// The status of a response with a socket.
const SWITCHING: u16 = 101;

/// Returns whether a request asks for a WebSocket upgrade.
pub fn is_upgrade(request: &Request) -> bool {
    let header = request.headers().get("upgrade").ok().flatten();
    header.is_some_and(|value| value.eq_ignore_ascii_case("websocket"))
}

/// Checks the request and forwards it to its object. `find` returns the object, or the code to close with; `to_room` is
/// true if the object is a room, which may not exist.
pub async fn forward_upgrade(
    request: &Request,
    env: &Env,
    to_room: bool,
    find: impl AsyncFnOnce(&Claims) -> std::result::Result<Result<Stub>, CloseCode>,
) -> Result<Response> {
    let offer = Offer::read(request.headers());
    let url = request.inner().url();
    let url = RequestUrl::new(&url);
    let resumes = url.parameter("epoch").is_some() && url.parameter("at").is_some();
    let refuse = |why| {
        if resumes {
            metrics::add(Counter::ResumeRefused);
        }
        refuse(why, offer.echo.as_deref())
    };
    let network = rate_limit::network_of(request.headers())?;
    if !is_within_rates(env, &network, to_room) {
        return refuse(CloseCode::TooFast);
    }
    if !offer.version {
        return refuse(CloseCode::Version);
    }
    if !is_origin_allowed(request, env)? {
        return refuse(CloseCode::Origin);
    }
    let claims = match identity::check(env, offer.token.as_deref()).await {
        Ok(Ok(claims)) => claims,
        Ok(Err(why)) => return refuse(why),
        Err(Error::Unavailable(_)) => return refuse(CloseCode::Overloaded),
        Err(error) => return Err(error),
    };
    if !bindings::openings(env)?.limit(claims.sub.to_string()).await?.success {
        metrics::add(Counter::LimitedOpenings);
        return refuse(CloseCode::TooFast);
    }
    let stub = match find(&claims).await {
        Ok(stub) => stub?,
        Err(why) => return refuse(why),
    };
    let opening = describe(url, &claims, &offer, &network);
    let inner = inner_request(&opening)?;
    match with_timeout(stub.fetch_with_request(inner), "an object").await {
        Ok(response) if response.status_code() == SWITCHING => Ok(response),
        Ok(response) => {
            let code = read_refusal(&response)?;
            if to_room && code == CloseCode::NotFound {
                rate_limit::note_absent_room(&network);
            }
            refuse(code)
        }
        Err(error) => {
            log::error!("an upgrade failed: {error:?}");
            refuse(CloseCode::Internal)
        }
    }
}

/// Returns whether a network may open a socket now; to a room only if it has not just looked for many that do not exist.
fn is_within_rates(env: &Env, network: &str, to_room: bool) -> bool {
    if !rate_limit::opening(env, network) {
        metrics::add(Counter::LimitedOpenings);
        return false;
    }
    let may_look = !to_room || rate_limit::may_look_for_room(env, network);
    if !may_look {
        metrics::add(Counter::LimitedRooms);
    }
    may_look
}

/// Describes a new socket for its object.
fn describe(url: RequestUrl<'_>, claims: &Claims, offer: &Offer, network: &str) -> Opening {
    Opening {
        who: identity::identity_of(claims),
        epoch: url.parameter("epoch").map(Cow::into_owned).filter(|epoch| epoch.len() <= 24),
        at: url.parameter("at").and_then(|at| at.parse().ok()),
        watch: url.parameter("watch").is_some_and(|watch| watch == "1"),
        yields: url.parameter("yield").is_some_and(|yields| yields == "1"),
        echo: offer.echo.clone(),
        address: fnv(network.as_bytes()),
        trace: trace::named(),
    }
}

/// Builds the request that carries an [`Opening`] to an object.
fn inner_request(opening: &Opening) -> Result<Request> {
    let headers = Headers::new();
    headers.set("upgrade", "websocket")?;
    headers.set(shared::trace::HEADER, &trace::current().traceparent())?;
    headers.set(HEADER, &serde_json::to_string(opening)?)?;
    let mut init = RequestInit::new();
    init.with_method(Method::Get);
    init.with_headers(headers);
    Ok(Request::new_with_init("https://object/open", &init)?)
}

/// Reads the [`Opening`] that the Worker sent.
pub fn read_opening(request: &Request) -> Result<Opening> {
    let text = request.headers().get(HEADER)?.unwrap_or_default();
    Ok(serde_json::from_str(&text)?)
}

/// Returns an object's refusal of a socket. The Worker closes the socket with the code.
pub fn refusal(why: CloseCode) -> Result<Response> {
    let mut response = Response::empty()?.with_status(403);
    response.headers_mut().set(REFUSAL, &why.code().to_string())?;
    Ok(response)
}

/// Reads the code of an object's [`refusal`]; other answers are faults, which the object has logged.
fn read_refusal(response: &Response) -> Result<CloseCode> {
    let code = response.headers().get(REFUSAL)?.and_then(|code| code.parse().ok());
    let known = CloseCode::ALL.iter().copied().find(|known| Some(known.code()) == code);
    Ok(known.unwrap_or(CloseCode::Internal))
}

/// Refuses an upgrade so that a browser can read the reason: accepts the socket and closes it with a code.
pub fn refuse(why: CloseCode, echo: Option<&str>) -> Result<Response> {
    metrics::refused(why.name());
    let level = if why.code() >= log::CLOSES_FROM { Level::Warn } else { Level::Info };
    log::line(level, "an opening was refused", About { code: why.name(), ..About::default() });
    let pair = WebSocketPair::new()?;
    pair.server.accept()?;
    pair.server.close(Some(why.code()), Some(why.reason()))?;
    accept(pair.client, echo)
}

/// Answers an upgrade with the client's end of the socket and the selected subprotocol.
pub fn accept(client: worker::WebSocket, echo: Option<&str>) -> Result<Response> {
    let mut response = Response::from_websocket(client)?;
    if let Some(protocol) = echo {
        response.headers_mut().set("sec-websocket-protocol", protocol)?;
    }
    Ok(response)
}

/// Returns whether the origin may open sockets: the site's own pages, listed origins, and clients without an `Origin`.
/// Other pages must not use a visitor's login.
fn is_origin_allowed(request: &Request, env: &Env) -> Result<bool> {
    let Some(origin) = request.headers().get("origin")? else {
        return Ok(true);
    };
    let url = request.inner().url();
    Ok(origin == RequestUrl::new(&url).origin() || bindings::origins(env)?.contains(&origin))
}
