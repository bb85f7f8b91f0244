//! The paths that the edge answers, and the methods that each of them takes.

/// A path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Path<'a> {
    /// Whether the Worker runs.
    Health,
    /// Whether it can serve everybody.
    Ready,
    /// What was counted.
    Metrics,
    /// What a page must know to begin.
    Config,
    /// Rooms with a code.
    Rooms,
    /// One room: a socket, or a look at it.
    Room(&'a str),
    /// One queue: a socket.
    Lobby(&'a str),
    /// A line of one's own: a socket.
    Me,
    /// Whether others are here.
    Presence,
    /// What the region says of people.
    Notices,
    /// Profiles of several players.
    Profiles,
    /// One player's profile.
    Profile(&'a str),
    /// No such path.
    Nothing,
    /// A page, if there is one.
    Page,
}

impl<'a> Path<'a> {
    /// Reads `/v1/rooms/m_1`.
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

    /// The methods that it takes, as `Allow` names them.
    pub fn allow(self) -> &'static str {
        match self {
            Self::Rooms | Self::Notices => "POST",
            Self::Health
            | Self::Ready
            | Self::Metrics
            | Self::Config
            | Self::Room(_)
            | Self::Lobby(_)
            | Self::Profiles
            | Self::Profile(_)
            | Self::Me
            | Self::Presence
            | Self::Nothing
            | Self::Page => "GET, HEAD",
        }
    }

    /// Whether the pace of an address counts here: what costs nothing behind it need not be spared.
    pub fn is_paced(self) -> bool {
        match self {
            // A signature is checked faster than a pace.
            Self::Health | Self::Notices | Self::Page => false,
            Self::Ready
            | Self::Metrics
            | Self::Config
            | Self::Rooms
            | Self::Room(_)
            | Self::Lobby(_)
            | Self::Profiles
            | Self::Profile(_)
            | Self::Me
            | Self::Presence
            | Self::Nothing => true,
        }
    }

    /// The path without what differs from one request to the next.
    pub fn template(self) -> &'static str {
        match self {
            Self::Health => "/health",
            Self::Ready => "/ready",
            Self::Metrics => "/metrics",
            Self::Config => "/v1/config",
            Self::Rooms => "/v1/rooms",
            Self::Room(_) => "/v1/rooms/{room}",
            Self::Lobby(_) => "/v1/lobbies/{pool}",
            Self::Me => "/v1/me",
            Self::Presence => "/v1/presence",
            Self::Notices => "/internal/v1/notices",
            Self::Profiles => "/v1/profiles",
            Self::Profile(_) => "/v1/profiles/{player}",
            Self::Nothing => "none",
            Self::Page => "/",
        }
    }
}
