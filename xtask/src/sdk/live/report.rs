//! The result of the live tests in one runtime, and the rules of the protocol that they cover.

use std::collections::BTreeSet;
use std::fmt;

/// The tests that passed; a failed one is an error instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Where the tests ran, such as `Node`.
    pub runtime: &'static str,
    /// The names of the tests. Each ends with the numbers of its rules: `… [W-090, W-091]`.
    pub passed: Vec<String>,
}

impl Report {
    /// Returns the numbers of the rules that the tests cover, sorted.
    #[must_use]
    pub fn rules(&self) -> BTreeSet<&str> {
        let numbers = self.passed.iter().filter_map(|name| name.strip_suffix(']')?.rsplit_once('['));
        numbers.flat_map(|(_, numbers)| numbers.split(", ")).collect()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { runtime, passed } = self;
        for name in passed {
            writeln!(f, "pass  {runtime}: {name}")?;
        }
        let rules: Vec<&str> = self.rules().into_iter().collect();
        let (tests, count) = (passed.len(), rules.len());
        writeln!(f, "{runtime}: {tests} tests pass, which cover {count} rules: {}", rules.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn report_names_each_rule_once() {
        let passed = ["a [W-090, W-110]", "b [W-090]", "c"].map(str::to_owned).to_vec();
        let report = Report { runtime: "Node", passed };
        assert_eq!(report.rules().into_iter().collect::<Vec<_>>(), ["W-090", "W-110"]);
        assert!(report.to_string().ends_with("Node: 3 tests pass, which cover 2 rules: W-090, W-110\n"));
    }
}
