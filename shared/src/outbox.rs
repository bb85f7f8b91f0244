//! What is owed to whom: gathered, then one frame a socket, the same string for all who are owed the same.

use crate::id::PlayerId;
use crate::protocol::event::Text;
use crate::socket::Conn;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Output that waits for the end of the input.
#[derive(Debug, Default)]
pub struct Outbox {
    /// For everybody, in order.
    shared: Vec<Item>,
    /// Where each socket stands, and what is its own.
    sockets: BTreeMap<Conn, Owed>,
    owing: bool,
}

/// Whom a message to all is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Everybody.
    All,
    /// One player gets this in its place.
    But(PlayerId, Text),
    /// Everybody who keeps up; the newest of this sender replaces the one before.
    Hint(PlayerId),
}

/// What of the messages to all a socket still gets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Heed {
    /// All of them.
    #[default]
    All,
    /// No hints: it is behind.
    Events,
    /// None: it was told to ask again.
    Nothing,
}

#[derive(Debug)]
struct Item {
    /// None: a newer hint came in its place.
    text: Option<Text>,
    scope: Scope,
}

#[derive(Debug)]
struct Owed {
    player: PlayerId,
    heed: Heed,
    /// Shared items before this one are not for it: it came later.
    from: usize,
    /// Its own texts, each after so many shared ones.
    own: Vec<(usize, Text)>,
}

/// One frame, and who gets it.
#[derive(Debug, PartialEq, Eq)]
pub struct Frame {
    /// The sockets, at least one.
    pub to: Vec<Conn>,
    /// A message, or an array of them.
    pub text: String,
}

impl Outbox {
    /// A socket joins: what is told from now on is owed to it.
    pub fn open(&mut self, conn: Conn, player: PlayerId, heed: Heed) {
        self.sockets.insert(conn, Owed { player, heed, from: self.shared.len(), own: Vec::new() });
    }

    /// A socket is gone, with what it was owed.
    pub fn close(&mut self, conn: Conn) {
        self.sockets.remove(&conn);
    }

    /// From now on a socket gets this much.
    pub fn heed(&mut self, conn: Conn, heed: Heed) {
        if let Some(owed) = self.sockets.get_mut(&conn) {
            owed.heed = heed;
        }
    }

    /// Something for everybody.
    pub fn tell(&mut self, text: Text, scope: Scope) {
        self.owing = true;
        if let Scope::Hint(_) = scope
            && let Some(older) =
                self.shared.iter_mut().find(|item| item.scope == scope && item.text.is_some())
        {
            older.text = None;
        }
        self.shared.push(Item { text: Some(text), scope });
    }

    /// Something for one.
    pub fn send(&mut self, conn: Conn, text: Text) {
        let after = self.shared.len();
        if let Some(owed) = self.sockets.get_mut(&conn) {
            self.owing = true;
            owed.own.push((after, text));
        }
    }

    /// Whether anything is owed.
    #[must_use]
    pub fn owing(&self) -> bool {
        self.owing
    }

    /// Takes everything that is owed, as frames.
    pub fn flush(&mut self) -> Vec<Frame> {
        if !self.owing {
            return Vec::new();
        }
        self.owing = false;
        let shared = std::mem::take(&mut self.shared);
        let alike = shared.iter().all(|item| item.scope == Scope::All);
        let mut everybody = Vec::new();
        let mut frames = Vec::new();
        for (&conn, owed) in &mut self.sockets {
            let own = std::mem::take(&mut owed.own);
            let from = std::mem::take(&mut owed.from);
            let plain = match owed.heed {
                Heed::All => true,
                Heed::Events => alike,
                Heed::Nothing => false,
            };
            let personal =
                shared.iter().any(|item| matches!(&item.scope, Scope::But(to, _) if *to == owed.player));
            if own.is_empty() && from == 0 && plain && !personal {
                everybody.push(conn);
                continue;
            }
            let texts = merge(&shared, owed, from, &own);
            if !texts.is_empty() {
                frames.push(Frame { to: vec![conn], text: join(&texts) });
            }
        }
        let texts: Vec<&str> = shared.iter().filter_map(|item| item.text.as_deref()).collect();
        if !everybody.is_empty() && !texts.is_empty() {
            frames.push(Frame { to: everybody, text: join(&texts) });
        }
        frames
    }
}

