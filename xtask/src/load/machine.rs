//! The machine of a load: processor time and memory of processes, and the versions that stand beside every figure.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::root::Root;
use crate::stack::Pids;

/// The versions and the state of the machine, which stand beside every figure.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Environment {
    pub commit: String,
    pub workerd: String,
    pub system: String,
    pub cores: usize,
    /// The load average of one minute before the run; other work on the machine shows here.
    pub load_before: f64,
    pub load_after: f64,
}

/// Processor time since their start and memory of the server's two processes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    pub workerd_cpu_ms: u64,
    pub region_cpu_ms: u64,
    pub workerd_rss_mb: f64,
    pub region_rss_mb: f64,
}

impl Environment {
    pub(super) fn read(root: &Root) -> Self {
        let git = |args: &[&str]| {
            let output = Command::new("git").arg("-C").arg(root.dir()).args(args).output().ok()?;
            Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
        };
        let commit = git(&["rev-parse", "--short=12", "HEAD"]).unwrap_or_default();
        let is_changed = git(&["status", "--porcelain", "-uno"]).is_some_and(|changes| !changes.is_empty());
        let package = std::fs::read_to_string(root.path("package.json")).unwrap_or_default();
        let package: Value = serde_json::from_str(&package).unwrap_or_default();
        let workerd = package.pointer("/overrides/workerd").and_then(Value::as_str).unwrap_or_default();
        let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        Self {
            commit: if is_changed { format!("{commit}, with changes") } else { commit },
            workerd: workerd.to_owned(),
            system: format!("{} {}", std::env::consts::OS, release.trim()).trim().to_owned(),
            cores: std::thread::available_parallelism().map_or(0, std::num::NonZero::get),
            load_before: load_average(),
            load_after: 0.0,
        }
    }
}

/// Returns the load average of one minute.
pub(super) fn load_average() -> f64 {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().and_then(|first| first.parse().ok()).unwrap_or_default()
}

impl Usage {
    /// Reads both processes; one that has ended counts as nothing.
    pub(super) fn of(pids: Pids) -> Self {
        let cpu = |pid| shared::time::ms(cpu_of(pid).unwrap_or_default());
        Self {
            workerd_cpu_ms: cpu(pids.workerd),
            region_cpu_ms: cpu(pids.region),
            workerd_rss_mb: rss_mb(pids.workerd),
            region_rss_mb: rss_mb(pids.region),
        }
    }
}

/// Returns the memory of a process that is in use, megabytes.
fn rss_mb(pid: u32) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/statm")).unwrap_or_default();
    let pages = text.split(' ').nth(1).and_then(|pages| pages.parse::<u32>().ok()).unwrap_or_default();
    let page = u32::try_from(rustix::param::page_size()).unwrap_or(4096);
    f64::from(pages) * f64::from(page) / 1e6
}

/// Returns the processor time that a process has used since it began.
pub(super) fn cpu_of(pid: u32) -> Result<Duration> {
    let path = format!("/proc/{pid}/stat");
    let stat = std::fs::read_to_string(&path).with_context(|| format!("{path} cannot be read"))?;
    let ticks = ticks(&stat).with_context(|| format!("{path} has no times: {stat}"))?;
    let a_second = rustix::param::clock_ticks_per_second();
    Ok(Duration::from_millis(ticks * 1000 / a_second.max(1)))
}

/// Returns the ticks in user and in system mode. The process name before them may contain spaces and
/// brackets.
fn ticks(stat: &str) -> Option<u64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(11);
    let mut next = || fields.next()?.parse::<u64>().ok();
    Some(next()? + next()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_read_after_any_process_name() {
        let stat = "7 (a b) c) S 1 2 3 4 5 6 7 8 9 10 70 5 0 0 20";
        assert_eq!(ticks(stat), Some(75));
    }

    #[test]
    fn own_process_has_memory() {
        assert!(rss_mb(std::process::id()) > 1.0);
        assert!(rss_mb(u32::MAX).abs() < f64::EPSILON);
    }
}
