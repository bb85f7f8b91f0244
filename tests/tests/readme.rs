//! Tests that the samples of README.md and of the SDK work: the HTTP request, the frames of queue and room, the SDK samples.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use tests::stack;
use tokio::io::{AsyncBufReadExt, BufReader};
use xtask::root::Root;
use xtask::tools::node;
use xtask::wire::{Player, Server, Socket, text};

/// Returns the fenced blocks of README.md in one language; an empty name is a block without language.
fn blocks(language: &str) -> Result<Vec<String>> {
    blocks_of("README.md", language)
}

fn blocks_of(document: &str, language: &str) -> Result<Vec<String>> {
    let readme = fs::read_to_string(Root::here().path(document))?;
    let (mut blocks, mut lines) = (Vec::new(), readme.lines());
    while let Some(line) = lines.next() {
        if let Some(found) = line.strip_prefix("```") {
            let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            if found == language {
                blocks.push(block.join("\n"));
            }
        }
    }
    Ok(blocks)
}

/// Returns the JSON messages of the sample with frames, in their order, with their direction: true for the client's.
fn frames() -> Result<Vec<(bool, Value)>> {
    let block = blocks("")?.into_iter().find(|block| block.contains('→')).context("no block of frames")?;
    let mut frames = Vec::new();
    for line in block.lines() {
        let sent = line.split_once('→').map(|(_, frame)| (true, frame));
        let frame = sent.or_else(|| line.split_once('←').map(|(_, frame)| (false, frame)));
        let (is_sent, frame) = frame.with_context(|| format!("no frame in {line:?}"))?;
        // The sample shortens ids and times with an ellipsis.
        let frame = frame.trim().replace(":…", ":0");
        frames.push((is_sent, serde_json::from_str(&frame).with_context(|| frame.clone())?));
    }
    Ok(frames)
}

/// Takes the next message of the sample that the client sends.
fn sent(frames: &mut impl Iterator<Item = (bool, Value)>) -> Result<Value> {
    match frames.next() {
        Some((true, frame)) => Ok(frame),
        other => bail!("the sample has {other:?} where the client sends"),
    }
}

/// Waits for the event that the sample shows next, and checks that the server's event has its fields.
async fn received(socket: &mut Socket, frames: &mut impl Iterator<Item = (bool, Value)>) -> Result<Value> {
    let Some((false, sample)) = frames.next() else { bail!("the sample shows no event here") };
    let name = text(&sample, "/ev").to_owned();
    let event = socket.wait(&name, |message| text(message, "/ev") == name).await?;
    for field in sample.as_object().into_iter().flat_map(|sample| sample.keys()) {
        ensure!(event.get(field).is_some(), "{event} has no `{field}` of the sample {sample}");
    }
    Ok(event)
}

#[tokio::test]
async fn the_curl_sample_creates_a_session() -> Result<()> {
    let stack = stack::shared().await?;
    let block =
        blocks("sh")?.into_iter().find(|block| block.starts_with("curl")).context("no curl sample")?;
    let (_, path) = block.split_once("http://127.0.0.1:9000").context("no region in the sample")?;
    let path = path.split_whitespace().next().context("no path in the sample")?;
    let body = block.split_once("-d '").and_then(|(_, body)| body.strip_suffix('\'')).context("no body")?;
    ensure!(block.contains("-X POST") && block.contains("content-type: application/json"));
    let request = reqwest::Client::new().post(format!("{}{path}", stack.region_url()));
    let answer = request.header("content-type", "application/json").body(body.to_owned()).send().await?;
    ensure!(answer.status() == 201, "{}", answer.status());
    ensure!(!text(&answer.json::<Value>().await?, "/access_token").is_empty());
    Ok(())
}

#[tokio::test]
async fn the_frame_sample_matches_two_players_who_then_talk() -> Result<()> {
    let stack = stack::shared().await?;
    let server = Server::at(stack.edge_url(), stack.region_url())?;
    let players = [server.guest("Ana").await?, server.guest("Bo").await?];
    let mut frames = frames()?.into_iter();
    let enter = sent(&mut frames)?;
    let mut sockets = Vec::new();
    for player in &players {
        let mut socket = server.lobby("speed-dating", player).connect().await?;
        socket.welcome().await?;
        socket.send(&enter).await?;
        sockets.push(socket);
    }
    let matched = received(sockets.first_mut().context("a socket")?, &mut frames).await?;
    let room = text(&matched, "/body/room");
    ensure!(matched.pointer("/body/with/0").is_some(), "{matched}");

    let [ana, _]: &[Player; 2] = &players;
    let mut socket = server.room(room, ana).connect().await?;
    socket.welcome().await?;
    let say = sent(&mut frames)?;
    socket.send(&say).await?;
    let said = received(&mut socket, &mut frames).await?;
    ensure!(said.get("body") == say.get("body"), "{said}");
    ensure!(frames.next().is_none(), "the sample goes on");
    Ok(())
}

