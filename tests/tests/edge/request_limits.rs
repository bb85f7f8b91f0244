//! Tests the limits of HTTP requests at the edge: rate, origin, body size and time.

use anyhow::{Context, Result, ensure};
use futures_util::future::try_join_all;
use reqwest::{Method, Response};
use serde_json::Value;
use tests::stack::{self, Stack};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use xtask::wire::{Server, text};

use super::chat::server;

/// Starts a stack with rate limits and one allowed origin.
async fn rate_limited() -> Result<Stack> {
    stack::start_with(|options| {
        let values = [("HTTP_PACE", "on"), ("ORIGINS", "https://friend.example")];
        let values = values.map(|(name, value)| (name.to_owned(), value.to_owned()));
        options.edge_values.extend(values);
    })
    .await
}

/// Sends a request from an address. Only workerd lets a client choose the address; the provider overwrites
/// it.
async fn from(server: &Server, address: &str, path: &str) -> Result<Response> {
    let url = format!("{}{path}", server.edge());
    let request = server.http().get(url).header("cf-connecting-ip", address);
    Ok(request.send().await?)
}

fn wait(answer: &Response) -> Option<u64> {
    let header = answer.headers().get("retry-after")?;
    header.to_str().ok()?.parse().ok()
}

#[tokio::test]
async fn rate_limit_of_an_address_does_not_affect_others() -> Result<()> {
    let stack = rate_limited().await?;
    let server = server(&stack)?;
    // All at once: a busy machine needs seconds for them, and the bucket refills by ten in each.
    let ask = |_| from(&server, "203.0.113.7", "/v1/config");
    let answers = try_join_all((0..150).map(ask)).await?;
    let is = |status: u16| move |answer: &&Response| answer.status().as_u16() == status;
    let fine = answers.iter().filter(is(200)).count();
    ensure!(fine >= shared::limits::HTTP_RATE_BURST as usize, "{fine} passed");
    let refused = answers.into_iter().find(|answer| is(429)(&answer)).context("no request was refused")?;
    let seconds = wait(&refused).context("no Retry-After")?;
    let body: Value = refused.json().await?;
    ensure!(text(&body, "/code") == "too_fast", "{body}");
    ensure!((1..=2).contains(&seconds), "Retry-After: {seconds}");

    let other = from(&server, "203.0.113.8", "/v1/config").await?;
    ensure!(other.status().is_success(), "another: {}", other.status());
    let health = from(&server, "203.0.113.7", "/health").await?;
    ensure!(health.status().is_success(), "health: {}", health.status());

    // The addresses of one IPv6 network share a bucket.
    let ask = async |n: u16| {
        let address = format!("2001:db8:1:2::{n:x}");
        from(&server, &address, "/v1/config").await
    };
    let answers = try_join_all((0..150).map(ask)).await?;
    ensure!(answers.iter().any(|answer| is(429)(&answer)));
    let neighbour = from(&server, "2001:db8:1:3::1", "/v1/config").await?;
    ensure!(neighbour.status().is_success(), "{}", neighbour.status());
    Ok(())
}

#[tokio::test]
async fn rate_limit_of_a_player_holds_over_many_addresses() -> Result<()> {
    let stack = rate_limited().await?;
    let server = server(&stack)?;
    let ana = server.guest("Ana").await?;
    let url = format!("{}/v1/rooms", server.edge());
    let ask = async |n: u8| {
        let request = server.http().post(&url).bearer_auth(&ana.token);
        let request = request.header("cf-connecting-ip", format!("198.51.100.{n}"));
        anyhow::Ok(request.send().await?.status().as_u16())
    };
    let statuses = try_join_all((0..150).map(ask)).await?;
    let made = statuses.iter().filter(|status| **status == 201).count();
    ensure!(statuses.contains(&429), "{statuses:?}");
    ensure!(made >= shared::limits::HTTP_RATE_BURST as usize, "{statuses:?}");
    let bo = server.guest("Bo").await?;
    server.open_room(&bo, &serde_json::json!({})).await?;
    Ok(())
}

#[tokio::test]
async fn only_a_listed_origin_is_allowed() -> Result<()> {
    let stack = rate_limited().await?;
    let server = server(&stack)?;
    let url = format!("{}/v1/rooms", server.edge());
    for (origin, may) in [
        ("https://friend.example", true),
        ("https://friend.example.evil.example", false),
        ("http://friend.example", false),
        ("null", false),
    ] {
        for method in [Method::OPTIONS, Method::POST] {
            let request = server.http().request(method.clone(), &url);
            let request = request.header("origin", origin).header("access-control-request-method", "POST");
            let answer = request.send().await?;
            let header = |name: &str| {
                let value = answer.headers().get(name)?;
                value.to_str().ok()
            };
            let allowed = header("access-control-allow-origin");
            ensure!(allowed == may.then_some(origin), "{origin}: {allowed:?}");
            if method == Method::OPTIONS {
                ensure!(answer.status().as_u16() == 204, "{}", answer.status());
                let methods = header("access-control-allow-methods");
                ensure!(methods == may.then_some("POST"), "{origin}: {methods:?}");
            }
        }
    }
    Ok(())
}

/// Sends raw bytes to the edge and returns the status line of the answer.
async fn raw(server: &Server, request: &[u8]) -> Result<String> {
    let address = server.edge().trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(request).await?;
    let mut answer = vec![0; 64];
    let read = stream.read(&mut answer).await?;
    let answer = String::from_utf8_lossy(&answer[..read]).into_owned();
    Ok(answer.lines().next().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn body_is_limited_in_size_and_time_whatever_its_header_says() -> Result<()> {
    let stack = stack::shared().await?;
    let server = server(stack)?;
    let ana = server.guest("Ana").await?;
    let head = format!("POST /v1/rooms HTTP/1.1\r\nhost: edge\r\nauthorization: Bearer {}\r\n", ana.token);
    // A chunked body states no length, so the edge counts it.
    let chunk = format!("1000\r\n{}\r\n", " ".repeat(0x1000));
    let long = format!("{head}transfer-encoding: chunked\r\n\r\n{chunk}{chunk}0\r\n\r\n");
    let status = raw(&server, long.as_bytes()).await?;
    ensure!(status.contains("413"), "{status:?}");
    // A body with a length that never arrives.
    let slow = format!("{head}content-length: 20\r\n\r\n{{");
    let status = raw(&server, slow.as_bytes()).await?;
    ensure!(status.contains("408"), "{status:?}");
    // A body of the stated length.
    let fine = format!("{head}content-length: 2\r\n\r\n{{}}");
    let status = raw(&server, fine.as_bytes()).await?;
    ensure!(status.contains("201"), "{status:?}");
    Ok(())
}
