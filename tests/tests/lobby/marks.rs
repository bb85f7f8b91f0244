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
    Accepted,
    Apart,
    Banned,
    BusyElsewhere,
    CallDoubled,
    CallLost,
    CalledOff,
    ClosedLate,
    CooledDown,
    CooldownGrew,
    Crashed,
    CrashedBetweenEffects,
    Declined,
    Evicted,
    Expired,
    InMatch,
    Left,
    Matched,
    NoAnswer,
    Opened,
    OpenedTwice,
    ProposedAgain,
    Queued,
    RegionSilent,
    Resumed,
    Returned,
    ToldAtOpening,
    Silence,
    TooManyDevices,
    TurnFailed,
    TwoPools,
    Why,
);

pub type Marks = BTreeSet<Mark>;
