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
    Away,
    BackAtOnce,
    Banned,
    Barred,
    CallDoubled,
    CallLost,
    ClosedLate,
    Crashed,
    CrashedBetweenEffects,
    DismissedComing,
    Evicted,
    Full,
    Gone,
    Hidden,
    Kicked,
    NoticeLate,
    NoticeTwice,
    Offline,
    OldAnswer,
    Online,
    PlaceCrashed,
    Reconnecting,
    ReleaseLost,
    Revoked,
    SessionEnded,
    Silent,
    Strange,
    TookOver,
    Unbanned,
);

pub type Marks = BTreeSet<Mark>;
