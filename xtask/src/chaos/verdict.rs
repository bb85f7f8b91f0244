//! What everybody's logs say together: whether a promise was broken.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;

use super::client::Client;
use super::report::Report;
use super::weather::Done;
use crate::wire::follower::Violation;
use crate::wire::text;

/// Compares the logs of each room, and of each message what was reported of it.
pub(super) fn report(clients: Vec<Client>, rooms: usize, done: &Done, unsettled: u64) -> Report {
    let mut report = Report { weather: *done, unsettled, clients: clients.len(), rooms, ..Report::default() };
    // One to 120,000 ms, to three digits: bounds that the crate takes.
    let mut resumes = Histogram::<u64>::new_with_bounds(1, 120_000, 3).ok();
    let mut by_room: BTreeMap<usize, Vec<Client>> = BTreeMap::new();
    for client in clients {
        report.said += client.names.len() as u64;
        report.durable += client.follower.settled().count() as u64;
        report.delivered += client.follower.ledger.delivered;
        report.repeated += client.follower.ledger.repeated;
        report.snapshots += u64::from(client.follower.ledger.snapshots);
        report.missed += client.follower.ledger.missed();
        report.deaf += u64::from(!client.heard_all);
        for &code in &client.follower.codes {
            *report.codes.entry(code).or_default() += 1;
        }
        for resume in &client.follower.resumes {
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
        judge(clients, &mut report);
    }
    report
}

fn judge(clients: &[Client], report: &mut Report) {
    for client in clients {
        report.add(client.follower.ledger.violations.iter().cloned());
        report.add(client.follower.ledger.duplicates("/name"));
        for (key, at) in client.follower.settled() {
            let name = client.names.get(key).map_or("", String::as_str);
            report.add(lost(clients, name, at));
        }
    }
    for (one, other) in clients.iter().zip(clients.iter().skip(1)) {
        let (one, other) = (&one.follower.ledger, &other.follower.ledger);
        report.add(one.contradictions(other));
    }
}

/// What was reported durable at a position stands there for everybody who was not told that they missed it.
fn lost(clients: &[Client], name: &str, at: u64) -> Option<Violation> {
    clients
        .iter()
        .map(|client| &client.follower.ledger)
        .find(|ledger| {
            let event = ledger.events().get(&at);
            let stands = event.is_some_and(|event| text(event, "/body/name") == name);
            !stands && !ledger.is_missed(at) && ledger.at() >= at
        })
        .map(|ledger| {
            let event = ledger.events().get(&at);
            Violation::LostDurable(format!("{name:?} was durable at {at}, where {event:?} is"))
        })
}
