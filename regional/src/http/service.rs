//! The caller of the service API: the operator's own backend, by its key.

use crate::app::App;
use crate::error::code::Code;
use crate::error::{Fault, Refusal};
use crate::http::bearer::bearer_text;
use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::request::Parts;
use shared::actor::{Actor, MissingScope};
use shared::service_key::{ServiceKey, ServiceKeys};

/// A service whose key is valid.
#[derive(Debug, Clone)]
pub struct Service(pub Actor);

impl From<MissingScope> for Fault {
    fn from(missing: MissingScope) -> Self {
        Refusal::new(Code::ScopeMissing, missing.to_string()).field("Authorization").into()
    }
}

impl Service {
    /// Returns the service of a request; none if its bearer is no service key. A wrong key is an error.
    pub fn of(parts: &Parts, app: &App) -> Result<Option<Self>, Refusal> {
        let Some(bearer) = bearer_text(parts)?.filter(|bearer| ServiceKeys::is_key(bearer)) else {
            return Ok(None);
        };
        let key = app.config.service_keys.find(bearer);
        let actor = key.and_then(ServiceKey::actor).ok_or_else(invalid)?;
        Ok(Some(Self(actor)))
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
