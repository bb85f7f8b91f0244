//! The conditions of a player world, drawn from its seed. A rate of 0 means never.

use shared::pool::Devices;
use tests::kit::chance::Chance;
use tests::kit::weather::Faults;

#[derive(Debug, Clone)]
pub struct Weather {
    pub people: usize,
    pub hosts: usize,
    pub steps: usize,
    /// The rule of each host at the device limit.
    pub devices: [Devices; 3],
    pub faults: Faults,
    /// Percent of the ends that are cuts, and percent of the cuts that are never reported.
    pub cut: u64,
    pub unreported: u64,
    /// Percent of the messages between objects that arrive twice.
    pub doubled: u64,
    /// Percent of the steps in which a message arrives.
    pub arrives: u64,
    /// One in n steps makes a decision of the region.
    pub decides: u64,
}

impl Weather {
    pub fn draw(chance: &mut Chance) -> Self {
        let all = [Devices::RejectNew, Devices::KickOldest, Devices::TakeOver];
        Self {
            people: 2 + chance.below(4),
            hosts: 3,
            steps: 80 + chance.below(300),
            devices: [chance.pick(&all), chance.pick(&all), Devices::RejectNew],
            faults: Faults {
                evict: chance.pick(&[0, 4, 15, 60]),
                crash: chance.pick(&[0, 0, 20, 100]),
                late: chance.pick(&[0, 30, 80]),
                lost: chance.pick(&[0, 10, 40]),
            },
            cut: chance.pick(&[0, 30, 80]),
            unreported: chance.pick(&[0, 30, 60]),
            doubled: chance.pick(&[0, 20, 50]),
            arrives: chance.pick(&[50, 80, 100]),
            decides: chance.pick(&[5, 15, 50]),
        }
    }

    /// Stops all faults.
    pub fn calm(&mut self) {
        self.faults = Faults::default();
        self.cut = 0;
        self.unreported = 0;
        self.doubled = 0;
        self.arrives = 100;
        self.decides = 0;
    }
}
