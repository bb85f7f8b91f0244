//! Tests the limits of HTTP requests at the edge: rate, origin, body size and time.

use anyhow::{Context, Result, ensure};
use futures_util::future::try_join_all;
use reqwest::{Method, Response};
use serde_json::{Value, json};
use std::time::Duration;
use tests::stack::{self, Stack};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use xtask::wire::{Opening, Server, text};

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
    let passed = statuses.iter().filter(|status| **status != 429).count();
    ensure!(statuses.contains(&429), "{statuses:?}");
    ensure!(passed >= shared::limits::HTTP_RATE_BURST as usize, "{statuses:?}");
    // The rooms that a player owns at a time are limited too.
    let made = statuses.iter().filter(|status| **status == 201).count();
    ensure!(made == shared::limits::ROOMS_OWNED_MAX, "{statuses:?}");
    let bo = server.guest("Bo").await?;
    server.open_room(&bo, &json!({})).await?;
    Ok(())
}

#[tokio::test]
async fn openings_of_an_address_are_limited_whatever_their_token() -> Result<()> {
    let stack = rate_limited().await?;
    let server = server(&stack)?;
    let open = async |address: &str, nth: usize| {
        let opening = Opening::new(server.edge(), "/v1/rooms/m_1", &format!("a.b.{nth}"));
        let mut socket = opening.header("cf-connecting-ip", address).connect().await?;
        anyhow::Ok(socket.closed().await?.code)
    };
    let burst = shared::limits::OPENING_RATE_BURST as usize;
    let codes = try_join_all((0..burst * 4).map(|nth| open("203.0.113.9", nth))).await?;
    let read = codes.iter().filter(|code| **code == 4301).count();
    ensure!(read >= burst && codes.contains(&4101), "{codes:?}");
    ensure!(open("203.0.113.10", 0).await? == 4301, "another address");
    Ok(())
}

#[tokio::test]
async fn looks_for_absent_rooms_are_limited_and_those_for_rooms_are_not() -> Result<()> {
    let stack = rate_limited().await?;
    let server = server(&stack)?;
    let ana = server.guest("Ana").await?;
    let room = server.open_room(&ana, &json!({})).await?;
    let address = "203.0.113.11";
    let open = async |room: &str| {
        let opening = server.room(room, &ana).header("cf-connecting-ip", address);
        let mut socket = opening.connect().await?;
        anyhow::Ok(socket.closed().await?.code)
    };
    let burst = shared::limits::ABSENT_ROOM_RATE_BURST;
    let mut codes = Vec::new();
    for nth in 0..burst * 5 {
        codes.push(open(&format!("m_absent-{nth}")).await?);
        if codes.last() == Some(&4101) {
            break;
        }
    }
    let absent = codes.iter().filter(|code| **code == 4011).count();
    ensure!(absent >= burst as usize && codes.contains(&4101), "{codes:?}");
    // A look for a room that exists takes nothing from the budget.
    for _ in 0..burst * 2 {
        let answer = from(&server, "203.0.113.12", &format!("/v1/rooms/{room}")).await?;
        ensure!(matches!(answer.status().as_u16(), 200 | 429), "{}", answer.status());
    }
    let mut socket = server.room(&room, &ana).header("cf-connecting-ip", "203.0.113.12").connect().await?;
    socket.welcome().await.map(drop)
}

#[tokio::test]
async fn player_owns_a_limited_number_of_rooms_until_one_ends() -> Result<()> {
    let stack = stack::shared().await?;
    let server = server(stack)?;
    let ana = server.guest("Ana").await?;
    let mut rooms = Vec::new();
    for _ in 0..shared::limits::ROOMS_OWNED_MAX {
        rooms.push(server.open_room(&ana, &json!({})).await?);
    }
    let refused = server.post("/v1/rooms", Some(&ana.token), String::new()).await?;
    ensure!(refused.status().as_u16() == 409, "{}", refused.status());
    ensure!(text(&refused.json().await?, "/code") == "too_many_rooms");
    let mut socket = server.room(&rooms[0], &ana).connect().await?;
    socket.welcome().await?;
    socket.ok(json!({"op": "end"})).await?;
    // The room tells the player's object that it has ended.
    let again = async {
        while server.post("/v1/rooms", Some(&ana.token), String::new()).await?.status().as_u16() != 201 {}
        anyhow::Ok(())
    };
    timeout(Duration::from_secs(30), again).await.context("the place stays taken")?
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
