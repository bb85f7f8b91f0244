//! The deployment under load, and what all of its people share.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use matchpoint_client::{Client, PlayerId};
use rand::RngExt;
use rand::rngs::ChaCha8Rng;
use rand_distr::{Distribution, Zipf};
use tokio::time::{Duration, Instant};

use super::stage::Stage;
use super::tally::Tally;
use super::trouble::Trouble;
use super::web::{Account, Web};
use crate::ledger::{Seats, Talks};
use crate::wire::unique;

/// Limit for an opening: a machine that serves and generates the load is slower than any network.
const OPENING: Duration = Duration::from_secs(30);
/// The exponent of Zipf's law for the profiles that people read.
const POPULARITY: f64 = 1.0;

/// The deployment under load.
#[derive(Debug)]
pub(super) struct Site {
    pub client: Client,
    pub web: Web,
    pub tally: Arc<Tally>,
    /// Keeps the people of this load apart from all others.
    pub mark: String,
    pub began: Instant,
    seats: Mutex<Seats>,
    talks: Mutex<Talks>,
    known: Mutex<Vec<PlayerId>>,
}

impl Site {
    /// The deployment of the edge at this address.
    pub(super) async fn new(edge: &str) -> Result<Self> {
        let tally = Arc::<Tally>::default();
        Ok(Self {
            client: Client::new(edge)?.with_opening_timeout(OPENING),
            web: Web::new(edge, Arc::clone(&tally)).await?,
            tally,
            mark: unique(),
            began: Instant::now(),
            seats: Mutex::default(),
            talks: Mutex::default(),
            known: Mutex::default(),
        })
    }

    /// The accounts of tickets and rooms.
    pub(super) fn seats(&self) -> MutexGuard<'_, Seats> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The accounts of messages.
    pub(super) fn talks(&self) -> MutexGuard<'_, Talks> {
        self.talks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Signs a new guest in, whose arrival was due at this moment.
    pub(super) async fn sign_in(&self, name: &str, due: Instant) -> Result<Account, Trouble> {
        let player = self.client.guest(name).await?;
        self.tally.done(Stage::SignIn, due);
        self.know(player.id().clone());
        Ok(Account::new(player))
    }

    /// Counts a step, and its failure.
    pub(super) fn told<T>(&self, step: Result<T, Trouble>) -> Result<T, Trouble> {
        self.tally.count(|counts| counts.operations += 1);
        if let Err(trouble) = &step {
            self.tally.error(&trouble.0);
        }
        step
    }

    fn know(&self, player: PlayerId) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).push(player);
    }

    /// Returns up to this many players that the load has made, the earliest most often.
    pub(super) fn popular(&self, count: usize, chance: &mut ChaCha8Rng) -> Vec<PlayerId> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        #[expect(clippy::cast_precision_loss, reason = "the number of players of one generator")]
        let Ok(law) = Zipf::new(known.len().max(1) as f64, POPULARITY) else { return Vec::new() };
        let mut players = Vec::new();
        for _ in 0..count.min(known.len()) {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "from 1 to the length"
            )]
            let rank = law.sample(chance) as usize;
            players.extend(known.get(rank.saturating_sub(1)).cloned());
        }
        players.sort_unstable();
        players.dedup();
        players
    }
}

/// Returns true with this probability.
pub(super) fn happens(chance: &mut ChaCha8Rng, probability: f64) -> bool {
    chance.random_bool(probability.clamp(0.0, 1.0))
}
