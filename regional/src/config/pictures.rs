//! The configuration of the bucket of pictures.

use crate::config::reader::{BadConfig, Reader};
use crate::integrations::object_store::BucketConfig;
use aws_credential_types::Credentials;

/// Reads the bucket for a function that needs no further configuration; `None` if `PICTURES_URL` is not set.
pub fn from_source(source: &dyn Fn(&str) -> Option<String>) -> Result<Option<BucketConfig>, BadConfig> {
    let mut reader = Reader::new(source);
    let bucket = read(&mut reader);
    reader.finish(Some(bucket))
}

/// Reads the bucket from `PICTURES_URL` and the variables that Lambda sets. Pictures are disabled without
/// that address.
pub fn read(reader: &mut Reader<'_>) -> Option<BucketConfig> {
    let url = reader.get("PICTURES_URL")?;
    let url = url.trim_end_matches('/').to_owned();
    let public = reader.get("PICTURES_PUBLIC_URL").unwrap_or_else(|| url.clone());
    let mut required = |name: &str| {
        reader.get(name).unwrap_or_else(|| {
            reader.fault(name, "set if PICTURES_URL is");
            String::new()
        })
    };
    let (region, id, secret) =
        (required("AWS_REGION"), required("AWS_ACCESS_KEY_ID"), required("AWS_SECRET_ACCESS_KEY"));
    let token = reader.get("AWS_SESSION_TOKEN");
    Some(BucketConfig {
        url,
        public: public.trim_end_matches('/').to_owned(),
        region,
        credentials: Credentials::new(id, secret, token, None, "environment"),
    })
}
