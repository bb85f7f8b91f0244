//! Entity tags of profiles, and the conditions `If-Match` and `If-None-Match` over them (RFC 9110, section 13.1).

use crate::id::PlayerId;

/// The view of a profile that a representation shows. Views differ, so each has its own entity tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProfileViewKind {
    /// The view of other players.
    Public,
    /// The view of the owner, with the private part.
    Own,
}

/// Returns the entity tag of one view of a profile at this version. It names the player, so that the copy of one
/// profile never stands for another.
#[must_use]
pub fn profile_tag(player: &PlayerId, view: ProfileViewKind, version: u64) -> String {
    match view {
        ProfileViewKind::Public => format!("\"{player}.{version}\""),
        ProfileViewKind::Own => format!("\"{player}.{version}.own\""),
    }
}

/// A condition that a request names in `If-Match` or `If-None-Match`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TagCondition {
    /// `*`: any current representation.
    Any,
    /// A list of entity tags.
    Tags(Vec<EntityTag>),
}

/// An entity tag as a client sends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntityTag {
    /// True for a tag with the prefix `W/`.
    pub weak: bool,
    /// The tag with its quotes.
    pub tag: String,
}

impl TagCondition {
    /// Reads the value of a header, or of several ones joined by commas. None if it is neither `*` nor a list of
    /// entity tags.
    #[must_use]
    pub fn parse(header: &str) -> Option<Self> {
        let mut rest = header.trim();
        if rest == "*" {
            return Some(Self::Any);
        }
        let mut tags = Vec::new();
        while !rest.is_empty() {
            // A list may have empty elements (RFC 9110, section 5.6.1.2).
            if let Some(after) = rest.strip_prefix(',') {
                rest = after.trim_start();
                continue;
            }
            let (tag, after) = EntityTag::read(rest)?;
            rest = after.trim_start();
            if !rest.is_empty() && !rest.starts_with(',') {
                return None;
            }
            tags.push(tag);
        }
        (!tags.is_empty()).then_some(Self::Tags(tags))
    }

    /// Returns whether `If-Match` admits a change of what has this tag: a weak tag never matches.
    #[must_use]
    pub fn matches_strongly(&self, tag: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Tags(tags) => tags.iter().any(|known| !known.weak && known.tag == tag),
        }
    }

    /// Returns whether `If-None-Match` names this tag: a cache on the way may have made it weak.
    #[must_use]
    pub fn matches_weakly(&self, tag: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Tags(tags) => tags.iter().any(|known| known.tag == tag),
        }
    }
}

impl EntityTag {
    /// Reads a tag at the start of a text. Returns the text behind it too.
    fn read(text: &str) -> Option<(Self, &str)> {
        let (weak, text) = text.strip_prefix("W/").map_or((false, text), |rest| (true, rest));
        let inner = text.strip_prefix('"')?;
        let end = inner.find('"')?;
        let visible = |c: char| c == '!' || ('#'..='~').contains(&c) || c >= '\u{80}';
        if !inner.get(..end)?.chars().all(visible) {
            return None;
        }
        // The two quotes around the text.
        let (tag, rest) = text.split_at_checked(end + 2)?;
        Some((Self { weak, tag: tag.to_owned() }, rest))
    }
}

/// Returns whether an `If-None-Match` header names this tag. A header that cannot be read names none.
#[must_use]
pub fn is_known(header: &str, tag: &str) -> bool {
    TagCondition::parse(header).is_some_and(|condition| condition.matches_weakly(tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(header: &str, strongly: Option<bool>, weakly: Option<bool>) {
        let read = TagCondition::parse(header);
        let matches = |by: fn(&TagCondition, &str) -> bool| read.as_ref().map(|read| by(read, "\"a,1\""));
        assert_eq!(matches(TagCondition::matches_strongly), strongly, "{header}");
        assert_eq!(matches(TagCondition::matches_weakly), weakly, "{header}");
    }

    #[test]
    fn weak_tags_match_only_weakly() {
        check("*", Some(true), Some(true));
        check("\"a,1\"", Some(true), Some(true));
        check("W/\"a,1\"", Some(false), Some(true));
        check("\"x\", W/\"y\" ,, \"a,1\"", Some(true), Some(true));
        check("\"x\",W/\"a,1\"", Some(false), Some(true));
        check("\"a\", \"1\"", Some(false), Some(false));
        check("\"\"", Some(false), Some(false));
    }

    #[test]
    fn other_texts_are_no_condition() {
        for header in
            ["", " ", ",", "a", "\"a", "a\"", "\"a\" \"b\"", "*, \"a\"", "w/\"a\"", "W/a", "\"a b\""]
        {
            check(header, None, None);
        }
    }

    #[test]
    fn tags_differ_by_player_view_and_version() {
        let of = |player: &str, view, version| {
            player.parse().map(|player| profile_tag(&player, view, version)).ok()
        };
        assert_eq!(of("p_1", ProfileViewKind::Public, 1).as_deref(), Some("\"p_1.1\""));
        let all = [
            of("p_1", ProfileViewKind::Public, 1),
            of("p_1", ProfileViewKind::Public, 2),
            of("p_1", ProfileViewKind::Own, 1),
            of("p_2", ProfileViewKind::Public, 1),
        ];
        let distinct: std::collections::BTreeSet<_> = all.iter().flatten().collect();
        assert_eq!(distinct.len(), all.len(), "{all:?}");
    }
}
