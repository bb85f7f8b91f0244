//! A player as a Durable Object: questions in, answers out, and what the region says of them, told on.

use crate::clock::now;
use crate::error::{Error, Result};
use crate::{calls, store};
use shared::id::PlayerId;
use shared::internal::{PlayerAnswer, PlayerAsk};
use shared::notice::Notice;
use shared::player::{Call, Effect, Input, Player};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::rc::Rc;
use worker::wasm_bindgen_futures::spawn_local;
use worker::{
    DurableObject, Env, Request, Response, State, WebSocket, WebSocketIncomingMessage,
    console_error, durable_object,
};

/// One person.
#[durable_object]
pub struct PlayerObject {
    home: AssertUnwindSafe<Rc<Home>>,
}

struct Home {
    state: State,
    env: Env,
    player: RefCell<Option<Player>>,
}

impl DurableObject for PlayerObject {
    fn new(state: State, env: Env) -> Self {
        let player = RefCell::default();
        Self {
            home: AssertUnwindSafe(Rc::new(Home { state, env, player })),
        }
    }

    async fn fetch(&self, request: Request) -> worker::Result<Response> {
        answer(&self.home, request).await.or_else(Error::response)
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
        match self.home.turn(Input::Woke) {
            Ok(()) => Response::empty(),
            Err(error) => error.response(),
        }
    }
}

async fn answer(home: &Rc<Home>, mut request: Request) -> Result<Response> {
    let path = request.path();
    let text = request.text().await?;
    match path.as_str() {
        calls::ASK => {
            let answer = home.asked(serde_json::from_str(&text)?).await?;
            Ok(Response::from_json(&answer)?)
        }
        calls::NOTICES => {
            let notices: Vec<Notice> = serde_json::from_str(&text)?;
            for notice in &notices {
                home.turn(Input::Noticed { notice })?;
            }
            Ok(Response::from_json(&())?)
        }
        _ => Err(Error::refused(404, "not_found", "no such question")),
    }
}

impl Home {
    /// Answers another object. Before a lease counts against somebody its object is asked whether the socket is still
    /// there, and what is to make room has done so before there is room.
    async fn asked(self: &Rc<Self>, ask: PlayerAsk) -> Result<PlayerAnswer> {
        let mut answer = self.decide(ask.clone())?;
        if let PlayerAnswer::Full { at, .. } = &answer {
            self.look_again(at.iter().cloned().collect()).await?;
            answer = self.decide(ask.clone())?;
        }
        if let PlayerAnswer::Full { out, .. } = &answer
            && !out.is_empty()
        {
            let player = self.id()?;
            for one in out {
                let asked = now();
                let left = calls::dismiss(&self.env, &one.object, &player, &one.dismissal).await?;
                self.correct(one.object.clone(), left, asked)?;
            }
            answer = self.decide(ask)?;
        }
        Ok(answer)
    }

    async fn look_again(self: &Rc<Self>, objects: BTreeSet<String>) -> Result<()> {
        let player = self.id()?;
        for object in objects {
            let asked = now();
            match calls::holds(&self.env, &object, &player).await {
                Ok(holding) => self.correct(object, holding, asked)?,
                Err(error) => console_error!("{error:?}; its leases count"),
            }
        }
        Ok(())
    }

    fn correct(
        self: &Rc<Self>,
        object: String,
        holding: Vec<shared::socket::Conn>,
        asked: shared::time::Time,
    ) -> Result<()> {
        let ask = PlayerAsk::Correct {
            object,
            holding,
            asked,
        };
        self.decide(ask).map(drop)
    }

    fn id(&self) -> Result<PlayerId> {
        let name = self.state.id().name().unwrap_or_default();
        name.parse().map_err(|error| Error::ours(&error))
    }

    fn decide(self: &Rc<Self>, ask: PlayerAsk) -> Result<PlayerAnswer> {
        let mut player = self.take()?;
        let (answer, effects) = player.ask(now(), ask);
        self.carry_out(player, effects)?;
        Ok(answer)
    }

    fn turn(self: &Rc<Self>, input: Input<'_>) -> Result<()> {
        let mut player = self.take()?;
        let effects = player.handle(now(), input);
        self.carry_out(player, effects)
    }

    fn take(&self) -> Result<Player> {
        match self.player.take() {
            Some(player) => Ok(player),
            None => Ok(Player::restore(
                store::read_player(&self.state.storage())?.as_deref(),
            )?),
        }
    }

    /// Carries out what was ordered. Where the write fails nothing after it is done, and the player is read anew.
    fn carry_out(self: &Rc<Self>, player: Player, effects: Vec<Effect>) -> Result<()> {
        for effect in effects {
            match effect {
                Effect::Save(save) => store::write_player(&self.state.storage(), &save)?,
                Effect::Call { id, call } => self.tell(id, call),
                Effect::Erase => {
                    self.erase();
                    return Ok(());
                }
            }
        }
        self.player.replace(Some(player));
        Ok(())
    }

    fn tell(self: &Rc<Self>, id: shared::call::CallId, call: Call) {
        let home = Rc::clone(self);
        spawn_local(async move {
            let Call::Dismiss { object, dismissal } = call;
            let asked = now();
            let told = async {
                let player = home.id()?;
                calls::dismiss(&home.env, &object, &player, &dismissal).await
            };
            let told = told.await.and_then(|holding| {
                home.turn(Input::Dismissed {
                    call: id,
                    holding,
                    asked,
                })
            });
            if let Err(error) = told {
                console_error!("{error:?}; it will be told again");
            }
        });
    }

    fn erase(self: &Rc<Self>) {
        let home = Rc::clone(self);
        spawn_local(async move {
            if let Err(error) = home.state.storage().delete_all().await {
                console_error!("a player could not be erased: {error}");
            }
        });
    }
}
