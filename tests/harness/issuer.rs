//! An identity provider for tests: serves a JWK set, signs id tokens, rotates keys, and can be unavailable.

use anyhow::{Context, Result};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair};
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Length of the PKCS #8 header of an RSA key of 2048 bits.
const PKCS8_HEAD: usize = 26;

/// A running provider. Dropping it stops it.
#[derive(Debug)]
pub struct Issuer {
    /// The `iss` of its tokens, and its address.
    pub url: String,
    desk: Arc<Desk>,
    task: JoinHandle<()>,
}

/// A signing key, published or not.
#[derive(Clone)]
pub struct Key {
    /// The key id, `kid`.
    pub kid: String,
    alg: Algorithm,
    secret: EncodingKey,
    public: Jwk,
}

#[derive(Debug, Default)]
struct Desk {
    published: Mutex<Vec<Value>>,
    max_age: AtomicU32,
    away: AtomicBool,
    asked: AtomicU32,
}

impl Issuer {
    /// Starts without keys. Key sets are cacheable for five minutes.
    pub async fn start() -> Result<Self> {
        let desk = Arc::new(Desk::default());
        desk.max_age.store(300, Ordering::SeqCst);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let routes = Router::new().route("/keys", get(keys)).with_state(desk.clone());
        let task = tokio::spawn(async move {
            let _ = axum::serve(listener, routes).await;
        });
        Ok(Self { url, desk, task })
    }

    /// Returns the value of `OIDC_PROVIDERS` that makes a region trust it.
    #[must_use]
    pub fn configured(&self, audience: &str) -> String {
        let jwks = format!("{}/keys", self.url);
        json!([{"issuer": self.url, "audience": [audience], "jwks": jwks}]).to_string()
    }

    /// Publishes these keys in place of the previous ones.
    pub fn publish(&self, keys: &[&Key]) -> Result<()> {
        let public = keys.iter().map(|key| {
            let mut jwk = serde_json::to_value(&key.public)?;
            jwk["kid"] = json!(key.kid);
            Ok(jwk)
        });
        let public = public.collect::<Result<_>>()?;
        *self.desk.published.lock().unwrap_or_else(PoisonError::into_inner) = public;
        Ok(())
    }

    /// Makes it answer 503, or its keys again.
    pub fn away(&self, away: bool) {
        self.desk.away.store(away, Ordering::SeqCst);
    }

    /// Returns how often its keys were fetched.
    #[must_use]
    pub fn asked(&self) -> u32 {
        self.desk.asked.load(Ordering::SeqCst)
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Key {
    /// Makes a new `RS256`, `ES256` or `EdDSA` key.
    pub fn new(kid: &str, alg: Algorithm) -> Result<Self> {
        let unspecified = |_| anyhow::anyhow!("no key");
        let secret = match alg {
            Algorithm::ES256 => {
                let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING);
                let der = pair.map_err(unspecified)?.to_pkcs8v1().map_err(unspecified)?;
                EncodingKey::from_ec_der(der.as_ref())
            }
            Algorithm::EdDSA => {
                let pair = Ed25519KeyPair::generate().map_err(unspecified)?;
                let der = pair.to_pkcs8v1().map_err(unspecified)?;
                EncodingKey::from_ed_der(der.as_ref())
            }
            _ => {
                let pair = KeyPair::generate(KeySize::Rsa2048).map_err(unspecified)?;
                let der = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).map_err(unspecified)?;
                // The PKCS #1 key follows the PKCS #8 header.
                let key = der.as_ref().get(PKCS8_HEAD..).context("a key")?;
                EncodingKey::from_rsa_der(key)
            }
        };
        let public = Jwk::from_encoding_key(&secret, alg).context("no public key")?;
        let kid = kid.to_owned();
        Ok(Self { kid, alg, secret, public })
    }

    /// Signs a token with these claims.
    pub fn sign(&self, claims: &Value) -> Result<String> {
        let mut header = Header::new(self.alg);
        header.kid = Some(self.kid.clone());
        Ok(encode(&header, claims, &self.secret)?)
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Key({})", self.kid)
    }
}

async fn keys(State(desk): State<Arc<Desk>>) -> Response {
    desk.asked.fetch_add(1, Ordering::SeqCst);
    if desk.away.load(Ordering::SeqCst) {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let age = format!("public, max-age={}", desk.max_age.load(Ordering::SeqCst));
    let keys = desk.published.lock().unwrap_or_else(PoisonError::into_inner).clone();
    ([("cache-control", age)], json!({ "keys": keys }).to_string()).into_response()
}
