//! The stable error codes of the region, each with its HTTP status and title.

use axum::http::StatusCode;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident $text:literal $status:ident $title:literal;)*) => {
        /// The name of a fault, on which clients act. Names are never reused.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Code {
            $($(#[$doc])* $name,)*
        }

        impl Code {
            /// Every code, in order of declaration.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// Returns the name on the wire.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// Returns the HTTP status that accompanies the code.
            #[must_use]
            pub fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status,)* }
            }

            /// Returns a short title for a person.
            #[must_use]
            pub fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }
        }
    };
}

codes! {
    /// The body does not parse as JSON.
    BadJson "bad_json" BAD_REQUEST "The body is not JSON";
    /// The body is JSON, but does not match the schema of the route.
    BadBody "bad_body" BAD_REQUEST "The body does not match its schema";
    /// A query parameter is missing, unknown or invalid.
    BadQuery "bad_query" BAD_REQUEST "A query parameter is not valid";
    /// An id has another form, or names a player that the route does not accept.
    BadId "bad_id" BAD_REQUEST "An id is not valid";
    /// A text is empty, too long, or contains disallowed characters.
    BadText "bad_text" BAD_REQUEST "A text is not allowed";
    /// A profile attribute has a name or value that matchmaking rules cannot use.
    BadAttribute "bad_attribute" BAD_REQUEST "An attribute is not allowed";
    /// A list in the request has too many items.
    TooMany "too_many" BAD_REQUEST "Too many items at once";
    /// The region did not hand out the cursor for this list.
    BadCursor "bad_cursor" BAD_REQUEST "The cursor is not valid";
    /// `If-Match` is neither `*` nor a list of entity tags.
    BadIfMatch "bad_if_match" BAD_REQUEST "If-Match is not valid";
    /// The request has an id token, and the region has no identity provider.
    NoIdentityProvider "no_identity_provider" FORBIDDEN "No identity provider is configured";
    /// Guest sessions are disabled (`GUESTS`).
    GuestsOff "guests_off" FORBIDDEN "Guests are not allowed";
    /// The route requires an access token.
    TokenMissing "token_missing" UNAUTHORIZED "An access token is required";
    /// The access token was not issued by this region for this audience.
    TokenInvalid "token_invalid" UNAUTHORIZED "The access token is not valid";
    /// The access token has expired; the client refreshes its session.
    TokenExpired "token_expired" UNAUTHORIZED "The access token has expired";
    /// The refresh token does not belong to the session that it names.
    RefreshInvalid "refresh_invalid" UNAUTHORIZED "The refresh token is not valid";
    /// The refresh token was used before; the session is revoked.
    RefreshReused "refresh_reused" UNAUTHORIZED "The refresh token was used before";
    /// The session was unused for too long, or reached its maximum age.
    SessionExpired "session_expired" UNAUTHORIZED "The session has expired";
    /// The session was revoked.
    SessionRevoked "session_revoked" UNAUTHORIZED "The session was ended";
    /// The player is banned.
    Banned "banned" FORBIDDEN "The player is banned";
    /// The provider's keys do not verify the id token.
    IdTokenInvalid "id_token_invalid" UNAUTHORIZED "The id token is not valid";
    /// The id token has expired.
    IdTokenExpired "id_token_expired" UNAUTHORIZED "The id token has expired";
    /// The issuer of the id token is not a configured provider.
    IdTokenIssuer "id_token_issuer" UNAUTHORIZED "The id token has another issuer";
    /// The audience of the id token is another app.
    IdTokenAudience "id_token_audience" UNAUTHORIZED "The id token has another audience";
    /// The nonce of the id token is not the nonce of the request.
    IdTokenNonce "id_token_nonce" UNAUTHORIZED "The id token has another nonce";
    /// The provider does not answer, and no keys of it are cached.
    ProviderUnavailable "provider_unavailable" SERVICE_UNAVAILABLE "The identity provider does not answer";
    /// Too many failed attempts from this address, or for this account.
    TooManyFailures "too_many_failures" TOO_MANY_REQUESTS "Too many failed attempts";
    /// The `Idempotency-Key` header is not valid.
    BadKey "bad_key" BAD_REQUEST "The Idempotency-Key is not valid";
    /// The key was used for a different request.
    KeyReused "key_reused" UNPROCESSABLE_ENTITY "The key was used for another request";
    /// The first request with this key is still running.
    InProgress "in_progress" CONFLICT "The same request is in progress";
    /// No report has this id.
    ReportNotFound "report_not_found" NOT_FOUND "There is no such report";
    /// A different report is stored under this id.
    ReportDiffers "report_differs" CONFLICT "A different report has this id";
    /// A moderator resolved the report with another outcome.
    ReportResolved "report_resolved" CONFLICT "The report is already resolved";
    /// The caller exceeds its request rate.
    TooFast "too_fast" TOO_MANY_REQUESTS "Too many requests";
    /// The route is for moderators (`OPERATORS`, `MODERATORS`).
    NotModerator "not_moderator" FORBIDDEN "For moderators only";
    /// The service key lacks the scope of the route.
    ScopeMissing "scope_missing" FORBIDDEN "The key lacks a scope";
    /// The player has as many items as the limit allows.
    Full "full" CONFLICT "The limit is reached";
    /// No ban is active.
    NotBanned "not_banned" NOT_FOUND "No ban is active";
    /// The player already appealed this ban.
    AlreadyAppealed "already_appealed" CONFLICT "The ban was appealed before";
    /// The player has no session with this id.
    SessionNotFound "session_not_found" NOT_FOUND "There is no such session";
    /// An internal request has no signature.
    Unsigned "unsigned" UNAUTHORIZED "The request is not signed";
    /// No configured key verifies the signature of an internal request.
    SignatureInvalid "signature_invalid" UNAUTHORIZED "The signature is not valid";
    /// The signature of an internal request is too old.
    SignatureStale "signature_stale" UNAUTHORIZED "The signature is too old";
    /// The signature of an internal request was used before, and the route accepts each one once.
    SignatureUsed "signature_used" UNAUTHORIZED "The signature was used before";
    /// The route or the item does not exist.
    NotFound "not_found" NOT_FOUND "Not found";
    /// The region has no bucket for pictures (`PICTURES_URL`).
    PicturesOff "pictures_off" NOT_FOUND "Pictures are disabled";
    /// The player has no picture with this id.
    PictureNotFound "picture_not_found" NOT_FOUND "There is no such picture";
    /// The pool has no ratings (`RATED_POOLS`).
    PoolUnrated "pool_unrated" NOT_FOUND "There is no such leaderboard";
    /// The player has no rated match in the pool.
    Unrated "unrated" NOT_FOUND "Not rated yet";
    /// No player has this id.
    PlayerNotFound "player_not_found" NOT_FOUND "There is no such player";
    /// The path exists for other methods.
    MethodNotAllowed "method_not_allowed" METHOD_NOT_ALLOWED "The method is not allowed";
    /// No dead event of a webhook has this id.
    MessageNotFound "message_not_found" NOT_FOUND "There is no such message";
    /// No match has this id, or its record has expired.
    MatchNotFound "match_not_found" NOT_FOUND "There is no such match";
    /// A different record is stored under the id of this match.
    MatchDiffers "match_differs" CONFLICT "A different record of this match exists";
    /// The item changed since the client read it.
    VersionChanged "version_changed" PRECONDITION_FAILED "The item has changed";
    /// `If-Match` is missing.
    VersionRequired "version_required" PRECONDITION_REQUIRED "If-Match is required";
    /// The body has too many bytes.
    TooLarge "too_large" PAYLOAD_TOO_LARGE "The body is too large";
    /// The body has another media type.
    UnsupportedMediaType "unsupported_media_type" UNSUPPORTED_MEDIA_TYPE "The media type is not supported";
    /// The region is temporarily unable to answer.
    Unavailable "unavailable" SERVICE_UNAVAILABLE "Temporarily unavailable";
    /// The service failed.
    Internal "internal" INTERNAL_SERVER_ERROR "Internal error";
}
