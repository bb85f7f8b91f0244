//! How fast somebody may ask. A second line behind API Gateway and the edge: each copy of the function counts alone.

use crate::error::Refusal;
use crate::http::address;
use crate::http::bearer::Bearer;
use crate::http::problem::Code;
use crate::routes::App;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::Method;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::Response;
use shared::caps;
use shared::limit::{Bucket, Pace};
use shared::sign::HEADER;
use shared::time::Time;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// What is left of everybody's pace.
#[derive(Debug)]
pub struct Paces {
    pace: Pace,
    left: Mutex<HashMap<String, Bucket>>,
}

impl Paces {
    /// This pace for each.
    #[must_use]
    pub fn new(pace: Pace) -> Self {
        let left = Mutex::default();
        Self { pace, left }
    }

    /// Takes one, or says how long until there is one.
    pub fn take(&self, who: &str, now: Time) -> Result<(), Duration> {
        // A bucket is whole at every moment, so a panic elsewhere leaves nothing half done.
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        if !left.contains_key(who) && left.len() >= caps::PACES {
            self.tidy(&mut left, now);
        }
        let bucket = left.entry(who.to_owned());
        bucket.or_insert_with(|| Bucket::full(self.pace, now)).take(self.pace, now)
    }

    /// Forgets whoever has rested enough to have all of it again; where that is nobody, everybody: a flood of addresses
    /// costs some of their memory of who was fast, and never ours.
    fn tidy(&self, left: &mut HashMap<String, Bucket>, now: Time) {
        let full = |mut bucket: Bucket| (0..self.pace.burst).all(|_| bucket.take(self.pace, now).is_ok());
        left.retain(|_, bucket| !full(*bucket));
        if left.len() >= caps::PACES {
            left.clear();
        }
    }
}

/// Lets a request pass at its caller's pace: the player of a good token, else the address.
pub async fn keep(State(app): State<App>, request: Request, next: Next) -> Result<Response, Refusal> {
    let (mut parts, body) = request.into_parts();
    if edge_reads(&app, &parts) {
        return Ok(next.run(Request::from_parts(parts, body)).await);
    }
    let bearer = <Bearer as FromRequestParts<App>>::from_request_parts(&mut parts, &app).await;
    let who = match bearer {
        Ok(Bearer(claims)) => claims.sub.to_string(),
        // A token that is not good is a stranger's. The route says what is wrong with it.
        Err(_) => address::of(&parts.extensions).0,
    };
    if let Err(wait) = app.paces.take(&who, app.clock.now()) {
        let pace = app.config.people.pace;
        let detail = format!(
            "{} requests at once and {} a second are answered. Wait as long as `Retry-After` says.",
            pace.burst, pace.per_s
        );
        return Err(Refusal::new(Code::TooFast, detail).after(wait));
    }
    Ok(next.run(Request::from_parts(parts, body)).await)
}

/// Whether this is the edge, which reads for a crowd and has paced it.
fn edge_reads(app: &App, parts: &Parts) -> bool {
    let header = parts.headers.get(HEADER);
    let Some(header) = header.and_then(|value| value.to_str().ok()) else {
        return false;
    };
    let path = parts.uri.path_and_query().map_or("", |path| path.as_str());
    let (keys, now) = (&app.config.edge_keys, app.clock.now());
    parts.method == Method::GET && keys.verify(now, header, "GET", path, b"").is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACE: Pace = Pace { per_s: 10, burst: 2 };

    fn check(calls: &[(&str, u64)], expected: &[bool]) {
        let paces = Paces::new(PACE);
        let got: Vec<_> = calls.iter().map(|(who, ms)| paces.take(who, Time::from_ms(*ms)).is_ok()).collect();
        assert_eq!(got, expected, "{calls:?}");
    }

    #[test]
    fn each_has_a_pace_of_their_own() {
        let calls = [("a", 0), ("a", 0), ("a", 0), ("b", 0), ("a", 99), ("a", 100)];
        check(&calls, &[true, true, false, true, false, true]);
    }

    #[test]
    fn a_flood_of_names_takes_no_more_room() {
        let paces = Paces::new(PACE);
        for name in 0..caps::PACES * 3 {
            assert!(paces.take(&name.to_string(), Time::from_ms(0)).is_ok());
        }
        let held = paces.left.lock().map_or(0, |left| left.len());
        assert!(held <= caps::PACES, "{held}");
    }

    #[test]
    fn who_is_fast_is_not_forgotten_for_those_who_rest() {
        let paces = Paces::new(PACE);
        let at = Time::from_ms;
        for name in 1..caps::PACES {
            assert!(paces.take(&name.to_string(), at(0)).is_ok());
        }
        for _ in 0..2 {
            assert!(paces.take("fast", at(1000)).is_ok());
        }
        assert!(paces.take("new", at(1000)).is_ok());
        assert!(paces.take("fast", at(1000)).is_err());
    }
}
