//! The outbox: gathers messages until the end of an input, then makes one frame per socket, with one shared
//! string for all sockets that receive the same.

use crate::connection::Conn;
use crate::id::PlayerId;
use crate::wire::envelope::Text;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The messages that wait for the end of the input.
#[derive(Debug, Default)]
pub struct Outbox {
    /// Broadcast messages, in order.
    broadcasts: Vec<Item>,
    /// The recipients, each with its own messages.
    sockets: BTreeMap<Conn, Recipient>,
    has_pending: bool,
}

/// The recipients of a broadcast.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Audience {
    /// All sockets receive it.
    All,
    /// All sockets; these players receive their own texts in its place.
    Personal(BTreeMap<PlayerId, Text>),
    /// All sockets that keep up. The latest hint of a sender replaces an unsent older one.
    Hint(PlayerId),
}

/// How much of the broadcasts a slow socket still receives.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryLevel {
    /// All broadcasts are sent.
    #[default]
    All,
    /// No hints, because the socket is behind.
    Events,
    /// No broadcasts, because the client was told to resume.
    Nothing,
}

impl DeliveryLevel {
    /// Returns the name in the inspection of a room.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Events => "events",
            Self::Nothing => "nothing",
        }
    }
}

#[derive(Debug)]
struct Item {
    /// None if a newer hint has replaced it.
    text: Option<Text>,
    audience: Audience,
}

#[derive(Debug)]
struct Recipient {
    player: PlayerId,
    level: DeliveryLevel,
    /// Earlier broadcasts are not for this socket, which opened later.
    from: usize,
    /// Its own messages, each with the number of broadcasts that precede it.
    own: Vec<(usize, Text)>,
}

/// One frame and its recipients.
#[derive(Debug, PartialEq, Eq)]
pub struct Frame {
    /// The sockets, at least one.
    pub to: Vec<Conn>,
    /// One message, or an array of messages.
    pub text: String,
}

impl Audience {
    /// Returns the text that a player receives in place of the broadcast.
    fn own_text(&self, player: &PlayerId) -> Option<&Text> {
        match self {
            Self::Personal(texts) => texts.get(player),
            Self::All | Self::Hint(_) => None,
        }
    }
}

impl Outbox {
    /// Adds a socket, which receives later messages.
    pub fn open(&mut self, conn: Conn, player: PlayerId, level: DeliveryLevel) {
        self.sockets.insert(conn, Recipient { player, level, from: self.broadcasts.len(), own: Vec::new() });
    }

    /// Removes a socket with its unsent messages.
    pub fn close(&mut self, conn: Conn) {
        self.sockets.remove(&conn);
    }

    /// Sets how much of the broadcasts a socket receives.
    pub fn set_level(&mut self, conn: Conn, level: DeliveryLevel) {
        if let Some(recipient) = self.sockets.get_mut(&conn) {
            recipient.level = level;
        }
    }

    /// Returns how much of the broadcasts a socket receives.
    #[must_use]
    pub fn level(&self, conn: Conn) -> Option<DeliveryLevel> {
        self.sockets.get(&conn).map(|recipient| recipient.level)
    }

    /// Queues a broadcast.
    pub fn broadcast(&mut self, text: Text, audience: Audience) {
        self.has_pending = true;
        if let Audience::Hint(_) = audience
            && let Some(older) =
                self.broadcasts.iter_mut().find(|item| item.audience == audience && item.text.is_some())
        {
            older.text = None;
        }
        self.broadcasts.push(Item { text: Some(text), audience });
    }

    /// Queues a message for one socket.
    pub fn send(&mut self, conn: Conn, text: Text) {
        let after = self.broadcasts.len();
        if let Some(recipient) = self.sockets.get_mut(&conn) {
            self.has_pending = true;
            recipient.own.push((after, text));
        }
    }

    /// True if a message is queued.
    #[must_use]
    pub fn has_pending(&self) -> bool {
        self.has_pending
    }

    /// Takes all queued messages, as frames.
    pub fn flush(&mut self) -> Vec<Frame> {
        if !self.has_pending {
            return Vec::new();
        }
        self.has_pending = false;
        let broadcasts = std::mem::take(&mut self.broadcasts);
        let all_alike = !broadcasts.iter().any(|item| matches!(item.audience, Audience::Hint(_)));
        let mut unmodified = Vec::new();
        let mut frames = Vec::new();
        for (&conn, recipient) in &mut self.sockets {
            let own = std::mem::take(&mut recipient.own);
            let from = std::mem::take(&mut recipient.from);
            let level_fits = match recipient.level {
                DeliveryLevel::All => true,
                DeliveryLevel::Events => all_alike,
                DeliveryLevel::Nothing => false,
            };
            let personal = broadcasts.iter().any(|item| item.audience.own_text(&recipient.player).is_some());
            if own.is_empty() && from == 0 && level_fits && !personal {
                unmodified.push(conn);
                continue;
            }
            let texts = merge(&broadcasts, recipient, from, &own);
            if !texts.is_empty() {
                frames.push(Frame { to: vec![conn], text: join(&texts) });
            }
        }
        let texts: Vec<&str> = broadcasts.iter().filter_map(|item| item.text.as_deref()).collect();
        if !unmodified.is_empty() && !texts.is_empty() {
            frames.push(Frame { to: unmodified, text: join(&texts) });
        }
        frames
    }
}

