//! The people of a load: they come and go by the schedule, whatever happens to those who are there.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

use super::person::Person;
use super::scenario::People;
use super::site::Site;

/// Limit for the last people to end their talks after the schedule.
const DRAIN: Duration = Duration::from_mins(4);

/// Lets the people come and go, and returns when all have gone.
pub(super) async fn run(site: &Arc<Site>, people: &People, began: Instant) {
    let people = Arc::new(people.clone());
    let mut present: VecDeque<watch::Sender<bool>> = VecDeque::new();
    let (mut living, mut nth) = (JoinSet::new(), 0);
    for change in people.curve.changes() {
        let due = began + change.at;
        sleep_until(due).await;
        site.tally.lag(due);
        while living.try_join_next().is_some() {}
        if change.comes {
            let (stop, stopped) = watch::channel(false);
            present.push_back(stop);
            living.spawn(Person::new(site, &people, nth, stopped).live(due));
            nth += 1;
        } else if let Some(first) = present.pop_front() {
            first.send_replace(true);
        }
    }
    sleep_until(began + people.curve.end()).await;
    for one in present {
        one.send_replace(true);
    }
    let all_gone = async { while living.join_next().await.is_some() {} };
    if timeout(DRAIN, all_gone).await.is_err() {
        for _ in 0..living.len() {
            site.tally.error("timeout: a person after the schedule");
        }
    }
}
