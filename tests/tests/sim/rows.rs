//! What a busy chat costs: rows written for a thousand messages.

use crate::chance::Chance;
use crate::rough::Rough;
use crate::world::World;

/// One row a message would be 1,000; a write every second 33. Proved by a room that wrote at every turn.
const MOST: u64 = 30;

#[test]
fn a_busy_chat_writes_few_rows() {
    let mut world = World::new(Chance::new(1), Rough::calm(2), false);
    for who in 0..2 {
        world.dial(who);
        world.arrive();
    }
    let before = world.platform.rows;
    for nth in 0..1000 {
        world.now += 33;
        world.ring();
        world.plain_say(nth % 2);
        world.carry_up();
        world.arrive();
    }
    let (rows, was) = (world.platform.rows, before.all());
    println!("1,000 says: {} rows, {rows:?} less {before:?}", rows.all() - was);
    assert!(rows.all() - was <= MOST);
}

impl World {
    fn arrive(&mut self) {
        for id in self.ids(|_| true) {
            while self.deliver(id) {}
        }
    }

    fn plain_say(&mut self, who: usize) {
        self.put(
            who,
            r#"{"id":1,"op":"say","key":"k","body":"a line of chat"}"#
                .replace("\"k\"", &format!("\"k{}\"", self.now)),
        );
    }
}
