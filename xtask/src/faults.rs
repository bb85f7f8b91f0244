//! A link between edge and region that is made bad on purpose, and counts what passes.
//!
//! The edge is told the link's address in place of the region's ([`Link::before`]), and nothing else changes: tests and
//! benches run the real Worker against the real region over it.

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

/// What happens to requests on the link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// Each waits this long before it is passed on.
    Delay(Duration),
    /// Each is answered with this status, and not passed on.
    Status(u16),
    /// The connection is closed when the request has come.
    Drop,
    /// Half of the answer comes, and then the connection is closed.
    Partial,
}

/// A running link. It ends with this value.
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
    /// The fault, and how many more requests suffer it.
    fault: Mutex<(Fault, u64)>,
    asked: watch::Sender<Vec<String>>,
}

/// A request as it came.
struct Asked {
    method: Method,
    target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Link {
    /// A link to the server at `upstream`, on any free port.
    pub async fn to(upstream: &str) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let http = Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            // A region that is killed leaves connections behind that lead nowhere.
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

    /// A link in front of the region of a stack that is about to start: its edge is told of the link alone.
    pub async fn before(options: &mut Options) -> Result<Self> {
        let link = Self::to(&options.region_url()).await?;
        let name = "REGION_URL".to_owned();
        options.edge_values.insert(name, link.url.clone());
        Ok(link)
    }

    /// Where it listens.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// From now on every request suffers this.
    pub fn fail(&self, fault: Fault) {
        *self.shared.lock() = (fault, u64::MAX);
    }

    /// The next request suffers this, and none after it.
    pub fn fail_once(&self, fault: Fault) {
        *self.shared.lock() = (fault, 1);
    }

    /// How many requests came so far whose path begins so.
    #[must_use]
    pub fn asked(&self, path: &str) -> usize {
        let asked = self.shared.asked.borrow();
        asked.iter().filter(|one| one.starts_with(path)).count()
    }

    /// Waits until so many requests came whose path begins so.
    pub async fn reached(&self, path: &str, count: usize) -> Result<()> {
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

    /// What the next request suffers.
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
    // Whoever is being served ends with the link too.
    let mut serving = tokio::task::JoinSet::new();
    loop {
        tokio::select! {
            Ok((stream, _)) = listener.accept() => {
                let shared = shared.clone();
                // A broken connection is the other side's to notice: that is what this is for.
                serving.spawn(async move { drop(converse(stream, &shared).await) });
            }
            Some(_) = serving.join_next(), if !serving.is_empty() => {}
        }
    }
}

async fn converse(stream: TcpStream, shared: &Shared) -> Result<()> {
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
                // Some of the body is missing, whatever its length.
                let half = whole.get(..whole.len().saturating_sub(10));
                stream.write_all(half.unwrap_or_default()).await?;
                return Ok(stream.shutdown().await?);
            }
        };
        stream.write_all(&answer).await?;
    }
    Ok(())
}

/// The next request of a connection; none, it has ended.
async fn read(stream: &mut BufReader<TcpStream>) -> Result<Option<Asked>> {
    let mut line = String::new();
    if stream.read_line(&mut line).await? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace();
    let (Some(method), Some(target)) = (words.next(), words.next()) else {
        bail!("no request: {line:?}");
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
            "transfer-encoding" => bail!("the link takes bodies of a known length alone"),
            // Those of the connection, not of the request.
            "host" | "connection" | "keep-alive" => {}
            _ => headers.push((name, value)),
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    Ok(Some(Asked { method, target, headers, body }))
}

/// Asks the server behind the link, and writes its answer as it goes back. A server that is not there is a
/// connection that breaks.
async fn forward(shared: &Shared, asked: Asked) -> Result<Vec<u8>> {
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
