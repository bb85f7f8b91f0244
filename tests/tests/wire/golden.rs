//! A file of frames, a line each: its name, a tab, the frame. Lines are added, never edited.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::PathBuf;

pub struct Golden {
    path: PathBuf,
    lines: BTreeMap<String, String>,
    fresh: Vec<String>,
}

impl Golden {
    pub fn open(name: &str) -> Self {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden").join(name);
        let text = fs::read_to_string(&path).unwrap_or_default();
        let lines = text.lines().filter_map(|line| {
            let (name, frame) = line.split_once('\t')?;
            Some((name.to_owned(), frame.to_owned()))
        });
        Self { lines: lines.collect(), path, fresh: Vec::new() }
    }

    /// The frame of this name is the one in the file.
    pub fn check(&mut self, name: &str, frame: &str) {
        match self.lines.remove(name) {
            Some(golden) => assert_eq!(frame, golden, "{name} in {}", self.path.display()),
            None => self.fresh.push(format!("{name}\t{frame}\n")),
        }
    }

    /// Nothing in the file went unsaid, and nothing was said that is not in it.
    pub fn close(self) {
        let unsaid: Vec<_> = self.lines.keys().collect();
        assert!(unsaid.is_empty(), "not said any more: {unsaid:?}");
        if std::env::var("GOLDEN").is_ok_and(|golden| golden == "add") {
            let file = OpenOptions::new().create(true).append(true).open(&self.path);
            let mut file = file.expect("the golden file");
            for line in &self.fresh {
                file.write_all(line.as_bytes()).expect("the golden file");
            }
        } else {
            assert!(self.fresh.is_empty(), "new, to be added with GOLDEN=add: {:#?}", self.fresh);
        }
    }
}
