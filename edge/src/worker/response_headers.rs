//! Headers of every HTTP response: CORS, security and caching.

use crate::bindings;
use crate::error::Result;
use crate::telemetry::trace;
use shared::http::RequestUrl;
use worker::{Env, Headers, Request, Response};

/// Request headers that scripts of other origins may send.
const ALLOW_HEADERS: &str = "authorization, audit-reason, content-type, idempotency-key, if-none-match";
/// Response headers that scripts of other origins may read.
const EXPOSE_HEADERS: &str = "age, etag, location, retry-after, server-timing, x-cache";
/// How long a browser caches a preflight response, seconds.
const PREFLIGHT_S: &str = "600";

/// The response headers of one request.
#[derive(Debug)]
pub struct ResponseHeaders {
    /// The calling page's origin, if it is another one and allowed.
    origin: Option<String>,
    /// True if the request came over HTTPS, so that HSTS applies.
    secure: bool,
}

impl ResponseHeaders {
    /// Reads what the headers of the response depend on.
    pub fn new(request: &Request, env: &Env) -> Result<Self> {
        let origin = request.headers().get("origin")?;
        let origins = bindings::origins(env)?;
        Ok(Self {
            origin: origin.filter(|origin| origins.contains(origin)),
            secure: RequestUrl::new(&request.inner().url()).is_secure(),
        })
    }

    /// Answers a CORS preflight. A page of a disallowed origin gets no CORS headers.
    pub fn preflight(&self, allow: &str) -> Result<Response> {
        let headers = Headers::new();
        headers.set("allow", allow)?;
        if self.origin.is_some() {
            headers.set("access-control-allow-methods", allow)?;
            headers.set("access-control-allow-headers", ALLOW_HEADERS)?;
            headers.set("access-control-max-age", PREFLIGHT_S)?;
        }
        Ok(Response::empty()?.with_status(204).with_headers(headers))
    }

    /// Adds the headers to a response. Headers that a route or a page has set remain.
    pub fn apply(&self, response: Response) -> Result<Response> {
        // The headers of an object's or a page's response are immutable; a copy is not.
        let headers = response.headers().clone();
        let usual = [
            ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
            ("cache-control", "no-store"),
        ];
        for (name, value) in usual {
            if !headers.has(name)? {
                headers.set(name, value)?;
            }
        }
        headers.set("x-content-type-options", "nosniff")?;
        headers.set("referrer-policy", "no-referrer")?;
        if self.secure {
            let always = "max-age=31536000; includeSubDomains";
            headers.set("strict-transport-security", always)?;
        }
        if let Some(origin) = &self.origin {
            headers.set("access-control-allow-origin", origin)?;
            headers.set("access-control-expose-headers", EXPOSE_HEADERS)?;
        }
        // A page can read the trace of its request, to name it to the operators.
        headers
            .append("server-timing", &format!("traceparent;desc=\"{}\"", trace::current().traceparent()))?;
        headers.append("vary", "origin")?;
        Ok(response.with_headers(headers))
    }
}
