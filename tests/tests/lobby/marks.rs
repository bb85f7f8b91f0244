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
    Blocked,
    CalledOff,
    Climbed,
    ClosedLate,
    CooledDown,
    CooldownGrew,
    Crashed,
    CrashedBetweenEffects,
    Declined,
    DroppedAbove,
    Evicted,
    Expired,
    Held,
    InMatch,
    Left,
    Matched,
    MatchedAbove,
    Moved,
    NoAnswer,
    Opened,
    OfferedAbove,
    OpenedTwice,
    Party,
    PartyLeft,
    PartyPlayed,
    PartyRefused,
    PutOut,
    ProposedAgain,
    Queued,
    RegionSilent,
    Resumed,
    Returned,
    SaidAbove,
    StartedEarly,
    ToldAtOpening,
    Silence,
    TooManyDevices,
    TurnFailed,
    TwoPools,
    Why,
    Withdrawn,
);

pub type Marks = BTreeSet<Mark>;
