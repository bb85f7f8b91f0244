//! Tests of the npm package with the real stack: its live tests, and programs outside of the repository that install the
//! packed package: pages of Vite in Chromium, with React and without, and Node.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::process::Stdio;

use anyhow::{Result, ensure};
use tests::apps::{Site, has_chromium, install, install_new};
use tests::chromium::{Chromium, Page};
use tests::stack;
use tokio::net::TcpListener;
use tokio::task::spawn_blocking;
use xtask::conformance::checks;
use xtask::root::Root;
use xtask::sdk::live;
use xtask::tools::node;

/// The form of a new application, once its room is open.
const TALKING: &str = "#form:not([hidden])";

/// Runs the live tests in Node, and in Chromium on a page of another origin: the behaviours that the conformance suite checks on
/// the wire, as a client of the package sees them.
#[tokio::test(flavor = "multi_thread")]
async fn the_package_keeps_the_protocol_in_node_and_in_a_browser() -> Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let origin = format!("http://{}", listener.local_addr()?);
    let stack = stack::start_with(|options| options.origins.push(origin)).await?;
    let root = Root::here();
    let node = live::in_node(&root, stack.edge_url()).await?;
    println!("{node}");
    let known: BTreeSet<&str> = checks().iter().map(|check| check.number).collect();
    let unknown: Vec<&str> = node.rules().difference(&known).copied().collect();
    ensure!(unknown.is_empty(), "no check of the conformance suite is called {unknown:?}");
    ensure!(node.passed.len() >= 10 && node.rules().len() >= 30, "{node}");
    if !has_chromium()? {
        return Ok(());
    }
    let chromium = live::chromium::run(&root, stack.edge_url(), listener).await?;
    println!("{chromium}");
    ensure!(chromium.rules() == node.rules(), "{node}{chromium}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_node_programs_with_the_packed_package_are_matched() -> Result<()> {
    let stack = stack::shared().await?;
    let Some(app) = spawn_blocking(|| install("sdk/examples/node")).await?? else { return Ok(()) };
    let node = node::ensure(&Root::here())?;
    let start = |name: &str| {
        let mut program = tokio::process::Command::new(&node.program);
        program
            .arg("main.js")
            .current_dir(&app)
            .env("EDGE", stack.edge_url())
            .env("NAME", name)
            .env("NO_PROXY", "127.0.0.1");
        program.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true).output()
    };
    let (ana, bo) = tokio::try_join!(start("Ana"), start("Bo"))?;
    for (done, other) in [(ana, "Bo"), (bo, "Ana")] {
        let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
        ensure!(done.status.success(), "the program failed:\n{out}\n{err}");
        ensure!(
            [format!("Hello from {other}"), format!("Goodbye from {other}")].contains(&out.trim().to_owned()),
            "{out}\n{err}"
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_browsers_are_matched_on_a_vite_page_of_another_origin() -> Result<()> {
    if !has_chromium()? {
        return Ok(());
    }
    let Some(app) = spawn_blocking(|| install("sdk/examples/vite")).await?? else { return Ok(()) };
    let site = Site::of(&app).await?;
    let mut chromium = Chromium::start().await?;
    let ana = open(&mut chromium, &site, "Ana").await?;
    ana.until_texts("[data-testid='queue']", &["queued"]).await?;
    let bo = open(&mut chromium, &site, "Bo").await?;
    for (page, me, other) in [(&ana, "Ana", "Bo here"), (&bo, "Bo", "Ana here")] {
        page.until_texts("[data-testid='me']", &[me]).await?;
        page.until_texts("[data-testid='other']", &[other]).await?;
    }
    ana.enter("text", "Hello, Bo").await?;
    bo.until_texts("[data-testid='said']", &["Hello, Bo"]).await?;
    bo.enter("text", "Hello, Ana").await?;
    for page in [&ana, &bo] {
        page.until_texts("[data-testid='said']", &["Hello, Bo", "Hello, Ana"]).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_browsers_are_matched_on_a_new_app() -> Result<()> {
    if !has_chromium()? {
        return Ok(());
    }
    let Some(app) = spawn_blocking(|| install_new("hello")).await?? else { return Ok(()) };
    let site = Site::of(&app).await?;
    let mut chromium = Chromium::start().await?;
    let (ana, bo) = (chromium.open(800, 600, false).await?, chromium.open(390, 800, true).await?);
    ana.goto(&format!("{}/?name=Ana", site.origin)).await?;
    ana.until_texts("[data-testid='status']", &["Waiting for another player …"]).await?;
    bo.goto(&format!("{}/?name=Bo", site.origin)).await?;
    ana.find(TALKING).await?;
    ana.enter("text", "Hello, Bo").await?;
    bo.until_texts("#messages li", &["Hello, Bo"]).await?;
    // A reload keeps the player, who is still in the match.
    bo.reload().await?;
    bo.find(TALKING).await?;
    bo.enter("text", "Hello, Ana").await?;
    for page in [&ana, &bo] {
        page.until_texts("#messages li", &["Hello, Bo", "Hello, Ana"]).await?;
    }
    ana.shoot("new-app").await?;
    bo.shoot("new-app-phone").await?;
    Ok(())
}

async fn open(chromium: &mut Chromium, site: &Site, name: &str) -> Result<Page> {
    let page = chromium.open(800, 600, false).await?;
    let (origin, edge) = (&site.origin, site.stack.edge_url());
    page.goto(&format!("{origin}/?edge={edge}&name={name}")).await?;
    Ok(page)
}
