//! The paths that the edge serves, and the methods that each accepts.

use std::borrow::Cow;

/// Generates the enum and the properties of each path from one table.
macro_rules! paths {
    ($($(#[$doc:meta])* $name:ident $(($($word:literal: $part:ty),+))? $template:literal $allow:literal $rate:ident;)*) => {
        /// A path of the edge.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Path<'a> {
            $($(#[$doc])* $name $(($($part),+))?,)*
        }

        impl Path<'_> {
            /// All paths, with placeholders such as `{room}` for their parameters.
            pub const ALL: &'static [Path<'static>] = &[$(Path::$name $(($($word),+))?),*];

            /// Returns the path template, in which placeholders stand for parameters.
            #[must_use]
            pub fn template(self) -> &'static str {
                match self {
                    $(Path::$name { .. } => $template,)*
                }
            }

            /// Returns the accepted methods, as the header `Allow` names them.
            #[must_use]
            pub fn allow(self) -> &'static str {
                match self {
                    $(Path::$name { .. } => $allow,)*
                }
            }

            /// True if the rate limit of the caller's address applies. Paths that cost nothing to serve are
            /// exempt, and so are signed ones: checking a signature is faster than checking the rate.
            #[must_use]
            pub fn is_rate_limited(self) -> bool {
                match self {
                    $(Path::$name { .. } => paths!(@ $rate),)*
                }
            }
        }
    };
    (@ limited) => { true };
    (@ free) => { false };
}

