//! An identity provider for one machine: OpenID Connect with the authorization-code flow and PKCE, and a login page
//! that takes any name.
//!
//! It has one public client and keeps no accounts: a name is an account. It listens on 127.0.0.1, and sends codes to
//! pages on this machine and to named origins alone.

mod codes;
mod id_token;
mod page;
mod request;

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Instant, SystemTime};

use anyhow::{Context, Result, anyhow};
use axum::extract::{Form, Query, State};
use axum::http::StatusCode;
use axum::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Url;
use serde::Deserialize;
use serde_json::{Value, json};
use shared::limits;
use shared::token::Signer;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use codes::{Codes, Login, Redemption};
use request::{AuthorizationRequest, Rejection};

/// A running provider. It ends when the value is dropped.
#[derive(Debug)]
pub struct Issuer {
    url: String,
    task: JoinHandle<()>,
}

/// The state that the routes share.
#[derive(Debug)]
struct Desk {
    url: String,
    client: String,
    origins: Vec<String>,
    signer: Signer,
    codes: Mutex<Codes>,
}

impl Issuer {
    /// Starts a provider on `port` with one client id and a new key. Codes go to pages on this machine and of these
    /// origins.
    pub async fn start(port: u16, client: &str, origins: &[String]) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .await
            .with_context(|| format!("the test issuer cannot listen on port {port}"))?;
        let url = format!("http://{}", listener.local_addr()?);
        let seed = random()?;
        let kid = URL_SAFE_NO_PAD.encode(&random()?[..8]);
        let desk = Arc::new(Desk {
            url: url.clone(),
            client: client.to_owned(),
            origins: origins.to_vec(),
            signer: Signer::new(&kid, seed),
            codes: Mutex::default(),
        });
        let routes = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/jwks", get(jwks))
            .route("/authorize", get(show_login).post(log_in))
            .route("/token", post(token))
            .with_state(desk);
        let task = tokio::spawn(async move {
            let _ = axum::serve(listener, routes).await;
        });
        Ok(Self { url, task })
    }

    /// The `iss` of its id tokens, which is its address.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The address of its public keys.
    #[must_use]
    pub fn jwks(&self) -> String {
        format!("{}/jwks", self.url)
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn random() -> Result<[u8; 32]> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| anyhow!("no random bytes: {error}"))?;
    Ok(bytes)
}

/// An answer that pages of any origin may read: it has no secret, or needs one to get.
fn open(status: StatusCode, body: &Value) -> Response {
    (status, [(ACCESS_CONTROL_ALLOW_ORIGIN, "*"), (CACHE_CONTROL, "no-store")], Json(body)).into_response()
}

/// The metadata of the provider (OpenID Connect Discovery §3).
async fn discovery(State(desk): State<Arc<Desk>>) -> Response {
    let at = |path: &str| format!("{}{path}", desk.url);
    let metadata = json!({
        "issuer": desk.url,
        "authorization_endpoint": at("/authorize"),
        "token_endpoint": at("/token"),
        "jwks_uri": at("/jwks"),
        "scopes_supported": ["openid", "profile"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["EdDSA"],
        "token_endpoint_auth_methods_supported": ["none"],
        "code_challenge_methods_supported": ["S256"],
        "claims_supported": ["iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "name"],
        "authorization_response_iss_parameter_supported": true,
    });
    open(StatusCode::OK, &metadata)
}

async fn jwks(State(desk): State<Arc<Desk>>) -> Response {
    let headers = [(ACCESS_CONTROL_ALLOW_ORIGIN, "*"), (CONTENT_TYPE, "application/json")];
    (headers, Signer::jwks(&[&desk.signer])).into_response()
}

async fn show_login(State(desk): State<Arc<Desk>>, Query(request): Query<AuthorizationRequest>) -> Response {
    match request.check(&desk.client, &desk.origins) {
        Ok(_) => page::login(StatusCode::OK, ""),
        Err(rejection) => desk.reject(&request, rejection),
    }
}

/// The form of the login page.
#[derive(Deserialize)]
struct Typed {
    name: String,
}

async fn log_in(
    State(desk): State<Arc<Desk>>,
    Query(request): Query<AuthorizationRequest>,
    Form(Typed { name }): Form<Typed>,
) -> Response {
    let url = match request.check(&desk.client, &desk.origins) {
        Ok(url) => url,
        Err(rejection) => return desk.reject(&request, rejection),
    };
    let (name, most) = (name.trim(), limits::NAME_CHARS_MAX);
    if name.is_empty() || name.chars().count() > most || name.chars().any(char::is_control) {
        return page::login(StatusCode::BAD_REQUEST, &format!("A name has 1 to {most} characters."));
    }
    let Ok(code) = random().map(|bytes| URL_SAFE_NO_PAD.encode(bytes)) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let answer = desk.answer(&request, url, &[("code", &code)]);
    let login = Login { name: name.to_owned(), request };
    desk.codes().issue(code, login, Instant::now());
    answer
}

async fn token(State(desk): State<Arc<Desk>>, Form(form): Form<Redemption>) -> Response {
    let refuse = |error: &str, text: &str| {
        open(StatusCode::BAD_REQUEST, &json!({ "error": error, "error_description": text }))
    };
    if form.grant_type != "authorization_code" {
        return refuse("unsupported_grant_type", "grant_type must be authorization_code");
    }
    let login = match desk.codes().redeem(&form, Instant::now()) {
        Ok(login) => login,
        Err(text) => return refuse("invalid_grant", text),
    };
    // The standard demands an access token; there is nothing here that it opens.
    let Ok(access_token) = random().map(|bytes| URL_SAFE_NO_PAD.encode(bytes)) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let answer = json!({
        "access_token": access_token,
        "token_type": "Bearer",
        "expires_in": id_token::ID_TOKEN_TTL.as_secs(),
        "scope": "openid",
        "id_token": id_token::sign(&desk.signer, &desk.url, &login, SystemTime::now()),
    });
    open(StatusCode::OK, &answer)
}

impl Desk {
    fn codes(&self) -> std::sync::MutexGuard<'_, Codes> {
        self.codes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends the browser back to the client with these parameters, its state, and our name (RFC 9207).
    fn answer(&self, request: &AuthorizationRequest, mut url: Url, parameters: &[(&str, &str)]) -> Response {
        url.query_pairs_mut().extend_pairs(parameters).append_pair("iss", &self.url);
        if let Some(state) = &request.state {
            url.query_pairs_mut().append_pair("state", state);
        }
        Redirect::to(url.as_str()).into_response()
    }

    fn reject(&self, request: &AuthorizationRequest, rejection: Rejection) -> Response {
        match rejection {
            Rejection::Shown(text) => page::rejected(&text),
            Rejection::Sent(url, error, text) => {
                self.answer(request, url, &[("error", error), ("error_description", text)])
            }
        }
    }
}
