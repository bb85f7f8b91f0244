//! The caller of the service API with its scopes: a service key, or an operator by its access token.
//!
//! An operator is a player that the region's configuration names. The region writes the operator's scopes into each access
//! token (`scp`), so that the edge knows them without a call.

use crate::id::PlayerId;
use crate::token::Claims;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;

/// A permission of a key or an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Create sessions for the backend's own users.
    Sessions,
    /// Create rooms, read them, speak in them and end them.
    Rooms,
    /// Put tickets into queues, cancel them, and read queues.
    Queues,
    /// Sign players out, set their tier, and send them notices.
    Players,
    /// Everything that a moderator may do: bans, reports, disputes.
    Moderation,
    /// Read the hidden state of a running match.
    InspectHidden,
}

impl Scope {
    /// All scopes of the service API.
    pub const ALL: [Self; 6] =
        [Self::Sessions, Self::Rooms, Self::Queues, Self::Players, Self::Moderation, Self::InspectHidden];

    /// Returns the name in the configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sessions => "sessions",
            Self::Rooms => "rooms",
            Self::Queues => "queues",
            Self::Players => "players",
            Self::Moderation => "moderation",
            Self::InspectHidden => "inspect_hidden",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The caller of a request of the service API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The author of what the request changes: the name of the key, or the operator's id.
    pub by: PlayerId,
    kind: Kind,
    scopes: BTreeSet<Scope>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Key,
    Operator,
}

impl Actor {
    /// Returns the actor of a key with this name as an author.
    #[must_use]
    pub const fn key(by: PlayerId, scopes: BTreeSet<Scope>) -> Self {
        Self { by, kind: Kind::Key, scopes }
    }

    /// Returns the operator with this id.
    #[must_use]
    pub const fn operator(by: PlayerId, scopes: BTreeSet<Scope>) -> Self {
        Self { by, kind: Kind::Operator, scopes }
    }

    /// Returns the operator of a verified token; none if its player is not an operator.
    #[must_use]
    pub fn of_claims(claims: &Claims) -> Option<Self> {
        let scopes = read_claim(&claims.scp);
        (!scopes.is_empty()).then(|| Self::operator(claims.sub.clone(), scopes))
    }

    /// Fails unless the actor has a scope.
    pub fn require(&self, scope: Scope) -> Result<(), MissingScope> {
        if self.scopes.contains(&scope) {
            return Ok(());
        }
        Err(MissingScope { by: self.by.clone(), kind: self.kind, scope })
    }
}

/// Returns the claim `scp` of an operator with these scopes: their names, separated by spaces.
#[must_use]
pub fn claim(scopes: &BTreeSet<Scope>) -> String {
    scopes.iter().map(|scope| scope.name()).collect::<Vec<_>>().join(" ")
}

/// Reads the claim `scp`. Scopes that this version does not know grant nothing: the region may be newer than the edge.
fn read_claim(text: &str) -> BTreeSet<Scope> {
    let named = |name: &str| Scope::ALL.into_iter().find(|scope| scope.name() == name);
    text.split(' ').filter_map(named).collect()
}

/// The refusal of an actor that lacks a scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingScope {
    by: PlayerId,
    kind: Kind,
    scope: Scope,
}

impl fmt::Display for MissingScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { by, kind, scope } = self;
        match kind {
            Kind::Key => {
                write!(f, "The key of `{by}` lacks the scope `{scope}`. Use a key that has it.")
            }
            Kind::Operator => {
                write!(
                    f,
                    "The operator `{by}` lacks the scope `{scope}`. The region's `OPERATORS` grants scopes."
                )
            }
        }
    }
}

impl std::error::Error for MissingScope {}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(scp: &str) -> Claims {
        let text = serde_json::json!({
            "iss": "i", "aud": "a", "sub": "p_mo", "sid": "s_1", "iat": 1, "exp": 2, "ep": 0, "scp": scp,
        });
        serde_json::from_value(text).unwrap()
    }

    #[test]
    fn scopes_of_an_operator_survive_the_token() {
        let scopes: BTreeSet<Scope> = [Scope::Rooms, Scope::InspectHidden].into();
        let actor = Actor::of_claims(&claims(&claim(&scopes))).unwrap();
        assert_eq!(actor, Actor::operator("p_mo".parse().unwrap(), scopes));
        actor.require(Scope::Rooms).unwrap();
        let missing = actor.require(Scope::Moderation).unwrap_err().to_string();
        assert_eq!(
            missing,
            "The operator `p_mo` lacks the scope `moderation`. The region's `OPERATORS` grants scopes."
        );
    }

    #[test]
    fn player_without_scopes_and_unknown_scopes_are_no_operator() {
        assert_eq!(Actor::of_claims(&claims("")), None);
        assert_eq!(Actor::of_claims(&claims("everything Rooms")), None);
        assert_eq!(read_claim("later rooms"), [Scope::Rooms].into());
    }
}
