//! The figures of a queue: reported to the index while the lobby is awake for other reasons, and the tickets behind them,
//! each with why it waits.

use crate::id::TicketId;
use crate::limits;
use crate::lobby::{Call, Job, Lobby};
use crate::pool::Shard;
use crate::rpc::queue_figures::{QueueFigures, ShardFigures};
use crate::rpc::queue_service::{TicketPage, WaitingTicket};
use crate::time::Time;
use serde_json::json;

/// Players, tickets, and the start of the longest wait.
type Counts = (usize, usize, Option<Time>);

/// The latest report. It is not stored: a restored lobby reports again, because the last report may be lost.
#[derive(Debug, Clone, Default)]
pub(in crate::lobby) struct Reported {
    at: Time,
    counts: Option<Counts>,
}

impl Lobby {
    /// Reports the figures after a change, at most once per `limits::QUEUE_FIGURES_INTERVAL`. The parent reports none: its
    /// tickets are those of the shards.
    pub(in crate::lobby) fn report_figures(&mut self, now: Time) {
        let counts = self.counts();
        if self.shard == Shard::Parent || self.reported.counts == Some(counts) {
            return;
        }
        if self.reported.counts.is_none() || now >= self.reported.at + limits::QUEUE_FIGURES_INTERVAL {
            self.retries.begin(now, Job::Figures);
        }
    }

    /// Returns the time of the next report; none before the first input, which reports.
    pub(in crate::lobby) fn next_report(&self) -> Option<Time> {
        let is_changed = self.reported.counts.is_some_and(|counts| counts != self.counts());
        is_changed.then(|| self.reported.at + limits::QUEUE_FIGURES_INTERVAL)
    }

    /// Returns the call that reports the current figures: a repeated one tells of what has changed meanwhile.
    pub(in crate::lobby) fn call_for_figures(&mut self, now: Time) -> Option<Vec<Call>> {
        let Shard::Child(shard) = self.shard else { return None };
        let counts = self.counts();
        self.reported = Reported { at: now, counts: Some(counts) };
        let (players, tickets, oldest) = counts;
        let estimate = self.wait_stats.estimate(now, None);
        let figures = QueueFigures {
            players,
            tickets,
            oldest,
            estimate_ms: estimate.p50,
            estimate_p90_ms: estimate.p90,
            as_of: Some(now),
        };
        let figures = ShardFigures { pool: self.pool_name.clone(), shard, figures };
        Some(vec![Call::Report { figures: Box::new(figures) }])
    }

    /// Ends the repetition of the latest report. The answer to an earlier one does not end it.
    pub(in crate::lobby) fn figures_stored(&mut self, figures: &QueueFigures) {
        if figures.as_of == Some(self.reported.at) {
            self.retries.done(&Job::Figures);
        }
    }

    /// Returns the tickets that wait longest after a position, each with why it waits.
    pub(in crate::lobby) fn ticket_page(&self, now: Time, after: Option<&(Time, TicketId)>) -> TicketPage {
        let mut rest = self.tickets.by_age(after);
        let mut tickets = Vec::new();
        let mut last = None;
        for ticket in rest.by_ref().take(limits::TICKET_PAGE_MAX) {
            last = Some((ticket.since, ticket.id.clone()));
            let leader = ticket.leader().map(|leader| &leader.player);
            let waiting = WaitingTicket {
                status: self.ticket_status(ticket),
                why: leader.and_then(|leader| self.why(now, leader).ok()),
                nearest: self.nearest(now, ticket),
            };
            tickets.push(json!(waiting));
        }
        TicketPage { tickets, next: last.filter(|_| rest.next().is_some()) }
    }

    fn counts(&self) -> Counts {
        (self.tickets.player_count(), self.tickets.len(), self.tickets.oldest())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lobby::test_lobby::TestLobby;
    use std::time::Duration;

    #[test]
    fn changed_figures_are_reported_once_in_a_while_and_at_the_end() {
        let mut lobby = TestLobby::new(r#"{"seats":3}"#);
        lobby.enter(&[1]);
        let tickets = |lobby: &TestLobby| lobby.reports.iter().map(|it| it.tickets).collect::<Vec<_>>();
        // The opening of the socket, not the entry, woke the lobby.
        assert_eq!(tickets(&lobby), [0]);
        lobby.enter(&[2]);
        lobby.pass(Duration::from_secs(9));
        assert_eq!(tickets(&lobby), [0]);
        lobby.pass(Duration::from_secs(1));
        assert_eq!(tickets(&lobby), [0, 2]);
        assert_eq!(lobby.reports.last().unwrap().oldest, Some(Time::from_ms(1000)));
        for nth in [1, 2] {
            lobby.say(nth, &json!({ "op": "leave" }));
        }
        lobby.pass(Duration::from_secs(10));
        assert_eq!(tickets(&lobby), [0, 2, 0]);
        assert_eq!(lobby.lobby.next_report(), None, "nothing wakes a lobby that has reported");
    }

    #[test]
    fn page_of_tickets_begins_after_the_last_and_names_the_nearest_ticket() {
        let mut lobby = TestLobby::new(r#"{"seats":2}"#);
        let most = u32::try_from(limits::TICKET_PAGE_MAX).unwrap();
        for nth in 0..=most {
            lobby.open(nth);
            let wants = json!([{ "attr": "lang", "is": "en", "relax": { "after_s": 60 } }]);
            lobby.say(nth, &json!({ "op": "enter", "body": { "attrs": { "lang": "fr" }, "wants": wants } }));
        }
        let first = lobby.lobby.ticket_page(lobby.now, None);
        assert_eq!(first.tickets.len(), limits::TICKET_PAGE_MAX);
        assert_eq!(first.tickets[0]["why"]["blocks"], "you want lang");
        assert_eq!(first.tickets[0]["nearest"]["in_ms"], 60_000);
        let second = lobby.lobby.ticket_page(lobby.now, first.next.as_ref());
        assert_eq!((second.tickets.len(), second.next), (1, None));
    }
}
