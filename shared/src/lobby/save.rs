//! What a restart finds of a lobby: a row for each thing that it knows, and who is on the sockets.

use super::book::Book;
use super::cooldown::Cooldowns;
use super::looks::Looks;
use super::making::Making;
use super::met::Met;
use super::party::{Parties, Party};
use super::retry::Retries;
use super::tally::Tally;
use super::ticket::{Climb, State, Ticket};
use super::{Effect, Job, Lobby, Row, Turn};
use crate::id::{PlayerId, PoolName};
use crate::pool::{Pool, Shard};
use crate::protocol::event;
use crate::socket::{Conn, Line, Who};
use crate::time::Time;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// One write.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Save {
    /// Rows; none, the row goes.
    pub rows: Vec<(String, Option<String>)>,
    /// The alarm is to ring then.
    pub alarm: Option<Time>,
}

/// What is on disk: rows by their keys.
///
/// | key | row | lives |
/// |---|---|---|
/// | `t/{ticket}` | the ticket | until it is matched or given up |
/// | `m/{match}` | a match in the making | until its people are told |
/// | `p/{code}` | a party | until nobody is in it |
/// | `c/{player}` | who let others down | until it is forgiven and another is written |
/// | `n/{match}` | who met in it, and until when they are kept apart | until that is over and another is written |
/// | `w/{ticket}` | a ticket that the top is to forget | until it says so |
/// | `tally` | the last waits, and the number of matches | for ever |
pub type Disk = BTreeMap<String, String>;

/// What a socket carries.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Carried {
    pub(super) conn: Conn,
    pub(super) who: Who,
}

impl Row {
    pub(super) fn key(&self) -> String {
        match self {
            Self::Ticket(id) => format!("t/{id}"),
            Self::Making(room) => format!("m/{room}"),
            Self::Party(code) => format!("p/{code}"),
            Self::Cooldown(player) => format!("c/{player}"),
            Self::Met(room) => format!("n/{room}"),
            Self::Withdrawn(id) => format!("w/{id}"),
            Self::Tally => "tally".to_owned(),
        }
    }
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
        pool_name: PoolName,
        shard: Shard,
        pool: &Pool,
        disk: &Disk,
        attachments: &[String],
        now: Time,
    ) -> Result<(Self, Vec<Effect>), serde_json::Error> {
        let mut lobby = Self {
            shard,
            pool_name,
            pool: pool.clone(),
            book: Book::new(pool, shard),
            making: BTreeMap::new(),
            untils: BTreeSet::new(),
            parties: Parties::default(),
            met: Met::default(),
            cooldowns: Cooldowns::default(),
            tally: Tally::default(),
            withdrawn: BTreeMap::new(),
            retries: Retries::default(),
            sockets: BTreeMap::new(),
            on: BTreeMap::new(),
            asking: BTreeMap::new(),
            last_asked: 0,
            looks: Looks::default(),
            told: Time::default(),
            changed: false,
            armed: None,
            turn: Turn::default(),
        };
        for (key, text) in disk {
            lobby.read_row(now, key, text)?;
        }
        // It is on disk already.
        lobby.turn = Turn::default();
        let carried = attachments.iter();
        for (conn, who) in carried.filter_map(|text| Self::carried(text)) {
            lobby.on.entry(who.player.clone()).or_default().insert(conn);
            lobby.sockets.insert(conn, Line::new(who, now));
        }
        lobby.take_up(now);
        let effects = lobby.finish(now);
        Ok((lobby, effects))
    }

    fn read_row(&mut self, now: Time, key: &str, text: &str) -> Result<(), serde_json::Error> {
        let mut parts = key.split('/');
        match (parts.next(), parts.next()) {
            (Some("t"), _) => self.book.put(now, serde_json::from_str(text)?),
            (Some("m"), _) => {
                let making: Making = serde_json::from_str(text)?;
                self.put_making(making);
            }
            (Some("p"), _) => self.parties.put(serde_json::from_str::<Party>(text)?),
            (Some("c"), Some(player)) => {
                if let Ok(player) = player.parse() {
                    self.cooldowns.read(player, serde_json::from_str(text)?);
                }
            }
            (Some("n"), Some(room)) => {
                if let Ok(room) = room.parse() {
                    self.met.read(room, serde_json::from_str(text)?);
                }
            }
            (Some("w"), Some(id)) => {
                if let Ok(id) = id.parse() {
                    self.withdrawn.insert(id, serde_json::from_str(text)?);
                }
            }
            (Some("tally"), _) => self.tally = serde_json::from_str(text)?,
            // A row of a later version.
            _ => {}
        }
        Ok(())
    }

    /// The text of a row as it is now; none, there is no such thing any more.
    pub(super) fn row(&self, row: &Row) -> Option<String> {
        let text = match row {
            Row::Ticket(id) => event::encode(self.book.get(id)?),
            Row::Making(room) => event::encode(self.making.get(room)?),
            Row::Party(code) => event::encode(self.parties.get(code)?),
            Row::Cooldown(player) => event::encode(self.cooldowns.written(player)?),
            Row::Met(room) => event::encode(self.met.written(room)?),
            Row::Withdrawn(id) => event::encode(self.withdrawn.get(id)?),
            Row::Tally => event::encode(&self.tally),
        };
        Some(text.to_string())
    }

    /// What waits for others is said to them again, and who lost their sockets is away.
    fn take_up(&mut self, now: Time) {
        let makings: Vec<Making> = self.making.values().cloned().collect();
        for making in makings {
            self.retries.begin(now, Job::Make(making.room));
        }
        for id in self.withdrawn.keys().cloned().collect::<Vec<_>>() {
            self.retries.begin(now, Job::Withdraw(id));
        }
        let tickets: Vec<Ticket> = self.book.all().cloned().collect();
        for ticket in tickets {
            if ticket.climb == Climb::Climbing {
                self.retries.begin(now, Job::Climb(ticket.id.clone()));
            }
            if matches!(&ticket.state, State::Lent(loan) if !loan.said.is_empty()) {
                self.retries.begin(now, Job::Say(ticket.id.clone()));
            }
            if self.shard != Shard::Top {
                self.look_after(now, &ticket.id);
            }
        }
    }

    /// What a restart must find again: the rows, and who is on which socket.
    #[must_use]
    pub fn remembered(&self) -> (Disk, Vec<(Conn, PlayerId)>) {
        let tickets = self.book.all().map(|ticket| Row::Ticket(ticket.id.clone()));
        let makings = self.making.keys().cloned().map(Row::Making);
        let parties = self.parties.codes().map(Row::Party);
        let cooldowns = self.cooldowns.players().map(Row::Cooldown);
        let met = self.met.rooms().map(Row::Met);
        let withdrawn = self.withdrawn.keys().cloned().map(Row::Withdrawn);
        let rows = tickets
            .chain(makings)
            .chain(parties)
            .chain(cooldowns)
            .chain(met)
            .chain(withdrawn)
            .chain([Row::Tally]);
        let disk = rows.filter_map(|row| Some((row.key(), self.row(&row)?)));
        let sockets = self.recipients().map(|(conn, who)| (conn, who.clone()));
        (disk.collect(), sockets.collect())
    }
}
