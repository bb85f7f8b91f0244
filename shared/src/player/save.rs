//! What a restart finds of a player: a row for each noun, one for each who watches, and what the lines carry.

use super::line::Carried;
use super::{Device, Effect, Player};
use crate::id::PlayerId;
use crate::protocol::event;
use crate::socket::{Conn, Line, Who};
use crate::time::Time;

/// One write.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Save {
    /// The row of the player.
    pub player: Option<String>,
    /// The row of those who may see them.
    pub circle: Option<String>,
    /// Who watches from now on, and who no longer does.
    pub watchers: Vec<(PlayerId, bool)>,
    /// The alarm is to ring then.
    pub alarm: Option<Time>,
}

/// What is on disk.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Disk {
    /// The row of the player.
    pub player: Option<String>,
    /// The row of those who may see them.
    pub circle: Option<String>,
    /// Who watches.
    pub watchers: Vec<PlayerId>,
}

impl Player {
    /// The player as a restart finds them, and what follows from that. `Err`: a row that cannot be read.
    pub fn restore(
        disk: &Disk,
        attachments: &[String],
        now: Time,
    ) -> Result<(Self, Vec<Effect>), serde_json::Error> {
        let mut player = match &disk.player {
            Some(text) => serde_json::from_str(text)?,
            None => Self::default(),
        };
        if let Some(text) = &disk.circle {
            player.ring = serde_json::from_str(text)?;
        }
        player.watchers = disk.watchers.iter().cloned().collect();
        for text in attachments {
            let Ok(carried) = serde_json::from_str::<Carried>(text) else {
                continue;
            };
            let device =
                Device { line: Line::new(carried.who, now), active: carried.active, since: carried.since };
            player.sockets.insert(carried.conn, device);
        }
        // The lines may have heard something a moment ago.
        player.told_at = Some(now).filter(|_| !player.saved.news.is_empty());
        let before = player.saved.clone();
        let effects = player.finish(now, &before);
        Ok((player, effects))
    }

    /// Which line an attachment belongs to, and whose it is.
    #[must_use]
    pub fn carried(attachment: &str) -> Option<(Conn, Who)> {
        let carried: Carried = serde_json::from_str(attachment).ok()?;
        Some((carried.conn, carried.who))
    }

    /// What a restart must find again: the rows, and the lines.
    #[must_use]
    pub fn remembered(&self) -> (Disk, Vec<(Conn, bool)>) {
        let disk = Disk {
            player: Some(event::encode(&self.saved).to_string()),
            circle: Some(event::encode(&self.ring).to_string()),
            watchers: self.watchers.iter().cloned().collect(),
        };
        let lines = self.sockets.iter();
        (disk, lines.map(|(&conn, one)| (conn, one.active)).collect())
    }
}
