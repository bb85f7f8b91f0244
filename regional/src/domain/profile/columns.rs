//! The columns of a profile row: one table that editing, writing, reading, erasing and exporting a profile
//! share.
//!
//! A new column is a line of the table. The compiler then points to each function that has to decide about
//! it: the patch of an owner ([`apply_patch`](super::edit::apply_patch)), the stored value of the column in
//! `store::profiles`, and the struct [`Profile`](super::Profile) from there on.

/// The effect of an owner's edit on a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnEdit {
    /// Writes the value of the edited profile.
    Write,
    Increment,
    SetToNow,
    /// Writes the id of the edit.
    SetToEditId,
    Keep,
}

/// The effect of the beginning of an erasure on a column. The row itself is deleted at the end of the
/// erasure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnErasure {
    /// Sets the column to an empty text.
    Empty,
    Remove,
    Increment,
    SetToNow,
    SetToTrue,
    Keep,
}

/// The form in which an export shows a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InExport {
    /// As it is stored.
    Plain,
    /// As the JSON that the stored text is.
    Json,
    Hidden,
}

macro_rules! columns {
    ($(
        $(#[$doc:meta])*
        $name:ident $attribute:literal, edit: $edit:ident, erasure: $erasure:ident, export: $export:ident;
    )*) => {
        /// A column of a profile row.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Column {
            $($(#[$doc])* $name,)*
        }

        impl Column {
            /// All columns of a profile row.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The name of the attribute in the store. Patches and exports use the same name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $attribute,)* }
            }

            /// The column with this name.
            #[must_use]
            pub fn parse(name: &str) -> Option<Self> {
                match name {
                    $($attribute => Some(Self::$name),)*
                    _ => None,
                }
            }

            /// The effect of an owner's edit on the column.
            #[must_use]
            pub const fn on_edit(self) -> OnEdit {
                match self { $(Self::$name => OnEdit::$edit,)* }
            }

            /// The effect of the beginning of an erasure on the column.
            #[must_use]
            pub const fn on_erasure(self) -> OnErasure {
                match self { $(Self::$name => OnErasure::$erasure,)* }
            }

            /// The form in which an export shows the column.
            #[must_use]
            pub const fn in_export(self) -> InExport {
                match self { $(Self::$name => InExport::$export,)* }
            }
        }
    };
}

columns! {
    Player "player", edit: Keep, erasure: Keep, export: Plain;
    /// The entity tag. Incremented with every visible change.
    Version "v", edit: Increment, erasure: Increment, export: Plain;
    Name "name", edit: Write, erasure: Empty, export: Plain;
    Bio "bio", edit: Write, erasure: Empty, export: Plain;
    /// Attributes that matchmaking rules may compare, as JSON.
    Attrs "attrs", edit: Write, erasure: Remove, export: Json;
    /// Data that only the owner sees, as JSON.
    Private "private", edit: Write, erasure: Remove, export: Json;
    /// The name of what the player has paid for. Only the service sets it.
    Tier "tier", edit: Keep, erasure: Remove, export: Plain;
    /// The ids of the pictures in their order, as JSON. An erasure deletes the pictures one by one.
    Pictures "pictures", edit: Write, erasure: Keep, export: Json;
    /// Incremented to end all sessions.
    AuthEpoch "auth_epoch", edit: Keep, erasure: Increment, export: Plain;
    /// When the auth epoch was last incremented.
    EpochAt "epoch_at", edit: Keep, erasure: SetToNow, export: Plain;
    /// The sort key of the latest ban, until the ban is lifted.
    Ban "ban", edit: Keep, erasure: Keep, export: Plain;
    BannedUntil "banned_until", edit: Keep, erasure: Keep, export: Plain;
    /// `banned` until the ban is lifted.
    Status "status", edit: Keep, erasure: Keep, export: Plain;
    /// When a moderator last decided about a ban.
    StatusAt "status_at", edit: Keep, erasure: Keep, export: Plain;
    /// True if the player appears offline to all other players.
    Hidden "hidden", edit: Keep, erasure: Keep, export: Plain;
    /// How many players the player blocks.
    Blocks "blocks", edit: Keep, erasure: Keep, export: Plain;
    /// How many players the player follows.
    Follows "follows", edit: Keep, erasure: Keep, export: Plain;
    /// How many pictures the player has announced and not deleted.
    PictureCount "picture_count", edit: Keep, erasure: Keep, export: Plain;
    Created "created", edit: Keep, erasure: Keep, export: Plain;
    Updated "updated", edit: SetToNow, erasure: SetToNow, export: Plain;
    /// The id of the latest edit, by which a repeated attempt recognizes itself.
    EditId "edit", edit: SetToEditId, erasure: Keep, export: Hidden;
    /// True once the player is being erased.
    Erased "erased", edit: Keep, erasure: SetToTrue, export: Plain;
}
