//! The close codes: the reason for which a socket is closed, and what its client does next.

use std::time::Duration;

/// A close code. The number says what the client does; names and numbers are never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CloseCode {
    /// The player left, or was matched.
    Bye,
    /// The player is banned.
    Banned,
    /// The owner of the room removed this member.
    Kicked,
    /// Three unreadable frames in a row.
    Protocol,
    /// The client offers no supported version.
    Version,
    /// The player may not open this object.
    Forbidden,
    /// A newer socket of the same player took the seat.
    TakenOver,
    /// The room ended.
    RoomOver,
    /// The player has the most connections that are allowed.
    TooManyDevices,
    /// A frame was larger than the welcome's `frame_bytes`.
    TooBig,
    /// The origin of the page is not on the list.
    Origin,
    /// There is no such room, pool or path.
    NotFound,
    /// The configuration of the pool is invalid; the operator must correct it.
    Misconfigured,
    /// The server has no capacity at the moment.
    Overloaded,
    /// The client was far beyond the welcome's rate limit.
    TooFast,
    /// An error of the server.
    Internal,
    /// Admission is limited at the moment.
    WaitingRoom,
    /// The client read too slowly.
    TooSlow,
    /// The client sent no frame and no ping.
    Silent,
    /// A new version takes over.
    Deploy,
    /// The object moved: the client must open it again.
    Moved,
    /// The access token expired.
    TokenExpired,
    /// The access token was not issued by this service.
    TokenInvalid,
    /// The login was ended.
    SessionRevoked,
}

impl CloseCode {
    /// Every close code, for documentation and tests.
    pub const ALL: [Self; 24] = [
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
        Self::Misconfigured,
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

    /// Returns the number in the close frame.
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
            Self::Misconfigured => 4012,
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

    /// Returns the name in the reason.
    #[must_use]
    pub const fn name(self) -> &'static str {
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
            Self::Misconfigured => "misconfigured",
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

    /// Returns the least delay before the client reconnects; none where it reconnects at once or never.
    #[must_use]
    pub const fn retry_after(self) -> Option<Duration> {
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
            | Self::Misconfigured
            | Self::TokenExpired
            | Self::TokenInvalid
            | Self::SessionRevoked => None,
        }
    }

    /// Returns the reason in the close frame: at most 123 bytes of JSON.
    #[must_use]
    pub fn reason(self) -> String {
        match self.retry_after() {
            Some(after) => format!(r#"{{"why":"{}","after_ms":{}}}"#, self.name(), after.as_millis()),
            None => format!(r#"{{"why":"{}"}}"#, self.name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_short_json_and_codes_are_distinct() {
        let mut codes: Vec<u16> = CloseCode::ALL.iter().map(|close| close.code()).collect();
        codes.dedup();
        assert_eq!(codes.len(), CloseCode::ALL.len());
        for close in CloseCode::ALL {
            assert!(close.reason().len() <= 123);
            let reason: serde_json::Value = serde_json::from_str(&close.reason()).unwrap();
            assert_eq!(reason["why"], close.name());
        }
    }
}
