//! A room behind its connection: the view, the commands without an answer, and the streams of events.

use crate::Error;
use crate::command::Promises;
use crate::driver::{News, Owner};
use shared::client::outcome::lost_outcome;
use shared::client::{Connection, ConnectionState, Input, Outcome, RoomObject, RoomView, Stopped};
use shared::time::Time;
use shared::wire::envelope::Envelope;
use shared::wire::frame::Message;
use shared::wire::room;
use shared::wire::welcome::Welcome;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::{mpsc, watch};

/// An item of a stream of events.
#[derive(Debug, Clone, PartialEq)]
pub enum RoomEvent {
    /// The connection is open. With `recovered` the missed events follow; otherwise the snapshot replaces what was known, and
    /// the events between are missing.
    Welcomed(Arc<Welcome<room::Welcome>>),
    /// The next event in order, or an ephemeral one.
    Event(Arc<Envelope<room::Event>>),
    /// An event that arrived again, and is dropped; only with [`RoomOptions::audit`](crate::RoomOptions::audit).
    Repeated(Arc<Envelope<room::Event>>),
    /// The state of the connection has changed.
    Connection(ConnectionState),
}

/// A request of the application.
pub(crate) enum RoomRequest {
    Send { key: String, message: Message, promises: Promises },
    Hint(Message),
    Listen(mpsc::Sender<RoomEvent>),
}

/// The state that the room's task keeps for the application.
pub(crate) struct RoomOwner {
    pub(crate) view: watch::Sender<RoomView>,
    pub(crate) connection: watch::Sender<ConnectionState>,
    pub(crate) listeners: Vec<mpsc::Sender<RoomEvent>>,
    pub(crate) promises: BTreeMap<String, Promises>,
    /// Repeated events are told too.
    pub(crate) audit: bool,
}

impl RoomOwner {
    /// Passes an event on. A stream that is not read ends after those that it holds, so that no event is lost in its middle.
    fn tell(&mut self, event: &RoomEvent) {
        self.listeners.retain(|listener| listener.try_send(event.clone()).is_ok());
    }

    fn settle(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Accepted { key, ok } => {
                if let Some(promises) = self.promises.get_mut(&key) {
                    promises.accept(&ok);
                }
            }
            Outcome::Durable { key, ok } => {
                if let Some(promises) = self.promises.remove(&key) {
                    promises.settle(&ok);
                }
            }
            Outcome::Refused { key, refusal } | Outcome::Lost { key, refusal } => {
                if let Some(promises) = self.promises.remove(&key) {
                    promises.fail(Error::Refused(refusal));
                }
            }
        }
    }
}

impl Owner for RoomOwner {
    type Object = RoomObject;
    type Request = RoomRequest;

    fn request(&mut self, _: Time, request: RoomRequest) -> Vec<Input<'static>> {
        match request {
            RoomRequest::Send { key, message, promises } => {
                self.promises.insert(key.clone(), promises);
                vec![Input::Send(vec![(key, message)])]
            }
            RoomRequest::Hint(message) => vec![Input::SendEphemeral(message)],
            RoomRequest::Listen(listener) => {
                self.listeners.push(listener);
                Vec::new()
            }
        }
    }

    fn news(&mut self, _: Time, news: News<RoomObject>) -> Vec<Input<'static>> {
        match news {
            News::Welcomed(welcome) => {
                self.view.send_modify(|view| view.welcome(&welcome));
                self.tell(&RoomEvent::Welcomed(Arc::from(welcome)));
            }
            News::Event(event) => {
                self.view.send_modify(|view| view.event(&event));
                self.tell(&RoomEvent::Event(Arc::new(event)));
            }
            News::Repeated(event) => {
                if self.audit {
                    self.tell(&RoomEvent::Repeated(Arc::new(event)));
                }
            }
            News::Outcome(outcome) => self.settle(outcome),
            News::State(state) => {
                self.tell(&RoomEvent::Connection(state.clone()));
                self.connection.send_replace(state);
            }
            News::Woke => {}
        }
        Vec::new()
    }

    fn stopped(&mut self, connection: &Connection<RoomObject>, stopped: &Stopped) {
        let view = self.view.borrow().clone();
        for pending in connection.pending() {
            let Some(promises) = self.promises.remove(pending.key) else { continue };
            match lost_outcome(pending, stopped, &view) {
                Some(Ok(ok)) => promises.settle(&ok),
                Some(Err(refusal)) => promises.fail(Error::Refused(Box::new(refusal))),
                None => promises.fail(stopped.clone().into()),
            }
        }
        for (_, promises) in std::mem::take(&mut self.promises) {
            promises.fail(stopped.clone().into());
        }
    }
}
