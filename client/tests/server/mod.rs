//! A server for the tests of the client: the machine of one room behind a TCP port, with sessions for any guest.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use shared::connection::{Conn, ConnectionInput, Identity};
use shared::delivery::conn_numbers::ConnNumbers;
use shared::delivery::outbox::{DeliveryLevel, Outbox};
use shared::id::PlayerId;
use shared::room::seats::Seat;
use shared::room::{Effect, Input, Resume, Room, Rules, Setup, Switches};
use shared::time::Time;
use shared::wire::{CloseCode, PING, PONG, SUBPROTOCOL};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::time::{Instant, interval};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

/// The time at which the server starts, by its own clock.
const START: Time = Time::from_ms(1_733_000_000_000);
/// How often the alarm is looked at.
const ALARM: Duration = Duration::from_millis(20);
/// A request has fewer bytes than this before its body ends.
const REQUEST_BYTES: usize = 8 * 1024;

enum Down {
    Frame(String),
    Close(CloseCode),
}

/// The room, its sockets and its clock.
pub struct Server {
    room: Room,
    outbox: Outbox,
    sockets: BTreeMap<Conn, UnboundedSender<Down>>,
    numbers: ConnNumbers,
    /// The answers that the room waits for: confirmations of its calls, and verdicts about tokens.
    answers: Vec<Answer>,
    started: Instant,
    /// The seconds for which an access token is valid.
    pub token_s: u64,
    /// The number of tokens that were granted.
    pub grants: u64,
}

enum Answer {
    Confirmed(shared::delivery::pending_calls::CallId),
    Renewed { conn: Conn, id: Option<Value>, verdict: Result<Identity, String> },
}

impl Server {
    /// Starts the server with a room of free seats. Returns its address, and the server for a look inside.
    pub async fn start(seats: usize) -> (String, Rc<RefCell<Self>>) {
        let setup = Setup {
            id: "m_1".parse().expect("an id"),
            pool: None,
            owner: None,
            seats: vec![Seat::free(); seats],
            rules: Rules::default(),
            mode: None,
            trace: None,
        };
        let (room, _) = Room::create(START, setup, Switches::default());
        let server = Rc::new(RefCell::new(Self {
            numbers: ConnNumbers::restored(START, room.next_conn()),
            room,
            outbox: Outbox::default(),
            sockets: BTreeMap::new(),
            answers: Vec::new(),
            started: Instant::now(),
            token_s: 600,
            grants: 0,
        }));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        tokio::task::spawn_local(accept(listener, url.clone(), Rc::clone(&server)));
        tokio::task::spawn_local(ring(Rc::clone(&server)));
        (url, server)
    }

    fn now(&self) -> Time {
        START + self.started.elapsed()
    }

    /// Passes an input to the room, and carries out its effects until nothing is owed.
    fn turn(&mut self, input: Input<'_>) {
        let now = self.now();
        let effects = self.room.handle(now, input);
        self.apply(effects);
        while self.outbox.has_pending() || self.room.has_unflushed() {
            let flush = self.room.flush(now);
            self.apply(flush.before);
            self.send_queued();
            self.apply(flush.after);
        }
        while let Some(answer) = self.answers.pop() {
            match answer {
                Answer::Confirmed(call) => self.turn(Input::Confirmed { call }),
                Answer::Renewed { conn, id, verdict } => {
                    self.turn(ConnectionInput::Renewed { conn, id, verdict }.into());
                }
            }
        }
    }

    fn apply(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Save(save) if save.chunk.is_some() || save.room.is_some() => self.send_queued(),
                Effect::Send { conn, text } => self.outbox.send(conn, text),
                Effect::Broadcast { text, audience } => self.outbox.broadcast(text, audience),
                Effect::SetDeliveryLevel { conn, level } => self.outbox.set_level(conn, level),
                Effect::Close { conn, code } => {
                    self.send_queued();
                    self.outbox.close(conn);
                    if let Some(socket) = self.sockets.remove(&conn) {
                        let _ = socket.send(Down::Close(code));
                    }
                }
                Effect::Call { id, .. } => self.answers.push(Answer::Confirmed(id)),
                Effect::Verify { conn, id, token } => {
                    let verdict =
                        self.identity(&token).ok_or_else(|| "not a token of this server".to_owned());
                    self.answers.push(Answer::Renewed { conn, id, verdict });
                }
                Effect::Save(_) | Effect::Attach { .. } | Effect::Erase => {}
                Effect::Panic | Effect::ReportFault { .. } => panic!("the room has a fault"),
            }
        }
    }

    fn send_queued(&mut self) {
        for frame in self.outbox.flush() {
            for conn in frame.to {
                if let Some(socket) = self.sockets.get(&conn) {
                    let _ = socket.send(Down::Frame(frame.text.clone()));
                }
            }
        }
    }

    /// Returns the identity of a token, which is the player's id and a number.
    fn identity(&self, token: &str) -> Option<Identity> {
        let player: PlayerId = token.split('.').next()?.parse().ok()?;
        let exp = self.now() + Duration::from_secs(self.token_s);
        Some(Identity { player, sid: "s_1".parse().ok()?, ep: 0, exp })
    }

    /// Opens a socket of the room, or returns the reason for which it is closed at once.
    fn open(&mut self, opening: &Opening, socket: UnboundedSender<Down>) -> Result<Conn, CloseCode> {
        let identity = self.identity(&opening.token).ok_or(CloseCode::TokenInvalid)?;
        if opening.path != "/v1/rooms/m_1" {
            return Err(CloseCode::NotFound);
        }
        if opening.query.contains("yield=1") && !self.room.connections_of(&identity.player).is_empty() {
            return Err(CloseCode::TakenOver);
        }
        let role = self.room.admit(&identity, opening.query.contains("watch=1"))?;
        let conn = self.numbers.take(self.room.next_conn());
        self.outbox.open(conn, identity.player.clone(), DeliveryLevel::All);
        self.sockets.insert(conn, socket);
        let name = Some(identity.player.to_string());
        self.turn(Input::Opened { conn, identity, role, resume: opening.resume(), name });
        Ok(conn)
    }

    fn closed(&mut self, conn: Conn) {
        if self.sockets.remove(&conn).is_some() {
            self.outbox.close(conn);
            self.turn(ConnectionInput::Closed { conn }.into());
        }
    }

    /// Answers the requests of a sign-in.
    fn answer(&mut self, url: &str, path: &str, body: &Value) -> Value {
        self.grants += 1;
        let number = self.grants;
        let player = match path {
            "/v1/sessions" => format!("p_{}", body["guest"]["name"].as_str().unwrap_or("x").to_lowercase()),
            "/v1/sessions/refresh" => body["refresh_token"].as_str().unwrap_or_default().to_owned(),
            _ => return json!({ "region": url }),
        };
        json!({
            "player": player, "access_token": format!("{player}.{number}"), "expires_in": self.token_s,
            "refresh_token": player,
        })
    }
}

