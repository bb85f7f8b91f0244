//! The operators of a deployment: the players who may act through the service API, each with scopes.

mod first_player;

use crate::config::reader::Reader;
use first_player::FirstPlayer;
use serde::Deserialize;
use shared::id::PlayerId;
use shared::limits;
use shared::service_key::Scope;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The scopes of each operator; none by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Operators {
    named: BTreeMap<PlayerId, BTreeSet<Scope>>,
    /// Only a region on one machine has it: a deployed one cannot be told to.
    first: Option<Arc<FirstPlayer>>,
}

/// An operator as `OPERATORS` has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Operator {
    player: PlayerId,
    scopes: BTreeSet<Scope>,
}

impl Operators {
    /// The scopes of a player in `MODERATORS`: all that an operator may have, except for hidden states of matches.
    const MODERATOR: [Scope; 4] = [Scope::Rooms, Scope::Queues, Scope::Players, Scope::Moderation];

    /// Reads `OPERATORS` and its short form `MODERATORS`. A player in both has the scopes of both.
    pub fn read(reader: &mut Reader<'_>) -> Self {
        let mut operators: BTreeMap<PlayerId, BTreeSet<Scope>> = BTreeMap::new();
        for Operator { player, scopes } in configured(reader) {
            let wrong = scopes.is_empty() || scopes.contains(&Scope::Sessions);
            if wrong || operators.insert(player, scopes).is_some() {
                reader.fault("OPERATORS", RULE);
            }
        }
        for player in reader.list("MODERATORS", "ids of players (p_…), comma-separated") {
            operators.entry(player).or_default().extend(Self::MODERATOR);
        }
        if operators.len() > limits::OPERATORS_MAX {
            let most = limits::OPERATORS_MAX;
            reader.fault("OPERATORS", &format!("at most {most} players together with MODERATORS"));
        }
        Self { named: operators, first: None }
    }

    /// Makes the first player who signs in a moderator too; `file` keeps the player over restarts.
    #[cfg(feature = "local")]
    pub fn with_first_player(self, file: &std::path::Path) -> std::io::Result<Self> {
        let first = FirstPlayer::open(file, Self::MODERATOR)?;
        Ok(Self { first: Some(Arc::new(first)), ..self })
    }

    /// Notes that a player signs in.
    pub fn sign_in(&self, player: &PlayerId) {
        if let Some(first) = &self.first {
            first.sign_in(player);
        }
    }

    /// Returns the scopes of a player; none, the player is not an operator. A named operator has the named scopes.
    #[must_use]
    pub fn scopes(&self, player: &PlayerId) -> Option<&BTreeSet<Scope>> {
        let first = || self.first.as_ref()?.scopes(player);
        self.named.get(player).or_else(first)
    }
}

/// An operator acts by the own name, and so may not sign in as others: `sessions` is for keys.
const RULE: &str = r#"JSON: [{"player":"p_…","scopes":["moderation",…]}], each player once, with scopes of rooms, queues, players, moderation, inspect_hidden"#;

fn configured(reader: &mut Reader<'_>) -> Vec<Operator> {
    let Some(text) = reader.get("OPERATORS") else {
        return Vec::new();
    };
    serde_json::from_str(&text).unwrap_or_else(|_| {
        reader.fault("OPERATORS", RULE);
        Vec::new()
    })
}
