//! A file of frames, one a line: a name, a tab, the frame. Lines are added, never edited.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::PathBuf;

/// The frames of one file.
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

    /// Asserts that the frame of this name is the one in the file.
    pub fn check(&mut self, name: &str, frame: &str) {
        match self.lines.remove(name) {
            Some(golden) if mode("texts") && without_text(frame) == without_text(&golden) => {
                let line = |frame: &str| format!("\n{name}\t{frame}\n");
                let file = format!("\n{}", fs::read_to_string(&self.path).expect("the golden file"));
                let file = file.replacen(&line(&golden), &line(frame), 1);
                fs::write(&self.path, file.trim_start()).expect("the golden file");
            }
            Some(golden) => assert_eq!(frame, golden, "{name} in {}", self.path.display()),
            None => self.fresh.push(format!("{name}\t{frame}\n")),
        }
    }

    /// Asserts that every frame of the file was checked, and that no other was.
    pub fn close(self) {
        let unsaid: Vec<_> = self.lines.keys().collect();
        assert!(unsaid.is_empty(), "no longer sent: {unsaid:?}");
        if mode("add") {
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

fn mode(name: &str) -> bool {
    std::env::var("GOLDEN").is_ok_and(|golden| golden == name)
}

/// Returns a frame without the message of its error, which is for people and may change.
fn without_text(frame: &str) -> String {
    let Some((before, text)) = frame.split_once(r#","message":""#) else {
        return frame.to_owned();
    };
    let mut escaped = false;
    let end = text.find(|c| {
        let end = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        end
    });
    format!("{before}{}", end.and_then(|end| text.get(end + 1..)).unwrap_or_default())
}
