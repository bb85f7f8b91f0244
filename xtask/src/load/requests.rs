//! Requests at a rate that does not depend on the answers: each has its due moment, and its latency counts from there.

use std::sync::Arc;

use anyhow::{Context, Result};
use futures_util::{StreamExt, TryStreamExt, stream};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::scenario::Requests;
use super::site::Site;
use super::stage::Stage;
use super::trouble::Trouble;
use super::web::Account;

/// Requests without an answer, at most: beyond that the server has been overtaken.
const IN_FLIGHT_MAX: usize = 4_000;
/// People who sign in at once before the measurement: more are not faster on two cores.
const SIGN_INS_AT_ONCE: usize = 8;
/// Profiles in one request, and players in one request for presence.
const PROFILES_AT_ONCE: usize = 20;
const PRESENCES_AT_ONCE: usize = 10;

/// A kind of request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    SignIn,
    Profile,
    Profiles,
    Presence,
    OwnProfile,
    History,
    Leaderboard,
    EditProfile,
    Follow,
}

/// Signs the people in who send the requests. This is no part of the measurement.
pub(super) async fn senders(site: &Arc<Site>, count: u32) -> Result<Vec<Arc<Account>>> {
    let one = |nth| async move {
        let account = site.sign_in(&format!("Sender {nth}"), Instant::now()).await;
        account.map(Arc::new).map_err(|trouble| anyhow::anyhow!("a sender cannot sign in: {trouble}"))
    };
    stream::iter(0..count).map(one).buffer_unordered(SIGN_INS_AT_ONCE).try_collect().await
}

/// Sends all requests of the schedule, and waits for their answers.
pub(super) async fn run(
    site: &Arc<Site>,
    requests: &Requests,
    senders: &[Arc<Account>],
    began: Instant,
) -> Result<()> {
    let kinds: Vec<Kind> =
        requests.mix.iter().flat_map(|(kind, share)| std::iter::repeat_n(*kind, *share as usize)).collect();
    let mut chance = ChaCha8Rng::seed_from_u64(1);
    let room = Arc::new(Semaphore::new(IN_FLIGHT_MAX));
    let mut asking = JoinSet::new();
    for (nth, due) in (0_u64..).zip(requests.curve.dues()) {
        let due = began + due;
        sleep_until(due).await;
        site.tally.lag(due);
        while asking.try_join_next().is_some() {}
        let kind = *kinds.get(chance.random_range(0..kinds.len().max(1))).context("a kind of request")?;
        let Ok(permit) = Arc::clone(&room).try_acquire_owned() else {
            let full = Trouble(format!("not sent: {IN_FLIGHT_MAX} requests without an answer"));
            drop(site.told::<()>(Err(full)));
            continue;
        };
        let sender = (!senders.is_empty()).then(|| chance.random_range(0..senders.len()));
        let sender = sender.and_then(|at| senders.get(at)).cloned();
        let (site, mut own) = (Arc::clone(site), ChaCha8Rng::seed_from_u64(nth));
        asking.spawn(async move {
            let done = ask(&site, kind, sender.as_deref(), &mut own, due).await;
            drop(site.told(done));
            drop(permit);
        });
    }
    while asking.join_next().await.is_some() {}
    Ok(())
}

async fn ask(
    site: &Site,
    kind: Kind,
    sender: Option<&Account>,
    chance: &mut ChaCha8Rng,
    due: Instant,
) -> Result<(), Trouble> {
    let web = &site.web;
    let Some(sender) = sender.filter(|_| kind != Kind::SignIn) else {
        return site.sign_in("Newcomer", due).await.map(drop);
    };
    match kind {
        Kind::SignIn => Ok(()),
        Kind::Profile => web.profiles(&site.popular(1, chance), due).await,
        Kind::Profiles => web.profiles(&site.popular(PROFILES_AT_ONCE, chance), due).await,
        Kind::Presence => web.presence(sender, &site.popular(PRESENCES_AT_ONCE, chance), due).await,
        Kind::OwnProfile => web.read(sender, Stage::OwnProfile, due).await,
        Kind::History => web.read(sender, Stage::History, due).await,
        Kind::Leaderboard => web.read(sender, Stage::Leaderboard, due).await,
        Kind::EditProfile => web.edit(sender, &format!("A line, {:?}.", due - site.began), due).await,
        Kind::Follow => {
            // A player cannot follow itself.
            let others = site.popular(8, chance).into_iter().find(|other| other != sender.player.id());
            match others {
                Some(other) => web.follow(sender, &other, due).await,
                None => Ok(()),
            }
        }
    }
}
