//! What a run has been through: a world that never saw it proves nothing about it.

use std::collections::BTreeSet;

macro_rules! marks {
    ($($name:ident),* $(,)?) => {
        /// Something worth having been through.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Mark { $($name),* }

        impl Mark {
            /// Every mark: a run is to have them all.
            pub const ALL: &[Self] = &[$(Self::$name),*];
        }
    };
}

marks!(
    AlarmLate,
    AlarmTwice,
    AnsweredTwice,
    Banned,
    BusyElsewhere,
    CallDoubled,
    CallLost,
    CalledOff,
    ClosedLate,
    Crashed,
    CrashedBetweenEffects,
    Evicted,
    Expired,
    InMatch,
    Left,
    Matched,
    NoAnswer,
    Opened,
    OpenedTwice,
    Queued,
    RegionSilent,
    Resumed,
    Returned,
    ToldAtOpening,
    TooManyDevices,
    TurnFailed,
    TwoPools,
    Why,
);

pub type Marks = BTreeSet<Mark>;
