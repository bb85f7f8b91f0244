//! Finds the installed Chromium, and says how it is started without a window.

use std::path::PathBuf;

use super::on_path;

/// No sandbox, because CI runs as root in a container; no background traffic, because there is no network.
pub const FLAGS: &[&str] = &[
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
];

/// Returns the browser, if one is on the `PATH`.
#[must_use]
pub fn find() -> Option<PathBuf> {
    ["chromium", "chromium-browser", "google-chrome"].into_iter().find_map(on_path)
}
