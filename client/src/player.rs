//! A signed-in player: queues, rooms, and open rooms of the player's own.

use crate::room::{Room, RoomOptions};
use crate::session::Session;
use crate::wait::Wait;
use crate::{Error, PlayerId, RoomId, Wish, command, http};
use serde::Deserialize;
use serde_json::Value;
use shared::client::TokenFailure;
use shared::client::queue_state::Match;
use std::sync::Arc;
use std::time::Duration;

/// A signed-in player. Its tokens are renewed by themselves.
#[derive(Debug, Clone)]
pub struct Player {
    id: PlayerId,
    http: reqwest::Client,
    edge: String,
    session: Arc<Session>,
    opening_timeout: Duration,
}

impl Player {
    pub(crate) fn new(
        id: PlayerId,
        http: reqwest::Client,
        edge: String,
        session: Session,
        opening_timeout: Duration,
    ) -> Self {
        Self { id, http, edge, session: Arc::new(session), opening_timeout }
    }

    /// The player's id.
    #[must_use]
    pub fn id(&self) -> &PlayerId {
        &self.id
    }

    /// Returns an access token that is not about to expire, for requests that this crate does not have.
    pub async fn token(&self) -> Result<String, Error> {
        match self.session.token(None).await {
            Ok(access) => Ok(access.token),
            Err(TokenFailure::Ended(why)) => Err(Error::SignedOut { why }),
            Err(TokenFailure::Unavailable) => {
                Err(Error::Unreachable { url: "the region".into(), cause: "no token was renewed".into() })
            }
        }
    }

    /// Waits in a queue until the player is matched, and accepts every proposal.
    pub async fn queue(&self, pool: &str, wish: Wish) -> Result<Match, Error> {
        self.enter(pool, wish).matched().await
    }

    /// Enters a queue, and returns the wait: its state, and the answers to proposals.
    #[must_use]
    pub fn enter(&self, pool: &str, wish: Wish) -> Wait {
        Wait::start(
            self.socket(&format!("/v1/lobbies/{pool}")),
            Arc::clone(&self.session),
            command::key(),
            wish,
            self.opening_timeout,
        )
    }

    /// Connects to a room, and waits until it is open. Fails if it refuses the player.
    pub async fn room(&self, id: RoomId) -> Result<Room, Error> {
        let room = self.open_room(id, RoomOptions::default());
        room.opened().await?;
        Ok(room)
    }

    /// Connects to a room; the result opens, and reconnects, by itself.
    #[must_use]
    pub fn open_room(&self, id: RoomId, options: RoomOptions) -> Room {
        let url = self.socket(&format!("/v1/rooms/{id}"));
        Room::open(url, id, Arc::clone(&self.session), options, self.opening_timeout)
    }

    /// Creates an open room that the player owns: every player who knows its id may take a free seat. `body` is that of
    /// `POST /v1/rooms`, such as `{"seats":2}`.
    pub async fn create_room(&self, body: &Value) -> Result<RoomId, Error> {
        #[derive(Deserialize)]
        struct Created {
            room: RoomId,
        }
        let request = self.http.post(format!("{}/v1/rooms", self.edge)).bearer_auth(self.token().await?);
        let created: Created = http::read(request.json(body)).await?;
        Ok(created.room)
    }

    /// Returns the address of a socket.
    fn socket(&self, path: &str) -> String {
        format!("{}{path}", self.edge.replacen("http", "ws", 1))
    }
}
