//! The shell of a room: passes inputs to the machine, applies its effects, crashes and evicts it.

use crate::marks::Mark;
use crate::platform::{Down, Flight, Wrote};
use crate::world::World;
use shared::delivery::conn_numbers::ConnNumbers;
use shared::delivery::outbox::{Audience, DeliveryLevel, Outbox};
use shared::delivery::pending_calls::CallId;
use shared::room::seats::SeatState;
use shared::room::{Call, Conn, Effect, Input, Phase, Room, RoomState, Switches};
use shared::rpc::opened::OpenedRoom;
use shared::time::Time;
use shared::wire::CloseCode;
use shared::wire::EndReason;
use shared::wire::room::{Event, Left, LeftReason, RoomMessage};
use std::rc::Rc;
use tests::kit::platform::assert_unchanged;

/// The room in memory, lost in a crash or an eviction.
#[derive(Debug)]
pub struct Shell {
    pub room: Room,
    pub outbox: Outbox,
}

/// Checks that nothing which waits for a deadline happens before it. Proved by a seat that was vacated, a room that
/// ended, and one that was erased after half of their times.
fn check_not_early(now: Time, before: &RoomState, after: &RoomState, erased: bool) {
    let rules = before.setup.rules;
    for (seat, left) in before.setup.seats.iter().zip(&after.setup.seats) {
        if let (SeatState::Away(since), SeatState::Left) = (seat.state, left.state) {
            assert!(now >= since + rules.grace(), "a seat was vacated early: away since {since:?}, {now:?}");
        }
    }
    let due = match (&before.phase, &after.phase) {
        (Phase::Open, Phase::Over { reason: EndReason::NoShow, .. }) => before.created + rules.no_show(),
        (Phase::Open, Phase::Over { reason: EndReason::TimeUp, .. }) => before.created + rules.age(),
        (Phase::Open, Phase::Over { reason: EndReason::Disputed, .. }) => {
            before.agreement.as_ref().expect("a statement").until
        }
        (Phase::Over { at, .. }, _) if erased => *at + rules.linger(),
        _ => return,
    };
    assert!(now >= due, "{:?} follows {:?} at {now:?}, due at {due:?}", after.phase, before.phase);
}

