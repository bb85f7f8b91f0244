//! Names, versions and configurations.

use super::table::{START, all_tables, defaults};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shared::mode::config::NoConfig;
use shared::mode::{Chance, Entry, Event, Fault, MODES, Mode, Registry, Seat, Seed, Start, Verdict, Viewer};
use shared::time::Time;
use shared::wire::Json;
use std::ops::RangeInclusive;

/// Asserts the error of a pool with this mode.
fn check(mode: &str, seats: usize, config: &Value, expected: &str) {
    let error = MODES.start(mode, seats, config, Seed::new(1), START).expect_err("an error");
    assert_eq!(error.to_string(), expected);
    let checked = MODES.find(mode).and_then(|entry| entry.check(seats, config));
    assert_eq!(checked.expect_err("an error").to_string(), expected);
}

#[test]
fn unknown_mode_names_what_exists() {
    let known = MODES.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    assert!(known.starts_with("arena@1, ") && known.contains(", connect-four@1, "), "{known}");
    for mode in ["chess@1", "connect-four@2", "connect-four@01", "@", "connect-four@"] {
        check(mode, 2, &defaults(), &format!("mode: no mode is called \"{mode}\": choose one of {known}"));
    }
    let expected = format!("mode: \"connect-four\" has no version: write name@version, one of {known}");
    check("connect-four", 2, &defaults(), &expected);
}

#[test]
fn wrong_number_of_seats_names_the_limits() {
    let expected = "seats: go-fish@1 has 2 to 5 seats, and the pool has 6: change one";
    check("go-fish@1", 6, &defaults(), expected);
}

#[test]
fn wrong_configuration_names_the_field_and_the_limit() {
    let (game, expected) = ("rock-paper-scissors@1", "0 is outside 1 to 99: choose a number in between");
    check(game, 2, &json!({ "best_of": 0 }), &format!("mode_config.best_of: {expected}"));
    let expected = "mode_config.best_off: unknown field `best_off`, expected `best_of` or `round_s`";
    check(game, 2, &json!({ "round_s": 9, "best_off": 1 }), expected);
    let expected = "mode_config.round_s: invalid type: string \"9\", expected u32";
    check(game, 2, &json!({ "best_of": 3, "round_s": "9" }), expected);
    let expected = "mode_config.clock.initial_s: 0 is outside 1 to 14400: choose a number in between";
    let control = json!({ "clock": { "pace": { "fischer": { "initial_s": 0, "increment_s": 1 } } } });
    check("connect-four@1", 2, &control, expected);
}

#[test]
fn every_mode_has_defaults_and_refuses_unknown_fields() {
    for (mode, seats) in all_tables() {
        let entry = MODES.find(&mode).unwrap();
        assert_eq!(entry.check(seats, &json!({})), Ok(()));
        let error = entry.check(seats, &json!({ "no_such_field": 1 })).unwrap_err();
        assert_eq!(error.field, "mode_config.no_such_field", "{mode}");
    }
}

/// A mode in two versions, which counts moves in steps of its version.
#[derive(Clone, Serialize, Deserialize)]
struct Counter<const VERSION: u32> {
    count: u32,
}

impl<const VERSION: u32> Mode for Counter<VERSION> {
    const NAME: &'static str = "counter";
    const VERSION: u32 = VERSION;
    const SEATS: RangeInclusive<usize> = 1..=1;
    type Config = NoConfig;
    type Move = ();

    fn setup(_start: Start<'_, NoConfig>) -> Self {
        Self { count: 0 }
    }

    fn handle(&mut self, _now: Time, _event: Event<()>) -> Result<Verdict, Fault> {
        self.count += VERSION;
        Ok(Verdict::default())
    }

    fn view(&self, _viewer: Viewer) -> impl Serialize {
        json!({ "count": self.count })
    }

    fn random_move(&self, _seat: Seat, _chance: &mut Chance) -> Option<()> {
        Some(())
    }
}

#[test]
fn match_keeps_the_version_with_which_it_began() {
    let before = [Entry::of::<Counter<1>>()];
    let after = [Entry::of::<Counter<2>>(), Entry::of::<Counter<1>>()];
    let began = Registry::new(&before).start("counter@1", 1, &defaults(), Seed::new(1), START).unwrap();
    let mut game = Registry::new(&after).restore(began.encode()).unwrap();
    assert_eq!(game.mode(), "counter@1");
    game.handle(START, &Event::Woke).unwrap();
    assert_eq!(game.view(Viewer::Spectator), Ok(Json::from(&json!({ "count": 1 }))));
    let error = MODES.restore(game.encode()).unwrap_err().to_string();
    assert!(error.starts_with("the stored match cannot be read: mode: no mode is called"), "{error}");
}
