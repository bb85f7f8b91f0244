//! Everything that a queue has to know of somebody, read at once.

use super::erase::is_erased;
use super::keys::{BLOCKED_BY, BLOCKS, Key, SK, Table, core};
use super::matches::Wanted;
use super::read::Run;
use super::status::sort_key;
use super::{Store, profiles, ratings};
use crate::error::Error;
use crate::profile::Profile;
use crate::rating::Rated;
use shared::caps;
use shared::id::{PlayerId, PoolName};
use shared::record::Opponent;
use shared::time::Time;
use std::collections::BTreeSet;

/// What a player's partition says of them and of those around them.
#[derive(Debug)]
pub struct Around {
    /// Who they are.
    pub profile: Profile,
    /// How well they play in the pool asked for.
    pub rating: Option<Rated>,
    /// Whom they block, and who blocks them.
    pub apart: BTreeSet<PlayerId>,
}

impl Store {
    /// Who somebody is to a queue, at this moment. Of those who block them it names [`caps::BLOCKS`] at least; whoever is
    /// left out names the pair in a standing of their own.
    pub async fn around_strong(
        &self,
        player: &PlayerId,
        pool: Option<&PoolName>,
    ) -> Result<Option<Around>, Error> {
        let run = Run {
            pk: core(player),
            from: Some(Key::Profile(player).sk()),
            strong: true,
            limit: Some(1 + caps::POOLS + 2 * caps::BLOCKS),
            ..Run::default()
        };
        let (items, _) = self.page("get_standing", Table::Core, run).await?;
        let wanted = pool.map(|pool| Key::Rating(player, pool).sk());
        let (mut profile, mut rating, mut apart) = (None, None, BTreeSet::new());
        for item in &items {
            let sk = sort_key(item)?;
            if sk == Key::Profile(player).sk() {
                profile = (!is_erased(item)).then(|| profiles::read(item)).transpose()?;
            } else if Some(sk) == wanted.as_deref() {
                rating = Some(ratings::read(item)?);
            } else if let Some(id) = { [BLOCKS, BLOCKED_BY].into_iter() }.find_map(|it| sk.strip_prefix(it)) {
                apart.insert(id.parse().map_err(|_| Error::Corrupt { attribute: SK })?);
            }
        }
        Ok(profile.map(|profile| Around { profile, rating, apart }))
    }

    /// Whom a player met in the last [`caps::RECENT_FOR`], the newest first, as it was a moment ago.
    pub async fn recent_eventual(&self, player: &PlayerId, now: Time) -> Result<Vec<Opponent>, Error> {
        let page = self.history_eventual(player, &Wanted::default(), caps::RECENT, now).await?;
        let mut recent: Vec<Opponent> = Vec::new();
        let records = page.matches.iter().map(|played| &played.record);
        for record in records.filter(|record| now.since(record.ended) < caps::RECENT_FOR) {
            for one in &record.players {
                let known = recent.iter().any(|met| met.player == one.player);
                if one.player != *player && !known {
                    recent.push(Opponent { player: one.player.clone(), ended: record.ended });
                }
            }
        }
        Ok(recent)
    }
}
