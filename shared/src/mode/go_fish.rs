//! Go Fish: players ask each other for ranks, and collect books of four cards.

mod card;
mod view;

use super::config::NoConfig;
use super::{Chance, Event, Fault, Mode, Outcome, Seat, Start, Verdict, Viewer};
use crate::time::Time;
use card::{Card, RANKS, SUITS};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::time::Duration;
use view::View;

/// A player who has not asked in this time misses the turn.
const TURN: Duration = Duration::from_secs(30);
/// Turns after which the books decide: players who ask in vain for ever would not end a match.
const TURNS_MAX: u32 = 400;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct GoFish {
    seats: usize,
    /// The cards of the players who have not left.
    hands: BTreeMap<Seat, BTreeSet<Card>>,
    pool: Vec<Card>,
    books: BTreeMap<char, Seat>,
    turn: Seat,
    until: Time,
    turns_left: u32,
    chance: Chance,
}

/// A question for all cards of a rank that the player holds too.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ask {
    of: Seat,
    rank: char,
}

impl Mode for GoFish {
    const NAME: &'static str = "go-fish";
    const VERSION: u32 = 1;
    const SEATS: RangeInclusive<usize> = 2..=5;
    type Config = NoConfig;
    type Move = Ask;

    fn setup(Start { now, seats, mut chance, .. }: Start<'_, NoConfig>) -> Self {
        let mut pool: Vec<Card> = Card::all().collect();
        chance.shuffle(&mut pool);
        let cards = if seats <= 3 { 7 } else { 5 };
        let deal = |seat| (seat, pool.split_off(pool.len() - cards).into_iter().collect());
        let hands = Seat::all(seats).map(deal).collect();
        let (books, turn, until) = (BTreeMap::new(), Seat::FIRST, now + TURN);
        Self { seats, hands, pool, books, turn, until, turns_left: TURNS_MAX, chance }
    }

    fn handle(&mut self, now: Time, event: Event<Ask>) -> Result<Verdict, Fault> {
        match event {
            Event::Move { seat, .. } if seat != self.turn => Err(Fault::not_your_turn()),
            Event::Move { .. } if now >= self.until => {
                Err(Fault::too_late("turn_over", "The time of your turn is over."))
            }
            Event::Move { seat, body } => self.ask(now, seat, &body),
            Event::Woke if now >= self.until => {
                let told = Verdict::tell(json!({ "missed": self.turn }));
                Ok(told.ending(self.end_turn(now, self.turn.next(self.seats))))
            }
            Event::Gone { seat } => {
                self.pool.extend(self.hands.remove(&seat).unwrap_or_default());
                self.chance.shuffle(&mut self.pool);
                Ok(Verdict::default().ending(self.end_turn(now, self.turn)))
            }
            Event::Woke | Event::Away { .. } | Event::Back { .. } => Ok(Verdict::default()),
            Event::Signal { .. } => Err(Fault::no_signals()),
        }
    }

    fn view(&self, viewer: Viewer) -> impl Serialize {
        View::of(self, viewer)
    }

    fn wake_at(&self) -> Option<Time> {
        Some(self.until)
    }

    fn random_move(&self, seat: Seat, chance: &mut Chance) -> Option<Ask> {
        let cards: Vec<_> = self.hands.get(&seat).filter(|_| seat == self.turn)?.iter().collect();
        let others: Vec<Seat> = self.hands.keys().copied().filter(|other| *other != seat).collect();
        Some(Ask { of: *chance.pick(&others)?, rank: chance.pick(&cards)?.rank() })
    }
}

impl GoFish {
    fn ask(&mut self, now: Time, seat: Seat, &Ask { of, rank }: &Ask) -> Result<Verdict, Fault> {
        let is_asked = |card: &Card| card.rank() == rank;
        if !self.hands.get(&seat).is_some_and(|hand| hand.iter().any(is_asked)) {
            return Err(Fault::illegal("rank_not_held", "Ask for a rank that you hold."));
        }
        let Some(asked) = self.hands.get_mut(&of).filter(|_| of != seat) else {
            return Err(Fault::illegal("no_such_player", "Ask another player of the match."));
        };
        let mut got: Vec<Card> = asked.extract_if(.., |card| is_asked(card)).collect();
        let mut verdict = Verdict::tell(json!({ "by": seat, "of": of, "rank": rank, "got": got.len() }));
        if got.is_empty() {
            got.extend(self.pool.pop());
            verdict = verdict.tell_seat(seat, json!({ "drew": got }));
        }
        // The right card, from the player or the pool, gives another turn.
        let next = if got.iter().any(is_asked) { seat } else { seat.next(self.seats) };
        self.hands.entry(seat).or_default().extend(got);
        Ok(verdict.ending(self.end_turn(now, next)))
    }

    /// Lays down books, gives a card to each empty hand, and begins the turn of the first player from `next` with cards.
    fn end_turn(&mut self, now: Time, next: Seat) -> Option<Outcome> {
        for (seat, hand) in &mut self.hands {
            for rank in RANKS.chars() {
                if hand.iter().filter(|card| card.rank() == rank).count() == SUITS.len() {
                    hand.retain(|card| card.rank() != rank);
                    self.books.insert(rank, *seat);
                }
            }
            if hand.is_empty() {
                hand.extend(self.pool.pop());
            }
        }
        let has_cards = |seat: &Seat| self.hands.get(seat).is_some_and(|hand| !hand.is_empty());
        let turn = next.around(self.seats).find(has_cards);
        self.turn = turn.unwrap_or(next);
        self.until = now + TURN;
        self.turns_left = self.turns_left.saturating_sub(1);
        let is_over = turn.is_none() || self.turns_left == 0 || self.hands.len() < 2;
        is_over.then(|| Outcome::by_score(Seat::all(self.seats).map(|seat| self.score(seat)), "books"))
    }

    /// Returns the number of a player's books; a player who has left is last.
    fn score(&self, seat: Seat) -> i64 {
        if !self.hands.contains_key(&seat) {
            return -1;
        }
        self.books.values().map(|by| i64::from(*by == seat)).sum()
    }
}
