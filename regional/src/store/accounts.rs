//! Accounts at identity providers, each of one player.

use super::item::{get_text, new_item, s};
use super::keys::{GSI1PK, GSI1SK, Key, Table, account_index};
use super::write_op::WriteOp;
use super::{Store, profiles, sessions};
use crate::domain::profile::Profile;
use crate::domain::session::Session;
use crate::error::Error;
use shared::id::PlayerId;

impl Store {
    /// Returns the player of an account.
    pub async fn account_strong(&self, account: &str) -> Result<Option<PlayerId>, Error> {
        let item = self.item_strong("get_account", &Key::Account(account.to_owned())).await?;
        item.as_ref().map(|item| get_text(item, "uid")).transpose()
    }

    /// Stores a new player with an account and a first session, all or nothing. Returns false if the account
    /// has a player by now.
    pub async fn add_account(
        &self,
        account: &str,
        profile: &Profile,
        session: &Session,
    ) -> Result<bool, Error> {
        let (index_partition, index_sort) = account_index(&profile.player, account);
        let row = new_item(
            &Key::Account(account.to_owned()),
            [("uid", s(profile.player.as_str())), (GSI1PK, s(index_partition)), (GSI1SK, s(index_sort))],
        );
        let items = [row, profiles::write(profile), sessions::write(session)];
        let ops = items.map(|item| WriteOp::put(Table::Core, item).only_if("attribute_not_exists(pk)"));
        Ok(self.commit("add_account", ops.into()).await?.is_committed())
    }
}
