//! A lobby as a Durable Object: what it orders is carried out here, one arm an order.

use crate::clock::{self, now};
use crate::error::{Error, Result};
use crate::shell::{self, After, Machine, Shell};
use crate::upgrade::Opening;
use crate::{calls, object, platform, region, store};
use futures_util::future::try_join;
use shared::id::{PlayerId, PoolName, RoomId};
use shared::internal::{Dismissal, PlaceAnswer, PlaceAsk, PlayerAnswer, PlayerAsk};
use shared::lobby::{Answer, Call, Effect, Input, Known, Lobby};
use shared::outbox::Heed;
use shared::player::Devices;
use shared::pool::Shard;
use shared::protocol::Close;
use shared::socket::{Conn, Who};
use shared::time::Time;
use std::rc::Rc;
use worker::wasm_bindgen_futures::spawn_local;
use worker::{Request, Response, console_error};

object!(
    /// One pool's queue.
    LobbyObject,
    Lobby,
    answer
);

async fn answer(shell: &Rc<Shell<Lobby>>, request: Request) -> Result<Response> {
    match request.path().as_str() {
        "/open" => shell.open(&request).await,
        calls::ASK => {
            let answer = match shell::ask(request).await? {
                PlaceAsk::Create { .. } => PlaceAnswer::Done,
                PlaceAsk::Holds { player } => shell.answer_holds(&player)?,
                PlaceAsk::Dismiss { player, dismissal } => shell.dismiss(&player, &dismissal)?,
                PlaceAsk::Part { ask } => {
                    PlaceAnswer::Part { answer: shell.ask_machine(|lobby, now| lobby.asked(now, ask))? }
                }
            };
            Ok(Response::from_json(&answer)?)
        }
        _ => Err(Error::refused(404, "not_found", "no such question")),
    }
}

impl Machine for Lobby {
    type Input<'a> = Input<'a>;
    type Effect = Effect;
    const LEASED: bool = true;

    fn restore(shell: &Shell<Self>, attachments: &[String]) -> Result<Option<(Self, Vec<Effect>)>> {
        let Some((name, shard)) = Shard::of_object(&shell.name()) else {
            return Ok(None);
        };
        let pools = platform::pools(&shell.env)?;
        let Some(pool) = pools.get(&name) else {
            return Ok(None);
        };
        let disk = store::read_lobby(&shell.state.storage())?;
        let restored = Lobby::restore(name, shard, pool, &disk, attachments, now())?;
        Ok(Some(restored))
    }

    fn handle(&mut self, now: Time, input: Input<'_>) -> Vec<Effect> {
        Lobby::handle(self, now, input)
    }

    fn perform(shell: &Rc<Shell<Self>>, effect: Effect) -> Result<After> {
        let mut lines = shell.lines.borrow_mut();
        match effect {
            Effect::Save(save) => {
                store::write_lobby(&shell.state.storage(), &save)?;
            }
            Effect::Attach { conn, data } => lines.attach(conn, &data),
            Effect::Send { conn, text } => lines.send(conn, text),
            Effect::Tell { text, scope } => lines.tell(text, scope),
            Effect::Close { conn, why } => lines.close(conn, why),
            Effect::Look { look, player } => find_out(shell, look, player),
            Effect::Move { player, part } => settle_in(shell, player, part),
            Effect::Call(call) => tell(shell, call),
        }
        Ok(After::GoOn)
    }

