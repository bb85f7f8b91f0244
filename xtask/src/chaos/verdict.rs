//! Compares the logs of all clients and reports broken promises.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;

use super::client::Client;
use super::report::Report;
use super::weather::Injected;
use crate::ledger::Violation;
use crate::wire::{RoomEvent, text};

/// Compares the logs of each room, and for each message the position that was reported durable.
pub(super) fn report(clients: Vec<Client>, rooms: usize, done: &Injected, unsettled: u64) -> Report {
    let mut report = Report { weather: *done, unsettled, clients: clients.len(), rooms, ..Report::default() };
    // One to 120,000 ms, to three digits: bounds that the crate accepts.
    let mut resumes = Histogram::<u64>::new_with_bounds(1, 120_000, 3).ok();
    let mut by_room: BTreeMap<usize, Vec<Client>> = BTreeMap::new();
    for client in clients {
        report.said += client.said;
        report.durable += client.connection.settled().count() as u64;
        report.delivered += client.connection.log.delivered;
        report.repeated += client.connection.log.repeated;
        report.snapshots += u64::from(client.connection.log.snapshots);
        report.missed += client.connection.log.missed();
        report.incomplete += u64::from(!client.received_all);
        for &code in &client.connection.codes {
            *report.codes.entry(code).or_default() += 1;
        }
        for resume in &client.connection.resumes {
            report.resumes += 1;
            if let Some(resumes) = &mut resumes {
                resumes.saturating_record(shared::time::ms(*resume).max(1));
            }
        }
        by_room.entry(client.at).or_default().push(client);
    }
    if let Some(resumes) = resumes {
        let at = |quantile| resumes.value_at_quantile(quantile);
        (report.p50_ms, report.p99_ms, report.most_ms) = (at(0.5), at(0.99), resumes.max());
    }
    for clients in by_room.values() {
        check_room(clients, &mut report);
    }
    report
}

fn check_room(clients: &[Client], report: &mut Report) {
    for client in clients {
        report.add(client.connection.log.violations.iter().cloned());
        report.add(client.connection.log.duplicates("/name"));
        for (name, at) in client.connection.settled() {
            report.add(lost(clients, name, at));
        }
    }
    for (one, other) in clients.iter().zip(clients.iter().skip(1)) {
        let (one, other) = (&one.connection.log, &other.connection.log);
        report.add(one.contradictions(other));
    }
}

/// A message that was reported durable at a position must be there in every log whose client was not told
/// that it missed that position.
fn lost(clients: &[Client], name: &str, at: u64) -> Option<Violation> {
    clients
        .iter()
        .map(|client| &client.connection.log)
        .find(|log| {
            let event = log.events().get(&at);
            let is_there = event.is_some_and(
                |event| matches!(&event.event, RoomEvent::Said(body) if text(&body.value(), "/name") == name),
            );
            !is_there && !log.is_missed(at) && log.at() >= at
        })
        .map(|log| {
            let event = log.events().get(&at);
            Violation::LostDurable(format!("{name:?} was durable at {at}, where {event:?} is"))
        })
}
