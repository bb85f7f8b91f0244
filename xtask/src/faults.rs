//! A proxy between edge and region that injects faults and counts requests.
//!
//! The edge gets the link's address in place of the region's ([`Link::in_front_of`]), and nothing else changes:
//! tests and benches run the real Worker against the real region over it.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use reqwest::{Client, Method};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::stack::Options;

/// A fault that requests on the link suffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    None,
    /// The link waits this long before it forwards a request.
    Delay(Duration),
    /// The link answers with this status and does not forward the request.
    Status(u16),
    /// The link closes the connection after it received the request.
    Drop,
    /// The link sends a part of the answer and closes the connection.
    Partial,
}

/// A running link, which stops when the value is dropped.
#[derive(Debug)]
pub struct Link {
    url: String,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    upstream: String,
    http: Client,
    /// The fault, and the number of requests that it still applies to.
    fault: Mutex<(Fault, u64)>,
    asked: watch::Sender<Vec<String>>,
}

/// A request as it was received.
struct ProxiedRequest {
    method: Method,
    target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Link {
    /// Starts a link to the server at `upstream`, on any free port.
    pub async fn to(upstream: &str) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let http = Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            // A killed region leaves idle connections behind that are no longer usable.
            .pool_max_idle_per_host(0)
            .build()?;
        let shared = Arc::new(Shared {
            upstream: upstream.to_owned(),
            http,
            fault: Mutex::new((Fault::None, u64::MAX)),
            asked: watch::Sender::new(Vec::new()),
        });
        let serving = tokio::spawn(serve(listener, shared.clone()));
        Ok(Self { url, shared, serving })
    }

    /// Starts a link in front of the region of a stack that is about to start: its edge gets the link's
    /// address only.
    pub async fn in_front_of(options: &mut Options) -> Result<Self> {
        let link = Self::to(&options.region_url()).await?;
        let name = "REGION_URL".to_owned();
        options.edge_values.insert(name, link.url.clone());
        Ok(link)
    }

    /// The URL that the link listens on.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Applies this fault to all following requests.
    pub fn fail(&self, fault: Fault) {
        *self.shared.lock() = (fault, u64::MAX);
    }

    /// Applies this fault to the next request only.
    pub fn fail_once(&self, fault: Fault) {
        *self.shared.lock() = (fault, 1);
    }

    /// Returns the number of requests so far whose path begins with `path`.
    #[must_use]
    pub fn request_count(&self, path: &str) -> usize {
        let asked = self.shared.asked.borrow();
        asked.iter().filter(|one| one.starts_with(path)).count()
    }

    /// Waits until `count` requests arrived whose path begins with `path`.
    pub async fn wait_for_requests(&self, path: &str, count: usize) -> Result<()> {
        let mut asked = self.shared.asked.subscribe();
        let enough = |all: &Vec<String>| all.iter().filter(|a| a.starts_with(path)).count() >= count;
        let waiting = asked.wait_for(enough);
        let waited = tokio::time::timeout(Duration::from_secs(30), waiting).await;
        waited.with_context(|| format!("{count} requests to {path} never came"))??;
        Ok(())
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, (Fault, u64)> {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the fault of the next request.
    fn next(&self) -> Fault {
        let mut now = self.lock();
        match now.1.checked_sub(1) {
            Some(left) => {
                now.1 = left;
                now.0
            }
            None => Fault::None,
        }
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    // Connections that are being served end with the link.
    let mut serving = tokio::task::JoinSet::new();
    loop {
        tokio::select! {
            Ok((stream, _)) = listener.accept() => {
                let shared = shared.clone();
                // Breaking connections is the purpose of the link, so their errors are not reported.
                serving.spawn(async move { drop(serve_connection(stream, &shared).await) });
            }
            Some(_) = serving.join_next(), if !serving.is_empty() => {}
        }
    }
}

async fn serve_connection(stream: TcpStream, shared: &Shared) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    while let Some(asked) = read(&mut stream).await? {
        shared.asked.send_modify(|all| all.push(asked.target.clone()));
        let answer = match shared.next() {
            Fault::None => forward(shared, asked).await?,
            Fault::Delay(delay) => {
                sleep(delay).await;
                forward(shared, asked).await?
            }
            Fault::Status(status) => {
                format!("HTTP/1.1 {status} On Purpose\r\ncontent-length: 0\r\n\r\n").into_bytes()
            }
            Fault::Drop => return Ok(()),
            Fault::Partial => {
                let whole = forward(shared, asked).await?;
                // A part of the body is missing, whatever its length.
                let half = whole.get(..whole.len().saturating_sub(10));
                stream.write_all(half.unwrap_or_default()).await?;
                return Ok(stream.shutdown().await?);
            }
        };
        stream.write_all(&answer).await?;
    }
    Ok(())
}

/// Reads the next request of a connection. Returns none if the connection has ended.
async fn read(stream: &mut BufReader<TcpStream>) -> Result<Option<ProxiedRequest>> {
    let mut line = String::new();
    if stream.read_line(&mut line).await? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace();
    let (Some(method), Some(target)) = (words.next(), words.next()) else {
        bail!("not a request line: {line:?}");
    };
    let (method, target) = (method.parse()?, target.to_owned());
    let (mut headers, mut length) = (Vec::new(), 0);
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        let (name, value) = (name.to_ascii_lowercase(), value.trim().to_owned());
        match name.as_str() {
            "content-length" => length = value.parse()?,
            "transfer-encoding" => bail!("the link accepts only bodies with a content-length"),
            // These headers belong to the connection, not to the request.
            "host" | "connection" | "keep-alive" => {}
            _ => headers.push((name, value)),
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    Ok(Some(ProxiedRequest { method, target, headers, body }))
}

/// Forwards a request to the server behind the link and returns the answer's bytes. If the server is
/// unreachable, the connection breaks.
async fn forward(shared: &Shared, asked: ProxiedRequest) -> Result<Vec<u8>> {
    let url = format!("{}{}", shared.upstream, asked.target);
    let mut request = shared.http.request(asked.method, url).body(asked.body);
    for (name, value) in asked.headers {
        request = request.header(name, value);
    }
    let answer = request.send().await?;
    let mut text = format!("HTTP/1.1 {}\r\n", answer.status());
    for (name, value) in answer.headers() {
        if !matches!(name.as_str(), "content-length" | "transfer-encoding" | "connection") {
            // Writing to a String does not fail.
            let _ = write!(text, "{name}: {}\r\n", value.to_str().unwrap_or_default());
        }
    }
    let body = answer.bytes().await?;
    let _ = write!(text, "content-length: {}\r\n\r\n", body.len());
    let mut bytes = text.into_bytes();
    bytes.extend_from_slice(&body);
    Ok(bytes)
}
