//! Checks of wants: which tickets fit, and how wants relax.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::Fixture;
use super::fixture::must;
use super::lobby::{enter, open};
use super::queue::end;
use crate::wire::{LobbyEvent, num, unique};
use crate::{events, next_event};

checks! {
    "W-185" "any_of, between, within and shares match tickets that fit" => wants_fit;
    "W-186" "any_of, between, within and shares do not match tickets that do not fit" => wants_keep_apart;
    "W-196" "a ticket with other wants is not matched, and why has its rule" => no_fit;
    "W-197" "a want that relaxes holds until then, and not after" => relaxes;
}

async fn no_fit(fixture: Fixture) -> Result<()> {
    let guests = fixture.guests(2).await?;
    let mut sockets = Vec::new();
    for guest in &guests {
        let (_, mut socket) = open(&fixture, guest).await?;
        socket.ok(enter(&unique())).await?;
        sockets.push(socket);
    }
    for socket in &mut sockets {
        let why = socket.ok(json!({"op": "why"})).await?;
        must(num(&why, "/fit_now") == Some(0), "no ticket fits", &why)?;
        let rest = socket.settle().await?;
        ensure!(events!(rest, LobbyEvent::Matched).is_empty(), "{rest:?}");
        socket.ok(json!({"op": "leave"})).await?;
    }
    Ok(())
}

/// An `enter` with a want of every kind, each about one attribute.
fn wanting(mark: &str, attrs: &Value) -> Value {
    let mut attrs = attrs.clone();
    if let Some(attrs) = attrs.as_object_mut() {
        attrs.insert("mark".into(), mark.into());
    }
    json!({"op": "enter", "key": unique(), "body": {"attrs": attrs, "wants": [
        {"attr": "mark", "is": mark},
        {"attr": "lang", "any_of": ["en", "fr"]},
        {"attr": "age", "between": [30, 40]},
        {"attr": "skill", "within": 10},
        {"attr": "likes", "shares": true},
    ]}})
}

async fn wants_fit(fixture: Fixture) -> Result<()> {
    let guests = fixture.guests(2).await?;
    let (mark, mut told, mut sockets) = (unique(), Vec::new(), Vec::new());
    for (guest, attrs) in guests.iter().zip([
        json!({"lang": "en", "age": 30, "skill": 100, "likes": ["chess", "tango"]}),
        json!({"lang": "fr", "age": 40, "skill": 110, "likes": ["go", "tango"]}),
    ]) {
        let (_, mut socket) = open(&fixture, guest).await?;
        socket.ok(wanting(&mark, &attrs)).await?;
        sockets.push(socket);
    }
    for socket in &mut sockets {
        told.push(next_event!(socket, LobbyEvent::Matched).await?);
    }
    for guest in guests.iter().take(1) {
        end(&fixture, &told, guest).await?;
    }
    Ok(())
}

async fn wants_keep_apart(fixture: Fixture) -> Result<()> {
    let fine = json!({"lang": "en", "age": 35, "skill": 100, "likes": ["chess"]});
    let ana = fixture.guest().await?;
    let bo = fixture.guest().await?;
    for (name, value) in [
        ("lang", json!("de")),
        ("age", json!(41)),
        ("skill", json!(111)),
        ("likes", json!(["go"])),
        ("likes", json!(null)),
    ] {
        let mut other = fine.clone();
        if let Some(other) = other.as_object_mut() {
            other.remove(name);
            if !value.is_null() {
                other.insert(name.into(), value);
            }
        }
        let mark = unique();
        let (_, mut a) = open(&fixture, &ana).await?;
        let (_, mut b) = open(&fixture, &bo).await?;
        a.ok(wanting(&mark, &fine)).await?;
        b.ok(wanting(&mark, &other)).await?;
        let why = b.ok(json!({"op": "why"})).await?;
        must(num(&why, "/fit_now") == Some(0), &other.to_string(), &why)?;
        for socket in [&mut a, &mut b] {
            let rest = socket.settle().await?;
            ensure!(events!(rest, LobbyEvent::Matched).is_empty(), "{other}: {rest:?}");
            socket.ok(json!({"op": "leave"})).await?;
        }
    }
    Ok(())
}

async fn relaxes(fixture: Fixture) -> Result<()> {
    let guests = fixture.guests(2).await?;
    let (both, mut told, mut sockets) = (unique(), Vec::new(), Vec::new());
    for (guest, own) in guests.iter().zip(["x", "y"]) {
        let message = json!({"op": "enter", "key": unique(), "body": {
            "attrs": {"both": both, "own": own},
            "wants": [
                {"attr": "both", "is": both},
                {"attr": "own", "is": own, "relax": {"after_s": 2}},
            ],
        }});
        let (_, mut socket) = open(&fixture, guest).await?;
        socket.ok(message).await?;
        sockets.push(socket);
    }
    let Some(second) = sockets.last_mut() else {
        return Ok(());
    };
    let why = second.ok(json!({"op": "why"})).await?;
    must(num(&why, "/fit_later") >= Some(1), "one ticket fits later", &why)?;
    let next = num(&why, "/next_in_ms");
    must(next.is_some_and(|ms| ms <= 2_000), "when", &why)?;
    for socket in &mut sockets {
        told.push(next_event!(socket, LobbyEvent::Matched).await?);
    }
    for guest in guests.iter().take(1) {
        end(&fixture, &told, guest).await?;
    }
    Ok(())
}