    fn said(conn: Conn, text: &str) -> Input<'_> {
        Input::Said { conn, text }
    }

    fn binary(conn: Conn, bytes: usize) -> Input<'static> {
        Input::Binary { conn, bytes }
    }

    fn closed(conn: Conn) -> Input<'static> {
        Input::Closed { conn }
    }

    fn woke() -> Input<'static> {
        Input::Woke
    }

    fn opened(&self, conn: Conn, opening: &Opening, live: Option<RoomId>) -> Input<'static> {
        Input::Opened { conn, who: opening.who.clone(), live }
    }

    fn admit(&self, _: &Opening) -> std::result::Result<(), Close> {
        Ok(())
    }

    fn carried(attachment: &str) -> Option<(Conn, Who)> {
        Lobby::carried(attachment)
    }

    fn next_conn(&self) -> Conn {
        Lobby::next_conn(self)
    }

    fn holds(&self, player: &PlayerId) -> Vec<Conn> {
        Lobby::holds(self, player)
    }

    fn dismissed(player: &PlayerId, dismissal: &Dismissal) -> Input<'static> {
        Input::Dismissed { player: player.clone(), dismissal: dismissal.clone() }
    }

    fn takes_over(&self, _: &Opening) -> Option<Vec<Conn>> {
        None
    }

    fn devices(&self) -> Devices {
        Lobby::devices(self)
    }

    fn heed(&self, _: Conn) -> Heed {
        Heed::All
    }

    fn lease(name: &str) -> String {
        format!("lobby:{name}")
    }
}

/// Who enters, as the region and their own object know them. Not knowing is an answer too.
fn find_out(shell: &Rc<Shell<Lobby>>, look: u64, player: PlayerId) {
    let shell = Rc::clone(shell);
    spawn_local(async move {
        let answer = match known(&shell, &player).await {
            Ok(known) => Some(known),
            Err(error) => {
                console_error!("{error:?}");
                None
            }
        };
        shell.turn(Input::Known { look, answer });
    });
}

async fn known(shell: &Shell<Lobby>, player: &PlayerId) -> Result<Known> {
    let (pool, _) = pool_of(shell)?;
    let standing = region::standing(&shell.env, player, &pool);
    let live = calls::player(&shell.env, player, &PlayerAsk::Live);
    let (standing, live) = try_join(standing, live).await?;
    let live = match live {
        PlayerAnswer::Granted { live } => live,
        PlayerAnswer::Busy { room, .. } => Some(room),
        PlayerAnswer::Full { .. } | PlayerAnswer::Barred { .. } | PlayerAnswer::Home { .. } => None,
    };
    let chance = clock::chance()?.into_iter().take(8);
    Ok(Known { standing, live, chance: chance.fold(0, |all, byte| all << 8 | u64::from(byte)) })
}

/// Tells somebody's object in which part of the queue they are.
fn settle_in(shell: &Rc<Shell<Lobby>>, player: PlayerId, part: u16) {
    let shell = Rc::clone(shell);
    spawn_local(async move {
        let told = match pool_of(&shell) {
            Ok((pool, _)) => {
                let part = Some(part);
                calls::player(&shell.env, &player, &PlayerAsk::Home { pool, part }).await
            }
            Err(error) => Err(error),
        };
        if let Err(error) = &told {
            console_error!("{error:?}");
        }
        let done = told.is_ok();
        shell.turn(Input::Moved { player, done });
    });
}

fn tell(shell: &Rc<Shell<Lobby>>, call: Call) {
    let shell = Rc::clone(shell);
    spawn_local(async move {
        match answer_to(&shell, &call).await {
            Ok(answer) => shell.turn(Input::Answered { call, answer }),
            Err(error) => console_error!("{error:?}; it will be asked again"),
        }
    });
}

async fn answer_to(shell: &Shell<Lobby>, call: &Call) -> Result<Answer> {
    match call {
        Call::Player { player, ask } => {
            let answer = calls::player(&shell.env, player, ask).await?;
            Ok(Answer::Player(answer))
        }
        Call::Open { setup } => {
            calls::open_room(&shell.env, setup).await?;
            Ok(Answer::Room)
        }
        Call::Lobby { shard, ask } => {
            let (pool, _) = pool_of(shell)?;
            let answer = calls::part(&shell.env, &pool, *shard, ask).await?;
            Ok(Answer::Lobby(answer))
        }
    }
}

fn pool_of(shell: &Shell<Lobby>) -> Result<(PoolName, Shard)> {
    let name = shell.name();
    Shard::of_object(&name).ok_or_else(|| Error::Ours(format!("{name:?} is no part of a queue")))
}
