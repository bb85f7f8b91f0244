//! OpenAPI schemas of bounded integers in rooms and pools.

use crate::limits;
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

macro_rules! integers {
    ($($(#[doc = $doc:literal])* $name:ident $min:literal $max:expr;)*) => {$(
        $(#[doc = $doc])*
        #[derive(Debug)]
        pub struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let integer = ObjectBuilder::new().schema_type(Type::Integer);
                let doc = concat!($($doc),*).trim();
                integer.description(Some(doc)).minimum(Some($min)).maximum(Some($max)).into()
            }
        }

        impl ToSchema for $name {}
    )*};
}

integers! {
    /// The number of seats of a room.
    Seats 1 limits::SEATS_MAX;
    /// Seconds, at most the longest lifetime of a room.
    Span 0 usize::try_from(limits::ROOM_AGE_MAX.as_secs()).unwrap_or(usize::MAX);
}
