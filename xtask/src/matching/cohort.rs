//! Cohorts: groups of players by a column's value, or by a band of numbers.

use std::str::FromStr;

use serde::Serialize;

use super::log::Person;
use super::summary::display_value;

/// A column to group players by, in the form of `--by`: `lang`, or `rating:100` for bands of a hundred
/// points.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cohort {
    pub column: String,
    /// Width of a band of numbers.
    pub band: Option<f64>,
}

/// Default width of a band of ratings.
const RATINGS: f64 = 200.0;

impl FromStr for Cohort {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (column, band) = match text.split_once(':') {
            None => (text, None),
            Some((column, band)) => {
                let width = band.parse::<f64>().ok();
                let width = width.filter(|it| it.is_finite() && *it > 0.0);
                (column, Some(width.ok_or(format!("`{band}` is not the width of a band"))?))
            }
        };
        if column.is_empty() {
            return Err("name a column".into());
        }
        let band = band.or((column == "rating").then_some(RATINGS));
        let column = column.to_owned();
        Ok(Self { column, band })
    }
}

impl Cohort {
    /// Returns the group of a player: `-` if the player lacks the attribute.
    pub(super) fn of(&self, person: &Person) -> String {
        let number = match self.column.as_str() {
            "rating" => Some(person.rating),
            "deviation" => person.deviation,
            "patience_s" => person.patience.map(|it| it.as_secs_f64()),
            name => person.attrs.get(name).and_then(serde_json::Value::as_f64),
        };
        if let (Some(number), Some(width)) = (number, self.band) {
            let low = (number / width).floor() * width;
            return format!("{low}–{}", low + width);
        }
        let value = person.attrs.get(&self.column).map(display_value);
        let party = || person.party.clone().filter(|_| self.column == "party");
        value.or_else(|| number.map(|it| it.to_string())).or_else(party).unwrap_or_else(|| "-".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::read;

    fn check(by: &str, group: &str) {
        let log = read::csv("at,player,rating,lang,age\n0,p_1,1510.5,en,31\n").unwrap();
        let cohort: Cohort = by.parse().unwrap();
        assert_eq!(cohort.of(&log.entries[0].people[0]), group, "{by}");
    }

    #[test]
    fn players_are_grouped_by_value_and_by_band() {
        check("lang", "en");
        check("rating", "1400–1600");
        check("rating:50", "1500–1550");
        check("age:10", "30–40");
        check("age", "31");
        check("lang:10", "en");
        check("deviation", "-");
        assert!("".parse::<Cohort>().is_err());
        assert!("age:0".parse::<Cohort>().is_err());
    }
}
