//! `cargo xtask cost`: the monthly bill of a measured crowd, beside what the plans expect, and the cliffs near it.

mod cliffs;
mod meter;
mod prices;
mod region_work;

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, anyhow};
use clap::Args;
use shared::cost::{Bill, Item, Usage, bill};

use crate::root::Root;
pub use meter::{COUNTED, Counted, Measured, Meter};
pub use prices::Prices;
pub use region_work::RegionWork;

/// The expectations of the plans for a month, US dollars.
const PLANS: &[(&str, &str)] = &[
    ("4,000 people online, one provider's servers", "300 to 457"),
    ("4,000 people online, managed services", "245"),
    ("100,000 people online", "2,000"),
];
/// The measurement of the last load run.
pub const LAST: &str = "target/load/usage.json";

/// Scales a measured run to a month, and prints its bill.
#[derive(Debug, Clone, Args)]
pub struct Cost {
    /// Measurement to scale, as a load run writes it.
    #[arg(long, value_name = "FILE", default_value = LAST)]
    from: PathBuf,
    /// People who are online.
    #[arg(long, default_value_t = 4000)]
    people: u32,
    /// Hours of the month in which they are.
    #[arg(long, default_value_t = 720)]
    hours: u32,
    /// Print the bill as JSON.
    #[arg(long)]
    json: bool,
}

/// Prints the bill.
pub fn run(root: &Root, cost: &Cost) -> Result<()> {
    let prices = Prices::read(root, std::time::SystemTime::now())?;
    let path = root.path(&cost.from.to_string_lossy());
    let file = fs::read_to_string(&path).with_context(|| {
        format!("{} cannot be read: `cargo xtask load baseline` writes a measurement", path.display())
    })?;
    let measured: Measured = serde_json::from_str(&file)
        .with_context(|| format!("{} is not a measurement of a load run", path.display()))?;
    if cost.json {
        let bill = priced(&measured.month(cost.people, cost.hours)?.usage, &prices)?;
        println!("{}", serde_json::to_string_pretty(&bill)?);
        return Ok(());
    }
    print!("{}", text(&prices, &measured, cost.people, cost.hours)?);
    Ok(())
}

/// Returns the bill of a month with this many people as text, beside the plans and the cliffs.
pub fn text(prices: &Prices, measured: &Measured, people: u32, hours: u32) -> Result<String> {
    let month = measured.month(people, hours)?;
    let bill = priced(&month.usage, prices)?;
    let mut out = table((people, hours), measured, &bill);
    for cliff in cliffs::of(&month) {
        let more = priced(&cliff.usage, prices)?.usd() - bill.usd();
        let _ = writeln!(out, "  {:<46} {:>12}", cliff.what, format!("+{}", usd(more)));
    }
    Ok(out)
}

fn priced(usage: &Usage, prices: &Prices) -> Result<Bill> {
    bill(usage, prices.items())
        .map_err(|item| anyhow!("docs/prices.toml has no price of {}", item_name(item)))
}

fn table((people, hours): (u32, u32), measured: &Measured, bill: &Bill) -> String {
    let mut out = String::new();
    // Writing to a String does not fail.
    let _ = writeln!(
        out,
        "{} people online for {} hours of a month, from {} people measured for {:.0} s\n",
        people, hours, measured.people, measured.seconds
    );
    let _ = writeln!(out, "  {:<22} {:>18} {:>12} {:>16}", "item", "used", "US dollars", "nothing included");
    for line in &bill.lines {
        let (paid, whole) = (usd(line.usd), usd(line.usd_without_included));
        let _ =
            writeln!(out, "  {:<22} {:>18} {paid:>12} {whole:>16}", item_name(line.item), grouped(line.used));
    }
    let whole: f64 = bill.lines.iter().map(|line| line.usd_without_included).sum();
    let _ = writeln!(out, "  {:<22} {:>18} {:>12} {:>16}\n", "all", "", usd(bill.usd()), usd(whole));
    out.push_str("What the plans expect, US dollars a month\n");
    for (what, expected) in PLANS {
        let _ = writeln!(out, "  {what:<46} {expected:>12}");
    }
    out.push_str("\nWhat one careless line would add\n");
    out
}

/// Returns the name of an item in the file of the prices.
#[must_use]
pub fn item_name(item: Item) -> String {
    serde_json::to_value(item).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
}

fn usd(amount: f64) -> String {
    format!("{amount:.2}")
}

/// Writes a whole number with commas.
fn grouped(amount: f64) -> String {
    let digits = format!("{amount:.0}");
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_three_digits() {
        assert_eq!(grouped(7.0), "7");
        assert_eq!(grouped(1_234_567.4), "1,234,567");
        assert_eq!(grouped(100_000.0), "100,000");
    }
}
