//! Everything that a queue has to know of somebody, read at once.

use super::erase::is_erased;
use super::keys::{BLOCKED_BY, BLOCKS, Key, SK, Table, core};
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
    /// Who somebody is to a queue, at this moment. Of those who block them it names [`caps::BLOCKS`]; whoever is left
    /// out names the pair in a standing of their own.
    pub async fn around_strong(
        &self,
        player: &PlayerId,
        pool: Option<&PoolName>,
    ) -> Result<Option<Around>, Error> {
        let mut keys = vec![Key::Profile(player)];
        keys.extend(pool.map(|pool| Key::Rating(player, pool)));
        let keys: Vec<_> = keys.into_iter().map(Key::item).collect();
        let (items, own, theirs) = tokio::try_join!(
            self.items_strong("get_standing", Table::Core, &keys),
            self.others(player, BLOCKS),
            self.others(player, BLOCKED_BY),
        )?;
        let (mut profile, mut rating) = (None, None);
        for item in &items {
            if sort_key(item)? == Key::Profile(player).sk() {
                profile = (!is_erased(item))
                    .then(|| profiles::read(item))
                    .transpose()?;
            } else {
                rating = Some(ratings::read(item)?);
            }
        }
        Ok(profile.map(|profile| Around {
            profile,
            rating,
            apart: own.into_iter().chain(theirs).collect(),
        }))
    }

    /// The ids behind this beginning of the sort keys of a player's partition.
    async fn others(&self, player: &PlayerId, prefix: &str) -> Result<Vec<PlayerId>, Error> {
        let run = Run {
            pk: core(player),
            prefix: prefix.into(),
            strong: true,
            limit: Some(caps::BLOCKS),
            ..Run::default()
        };
        let (items, _) = self.page("get_standing", Table::Core, run).await?;
        let other = |item| {
            let id = sort_key(item)?.strip_prefix(prefix);
            let id = id.and_then(|id| id.parse().ok());
            id.ok_or(Error::Corrupt { attribute: SK })
        };
        items.iter().map(other).collect()
    }

    /// Whom a player met in the last [`caps::RECENT_FOR`], the newest first, as it was a moment ago.
    pub async fn recent_eventual(
        &self,
        player: &PlayerId,
        now: Time,
    ) -> Result<Vec<Opponent>, Error> {
        let page = self
            .history_eventual(player, None, caps::RECENT, now)
            .await?;
        let mut recent: Vec<Opponent> = Vec::new();
        let records = page.matches.iter().map(|played| &played.record);
        for record in records.filter(|record| now.since(record.ended) < caps::RECENT_FOR) {
            for one in &record.players {
                let known = recent.iter().any(|met| met.player == one.player);
                if one.player != *player && !known {
                    recent.push(Opponent {
                        player: one.player.clone(),
                        ended: record.ended,
                    });
                }
            }
        }
        Ok(recent)
    }
}
