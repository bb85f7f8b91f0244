//! Commands on a fixed core: servers on one, the generator on another.

use std::path::Path;
use std::process::Command;

use crate::tools::on_path;

const SERVER: &str = "0";
const GENERATOR: &str = "1";

/// Returns a command on the servers' core.
pub(super) fn server(program: &Path) -> Command {
    on_core(SERVER, program)
}

/// Returns a command on the generator's core.
pub(super) fn generator(program: &Path) -> Command {
    on_core(GENERATOR, program)
}

/// Pins a command with util-linux's `taskset`; without that program the system chooses the core.
fn on_core(core: &str, program: &Path) -> Command {
    let Some(taskset) = on_path("taskset") else { return Command::new(program) };
    let mut command = Command::new(taskset);
    command.args(["-c", core]).arg(program);
    command
}
