//! The paths that the edge answers, and the methods that each of them takes.

/// Makes the enum and what is said of each path from one table.
macro_rules! paths {
    ($($(#[$doc:meta])* $name:ident $(($word:literal: $part:ty))? $template:literal $allow:literal $pace:ident;)*) => {
        /// A path.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Path<'a> {
            $($(#[$doc])* $name $(($part))?,)*
        }

        impl Path<'_> {
            /// All of them. In place of what differs stands its name: `{room}`.
            pub const ALL: &'static [Path<'static>] = &[$(Path::$name $(($word))?),*];

            /// The path without what differs from one request to the next.
            #[must_use]
            pub fn template(self) -> &'static str {
                match self {
                    $(Path::$name { .. } => $template,)*
                }
            }

            /// The methods that it takes, as `Allow` names them.
            #[must_use]
            pub fn allow(self) -> &'static str {
                match self {
                    $(Path::$name { .. } => $allow,)*
                }
            }

            /// Whether the pace of an address counts here: what costs nothing behind it need not be spared, and a
            /// signature is checked faster than a pace.
            #[must_use]
            pub fn is_paced(self) -> bool {
                match self {
                    $(Path::$name { .. } => paths!(@ $pace),)*
                }
            }
        }
    };
    (@ paced) => { true };
    (@ free) => { false };
}

paths! {
    /// Whether the Worker runs.
    Health "/health" "GET, HEAD" free;
    /// Whether it can serve everybody.
    Ready "/ready" "GET, HEAD" paced;
    /// What was counted.
    Metrics "/metrics" "GET, HEAD" paced;
    /// What a page must know to begin.
    Config "/v1/config" "GET, HEAD" paced;
    /// Rooms with a code.
    Rooms "/v1/rooms" "POST" paced;
    /// One room: a socket, or a look at it.
    Room("{room}": &'a str) "/v1/rooms/{room}" "GET, HEAD" paced;
    /// One queue: a socket.
    Lobby("{pool}": &'a str) "/v1/lobbies/{pool}" "GET, HEAD" paced;
    /// A line of one's own: a socket.
    Me "/v1/me" "GET, HEAD" paced;
    /// Whether others are here.
    Presence "/v1/presence" "GET, HEAD" paced;
    /// What the region says of people.
    Notices "/internal/v1/notices" "POST" free;
    /// Profiles of several players.
    Profiles "/v1/profiles" "GET, HEAD" paced;
    /// One player's profile.
    Profile("{player}": &'a str) "/v1/profiles/{player}" "GET, HEAD" paced;
    /// No such path.
    Nothing "none" "GET, HEAD" paced;
    /// A page, if there is one.
    Page "/" "GET, HEAD" free;
}

impl<'a> Path<'a> {
    /// Reads `/v1/rooms/m_1`.
    #[must_use]
    pub fn of(path: &'a str) -> Self {
        let parts: Vec<&str> = path.split('/').skip(1).collect();
        match *parts.as_slice() {
            ["health"] => Self::Health,
            ["ready"] => Self::Ready,
            ["metrics"] => Self::Metrics,
            ["v1", "config"] => Self::Config,
            ["v1", "rooms"] => Self::Rooms,
            ["v1", "rooms", room] => Self::Room(room),
            ["v1", "lobbies", pool] => Self::Lobby(pool),
            ["v1", "me"] => Self::Me,
            ["v1", "presence"] => Self::Presence,
            ["internal", "v1", "notices"] => Self::Notices,
            ["v1", "profiles"] => Self::Profiles,
            ["v1", "profiles", player] => Self::Profile(player),
            ["v1" | "internal", ..] => Self::Nothing,
            _ => Self::Page,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_is_read_as_itself() {
        for &path in Path::ALL {
            if path != Path::Nothing {
                assert_eq!(Path::of(path.template()), path);
            }
        }
    }

    #[test]
    fn others_are_nothing_or_a_page() {
        for path in ["/v1", "/v1/", "/v1/rooms/m_1/more", "/internal/v2", "/v1/rooms/m_1/a/b"] {
            assert_eq!(Path::of(path), Path::Nothing, "{path}");
        }
        for path in ["/", "/app.js", "/health/", "/docs", ""] {
            assert_eq!(Path::of(path), Path::Page, "{path}");
        }
    }
}
