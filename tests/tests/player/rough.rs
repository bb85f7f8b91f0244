//! How rough a world is: drawn once from its seed. `one in n` numbers are 0 where it never happens.

use crate::chance::Chance;
use shared::player::Devices;

#[derive(Debug, Clone)]
pub struct Rough {
    pub people: usize,
    pub places: usize,
    pub steps: usize,
    /// What each place does at the cap.
    pub devices: [Devices; 3],
    /// One in n steps evicts an object.
    pub evict: u64,
    /// One in n turns ends in a crash, somewhere among its effects.
    pub crash: u64,
    /// Of the connections that end, percent that are cut, and of these percent that are never reported.
    pub cut: u64,
    pub unreported: u64,
    /// Of the due alarms, percent that ring late.
    pub late: u64,
    /// Of what is between objects, percent that is lost, and that comes twice.
    pub lost: u64,
    pub doubled: u64,
    /// Of the steps, percent in which something in flight arrives.
    pub flies: u64,
    /// One in n steps the region decides something.
    pub decides: u64,
}

impl Rough {
    pub fn draw(chance: &mut Chance) -> Self {
        let all = [Devices::RejectNew, Devices::KickOldest, Devices::TakeOver];
        Self {
            people: 2 + chance.below(4),
            places: 3,
            steps: 80 + chance.below(300),
            devices: [chance.pick(&all), chance.pick(&all), Devices::RejectNew],
            evict: chance.pick(&[0, 4, 15, 60]),
            crash: chance.pick(&[0, 0, 20, 100]),
            cut: chance.pick(&[0, 30, 80]),
            unreported: chance.pick(&[0, 30, 60]),
            late: chance.pick(&[0, 30, 80]),
            lost: chance.pick(&[0, 10, 40]),
            doubled: chance.pick(&[0, 20, 50]),
            flies: chance.pick(&[50, 80, 100]),
            decides: chance.pick(&[5, 15, 50]),
        }
    }

    /// Nothing goes wrong any more.
    pub fn calm(&mut self) {
        self.evict = 0;
        self.crash = 0;
        self.cut = 0;
        self.unreported = 0;
        self.late = 0;
        self.lost = 0;
        self.doubled = 0;
        self.flies = 100;
        self.decides = 0;
    }
}
