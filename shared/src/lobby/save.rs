//! What a restart finds of a lobby: a row for each ticket, one for the rest, and who is on the sockets.

use super::consent::Cooldowns;
use super::met::Met;
use super::{Effect, Lobby, Saved, Turn};
use crate::call::Calls;
use crate::id::{PlayerId, PoolName, TicketId};
use crate::pool::Pool;
use crate::protocol::event;
use crate::socket::{Conn, Line, Who};
use crate::time::Time;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One write.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Save {
    /// Rows of tickets; none, the row goes.
    pub tickets: Vec<(TicketId, Option<String>)>,
    /// The row of the rest.
    pub lobby: Option<String>,
    /// The alarm is to ring then.
    pub alarm: Option<Time>,
}

/// What is on disk.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Disk {
    /// The rows of tickets.
    pub tickets: Vec<String>,
    /// The row of the rest; none, the lobby is new.
    pub lobby: Option<String>,
}

/// What a socket carries.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Carried {
    pub(super) conn: Conn,
    pub(super) who: Who,
}

impl Lobby {
    /// Which socket an attachment belongs to, and whose it is.
    #[must_use]
    pub fn carried(attachment: &str) -> Option<(Conn, Who)> {
        let carried: Carried = serde_json::from_str(attachment).ok()?;
        Some((carried.conn, carried.who))
    }

    /// The lobby as a restart finds it, and what follows from that. `Err`: a row that cannot be read.
    pub fn restore(
        name: &str,
        pool_name: PoolName,
        pool: Pool,
        disk: &Disk,
        attachments: &[String],
        now: Time,
    ) -> Result<(Self, Vec<Effect>), serde_json::Error> {
        let saved: Saved = match &disk.lobby {
            Some(text) => serde_json::from_str(text)?,
            None => Saved {
                making: BTreeMap::new(),
                calls: Calls::default(),
                waits: Vec::new(),
                met: Met::default(),
                cooldowns: Cooldowns::default(),
                generation: 0,
            },
        };
        let mut tickets = BTreeMap::new();
        for text in &disk.tickets {
            let ticket: super::ticket::Ticket = serde_json::from_str(text)?;
            tickets.insert(ticket.id.clone(), ticket);
        }
        let carried = attachments
            .iter()
            .filter_map(|text| serde_json::from_str::<Carried>(text).ok());
        let sockets = carried
            .map(|carried| (carried.conn, Line::new(carried.who, now)))
            .collect();
        let mut lobby = Self {
            name: name.to_owned(),
            pool_name,
            pool,
            tickets,
            saved,
            sockets,
            asking: BTreeMap::new(),
            looks: 0,
            ripe: None,
            told: Time::default(),
            changed: false,
            armed: None,
            turn: Turn::default(),
        };
        let effects = lobby.effects_of_restart(now);
        Ok((lobby, effects))
    }

    /// What a restart must find again: the rows, and who is on which socket.
    #[must_use]
    pub fn remembered(&self) -> (Disk, Vec<(Conn, PlayerId)>) {
        let disk = Disk {
            tickets: self
                .tickets
                .values()
                .map(|ticket| event::encode(ticket).to_string())
                .collect(),
            lobby: Some(event::encode(&self.saved).to_string()),
        };
        let sockets = self.recipients().map(|(conn, who)| (conn, who.clone()));
        (disk, sockets.collect())
    }
}
