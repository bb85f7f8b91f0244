//! A room as a Durable Object: what it orders is carried out here, one arm an order.

use crate::clock::now;
use crate::error::{Error, Result};
use crate::shell::{self, After, Machine, Shell};
use crate::upgrade::Opening;
use crate::{calls, identity, metrics, object, platform, region, store};
use shared::call::CallId;
use shared::id::{PlayerId, RoomId};
use shared::internal::{Dismissal, PlaceAnswer, PlaceAsk};
use shared::outbox::Heed;
use shared::player::Devices;
use shared::protocol::Close;
use shared::room::{Call, Conn, Effect, Input, Role, Room, Setup, Who};
use shared::time::Time;
use std::rc::Rc;
use worker::wasm_bindgen_futures::spawn_local;
use worker::{Request, Response, console_error};

object!(
    /// One match's room.
    RoomObject,
    Room,
    answer
);

async fn answer(shell: &Rc<Shell<Room>>, request: Request) -> Result<Response> {
    match request.path().as_str() {
        "/open" => shell.open(&request).await,
        "/summary" => summary(shell),
        calls::ASK => {
            let answer = match shell::ask(request).await? {
                PlaceAsk::Create { setup } => create(shell, *setup)?,
                PlaceAsk::Holds { player } => shell.answer_holds(&player)?,
                PlaceAsk::Dismiss { player, dismissal } => shell.dismiss(&player, &dismissal)?,
                PlaceAsk::Part { .. } => PlaceAnswer::Done,
            };
            Ok(Response::from_json(&answer)?)
        }
        _ => Err(Error::refused(404, "not_found", "no such question")),
    }
}

fn summary(shell: &Rc<Shell<Room>>) -> Result<Response> {
    let Some(room) = shell.take()? else {
        return Err(Error::refused(404, "not_found", "no such room"));
    };
    let summary = room.summary();
    shell.put(room);
    Ok(Response::from_json(&summary)?)
}

#[expect(clippy::panic, reason = "it is what the deployment allowed somebody to ask for")]
fn fail_on_purpose() -> ! {
    std::panic::panic_any("on purpose")
}

fn create(shell: &Rc<Shell<Room>>, setup: Setup) -> Result<PlaceAnswer> {
    if let Some(room) = shell.take()? {
        shell.put(room);
        return Ok(PlaceAnswer::Done);
    }
    store::make_room(&shell.state.storage())?;
    let (room, effects) = Room::create(now(), setup, platform::debug(&shell.env));
    metrics::room_opened();
    metrics::tell_after(&shell.env);
    shell.perform(effects);
    shell.put(room);
    Ok(PlaceAnswer::Done)
}

impl Machine for Room {
    type Input<'a> = Input<'a>;
    type Effect = Effect;
    const LEASED: bool = true;

    fn restore(shell: &Shell<Self>, attachments: &[String]) -> Result<Option<(Self, Vec<Effect>)>> {
        let Some(disk) = store::read_room(&shell.state.storage())? else {
            return Ok(None);
        };
        Room::restore(&disk, attachments, now(), platform::debug(&shell.env))
            .map(Some)
            .map_err(|corrupt| Error::Ours(format!("a room cannot be read: {}", corrupt.0)))
    }

    fn handle(&mut self, now: Time, input: Input<'_>) -> Vec<Effect> {
        Room::handle(self, now, input)
    }

    fn perform(shell: &Rc<Shell<Self>>, effect: Effect) -> Result<After> {
        let mut lines = shell.lines.borrow_mut();
        match effect {
            Effect::Save(save) => {
                // What was said so far need not wait for the disk; what follows must.
                lines.flush();
                store::write_room(&shell.state.storage(), &save)?;
            }
            Effect::Attach { conn, data } => lines.attach(conn, &data),
            Effect::Send { conn, text } => lines.send(conn, text),
            Effect::Tell { text, scope } => lines.tell(text, scope),
            Effect::Heed { conn, heed } => lines.heed(conn, heed),
            Effect::Close { conn, why } => lines.close(conn, why),
            Effect::Call { id, call } => tell(shell, id, call),
            Effect::Verify { conn, id, token } => verify(shell, conn, id, token),
            Effect::Panic => fail_on_purpose(),
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
        let role = Room::admit(self, &opening.who, opening.watch).unwrap_or(Role::Spectator);
        Input::Opened { conn, who: opening.who.clone(), role, resume: opening.resume() }
    }

    fn admit(&self, opening: &Opening) -> std::result::Result<(), Close> {
        Room::admit(self, &opening.who, opening.watch).map(drop)
    }

    fn carried(attachment: &str) -> Option<(Conn, Who)> {
        Room::who_of(attachment)
    }

    fn next_conn(&self) -> Conn {
        Room::next_conn(self)
    }

    fn holds(&self, player: &PlayerId) -> Vec<Conn> {
        Room::holds(self, player)
    }

    fn dismissed(player: &PlayerId, dismissal: &Dismissal) -> Input<'static> {
        Input::Dismissed { player: player.clone(), dismissal: dismissal.clone() }
    }

    /// A newer socket takes the seat over; who watches may do so more than once.
    fn takes_over(&self, opening: &Opening) -> Option<Vec<Conn>> {
        match Room::admit(self, &opening.who, opening.watch) {
            Ok(Role::Member) => Some(Room::watches(self, &opening.who.player)),
            Ok(Role::Spectator) | Err(_) => None,
        }
    }

    fn devices(&self) -> Devices {
        Room::rules(self).devices
    }

    fn heed(&self, conn: Conn) -> Heed {
        self.recipients().find(|(open, ..)| *open == conn).map(|(.., heed)| heed).unwrap_or_default()
    }

    fn lease(name: &str) -> String {
        format!("room:{name}")
    }
}

fn tell(shell: &Rc<Shell<Room>>, id: CallId, call: Call) {
    let shell = Rc::clone(shell);
    spawn_local(async move {
        let told = match &call {
            Call::Record { record } => region::record(&shell.env, record).await,
            Call::Report { report } => region::report(&shell.env, report).await,
            Call::Free { player, room } => calls::free(&shell.env, player, room).await,
        };
        match told {
            Ok(()) => shell.turn(Input::Confirmed { call: id }),
            Err(error @ Error::Refused { .. }) => {
                console_error!("{error:?}; telling it again would not help");
                shell.turn(Input::Confirmed { call: id });
            }
            Err(error) => console_error!("{error:?}; it will be told again"),
        }
    });
}

fn verify(shell: &Rc<Shell<Room>>, conn: Conn, id: Option<serde_json::Value>, token: String) {
    let shell = Rc::clone(shell);
    spawn_local(async move {
        let verdict = identity::verdict(&shell.env, &token).await;
        shell.turn(Input::Renewed { conn, id, verdict });
    });
}

fn erase(shell: &Rc<Shell<Room>>) {
    metrics::room_erased();
    let shell = Rc::clone(shell);
    spawn_local(async move {
        if let Err(error) = shell.state.storage().delete_all().await {
            console_error!("a room could not be erased: {error}");
        }
    });
}
