//! A small benchmark of match plans: `cargo run --release -p shared --example plan`.

use shared::lobby::matching::plan::plan;
use shared::lobby::tickets::recent_opponents::RecentOpponents;
use shared::lobby::tickets::ticket::Ticket;
use shared::pool::{self, Pool};
use shared::time::Time;
use std::time::Instant;

const FIFO: &str = r#"{"a":{"seats":2}}"#;
const RATED: &str = r#"{"a":{"seats":2,"rating":{"within":100,"widen_per_s":10,"at_most":400}}}"#;
const RUNS: u32 = 5;

fn main() {
    println!("{:>8}  {:<22} {:>8} {:>9}", "tickets", "pool", "matches", "ms");
    for tickets in [1_000, 10_000, 100_000] {
        for (name, rules, wants) in [
            ("first come", FIFO, "[]"),
            ("by rating", RATED, "[]"),
            ("by rating, a language", RATED, r#"[{"attr":"lang","is":"L"}]"#),
        ] {
            let waiting: Vec<Ticket> = (0..tickets).map(|n| ticket(n, wants)).collect();
            let (matches, ms) = measure(&waiting, &only(rules));
            println!("{tickets:>8}  {name:<22} {matches:>8} {ms:>9.2}");
        }
    }
}

/// Returns the number of matches and the shortest of several runs, milliseconds. The minimum excludes
/// interference.
fn measure(tickets: &[Ticket], pool: &Pool) -> (usize, f64) {
    let (mut matches, mut best) = (0, f64::MAX);
    for _ in 0..RUNS {
        let began = Instant::now();
        let made = plan(Time::from_ms(60_000), tickets, pool, &RecentOpponents::default());
        best = best.min(began.elapsed().as_secs_f64() * 1000.0);
        matches = made.matches.len();
    }
    (matches, best)
}

fn ticket(n: u64, wants: &str) -> Ticket {
    // Pseudo-random, and the same in each run.
    let mixed = (n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33;
    let lang = match mixed % 3 {
        0 => "en",
        1 => "fr",
        _ => "de",
    };
    let wants = wants.replace('L', lang);
    let text = format!(
        r#"{{"id":"t_{n}","player":"p_{n}","name":"","rating":{},"since":{},"key":null,
        "attrs":{{"lang":"{lang}"}},"wants":{wants},"state":"waiting"}}"#,
        1000 + mixed % 1000,
        mixed % 60_000,
    );
    serde_json::from_str(&text).unwrap_or_else(|error| unreachable!("{error}"))
}

fn only(rules: &str) -> Pool {
    let pools = pool::read(rules).unwrap_or_else(|error| unreachable!("{error}"));
    let mut pools = pools.into_values();
    pools.next().unwrap_or_else(|| unreachable!("one pool"))
}
