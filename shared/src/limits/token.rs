//! Limits of tokens, signatures, sessions and sign-in.

use std::time::Duration;

/// Lifetime of an access token.
pub const ACCESS_TOKEN_TTL: Duration = Duration::from_secs(600);
/// Difference that is tolerated between two clocks.
pub const CLOCK_SKEW_MAX: Duration = Duration::from_secs(30);
/// Age up to which a signed request between edge and region is accepted.
pub const SIGNATURE_AGE_MAX: Duration = Duration::from_secs(60);
/// Bytes of an access token; a longer one is rejected unread.
pub const TOKEN_BYTES_MAX: usize = 2048;
/// Shortest interval at which an unknown key id makes the edge fetch the region's key set.
pub const JWKS_REFETCH_MIN: Duration = Duration::from_secs(60);
/// The same interval after the region could not be reached.
pub const JWKS_RETRY_MIN: Duration = Duration::from_secs(2);
/// Age at which the edge fetches the key set again in the background.
pub const JWKS_REFRESH_AGE: Duration = Duration::from_secs(120);
/// Age at which a key set no longer serves, while the region answers: a key that left the set is trusted no
/// longer than this.
pub const JWKS_AGE_MAX: Duration = Duration::from_secs(300);
/// Age at which a key set no longer serves, even while the region does not answer: time to mend an outage.
pub const JWKS_STALE_MAX: Duration = Duration::from_secs(3600);
/// Verified tokens that an isolate remembers: half a kilobyte each, of the isolate's 128 MB.
pub const VERIFIED_TOKENS_MAX: usize = 2_048;

/// Time that the region waits for an identity provider's keys: less than `REGION_REQUEST_TIMEOUT`, so that
/// the caller learns why the sign-in failed.
pub const PROVIDER_TIMEOUT: Duration = Duration::from_secs(2);
/// Lifetime of a provider's keys where the provider does not state one.
pub const PROVIDER_KEYS_TTL_DEFAULT: Duration = Duration::from_secs(300);
/// Longest lifetime of a provider's keys, whatever the provider states, and while it does not answer.
pub const PROVIDER_KEYS_TTL_MAX: Duration = Duration::from_secs(24 * 3600);
/// Bytes of an id token: some providers include groups and pictures.
pub const ID_TOKEN_BYTES_MAX: usize = 8 * 1024;
/// Bytes of an id token's subject: what the `OpenID` standard allows.
pub const SUBJECT_BYTES_MAX: usize = 255;

/// Failed sign-ins of an account within `ACCOUNT_FAILURES_WINDOW` before further attempts must wait.
pub const ACCOUNT_FAILURES_MAX: usize = 5;
/// Window of `ACCOUNT_FAILURES_MAX`: a person who mistypes waits a minute at most.
pub const ACCOUNT_FAILURES_WINDOW: Duration = Duration::from_secs(60);
/// Failed sign-ins from an address within `ADDRESS_FAILURES_WINDOW` before further attempts must wait.
pub const ADDRESS_FAILURES_MAX: usize = 10;
/// Window of `ADDRESS_FAILURES_MAX`: many people may share an address, while an attacking machine has only
/// this one.
pub const ADDRESS_FAILURES_WINDOW: Duration = Duration::from_secs(600);

/// Default time after which an unused session ends: what the plans promise.
pub const SESSION_IDLE_MAX: Duration = Duration::from_secs(24 * 3600);
/// Default lifetime of a session, however often it is used.
pub const SESSION_AGE_MAX: Duration = Duration::from_secs(30 * 24 * 3600);
/// Sessions that a list shows, newest first: as many as one batch read returns.
pub const SESSIONS_LISTED_MAX: usize = 100;
/// Time for which a spent refresh token still returns the pair that replaced it to a client that does not name the
/// attempt: two tabs at once, or a client without keys whose answer was lost.
pub const REFRESH_GRACE: Duration = Duration::from_secs(10);
