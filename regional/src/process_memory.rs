//! The memory of this process, for metrics: the provider shows the largest of an invocation only in a log that is not kept.

use std::fs;

/// Kibibytes of a megabyte, as Lambda counts them.
const KIB_PER_MB: f64 = 1024.0;

/// Returns the resident memory in megabytes; none where the system has no `/proc`.
#[must_use]
pub fn resident_mb() -> Option<f64> {
    parse(&fs::read_to_string("/proc/self/status").ok()?)
}

fn parse(status: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u32 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(f64::from(kib) / KIB_PER_MB)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resident_memory_is_read_in_megabytes() {
        assert_eq!(parse("VmPeak:\t 9 kB\nVmRSS:\t   20480 kB\nRssAnon: 1 kB\n"), Some(20.0));
        assert_eq!(parse("VmPeak:\t 9 kB\n"), None);
        assert_eq!(parse("VmRSS: many kB\n"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_has_some_memory() {
        assert!(resident_mb().is_some_and(|mb| mb > 1.0));
    }
}
