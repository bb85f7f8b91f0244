//! Matchmaking data of a player: profile, rating and blocks, in one read.

use super::item::stored_key;
use super::keys::{Key, Table, player_partition};
use super::matches::HistoryFilter;
use super::query::Query;
use super::status::is_erased;
use super::{Store, profiles, ratings};
use crate::domain::profile::Profile;
use crate::domain::rating::PlayerRating;
use crate::error::Error;
use shared::id::{PlayerId, PoolName};
use shared::limits;
use shared::rpc::record::Opponent;
use shared::time::Time;
use std::collections::BTreeSet;

/// A player's profile, rating and blocks.
#[derive(Debug)]
pub struct MatchmakingData {
    pub profile: Profile,
    /// The rating in the requested pool.
    pub rating: Option<PlayerRating>,
    /// The players that the player blocks, and the players that block the player.
    pub blocked: BTreeSet<PlayerId>,
}

impl Store {
    /// Returns the matchmaking data of a player. Of the players that block the player it lists at least
    /// [`limits::BLOCKS_MAX`]; for each other one, that player's own data lists the pair.
    pub async fn matchmaking_data_strong(
        &self,
        player: &PlayerId,
        pool: Option<&PoolName>,
    ) -> Result<Option<MatchmakingData>, Error> {
        let query = Query::new(player_partition(player))
            .from(&Key::Profile(player.clone()).sk())
            .strong()
            .limit(1 + limits::POOLS_MAX + 2 * limits::BLOCKS_MAX);
        let (items, _) = self.query_page("get_matchmaking_data", Table::Core, query).await?;
        let mut profile = None;
        let mut rating = None;
        let mut blocked = BTreeSet::new();
        for item in &items {
            match stored_key(item) {
                Some(Key::Profile(_)) => {
                    profile = (!is_erased(item)).then(|| profiles::read(item)).transpose()?;
                }
                Some(Key::Rating(_, of)) if Some(&of) == pool => rating = Some(ratings::read(item)?),
                Some(Key::Block(_, other) | Key::BlockedBy(_, other)) => {
                    blocked.insert(other);
                }
                Some(_) | None => {}
            }
        }
        Ok(profile.map(|profile| MatchmakingData { profile, rating, blocked }))
    }

    /// Returns the opponents of the last [`limits::RECENT_OPPONENTS_WINDOW`], the newest first.
    pub async fn recent_opponents_eventual(
        &self,
        player: &PlayerId,
        now: Time,
    ) -> Result<Vec<Opponent>, Error> {
        let filter = HistoryFilter::default();
        let page = self.history_eventual(player, &filter, limits::RECENT_OPPONENT_MATCHES_MAX, now).await?;
        let mut recent: Vec<Opponent> = Vec::new();
        let records = page.matches.iter().map(|played| &played.record);
        for record in records.filter(|record| now.since(record.ended) < limits::RECENT_OPPONENTS_WINDOW) {
            for participant in &record.players {
                let known = recent.iter().any(|met| met.player == participant.player);
                if participant.player != *player && !known {
                    recent.push(Opponent { player: participant.player.clone(), ended: record.ended });
                }
            }
        }
        Ok(recent)
    }
}