fn merge<'a>(
    broadcasts: &'a [Item],
    recipient: &Recipient,
    from: usize,
    own: &'a [(usize, Text)],
) -> Vec<&'a str> {
    let mut texts = Vec::with_capacity(broadcasts.len() + own.len());
    let mut own = own.iter().peekable();
    for (at, item) in broadcasts.iter().enumerate() {
        while let Some((_, text)) = own.next_if(|(after, _)| *after <= at) {
            texts.push(&**text);
        }
        let receives = match (recipient.level, &item.audience) {
            (DeliveryLevel::All, _) | (DeliveryLevel::Events, Audience::All | Audience::Personal(_)) => {
                at >= from
            }
            (DeliveryLevel::Events, Audience::Hint(_)) | (DeliveryLevel::Nothing, _) => false,
        };
        if receives {
            let own = item.audience.own_text(&recipient.player);
            texts.extend(own.or(item.text.as_ref()).map(|text| &**text));
        }
    }
    texts.extend(own.map(|(_, text)| &**text));
    texts
}

/// Returns a single message unchanged, and several as an array.
#[must_use]
pub fn join(texts: &[&str]) -> String {
    match texts {
        [single] => (*single).to_owned(),
        many => {
            let mut out = String::with_capacity(many.iter().map(|text| text.len() + 1).sum::<usize>() + 1);
            out.push('[');
            for (at, text) in many.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                out.push_str(text);
            }
            out.push(']');
            out
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outbox(conns: &[u32]) -> Outbox {
        let mut outbox = Outbox::default();
        for &n in conns {
            outbox.open(Conn(n), format!("p_{n}").parse().unwrap(), DeliveryLevel::All);
        }
        outbox
    }

    fn check(mut outbox: Outbox, expected: &[(&[u32], &str)]) {
        let frames: Vec<_> = outbox.flush().into_iter().map(|frame| (frame.to, frame.text)).collect();
        let expected: Vec<_> = expected
            .iter()
            .map(|(to, text)| (to.iter().copied().map(Conn).collect(), (*text).to_owned()))
            .collect();
        assert_eq!(frames, expected);
        assert!(outbox.flush().is_empty());
    }

    #[test]
    fn sockets_with_the_same_messages_share_one_frame() {
        let mut outbox = outbox(&[1, 2, 3]);
        outbox.broadcast("1".into(), Audience::All);
        outbox.broadcast("2".into(), Audience::All);
        check(outbox, &[(&[1, 2, 3], "[1,2]")]);
    }

    #[test]
    fn single_message_is_not_an_array() {
        let mut outbox = outbox(&[1]);
        outbox.broadcast("1".into(), Audience::All);
        check(outbox, &[(&[1], "1")]);
    }

    #[test]
    fn reply_keeps_its_place_among_the_events() {
        let mut outbox = outbox(&[1, 2]);
        outbox.broadcast("1".into(), Audience::All);
        outbox.send(Conn(1), "r".into());
        outbox.broadcast("2".into(), Audience::All);
        check(outbox, &[(&[1], "[1,r,2]"), (&[2], "[1,2]")]);
    }

    #[test]
    fn new_socket_receives_only_later_messages() {
        let mut outbox = outbox(&[1]);
        outbox.broadcast("1".into(), Audience::All);
        outbox.open(Conn(2), "p_2".parse().unwrap(), DeliveryLevel::All);
        outbox.send(Conn(2), "w".into());
        outbox.broadcast("2".into(), Audience::All);
        check(outbox, &[(&[2], "[w,2]"), (&[1], "[1,2]")]);
    }

    #[test]
    fn personal_text_replaces_the_broadcast_for_one_player() {
        let mut outbox = outbox(&[1, 2]);
        let own = BTreeMap::from([("p_2".parse().unwrap(), "s".into())]);
        outbox.broadcast("skip".into(), Audience::Personal(own));
        check(outbox, &[(&[2], "s"), (&[1], "skip")]);
    }

    #[test]
    fn latest_hint_of_a_sender_replaces_the_previous_one() {
        let mut outbox = outbox(&[1]);
        let ana = || Audience::Hint("p_ana".parse().unwrap());
        outbox.broadcast("h1".into(), ana());
        outbox.broadcast("1".into(), Audience::All);
        outbox.broadcast("h2".into(), ana());
        outbox.broadcast("h3".into(), Audience::Hint("p_bo".parse().unwrap()));
        check(outbox, &[(&[1], "[1,h2,h3]")]);
    }

    #[test]
    fn slow_socket_receives_no_hints_and_resyncing_socket_no_broadcasts() {
        let mut outbox = outbox(&[1, 2, 3]);
        outbox.set_level(Conn(2), DeliveryLevel::Events);
        outbox.set_level(Conn(3), DeliveryLevel::Nothing);
        outbox.broadcast("1".into(), Audience::All);
        outbox.broadcast("h".into(), Audience::Hint("p_ana".parse().unwrap()));
        outbox.send(Conn(3), "resync".into());
        check(outbox, &[(&[2], "1"), (&[3], "resync"), (&[1], "[1,h]")]);
    }

    #[test]
    fn closed_socket_receives_nothing() {
        let mut outbox = outbox(&[1]);
        outbox.send(Conn(1), "r".into());
        outbox.close(Conn(1));
        check(outbox, &[]);
    }
}
