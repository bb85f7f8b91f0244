//! Admission of sockets: an object and the objects of its players agree on each one.

use crate::clients::{object_rpc, region};
use crate::clock::now;
use crate::error::Result;
use crate::objects::runtime::{Machine, Runtime};
use crate::objects::sockets;
use crate::ops::report;
use crate::telemetry::{log, metrics};
use crate::worker::upgrade::{self, Found, Opening};
use futures_util::future::join;
use shared::connection::{Conn, ConnectionInput, Identity};
use shared::delivery::outbox::DeliveryLevel;
use shared::id::{PlayerId, RoomId};
use shared::pool::Devices;
use shared::rpc::{ForcedClose, HostResponse, PlayerRequest, PlayerResponse};
use shared::wire::CloseCode;
use std::rc::Rc;
use worker::{Request, Response, WebSocketPair};

/// A socket that is not open yet: its number, and what its object knows of the player.
struct Candidate {
    conn: Conn,
    /// The player's open connections at this object.
    open: Vec<Conn>,
    /// If the socket replaces those: the ones that stay open nevertheless.
    kept_on_takeover: Option<Vec<Conn>>,
    devices: Devices,
    lacks_name: bool,
}

impl<M: Machine> Runtime<M> {
    /// Opens a socket once this object, then its player's object, then this object again admit it.
    pub async fn open(self: &Rc<Self>, request: &Request) -> Result<Response> {
        let opening = upgrade::read_opening(request)?;
        match self.admit(&opening).await? {
            Ok((machine, conn, found)) => self.accept(machine, conn, &opening, found),
            Err(code) => upgrade::refusal(code),
        }
    }

    /// Returns the machine, the socket's number and the facts that were looked up; or the code to close with.
    async fn admit(
        self: &Rc<Self>,
        opening: &Opening,
    ) -> Result<std::result::Result<(Box<M>, Conn, Found), CloseCode>> {
        if opening.yields {
            // A connection that is lost does not count.
            self.close_silent(&self.open_connections(&opening.who.player)?);
        }
        let Some(machine) = self.load()? else {
            return Ok(Err(CloseCode::NotFound));
        };
        let mut numbers = self.conn_numbers.get();
        let conn = numbers.take(machine.next_conn());
        self.conn_numbers.set(numbers);
        let verdict = machine.admit(opening);
        let candidate = Candidate {
            conn,
            open: machine.connections_of(&opening.who.player),
            kept_on_takeover: machine.kept_on_takeover(opening),
            devices: if opening.yields { Devices::RejectNew } else { machine.devices() },
            lacks_name: machine.lacks_name(opening),
        };
        self.keep(machine);
        if let Err(code) = verdict {
            return Ok(Err(code));
        }
        let mut found = Found::default();
        if M::LEASED {
            found = match self.lease(candidate, &opening.who).await {
                Ok(found) => found,
                Err(code) => return Ok(Err(code)),
            };
        }
        // Other sockets may have opened and closed while the player's object was asked.
        let Some(machine) = self.load()? else {
            return Ok(Err(CloseCode::NotFound));
        };
        if let Err(code) = machine.admit(opening) {
            self.keep(machine);
            self.release(conn, opening.who.player.clone());
            return Ok(Err(code));
        }
        Ok(Ok((machine, conn, found)))
    }

    /// Accepts an admitted socket, and tells the machine.
    fn accept(
        self: &Rc<Self>,
        machine: Box<M>,
        conn: Conn,
        opening: &Opening,
        found: Found,
    ) -> Result<Response> {
        let pair = WebSocketPair::new()?;
        sockets::enable_auto_pong(&self.state)?;
        let now = now();
        sockets::accept(&self.state, &pair.server, now, self.shared_as.as_deref());
        let player = opening.who.player.clone();
        self.sockets.borrow_mut().open(conn, player, DeliveryLevel::All, pair.server, now);
        let input = machine.opened(conn, opening, found);
        self.handle_with(machine, now, input);
        metrics::socket_opened(M::KIND);
        report::after_event(&self.env);
        upgrade::accept(pair.client, opening.echo.as_deref())
    }