fn merge<'a>(shared: &'a [Item], owed: &Owed, from: usize, own: &'a [(usize, Text)]) -> Vec<&'a str> {
    let mut texts = Vec::with_capacity(shared.len() + own.len());
    let mut own = own.iter().peekable();
    for (at, item) in shared.iter().enumerate() {
        while let Some((_, text)) = own.next_if(|(after, _)| *after <= at) {
            texts.push(&**text);
        }
        let heard = match (owed.heed, &item.scope) {
            (Heed::All, _) | (Heed::Events, Scope::All | Scope::But(..)) => at >= from,
            (Heed::Events, Scope::Hint(_)) | (Heed::Nothing, _) => false,
        };
        if heard {
            match &item.scope {
                Scope::But(to, text) if *to == owed.player => texts.push(text),
                Scope::But(..) | Scope::All | Scope::Hint(_) => texts.extend(item.text.as_deref()),
            }
        }
    }
    texts.extend(own.map(|(_, text)| &**text));
    texts
}

/// One message as it is, several as an array.
#[must_use]
pub fn join(texts: &[&str]) -> String {
    match texts {
        [one] => (*one).to_owned(),
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
            outbox.open(Conn(n), format!("p_{n}").parse().unwrap(), Heed::All);
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
    fn who_is_owed_the_same_shares_one_frame() {
        let mut outbox = outbox(&[1, 2, 3]);
        outbox.tell("1".into(), Scope::All);
        outbox.tell("2".into(), Scope::All);
        check(outbox, &[(&[1, 2, 3], "[1,2]")]);
    }

    #[test]
    fn one_message_is_no_array() {
        let mut outbox = outbox(&[1]);
        outbox.tell("1".into(), Scope::All);
        check(outbox, &[(&[1], "1")]);
    }

    #[test]
    fn a_reply_keeps_its_place_among_the_events() {
        let mut outbox = outbox(&[1, 2]);
        outbox.tell("1".into(), Scope::All);
        outbox.send(Conn(1), "r".into());
        outbox.tell("2".into(), Scope::All);
        check(outbox, &[(&[1], "[1,r,2]"), (&[2], "[1,2]")]);
    }

    #[test]
    fn who_comes_later_is_owed_what_comes_later() {
        let mut outbox = outbox(&[1]);
        outbox.tell("1".into(), Scope::All);
        outbox.open(Conn(2), "p_2".parse().unwrap(), Heed::All);
        outbox.send(Conn(2), "w".into());
        outbox.tell("2".into(), Scope::All);
        check(outbox, &[(&[2], "[w,2]"), (&[1], "[1,2]")]);
    }

    #[test]
    fn what_is_for_one_is_a_number_for_the_others() {
        let mut outbox = outbox(&[1, 2]);
        outbox.tell("skip".into(), Scope::But("p_2".parse().unwrap(), "s".into()));
        check(outbox, &[(&[2], "s"), (&[1], "skip")]);
    }

    #[test]
    fn the_newest_hint_of_a_sender_replaces_the_one_before() {
        let mut outbox = outbox(&[1]);
        let ana = || Scope::Hint("p_ana".parse().unwrap());
        outbox.tell("h1".into(), ana());
        outbox.tell("1".into(), Scope::All);
        outbox.tell("h2".into(), ana());
        outbox.tell("h3".into(), Scope::Hint("p_bo".parse().unwrap()));
        check(outbox, &[(&[1], "[1,h2,h3]")]);
    }

    #[test]
    fn who_is_behind_gets_no_hints_and_who_must_ask_again_gets_nothing() {
        let mut outbox = outbox(&[1, 2, 3]);
        outbox.heed(Conn(2), Heed::Events);
        outbox.heed(Conn(3), Heed::Nothing);
        outbox.tell("1".into(), Scope::All);
        outbox.tell("h".into(), Scope::Hint("p_ana".parse().unwrap()));
        outbox.send(Conn(3), "resync".into());
        check(outbox, &[(&[2], "1"), (&[3], "resync"), (&[1], "[1,h]")]);
    }

    #[test]
    fn nothing_is_owed_to_who_is_gone() {
        let mut outbox = outbox(&[1]);
        outbox.send(Conn(1), "r".into());
        outbox.close(Conn(1));
        check(outbox, &[]);
    }
}
