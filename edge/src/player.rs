//! A player as a Durable Object: what it orders is carried out here, one arm an order.

use crate::clock::now;
use crate::error::{Error, Result};
use crate::shell::{After, Machine, Shell};
use crate::upgrade::Opening;
use crate::{asked, calls, identity, object, region, store};
use futures_util::stream::{self, StreamExt};
use shared::call::CallId;
use shared::caps;
use shared::id::{PlayerId, RoomId};
use shared::internal::Dismissal;
use shared::outbox::Heed;
use shared::player::{Devices, Effect, Input, Player, Showing};
use shared::presence::{PeerAnswer, PeerAsk};
use shared::protocol::Close;
use shared::socket::{Conn, Who};
use shared::time::Time;
use std::rc::Rc;
use worker::console_error;
use worker::wasm_bindgen_futures::spawn_local;

object!(
    /// One person.
    PlayerObject,
    Player,
    asked::answer
);

impl Machine for Player {
    type Input<'a> = Input<'a>;
    type Effect = Effect;
    /// Its sockets end where they are counted.
    const LEASED: bool = false;

    fn restore(shell: &Shell<Self>, attachments: &[String]) -> Result<Option<(Self, Vec<Effect>)>> {
        let disk = store::read_player(&shell.state.storage())?;
        Ok(Some(Player::restore(&disk, attachments, now())?))
    }

    fn handle(&mut self, now: Time, input: Input<'_>) -> Vec<Effect> {
        Player::handle(self, now, input)
    }

    fn perform(shell: &Rc<Shell<Self>>, effect: Effect) -> Result<After> {
        let mut lines = shell.lines.borrow_mut();
        match effect {
            Effect::Save(save) => store::write_player(&shell.state.storage(), &save)?,
            Effect::Attach { conn, data } => lines.attach(conn, &data),
            Effect::Send { conn, text } => lines.send(conn, text),
            Effect::Tell { text, scope } => lines.tell(text, scope),
            Effect::Close { conn, why } => lines.close(conn, why),
            Effect::Verify { conn, id, token } => verify(shell, conn, id, token),
            Effect::Dismiss { call, object, dismissal } => dismiss(shell, call, object, dismissal),
            Effect::Circle { turn } => circle(shell, turn),
            Effect::Watch { call, peers } => watch(shell, call, peers),
            Effect::Show { call, as_of, groups } => show(shell, call, as_of, groups),
            Effect::Erase => {
                erase(shell);
                return Ok(After::Gone);
            }
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

    fn opened(&self, conn: Conn, opening: &Opening, _: Option<RoomId>) -> Input<'static> {
        Input::Opened { conn, who: opening.who.clone() }
    }

    fn admit(&self, opening: &Opening) -> std::result::Result<(), Close> {
        match self.bar(now(), opening.who.ep, &opening.who.sid) {
            Some(why) => Err(why.close()),
            None => Ok(()),
        }
    }

    fn carried(attachment: &str) -> Option<(Conn, Who)> {
        Player::carried(attachment)
    }

    fn next_conn(&self) -> Conn {
        Player::next_conn(self)
    }

    /// Nobody but this object asks for them, and it asks the machine.
    fn dismissed(_: &PlayerId, _: &Dismissal) -> Input<'static> {
        Input::Woke
    }

    fn holds(&self, _: &PlayerId) -> Vec<Conn> {
        self.conns()
    }

    fn takes_over(&self, _: &Opening) -> Option<Vec<Conn>> {
        None
    }

    fn devices(&self) -> Devices {
        Devices::KickOldest
    }

    fn heed(&self, _: Conn) -> Heed {
        Heed::All
    }

    fn lease(name: &str) -> String {
        format!("me:{name}")
    }
}

/// Whose object it is.
pub fn id(shell: &Shell<Player>) -> Result<PlayerId> {
    shell.name().parse().map_err(|error| Error::ours(&error))
}

fn dismiss(shell: &Rc<Shell<Player>>, call: CallId, object: String, dismissal: Dismissal) {
    let shell = Rc::clone(shell);
    spawn_local(async move {
        let asked = now();
        let told = async {
            let player = id(&shell)?;
            calls::dismiss(&shell.env, &object, &player, &dismissal).await
        };
        match told.await {
            Ok(holding) => shell.turn(Input::Dismissed { call, holding, asked }),
            Err(error) => console_error!("{error:?}; it will be told again"),
        }
    });
}

fn circle(shell: &Rc<Shell<Player>>, turn: u64) {
    let shell = Rc::clone(shell);
    spawn_local(async move {
        let told = async { region::circle(&shell.env, &id(&shell)?).await };
        match told.await {
            Ok(circle) => shell.turn(Input::Circled { turn, circle: &circle }),
            Err(error) => console_error!("{error:?}; it will be asked again"),
        }
    });
}

fn watch(shell: &Rc<Shell<Player>>, call: CallId, peers: Vec<PlayerId>) {
    let shell = Rc::clone(shell);
    spawn_local(async move {
        let Ok(by) = id(&shell) else { return };
        let ask = PeerAsk::Watch { by };
        let told = all(&shell, peers.into_iter().map(|peer| (peer, ask.clone()))).await;
        let sight = |(peer, answer)| match answer {
            PeerAnswer::Sight { sight, kept } => Some((peer, sight, kept)),
            PeerAnswer::Heard | PeerAnswer::Gone => None,
        };
        let answers = told.into_iter().filter_map(sight).collect();
        shell.turn(Input::Sighted { call, answers });
    });
}

fn show(shell: &Rc<Shell<Player>>, call: CallId, as_of: Time, groups: Vec<Showing>) {
    let shell = Rc::clone(shell);
    spawn_local(async move {
        let Ok(of) = id(&shell) else { return };
        let asks = groups.into_iter().flat_map(|Showing { sight, last, to }| {
            let of = of.clone();
            let ask = PeerAsk::Show { of, sight, last };
            to.into_iter().map(move |by| (by, ask.clone()))
        });
        let (mut heard, mut gone) = (Vec::new(), Vec::new());
        for (by, answer) in all(&shell, asks).await {
            match answer {
                PeerAnswer::Gone => gone.push(by),
                PeerAnswer::Heard | PeerAnswer::Sight { .. } => heard.push(by),
            }
        }
        shell.turn(Input::Told { call, as_of, heard, gone });
    });
}

/// Asks many, a few at a time. Who does not answer is left out.
async fn all(
    shell: &Shell<Player>,
    asks: impl Iterator<Item = (PlayerId, PeerAsk)>,
) -> Vec<(PlayerId, PeerAnswer)> {
    let one = |(peer, ask): (PlayerId, PeerAsk)| async move {
        match calls::peer(&shell.env, &peer, &ask).await {
            Ok(answer) => Some((peer, answer)),
            Err(error) => {
                console_error!("{error:?}; it will be asked again");
                None
            }
        }
    };
    let answers = stream::iter(asks).map(one).buffer_unordered(caps::AT_ONCE);
    answers.filter_map(std::future::ready).collect().await
}

fn verify(shell: &Rc<Shell<Player>>, conn: Conn, id: Option<serde_json::Value>, token: String) {
    let shell = Rc::clone(shell);
    spawn_local(async move {
        let verdict = identity::verdict(&shell.env, &token).await;
        shell.turn(Input::Renewed { conn, id, verdict });
    });
}

fn erase(shell: &Rc<Shell<Player>>) {
    let shell = Rc::clone(shell);
    spawn_local(async move {
        if let Err(error) = shell.state.storage().delete_all().await {
            console_error!("a player could not be erased: {error}");
        }
    });
}
