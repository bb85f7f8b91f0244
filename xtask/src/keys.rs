//! `cargo xtask keys`: creates, lists and removes the keys of the service API.

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use clap::{Args, Subcommand};
use shared::limits;
use shared::service_key::{Scope, ServiceKey, ServiceKeys};

/// Creates, lists and removes the keys with which your own backend calls the service API.
///
/// The file has hashes and no secrets. Its text is the value of `SERVICE_KEYS` at the edge and in the region.
#[derive(Debug, Clone, Args)]
pub struct Keys {
    #[command(subcommand)]
    task: Task,
    /// The file with the keys of a deployment
    #[arg(long, value_name = "FILE", default_value = "service-keys.json", global = true)]
    file: PathBuf,
}

#[derive(Debug, Clone, Subcommand)]
enum Task {
    /// Creates a key, and prints it once
    Create {
        /// Its name: 1 to 24 characters of a-z, 0-9 and -
        id: String,
        /// Its scopes: `sessions`, `rooms`, `queues`, `players`, `moderation`, `inspect_hidden`
        #[arg(long, value_delimiter = ',', required = true, value_parser = scope)]
        scopes: Vec<Scope>,
    },
    /// Removes a key, once nothing uses it
    Remove { id: String },
    /// Lists the keys and their scopes
    List,
}

/// Runs the command, and returns what is printed.
pub fn run(options: &Keys) -> Result<String> {
    let mut keys = read(&options.file)?;
    match &options.task {
        Task::Create { id, scopes } => {
            ensure!(keys.iter().all(|key| key.id != *id), "there is a key `{id}`: choose another name");
            let (key, text) = create(id, scopes.iter().copied().collect())?;
            keys.push(key);
            write(&options.file, &keys)?;
            let file = options.file.display();
            Ok(format!(
                "{text}\n\nThis is shown once: store it where your backend finds it. {file} has its hash; set its text as \
                 SERVICE_KEYS at the edge and in the region.\n"
            ))
        }
        Task::Remove { id } => {
            let before = keys.len();
            keys.retain(|key| key.id != *id);
            ensure!(keys.len() < before, "{} has no key `{id}`", options.file.display());
            write(&options.file, &keys)?;
            Ok(format!("Removed `{id}`. It is valid until SERVICE_KEYS is set again.\n"))
        }
        Task::List => {
            let line = |key: &ServiceKey| {
                let scopes: Vec<&str> = key.scopes.iter().map(|scope| scope.name()).collect();
                format!("{:<24} {}\n", key.id, scopes.join(", "))
            };
            Ok(keys.iter().map(line).collect())
        }
    }
}

/// Returns a new key, and its text.
pub fn create(id: &str, scopes: BTreeSet<Scope>) -> Result<(ServiceKey, String)> {
    let mut secret = [0; shared::service_key::SECRET_BYTES];
    getrandom::fill(&mut secret).map_err(|error| anyhow::anyhow!("no random bytes: {error}"))?;
    Ok(ServiceKey::create(id, scopes, secret)?)
}

fn scope(name: &str) -> Result<Scope, String> {
    let known = Scope::ALL.into_iter().find(|scope| scope.name() == name);
    known.ok_or_else(|| format!("the scopes are {}", Scope::ALL.map(Scope::name).join(", ")))
}

fn read(file: &Path) -> Result<Vec<ServiceKey>> {
    let text = match fs::read_to_string(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        text => text.with_context(|| format!("{} cannot be read", file.display()))?,
    };
    ServiceKeys::read(&text).with_context(|| file.display().to_string())?;
    Ok(serde_json::from_str(&text)?)
}

fn write(file: &Path, keys: &[ServiceKey]) -> Result<()> {
    if keys.len() > limits::SERVICE_KEYS_MAX {
        bail!("a deployment has at most {} keys: remove old ones", limits::SERVICE_KEYS_MAX);
    }
    let text = serde_json::to_string_pretty(keys)? + "\n";
    fs::write(file, text).with_context(|| format!("{} cannot be written", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_created_listed_and_removed() {
        let file = std::env::temp_dir().join(format!("matchpoint-keys-{}.json", std::process::id()));
        let call = |task: Task| run(&Keys { task, file: file.clone() });
        let create = |id: &str| Task::Create { id: id.into(), scopes: vec![Scope::Rooms, Scope::Sessions] };
        let printed = call(create("backend")).unwrap();
        let text = printed.lines().next().unwrap();
        let stored = fs::read_to_string(&file).unwrap();
        assert!(ServiceKeys::read(&stored).unwrap().find(text).is_some());
        assert!(!stored.contains(text.rsplit('_').next().unwrap()));
        assert!(call(create("backend")).unwrap_err().to_string().contains("choose another name"));
        assert!(call(create("Backend")).unwrap_err().to_string().contains("a-z 0-9 -"));
        assert_eq!(call(Task::List).unwrap(), format!("{:<24} sessions, rooms\n", "backend"));
        call(Task::Remove { id: "backend".into() }).unwrap();
        assert_eq!(call(Task::List).unwrap(), "");
        assert!(call(Task::Remove { id: "backend".into() }).is_err());
        fs::remove_file(&file).unwrap();
        assert!(scope("all").unwrap_err().contains("sessions, rooms"));
    }
}
