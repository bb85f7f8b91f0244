//! Tests rooms of the client over real sockets, against the machine of a room: cuts, take-overs, renewals, refusals.

// A test fails by a panic.
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod server;

use matchpoint_client::{Client, ConnectionState, Error, Event, Room, RoomEvent, Sent};
use serde_json::{Map, json};
use server::Server;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::task::LocalSet;
use tokio::time::timeout;

/// Limit for anything to happen. It is generous, because the machine may be compiling.
const WAIT: Duration = Duration::from_secs(60);
/// Messages of each player, and the messages between two cuts of its connection.
const MESSAGES: u64 = 120;
const CUT_EVERY: u64 = 17;

async fn within<T>(work: impl IntoFuture<Output = T>) -> T {
    timeout(WAIT, work).await.expect("it happens in time")
}

async fn join(url: &str, name: &str) -> Room {
    let player = Client::new(url).expect("an address").guest(name).await.expect("a guest");
    player.room("m_1".parse().expect("an id")).await.expect("a room")
}

/// Says all messages, with cuts at any moment between them. Returns the durable position of each.
async fn talk(room: &Room, name: &str) -> BTreeMap<u64, String> {
    let mut sent: Vec<(String, Sent)> = Vec::new();
    for n in 0..MESSAGES {
        let text = format!("{name} {n}");
        sent.push((text.clone(), room.say(&text)));
        if n % CUT_EVERY == CUT_EVERY - 1 {
            within(room.until(|view| view.position.at > n)).await.expect("an open room");
            within(room.opened()).await.expect("an open room");
            room.cut(Some(Duration::from_millis(n)));
        }
    }
    let mut durable = BTreeMap::new();
    for (text, sent) in sent {
        let at = within(sent.durable()).await.expect("a durable message").at;
        assert_eq!(durable.insert(at, text), None, "two messages at {at}");
    }
    durable
}

/// Reads a room until its end. Returns the texts by position, and the number of exact resumes.
async fn log(room: &Room) -> (BTreeMap<u64, String>, u64) {
    let (mut texts, mut last, mut resumes) = (BTreeMap::new(), None, 0);
    let mut events = room.events();
    while let Some(event) = within(events.next()).await {
        match event {
            RoomEvent::Welcomed(welcome) => match &welcome.more.snapshot {
                Some(snapshot) => assert_eq!(last.replace(snapshot.at), None, "a second snapshot"),
                None => resumes += 1,
            },
            RoomEvent::Event(event) => {
                let Some(at) = event.at else { continue };
                assert_eq!(last.map(|last| last + 1), Some(at), "a gap, or a repetition");
                last = Some(at);
                if let Event::Said(body) = &event.event {
                    texts.insert(at, body.value().as_str().expect("a text").to_owned());
                }
            }
            RoomEvent::Connection(_) | RoomEvent::Repeated(_) => {}
        }
    }
    (texts, resumes)
}

/// Proved by a machine that passed repeated events on, and by an outbox that forgot commands at their first sending.
#[tokio::test]
async fn talk_through_cut_connections_loses_and_doubles_nothing() {
    let test = async {
        let (url, _server) = Server::start(2).await;
        let (a, b) = (join(&url, "Ana").await, join(&url, "Bo").await);
        let talks = async {
            let (mut said, of_b) = tokio::join!(talk(&a, "Ana"), talk(&b, "Bo"));
            said.extend(of_b);
            within(a.end_room(json!("done"))).await.expect("an end");
            said
        };
        let (said, (of_a, resumes_a), (of_b, resumes_b)) = tokio::join!(talks, log(&a), log(&b));
        assert_eq!(said.len() as u64, 2 * MESSAGES);
        assert_eq!(of_a, said);
        assert_eq!(of_b, said);
        // A cut that meets a connection which is opening again counts with the one before it.
        assert!(resumes_a > 0 && resumes_b > 0, "{resumes_a} and {resumes_b} resumes");
        assert!(matches!(b.connection(), ConnectionState::Stopped(stopped) if stopped.code == 4007));
        assert_eq!(b.say(&json!(1)).await, Err(Error::Closed { code: 4007, why: "room_over".into() }));
    };
    LocalSet::new().run_until(test).await;
}

#[tokio::test]
async fn client_that_was_taken_over_returns_when_the_newer_one_is_gone() {
    let test = async {
        let (url, _server) = Server::start(2).await;
        let older = join(&url, "Ana").await;
        let mut events = older.events();
        let newer = join(&url, "Ana").await;
        loop {
            let event = within(events.next()).await.expect("a client that stands by");
            if matches!(event, RoomEvent::Connection(ConnectionState::Waiting { code: 4006, .. })) {
                break;
            }
        }
        newer.say(&1).await.expect("an accepted message");
        newer.close();
        let sent = older.say(&2);
        assert!(within(sent.durable()).await.is_ok());
        within(older.leave()).await.expect("a vacated seat");
        assert!(matches!(older.connection(), ConnectionState::Stopped(_)));
    };
    LocalSet::new().run_until(test).await;
}

#[tokio::test]
async fn tokens_are_renewed_while_the_connection_stays_open() {
    let test = async {
        let (url, server) = Server::start(2).await;
        server.borrow_mut().token_s = 8;
        let room = join(&url, "Ana").await;
        let mut events = room.events();
        // The configuration, the sign-in, and then renewals.
        while server.borrow().grants < 4 {
            within(room.say(&0)).await.expect("an open room");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        while let Some(event) = events.try_next() {
            assert!(!matches!(event, RoomEvent::Connection(ConnectionState::Waiting { .. })), "{event:?}");
        }
    };
    LocalSet::new().run_until(test).await;
}

#[tokio::test]
async fn refusals_are_typed_errors_and_the_board_is_in_the_view() {
    let test = async {
        let (url, _server) = Server::start(1).await;
        let room = join(&url, "Ana").await;
        let keys: Map<_, _> = [("turn".to_owned(), json!("p_ana"))].into_iter().collect();
        let at = room.set(keys.clone(), None).await.expect("a written key").at;
        within(room.until(|view| view.board.contains_key("turn"))).await.expect("the key in the view");
        let stale = room.set(keys, Some(at - 1)).await;
        assert!(matches!(&stale, Err(Error::Refused(refusal)) if refusal.at == Some(at)), "{stale:?}");
        assert!(matches!(room.make_move(&1).await, Err(Error::Refused(_))));
        let stranger = Client::new(&url).expect("an address").guest("Bo").await.expect("a guest");
        let full = stranger.room("m_1".parse().expect("an id")).await.err();
        assert!(matches!(full, Some(Error::Closed { code: 4005, .. })), "{full:?}");
        let absent = stranger.room("m_2".parse().expect("an id")).await.err();
        assert!(matches!(absent, Some(Error::Closed { code: 4011, .. })), "{absent:?}");
        assert!(Client::new("edge.example").is_err());
        assert_eq!(Client::new("https://edge.example").is_ok(), cfg!(feature = "tls"));
    };
    LocalSet::new().run_until(test).await;
}