    /// Claims a lease at the player's object, and looks up the player's name where it is needed.
    async fn lease(
        self: &Rc<Self>,
        candidate: Candidate,
        identity: &Identity,
    ) -> std::result::Result<Found, CloseCode> {
        let Candidate { conn, open, kept_on_takeover, devices, lacks_name } = candidate;
        let others =
            self.pending_sockets.borrow_mut().begin(conn, identity, open, kept_on_takeover.as_deref());
        let name = async { if lacks_name { self.name_of(&identity.player).await } else { None } };
        let (claimed, name) = join(self.claim(conn, identity, others, devices), name).await;
        let forced_close = self.pending_sockets.borrow_mut().end(conn);
        let current_match = claimed?;
        if let Some(code) = forced_close {
            self.release(conn, identity.player.clone());
            return Err(code);
        }
        Ok(Found { current_match, name })
    }

    /// Looks up a player's display name. Without the region the player joins without one, and it is looked up again at
    /// the player's next socket.
    async fn name_of(&self, player: &PlayerId) -> Option<String> {
        let found = region::profiles(&self.env, std::slice::from_ref(player)).await;
        let profiles = found.inspect_err(|error| log::error!("the name of {player}: {error:?}")).ok()?;
        profiles.into_iter().find(|(found, _)| found == player).and_then(|(_, profile)| profile.name())
    }

    async fn claim(
        &self,
        conn: Conn,
        identity: &Identity,
        (holding, replaces): (Vec<Conn>, Vec<Conn>),
        devices: Devices,
    ) -> std::result::Result<Option<RoomId>, CloseCode> {
        let object = self.object_name().map_err(|error| {
            log::error!("{error:?}");
            CloseCode::Internal
        })?;
        let claim = PlayerRequest::Claim {
            object,
            conn,
            holding,
            replaces,
            at: now(),
            ep: identity.ep,
            sid: identity.sid.clone(),
            devices,
        };
        match object_rpc::player(&self.env, &identity.player, &claim).await {
            Ok(PlayerResponse::Granted { current_match }) => Ok(current_match),
            Ok(PlayerResponse::Denied { denial }) => Err(denial.close()),
            Ok(
                PlayerResponse::Full { .. } | PlayerResponse::Busy { .. } | PlayerResponse::HomeShard { .. },
            ) => Err(CloseCode::TooManyDevices),
            Err(error) => {
                log::error!("{error:?}");
                Err(CloseCode::Overloaded)
            }
        }
    }

    /// Answers a player's object that asks which of the player's connections are open here. Silent ones are closed first,
    /// so that a dead connection does not count against the player.
    pub fn list_connections(self: &Rc<Self>, player: &PlayerId) -> Result<HostResponse> {
        self.close_silent(&self.open_connections(player)?);
        self.connections(player)
    }

    /// Closes the given connections that were silent for longer than [`shared::limits::SILENCE_MAX`].
    pub fn close_silent(self: &Rc<Self>, conns: &[Conn]) {
        let silent = self.sockets.borrow().silent(&self.state, conns, now());
        if !silent.is_empty() {
            self.flush();
        }
        for conn in silent {
            self.sockets.borrow_mut().close(conn, CloseCode::Silent);
            self.handle(ConnectionInput::Closed { conn }.into());
        }
    }

    /// Closes connections of a player by order of the player's object; answers with the ones that remain.
    pub fn force_close(self: &Rc<Self>, player: &PlayerId, close: &ForcedClose) -> Result<HostResponse> {
        self.pending_sockets.borrow_mut().force_close(player, close);
        self.handle(M::forced_close(player, close));
        self.connections(player)
    }

    /// Releases a lease at the player's object. This is a hint: if it is lost, the object checks the lease before it
    /// counts it.
    pub fn release(self: &Rc<Self>, conn: Conn, player: PlayerId) {
        self.spawn(async move |runtime| {
            let released = async {
                let request = PlayerRequest::Release { object: runtime.object_name()?, conn };
                object_rpc::player(&runtime.env, &player, &request).await
            };
            if let Err(error) = released.await {
                log::error!("{error:?}; the lease is checked before it counts");
            }
        });
    }

    fn connections(self: &Rc<Self>, player: &PlayerId) -> Result<HostResponse> {
        let mut conns = self.open_connections(player)?;
        conns.extend(self.pending_sockets.borrow().of(player));
        Ok(HostResponse::Holds { conns })
    }

    fn open_connections(self: &Rc<Self>, player: &PlayerId) -> Result<Vec<Conn>> {
        let Some(machine) = self.load()? else {
            return Ok(Vec::new());
        };
        let conns = machine.connections_of(player);
        self.keep(machine);
        Ok(conns)
    }
}
