//! Why somebody still waits.

use super::Lobby;
use super::plan::fits_at;
use crate::id::PlayerId;
use crate::protocol::{Code, Fault};
use crate::time::{self, Time};
use serde_json::{Value, json};

impl Lobby {
    pub(super) fn why(&self, now: Time, player: &PlayerId) -> Result<Value, Fault> {
        let Some(mine) = self.ticket_of(player) else {
            return Err(Fault::new(Code::NoTicket, "you are not in this queue"));
        };
        let others = || self.tickets.values().filter(|other| other.id != mine.id);
        let fits: Vec<Time> = others()
            .filter_map(|other| fits_at(mine, other, &self.pool, &self.saved.met))
            .collect();
        let next = fits.iter().filter(|&&fits| fits > now).min();
        Ok(json!({
            "waiting": others().count(),
            "fit_now": fits.iter().filter(|&&fits| fits <= now).count(),
            "fit_later": fits.iter().filter(|&&fits| fits > now).count(),
            "next_in_ms": next.map(|next| time::ms(next.since(now))),
            "estimate_ms": self.estimate(),
        }))
    }
}
