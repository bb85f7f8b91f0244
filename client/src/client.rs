//! A deployment of Matchpoint, as the place where players sign in.

use crate::session::{Session, Tokens};
use crate::{Error, Player, http};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Value, json};
use shared::client::Options;
use shared::id::PlayerId;
use std::time::Duration;
use tokio::sync::OnceCell;

/// The configuration that the edge publishes, as far as a client reads it.
#[derive(Debug, Deserialize)]
struct Config {
    region: String,
}

/// A deployment of Matchpoint. It sends nothing before the first call.
#[derive(Debug)]
pub struct Client {
    http: reqwest::Client,
    edge: String,
    region: OnceCell<String>,
    opening_timeout: Duration,
}

impl Client {
    /// The deployment whose edge has this address, such as `https://edge.example`. The edge names its region.
    pub fn new(url: &str) -> Result<Self, Error> {
        let edge = trimmed(url);
        if !edge.starts_with("https://") && !edge.starts_with("http://") {
            return Err(Error::invalid("address", format!("{url} begins with neither https:// nor http://")));
        }
        if edge.starts_with("https://") && cfg!(not(feature = "tls")) {
            return Err(Error::invalid("address", format!("{url} needs the feature `tls` of this crate")));
        }
        let opening_timeout = Options::default().opening_timeout;
        Ok(Self { http: http::client()?, edge, region: OnceCell::new(), opening_timeout })
    }

    /// Sets how long an opening of a room or a queue may take until it is tried again, instead of 10 s. A load that fills a
    /// machine needs more: each attempt that is given up was work for the server.
    #[must_use]
    pub fn with_opening_timeout(mut self, limit: Duration) -> Self {
        self.opening_timeout = limit;
        self
    }

    /// Signs a new guest in, if the region allows guests.
    pub async fn guest(&self, name: &str) -> Result<Player, Error> {
        self.sign_in(json!({ "guest": { "name": name } })).await
    }

    /// Signs a player in with the id token of an identity provider.
    pub async fn id_token(&self, token: &str) -> Result<Player, Error> {
        self.sign_in(json!({ "id_token": token })).await
    }

    /// Signs a player in with tokens that the application has already. The player is the subject of the access token.
    pub async fn adopt(&self, tokens: Tokens) -> Result<Player, Error> {
        let player =
            subject(&tokens.access).ok_or_else(|| Error::invalid("access token", "it has no subject"))?;
        self.player(player, tokens).await
    }

    async fn sign_in(&self, body: Value) -> Result<Player, Error> {
        #[derive(Deserialize)]
        struct Grant {
            player: PlayerId,
            #[serde(flatten)]
            tokens: Tokens,
        }
        let url = format!("{}/v1/sessions", self.region().await?);
        let Grant { player, tokens } = http::read(self.http.post(url).json(&body)).await?;
        self.player(player, tokens).await
    }

    async fn player(&self, id: PlayerId, tokens: Tokens) -> Result<Player, Error> {
        let session = Session::new(self.http.clone(), self.region().await?.to_owned(), tokens);
        Ok(Player::new(id, self.http.clone(), self.edge.clone(), session, self.opening_timeout))
    }

    /// Returns the address of the region, which is read once.
    async fn region(&self) -> Result<&str, Error> {
        let read = || async {
            let config: Config = http::read(self.http.get(format!("{}/v1/config", self.edge))).await?;
            Ok::<_, Error>(trimmed(&config.region))
        };
        self.region.get_or_try_init(read).await.map(String::as_str)
    }
}

fn trimmed(url: &str) -> String {
    url.trim_end_matches('/').to_owned()
}

/// Returns the subject of an access token. The token is verified by the servers alone.
fn subject(token: &str) -> Option<PlayerId> {
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let claims: Value = serde_json::from_slice(&claims).ok()?;
    claims.get("sub")?.as_str()?.parse().ok()
}
