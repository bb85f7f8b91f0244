//! How a refusal looks on the wire: RFC 9457 problem documents with codes that never change.

use crate::error::{Error, Fault, Refusal};
use axum::http::header::{CONTENT_TYPE, ETAG, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use std::num::NonZeroU32;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident $text:literal $status:ident $title:literal;)*) => {
        /// What is wrong, by a name that clients act on. Names are never reused.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Code {
            $($(#[$doc])* $name,)*
        }

        impl Code {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The name on the wire.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The HTTP status that it comes with.
            #[must_use]
            pub fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status,)* }
            }

            /// A short title for a person.
            #[must_use]
            pub fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }
        }
    };
}

codes! {
    /// The body is no JSON.
    BadJson "bad_json" BAD_REQUEST "The body is no JSON";
    /// The body is JSON, but not what this route takes.
    BadBody "bad_body" BAD_REQUEST "The body is not what is expected";
    /// A query parameter is missing, unknown or wrong.
    BadQuery "bad_query" BAD_REQUEST "A query parameter is wrong";
    /// An id is of another kind.
    BadId "bad_id" BAD_REQUEST "That is no id";
    /// A text is empty, too long, or has characters it must not have.
    BadText "bad_text" BAD_REQUEST "A text is not allowed";
    /// An attribute of a profile is none that rules can go by.
    BadAttribute "bad_attribute" BAD_REQUEST "An attribute is not allowed";
    /// A list has too many items.
    TooMany "too_many" BAD_REQUEST "Too many at once";
    /// A cursor is not one that was handed out.
    BadCursor "bad_cursor" BAD_REQUEST "That is no cursor";
    /// `If-Match` is no single entity tag.
    BadIfMatch "bad_if_match" BAD_REQUEST "If-Match is wrong";
    /// A login was presented, and there is nobody to check it.
    NoIdentityProvider "no_identity_provider" FORBIDDEN "No identity provider is configured";
    /// Guests are not let in here.
    GuestsOff "guests_off" FORBIDDEN "Guests are not allowed here";
    /// The route wants an access token.
    TokenMissing "token_missing" UNAUTHORIZED "An access token is needed";
    /// The access token is not ours.
    TokenInvalid "token_invalid" UNAUTHORIZED "The access token is not valid";
    /// The access token's time is over: refresh.
    TokenExpired "token_expired" UNAUTHORIZED "The access token has expired";
    /// The refresh token is not one of this session.
    RefreshInvalid "refresh_invalid" UNAUTHORIZED "The refresh token is not valid";
    /// The refresh token was used before; the session is over.
    RefreshReused "refresh_reused" UNAUTHORIZED "The refresh token was used before";
    /// The session was not used for too long.
    SessionExpired "session_expired" UNAUTHORIZED "The session has expired";
    /// The session was ended.
    SessionRevoked "session_revoked" UNAUTHORIZED "The session was ended";
    /// The player is banned.
    Banned "banned" FORBIDDEN "The player is banned";
    /// The id token is not one of the provider's.
    IdTokenInvalid "id_token_invalid" UNAUTHORIZED "The id token is not valid";
    /// The id token's time is over.
    IdTokenExpired "id_token_expired" UNAUTHORIZED "The id token has expired";
    /// The id token is of another provider.
    IdTokenIssuer "id_token_issuer" UNAUTHORIZED "The id token is issued by somebody else";
    /// The id token is meant for another app.
    IdTokenAudience "id_token_audience" UNAUTHORIZED "The id token is meant for somebody else";
    /// The id token answers another login.
    IdTokenNonce "id_token_nonce" UNAUTHORIZED "The id token answers another login";
    /// The provider does not answer, and nothing is known of its keys.
    ProviderUnavailable "provider_unavailable" SERVICE_UNAVAILABLE "The identity provider does not answer";
    /// It failed too often.
    TooManyFailures "too_many_failures" TOO_MANY_REQUESTS "It failed too often";
    /// An `Idempotency-Key` that is none.
    BadKey "bad_key" BAD_REQUEST "The Idempotency-Key is wrong";
    /// The key was used for another request.
    KeyReused "key_reused" UNPROCESSABLE_ENTITY "The key was used for another request";
    /// The first request with this key is under way.
    InProgress "in_progress" CONFLICT "The same request is under way";
    /// No such report.
    ReportNotFound "report_not_found" NOT_FOUND "There is no such report";
    /// Another report is kept under this id.
    ReportDiffers "report_differs" CONFLICT "Another report is kept under this id";
    /// A moderator resolved it otherwise.
    ReportResolved "report_resolved" CONFLICT "The report was resolved before";
    /// Faster than one may ask.
    TooFast "too_fast" TOO_MANY_REQUESTS "Too many requests";
    /// The route is for moderators.
    NotModerator "not_moderator" FORBIDDEN "For moderators alone";
    /// One has as many of these as there may be.
    Full "full" CONFLICT "As many as there may be";
    /// No ban holds.
    NotBanned "not_banned" NOT_FOUND "No ban holds";
    /// One appeal a ban.
    AlreadyAppealed "already_appealed" CONFLICT "An appeal was sent before";
    /// No such login of one's own.
    SessionNotFound "session_not_found" NOT_FOUND "There is no such login";
    /// An internal request without a signature.
    Unsigned "unsigned" UNAUTHORIZED "The request is not signed";
    /// An internal request with a wrong signature.
    SignatureInvalid "signature_invalid" UNAUTHORIZED "The signature is not valid";
    /// An internal request signed too long ago.
    SignatureStale "signature_stale" UNAUTHORIZED "The signature is too old";
    /// No such route.
    NotFound "not_found" NOT_FOUND "Nothing is here";
    /// There is nowhere to put pictures.
    PicturesOff "pictures_off" NOT_FOUND "There are no pictures here";
    /// No such picture.
    PictureNotFound "picture_not_found" NOT_FOUND "There is no such picture";
    /// No pool of that name has ratings.
    PoolUnrated "pool_unrated" NOT_FOUND "There is no such leaderboard";
    /// They have not played a rated match in the pool.
    Unrated "unrated" NOT_FOUND "Not rated yet";
    /// No such player.
    PlayerNotFound "player_not_found" NOT_FOUND "There is no such player";
    /// The route exists, for other methods.
    MethodNotAllowed "method_not_allowed" METHOD_NOT_ALLOWED "Not with this method";
    /// Another record is kept under this match's id.
    MatchDiffers "match_differs" CONFLICT "Another record of this match is kept";
    /// Somebody changed it in between.
    VersionChanged "version_changed" PRECONDITION_FAILED "It has changed since";
    /// `If-Match` is missing.
    VersionRequired "version_required" PRECONDITION_REQUIRED "If-Match is needed";
    /// The body has too many bytes.
    TooLarge "too_large" PAYLOAD_TOO_LARGE "The body is too large";
    /// The body is of another media type.
    UnsupportedMediaType "unsupported_media_type" UNSUPPORTED_MEDIA_TYPE "Another media type is needed";
    /// The region cannot serve now.
    Unavailable "unavailable" SERVICE_UNAVAILABLE "Not available now";
    /// A fault of ours.
    Internal "internal" INTERNAL_SERVER_ERROR "Something failed here";
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = self.code.status();
        let mut body = json!({
            "type": format!("urn:matchpoint:problem:{}", self.code.as_str()),
            "title": self.code.title(),
            "status": status.as_u16(),
            "code": self.code.as_str(),
            "detail": self.detail,
        });
        if let Some(object) = body.as_object_mut() {
            if let Some(field) = self.field {
                object.insert("field".into(), field.into());
            }
            if let Some(limit) = self.limit {
                object.insert("limit".into(), limit.into());
            }
            if !self.all.is_empty() {
                object.insert("errors".into(), self.all.iter().map(part).collect());
            }
        }
        let mut response = (status, body.to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(etag) = self.version.and_then(etag) {
            headers.insert(ETAG, etag);
        }
        let wait = self.after_s.map(NonZeroU32::get);
        let wait = wait.or((status == StatusCode::SERVICE_UNAVAILABLE).then_some(1));
        if let Some(value) = wait.and_then(|wait| wait.to_string().parse().ok()) {
            headers.insert(RETRY_AFTER, value);
        }
        if let Code::TokenMissing | Code::TokenInvalid | Code::TokenExpired = self.code {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// One of several faults of a body.
fn part(refusal: &Refusal) -> Value {
    let mut part = json!({ "code": refusal.code.as_str(), "detail": refusal.detail });
    if let Some(object) = part.as_object_mut() {
        object.extend(refusal.field.clone().map(|field| ("field".into(), field.into())));
        object.extend(refusal.limit.map(|limit| ("limit".into(), limit.into())));
    }
    part
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        match self {
            Self::Refusal(refusal) => refusal.into_response(),
            Self::Error(error) => error.into_response(),
        }
    }
}

impl IntoResponse for Error {
    /// The one place where an error of ours is logged. The caller hears only whether trying again helps.
    fn into_response(self) -> Response {
        tracing::error!(error = %self, "request failed");
        match self {
            Self::Busy { .. } | Self::Contended { .. } | Self::Slow => Refusal::new(
                Code::Unavailable,
                "The region is busy. Try again in a moment; repeating this request is safe.",
            ),
            Self::Store { .. } | Self::Corrupt { .. } | Self::Chance => Refusal::new(
                Code::Internal,
                "This is a fault of the service, not of the request. It has been logged.",
            ),
        }
        .into_response()
    }
}

/// The entity tag of a version: `"3"`.
#[must_use]
pub fn etag(version: u64) -> Option<HeaderValue> {
    HeaderValue::from_str(&format!("\"{version}\"")).ok()
}
