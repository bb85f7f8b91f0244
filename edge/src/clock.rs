//! What the platform knows and the rules ask for: the time, and chance.

use shared::time::Time;
use worker::Date;

/// Now.
pub fn now() -> Time {
    Time::from_ms(Date::now().as_millis())
}

/// 16 random bytes.
pub fn chance() -> crate::error::Result<[u8; 16]> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| crate::error::Error::ours(&error))?;
    Ok(bytes)
}
