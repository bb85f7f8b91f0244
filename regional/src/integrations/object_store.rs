//! The S3 bucket of picture files, used through presigned URLs only.
//!
//! A presigned URL allows one method on one file for a short time (AWS Signature Version 4 in the query).
//! Browsers upload with one, and the region itself uses no other way. On one machine a folder serves the same
//! URLs.

use crate::error::Error;
use crate::integrations::http_client::HttpClient;
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation,
    SigningSettings, UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use axum::body::Bytes;
use axum::http::{Method, Request, StatusCode, Uri};
use http_body_util::Full;
use shared::limits;
use shared::time::Time;
use std::fmt;
use std::time::{Duration, UNIX_EPOCH};

/// The location of a bucket, and the credentials that sign its URLs.
#[derive(Clone)]
pub struct BucketConfig {
    /// `PICTURES_URL`: the bucket's URL, `https://{bucket}.s3.{region}.amazonaws.com`.
    pub url: String,
    /// `PICTURES_PUBLIC_URL`: the URL from which clients read variants, such as a CDN; by default the
    /// bucket's URL.
    pub public: String,
    /// `AWS_REGION`: the region of the bucket.
    pub region: String,
    /// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`: as Lambda gives them to a function.
    pub credentials: Credentials,
}

/// A bucket, and the client that reaches it.
#[derive(Debug, Clone)]
pub struct Bucket {
    config: BucketConfig,
    http: HttpClient,
}

impl Bucket {
    /// The bucket at this location.
    #[must_use]
    pub fn new(config: BucketConfig) -> Self {
        let http = HttpClient::new();
        Self { config, http }
    }

    /// The URL from which clients read a file.
    #[must_use]
    pub fn public(&self, key: &str) -> String {
        format!("{}/{key}", self.config.public)
    }

    /// Returns a URL that allows this method on this file, with exactly these headers, for `good_for`.
    pub fn presign(
        &self,
        method: &Method,
        key: &str,
        headers: &[(&str, &str)],
        now: Time,
        good_for: Duration,
    ) -> Result<Uri, Error> {
        self.config.presign(method, key, headers, now, good_for)
    }

    /// Reads a file, if it exists.
    pub async fn get(&self, key: &str, now: Time) -> Result<Option<Bytes>, Error> {
        let reply = self.request(&Method::GET, key, &[], Bytes::new(), now).await?;
        Ok(reply.1.filter(|_| reply.0 == StatusCode::OK))
    }

    /// Writes a file, replacing an existing one.
    pub async fn put(&self, key: &str, media: &str, body: Bytes, now: Time) -> Result<(), Error> {
        let headers = [("content-type", media)];
        self.request(&Method::PUT, key, &headers, body, now).await.map(|_| ())
    }

    /// Deletes a file, if it exists.
    pub async fn delete(&self, key: &str, now: Time) -> Result<(), Error> {
        self.request(&Method::DELETE, key, &[], Bytes::new(), now).await.map(|_| ())
    }

    async fn request(
        &self,
        method: &Method,
        key: &str,
        headers: &[(&str, &str)],
        body: Bytes,
        now: Time,
    ) -> Result<(StatusCode, Option<Bytes>), Error> {
        let busy = |text: String| Error::Busy { call: "bucket", text };
        let uri = self.presign(method, key, headers, now, limits::CALL_TIMEOUT * 2)?;
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::from(body));
        let request = request.map_err(|error| busy(error.to_string()))?;
        let reply = self.http.send_limited(request, limits::CALL_TIMEOUT, limits::PICTURE_BYTES_MAX).await;
        let reply = reply.map_err(|error| busy(error.to_string()))?;
        match reply.status {
            StatusCode::OK | StatusCode::NO_CONTENT => Ok((reply.status, Some(reply.body))),
            StatusCode::NOT_FOUND => Ok((reply.status, None)),
            status => Err(busy(format!("{method} answers {status}"))),
        }
    }
}

impl BucketConfig {
    /// Returns a presigned URL; see [`Bucket::presign`].
    pub fn presign(
        &self,
        method: &Method,
        key: &str,
        headers: &[(&str, &str)],
        now: Time,
        good_for: Duration,
    ) -> Result<Uri, Error> {
        let failed = |text: String| Error::Store { call: "presign", text };
        let mut settings = SigningSettings::default();
        settings.signature_location = SignatureLocation::QueryParams;
        settings.expires_in = Some(good_for);
        // S3 requires an unmodified path, and no hash of the body.
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        settings.payload_checksum_kind = PayloadChecksumKind::NoHeader;
        let identity = self.credentials.clone().into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name("s3")
            .time(UNIX_EPOCH + Duration::from_millis(now.ms()))
            .settings(settings)
            .build()
            .map_err(|error| failed(error.to_string()))?
            .into();
        let url = format!("{}/{key}", self.url);
        let signable = SignableRequest::new(
            method.as_str(),
            &url,
            headers.iter().copied(),
            SignableBody::UnsignedPayload,
        );
        let signable = signable.map_err(|error| failed(error.to_string()))?;
        let signed = sign(signable, &params).map_err(|error| failed(error.to_string()))?;
        let (instructions, _) = signed.into_parts();
        let mut request = Request::builder().uri(&url).body(()).map_err(|error| failed(error.to_string()))?;
        instructions.apply_to_request_http1x(&mut request);
        Ok(request.uri().clone())
    }
}

impl fmt::Debug for BucketConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BucketConfig({})", self.url)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn presigned_url_matches_the_example_of_amazon() {
        // "Authenticating Requests: Using Query Parameters", Amazon S3 API Reference.
        let config = BucketConfig {
            url: "https://examplebucket.s3.amazonaws.com".into(),
            public: String::new(),
            region: "us-east-1".into(),
            credentials: Credentials::new(
                "AKIAIOSFODNN7EXAMPLE",
                "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                None,
                None,
                "test",
            ),
        };
        let day = Time::from_ms(1_369_353_600_000);
        let uri = config.presign(&Method::GET, "test.txt", &[], day, Duration::from_secs(86_400));
        let uri = uri.unwrap().to_string();
        let signature = "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404";
        assert!(uri.ends_with(&format!("X-Amz-Signature={signature}")), "{uri}");
    }
}
