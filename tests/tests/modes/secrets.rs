//! Hidden state: no viewer learns anything that another player hides.
//!
//! Twins are two matches that differ only in what one seat hides. All that others see, and all that they are told, must
//! be the same in both.

use super::play::Game;
use super::table::{START, Table, defaults, start, viewers};
use serde_json::{Value, json};
use shared::mode::{Chance, Event, MODES, Seat, Seed, Verdict, Viewer};
use shared::wire::Json;

/// Asserts that all viewers but one see the same in both twins, and that the one sees the difference.
fn check_views(twins: &[Table; 2], owner: Seat, seats: usize) {
    let [one, other] = twins;
    for viewer in viewers(seats) {
        let is_same = one.view(viewer) == other.view(viewer);
        assert_eq!(is_same, !viewer.is(owner), "{viewer:?}: {} {}", one.view(viewer), other.view(viewer));
    }
}

/// Returns all that others than the owner are told.
fn told_to_others(mut verdict: Verdict, owner: Seat) -> Verdict {
    verdict.private.remove(&owner);
    verdict
}

#[test]
fn choice_is_hidden_until_both_have_chosen() {
    let mut twins = [(); 2].map(|()| Table::new("rock-paper-scissors@1", 2, &defaults()));
    let [rock, paper] = &mut twins;
    assert_eq!(rock.play(0, json!("rock")), paper.play(0, json!("paper")));
    check_views(&twins, Seat::FIRST, 2);
    let [rock, paper] = &mut twins;
    assert_eq!(rock.cheat(0, json!("paper")), paper.cheat(0, json!("paper")));
    assert_ne!(rock.play(1, json!("rock")), paper.play(1, json!("rock")));
}

/// Swaps a card of a hand with one that lies deep in the pool. Returns none if there is no card to swap.
fn swap_card(text: &str, owner: Seat, chance: &mut Chance) -> Option<Table> {
    let mut stored: Value = serde_json::from_str(text).unwrap();
    let state = &mut stored["state"];
    let deep = state["pool"].as_array()?.len().checked_sub(4)?;
    let (at, from) = (chance.below(deep + 1), owner.index().to_string());
    let hand = state["hands"][&from].as_array()?.clone();
    let held = chance.below(hand.len());
    let (card, new) = (hand.get(held)?.clone(), state["pool"][at].clone());
    // Twins with another number of books, or of equal cards, would differ in more than what is hidden.
    let rank = |card: &Value| card.as_str().unwrap().chars().next().unwrap();
    if hand.iter().filter(|held| rank(held) == rank(&new)).count() == 3 {
        return None;
    }
    state["hands"][&from][held] = new;
    state["pool"][at] = card;
    Some(Table { game: MODES.restore(&stored.to_string()).unwrap(), now: START })
}

#[test]
fn hand_is_hidden_from_views_and_from_what_others_are_told() {
    let (mut compared, mut asked) = (0, 0);
    for (seats, seed) in (2..=5).flat_map(|seats| (0..3).map(move |seed| (seats, seed))) {
        let mut chance = Chance::new(Seed::new(seed));
        let mut game = Game::new("go-fish@1", seats, seed);
        while game.step() {
            let owner = Seat::all(seats).nth(chance.below(seats)).unwrap();
            let Some(mut twin) = swap_card(game.kept.encode(), owner, &mut chance) else { continue };
            let table = Table { game: MODES.restore(game.kept.encode()).unwrap(), now: game.now };
            twin.now = game.now;
            let mut twins = [table, twin];
            check_views(&twins, owner, seats);
            compared += 1;
            // The player to move asks another, and neither of them is the owner.
            let others: Vec<Seat> = Seat::all(seats).filter(|seat| *seat != owner).collect();
            for seat in &others {
                let Some(mut body) = game.kept.random_move(*seat, &mut chance) else { continue };
                body["of"] = json!(chance.pick(&others).unwrap());
                let event = Event::Move { seat: *seat, body };
                let [one, other] = twins.each_mut().map(|table| table.handle(event.clone()));
                asked += usize::from(one.is_ok());
                let told = |result| Result::map(result, |verdict| told_to_others(verdict, owner));
                assert_eq!(told(one), told(other), "{event:?}");
            }
        }
    }
    assert!(compared > 300 && asked > 100, "{compared} compared, {asked} asked");
}

#[test]
fn cards_of_a_hand_are_in_no_text_for_others() {
    for seed in 0..3 {
        let (mut chance, mut now) = (Chance::new(Seed::new(seed)), START);
        let mut game = start("go-fish@1", 4, &defaults(), seed);
        let mut told_cards = 0;
        while let Some((at, event)) = shared::mode::random_play::next_event(&*game, now, &mut chance) {
            now = at;
            let verdict = game.handle(now, &event).unwrap();
            for owner in Seat::all(4) {
                let view = game.view(Viewer::Seat(owner)).unwrap().value();
                let hand: Vec<String> = view["yours"].as_object().unwrap().keys().cloned().collect();
                let mut texts = vec![json!(verdict.public).to_string(), format!("{:?}", verdict.ended)];
                texts.extend(
                    viewers(4).filter(|viewer| !viewer.is(owner)).map(|v| game.view(v).unwrap().to_string()),
                );
                let told = verdict.private.iter().filter(|(seat, _)| **seat != owner);
                texts.extend(told.map(|(_, told)| told.to_string()));
                told_cards += verdict.private.len();
                for card in hand.iter().map(|card| format!("\"{card}\"")) {
                    assert!(
                        texts.iter().all(|text| !text.contains(&card)),
                        "{card} of {owner:?} in {texts:?}"
                    );
                }
            }
        }
        assert!(told_cards > 10);
    }
}

#[test]
fn spectators_and_players_see_the_same_where_nothing_is_hidden() {
    for mode in ["arena@1", "connect-four@1", "tic-tac-toe@1"] {
        let game = start(mode, 2, &defaults(), 1);
        let views: Vec<Json> = viewers(2).map(|viewer| game.view(viewer).unwrap()).collect();
        assert!(views.windows(2).all(|pair| pair[0] == pair[1]), "{mode}");
    }
}
