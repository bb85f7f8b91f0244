//! Watches the sources and reports which artifacts an edit affects.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;

use crate::root::Root;

/// Editors write a file in several steps; a pause of this length ends them.
const QUIET: Duration = Duration::from_millis(150);

/// The artifacts that edits affect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Affected {
    /// The Worker or its bindings.
    pub worker: bool,
    /// The pages or the SDK.
    pub pages: bool,
    pub region: bool,
}

impl Affected {
    /// Returns the artifacts that depend on the file with this name from the root.
    #[must_use]
    pub fn by(name: &Path) -> Self {
        let under = |dir: &str| name.starts_with(dir);
        Self {
            worker: under("edge/src") || under("shared/src") || under("wrangler.toml"),
            pages: under("edge/web") || under("sdk/src"),
            region: under("regional/src") || under("shared/src"),
        }
    }

    fn any(self) -> bool {
        self.worker || self.pages || self.region
    }

    fn and(self, other: Self) -> Self {
        Self {
            worker: self.worker || other.worker,
            pages: self.pages || other.pages,
            region: self.region || other.region,
        }
    }
}

/// A watch on the sources.
pub struct Watch {
    edits: UnboundedReceiver<Affected>,
    _watcher: RecommendedWatcher,
}

impl Watch {
    /// Starts to watch the sources.
    pub fn start(root: &Root) -> Result<Self> {
        let (tell, edits) = unbounded_channel();
        let base = root.clone();
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let Ok(event) = event else { return };
            if matches!(event.kind, EventKind::Access(_)) {
                return;
            }
            for path in &event.paths {
                let touched = path.strip_prefix(base.dir()).map(Affected::by).unwrap_or_default();
                if touched.any() {
                    let _ = tell.send(touched);
                }
            }
        })?;
        for dir in ["edge/src", "edge/web", "sdk/src", "shared/src", "regional/src"] {
            let path = root.path(dir);
            if path.is_dir() {
                watcher
                    .watch(&path, RecursiveMode::Recursive)
                    .with_context(|| format!("cannot watch {dir}"))?;
            }
        }
        // Watches the directory, because editors replace files.
        watcher.watch(root.dir(), RecursiveMode::NonRecursive).context("cannot watch the checkout")?;
        Ok(Self { edits, _watcher: watcher })
    }

    /// Waits for edits and returns their artifacts, once the edits pause.
    pub async fn next(&mut self) -> Affected {
        let Some(mut touched) = self.edits.recv().await else {
            return std::future::pending().await;
        };
        while let Ok(Some(more)) = timeout(QUIET, self.edits.recv()).await {
            touched = touched.and(more);
        }
        touched
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edit_affects_the_artifacts_made_of_the_file() {
        let check = |name: &str, worker: bool, pages: bool, region: bool| {
            assert_eq!(Affected::by(Path::new(name)), Affected { worker, pages, region }, "{name}");
        };
        check("edge/src/room.rs", true, false, false);
        check("shared/src/room/log.rs", true, false, true);
        check("wrangler.toml", true, false, false);
        check("edge/web/app.ts", false, true, false);
        check("sdk/src/index.ts", false, true, false);
        check("regional/src/lib.rs", false, false, true);
        check("README.md", false, false, false);
    }
}
