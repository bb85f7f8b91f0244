//! The messages of the server on a connection: the welcome, replies, and events in exact order.

use super::{CLOSE_TO_RESUME, Connection, ConnectionState, Effect, Stage};
use crate::client::log_position::{LogPosition, PositionCheck};
use crate::client::object::{Object, Signal};
use crate::client::outbox::Outcome;
use crate::time::Time;
use crate::wire::PONG;
use crate::wire::envelope::{Envelope, ServerMessage};
use crate::wire::welcome::Welcome;
use std::time::Duration;

/// The reason for which a connection lacks events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum EventsMissing {
    /// The object left them out, which it must not do.
    Gap,
    /// The object says so.
    Resync,
}

impl EventsMissing {
    /// Returns the reason as that of a close frame.
    fn reason(self) -> &'static str {
        match self {
            Self::Gap => r#"{"why":"behind"}"#,
            Self::Resync => r#"{"why":"resync"}"#,
        }
    }
}

impl<O: Object> Connection<O> {
    /// Handles a frame of the socket.
    pub(super) fn on_text(&mut self, now: Time, text: &str) {
        if !matches!(self.stage, Stage::Opening(_) | Stage::Open(_)) {
            return;
        }
        self.heartbeat.received(now);
        if text == PONG {
            return;
        }
        let Ok(messages) = ServerMessage::<O::Event, O::Welcome>::read_frame(text) else {
            return self.on_close(now, CLOSE_TO_RESUME, r#"{"why":"unreadable"}"#, None);
        };
        for message in messages {
            if let Err(missing) = self.on_message(now, message) {
                // At once the first time only: a server that keeps leaving out events has a problem.
                let after = (self.failures == 0).then_some(Duration::ZERO);
                return self.on_close(now, CLOSE_TO_RESUME, missing.reason(), after);
            }
        }
    }

    /// Fails if events are missing: the object must then be opened again.
    fn on_message(
        &mut self,
        now: Time,
        message: ServerMessage<O::Event, O::Welcome>,
    ) -> Result<(), EventsMissing> {
        match message {
            ServerMessage::Welcome(welcome) => self.on_welcome(now, welcome),
            ServerMessage::Reply(reply) => {
                let news = self.sender.replied(&reply, now);
                self.tell(news);
            }
            ServerMessage::Event(event) => return self.on_event(now, event),
        }
        Ok(())
    }

    fn on_welcome(&mut self, now: Time, welcome: Box<Welcome<O::Welcome>>) {
        let same_epoch = self.epoch.as_ref() == Some(&welcome.epoch);
        self.epoch = Some(welcome.epoch.clone());
        self.position = self.position.after_welcome(&welcome, O::snapshot_at(&welcome.more));
        self.stage = Stage::Open(now);
        self.was_open = true;
        self.manner.yields = false;
        self.effects.push_back(Effect::State(ConnectionState::Open));
        let (heartbeat, limits, at, durable) =
            (welcome.heartbeat, welcome.limits, welcome.at, welcome.durable);
        self.effects.push_back(Effect::Welcomed(welcome));
        let mut news = self.sender.connected(limits, same_epoch, at, now);
        news.extend(self.sender.durable(durable));
        self.tell(news);
        self.heartbeat.start(heartbeat, now);
        self.on_beat(now);
    }

    fn on_event(&mut self, now: Time, event: Envelope<O::Event>) -> Result<(), EventsMissing> {
        if !matches!(self.stage, Stage::Open(_)) {
            return Err(EventsMissing::Gap);
        }
        match O::signal(&event.event) {
            Some(Signal::Resync) => {
                self.position = LogPosition::default();
                return Err(EventsMissing::Resync);
            }
            Some(Signal::Durable(to)) => {
                let news = self.sender.durable(to);
                self.tell(news);
            }
            None => {}
        }
        match self.position.check(event.at) {
            PositionCheck::Gap => return Err(EventsMissing::Gap),
            PositionCheck::Duplicate => {
                self.effects.push_back(Effect::Repeated(event));
                return Ok(());
            }
            PositionCheck::Ephemeral => {}
            PositionCheck::Next(at) => {
                self.position.at = at;
                self.heartbeat.seen(at, now);
            }
        }
        self.effects.push_back(Effect::Event(event));
        Ok(())
    }

    fn tell(&mut self, news: Vec<Outcome>) {
        self.effects.extend(news.into_iter().map(Effect::Outcome));
    }
}
