//! Sends requests from the reference pages of both servers, in Chromium.

use anyhow::Result;
use tests::apps::has_chromium;
use tests::chromium::{Chromium, Page};
use tests::stack;

/// Opens an operation of the page, sends its example, and waits for the status.
async fn try_it(page: &Page, operation: &str, status: &str) -> Result<()> {
    page.find(&format!("details:has(form[data-operation='{operation}']) > summary")).await?.click().await?;
    page.find(&format!("form[data-operation='{operation}'] button")).await?.click().await?;
    page.until_texts(&format!("form[data-operation='{operation}'] output"), &[status]).await
}

#[tokio::test]
async fn requests_are_sent_from_the_reference_pages() -> Result<()> {
    if !has_chromium()? {
        return Ok(());
    }
    let stack = stack::shared().await?;
    let mut chromium = Chromium::start().await?;
    let page = chromium.open(900, 900, false).await?;
    page.goto(&format!("{}/docs", stack.region_url())).await?;
    try_it(&page, "createSession", "201 Created").await?;
    try_it(&page, "getOwnProfile", "401 Unauthorized").await?;
    page.shoot("reference-region").await?;
    page.goto(&format!("{}/docs", stack.edge_url())).await?;
    try_it(&page, "getConfig", "200 OK").await?;
    page.find("#token").await?.send_keys(stack.service_key()).await?;
    try_it(&page, "createRoom", "201 Created").await?;
    page.shoot("reference-edge").await
}
