//! Folders for temporary data: in memory, where the system offers that.
//!
//! Databases wait for the disk at each commit, and a test or a load that shares its disk with a build would
//! measure the disk. A killed process still finds its data again: the system holds it, not the process.

use std::path::{Path, PathBuf};

use rustix::fs::{Access, access, statvfs};

use crate::root::Root;

/// Directory that Linux keeps in memory.
const MEMORY: &str = "/dev/shm";
/// Bytes that must be free there: a container often has only 64 MiB.
const FREE: u64 = 1 << 30;

/// Returns the folder for data of this name: in memory, or `target/NAME` if memory is not available. It may
/// not exist yet.
#[must_use]
pub fn folder(root: &Root, name: &str) -> PathBuf {
    let memory = Path::new(MEMORY);
    if !has_room(memory) {
        return root.path("target").join(name);
    }
    // Each checkout has its own, as it has its own `target/`.
    let checkout = shared::hash::fnv(root.dir().as_os_str().as_encoded_bytes());
    memory.join(format!("matchpoint-{checkout:016x}")).join(name)
}

fn has_room(memory: &Path) -> bool {
    let free = statvfs(memory).map_or(0, |of| of.f_bavail.saturating_mul(of.f_frsize));
    cfg!(target_os = "linux") && free >= FREE && access(memory, Access::WRITE_OK | Access::EXEC_OK).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checkouts_do_not_share_a_folder() {
        let here = Root::here();
        let other = Root::at(&here.path("xtask")).expect("a folder");
        let (a, b) = (folder(&here, "load"), folder(&other, "load"));
        assert!(a.ends_with("load") && b.ends_with("load"));
        assert_ne!(a, b);
    }

    #[test]
    fn missing_folder_has_no_free_space() {
        assert!(!has_room(Path::new("/nowhere/at/all")));
    }
}
