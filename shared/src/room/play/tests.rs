//! Tests of matches and agreed ends in a room.

use crate::connection::ConnectionInput;
use crate::id::PlayerId;
use crate::mode::Seed;
use crate::pool::{EndRule, Rules};
use crate::room::state::Disk;
use crate::room::{Call, ChosenMode, Conn, Effect, Identity, Input, Role, Room, Seat, Setup, Switches};
use crate::rpc::record::{EndReason, MatchRecord};
use crate::time::Time;
use serde_json::{Value, json};
use std::time::Duration;

const START: Time = Time::from_ms(1_733_000_000_000);

/// A room of two players, with all that it wrote and called.
struct Table {
    room: Room,
    now: Time,
    effects: Vec<Effect>,
}

impl Table {
    fn new(mode: Option<&str>, end: EndRule) -> Self {
        let seats = (1..=2).map(|nth| Seat::of(player(nth), String::new())).collect();
        let mode = mode.map(|name| ChosenMode { name: name.into(), config: Value::Null, seed: None });
        let rules = Rules { end, ..Rules::default() };
        let setup =
            Setup { id: "m_1".parse().unwrap(), pool: None, owner: None, seats, rules, mode, trace: None };
        let (room, effects) = Room::create(START, setup.with_seed(Seed::new(1)), Switches::default());
        Self { room, now: START, effects }
    }

    fn feed(&mut self, input: Input<'_>) {
        self.effects.extend(self.room.handle(self.now, input));
        let flush = self.room.flush(self.now);
        self.effects.extend(flush.before.into_iter().chain(flush.after));
    }

    fn open(&mut self, nth: u32) {
        let exp = Time::from_ms(u64::MAX);
        let identity = Identity { player: player(nth), sid: "s_1".parse().unwrap(), ep: 0, exp };
        self.feed(Input::Opened { conn: Conn(nth), identity, role: Role::Member, resume: None, name: None });
    }

    fn say(&mut self, nth: u32, text: &str) {
        self.feed(ConnectionInput::Text { conn: Conn(nth), text }.into());
    }

    fn record(&self) -> Option<MatchRecord> {
        self.effects.iter().find_map(|effect| match effect {
            Effect::Call { call: Call::Record { record }, .. } => Some((**record).clone()),
            _ => None,
        })
    }

    /// Returns what is on disk.
    fn disk(&self) -> Disk {
        let mut disk = Disk::default();
        for effect in &self.effects {
            let Effect::Save(save) = effect else { continue };
            disk.room = save.room.clone().unwrap_or(disk.room);
            disk.game = save.game.clone().or(disk.game);
            if let Some(chunk) = &save.chunk {
                disk.chunks.retain(|known| known.slot != chunk.slot);
                disk.chunks.push(chunk.clone());
            }
        }
        disk
    }
}

fn player(nth: u32) -> PlayerId {
    format!("p_{nth}").parse().unwrap()
}

fn started(mode: &str) -> Table {
    let mut table = Table::new(Some(mode), EndRule::Anyone);
    table.open(1);
    table.open(2);
    table
}

/// Returns a room in which both members must state the same result.
fn agreeing() -> Table {
    let mut table = Table::new(None, EndRule::Agreed);
    table.open(1);
    table.open(2);
    table
}

#[test]
fn alarm_ends_a_match_whose_time_has_run_out() {
    let mut table = started("connect-four@1");
    let wake = table.room.wake_at().unwrap();
    table.now = START + Duration::from_secs(60);
    // The write of the log comes first.
    assert!(wake <= table.now);
    assert!(table.effects.iter().any(|effect| matches!(effect, Effect::Save(save) if save.alarm.is_some())));
    table.feed(Input::Woke);
    let record = table.record().unwrap();
    assert_eq!(record.reason, EndReason::Mode);
    let outcome = record.outcome.unwrap();
    assert_eq!((outcome.ranks, outcome.why.as_str()), (vec![2, 1], "time"));
    assert_eq!(record.mode.as_deref(), Some("connect-four@1"));
}