/// Writes the SDK sample of a document as a program that uses the sources of the package, and returns its file.
fn sdk_sample(document: &str, name: &str) -> Result<PathBuf> {
    let root = Root::here();
    let sample = blocks_of(document, "ts")?.into_iter().next().context("no TypeScript sample")?;
    let dir = root.path("target/readme");
    fs::create_dir_all(&dir)?;
    let sample = sample.replace("\"@matchpoint/client\"", "\"../../sdk/src/index.ts\"");
    let file = dir.join(name);
    fs::write(&file, sample)?;
    Ok(file)
}

#[tokio::test]
async fn the_sdk_samples_type_check_and_talk() -> Result<()> {
    let root = Root::here();
    let files = [sdk_sample("README.md", "sample.ts")?, sdk_sample("sdk/README.md", "package.ts")?];
    let dir = root.path("target/readme");
    let config = r#"{"extends":"../../sdk/tsconfig.json","include":["*.ts"],"compilerOptions":{"noUnusedLocals":false}}"#;
    fs::write(dir.join("tsconfig.json"), config)?;
    let node = node::ensure(&root)?;
    let output = Command::new(&node.program).arg(&node.tsc).arg("--project").arg(&dir).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));

    // Both are guests of one queue, so that they meet in one room; each reads at least its own message there.
    let stack = stack::shared().await?;
    let mut programs = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file)?.replace("http://127.0.0.1:8787", stack.edge_url());
        let page = format!("globalThis.location = {{ origin: \"{}\" }} as Location;\n", stack.edge_url());
        let (import, rest) = text.split_once('\n').context("an empty sample")?;
        fs::write(&file, format!("{import}\n{page}{rest}"))?;
        let mut program = tokio::process::Command::from(node.typescript(file));
        programs
            .push(program.env("NO_PROXY", "127.0.0.1").stdout(Stdio::piped()).kill_on_drop(true).spawn()?);
    }
    for program in &mut programs {
        let mut lines = BufReader::new(program.stdout.take().context("no output")?).lines();
        let line = lines.next_line().await?.context("the sample ended before it said anything")?;
        ensure!(line.starts_with("p_") && line.ends_with(" hello"), "{line}");
    }
    Ok(())
}

/// Returns the samples in the doc comments of a file of the package: lines with four more spaces than the text.
fn doc_samples(source: &str) -> Vec<String> {
    let code = |line: &str| line.trim_start().strip_prefix("*     ").map(str::to_owned);
    let mut samples = Vec::new();
    let mut lines = source.lines().map(code).peekable();
    while let Some(line) = lines.next() {
        let Some(mut sample) = line else { continue };
        while let Some(Some(more)) = lines.next_if(Option::is_some) {
            sample = format!("{sample}\n{more}");
        }
        samples.push(sample);
    }
    samples
}

#[test]
fn the_samples_in_doc_comments_type_check() -> Result<()> {
    let root = Root::here();
    let files = root.files()?;
    let mut program = "import { Matchpoint } from \"../../../sdk/src/index.ts\";\n\
         import type { ConnectFour, Room } from \"../../../sdk/src/index.ts\";\n\
         import { load_predictor } from \"../../../sdk/src/predict/index.ts\";\n"
        .to_owned();
    let mut count = 0;
    let is_source = |file: &&String| {
        file.starts_with("sdk/src/") && Path::new(file).extension().is_some_and(|end| end == "ts")
    };
    for file in files.iter().filter(is_source) {
        for sample in doc_samples(&fs::read_to_string(root.path(file))?) {
            count += 1;
            // The inner block lets a sample have names of its own.
            let names = "matchpoint: Matchpoint, room: Room, id: string";
            writeln!(program, "// {file}\nexport async function sample_{count}({names}) {{")?;
            writeln!(program, "{{\n{sample}\n}}\n}}")?;
        }
    }
    ensure!(count >= 4, "only {count} samples in doc comments");
    let dir = root.path("target/readme/docs");
    fs::create_dir_all(&dir)?;
    fs::write(dir.join("samples.ts"), program)?;
    let options = r#"{"noUnusedLocals":false,"noUnusedParameters":false}"#;
    let config = format!(
        r#"{{"extends":"../../../sdk/tsconfig.json","include":["samples.ts"],"compilerOptions":{options}}}"#
    );
    fs::write(dir.join("tsconfig.json"), config)?;
    let node = node::ensure(&root)?;
    let output = Command::new(&node.program).arg(&node.tsc).arg("--project").arg(&dir).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    Ok(())
}
