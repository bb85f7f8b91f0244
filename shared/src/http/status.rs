//! The status page: the readiness of the last day by minute, as JSON and as HTML without a script.

use crate::metrics::readiness::MINUTES;
use crate::time::Time;
use serde::Serialize;
use std::fmt::Write as _;

/// Disturbances that the page lists, the newest first.
const LISTED: usize = 20;

/// The response to `GET /status.json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Status {
    /// The latest state that is known: `ready`, `partly_ready`, `not_ready`, or `unknown`.
    pub status: &'static str,
    /// The current minute.
    pub as_of: Time,
    /// The share of the minutes that are ready, among those in which something was asked; null without one.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub ready_share: Option<f64>,
    /// A letter for each minute of the last day, the oldest first: `r` ready, `p` partly, `n` not ready, `-` unknown.
    #[cfg_attr(feature = "openapi", schema(min_length = 1440, max_length = 1440, pattern = "^[rpn-]*$"))]
    pub minutes: String,
}

impl Status {
    /// Returns the status of a day that ends now.
    #[must_use]
    pub fn new(minutes: String, now: Time) -> Self {
        let count = |letter: char| minutes.matches(letter).count();
        let (ready, known) = (count('r'), minutes.len() - count('-'));
        let status = match minutes.trim_end_matches('-').chars().last() {
            Some('r') => "ready",
            Some('p') => "partly_ready",
            Some(_) => "not_ready",
            None => "unknown",
        };
        #[allow(clippy::cast_precision_loss)]
        let ready_share = (known > 0).then(|| (ready as f64 / known as f64 * 10_000.0).round() / 10_000.0);
        Self { status, as_of: now, ready_share, minutes }
    }

    /// Returns the runs of equal minutes: the letter, the first minute of the day, and the number of minutes.
    fn runs(&self) -> Vec<(u8, usize, usize)> {
        let mut runs: Vec<(u8, usize, usize)> = Vec::new();
        for (at, letter) in self.minutes.bytes().enumerate() {
            match runs.last_mut() {
                Some((last, _, length)) if *last == letter => *length += 1,
                _ => runs.push((letter, at, 1)),
            }
        }
        runs
    }

    /// Returns the time of a minute of the day in UTC: `13:05`.
    fn clock(&self, minute: usize) -> String {
        let minute = (self.as_of.secs() / 60 + 1 + minute as u64).saturating_sub(MINUTES as u64);
        format!("{:02}:{:02}", minute / 60 % 24, minute % 60)
    }
}

/// Returns the page. Its style is the file `status.css`, which follows the colours of the device.
#[must_use]
pub fn status_page(status: &Status) -> String {
    let title = match status.status {
        "ready" => "Ready",
        "partly_ready" => "Partly ready",
        "not_ready" => "Not ready",
        _ => "No data yet",
    };
    let share = status.ready_share.map_or_else(
        || "Nothing was asked in the last 24 hours.".to_owned(),
        |share| {
            format!(
                "Ready in {:.2} % of the minutes of the last 24 hours in which something was asked.",
                share * 100.0
            )
        },
    );
    let mut out = String::from(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"refresh\" content=\"60\">\n<meta name=\"color-scheme\" content=\"light dark\">\n",
    );
    // Writing to a String does not fail.
    let _ = write!(
        out,
        "<title>{title} \u{2013} Matchpoint</title>\n<link rel=\"icon\" href=\"/favicon.svg\">\n\
         <link rel=\"stylesheet\" href=\"/status.css\">\n</head>\n<body>\n<main>\n\
         <h1 class=\"{}\">{title}</h1>\n<p>{share}</p>\n\
         <svg viewBox=\"0 0 1440 48\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"{share}\">\n",
        status.status,
    );
    let runs = status.runs();
    for (letter, at, length) in &runs {
        let class = class_of(*letter);
        let _ = writeln!(out, "<rect class=\"{class}\" x=\"{at}\" width=\"{length}\" height=\"48\"/>");
    }
    let _ = write!(
        out,
        "</svg>\n<p class=\"axis\"><span>{}</span><span>{}</span><span>{} UTC</span></p>\n\
         <p class=\"legend\"><i class=\"ready\"></i> ready <i class=\"partly_ready\"></i> partly \
         <i class=\"not_ready\"></i> not ready <i class=\"unknown\"></i> nothing asked</p>\n",
        status.clock(0),
        status.clock(MINUTES / 2),
        status.clock(MINUTES - 1),
    );
    let disturbed = runs.iter().rev().filter(|(letter, ..)| matches!(letter, b'p' | b'n')).take(LISTED);
    let mut rows = String::new();
    for (letter, at, length) in disturbed {
        let (from, state) = (status.clock(*at), if *letter == b'n' { "not ready" } else { "partly ready" });
        let _ = writeln!(rows, "<tr><td>{from}</td><td>{length} min</td><td>{state}</td></tr>");
    }
    if !rows.is_empty() {
        out.push_str("<table>\n<tr><th>From (UTC)</th><th>For</th><th>State</th></tr>\n");
        out.push_str(&rows);
        out.push_str("</table>\n");
    }
    out.push_str("</main>\n</body>\n</html>\n");
    out
}

fn class_of(letter: u8) -> &'static str {
    match letter {
        b'r' => "ready",
        b'p' => "partly_ready",
        b'n' => "not_ready",
        _ => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The time is 2024-11-30T20:53:20Z.
    const NOW: Time = Time::from_ms(1_733_000_000_000);

    fn day(end: &str) -> Status {
        Status::new(format!("{}{end}", "-".repeat(MINUTES - end.len())), NOW)
    }

    #[test]
    fn latest_known_minute_is_the_status() {
        let check = |end: &str, status: &str, share: Option<f64>| {
            let day = day(end);
            assert_eq!((day.status, day.ready_share), (status, share), "{end}");
        };
        check("", "unknown", None);
        check("rrr-", "ready", Some(1.0));
        check("rrn--", "not_ready", Some(0.6667));
        check("np", "partly_ready", Some(0.0));
    }

    #[test]
    fn page_has_a_rectangle_for_each_run_and_lists_disturbances() {
        let page = status_page(&day("rrrrnnprr"));
        assert_eq!(page.matches("<rect ").count(), 5, "{page}");
        assert!(page.contains("<rect class=\"not_ready\" x=\"1435\" width=\"2\" height=\"48\"/>"), "{page}");
        assert!(page.contains("<td>20:49</td><td>2 min</td><td>not ready</td>"), "{page}");
        assert!(page.contains("<td>20:51</td><td>1 min</td><td>partly ready</td>"), "{page}");
        assert!(page.contains("<span>20:53 UTC</span>") && page.contains("<span>20:54</span>"), "{page}");
        assert!(!page.contains("<script"), "{page}");
        assert!(!status_page(&day("rrr")).contains("<table"));
    }
}
