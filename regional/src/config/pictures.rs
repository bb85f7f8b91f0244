//! Where pictures are.

use super::{BadConfig, Reader, TableNames};
use crate::bucket::Place;
use aws_credential_types::Credentials;

/// The names of the tables, for a function that needs no more.
pub fn tables(source: &dyn Fn(&str) -> Option<String>) -> Result<TableNames, BadConfig> {
    let mut reader = Reader { source, faults: Vec::new() };
    let names = reader.tables();
    if reader.faults.is_empty() {
        return Ok(names);
    }
    Err(BadConfig(reader.faults))
}

/// Where pictures are, by a source of variables; none where that is not said.
pub fn pictures(source: &dyn Fn(&str) -> Option<String>) -> Result<Option<Place>, BadConfig> {
    let mut reader = Reader { source, faults: Vec::new() };
    let place = read(&mut reader);
    if reader.faults.is_empty() {
        return Ok(place);
    }
    Err(BadConfig(reader.faults))
}

/// From `PICTURES_URL` and what Lambda says of itself. Without that address there are no pictures.
pub(super) fn read(read: &mut Reader<'_>) -> Option<Place> {
    let url = read.get("PICTURES_URL")?;
    let url = url.trim_end_matches('/').to_owned();
    let public = read.get("PICTURES_PUBLIC_URL").unwrap_or_else(|| url.clone());
    let mut needed = |name: &str| {
        read.get(name).unwrap_or_else(|| {
            read.fault(name, "set where PICTURES_URL is");
            String::new()
        })
    };
    let (region, id, secret) =
        (needed("AWS_REGION"), needed("AWS_ACCESS_KEY_ID"), needed("AWS_SECRET_ACCESS_KEY"));
    let token = read.get("AWS_SESSION_TOKEN");
    Some(Place {
        url,
        public: public.trim_end_matches('/').to_owned(),
        region,
        credentials: Credentials::new(id, secret, token, None, "environment"),
    })
}
