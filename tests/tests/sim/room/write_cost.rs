//! Tests how many rows a busy chat and a busy match write.

use crate::weather::Weather;
use crate::world::World;
use tests::kit::chance::Chance;

/// Limit of rows for 1,000 messages or moves; a write every second would be 33. Proved by a room that wrote at every
/// turn.
const ROWS_MAX: u64 = 30;

/// Asserts the rows that 1,000 frames of two members write.
fn check(mode: Option<&'static str>, frame: impl Fn(u64) -> String) {
    let weather = Weather { mode, ..Weather::calm(2) };
    let mut world = World::new(Chance::new(1), weather, false);
    for who in 0..2 {
        world.connect(who);
        world.arrive();
    }
    // The region learns that the room is open, and confirms it.
    while !world.platform.calls.is_empty() {
        world.deliver_call();
    }
    let before = world.platform.rows;
    for nth in 0..1000 {
        world.now += 33;
        world.ring();
        world.ring_tick();
        world.put(usize::from(nth % 2 == 1), frame(nth));
        world.deliver_up();
        world.arrive();
    }
    let (rows, was) = (world.platform.rows, before.all());
    println!("1,000 frames: {} rows, {rows:?} less {before:?}", rows.all() - was);
    assert!(rows.all() - was <= ROWS_MAX, "{} rows: {rows:?} less {before:?}", rows.all() - was);
}

#[test]
fn busy_chat_writes_few_rows() {
    check(None, |nth| format!(r#"{{"id":1,"op":"say","key":"k{nth}","body":"a line of chat"}}"#));
}

#[test]
fn busy_match_writes_few_rows() {
    let heading = |nth: u64| if nth % 4 < 2 { "north" } else { "south" };
    check(Some("arena@1"), |nth| {
        format!(r#"{{"id":1,"op":"move","key":"k{nth}","body":"{}"}}"#, heading(nth))
    });
}

impl World {
    fn arrive(&mut self) {
        for id in self.ids(|_| true) {
            while self.deliver(id) {}
        }
    }
}