paths! {
    /// The liveness check.
    Health "/health" "GET, HEAD" free;
    /// The readiness check.
    Ready "/ready" "GET, HEAD" limited;
    /// The readiness of the last day, as a page.
    Status "/status" "GET, HEAD" limited;
    /// The readiness of the last day.
    StatusJson "/status.json" "GET, HEAD" limited;
    /// The metrics in Prometheus' text format.
    Metrics "/metrics" "GET, HEAD" limited;
    /// The configuration that a page needs to start.
    Config "/v1/config" "GET, HEAD" limited;
    /// Rooms, to create one.
    Rooms "/v1/rooms" "POST" limited;
    /// One room: its summary, or a socket.
    Room("{room}": &'a str) "/v1/rooms/{room}" "GET, HEAD" limited;
    /// Commands of a service in a room.
    RoomCommands("{room}": &'a str) "/v1/rooms/{room}/commands" "POST" free;
    /// The log of a room, for services.
    RoomLog("{room}": &'a str) "/v1/rooms/{room}/log" "GET, HEAD" free;
    /// A room as its operator sees it.
    RoomInspection("{room}": &'a str) "/v1/rooms/{room}/inspection" "GET, HEAD" free;
    /// A player as the operator sees it.
    PlayerInspection("{player}": &'a str) "/v1/players/{player}/inspection" "GET, HEAD" free;
    /// The release of a player from a match, by an operator.
    PlayerRelease("{player}": &'a str) "/v1/players/{player}/release" "POST" free;
    /// Notices of a service to a player.
    PlayerNotices("{player}": &'a str) "/v1/players/{player}/notices" "POST" free;
    /// The queues of all pools, for services.
    Queues "/v1/queues" "GET, HEAD" free;
    /// The tickets of a queue, for services.
    QueueTickets("{pool}": &'a str) "/v1/queues/{pool}/tickets" "GET, HEAD" free;
    /// The ticket of a player in a queue, for services.
    QueueTicket("{pool}": &'a str, "{player}": &'a str) "/v1/queues/{pool}/tickets/{player}" "GET, HEAD, PUT, DELETE" free;
    /// One queue: a socket.
    Lobby("{pool}": &'a str) "/v1/lobbies/{pool}" "GET, HEAD" limited;
    /// The caller's me socket.
    Me "/v1/me" "GET, HEAD" limited;
    /// The presence of players.
    Presence "/v1/presence" "GET, HEAD" limited;
    /// Notices of the region about players.
    Notices "/internal/v1/notices" "POST" free;
    /// The profiles of several players.
    Profiles "/v1/profiles" "GET, HEAD" limited;
    /// The profile of one player.
    Profile("{player}": &'a str) "/v1/profiles/{player}" "GET, HEAD" limited;
    /// A path that does not exist.
    Unknown "none" "GET, HEAD" limited;
    /// A static page, if one exists.
    Page "/" "GET, HEAD" free;
}

/// Returns a path with its percent-encoded unreserved characters decoded: RFC 3986 (6.2.2.2) says that both
/// forms are the same path. Other characters, such as an encoded slash, stay encoded.
#[must_use]
pub fn normalized(path: &str) -> Cow<'_, str> {
    if !path.contains('%') {
        return Cow::Borrowed(path);
    }
    let (mut decoded, mut rest) = (String::with_capacity(path.len()), path);
    while let Some((before, after)) = rest.split_once('%') {
        decoded.push_str(before);
        let byte = after.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        let unreserved = byte.map(char::from).filter(|&c| c.is_ascii_alphanumeric() || "-._~".contains(c));
        if let Some(character) = unreserved {
            decoded.push(character);
            rest = after.get(2..).unwrap_or_default();
        } else {
            decoded.push('%');
            rest = after;
        }
    }
    decoded.push_str(rest);
    Cow::Owned(decoded)
}

impl<'a> Path<'a> {
    /// Parses a path such as `/v1/rooms/m_1`, in the form that [`normalized`] returns.
    #[must_use]
    pub fn of(path: &'a str) -> Self {
        let parts: Vec<&str> = path.split('/').skip(1).collect();
        match *parts.as_slice() {
            ["health"] => Self::Health,
            ["ready"] => Self::Ready,
            ["status"] => Self::Status,
            ["status.json"] => Self::StatusJson,
            ["metrics"] => Self::Metrics,
            ["v1", "config"] => Self::Config,
            ["v1", "rooms"] => Self::Rooms,
            ["v1", "rooms", room] => Self::Room(room),
            ["v1", "rooms", room, "commands"] => Self::RoomCommands(room),
            ["v1", "rooms", room, "log"] => Self::RoomLog(room),
            ["v1", "rooms", room, "inspection"] => Self::RoomInspection(room),
            ["v1", "players", player, "inspection"] => Self::PlayerInspection(player),
            ["v1", "players", player, "release"] => Self::PlayerRelease(player),
            ["v1", "players", player, "notices"] => Self::PlayerNotices(player),
            ["v1", "queues"] => Self::Queues,
            ["v1", "queues", pool, "tickets"] => Self::QueueTickets(pool),
            ["v1", "queues", pool, "tickets", player] => Self::QueueTicket(pool, player),
            ["v1", "lobbies", pool] => Self::Lobby(pool),
            ["v1", "me"] => Self::Me,
            ["v1", "presence"] => Self::Presence,
            ["internal", "v1", "notices"] => Self::Notices,
            ["v1", "profiles"] => Self::Profiles,
            ["v1", "profiles", player] => Self::Profile(player),
            ["v1" | "internal", ..] => Self::Unknown,
            _ => Self::Page,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_template_parses_as_its_path() {
        for &path in Path::ALL {
            if path != Path::Unknown {
                assert_eq!(Path::of(path.template()), path);
            }
        }
    }

    #[test]
    fn encoded_unreserved_characters_are_the_same_path() {
        let check =
            |path: &str, expected: Path<'_>| assert_eq!(Path::of(&normalized(path)), expected, "{path}");
        check("/v1/rooms/%6d%5F1", Path::Room("m_1"));
        check("/v1/lobbies/speed%2Ddating", Path::Lobby("speed-dating"));
        check("/v1/%70rofiles/%70_1", Path::Profile("p_1"));
        check("/v1/rooms/m_1%2Fmore", Path::Room("m_1%2Fmore"));
        check("/v1/rooms/%", Path::Room("%"));
        check("/v1/rooms/%6", Path::Room("%6"));
        check("/v1/rooms/%zz%+1%\u{e9}%256d", Path::Room("%zz%+1%\u{e9}%256d"));
    }

    #[test]
    fn other_paths_are_unknown_or_pages() {
        for path in ["/v1", "/v1/", "/v1/rooms/m_1/more", "/internal/v2", "/v1/rooms/m_1/a/b"] {
            assert_eq!(Path::of(path), Path::Unknown, "{path}");
        }
        for path in ["/", "/app.js", "/health/", "/docs", ""] {
            assert_eq!(Path::of(path), Path::Page, "{path}");
        }
    }
}
