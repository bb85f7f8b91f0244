//! Authorization codes: each stands for one login, is redeemed once, and by the client that asked for it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::request::AuthorizationRequest;

/// Lifetime of a code: a client redeems it at once.
const CODE_TTL: Duration = Duration::from_mins(1);
/// Codes that wait at the same time; the oldest gives way, so that logins which no client completes take no memory.
const CODES_MAX: usize = 1_000;
/// Length of a code verifier, characters (RFC 7636 §4.1).
const VERIFIER_CHARS: std::ops::RangeInclusive<usize> = 43..=128;

/// A login that a client has not collected yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// The name that the player typed.
    pub name: String,
    /// The request of the client.
    pub request: AuthorizationRequest,
}

/// The form that redeems a code (RFC 6749 §4.1.3).
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(default)]
pub struct Redemption {
    pub grant_type: String,
    pub code: String,
    pub redirect_uri: String,
    pub client_id: String,
    pub code_verifier: String,
}

/// The waiting codes, by their text.
#[derive(Debug, Default)]
pub struct Codes(BTreeMap<String, (Instant, Login)>);

impl Codes {
    /// Keeps a login under a code, which must be random.
    pub fn issue(&mut self, code: String, login: Login, now: Instant) {
        self.0.retain(|_, (issued, _)| now.duration_since(*issued) < CODE_TTL);
        if self.0.len() >= CODES_MAX
            && let Some(oldest) =
                self.0.iter().min_by_key(|(_, (issued, _))| *issued).map(|(code, _)| code.clone())
        {
            self.0.remove(&oldest);
        }
        self.0.insert(code, (now, login));
    }

    /// Returns the login of a code, or the reason for the refusal. Any attempt uses the code up.
    pub fn redeem(&mut self, form: &Redemption, now: Instant) -> Result<Login, &'static str> {
        let Some((issued, login)) = self.0.remove(&form.code) else {
            return Err("the code is unknown, or was used before");
        };
        let request = &login.request;
        if now.duration_since(issued) >= CODE_TTL {
            Err("the code has expired: redeem it within a minute")
        } else if form.client_id != request.client_id {
            Err("the code was issued to another client_id")
        } else if form.redirect_uri != request.redirect_uri {
            Err("redirect_uri differs from that of the authorization request")
        } else if !VERIFIER_CHARS.contains(&form.code_verifier.len()) {
            Err("code_verifier must have 43 to 128 characters")
        } else if URL_SAFE_NO_PAD.encode(Sha256::digest(&form.code_verifier)) != request.code_challenge {
            Err("code_verifier does not fit the code_challenge")
        } else {
            Ok(login)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 7636, appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    fn login() -> Login {
        let request = AuthorizationRequest {
            client_id: "app".to_owned(),
            redirect_uri: "http://localhost:1/".to_owned(),
            code_challenge: CHALLENGE.to_owned(),
            ..AuthorizationRequest::default()
        };
        Login { name: "Ana".to_owned(), request }
    }

    fn form() -> Redemption {
        Redemption {
            grant_type: "authorization_code".to_owned(),
            code: "c".to_owned(),
            redirect_uri: "http://localhost:1/".to_owned(),
            client_id: "app".to_owned(),
            code_verifier: VERIFIER.to_owned(),
        }
    }

    fn check(form: &Redemption, after: Duration, refusal: &str) {
        let (mut codes, now) = (Codes::default(), Instant::now());
        codes.issue("c".to_owned(), login(), now);
        let refused = codes.redeem(form, now + after).err().unwrap_or_default();
        assert!(refused.contains(refusal) && refused.is_empty() == refusal.is_empty(), "{refused}");
        assert!(codes.redeem(form, now).is_err(), "a code is redeemed once");
    }

    #[test]
    fn code_is_redeemed_once_by_its_client_in_time() {
        let with = |change: fn(&mut Redemption)| {
            let mut form = form();
            change(&mut form);
            form
        };
        check(&form(), Duration::ZERO, "");
        check(&form(), CODE_TTL, "expired");
        check(&with(|form| form.code = "d".to_owned()), Duration::ZERO, "unknown");
        check(&with(|form| form.client_id = "other".to_owned()), Duration::ZERO, "another client_id");
        check(&with(|form| form.redirect_uri.push('x')), Duration::ZERO, "redirect_uri");
        check(&with(|form| form.code_verifier = "short".to_owned()), Duration::ZERO, "43 to 128");
        check(&with(|form| form.code_verifier.push('x')), Duration::ZERO, "does not fit");
    }

    #[test]
    fn oldest_code_gives_way() {
        let (mut codes, now) = (Codes::default(), Instant::now());
        codes.issue("c".to_owned(), login(), now);
        for nth in 0..CODES_MAX {
            codes.issue(format!("later {nth}"), login(), now + Duration::from_millis(1));
        }
        assert_eq!(codes.0.len(), CODES_MAX);
        assert!(codes.redeem(&form(), now).is_err());
    }
}
