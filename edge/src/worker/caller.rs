//! The caller of the service API: a service by its key, or an operator by its access token.

use crate::bearer::bearer;
use crate::clients::object_rpc;
use crate::error::{Error, Result};
use crate::worker::rate_limit;
use crate::{bindings, clock, identity};
use shared::actor::{Actor, MissingScope};
use shared::http::audit_reason;
use shared::limits;
use shared::rpc::LoginCheck;
use shared::service_key::{Scope, ServiceKeys};
use shared::text::is_visible_ascii;
use shared::wire::CloseCode;
use worker::{Env, Headers};

/// Returns true if the request's bearer is meant as a service key, valid or not.
pub fn is_service(headers: &Headers) -> bool {
    bearer(headers).is_some_and(|bearer| ServiceKeys::is_key(&bearer))
}

/// Returns the caller of a request, if it has a scope.
pub async fn caller(env: &Env, headers: &Headers, scope: Scope) -> Result<Actor> {
    let token = bearer(headers);
    let actor = match token.as_deref() {
        Some(key) if ServiceKeys::is_key(key) => by_key(env, headers, key).await?,
        Some(token) => operator(env, token).await?,
        None => {
            rate_limit::address(env, headers).await?;
            return Err(invalid());
        }
    };
    actor.require(scope)?;
    Ok(actor)
}

/// Returns the idempotency key of a request, if it has one.
pub fn idempotency_key(headers: &Headers) -> Result<Option<String>> {
    let key = headers.get("idempotency-key")?;
    if key.as_ref().is_none_or(|text| is_visible_ascii(text, limits::KEY_BYTES_MAX)) {
        return Ok(key);
    }
    let detail = format!("Idempotency-Key: 1 to {} visible ASCII characters.", limits::KEY_BYTES_MAX);
    Err(Error::refused(400, "bad_field", detail))
}

/// Returns the parts from which the id of a new item is derived, or random ones: an idempotency key names the item.
pub fn intended_id<T>(
    headers: &Headers,
    by: &Actor,
    derive: impl FnOnce(&[&str]) -> T,
    random: impl FnOnce([u8; 16]) -> T,
) -> Result<T> {
    match idempotency_key(headers)? {
        Some(text) => Ok(derive(&["service", by.by.as_str(), &text])),
        None => Ok(random(clock::random_bytes()?)),
    }
}

/// Returns the reason that an operator gives for an action; empty without one.
pub fn audit_reason(headers: &Headers) -> Result<String> {
    let Some(value) = headers.get(audit_reason::HEADER)? else {
        return Ok(String::new());
    };
    audit_reason::read(&value).map_err(|error| Error::refused(400, "bad_field", error.to_string()))
}

async fn by_key(env: &Env, headers: &Headers, text: &str) -> Result<Actor> {
    let keys = bindings::service_keys(env)?;
    let Some(key) = keys.find(text) else {
        rate_limit::address(env, headers).await?;
        return Err(invalid());
    };
    rate_limit::service(env, &key.id)?;
    key.actor().ok_or_else(|| Error::Internal(format!("the service key {} has no name", key.id)))
}

/// Returns the operator of an access token. The player's object is asked first: it knows of ended logins.
async fn operator(env: &Env, token: &str) -> Result<Actor> {
    let claims = identity::check(env, Some(token)).await?.map_err(refused_token)?;
    rate_limit::player(env, &claims.sub).await?;
    let actor = Actor::of_claims(&claims).ok_or_else(|| {
        let detail =
            format!("The player `{}` is no operator. The region's `OPERATORS` names them.", claims.sub);
        Error::refused(403, "scope_missing", detail)
    })?;
    let login = LoginCheck { ep: claims.ep, sid: claims.sid };
    match object_rpc::check_login(env, &actor.by, &login).await? {
        None => Ok(actor),
        Some(denial) => Err(refused_token(denial.close())),
    }
}

fn invalid() -> Error {
    let detail = "Send a service key or an operator's access token as `Authorization: Bearer`.";
    Error::refused(401, "token_invalid", detail)
}

/// Returns the refusal of a request whose token a socket would be closed for.
pub fn refused_token(why: CloseCode) -> Error {
    Error::refused(401, why.name(), "Send a valid access token as `Authorization: Bearer`.")
}

impl From<MissingScope> for Error {
    fn from(missing: MissingScope) -> Self {
        Self::refused(403, "scope_missing", missing.to_string())
    }
}
