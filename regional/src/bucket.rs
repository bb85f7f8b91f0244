//! Files: put, got and removed by whoever holds an address that was signed for just that, and not for long.
//!
//! The addresses are S3's presigned ones (AWS Signature Version 4 in the query). A browser uploads with one, and the
//! region itself uses no other way. On one machine a folder answers to the same addresses.

use crate::error::Error;
use crate::outside::Outside;
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation,
    SigningSettings, UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use axum::body::Bytes;
use axum::http::{Method, Request, StatusCode, Uri};
use http_body_util::Full;
use shared::caps;
use shared::time::Time;
use std::fmt;
use std::time::{Duration, UNIX_EPOCH};

/// Where the files are, and who signs.
#[derive(Clone)]
pub struct Place {
    /// `PICTURES_URL`: the bucket's address, `https://{bucket}.s3.{region}.amazonaws.com`.
    pub url: String,
    /// `PICTURES_PUBLIC_URL`: where everybody reads what is ready, such as a CDN before the bucket; else the same.
    pub public: String,
    /// `AWS_REGION`: where the bucket is.
    pub region: String,
    /// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`: as Lambda gives them to a function.
    pub credentials: Credentials,
}

/// A place with a way there.
#[derive(Debug, Clone)]
pub struct Bucket {
    place: Place,
    outside: Outside,
}

impl Bucket {
    /// For this place.
    #[must_use]
    pub fn new(place: Place) -> Self {
        let outside = Outside::new();
        Self { place, outside }
    }

    /// Where everybody reads a file.
    #[must_use]
    pub fn public(&self, key: &str) -> String {
        format!("{}/{key}", self.place.public)
    }

    /// An address that allows this method on this file, with exactly these headers, for a while.
    pub fn presign(
        &self,
        method: &Method,
        key: &str,
        headers: &[(&str, &str)],
        now: Time,
        good_for: Duration,
    ) -> Result<Uri, Error> {
        self.place.presign(method, key, headers, now, good_for)
    }

    /// A file, if it is there.
    pub async fn get(&self, key: &str, now: Time) -> Result<Option<Bytes>, Error> {
        let reply = self.ask(&Method::GET, key, &[], Bytes::new(), now).await?;
        Ok(reply.1.filter(|_| reply.0 == StatusCode::OK))
    }

    /// Writes a file, whatever was there.
    pub async fn put(&self, key: &str, media: &str, body: Bytes, now: Time) -> Result<(), Error> {
        let headers = [("content-type", media)];
        self.ask(&Method::PUT, key, &headers, body, now).await.map(|_| ())
    }

    /// Removes a file. One that is not there is removed.
    pub async fn delete(&self, key: &str, now: Time) -> Result<(), Error> {
        self.ask(&Method::DELETE, key, &[], Bytes::new(), now).await.map(|_| ())
    }

    async fn ask(
        &self,
        method: &Method,
        key: &str,
        headers: &[(&str, &str)],
        body: Bytes,
        now: Time,
    ) -> Result<(StatusCode, Option<Bytes>), Error> {
        let busy = |text: String| Error::Busy { call: "bucket", text };
        let uri = self.presign(method, key, headers, now, caps::CALL * 2)?;
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::from(body));
        let request = request.map_err(|error| busy(error.to_string()))?;
        let reply = self.outside.fetch(request, caps::CALL, caps::PICTURE_BYTES).await;
        let reply = reply.map_err(|error| busy(error.to_string()))?;
        match reply.status {
            StatusCode::OK | StatusCode::NO_CONTENT => Ok((reply.status, Some(reply.body))),
            StatusCode::NOT_FOUND => Ok((reply.status, None)),
            status => Err(busy(format!("{method} answers {status}"))),
        }
    }
}

impl Place {
    /// See [`Bucket::presign`].
    pub fn presign(
        &self,
        method: &Method,
        key: &str,
        headers: &[(&str, &str)],
        now: Time,
        good_for: Duration,
    ) -> Result<Uri, Error> {
        let wrong = |text: String| Error::Store { call: "presign", text };
        let mut settings = SigningSettings::default();
        settings.signature_location = SignatureLocation::QueryParams;
        settings.expires_in = Some(good_for);
        // As S3 wants it: the path as it is, the body's hash nowhere.
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
            .map_err(|error| wrong(error.to_string()))?
            .into();
        let url = format!("{}/{key}", self.url);
        let signable = SignableRequest::new(
            method.as_str(),
            &url,
            headers.iter().copied(),
            SignableBody::UnsignedPayload,
        );
        let signable = signable.map_err(|error| wrong(error.to_string()))?;
        let signed = sign(signable, &params).map_err(|error| wrong(error.to_string()))?;
        let (instructions, _) = signed.into_parts();
        let mut request = Request::builder().uri(&url).body(()).map_err(|error| wrong(error.to_string()))?;
        instructions.apply_to_request_http1x(&mut request);
        Ok(request.uri().clone())
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Place({})", self.url)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_documentation() {
        // "Authenticating Requests: Using Query Parameters", Amazon S3 API Reference.
        let place = Place {
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
        let uri = place.presign(&Method::GET, "test.txt", &[], day, Duration::from_secs(86_400));
        let uri = uri.unwrap().to_string();
        let signature = "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404";
        assert!(uri.ends_with(&format!("X-Amz-Signature={signature}")), "{uri}");
    }
}
