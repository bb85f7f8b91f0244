//! The page queries of lists: those that are ordered by player id, and those that have a sort key.

use crate::cursor;
use crate::error::Refusal;
use crate::error::refusals::{bad_cursor, page_size};
use serde::Deserialize;
use shared::id::PlayerId;
use utoipa::IntoParams;

/// `?cursor=…&limit=…`, where the cursor is a sort key of the list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListPage {
    #[param(value_type = Option<crate::schemas::Cursor>)]
    cursor: Option<String>,
    #[param(value_type = Option<crate::schemas::PageSize>)]
    limit: Option<String>,
}

impl ListPage {
    /// Returns the sort key that precedes the page, and its size.
    pub fn check(&self, is_key: impl Fn(&str) -> bool) -> Result<(Option<String>, usize), Refusal> {
        let limit = page_size(self.limit.as_deref())?;
        Ok((cursor::decode(self.cursor.as_deref(), is_key)?, limit))
    }
}

/// `?cursor=…&limit=…`, where the cursor is the last player of the previous page.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PlayerPage {
    #[param(value_type = Option<crate::schemas::Cursor>)]
    cursor: Option<String>,
    #[param(value_type = Option<crate::schemas::PageSize>)]
    limit: Option<String>,
}

impl PlayerPage {
    /// Returns the player that precedes the page, and its size.
    pub fn check(self) -> Result<(Option<PlayerId>, usize), Refusal> {
        let limit = page_size(self.limit.as_deref())?;
        let cursor = self.cursor.map(|cursor| cursor.parse());
        let after = cursor.transpose().map_err(|_| bad_cursor())?;
        Ok((after, limit))
    }
}
