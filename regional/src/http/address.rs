//! Where a request came from.

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::Extensions;
use axum::http::request::Parts;
use lambda_http::request::RequestContext;
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};

/// The address that a request came from, as one subscriber; `unknown` where nobody says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Address {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(of(&parts.extensions))
    }
}

/// What API Gateway saw, or else the socket. A header such as `X-Forwarded-For` is the client's own word.
#[must_use]
pub fn of(extensions: &Extensions) -> Address {
    let seen = extensions.get::<RequestContext>();
    let ip: Option<IpAddr> = if let Some(RequestContext::ApiGatewayV2(context)) = seen {
        let source = context.http.source_ip.as_deref();
        source.and_then(|text| text.parse().ok())
    } else {
        let socket = extensions.get::<ConnectInfo<SocketAddr>>();
        socket.map(|ConnectInfo(address)| address.ip())
    };
    Address(ip.map_or_else(|| "unknown".to_owned(), crate::lockout::address))
}
