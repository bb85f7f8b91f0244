//! The platform's clock and source of randomness, which the pure rules take as arguments.

use shared::time::Time;
use worker::js_sys::Date;

/// Returns the current time.
pub fn now() -> Time {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    Time::from_ms(Date::now() as u64)
}

/// Returns 16 cryptographically random bytes.
pub fn random_bytes() -> worker::Result<[u8; 16]> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| worker::Error::RustError(error.to_string()))?;
    Ok(bytes)
}
