//! Who somebody is to others, and how they may change it.

use crate::error::Refusal;
use crate::http::problem::Code;
use serde::Deserialize;
use serde_json::{Map, Value};
use shared::caps;
use shared::id::PlayerId;
use shared::time::Time;

/// A player, as stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// Who.
    pub player: PlayerId,
    /// Raised with every change; the entity tag.
    pub version: u64,
    /// The display name.
    pub name: String,
    /// What they say of themselves; may be empty.
    pub bio: String,
    /// Raised to end all their sessions.
    pub epoch: u64,
    /// Until when they are banned, if they were.
    pub banned_until: Option<Time>,
    /// When they came.
    pub created: Time,
    /// When they last changed something.
    pub updated: Time,
}

impl Profile {
    /// Somebody new.
    #[must_use]
    pub fn new(player: PlayerId, name: String, now: Time) -> Self {
        Self {
            player,
            version: 1,
            name,
            bio: String::new(),
            epoch: 0,
            banned_until: None,
            created: now,
            updated: now,
        }
    }

    /// Whether they are banned now. A ban ends by the clock, not by a deletion.
    #[must_use]
    pub fn banned(&self, now: Time) -> bool {
        self.banned_until.is_some_and(|until| now < until)
    }

    /// What queues may go by.
    #[must_use]
    pub fn attrs(&self) -> Map<String, Value> {
        Map::new()
    }
}

/// A change of one's own profile: an RFC 7396 merge patch of these fields alone. Absent is unchanged, null removes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Patch {
    name: Field,
    bio: Field,
}

/// What a merge patch says of one text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "Option<String>")]
enum Field {
    #[default]
    Absent,
    Null,
    Text(String),
}

impl From<Option<String>> for Field {
    fn from(text: Option<String>) -> Self {
        text.map_or(Self::Null, Self::Text)
    }
}

/// A change that was found to be allowed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// The new name.
    pub name: Option<String>,
    /// The new text; empty removes it.
    pub bio: Option<String>,
}

impl Patch {
    /// Checks the texts.
    pub fn check(self) -> Result<Change, Refusal> {
        let name = match self.name {
            Field::Absent => None,
            Field::Text(text) => Some(name("name", &text)?),
            Field::Null => {
                let detail = "A name can be changed, but not removed.";
                return Err(Refusal::new(Code::BadText, detail).field("name"));
            }
        };
        let bio = match self.bio {
            Field::Absent => None,
            Field::Null => Some(String::new()),
            Field::Text(text) => Some(bio(&text)?),
        };
        Ok(Change { name, bio })
    }
}

/// A display name: trimmed, 1 to [`caps::NAME_CHARS`] characters on one line.
pub fn name(field: &str, text: &str) -> Result<String, Refusal> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > caps::NAME_CHARS || text.chars().any(unseemly) {
        let detail = format!(
            "A name has 1 to {} characters and no control characters.",
            caps::NAME_CHARS
        );
        return Err(Refusal::new(Code::BadText, detail)
            .field(field)
            .limit(caps::NAME_CHARS));
    }
    Ok(text.to_owned())
}

fn bio(text: &str) -> Result<String, Refusal> {
    let text = text.trim();
    let bad = |c: char| c != '\n' && unseemly(c);
    if text.chars().count() > caps::BIO_CHARS || text.chars().any(bad) {
        let detail = format!(
            "A text has at most {} characters; line breaks are the only control characters.",
            caps::BIO_CHARS
        );
        return Err(Refusal::new(Code::BadText, detail)
            .field("bio")
            .limit(caps::BIO_CHARS));
    }
    Ok(text.to_owned())
}

/// Control characters, and those that turn the direction of the text around a name.
#[must_use]
pub fn unseemly(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
#[allow(clippy::needless_pass_by_value, clippy::unnecessary_wraps)]
mod tests {
    use super::*;

    fn check(patch: &str, expected: Result<Change, Option<&str>>) {
        let got = crate::http::extract::json::<Patch>(patch.as_bytes()).and_then(Patch::check);
        let field = got.as_ref().err().and_then(|refusal| refusal.field.clone());
        assert_eq!(got.map_err(|_| field.as_deref()), expected, "{patch}");
    }

    fn change(name: Option<&str>, bio: Option<&str>) -> Result<Change, Option<&'static str>> {
        Ok(Change {
            name: name.map(Into::into),
            bio: bio.map(Into::into),
        })
    }

    #[test]
    fn a_patch_changes_what_it_names() {
        check("{}", change(None, None));
        check(r#"{"name":" Ana "}"#, change(Some("Ana"), None));
        check(r#"{"bio":null}"#, change(None, Some("")));
        check(
            r#"{"name":"Zoë","bio":"a\nb"}"#,
            change(Some("Zoë"), Some("a\nb")),
        );
    }

    #[test]
    fn a_patch_that_cannot_be_names_the_field() {
        check(r#"{"name":null}"#, Err(Some("name")));
        check(r#"{"name":""}"#, Err(Some("name")));
        check(r#"{"name":"  "}"#, Err(Some("name")));
        check(r#"{"name":"a\u0000"}"#, Err(Some("name")));
        check(r#"{"name":"a\u202eb"}"#, Err(Some("name")));
        check(r#"{"name":7}"#, Err(Some("name")));
        check(r#"{"rating":9000}"#, Err(Some("rating")));
        check(
            &format!(r#"{{"name":"{}"}}"#, "é".repeat(41)),
            Err(Some("name")),
        );
        check(
            &format!(r#"{{"bio":"{}"}}"#, "é".repeat(501)),
            Err(Some("bio")),
        );
        check("[]", Err(None));
    }

    #[test]
    fn the_bounds_themselves_are_allowed() {
        let name = "é".repeat(40);
        check(
            &format!(r#"{{"name":"{name}"}}"#),
            change(Some(&name), None),
        );
        let bio = "é".repeat(500);
        check(&format!(r#"{{"bio":"{bio}"}}"#), change(None, Some(&bio)));
    }

    #[test]
    fn a_ban_ends_by_the_clock() {
        let at = Time::from_ms;
        let Ok(player) = "p_1".parse() else { return };
        let mut profile = Profile::new(player, "Ana".into(), at(0));
        assert!(!profile.banned(at(5)));
        profile.banned_until = Some(at(10));
        assert!(profile.banned(at(9)));
        assert!(!profile.banned(at(10)));
    }
}
