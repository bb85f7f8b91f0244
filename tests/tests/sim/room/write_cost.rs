//! Tests how many rows a busy chat writes.

use crate::weather::Weather;
use crate::world::World;
use tests::kit::chance::Chance;

/// Limit of rows for 1,000 messages; a write every second would be 33. Proved by a room that wrote at every
/// turn.
const ROWS_MAX: u64 = 30;

#[test]
fn busy_chat_writes_few_rows() {
    let mut world = World::new(Chance::new(1), Weather::calm(2), false);
    for who in 0..2 {
        world.connect(who);
        world.arrive();
    }
    let before = world.platform.rows;
    for nth in 0..1000 {
        world.now += 33;
        world.ring();
        world.say_line(nth % 2);
        world.deliver_up();
        world.arrive();
    }
    let (rows, was) = (world.platform.rows, before.all());
    println!("1,000 says: {} rows, {rows:?} less {before:?}", rows.all() - was);
    assert!(rows.all() - was <= ROWS_MAX);
}

impl World {
    fn arrive(&mut self) {
        for id in self.ids(|_| true) {
            while self.deliver(id) {}
        }
    }

    fn say_line(&mut self, who: usize) {
        self.put(
            who,
            r#"{"id":1,"op":"say","key":"k","body":"a line of chat"}"#
                .replace("\"k\"", &format!("\"k{}\"", self.now)),
        );
    }
}
