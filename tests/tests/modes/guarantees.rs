//! The guarantees that a match gives for every mode, shown with a mode that breaks each of them.

use super::table::{START, gone};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shared::limits;
use shared::mode::config::NoConfig;
use shared::mode::{
    Broken, Chance, Entry, Event, Fault, Mode, Outcome, Registry, Rejection, Running, Seat, Seed, Start,
    Verdict, Viewer,
};
use shared::time::Time;
use shared::wire::Json;
use std::ops::RangeInclusive;

const MODES: Registry<'static> = Registry::new(&[Entry::of::<Careless>()]);

/// A mode with every bug.
#[derive(Clone, Serialize, Deserialize)]
struct Careless {
    text: String,
    shown: Option<u32>,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Bug {
    ChangeAndRefuse,
    Grow(usize),
    RankTooFew,
    End,
}

impl Mode for Careless {
    const NAME: &'static str = "careless";
    const VERSION: u32 = 1;
    const SEATS: RangeInclusive<usize> = 2..=2;
    type Config = NoConfig;
    type Move = Bug;

    fn setup(_start: Start<'_, NoConfig>) -> Self {
        Self { text: String::new(), shown: None }
    }

    fn handle(&mut self, _now: Time, event: Event<Bug>) -> Result<Verdict, Fault> {
        let Event::Move { body, .. } = event else {
            self.shown = Some(1);
            return Ok(Verdict::default());
        };
        match body {
            Bug::ChangeAndRefuse => {
                self.text = "changed".into();
                Err(Fault::illegal("refused", "é".repeat(1000)))
            }
            Bug::Grow(bytes) => {
                self.text = "x".repeat(bytes);
                Ok(Verdict::default())
            }
            Bug::RankTooFew => Ok(Verdict::end(Outcome::draw(1, "draw"))),
            Bug::End => Ok(Verdict::end(Outcome::draw(2, "draw"))),
        }
    }

    fn view(&self, _viewer: Viewer) -> impl Serialize {
        json!({ "board": { "shown": self.shown } })
    }

    fn wake_at(&self) -> Option<Time> {
        Some(START)
    }

    fn random_move(&self, _seat: Seat, _chance: &mut Chance) -> Option<Bug> {
        Some(Bug::End)
    }
}

fn careless() -> Box<dyn Running> {
    MODES.start("careless@1", 2, &json!(null), Seed::new(1), START).unwrap()
}

fn bug(bug: &Value) -> Event<Value> {
    Event::Move { seat: Seat::FIRST, body: bug.clone() }
}

/// Makes the mode do something that is not accepted, and asserts that nothing has changed.
#[expect(clippy::needless_pass_by_value, reason = "events are written where they are passed")]
fn rejected(event: Event<Value>) -> Rejection {
    let mut game = careless();
    let before = game.encode().to_owned();
    let rejection = game.handle(START, &event).expect_err("a rejection");
    assert_eq!(game.encode(), before);
    assert_eq!(MODES.restore(game.encode()).unwrap().encode(), before);
    rejection
}

#[test]
fn refused_event_changes_nothing() {
    let Rejection::Fault(fault) = rejected(bug(&json!("change_and_refuse"))) else { panic!("not a fault") };
    // The message is cut between two characters.
    assert_eq!((fault.why, fault.message.len()), ("refused", limits::MODE_FAULT_BYTES_MAX));
}

#[test]
fn state_beyond_its_limit_is_an_error_of_the_mode() {
    let rejection = rejected(bug(&json!({ "grow": limits::MODE_STATE_BYTES_MAX })));
    let Rejection::Broken(broken @ Broken::TooLarge { bytes }) = rejection else { panic!("{rejection:?}") };
    let expected =
        format!("the encoded match has {bytes} bytes, and the limit is 65536: keep less in the state");
    assert_eq!(broken.to_string(), expected);
    assert!(careless().handle(START, &bug(&json!({ "grow": limits::MODE_STATE_BYTES_MAX - 200 }))).is_ok());
}

#[test]
fn outcome_without_a_rank_for_each_seat_is_an_error_of_the_mode() {
    let broken = Broken::WrongRanks { ranks: 1, seats: 2 };
    assert_eq!(rejected(bug(&json!("rank_too_few"))), Rejection::Broken(broken));
}

#[test]
fn null_in_a_view_is_an_error_of_the_mode() {
    let mut game = careless();
    let broken = game.view(Viewer::Spectator).unwrap_err();
    assert_eq!(broken, Broken::NullInView { path: "/board/shown".into() });
    assert!(broken.to_string().contains("leave the field out"));
    game.handle(START, &Event::Woke).unwrap();
    assert_eq!(game.view(Viewer::Spectator), Ok(Json::from(&json!({ "board": { "shown": 1 } }))));
}

#[test]
fn seat_outside_of_the_match_is_refused() {
    let Rejection::Fault(fault) = rejected(gone(2)) else { panic!("not a fault") };
    assert_eq!((fault.why, fault.message.as_str()), ("no_such_seat", "The match has 2 seats, from 0."));
}

#[test]
fn nothing_happens_after_the_end() {
    let mut game = careless();
    game.handle(START, &bug(&json!("end"))).unwrap();
    assert_eq!(game.wake_at(), None);
    assert_eq!(game.random_move(Seat::FIRST, &mut Chance::new(Seed::new(1))), None);
    let before = game.encode().to_owned();
    for event in [bug(&json!({ "grow": 9 })), Event::Signal { body: json!(1) }] {
        let refused = game.handle(START, &event);
        assert!(matches!(refused, Err(Rejection::Fault(fault)) if fault.why == "match_over"));
    }
    for event in [gone(1), Event::Woke] {
        assert_eq!(game.handle(START, &event), Ok(Verdict::default()));
    }
    assert_eq!(game.encode(), before);
    assert_eq!(MODES.restore(&before).unwrap().outcome(), Some(&Outcome::draw(2, "draw")));
}

#[test]
fn unreadable_match_is_an_error() {
    for text in ["", "{}", r#"{"mode":"careless@1","seats":2,"state":{}}"#] {
        let error = MODES.restore(text).unwrap_err();
        assert!(matches!(error, Broken::Unreadable(_)), "{error}");
    }
}

#[test]
fn debug_output_does_not_contain_the_state() {
    let mut game = careless();
    game.handle(START, &bug(&json!({ "grow": 9 }))).unwrap();
    assert!(!format!("{game:?}").contains("xxx"));
}
