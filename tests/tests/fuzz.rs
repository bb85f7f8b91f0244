//! Sends mutated and generated input to rooms, lobbies, player objects, the verification of tokens and the region, and
//! checks that only its sender is affected. The feeds are those of the fuzz targets in `fuzz/`. `SEED=42` feeds one
//! machine of each kind, `SEEDS=20000` that many.

#[path = "fuzz/lobby.rs"]
mod lobby;
#[path = "fuzz/player.rs"]
mod player;
#[path = "fuzz/region.rs"]
mod region;
#[path = "fuzz/room.rs"]
mod room;
#[path = "fuzz/source.rs"]
mod source;
#[path = "fuzz/tokens.rs"]
mod tokens;

use region::{ROUTES, Region};
use shared::trace::{SUBPROTOCOL_PREFIX, Trace};
use source::Source;
use std::collections::BTreeSet;
use tests::kit::seeds;
use xtask::openapi::operations;

/// Machines of a run.
const SEEDS: u64 = 20;
/// Frames to one machine.
const FRAMES: usize = 300;
/// Bodies to each route of one region: a request takes some milliseconds.
const BODIES: usize = 4;

/// A trace that a client may name.
const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// Mutations of what no machine takes would prove little.
#[test]
fn samples_are_valid() {
    for frame in source::LOBBY {
        assert!(lobby::read(frame), "{frame}");
    }
    for step in source::PLAYER {
        assert!(player::is_valid(step), "{step}");
    }
}

#[test]
fn no_frame_disturbs_a_room() {
    seeds::run::<()>(SEEDS, &[], |chance, _| {
        let mut source = Source::new(chance, source::ROOM);
        let mut stage = room::Stage::new();
        for _ in 0..FRAMES {
            let frame = source.frame();
            room::read(&frame);
            stage.feed(frame.as_bytes());
        }
        BTreeSet::new()
    });
}

/// Whatever a client names as its trace, the answer is a valid trace or none, which the server reads back.
#[test]
fn no_text_is_a_malformed_trace() {
    seeds::run::<()>(SEEDS, &[], |mut chance, _| {
        for _ in 0..FRAMES {
            let mut bytes = TRACEPARENT.as_bytes().to_vec();
            for _ in 0..chance.below(4) {
                let at = chance.below(bytes.len());
                bytes[at] = u8::try_from(chance.between(0, 255)).unwrap_or_default();
            }
            bytes.truncate(chance.below(60));
            let text = String::from_utf8_lossy(&bytes);
            let token = format!("{SUBPROTOCOL_PREFIX}{}", text.get(3..).unwrap_or_default());
            let named = [Trace::of_traceparent(&text), Trace::of_subprotocol(&token), Trace::of_nonce(&text)];
            let named = named.into_iter().chain([text.parse().ok()]);
            for trace in named.flatten() {
                assert_eq!(Trace::of_traceparent(&trace.traceparent()), Some(trace), "{text}");
                assert_ne!(trace.id(), "0".repeat(32), "{text}");
            }
        }
        BTreeSet::new()
    });
}

#[test]
fn no_frame_disturbs_a_lobby() {
    seeds::run::<()>(SEEDS, &[], |mut chance, _| {
        let mut stage = lobby::Stage::new(chance.below(3));
        let mut source = Source::new(chance, source::LOBBY);
        for _ in 0..FRAMES {
            if source.chance.one_in(20) {
                stage.pass(source.chance.between(1, 60));
            }
            let (sender, frame) = (source.chance.below(6), source.frame());
            stage.feed(sender, frame.as_bytes());
        }
        BTreeSet::new()
    });
}

#[test]
fn no_input_breaks_a_player_object() {
    seeds::run::<()>(SEEDS, &[], |chance, _| {
        let mut source = Source::new(chance, source::PLAYER);
        let mut stage = player::Stage::new();
        for _ in 0..FRAMES {
            let mut step = source.frame();
            if !step.starts_with(player::KINDS) {
                step.insert(0, 'f');
            }
            if source.chance.one_in(8) {
                step.insert(0, source.chance.pick(player::KINDS));
            }
            stage.step(step.as_bytes());
        }
        BTreeSet::new()
    });
}

#[test]
fn only_a_signed_token_is_accepted() {
    let mut verifier = tokens::Verifier::new();
    let valid = verifier.valid.clone();
    for at in 0..valid.len() {
        for bit in 0..8 {
            let [.., high, low] = at.to_be_bytes();
            verifier.flip(&[[high, low, 1 << bit]]);
        }
        verifier.feed(&valid[..at]);
    }
    verifier.feed(&valid);
    seeds::run::<()>(SEEDS, &[], |chance, _| {
        let mut verifier = tokens::Verifier::new();
        let valid = [verifier.valid.clone()];
        let valid = valid.each_ref().map(String::as_str);
        let mut source = Source::new(chance, &valid);
        for _ in 0..FRAMES {
            verifier.feed(&source.frame());
        }
        BTreeSet::new()
    });
}

#[test]
fn no_body_makes_the_region_fail() {
    seeds::run::<()>(SEEDS / 5, &[], |mut chance, _| {
        let mut region = Region::new();
        for (nth, route) in ROUTES.iter().enumerate() {
            let valid = [region.valid(nth)];
            let valid = valid.each_ref().map(String::as_str);
            let mut source = Source::new(chance.clone(), &valid);
            chance.draw();
            for _ in 0..BODIES {
                region.feed(nth, source.frame().as_bytes());
            }
            let (status, answer) = region.feed(nth, valid[0].as_bytes());
            assert!(status != 400 && status != 422, "{}: {answer}", route.path);
        }
        BTreeSet::new()
    });
}

#[test]
fn every_route_with_a_body_is_fed() -> anyhow::Result<()> {
    let document = regional::openapi::document()?;
    let with_body: BTreeSet<(String, String)> = operations(&document)
        .into_iter()
        .filter(|(.., operation)| !operation["requestBody"].is_null())
        .map(|(path, method, _)| (method.to_uppercase(), path.to_owned()))
        .collect();
    let fed = ROUTES.iter().map(|route| (route.method.to_owned(), route.path.to_owned())).collect();
    assert_eq!(with_body, fed);
    Ok(())
}

#[test]
fn oversized_frames_are_refused_at_once() {
    let mut stage = room::Stage::new();
    let deep = "[".repeat(100_000);
    let objects = r#"{"op":"#.repeat(20_000);
    let long = format!(r#"{{"op":"say","body":"{}"}}"#, "x".repeat(40 * 1024 * 1024 / 8));
    let many = format!("[{}1]", "1,".repeat(100_000));
    let digits = format!(r#"{{"op":"say","body":{}}}"#, "9".repeat(16_000));
    let keys = format!(r#"{{"op":"set","body":{{"keys":{{{}"z":1}}}}}}"#, r#""a":1,"#.repeat(2_000));
    for frame in [deep, objects, long, many, digits, keys] {
        room::read(&frame);
        stage.feed(frame.as_bytes());
    }
}
