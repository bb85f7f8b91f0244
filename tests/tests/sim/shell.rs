//! The object's shell in the world: inputs in, effects out, and every way in which that can be cut short.

use crate::marks::Mark;
use crate::platform::{Down, Flight, Wrote};
use crate::world::World;
use serde_json::Value;
use shared::call::CallId;
use shared::outbox::{Heed, Outbox, Scope};
use shared::protocol::Close;
use shared::room::{Call, Conn, Effect, Input, Room};
use shared::time::Time;
use std::rc::Rc;

/// What is in memory, and gone with it.
#[derive(Debug)]
pub struct Shell {
    pub room: Room,
    pub outbox: Outbox,
}

impl World {
    /// The object is in memory: from before, or from what the platform remembers.
    pub fn wake(&mut self) -> bool {
        while self.shell.is_none() {
            if self.platform.erased {
                return false;
            }
            let (disk, attachments) = (self.platform.disk(), self.platform.attachments());
            let now = Time::from_ms(self.now);
            self.latest = self.latest.max(self.now);
            let (room, effects) =
                Room::restore(&disk, &attachments, now, false).expect("a room can be read back");
            self.life += 1;
            self.trace(|| format!("restored, {} effects", effects.len()));
            let (saved, log, ..) = room.remembered();
            self.truth.restored(saved.epoch, &log);
            self.hold(room);
            if !self.perform(effects) {
                self.marks.insert(Mark::CrashedInRestore);
            }
        }
        true
    }

    pub fn hold(&mut self, room: Room) {
        let mut outbox = Outbox::default();
        for (conn, player, heed) in room.recipients() {
            outbox.open(conn, player.clone(), heed);
        }
        self.shell = Some(Shell { room, outbox });
    }

    /// One turn. False where the machine did not live to its end.
    pub fn turn(&mut self, input: &Input<'_>) -> bool {
        if !self.wake() {
            return true;
        }
        let now = Time::from_ms(self.now);
        self.latest = self.latest.max(self.now);
        let shell = self.shell.as_mut().expect("awake");
        if let Input::Opened { conn, who, .. } = input {
            shell.outbox.open(*conn, who.player.clone(), Heed::All);
        }
        let effects = shell.room.handle(now, input.clone());
        self.trace(|| format!("{input:?} -> {effects:?}"));
        let erased = effects.contains(&Effect::Erase);
        let lived = self.perform(effects);
        if lived && !erased {
            self.check_turn();
        }
        lived
    }

    /// Carries the effects out, in order. False where the machine is lost before the last.
    fn perform(&mut self, effects: Vec<Effect>) -> bool {
        let crash = self.chance.one_in(self.rough.crash);
        let last = self.chance.below(effects.len() + 1);
        for (nth, effect) in effects.into_iter().enumerate() {
            if crash && nth == last {
                self.crash(Mark::CrashedBetweenEffects);
                return false;
            }
            if !self.carry_out(effect) {
                return false;
            }
        }
        let Some(shell) = &self.shell else {
            return true;
        };
        if shell.outbox.owing() {
            if self.chance.percent(self.rough.hold) {
                self.marks.insert(Mark::HeldForTimer);
            } else {
                self.flush();
            }
        }
        true
    }

    fn carry_out(&mut self, effect: Effect) -> bool {
        match effect {
            Effect::Save(save) => {
                self.flush();
                if self.rough.crash > 0 && self.chance.one_in(self.rough.crash * 2) {
                    self.crash(Mark::CrashedBetweenSendAndWrite);
                    return false;
                }
                match self.platform.write(save) {
                    Wrote::Merged => drop(self.marks.insert(Mark::ChunkMerged)),
                    Wrote::Reused => drop(self.marks.insert(Mark::SlotReused)),
                    Wrote::Nothing | Wrote::New => {}
                }
            }
            Effect::Attach { conn, data } => {
                assert!(data.len() <= 16_384, "an attachment of {} bytes", data.len());
                if data.len() > 8_000 {
                    self.marks.insert(Mark::JournalFull);
                }
                let wire = self.platform.wire_of(conn).expect("a socket to attach to");
                wire.attachment = Some(data);
            }
            Effect::Send { conn, text } => {
                if text.contains(r#""ev":"resync""#) {
                    self.marks.insert(Mark::Resync);
                }
                self.outbox().send(conn, text);
            }
            Effect::Tell { text, scope } => {
                self.told(&text, &scope);
                self.outbox().tell(text, scope);
            }
            Effect::Heed { conn, heed } => self.outbox().heed(conn, heed),
            Effect::Close { conn, why } => self.close(conn, why),
            Effect::Call { id, call } => self.platform.flights.push(Flight::Out(id, call)),
            Effect::Verify { conn, id, .. } => self.verifying.push((conn, id)),
            Effect::Panic => panic!("no fault was asked for"),
            Effect::Erase => self.erase(),
        }
        true
    }

    fn outbox(&mut self) -> &mut Outbox {
        &mut self.shell.as_mut().expect("awake").outbox
    }

    fn told(&mut self, text: &str, scope: &Scope) {
        if text.contains(r#""reason":"stayed_away""#) {
            self.marks.insert(Mark::GraceExpired);
        }
        if let Scope::But(to, _) = scope {
            let away = |client: &crate::client::Client| client.player == *to && client.wire.is_none();
            if self.clients.iter().any(away) {
                self.marks.insert(Mark::SignalWhileAway);
            }
        }
    }

