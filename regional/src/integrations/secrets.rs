//! Reads a secret of AWS Secrets Manager when a function starts, so that no secret is among its variables, which
//! many roles of an account may read.

use crate::integrations::http_client::HttpClient;
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use axum::body::Bytes;
use axum::http::{Request, StatusCode};
use http_body_util::Full;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use shared::limits;
use std::fmt;
use std::time::{Duration, SystemTime};

/// Attempts at reading the secret; the start of the function fails after that, and Lambda starts it again.
const ATTEMPTS: u32 = 3;
/// The wait between two attempts.
const WAIT: Duration = Duration::from_millis(200);

/// The variables of a function: those of its environment, and those that its secret holds.
pub struct Variables<'a> {
    environment: &'a dyn Fn(&str) -> Option<String>,
    /// The values of the secret by their keys, which are the names of variables in lower case.
    secret: Map<String, Value>,
}

/// The reason why a secret cannot be read. It never contains a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretError(String);

impl<'a> Variables<'a> {
    /// Reads the secret that `SECRET_ARN` names, in the version `SECRET_VERSION` or the current one. Without
    /// `SECRET_ARN` all variables come from the environment.
    pub async fn read(environment: &'a dyn Fn(&str) -> Option<String>) -> Result<Self, SecretError> {
        let get = |name: &str| environment(name).filter(|text| !text.is_empty());
        let secret = match get("SECRET_ARN") {
            None => Map::new(),
            Some(arn) => SecretRequest::new(&arn, &get)?.send().await?,
        };
        Ok(Self { environment, secret })
    }

    /// Returns a variable. The environment comes first, so that a test can replace a value.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<String> {
        let secret = || Some(self.secret.get(&name.to_ascii_lowercase())?.as_str()?.to_owned());
        (self.environment)(name).or_else(secret)
    }
}

/// A request for the value of a secret.
struct SecretRequest {
    url: String,
    region: String,
    credentials: Credentials,
    body: Vec<u8>,
}

impl SecretRequest {
    fn new(arn: &str, get: &dyn Fn(&str) -> Option<String>) -> Result<Self, SecretError> {
        // arn:{partition}:secretsmanager:{region}:{account}:secret:{name}
        let mut parts = arn.split(':');
        let (Some("arn"), Some(partition), Some("secretsmanager"), Some(region)) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(SecretError("SECRET_ARN must be the ARN of a secret".into()));
        };
        let required =
            |name: &str| get(name).ok_or_else(|| SecretError(format!("{name} must be set if SECRET_ARN is")));
        let (id, key) = (required("AWS_ACCESS_KEY_ID")?, required("AWS_SECRET_ACCESS_KEY")?);
        let suffix = if partition == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" };
        let url =
            get("SECRETS_ENDPOINT").unwrap_or_else(|| format!("https://secretsmanager.{region}.{suffix}"));
        let mut body = json!({ "SecretId": arn });
        if let (Some(body), Some(version)) = (body.as_object_mut(), get("SECRET_VERSION")) {
            body.insert("VersionId".into(), version.into());
        }
        Ok(Self {
            url: format!("{url}/"),
            region: region.to_owned(),
            credentials: Credentials::new(id, key, get("AWS_SESSION_TOKEN"), None, "environment"),
            body: body.to_string().into_bytes(),
        })
    }

    async fn send(&self) -> Result<Map<String, Value>, SecretError> {
        let http = HttpClient::new();
        let mut attempt = 1;
        loop {
            match self.attempt(&http).await {
                Err(error) if attempt < ATTEMPTS => {
                    tracing::warn!(%error, attempt, "the secret cannot be read and is asked for again");
                    tokio::time::sleep(WAIT).await;
                    attempt += 1;
                }
                answer => return answer,
            }
        }
    }

    async fn attempt(&self, http: &HttpClient) -> Result<Map<String, Value>, SecretError> {
        #[derive(Deserialize)]
        struct Answer {
            #[serde(rename = "SecretString")]
            text: String,
        }
        let request = self.signed().map_err(|error| SecretError(error.to_string()))?;
        let reply = http.send(request, limits::CALL_TIMEOUT).await;
        let reply = reply.map_err(|error| SecretError(error.to_string()))?;
        if reply.status != StatusCode::OK {
            return Err(SecretError(format!("Secrets Manager answers {}", reply.status)));
        }
        let unreadable = |_| SecretError("the secret is not a JSON object of texts".into());
        let answer: Answer = serde_json::from_slice(&reply.body).map_err(unreadable)?;
        serde_json::from_str(&answer.text).map_err(unreadable)
    }

    fn signed(&self) -> Result<Request<Full<Bytes>>, Box<dyn std::error::Error>> {
        const HEADERS: [(&str, &str); 2] = [
            ("content-type", "application/x-amz-json-1.1"),
            ("x-amz-target", "secretsmanager.GetSecretValue"),
        ];
        let identity = self.credentials.clone().into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name("secretsmanager")
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()?
            .into();
        let body = SignableBody::Bytes(&self.body);
        let signable = SignableRequest::new("POST", &self.url, HEADERS.into_iter(), body)?;
        let (instructions, _) = sign(signable, &params)?.into_parts();
        let mut request = Request::post(&self.url);
        for (name, value) in HEADERS {
            request = request.header(name, value);
        }
        let mut request = request.body(Full::from(self.body.clone()))?;
        instructions.apply_to_request_http1x(&mut request);
        Ok(request)
    }
}

impl fmt::Debug for Variables<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.secret.keys()).finish()
    }
}

impl fmt::Display for SecretError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for SecretError {}
