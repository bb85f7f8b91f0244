//! What every HTTP answer goes out with: who may read it from a page, and what a browser may do with it.

use crate::error::Result;
use crate::platform;
use worker::{Env, Headers, Request, Response};

/// Headers of a page's script that we read.
const ALLOW_HEADERS: &str = "authorization, content-type, if-none-match";
/// Headers of ours that a page's script may read.
const EXPOSE_HEADERS: &str = "age, etag, retry-after, x-cache";
/// How long a browser remembers what it may ask, seconds.
const PREFLIGHT_S: &str = "600";

/// What an answer depends on, besides its path.
#[derive(Debug)]
pub struct Guard {
    /// The page that asks, where it is of another origin that may.
    origin: Option<String>,
    /// Whether the connection is encrypted, so that it may be asked to stay so.
    secure: bool,
}

impl Guard {
    /// Of a request.
    pub fn of(request: &Request, env: &Env) -> Result<Self> {
        let origin = request.headers().get("origin")?;
        let origins = platform::origins(env)?;
        Ok(Self {
            origin: origin.filter(|origin| origins.contains(origin)),
            secure: request.url()?.scheme() == "https",
        })
    }

    /// The answer to a browser that asks first. A page that may not call learns nothing.
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

    /// Puts the headers on. What a route or a page has set stays.
    pub fn protect(&self, response: Response) -> Result<Response> {
        // Those of an object's or a page's answer cannot be changed; a copy can.
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
        headers.append("vary", "origin")?;
        Ok(response.with_headers(headers))
    }
}