    /// What is owed leaves the machine, in one frame a socket.
    pub fn flush(&mut self) {
        for frame in self.outbox().flush() {
            let messages = Rc::new(match serde_json::from_str(&frame.text) {
                Ok(Value::Array(all)) => all,
                Ok(one) => vec![one],
                Err(error) => panic!("{error}: {}", frame.text),
            });
            for conn in frame.to {
                let wire = self.platform.wire_of(conn).expect("a socket that is owed something");
                if !wire.cut {
                    wire.down.push_back(Down::Frame(Rc::clone(&messages)));
                }
            }
        }
    }

    fn close(&mut self, conn: Conn, why: Close) {
        self.flush();
        self.outbox().close(conn);
        self.marks.extend(match why {
            Close::TakenOver => Some(Mark::TakenOver),
            Close::TokenExpired => Some(Mark::TokenExpired),
            Close::TooSlow => Some(Mark::TooSlow),
            Close::TooFast => Some(Mark::FarTooFast),
            Close::TooBig => Some(Mark::TooBig),
            Close::Kicked => Some(Mark::Kicked),
            _ => None,
        });
        let (life, now) = (self.life, self.now);
        let gone_at = now + self.chance.between(0, 2000);
        // It may be gone of itself in the same moment.
        let Some(wire) = self.platform.wire_of(conn) else {
            return;
        };
        wire.shut = true;
        wire.life = life;
        wire.gone_at = Some(gone_at);
        if !wire.cut {
            wire.down.push_back(Down::Close(why.code()));
        }
    }

    fn erase(&mut self) {
        let room = &self.shell.as_ref().expect("awake").room;
        assert_eq!(room.recipients().count(), 0, "erased under somebody's feet");
        let (saved, ..) = room.remembered();
        assert!(saved.calls.is_empty(), "erased with calls unconfirmed");
        self.platform.erased = true;
        self.platform.alarm = None;
        self.shell = None;
        self.marks.insert(Mark::Erased);
    }

    /// The machine is lost.
    pub fn crash(&mut self, mark: Mark) {
        self.trace(|| format!("crash: {mark:?}"));
        self.marks.insert(mark);
        self.shell = None;
        self.verifying.clear();
        let chance = &mut self.chance;
        self.platform.lose_machine(|most| chance.below(most));
    }

    /// The object leaves memory between two events, with the sockets kept. What comes back is what was there.
    ///
    /// Proved by an attachment that left out the unwritten events; by one that forgot `seen`; by keys that were not
    /// read back; by what a socket carried of an epoch before.
    pub fn evict(&mut self) {
        if !self.verifying.is_empty() {
            return;
        }
        let Some(mut shell) = self.shell.take_if(|shell| !shell.outbox.owing()) else {
            return;
        };
        let (disk, attachments) = (self.platform.disk(), self.platform.attachments());
        let latest = Time::from_ms(self.latest);
        let (mut room, effects) = Room::restore(&disk, &attachments, latest, false).expect("readable");
        let harmless = |effect: &Effect| matches!(effect, Effect::Close { .. });
        assert!(effects.iter().all(harmless), "an eviction has effects: {effects:?}");
        assert_eq!(shell.room.wake_at(), room.wake_at());
        // Both forget by the same clock what the log keeps for a while only.
        for room in [&mut shell.room, &mut room] {
            drop(room.handle(latest, Input::Confirmed { call: CallId(0) }));
        }
        let (before, after) = (shell.room.remembered(), room.remembered());
        assert!(before == after, "an eviction changed the room: {}", difference(&before, &after));
        self.marks.insert(Mark::Evicted);
        self.trace(|| "evicted".to_owned());
    }

    /// A call arrives, or its confirmation does.
    pub fn fly(&mut self) {
        if self.platform.flights.is_empty() {
            return;
        }
        let nth = self.chance.below(self.platform.flights.len());
        let flight = self.platform.flights.swap_remove(nth);
        if self.chance.percent(self.rough.lost) {
            self.marks.insert(Mark::CallLost);
            return;
        }
        match flight {
            Flight::Out(id, call) => {
                match call {
                    // One match, one record. Proved by a record made anew at each try.
                    Call::Record { record } => {
                        let before = self.platform.records.insert(record.id.clone(), (*record).clone());
                        assert!(before.is_none_or(|before| before == *record), "a match has two records");
                    }
                    Call::Report { report } => panic!("nobody reports here: {report:?}"),
                    Call::Free { player, .. } => {
                        self.platform.freed.insert(player.to_string());
                    }
                }
                self.platform.flights.push(Flight::Back(id));
                if self.rough.lost > 0 && self.chance.one_in(4) {
                    self.platform.flights.push(Flight::Back(id));
                    self.marks.insert(Mark::ConfirmedTwice);
                }
            }
            Flight::Back(call) => {
                if !self.awake() {
                    self.marks.insert(Mark::ConfirmedLate);
                }
                self.turn(&Input::Confirmed { call });
            }
        }
    }

    pub fn awake(&self) -> bool {
        self.shell.is_some()
    }
}

/// Where two things begin to differ, as they would be printed.
fn difference(before: &impl std::fmt::Debug, after: &impl std::fmt::Debug) -> String {
    let (before, after) = (format!("{before:?}"), format!("{after:?}"));
    let same = before.bytes().zip(after.bytes()).take_while(|(a, b)| a == b).count();
    let part = |text: &str| {
        let bytes = text.as_bytes();
        let (from, to) = (same.saturating_sub(200).min(bytes.len()), (same + 200).min(bytes.len()));
        String::from_utf8_lossy(&bytes[from..to]).into_owned()
    };
    format!("\n{}\n{}", part(&before), part(&after))
}