#[test]
fn alarm_waits_for_the_clock_once_nothing_else_is_due() {
    let mut table = started("connect-four@1");
    table.now = START + Duration::from_secs(6);
    table.feed(Input::Woke);
    assert_eq!(table.room.wake_at(), Some(START + Duration::from_secs(60)));
    // A move changes whose time runs: the alarm is set for the write of the log alone.
    let before = table.effects.len();
    table.say(1, r#"{"op":"move","body":{"drop":3}}"#);
    table.now = START + Duration::from_secs(7);
    table.say(2, r#"{"op":"move","body":{"drop":3}}"#);
    let alarms = table.effects.iter().skip(before).filter_map(|effect| match effect {
        Effect::Save(save) => save.alarm,
        _ => None,
    });
    assert_eq!(alarms.collect::<Vec<_>>(), [START + Duration::from_secs(11)]);
}

#[test]
fn match_of_a_mode_that_is_gone_ends_without_a_result() {
    let mut disk = started("connect-four@1").disk();
    let game = disk.game.take().unwrap();
    disk.game = Some(game.replace("connect-four@1", "connect-four@7"));
    let (room, effects) = Room::restore(&disk, &[], START, Switches::default()).unwrap();
    let mut told = effects.iter().filter_map(|effect| match effect {
        Effect::ReportFault { message } => Some(message.as_str()),
        _ => None,
    });
    assert!(told.next().unwrap().contains("no mode is called \"connect-four@7\""));
    assert_eq!(room.state.phase.over().map(|(_, reason)| reason), Some(EndReason::ModeGone));
    let table = Table { room, now: START, effects };
    let record = table.record().unwrap();
    assert_eq!((record.reason, record.outcome, record.result), (EndReason::ModeGone, None, Value::Null));
}

#[test]
fn player_who_leaves_before_the_start_ends_the_room() {
    let mut table = Table::new(Some("connect-four@1"), EndRule::Anyone);
    table.open(1);
    table.say(1, r#"{"op":"leave"}"#);
    assert_eq!(table.record().unwrap().reason, EndReason::Abandoned);
}

#[test]
fn evidence_of_a_report_has_nothing_that_the_reporter_hides() {
    let mut table = started("rock-paper-scissors@1");
    table.say(1, r#"{"op":"move","body":"scissors"}"#);
    table.say(1, r#"{"op":"report","to":"p_2","key":"r","body":{"reason":"cheating"}}"#);
    let report = table.effects.iter().find_map(|effect| match effect {
        Effect::Call { call: Call::Report { report }, .. } => Some(report.clone()),
        _ => None,
    });
    let evidence = json!(report.unwrap().evidence).to_string();
    assert!(evidence.contains(r#""chose":0"#) && !evidence.contains(r#""scissors""#), "{evidence}");
}

#[test]
fn equal_results_of_all_who_hold_a_seat_end_the_room() {
    let mut table = agreeing();
    table.say(1, r#"{"op":"end","body":{"winner":"p_1"}}"#);
    assert_eq!(table.record(), None);
    // The other leaves in place of an answer.
    table.say(2, r#"{"op":"leave"}"#);
    let record = table.record().unwrap();
    assert_eq!(
        (record.reason, record.by, record.result),
        (EndReason::Agreed, None, json!({"winner": "p_1"}))
    );
}

#[test]
fn results_that_differ_for_thirty_seconds_are_disputed() {
    let mut table = agreeing();
    table.say(1, r#"{"op":"end","body":{"winner":"p_1"}}"#);
    table.now = START + Duration::from_secs(29);
    table.say(2, r#"{"op":"end","body":{"winner":"p_2"}}"#);
    table.feed(Input::Woke);
    assert_eq!(table.record(), None);
    table.now = START + Duration::from_secs(30);
    assert!(table.room.wake_at().unwrap() <= table.now);
    table.feed(Input::Woke);
    let record = table.record().unwrap();
    let stated = json!({"p_1": {"winner": "p_1"}, "p_2": {"winner": "p_2"}});
    assert_eq!((record.reason, record.by, record.result), (EndReason::Disputed, None, stated));
}

#[test]
fn write_of_the_log_spares_the_row_of_the_match_and_a_late_restart_plays_it_again() {
    let mut table = started("connect-four@1");
    table.say(1, r#"{"op":"move","body":{"drop":3}}"#);
    let before = table.effects.len();
    table.now = START + Duration::from_secs(6);
    table.feed(Input::Woke);
    let saves = table.effects.iter().skip(before).filter_map(|effect| match effect {
        Effect::Save(save) => Some((save.chunk.is_some(), save.game.is_some())),
        _ => None,
    });
    assert!(saves.clone().any(|save| save == (true, false)) && saves.clone().all(|(_, game)| !game));
    // The log no longer keeps the move for a resume by then.
    let late = START + Duration::from_secs(200);
    let (room, _) = Room::restore(&table.disk(), &[], late, Switches::default()).unwrap();
    let game = room.remembered().3.unwrap();
    assert!(game.contains(r#""board":{"d1":0}"#), "{game}");
}

#[test]
fn opponent_who_stays_away_loses_to_a_claim() {
    let mut table = started("connect-four@1");
    table.feed(ConnectionInput::Closed { conn: Conn(2) }.into());
    table.now = START + Duration::from_secs(29);
    table.say(1, r#"{"op":"move","body":{"end":"claim"}}"#);
    assert_eq!(table.record(), None);
    table.now = START + Duration::from_secs(30);
    table.say(1, r#"{"op":"move","body":{"end":"claim"}}"#);
    let outcome = table.record().unwrap().outcome.unwrap();
    assert_eq!((outcome.ranks, outcome.why.as_str()), (vec![1, 2], "claimed"));
}
