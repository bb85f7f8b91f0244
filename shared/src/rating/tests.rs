//! Tests ratings against the paper, and the results that can be rated.

use super::*;
use serde_json::json;

fn rating(rating: f64, deviation: f64, volatility: f64) -> Rating {
    Rating { rating, deviation, volatility }
}

fn player(name: &str) -> PlayerId {
    format!("p_{name}").parse().unwrap()
}

fn near(got: f64, expected: f64, within: f64) {
    assert!((got - expected).abs() < within, "{got} is not {expected}");
}

#[test]
fn example_of_the_paper_matches() {
    let me = rating(1500.0, 200.0, 0.06);
    let games = [
        (rating(1400.0, 30.0, 0.06), 1.0),
        (rating(1550.0, 100.0, 0.06), 0.0),
        (rating(1700.0, 300.0, 0.06), 0.0),
    ];
    let after = me.after(1.0, &games);
    near(after.rating, 1464.06, 0.01);
    near(after.deviation, 151.52, 0.01);
    near(after.volatility, 0.05999, 0.00001);
}

#[test]
fn inactivity_raises_the_deviation_and_keeps_the_rating() {
    let me = rating(1700.0, 60.0, 0.06);
    let year = Time::from_ms(365 * 24 * 3600 * 1000);
    let after = me.idle(periods(Time::from_ms(0), year));
    near(after.rating, 1700.0, 0.001);
    near(after.deviation, 110.0, 0.5);
    near(me.idle(1e9).deviation, 350.0, 0.001);
    near(periods(year, Time::from_ms(0)), 0.0, 1e-12);
    near(me.after(0.0, &[]).deviation, 60.0, 1e-9);
}

#[test]
fn extreme_results_keep_ratings_finite() {
    let mut me = Rating::NEW;
    for round in 0..2000 {
        me = me.after(0.01, &[(rating(1500.0, 45.0, 0.06), f64::from(round % 2))]);
        assert!(me.is_finite() && (0.01..0.2).contains(&me.volatility), "{me:?}");
    }
    near(me.rating, 1500.0, 60.0);
    near(me.deviation, 45.0, 15.0);
    let far = rating(1e9, 45.0, 0.06).after(1.0, &[(Rating::NEW, 0.0)]);
    assert!(far.is_finite(), "{far:?}");
}

fn check(result: &Value, expected: Option<&[(&str, u64)]>) {
    let players = ["a", "b", "c"].map(player).into_iter().collect();
    let expected =
        expected.map(|ranks| Outcome::Ranks(ranks.iter().map(|(one, rank)| (player(one), *rank)).collect()));
    assert_eq!(Outcome::of(&players, result), expected, "{result}");
}

#[test]
fn results_are_read_or_not_rated() {
    let all = ["a", "b"].map(player).into_iter().collect();
    assert_eq!(Outcome::of(&all, &json!({"draw": true})), Some(Outcome::Draw));
    check(&json!({"winner": "p_b", "score": "3:1"}), Some(&[("a", 2), ("b", 1), ("c", 2)]));
    check(&json!({"ranks": {"p_a": 1, "p_b": 1, "p_c": 2, "p_d": 9}}), Some(&[("a", 1), ("b", 1), ("c", 3)]));
    // Numbers are numbers, however they are written, and null is absent.
    for ranks in [
        json!({"p_a": 1.0, "p_b": 1, "p_c": 2.5}),
        json!({"p_a": -3, "p_b": -3.0, "p_c": 0}),
        json!({"p_a": 0, "p_b": -0.0, "p_c": 1e300}),
    ] {
        let result = json!({"winner": null, "draw": null, "ranks": ranks});
        check(&result, Some(&[("a", 1), ("b", 1), ("c", 3)]));
    }
    for unrated in [
        json!(null),
        json!("p_a"),
        json!({}),
        json!({"draw": false}),
        json!({"winner": "p_d"}),
        json!({"winner": "ana"}),
        json!({"winner": 1}),
        json!({"ranks": {"p_a": 1, "p_b": 2}}),
        json!({"ranks": {"p_a": 1, "p_b": 1, "p_c": 1}}),
        json!({"ranks": {"p_a": 1, "p_b": 2, "p_c": "3"}}),
        json!({"ranks": {"p_a": 1, "p_b": 2, "p_c": null}}),
        json!({"ranks": {"p_a": 0, "p_b": -0.0, "p_c": 0.0}}),
        json!({"winner": null, "ranks": null, "draw": null}),
        json!({"ranks": []}),
    ] {
        check(&unrated, None);
    }
}

#[test]
fn winner_gains_what_the_loser_loses() {
    let new = (Rating::NEW, 0.0);
    let before = BTreeMap::from([(player("a"), new), (player("b"), new)]);
    let ranks = BTreeMap::from([(player("a"), 1), (player("b"), 2)]);
    let after = rate(&before, &Outcome::Ranks(ranks));
    let [a, b] = ["a", "b"].map(|name| after[&player(name)].rating);
    assert!(a > 1500.0);
    near(a + b, 3000.0, 1e-9);
    for rated in rate(&before, &Outcome::Draw).values() {
        near(rated.rating, 1500.0, 1e-9);
        assert!(rated.deviation < 350.0);
    }
}

#[test]
fn team_members_play_only_against_the_other_team() {
    let new = (Rating::NEW, 0.0);
    let all = ["a", "b", "c", "d"].map(player);
    let before: BTreeMap<_, _> = all.iter().map(|one| (one.clone(), new)).collect();
    let ranks = all.iter().cloned().zip([1, 1, 2, 2]).collect();
    let after = rate(&before, &Outcome::Ranks(ranks));
    let games = [(Rating::NEW, 1.0), (Rating::NEW, 1.0)];
    assert_eq!(after[&player("a")], Rating::NEW.after(0.0, &games));
    assert_eq!(after[&player("a")], after[&player("b")]);
}
