//! Who comes in and who has to go: a place and the objects of its players agree on each socket.

use crate::calls;
use crate::clock::now;
use crate::error::Result;
use crate::shell::{Machine, Shell};
use crate::upgrade::{self, accepted};
use crate::{lines, metrics};
use shared::id::{PlayerId, RoomId};
use shared::internal::{Dismissal, PlaceAnswer, PlayerAnswer, PlayerAsk};
use shared::outbox::Heed;
use shared::player::Devices;
use shared::protocol::Close;
use shared::socket::{Conn, Who};
use std::rc::Rc;
use worker::wasm_bindgen_futures::spawn_local;
use worker::{Request, Response, WebSocketPair, console_error};

impl<M: Machine> Shell<M> {
    /// A socket wants to come in: this object, then its player's, then this one again say yes.
    pub async fn open(self: &Rc<Self>, request: &Request) -> Result<Response> {
        let opening = upgrade::opening(request)?;
        let refuse = |why| upgrade::refuse(why, opening.echo.as_deref());
        let player = &opening.who.player;
        let Some(machine) = self.take()? else {
            return refuse(Close::NotFound);
        };
        let conn = Conn(machine.next_conn().0.max(self.last_conn.get() + 1));
        self.last_conn.set(conn.0);
        let verdict = machine.admit(&opening);
        let holds = machine.holds(player);
        let (takes_over, devices) = (machine.takes_over(&opening), machine.devices());
        self.put(machine);
        if let Err(why) = verdict {
            return refuse(why);
        }
        let mut live = None;
        if M::LEASED {
            let beside = self.coming.borrow_mut().begin(conn, &opening.who, holds, takes_over.as_deref());
            let claimed = self.claim(conn, &opening.who, beside, devices).await;
            let dismissed = self.coming.borrow_mut().end(conn);
            live = match claimed {
                Ok(live) => live,
                Err(why) => return refuse(why),
            };
            if let Some(why) = dismissed {
                self.release(conn, player.clone());
                return refuse(why);
            }
        }
        // Others may have come and gone while the player's object was asked.
        let Some(machine) = self.take()? else {
            return refuse(Close::NotFound);
        };
        if let Err(why) = machine.admit(&opening) {
            self.put(machine);
            self.release(conn, player.clone());
            return refuse(why);
        }
        let pair = WebSocketPair::new()?;
        lines::answer_pings(&self.state)?;
        lines::accept(&self.state, &pair.server, now());
        self.lines.borrow_mut().open(conn, player.clone(), Heed::All, pair.server, now());
        let input = machine.opened(conn, &opening, live);
        self.go_on(machine, input);
        metrics::socket_opened(&M::lease(""));
        metrics::tell_after(&self.env);
        accepted(pair.client, opening.echo.as_deref())
    }

    /// Asks the object of its player; the answer is the match that they are in.
    async fn claim(
        &self,
        conn: Conn,
        who: &Who,
        (holding, replaces): (Vec<Conn>, Vec<Conn>),
        devices: Devices,
    ) -> std::result::Result<Option<RoomId>, Close> {
        let claim = PlayerAsk::Claim {
            object: M::lease(&self.name()),
            conn,
            holding,
            replaces,
            at: now(),
            ep: who.ep,
            sid: who.sid.clone(),
            devices,
        };
        match calls::player(&self.env, &who.player, &claim).await {
            Ok(PlayerAnswer::Granted { live }) => Ok(live),
            Ok(PlayerAnswer::Barred { why }) => Err(why.close()),
            Ok(PlayerAnswer::Full { .. } | PlayerAnswer::Busy { .. } | PlayerAnswer::Home { .. }) => {
                Err(Close::TooManyDevices)
            }
            Err(error) => {
                console_error!("{error:?}");
                Err(Close::Overloaded)
            }
        }
    }

    /// A player's object asks which sockets of theirs are open here. One of which nothing was heard for longer than a
    /// heartbeat and its grace is closed first: it would count against somebody who is not there.
    pub fn answer_holds(self: &Rc<Self>, player: &PlayerId) -> Result<PlaceAnswer> {
        self.hush(&self.held(player)?);
        let mut conns = self.held(player)?;
        conns.extend(self.coming.borrow().of(player));
        Ok(PlaceAnswer::Holds { conns })
    }

    /// Closes those of these sockets of which nothing was heard for too long.
    pub fn hush(self: &Rc<Self>, conns: &[Conn]) {
        let silent = self.lines.borrow().silent(&self.state, conns, now());
        for conn in silent {
            self.lines.borrow_mut().close(conn, Close::Silent);
            self.turn(M::closed(conn));
        }
    }

    fn held(self: &Rc<Self>, player: &PlayerId) -> Result<Vec<Conn>> {
        let Some(machine) = self.take()? else {
            return Ok(Vec::new());
        };
        let conns = machine.holds(player);
        self.put(machine);
        Ok(conns)
    }

    /// A player's object wants sockets of theirs closed; the answer is which are left.
    pub fn dismiss(self: &Rc<Self>, player: &PlayerId, dismissal: &Dismissal) -> Result<PlaceAnswer> {
        self.coming.borrow_mut().dismiss(player, dismissal);
        self.turn(M::dismissed(player, dismissal));
        let mut conns = self.held(player)?;
        conns.extend(self.coming.borrow().of(player));
        Ok(PlaceAnswer::Holds { conns })
    }

    /// A hint to the player's object. Where it is lost, the object asks before it counts the lease.
    pub fn release(self: &Rc<Self>, conn: Conn, player: PlayerId) {
        let shell = Rc::clone(self);
        spawn_local(async move {
            let ask = PlayerAsk::Release { object: M::lease(&shell.name()), conn };
            if let Err(error) = calls::player(&shell.env, &player, &ask).await {
                console_error!("{error:?}; the lease will be looked at when it counts");
            }
        });
    }
}
