//! A player as a Durable Object: questions in, answers out, what changed on disk in between.

use crate::clock::now;
use crate::error::{Error, Result};
use crate::{calls, store};
use shared::id::PlayerId;
use shared::internal::{PlayerAnswer, PlayerAsk};
use shared::player::Player;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use worker::{
    DurableObject, Env, Request, Response, State, WebSocket, WebSocketIncomingMessage,
    durable_object,
};

/// One person.
#[durable_object]
pub struct PlayerObject {
    state: AssertUnwindSafe<State>,
    env: AssertUnwindSafe<Env>,
    player: AssertUnwindSafe<RefCell<Option<Player>>>,
}

impl DurableObject for PlayerObject {
    fn new(state: State, env: Env) -> Self {
        Self {
            state: AssertUnwindSafe(state),
            env: AssertUnwindSafe(env),
            player: AssertUnwindSafe(RefCell::default()),
        }
    }

    async fn fetch(&self, request: Request) -> worker::Result<Response> {
        self.asked(request).await.or_else(Error::response)
    }

    async fn websocket_message(
        &self,
        _: WebSocket,
        _: WebSocketIncomingMessage,
    ) -> worker::Result<()> {
        Ok(())
    }

    async fn websocket_close(
        &self,
        _: WebSocket,
        _: usize,
        _: String,
        _: bool,
    ) -> worker::Result<()> {
        Ok(())
    }

    async fn websocket_error(&self, _: WebSocket, _: worker::Error) -> worker::Result<()> {
        Ok(())
    }

    async fn alarm(&self) -> worker::Result<Response> {
        Response::empty()
    }
}

impl PlayerObject {
    async fn asked(&self, mut request: Request) -> Result<Response> {
        let ask: PlayerAsk = serde_json::from_str(&request.text().await?)?;
        let mut answer = self.decide(ask.clone())?;
        if let PlayerAnswer::Full { at } = &answer {
            self.look_again(at.iter().cloned().collect()).await?;
            answer = self.decide(ask)?;
        }
        Ok(Response::from_json(&answer)?)
    }

    /// Before a lease counts against somebody, its object is asked whether the socket is still there.
    async fn look_again(&self, objects: BTreeSet<String>) -> Result<()> {
        let Some(player) = self.state.id().name() else {
            return Ok(());
        };
        let player: PlayerId = player.parse().map_err(|error| Error::ours(&error))?;
        for object in objects {
            match calls::holds(&self.env, &object, &player).await {
                Ok(holding) => drop(self.decide(PlayerAsk::Correct { object, holding })?),
                Err(error) => worker::console_error!("{error:?}; its leases count"),
            }
        }
        Ok(())
    }

    fn decide(&self, ask: PlayerAsk) -> Result<PlayerAnswer> {
        let mut player = match self.player.take() {
            Some(player) => player,
            None => match store::read_player(&self.state.storage())? {
                Some(text) => serde_json::from_str(&text)?,
                None => Player::default(),
            },
        };
        let (answer, changed) = player.answer(now(), ask);
        if changed {
            store::write_player(&self.state.storage(), &serde_json::to_string(&player)?)?;
        }
        self.player.replace(Some(player));
        Ok(answer)
    }
}
