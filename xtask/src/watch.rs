//! What a person edits, and what must be built again for it.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;

use crate::root::Root;

/// Editors write a file in several steps; this much silence ends them.
const QUIET: Duration = Duration::from_millis(150);

/// What an edit touches. An edit may touch several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Touched {
    /// The Worker or its bindings.
    pub worker: bool,
    /// The pages or the SDK.
    pub pages: bool,
    /// The regional binary.
    pub region: bool,
}

impl Touched {
    /// By the edit of the file with this name from the root.
    #[must_use]
    pub fn by(name: &Path) -> Self {
        let under = |dir: &str| name.starts_with(dir);
        Self {
            worker: under("edge/src") || under("shared/src") || under("wrangler.toml"),
            pages: under("edge/web") || under("edge/sdk"),
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

/// Watches the sources.
pub struct Watch {
    edits: UnboundedReceiver<Touched>,
    _watcher: RecommendedWatcher,
}

impl Watch {
    /// From now on.
    pub fn start(root: &Root) -> Result<Self> {
        let (tell, edits) = unbounded_channel();
        let base = root.clone();
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let Ok(event) = event else { return };
            if matches!(event.kind, EventKind::Access(_)) {
                return;
            }
            for path in &event.paths {
                let touched = path.strip_prefix(base.dir()).map(Touched::by).unwrap_or_default();
                if touched.any() {
                    let _ = tell.send(touched);
                }
            }
        })?;
        for dir in ["edge/src", "edge/web", "edge/sdk", "shared/src", "regional/src"] {
            let path = root.path(dir);
            if path.is_dir() {
                watcher
                    .watch(&path, RecursiveMode::Recursive)
                    .with_context(|| format!("cannot watch {dir}"))?;
            }
        }
        // The directory, not the file: editors replace files.
        watcher.watch(root.dir(), RecursiveMode::NonRecursive).context("cannot watch the checkout")?;
        Ok(Self { edits, _watcher: watcher })
    }

    /// The next edits, taken together once they pause.
    pub async fn next(&mut self) -> Touched {
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
    fn an_edit_touches_what_is_made_of_it() {
        let check = |name: &str, worker: bool, pages: bool, region: bool| {
            assert_eq!(Touched::by(Path::new(name)), Touched { worker, pages, region }, "{name}");
        };
        check("edge/src/room.rs", true, false, false);
        check("shared/src/room/log.rs", true, false, true);
        check("wrangler.toml", true, false, false);
        check("edge/web/app.ts", false, true, false);
        check("edge/sdk/index.ts", false, true, false);
        check("regional/src/lib.rs", false, false, true);
        check("README.md", false, false, false);
    }
}
