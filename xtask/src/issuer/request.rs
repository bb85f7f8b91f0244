//! The authorization request of a client, and its check.

use reqwest::Url;
use serde::Deserialize;

/// Length of a `code_challenge` of SHA-256, characters.
const CHALLENGE_CHARS: usize = 43;

/// The query of an authorization request (OpenID Connect Core §3.1.2.1, RFC 7636 §4.3).
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct AuthorizationRequest {
    pub response_type: String,
    pub client_id: String,
    pub redirect_uri: String,
    pub scope: String,
    pub state: Option<String>,
    pub nonce: Option<String>,
    pub prompt: Option<String>,
    pub code_challenge: String,
    pub code_challenge_method: String,
}

/// The reason why a request gets no login page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rejection {
    /// The client cannot be trusted with an answer: the browser shows the text.
    Shown(String),
    /// The client is told at its address: an error code and its text.
    Sent(Url, &'static str, &'static str),
}

impl AuthorizationRequest {
    /// Returns the address for the answer. `client` is the only client; pages of this machine and of `origins` may
    /// receive answers.
    pub fn check(&self, client: &str, origins: &[String]) -> Result<Url, Rejection> {
        if self.client_id != client {
            return Err(Rejection::Shown(format!(
                "The client_id must be `{client}`: see `cargo dev --oidc-client`."
            )));
        }
        let url = Url::parse(&self.redirect_uri).ok().filter(|url| is_allowed(url, origins)).ok_or_else(|| {
            Rejection::Shown(
                "The redirect_uri must be a page on this machine (http://localhost, http://127.0.0.1), or of an \
                 origin that `cargo dev --origin URL` names."
                    .to_owned(),
            )
        })?;
        let asks_for_login = self.scope.split(' ').any(|scope| scope == "openid");
        let challenged = self.code_challenge.len() == CHALLENGE_CHARS && self.code_challenge_method == "S256";
        let (error, detail) = if self.response_type != "code" {
            ("unsupported_response_type", "response_type must be code")
        } else if !asks_for_login {
            ("invalid_scope", "scope must contain openid")
        } else if !challenged {
            ("invalid_request", "code_challenge with the code_challenge_method S256 is required")
        } else if self.prompt.as_deref() == Some("none") {
            ("login_required", "each login is typed")
        } else {
            return Ok(url);
        };
        Err(Rejection::Sent(url, error, detail))
    }
}

/// Returns true if the page is on this machine or of one of the origins.
fn is_allowed(url: &Url, origins: &[String]) -> bool {
    let web = matches!(url.scheme(), "http" | "https") && url.fragment().is_none();
    let local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    web && (local || origins.contains(&url.origin().ascii_serialization()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> AuthorizationRequest {
        AuthorizationRequest {
            response_type: "code".to_owned(),
            client_id: "app".to_owned(),
            redirect_uri: "http://localhost:5173/done".to_owned(),
            scope: "openid profile".to_owned(),
            code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM".to_owned(),
            code_challenge_method: "S256".to_owned(),
            ..AuthorizationRequest::default()
        }
    }

    fn check(change: impl FnOnce(&mut AuthorizationRequest), expected: &str) {
        let mut request = request();
        change(&mut request);
        let found = match request.check("app", &["https://game.test".to_owned()]) {
            Ok(_) => "page",
            Err(Rejection::Shown(_)) => "shown",
            Err(Rejection::Sent(_, error, _)) => error,
        };
        assert_eq!(found, expected, "{request:?}");
    }

    #[test]
    fn request_is_shown_sent_back_or_answered_with_the_page() {
        check(|_| (), "page");
        check(|request| request.client_id = "other".to_owned(), "shown");
        for (address, expected) in [
            ("http://127.0.0.1:80/", "page"),
            ("https://game.test/back?a=b", "page"),
            ("https://game.test.evil.test/", "shown"),
            ("http://localhost.evil.test/", "shown"),
            ("http://localhost/#fragment", "shown"),
            ("javascript:alert(1)", "shown"),
            ("", "shown"),
        ] {
            check(|request| request.redirect_uri = address.to_owned(), expected);
        }
        check(|request| request.response_type = "token".to_owned(), "unsupported_response_type");
        check(|request| request.scope = "profile".to_owned(), "invalid_scope");
        check(|request| request.code_challenge = String::new(), "invalid_request");
        check(|request| request.code_challenge_method = "plain".to_owned(), "invalid_request");
        check(|request| request.prompt = Some("none".to_owned()), "login_required");
    }
}
