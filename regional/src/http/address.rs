//! The client address of a request.

use crate::domain::lockout::subscriber_address;
use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::Extensions;
use axum::http::request::Parts;
use lambda_http::request::RequestContext;
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};

/// The address of the subscriber that sent the request; `unknown` where neither API Gateway nor the socket
/// gives one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientAddress(pub String);

impl<S: Send + Sync> FromRequestParts<S> for ClientAddress {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(client_address(&parts.extensions))
    }
}

/// Returns the address that API Gateway reports, or else the peer of the socket. Headers such as
/// `X-Forwarded-For` are not read, because the client can forge them.
#[must_use]
pub fn client_address(extensions: &Extensions) -> ClientAddress {
    let context = extensions.get::<RequestContext>();
    let ip: Option<IpAddr> = if let Some(RequestContext::ApiGatewayV2(context)) = context {
        let source = context.http.source_ip.as_deref();
        source.and_then(|text| text.parse().ok())
    } else {
        let socket = extensions.get::<ConnectInfo<SocketAddr>>();
        socket.map(|ConnectInfo(address)| address.ip())
    };
    ClientAddress(ip.map_or_else(|| "unknown".to_owned(), subscriber_address))
}
