//! The caller of the service API: the operator's own backend, by its key.

use crate::app::App;
use crate::error::code::Code;
use crate::error::{Fault, Refusal};
use crate::http::bearer::bearer_text;
use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::request::Parts;
use shared::id::PlayerId;
use shared::service_key::{MissingScope, Scope, ServiceKey, ServiceKeys};

/// A service whose key is valid.
#[derive(Debug, Clone)]
pub struct Service {
    key: ServiceKey,
    /// The name under which logs and decisions mention the service.
    pub actor: PlayerId,
}

impl Service {
    /// Fails unless the key has a scope.
    pub fn require(&self, scope: Scope) -> Result<(), Refusal> {
        let refused = |missing: MissingScope| Refusal::new(Code::ScopeMissing, missing.to_string());
        self.key.require(scope).map_err(|missing| refused(missing).field("Authorization"))
    }

    /// Returns the service of a request; none if its bearer is no service key. A wrong key is an error.
    pub fn of(parts: &Parts, app: &App) -> Result<Option<Self>, Refusal> {
        let Some(bearer) = bearer_text(parts)?.filter(|bearer| ServiceKeys::is_key(bearer)) else {
            return Ok(None);
        };
        let key = app.config.service_keys.find(bearer);
        let service = key.and_then(|key| Some(Self { actor: key.actor()?, key: key.clone() }));
        service.map(Some).ok_or_else(invalid)
    }
}

impl FromRequestParts<App> for Service {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Fault> {
        Ok(Self::of(parts, app)?.ok_or_else(invalid)?)
    }
}

impl OptionalFromRequestParts<App> for Service {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Option<Self>, Fault> {
        Ok(Self::of(parts, app)?)
    }
}

fn invalid() -> Refusal {
    let detail = "Send a service key of this deployment as `Authorization: Bearer mk_…`.";
    Refusal::new(Code::TokenInvalid, detail).field("Authorization")
}
