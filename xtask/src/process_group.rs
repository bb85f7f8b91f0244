//! Child processes with all their descendants, killed together.

use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, bail};
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group, test_kill_process, waitid,
};

/// Every group that has not been waited for, so that a signal can end all of them.
static RUNNING: Mutex<Vec<i32>> = Mutex::new(Vec::new());
/// Set when this process is about to end: a thread in the middle of a build must not start its next step.
static CLOSED: AtomicBool = AtomicBool::new(false);

/// A process group, identified by its first process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProcessGroup(Pid);

impl ProcessGroup {
    /// Starts `command` as the first of a group. A terminal's Ctrl-C does not reach it; the caller must end
    /// it.
    pub fn spawn(command: &mut Command) -> Result<(Self, Child)> {
        if CLOSED.load(Ordering::SeqCst) {
            bail!("stopped");
        }
        let child = command.process_group(0).spawn()?;
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).context("the process has no id")?;
        running(|groups| groups.push(pid.as_raw_nonzero().get()));
        if CLOSED.load(Ordering::SeqCst) {
            Self(pid).kill();
        }
        Ok((Self(pid), child))
    }

    /// Process id of the first process.
    #[must_use]
    pub fn pid(self) -> u32 {
        self.0.as_raw_nonzero().get().unsigned_abs()
    }

    /// Waits for the first process, then kills the processes it left behind. In this order the id cannot have
    /// been reused.
    pub fn wait(self, child: &mut Child) -> Result<ExitStatus> {
        let _ = waitid(WaitId::Pid(self.0), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT);
        self.kill();
        running(|groups| groups.retain(|pid| *pid != self.0.as_raw_nonzero().get()));
        Ok(child.wait()?)
    }

    /// Sends SIGKILL to the whole group. Valid only before [`ProcessGroup::wait`] returns.
    pub fn kill(self) {
        let _ = kill_process_group(self.0, Signal::KILL);
    }

    /// Returns true until [`ProcessGroup::wait`] returns.
    #[must_use]
    pub fn is_running(self) -> bool {
        running(|groups| groups.contains(&self.0.as_raw_nonzero().get()))
    }
}

/// Sends SIGKILL to every running group and to any that is started later: the last step before this process
/// ends.
pub fn kill_all() {
    CLOSED.store(true, Ordering::SeqCst);
    let pids = running(|groups| groups.clone());
    for pid in pids.into_iter().filter_map(Pid::from_raw) {
        ProcessGroup(pid).kill();
    }
}

/// Sends SIGKILL to one process.
pub fn kill(pid: u32) -> Result<()> {
    signal(pid, Signal::KILL)
}

/// Sends SIGTERM to one process.
pub fn terminate(pid: u32) -> Result<()> {
    signal(pid, Signal::TERM)
}

/// Returns true if a process has this id. An ended process counts until its parent has waited for it.
#[must_use]
pub fn exists(pid: u32) -> bool {
    of(pid).is_ok_and(|pid| test_kill_process(pid).is_ok())
}

fn signal(pid: u32, signal: Signal) -> Result<()> {
    kill_process(of(pid)?, signal).with_context(|| format!("cannot signal {pid}"))
}

fn of(pid: u32) -> Result<Pid> {
    i32::try_from(pid).ok().and_then(Pid::from_raw).context("not a process id")
}

fn running<T>(with: impl FnOnce(&mut Vec<i32>) -> T) -> T {
    with(&mut RUNNING.lock().unwrap_or_else(PoisonError::into_inner))
}
