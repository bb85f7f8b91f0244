//! Why a socket is closed, and what its client does next.

use std::time::Duration;

/// A close code. The number says what the client does; names and numbers are never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Close {
    /// All is said and done.
    Bye,
    /// The person is banned.
    Banned,
    /// Somebody with the right to do so put this member out.
    Kicked,
    /// Three faulty frames in a row.
    Protocol,
    /// The client offers no version that is spoken here.
    Version,
    /// This person has no place here.
    Forbidden,
    /// A newer socket of the same person took the seat.
    TakenOver,
    /// The room is over.
    RoomOver,
    /// The person is connected as often as is allowed.
    TooManyDevices,
    /// A frame larger than the welcome's `frame_bytes`.
    TooBig,
    /// The page that opened the socket is not on the list.
    Origin,
    /// No such room, pool or path.
    NotFound,
    /// More work than can be done now.
    Overloaded,
    /// Far beyond the pace of the welcome.
    TooFast,
    /// A fault of the server's.
    Internal,
    /// The event lets in a few at a time.
    WaitingRoom,
    /// The client read too slowly.
    TooSlow,
    /// Nothing was heard of the client.
    Silent,
    /// A new version takes over.
    Deploy,
    /// The object is elsewhere now.
    Moved,
    /// The access token's time is up.
    TokenExpired,
    /// The access token is none of ours.
    TokenInvalid,
    /// The login was ended.
    SessionRevoked,
}

impl Close {
    /// Every code, for documentation and tests.
    pub const ALL: [Self; 23] = [
        Self::Bye,
        Self::Banned,
        Self::Kicked,
        Self::Protocol,
        Self::Version,
        Self::Forbidden,
        Self::TakenOver,
        Self::RoomOver,
        Self::TooManyDevices,
        Self::TooBig,
        Self::Origin,
        Self::NotFound,
        Self::Overloaded,
        Self::TooFast,
        Self::Internal,
        Self::WaitingRoom,
        Self::TooSlow,
        Self::Silent,
        Self::Deploy,
        Self::Moved,
        Self::TokenExpired,
        Self::TokenInvalid,
        Self::SessionRevoked,
    ];

    /// The number in the close frame.
    #[must_use]
    pub const fn code(self) -> u16 {
        match self {
            Self::Bye => 4000,
            Self::Banned => 4001,
            Self::Kicked => 4002,
            Self::Protocol => 4003,
            Self::Version => 4004,
            Self::Forbidden => 4005,
            Self::TakenOver => 4006,
            Self::RoomOver => 4007,
            Self::TooManyDevices => 4008,
            Self::TooBig => 4009,
            Self::Origin => 4010,
            Self::NotFound => 4011,
            Self::Overloaded => 4100,
            Self::TooFast => 4101,
            Self::Internal => 4102,
            Self::WaitingRoom => 4103,
            Self::TooSlow => 4104,
            Self::Silent => 4105,
            Self::Deploy => 4200,
            Self::Moved => 4201,
            Self::TokenExpired => 4300,
            Self::TokenInvalid => 4301,
            Self::SessionRevoked => 4302,
        }
    }

    /// The word in the reason.
    #[must_use]
    pub const fn why(self) -> &'static str {
        match self {
            Self::Bye => "bye",
            Self::Banned => "banned",
            Self::Kicked => "kicked",
            Self::Protocol => "protocol",
            Self::Version => "version",
            Self::Forbidden => "forbidden",
            Self::TakenOver => "taken_over",
            Self::RoomOver => "room_over",
            Self::TooManyDevices => "too_many_devices",
            Self::TooBig => "too_big",
            Self::Origin => "origin",
            Self::NotFound => "not_found",
            Self::Overloaded => "overloaded",
            Self::TooFast => "too_fast",
            Self::Internal => "internal",
            Self::WaitingRoom => "waiting_room",
            Self::TooSlow => "too_slow",
            Self::Silent => "silent",
            Self::Deploy => "deploy",
            Self::Moved => "moved",
            Self::TokenExpired => "token_expired",
            Self::TokenInvalid => "token_invalid",
            Self::SessionRevoked => "session_revoked",
        }
    }

    /// How long the client waits at least before it comes back; nothing where it need not or must not.
    #[must_use]
    pub const fn after(self) -> Option<Duration> {
        match self {
            Self::Overloaded | Self::WaitingRoom => Some(Duration::from_secs(5)),
            Self::TooFast => Some(Duration::from_secs(2)),
            Self::Internal | Self::TooSlow | Self::Silent => Some(Duration::from_secs(1)),
            Self::Deploy | Self::Moved => Some(Duration::from_millis(1500)),
            Self::Bye
            | Self::Banned
            | Self::Kicked
            | Self::Protocol
            | Self::Version
            | Self::Forbidden
            | Self::TakenOver
            | Self::RoomOver
            | Self::TooManyDevices
            | Self::TooBig
            | Self::Origin
            | Self::NotFound
            | Self::TokenExpired
            | Self::TokenInvalid
            | Self::SessionRevoked => None,
        }
    }

    /// The reason in the close frame: at most 123 bytes of JSON.
    #[must_use]
    pub fn reason(self) -> String {
        match self.after() {
            Some(after) => format!(r#"{{"why":"{}","after_ms":{}}}"#, self.why(), after.as_millis()),
            None => format!(r#"{{"why":"{}"}}"#, self.why()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_short_json_and_codes_are_distinct() {
        let mut codes: Vec<u16> = Close::ALL.iter().map(|close| close.code()).collect();
        codes.dedup();
        assert_eq!(codes.len(), Close::ALL.len());
        for close in Close::ALL {
            assert!(close.reason().len() <= 123);
            let reason: serde_json::Value = serde_json::from_str(&close.reason()).unwrap();
            assert_eq!(reason["why"], close.why());
        }
    }
}
