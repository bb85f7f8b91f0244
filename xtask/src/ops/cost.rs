//! The cost of what the edge counts, as expressions: one for each line of the bill.

use std::collections::BTreeMap;

use shared::cost::Item;

use super::query::number;
use crate::cost::{COUNTED, Prices, item_name};

/// One line of the bill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The item, as in docs/prices.toml.
    pub item: String,
    /// US dollars in the window, without what the month includes.
    pub expr: String,
}

/// Returns the lines, with the prices.
#[must_use]
pub fn lines(prices: &Prices, window: &str) -> Vec<Line> {
    let mut amounts: BTreeMap<Item, Vec<String>> = BTreeMap::new();
    for counted in COUNTED {
        let growth = format!("(sum(increase({}[{window}])) or vector(0))", counted.series);
        let amount =
            if counted.billed < 1.0 { format!("{growth} * {}", number(counted.billed)) } else { growth };
        amounts.entry(counted.item).or_default().push(amount);
    }
    let line = |(item, amounts): (Item, Vec<String>)| {
        let price = prices.items().get(&item)?;
        let expr = format!("({}) * {} / {}", amounts.join(" + "), number(price.usd), number(price.per));
        Some(Line { item: item_name(item), expr })
    };
    amounts.into_iter().filter_map(line).collect()
}