impl World {
    /// Loads the room into memory. False if it is erased.
    pub fn wake(&mut self) -> bool {
        while self.shell.is_none() {
            if self.platform.erased {
                return false;
            }
            let (disk, attachments) = (self.platform.disk(), self.platform.attachments());
            let now = Time::from_ms(self.now);
            self.latest = self.latest.max(self.now);
            let (room, effects) = Room::restore(&disk, &attachments, now, Switches::default())
                .expect("a room can be read back");
            self.instance += 1;
            self.trace(|| format!("restored, {} effects", effects.len()));
            let (saved, log, ..) = room.remembered();
            self.oracle.restored(saved.epoch, &log);
            (self.numbers, self.numbers_since) = (ConnNumbers::restored(now, room.next_conn()), self.now);
            self.hold(room);
            let new_epoch = !effects.is_empty();
            if !self.perform(effects) {
                self.marks.insert(Mark::CrashedInRestore);
            } else if new_epoch && self.chance.percent(50) {
                // Events that attachments carried in the old epoch must be gone from them already.
                self.flush();
                self.evict();
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

    /// Passes one input to the room. False if the machine crashed before the last effect.
    pub fn turn(&mut self, input: &Input<'_>) -> bool {
        if !self.wake() {
            return true;
        }
        let now = Time::from_ms(self.now);
        self.latest = self.latest.max(self.now);
        let shell = self.shell.as_mut().expect("awake");
        if let Input::Opened { conn, identity: who, .. } = input {
            shell.outbox.open(*conn, who.player.clone(), DeliveryLevel::All);
        }
        let before = (*input == Input::Woke).then(|| shell.room.remembered().0);
        let effects = shell.room.handle(now, input.clone());
        let after = before.is_some().then(|| shell.room.remembered().0);
        self.trace(|| format!("{input:?} -> {effects:?}"));
        if let (Some(before), Some(after)) = (before, after) {
            check_not_early(now, &before, &after, effects.contains(&Effect::Erase));
        }
        let erased = effects.contains(&Effect::Erase);
        let lived = self.perform(effects);
        if lived && !erased {
            self.check_turn();
        }
        lived
    }

    /// Applies the effects of an input, and sends what is queued or leaves it to the timer. False if the machine crashes
    /// before the last.
    pub fn perform(&mut self, effects: Vec<Effect>) -> bool {
        if !self.apply(effects) {
            return false;
        }
        if !self.owes_flush() {
            return true;
        }
        if self.chance.percent(self.weather.hold) {
            self.marks.insert(Mark::HeldForTimer);
            return true;
        }
        self.flush()
    }

    /// True if output is queued, or the room waits for a flush.
    fn owes_flush(&self) -> bool {
        self.shell.as_ref().is_some_and(|shell| shell.outbox.has_pending() || shell.room.has_unflushed())
    }

    /// Applies effects in order. False if the machine crashes before the last.
    pub fn apply(&mut self, effects: Vec<Effect>) -> bool {
        let crash = self.weather.faults.crash_before(effects.len(), &mut self.chance);
        for (nth, effect) in effects.into_iter().enumerate() {
            if crash == Some(nth) {
                self.crash(Mark::CrashedBetweenEffects);
                return false;
            }
            if !self.carry_out(effect) {
                return false;
            }
        }
        true
    }

    /// Prepares the queued output, sends it, and does what follows, until nothing is owed. False if the machine crashes
    /// meanwhile.
    pub fn flush(&mut self) -> bool {
        let now = Time::from_ms(self.now);
        self.latest = self.latest.max(self.now);
        while self.owes_flush() {
            let Some(shell) = &mut self.shell else { return true };
            let flush = shell.room.flush(now);
            self.trace(|| format!("flush -> {flush:?}"));
            if !self.apply(flush.before) {
                return false;
            }
            self.send_queued();
            if !self.apply(flush.after) {
                return false;
            }
            if self.chance.percent(self.weather.hold) {
                break;
            }
        }
        true
    }

    fn carry_out(&mut self, effect: Effect) -> bool {
        match effect {
            Effect::Save(save) => {
                // A write of the log or of the room covers all queued events; the alarm alone does not.
                if save.chunk.is_some() || save.room.is_some() {
                    self.send_queued();
                }
                if self.weather.faults.crash > 0 && self.chance.one_in(self.weather.faults.crash * 2) {
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
                self.outbox().send(conn, text);
            }
            Effect::Broadcast { text, audience: scope } => {
                self.note_broadcast(&scope);
                self.outbox().broadcast(text, scope);
            }
            Effect::SetDeliveryLevel { conn, level: heed } => self.outbox().set_level(conn, heed),
            Effect::Close { conn, code: why } => self.close(conn, why),
            Effect::Call { id, call } => self.platform.calls.push(Flight::Out(id, call)),
            Effect::Verify { conn, id, .. } => self.verifying.push((conn, id)),
            Effect::Panic => panic!("no fault was asked for"),
            Effect::ReportFault { message } => panic!("{message}"),
            Effect::Erase => self.erase(),
        }
        true
    }

    fn outbox(&mut self) -> &mut Outbox {
        &mut self.shell.as_mut().expect("awake").outbox
    }

    fn note_broadcast(&mut self, scope: &Audience) {
        if let Audience::Personal(texts) = scope {
            let away =
                |client: &crate::client::Client| texts.contains_key(&client.player) && client.wire.is_none();
            if self.clients.iter().any(away) {
                self.marks.insert(Mark::SignalWhileAway);
            }
        }
    }

    /// Sends the queued output, one frame per socket.
    fn send_queued(&mut self) {
        for frame in self.outbox().flush() {
            let messages = match RoomMessage::read_frame(&frame.text) {
                Ok(messages) => Rc::new((frame.text, messages)),
                Err(error) => panic!("{error}: {}", frame.text),
            };
            self.note_output(&messages.1);
            for conn in frame.to {
                let wire = self.platform.wire_of(conn).expect("a socket with pending output");
                if !wire.cut {
                    wire.down.push_back(Down::Frame(Rc::clone(&messages)));
                }
            }
        }
    }

    fn note_output(&mut self, messages: &[RoomMessage]) {
        for message in messages {
            if let RoomMessage::Event(envelope) = message {
                self.marks.extend(match &envelope.event {
                    Event::Resync => Some(Mark::Resync),
                    Event::Left(Left { reason: LeftReason::StayedAway }) => Some(Mark::GraceExpired),
                    _ => None,
                });
            }
        }
    }

    fn close(&mut self, conn: Conn, why: CloseCode) {
        self.send_queued();
        self.outbox().close(conn);
        self.marks.extend(match why {
            CloseCode::TakenOver => Some(Mark::TakenOver),
            CloseCode::TokenExpired => Some(Mark::TokenExpired),
            CloseCode::TooSlow => Some(Mark::TooSlow),
            CloseCode::TooFast => Some(Mark::FarTooFast),
            CloseCode::TooBig => Some(Mark::TooBig),
            CloseCode::Kicked => Some(Mark::Kicked),
            _ => None,
        });
        self.check_close(conn, why);
        let (instance, now) = (self.instance, self.now);
        let gone_at = now + self.chance.between(0, 2000);
        // It may have gone at the same time.
        let Some(wire) = self.platform.wire_of(conn) else {
            return;
        };
        wire.shut = true;
        wire.instance = instance;
        wire.gone_at = Some(gone_at);
        if !wire.cut {
            wire.down.push_back(Down::Close(why.code()));
        }
    }

    /// Checks that a sign-out closes only the sockets of the login that ended.
    fn check_close(&mut self, conn: Conn, why: CloseCode) {
        if why == CloseCode::SessionRevoked
            && let Some(wire) = self.platform.wire_of(conn)
        {
            let (client, login) = (wire.client, wire.login);
            assert!(login < self.clients[client].login, "a good socket of client {client} was closed");
        }
    }

    fn erase(&mut self) {
        let room = &self.shell.as_ref().expect("awake").room;
        assert_eq!(room.recipients().count(), 0, "erased with open connections");
        let (saved, ..) = room.remembered();
        assert!(saved.calls.is_empty(), "erased with unconfirmed calls");
        self.platform.erased = true;
        self.platform.alarm.clear();
        self.shell = None;
        self.marks.insert(Mark::Erased);
    }

    /// Loses the machine.
    pub fn crash(&mut self, mark: Mark) {
        self.trace(|| format!("crash: {mark:?}"));
        self.marks.insert(mark);
        self.shell = None;
        self.verifying.clear();
        let chance = &mut self.chance;
        self.platform.lose_machine(|most| chance.below(most));
    }

    /// Evicts the room between two flushes, keeps the sockets, and checks that the restored room is equal.
    ///
    /// Proved by an attachment without the unwritten events, and by keys that were not restored. The tests of
    /// `shared::room::snapshot` check `seen`, and what an attachment carried in an older epoch, which is too rare here.
    pub fn evict(&mut self) {
        if !self.verifying.is_empty() {
            return;
        }
        let Some(mut shell) =
            self.shell.take_if(|shell| !shell.outbox.has_pending() && !shell.room.has_unflushed())
        else {
            return;
        };
        let (disk, attachments) = (self.platform.disk(), self.platform.attachments());
        let latest = Time::from_ms(self.latest);
        let (mut room, effects) =
            Room::restore(&disk, &attachments, latest, Switches::default()).expect("readable");
        let harmless = |effect: &Effect| matches!(effect, Effect::Close { .. });
        assert!(effects.iter().all(harmless), "an eviction has effects: {effects:?}");
        assert_eq!(shell.room.wake_at(), room.wake_at());
        // Both drop expired log entries by the same clock.
        for room in [&mut shell.room, &mut room] {
            drop(room.handle(latest, Input::Confirmed { call: CallId(0) }));
        }
        let (before, after) = (shell.room.remembered(), room.remembered());
        assert_unchanged(&before, &after);
        self.marks.insert(Mark::Evicted);
        self.trace(|| "evicted".to_owned());
    }

    /// Delivers a call or its confirmation.
    pub fn deliver_call(&mut self) {
        let Some(flight) = self.platform.calls.pop(&mut self.chance) else {
            return;
        };
        if self.chance.percent(self.weather.faults.lost) {
            self.marks.insert(Mark::CallLost);
            return;
        }
        match flight {
            Flight::Out(id, call) => {
                match call {
                    // An opening is told again, and is the same; its match has the same players.
                    Call::Opened { room } => {
                        let before = self.platform.opened.replace((*room).clone());
                        assert!(before.is_none_or(|before| before == *room), "a room opened twice");
                        let ended = !self.platform.records.is_empty();
                        self.marks.insert(if ended { Mark::OpenedLate } else { Mark::Opened });
                    }
                    // A match has one record. Proved by a record that each attempt built again.
                    Call::Record { record } => {
                        let before = self.platform.records.insert(record.id.clone(), (*record).clone());
                        assert!(before.is_none_or(|before| before == *record), "a match has two records");
                        let opening = OpenedRoom::of_record(&record);
                        let opened = &self.platform.opened;
                        assert!(opened.is_none() || *opened == opening, "{opened:?}, then {opening:?}");
                    }
                    // An action is told again, and is the same. Proved by an id of the time of each attempt.
                    Call::Audit { entry } => {
                        let before = self.platform.actions.insert(entry.id.clone(), (*entry).clone());
                        assert!(before.is_none_or(|before| before == *entry), "an action has two entries");
                        self.marks.insert(Mark::Audited);
                    }
                    Call::Report { report } => panic!("no client reports: {report:?}"),
                    Call::Free { player, .. } => {
                        self.platform.freed.insert(player.to_string());
                    }
                }
                self.platform.calls.push(Flight::Back(id));
                if self.weather.faults.lost > 0 && self.chance.one_in(4) {
                    self.platform.calls.push(Flight::Back(id));
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
