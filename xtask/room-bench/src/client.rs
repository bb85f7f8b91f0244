//! One socket of the load: opening, the first frame, messages out and in.

use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;

use anyhow::{Context, Result, bail};
use mio::net::TcpStream;

use crate::frames::{self, Frame};
use crate::plan::Dialect;

/// How far a socket is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The upgrade was requested.
    Upgrading,
    /// Upgraded; the server's first frame has not arrived.
    Greeting,
    Open,
    Closed,
}

/// The result of one reading of a socket.
#[derive(Debug, Default)]
pub struct Inbound {
    /// The socket received its first frame.
    pub opened: bool,
    /// The server closed the socket.
    pub closed: bool,
}

/// One socket of the load.
pub struct Client {
    pub stream: TcpStream,
    pub stage: Stage,
    dialect: Dialect,
    input: Vec<u8>,
    start: usize,
    output: Vec<u8>,
    /// The socket took less than was written: wait until it is writable.
    pub blocked: bool,
    pub close_code: Option<u16>,
}

impl Client {
    /// Connects and queues the upgrade request.
    pub fn connect(addr: SocketAddr, dialect: Dialect, path: &str, protocols: &str) -> Result<Self> {
        let stream = TcpStream::connect(addr).context("cannot connect")?;
        let mut request = format!(
            "GET {path} HTTP/1.1\r\nHost: {addr}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        );
        if !protocols.is_empty() {
            request.extend(["Sec-WebSocket-Protocol: ", protocols, "\r\n"]);
        }
        request += "\r\n";
        Ok(Self {
            stream,
            stage: Stage::Upgrading,
            dialect,
            input: Vec::new(),
            start: 0,
            output: request.into_bytes(),
            blocked: true,
            close_code: None,
        })
    }

    /// Queues one message and writes as much as the socket takes.
    pub fn send(&mut self, payload: &[u8]) -> io::Result<()> {
        frames::text(&mut self.output, payload);
        self.flush()
    }

    /// Writes as much as the socket takes.
    pub fn flush(&mut self) -> io::Result<()> {
        let mut written = 0;
        while let Some(rest) = self.output.get(written..).filter(|rest| !rest.is_empty()) {
            match self.stream.write(rest) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(count) => written += count,
                Err(error)
                    if error.kind() == ErrorKind::WouldBlock || error.kind() == ErrorKind::NotConnected =>
                {
                    break;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.output.drain(..written);
        self.blocked = !self.output.is_empty();
        Ok(())
    }

    /// Reads everything that has arrived and hands each text frame of an open socket to `heard`.
    pub fn receive(&mut self, scratch: &mut [u8], mut heard: impl FnMut(&[u8])) -> Result<Inbound> {
        let mut inbound = Inbound::default();
        loop {
            match self.stream.read(scratch) {
                Ok(0) => {
                    inbound.closed = true;
                    break;
                }
                Ok(count) => {
                    self.input.extend(scratch.get(..count).unwrap_or_default());
                    self.consume(&mut inbound, &mut heard)?;
                    if count < scratch.len() {
                        break;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::ConnectionReset => {
                    inbound.closed = true;
                    break;
                }
                Err(error) => return Err(error.into()),
            }
        }
        if inbound.closed {
            self.stage = Stage::Closed;
        }
        Ok(inbound)
    }

    fn consume(&mut self, inbound: &mut Inbound, heard: &mut impl FnMut(&[u8])) -> Result<()> {
        if self.stage == Stage::Upgrading && !self.upgraded()? {
            return Ok(());
        }
        let input = std::mem::take(&mut self.input);
        while let Some((frame, length)) = frames::read(input.get(self.start..).unwrap_or_default()) {
            self.start += length;
            match frame {
                Frame::Text(text) => self.text(text, inbound, heard),
                Frame::Ping(payload) => frames::pong(&mut self.output, payload),
                Frame::Close(code) => {
                    self.close_code = code;
                    inbound.closed = true;
                }
                Frame::Other => {}
            }
        }
        self.input = input;
        self.input.drain(..self.start);
        self.start = 0;
        if !self.output.is_empty() {
            self.flush()?;
        }
        Ok(())
    }

    /// True once the response to the upgrade is complete; it is removed from the input.
    fn upgraded(&mut self) -> Result<bool> {
        let Some(end) = self.input.windows(4).position(|four| four == b"\r\n\r\n") else {
            return Ok(false);
        };
        let head = String::from_utf8_lossy(self.input.get(..end).unwrap_or_default()).into_owned();
        if !head.starts_with("HTTP/1.1 101") {
            bail!("the upgrade was refused: {}", head.lines().next().unwrap_or_default());
        }
        self.input.drain(..end + 4);
        self.stage = Stage::Greeting;
        Ok(true)
    }

    fn text(&mut self, text: &[u8], inbound: &mut Inbound, heard: &mut impl FnMut(&[u8])) {
        match (self.dialect, self.stage, text) {
            // Engine.IO: open, and its pings.
            (Dialect::SocketIo, _, [b'0', ..]) => frames::text(&mut self.output, b"40"),
            (Dialect::SocketIo, _, b"2") => frames::text(&mut self.output, b"3"),
            // The namespace is connected, or the room says welcome.
            (Dialect::SocketIo, Stage::Greeting, [b'4', b'2', ..])
            | (Dialect::Matchpoint, Stage::Greeting, _) => {
                self.stage = Stage::Open;
                inbound.opened = true;
                heard(text);
            }
            (_, Stage::Open, _) => heard(text),
            _ => {}
        }
    }
}
