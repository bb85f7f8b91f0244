//! Marks: the named situations that a run must reach. A run that never reaches one proves nothing about it.

/// Defines `Mark`, its list of all marks, and `Marks`, a set of them.
#[macro_export]
macro_rules! marks {
    ($($name:ident),* $(,)?) => {
        /// A situation that a run must reach.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Mark { $($name),* }

        impl Mark {
            /// Every mark; a run must reach them all.
            pub const ALL: &[Self] = &[$(Self::$name),*];
        }

        /// The marks that a world has reached.
        pub type Marks = std::collections::BTreeSet<Mark>;
    };
}
