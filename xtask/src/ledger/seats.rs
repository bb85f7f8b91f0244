//! Tickets, rooms and seats: each ticket ends once, each room has exactly its two players, and no player is in two rooms.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

/// Faults that are kept with their text; all are counted.
const SHOWN: usize = 20;

/// The end of a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ticket {
    Matched {
        room: String,
        /// The other players, as the lobby names them.
        with: Vec<String>,
    },
    /// The player left the queue.
    Left,
    /// The lobby removed or refused the ticket, or its connection was closed.
    Failed,
}

/// One player of a room.
#[derive(Debug, Clone)]
struct Seat {
    player: String,
    with: Vec<String>,
    entered: Instant,
    matched: Instant,
}

/// All tickets of a crowd and their rooms.
#[derive(Debug, Default)]
pub struct Seats {
    open: BTreeMap<String, Instant>,
    rooms: BTreeMap<String, Vec<Seat>>,
    /// Rooms whose two players agreed.
    paired: u64,
    /// Tickets that were given out, and how they ended.
    pub entered: u64,
    pub matched: u64,
    pub left: u64,
    pub failed: u64,
    wrong: u64,
    shown: Vec<String>,
}

impl Seats {
    /// A player enters the queue.
    pub fn enter(&mut self, player: &str) {
        self.entered += 1;
        if self.open.insert(player.to_owned(), Instant::now()).is_some() {
            self.fault(format!("{player} has two tickets"));
        }
    }

    /// A ticket has ended. Returns, once both players of a room have told, the time from the later entry to each match.
    pub fn end(&mut self, player: &str, ticket: Ticket) -> Vec<Duration> {
        let Some(entered) = self.open.remove(player) else {
            self.fault(format!("a ticket of {player} ended twice: {ticket:?}"));
            return Vec::new();
        };
        match ticket {
            Ticket::Left => self.left += 1,
            Ticket::Failed => self.failed += 1,
            Ticket::Matched { room, with } => {
                self.matched += 1;
                let seat = Seat { player: player.to_owned(), with, entered, matched: Instant::now() };
                return self.seat(&room, seat);
            }
        }
        Vec::new()
    }

    fn seat(&mut self, room: &str, seat: Seat) -> Vec<Duration> {
        let seats = self.rooms.entry(room.to_owned()).or_default();
        seats.push(seat);
        let [a, b] = seats.as_slice() else {
            if seats.len() > 2 {
                let players: Vec<&str> = seats.iter().map(|seat| seat.player.as_str()).collect();
                let text = format!("{room} has {} players: {}", players.len(), players.join(", "));
                self.fault(text);
            }
            return Vec::new();
        };
        let agree = |one: &Seat, other: &Seat| one.with == [other.player.clone()];
        if agree(a, b) && agree(b, a) && a.player != b.player {
            self.paired += 1;
            let later = a.entered.max(b.entered);
            return [a, b].map(|seat| seat.matched.saturating_duration_since(later)).to_vec();
        }
        let text = format!("{room} has {} with {:?} and {} with {:?}", a.player, a.with, b.player, b.with);
        self.fault(text);
        Vec::new()
    }

    fn fault(&mut self, text: String) {
        self.wrong += 1;
        if self.shown.len() < SHOWN {
            self.shown.push(text);
        }
    }

    /// Returns the number of rooms with a player.
    #[must_use]
    pub fn rooms(&self) -> u64 {
        self.rooms.len() as u64
    }

    /// Closes the books: returns the number of faults, and the first of them as text.
    #[must_use]
    pub fn close(mut self) -> (u64, Vec<String>) {
        for player in std::mem::take(&mut self.open).into_keys() {
            self.fault(format!("a ticket of {player} never ended"));
        }
        let alone = |(room, seats): (&String, &Vec<Seat>)| match seats.as_slice() {
            [one] => Some(format!(
                "{room} has {} alone, and its other player {:?} never arrived",
                one.player, one.with
            )),
            _ => None,
        };
        let alone: Vec<String> = self.rooms.iter().filter_map(alone).collect();
        for text in alone {
            self.fault(text);
        }
        (self.wrong, self.shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matched(room: &str, with: &str) -> Ticket {
        Ticket::Matched { room: room.into(), with: vec![with.into()] }
    }

    /// Lets each player enter once and end like this, and returns the number of faults.
    fn faults(ends: &[(&str, Ticket)]) -> u64 {
        let mut seats = Seats::default();
        for (player, _) in ends {
            if !seats.open.contains_key(*player) {
                seats.enter(player);
            }
        }
        for (player, end) in ends {
            seats.end(player, end.clone());
        }
        seats.close().0
    }

    #[test]
    fn both_players_of_a_room_name_each_other() {
        assert_eq!(faults(&[("a", matched("1", "b")), ("b", matched("1", "a"))]), 0);
        assert_eq!(faults(&[("a", matched("1", "b")), ("b", matched("1", "c"))]), 1);
    }

    #[test]
    fn player_of_two_rooms_leaves_a_seat_empty() {
        assert_eq!(faults(&[("a", matched("1", "b")), ("b", matched("2", "a"))]), 2);
        assert!(faults(&[("a", matched("1", "b"))]) > 0);
    }

    #[test]
    fn room_with_a_third_player_is_a_fault() {
        let ends = [("a", matched("1", "b")), ("b", matched("1", "a")), ("c", matched("1", "a"))];
        assert_eq!(faults(&ends), 1);
    }

    #[test]
    fn ticket_ends_exactly_once() {
        assert_eq!(faults(&[("a", Ticket::Left)]), 0);
        assert_eq!(faults(&[("a", Ticket::Left), ("a", Ticket::Failed)]), 1);
        let mut seats = Seats::default();
        seats.enter("a");
        assert_eq!(seats.close().0, 1, "it never ended");
    }

    #[test]
    fn match_is_timed_from_the_later_entry() {
        let mut seats = Seats::default();
        seats.enter("a");
        seats.enter("b");
        assert!(seats.end("a", matched("1", "b")).is_empty());
        assert_eq!(seats.end("b", matched("1", "a")).len(), 2);
        assert_eq!((seats.rooms(), seats.paired), (1, 1));
    }
}
