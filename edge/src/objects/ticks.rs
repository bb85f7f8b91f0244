//! The timer of a machine in which something happens by itself many times a second.

use crate::clock;
use crate::objects::runtime::{Machine, Runtime};
use shared::time::Time;
use std::rc::Rc;
use std::time::Duration;
use worker::Delay;

impl<M: Machine> Runtime<M> {
    /// Sets the timer for the next tick, unless it is set: a tick sets the one after it, as long as there is one. A timer
    /// that rings early, because a tick was put off, finds nothing due, and is set again.
    pub(super) fn schedule_tick(self: &Rc<Self>, now: Time) {
        let at = self.machine.borrow().as_ref().and_then(|machine| machine.next_tick()).map(|(at, _)| at);
        let Some(at) = at.filter(|_| !self.is_ticking.replace(true)) else {
            return;
        };
        // The platform's clock has milliseconds: a timer of zero would ring before it moves.
        let wait = at.since(now).max(Duration::from_millis(1));
        self.spawn(async move |runtime| {
            Delay::from(wait).await;
            runtime.is_ticking.set(false);
            let input = runtime.machine.borrow().as_ref().and_then(|machine| machine.next_tick());
            // The machine is gone if it was lost in a panic: then the next event restores it.
            if let Some((_, input)) = input {
                runtime.handle_at(clock::now(), input);
            }
        });
    }
}