/// The request for a socket.
#[derive(Default)]
struct Opening {
    path: String,
    query: String,
    token: String,
}

impl Opening {
    fn resume(&self) -> Option<Resume> {
        let find = |name: &str| self.query.split('&').find_map(|part| part.strip_prefix(name));
        Some(Resume { epoch: find("epoch=")?.to_owned(), at: find("at=")?.parse().ok()? })
    }
}

async fn accept(listener: TcpListener, url: String, server: Rc<RefCell<Server>>) {
    while let Ok((stream, _)) = listener.accept().await {
        let (url, server) = (url.clone(), Rc::clone(&server));
        tokio::task::spawn_local(async move {
            let mut head = vec![0; REQUEST_BYTES];
            let count = stream.peek(&mut head).await.unwrap_or_default();
            let head = String::from_utf8_lossy(&head[..count]).to_lowercase();
            if head.contains("upgrade: websocket") {
                serve_socket(stream, server).await;
            } else {
                serve_request(stream, &url, server).await;
            }
        });
    }
}

async fn ring(server: Rc<RefCell<Server>>) {
    let mut ticks = interval(ALARM);
    loop {
        ticks.tick().await;
        let mut server = server.borrow_mut();
        if server.room.wake_at().is_some_and(|at| at <= server.now()) {
            server.turn(Input::Woke);
        }
    }
}

async fn serve_request(mut stream: TcpStream, url: &str, server: Rc<RefCell<Server>>) {
    let mut request = Vec::new();
    // The body ends the request; those of a GET have none.
    let is_whole = |request: &[u8]| {
        let text = String::from_utf8_lossy(request).into_owned();
        let (head, body) = text.split_once("\r\n\r\n")?;
        let path = head.split(' ').nth(1)?.to_owned();
        let body = if head.starts_with("GET") { Value::Null } else { serde_json::from_str(body).ok()? };
        Some((path, body))
    };
    let (path, body) = loop {
        let mut part = [0; 1024];
        let count = stream.read(&mut part).await.unwrap_or_default();
        request.extend_from_slice(&part[..count]);
        match is_whole(&request) {
            Some(whole) => break whole,
            None if count == 0 => return,
            None => {}
        }
    };
    let answer = server.borrow_mut().answer(url, &path, &body).to_string();
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", answer.len());
    let _ = stream.write_all(format!("{head}{answer}").as_bytes()).await;
}

// The error of the callback is that of the library.
#[allow(clippy::result_large_err)]
async fn serve_socket(stream: TcpStream, server: Rc<RefCell<Server>>) {
    let mut opening = Opening::default();
    let read = |request: &Request, mut response: Response| {
        let bearer = request.headers().get("authorization").and_then(|value| value.to_str().ok());
        opening = Opening {
            path: request.uri().path().to_owned(),
            query: request.uri().query().unwrap_or_default().to_owned(),
            token: bearer.and_then(|text| text.strip_prefix("Bearer ")).unwrap_or_default().to_owned(),
        };
        response.headers_mut().insert("sec-websocket-protocol", SUBPROTOCOL.parse().expect("a header"));
        Ok(response)
    };
    let Ok(mut ws) = tokio_tungstenite::accept_hdr_async(stream, read).await else { return };
    let (sender, mut down) = unbounded_channel();
    let opened = server.borrow_mut().open(&opening, sender.clone());
    let conn = opened.map_err(|code| sender.send(Down::Close(code))).ok();
    loop {
        tokio::select! {
            frame = down.recv() => match frame {
                Some(Down::Frame(text)) => drop(ws.send(Message::text(text)).await),
                Some(Down::Close(code)) => {
                    let frame = CloseFrame { code: code.code().into(), reason: code.reason().into() };
                    let _ = ws.close(Some(frame)).await;
                    return;
                }
                None => return,
            },
            got = ws.next() => match got {
                Some(Ok(Message::Text(text))) if text.as_str() == PING => drop(ws.send(Message::text(PONG)).await),
                Some(Ok(Message::Text(text))) => {
                    if let Some(conn) = conn {
                        server.borrow_mut().turn(ConnectionInput::Text { conn, text: text.as_str() }.into());
                    }
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => {
                    if let Some(conn) = conn {
                        server.borrow_mut().closed(conn);
                    }
                    return;
                }
                Some(Ok(_)) => {}
            },
        }
    }
}
