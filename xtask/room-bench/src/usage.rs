//! CPU time and memory of the servers, read from Linux's `/proc`.

use std::fs;

/// Clock ticks of `/proc/PID/stat` in a second: fixed to 100 for user space on Linux.
const TICKS_PER_S: f64 = 100.0;

/// CPU seconds that these processes have used so far, in user and kernel mode.
#[must_use]
pub fn cpu_s(pids: &[u32]) -> f64 {
    pids.iter().filter_map(|pid| ticks(*pid)).sum::<f64>() / TICKS_PER_S
}

/// Resident memory of these processes, KiB.
#[must_use]
pub fn rss_kib(pids: &[u32]) -> u64 {
    pids.iter().filter_map(|pid| resident(*pid)).sum()
}

fn ticks(pid: u32) -> Option<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may contain spaces; the state is the first field behind it.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

fn resident(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().trim_end_matches("kB").trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_uses_memory_and_time() {
        let own = [std::process::id()];
        assert!(rss_kib(&own) > 100);
        assert!(cpu_s(&own) >= 0.0);
    }
}
