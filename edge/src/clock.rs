//! The platform's clock and source of randomness, which the pure rules take as arguments.

use shared::time::Time;
use worker::Date;

/// Returns the current time.
pub fn now() -> Time {
    Time::from_ms(Date::now().as_millis())
}

/// Returns 16 cryptographically random bytes.
pub fn random_bytes() -> crate::error::Result<[u8; 16]> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| crate::error::Error::internal(&error))?;
    Ok(bytes)
}
