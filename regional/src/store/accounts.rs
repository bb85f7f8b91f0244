//! Whose accounts at identity providers belong to which players.

use super::item::{get_text, s};
use super::keys::{GSI1PK, GSI1SK, Key, Table, account_index};
use super::step::Step;
use super::transact::Outcome;
use super::{Store, profiles, sessions};
use crate::error::Error;
use crate::profile::Profile;
use crate::session::Session;
use shared::id::PlayerId;

impl Store {
    /// The player of an account at this moment.
    pub async fn account_strong(&self, account: &str) -> Result<Option<PlayerId>, Error> {
        let item = self.item_strong("get_account", Key::Account(account)).await?;
        item.as_ref().map(|item| get_text(item, "uid")).transpose()
    }

    /// Keeps a new player with their account and first session, or nothing. False: the account has a player by now.
    pub async fn add_account(
        &self,
        account: &str,
        profile: &Profile,
        session: &Session,
    ) -> Result<bool, Error> {
        let mut item = Key::Account(account).item();
        let (whose, which) = account_index(&profile.player, account);
        let fields = [
            ("t", s("account")),
            ("uid", s(profile.player.as_str())),
            (GSI1PK, s(whose)),
            (GSI1SK, s(which)),
        ];
        item.extend(fields.map(|(name, value)| (name.to_owned(), value)));
        let items = [item, profiles::write(profile), sessions::write(session)];
        let steps = items.map(|item| Step::put(Table::Core, item).only_if("attribute_not_exists(pk)"));
        let outcome = self.commit("add_account", steps.into()).await?;
        Ok(matches!(outcome, Outcome::Done))
    }
}
