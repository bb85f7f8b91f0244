//! A request for a socket: checked before an object is touched, and where it is refused, answered so that a browser
//! can tell why.

use crate::error::{Error, Result};
use crate::identity::{self, Offer};
use crate::{metrics, platform};
use serde::{Deserialize, Serialize};
use shared::protocol::Close;
use shared::room::{Resume, Who};
use shared::token::Claims;
use worker::{Env, Headers, Method, Request, RequestInit, Response, Stub, Url, WebSocketPair};

/// What the Worker tells an object of a socket. Nothing of the client's own headers goes through.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Opening {
    /// Whose.
    pub who: Who,
    /// The life of the log, and the position in it, to go on from.
    pub epoch: Option<String>,
    /// See `epoch`.
    pub at: Option<u64>,
    /// Whether they only want to watch.
    pub watch: bool,
    /// The subprotocol to echo.
    pub echo: Option<String>,
}

impl Opening {
    /// Where the client goes on, where it said both.
    pub fn resume(&self) -> Option<Resume> {
        Some(Resume { epoch: self.epoch.clone()?, at: self.at? })
    }
}

/// The header that carries an `Opening` to an object.
const HEADER: &str = "x-matchpoint-opening";

/// Whether a request asks for a socket.
pub fn wanted(request: &Request) -> bool {
    let header = request.headers().get("upgrade").ok().flatten();
    header.is_some_and(|value| value.eq_ignore_ascii_case("websocket"))
}

/// Checks the request and brings it to its object. `find` names the object, or why there is none.
pub async fn bring(
    request: &Request,
    env: &Env,
    find: impl AsyncFnOnce(&Claims) -> std::result::Result<Result<Stub>, Close>,
) -> Result<Response> {
    let offer = Offer::read(request.headers());
    let refuse = |why| refuse(why, offer.echo.as_deref());
    if !offer.version {
        return refuse(Close::Version);
    }
    if !origin_is_fine(request, env)? {
        return refuse(Close::Origin);
    }
    let url = request.url()?;
    let claims = match identity::check(env, offer.token.as_deref()).await {
        Ok(Ok(claims)) => claims,
        Ok(Err(why)) => return refuse(why),
        Err(Error::Unavailable(_)) => return refuse(Close::Overloaded),
        Err(error) => return Err(error),
    };
    if !platform::openings(env)?.limit(claims.sub.to_string()).await?.success {
        return refuse(Close::TooFast);
    }
    let stub = match find(&claims).await {
        Ok(stub) => stub?,
        Err(why) => return refuse(why),
    };
    let opening = Opening {
        who: identity::who(&claims),
        epoch: query(&url, "epoch").filter(|epoch| epoch.len() <= 24),
        at: query(&url, "at").and_then(|at| at.parse().ok()),
        watch: query(&url, "watch").is_some_and(|watch| watch == "1"),
        echo: offer.echo.clone(),
    };
    let headers = Headers::new();
    headers.set("upgrade", "websocket")?;
    headers.set(HEADER, &serde_json::to_string(&opening)?)?;
    let mut init = RequestInit::new();
    init.with_method(Method::Get);
    init.with_headers(headers);
    let inner = Request::new_with_init("https://object/open", &init)?;
    match crate::region::in_time(stub.fetch_with_request(inner), "an object").await {
        Ok(response) => Ok(response),
        Err(error) => {
            worker::console_error!("an opening failed: {error:?}");
            refuse(Close::Internal)
        }
    }
}

/// What the Worker said of this socket.
pub fn opening(request: &Request) -> Result<Opening> {
    let text = request.headers().get(HEADER)?.unwrap_or_default();
    Ok(serde_json::from_str(&text)?)
}

/// A refusal that a browser can read: an open socket, closed at once with a code.
pub fn refuse(why: Close, echo: Option<&str>) -> Result<Response> {
    metrics::refused(why.why());
    let pair = WebSocketPair::new()?;
    pair.server.accept()?;
    pair.server.close(Some(why.code()), Some(why.reason()))?;
    accepted(pair.client, echo)
}

/// The answer to an upgrade: the client's end, and the subprotocol where one was offered.
pub fn accepted(client: worker::WebSocket, echo: Option<&str>) -> Result<Response> {
    let mut response = Response::from_websocket(client)?;
    if let Some(protocol) = echo {
        response.headers_mut().set("sec-websocket-protocol", protocol)?;
    }
    Ok(response)
}

/// Our own pages, the listed ones, and clients that are no browsers. Others' pages must not use a visitor's login.
fn origin_is_fine(request: &Request, env: &Env) -> Result<bool> {
    let Some(origin) = request.headers().get("origin")? else {
        return Ok(true);
    };
    let own = request.url()?.origin().ascii_serialization();
    Ok(origin == own || platform::origins(env)?.contains(&origin))
}

fn query(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}
