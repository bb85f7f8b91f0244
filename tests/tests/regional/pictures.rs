//! Tests pictures: upload, scaling, order, removal, refusals, and signed upload addresses.

use crate::world::{Answer, Guest, OTHER_KEY, START_MS, World, clock, variable};
use anyhow::{Context, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use futures_util::future::try_join_all;
use regional::config::Config;
use regional::config::edge::ToEdge;
use regional::edge_notices::stream::NoticeStream;
use regional::integrations::object_store::Bucket;
use regional::local::Folder;
use regional::picture_processing::PictureProcessor;
use regional::store::Store;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::mpsc::UnboundedReceiver;

/// A PNG of one pixel.
const PNG: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/// A region with a folder for pictures. The test starts the processing of each upload.
struct Gallery {
    world: World,
    now: Arc<AtomicU64>,
    uploads: UnboundedReceiver<String>,
    processor: PictureProcessor,
    /// Stops when dropped.
    folder: Folder,
}

impl Gallery {
    async fn open() -> Result<Self> {
        let now = Arc::new(AtomicU64::new(START_MS));
        let clock = clock(&now);
        let dir = tests::stack::data()?.join("pictures");
        let (folder, uploads) = Folder::serve(dir, clock.clone()).await?;
        let bucket = folder.config();
        let world = World::with_config(&[
            ("PICTURES_URL", bucket.url.as_str()),
            ("AWS_REGION", "local"),
            ("AWS_ACCESS_KEY_ID", "local"),
            ("AWS_SECRET_ACCESS_KEY", "local"),
        ])
        .await?;
        let processor = PictureProcessor {
            store: Store::new(world.store.client(), Config::read(&variable)?.tables),
            bucket: Bucket::new(bucket),
            clock,
        };
        Ok(Self { world, now, uploads, processor, folder })
    }

    async fn announce(&self, who: &Guest, media: &str, bytes: usize) -> Result<Answer> {
        let body = json!({"type": media, "bytes": bytes});
        self.world.request_as(who, "POST", "/v1/pictures", body).await
    }

    /// Uploads a file as a browser does. Returns the status.
    async fn put(&self, url: &str, media: &str, file: &[u8]) -> Result<u16> {
        let request = self.world.http.put(url).header("content-type", media);
        Ok(request.body(file.to_vec()).send().await?.status().as_u16())
    }

    /// Announces, uploads and processes a picture. Returns its id.
    async fn upload(&mut self, who: &Guest, media: &str, file: &[u8]) -> Result<String> {
        let answer = self.announce(who, media, file.len()).await?;
        assert_eq!(answer.status, 201, "{}", answer.body);
        let url = answer.body["upload"]["url"].as_str().context("an address")?;
        assert_eq!(self.put(url, media, file).await?, 200);
        let key = self.uploads.recv().await.context("an upload")?;
        self.processor.process_upload(&key).await?;
        // S3 may announce an upload twice.
        self.processor.process_upload(&key).await?;
        Ok(answer.body["picture"].as_str().context("an id")?.to_owned())
    }

    async fn states(&self, who: &Guest) -> Result<Vec<Value>> {
        let list = self.world.get("/v1/pictures", &who.access).await?;
        let mut all = list.body["pictures"].as_array().context("a list")?.clone();
        all.sort_by_key(|one| one["state"].to_string());
        Ok(all)
    }

    /// Delivers the mark of an erasure, as the stream of the table does.
    async fn deliver_erasure(&self, of: &Guest) -> Result<()> {
        // The mark concerns only the region, so no edge is asked.
        let edge = ToEdge { url: "http://127.0.0.1:9".into(), keys: OTHER_KEY.parse()? };
        let (store, clock) = (self.processor.store.clone(), self.processor.clock.clone());
        let stream = NoticeStream::new(store, edge, clock).with_pictures(Some(self.folder.config()));
        let key = json!({"pk": {"S": format!("U#{}", of.player)}, "sk": {"S": "ERASED"}});
        let record = serde_json::from_value(json!({
            "awsRegion": "local", "eventID": "1", "eventName": "INSERT",
            "dynamodb": {"Keys": key, "NewImage": key, "SequenceNumber": "1", "SizeBytes": 1},
        }))?;
        Box::pin(stream.process(&[record])).await.map_err(|failure| failure.error.into())
    }

    async fn status(&self, url: &Value) -> Result<u16> {
        let url = url.as_str().context("an address")?;
        Ok(self.world.http.get(url).send().await?.status().as_u16())
    }
}

#[tokio::test]
async fn picture_is_uploaded_scaled_ordered_and_removed() -> Result<()> {
    let (mut gallery, png) = (Gallery::open().await?, BASE64.decode(PNG)?);
    let ana = gallery.world.guest("Ana").await?;
    let one = gallery.upload(&ana, "image/png", &png).await?;
    let two = gallery.upload(&ana, "image/png", &png).await?;
    let path = format!("/v1/profiles/{}", ana.player);
    let shown = gallery.world.request("GET", &path, &[], String::new()).await?;
    assert_eq!(shown.header("etag"), Some(ana.public_tag(3).as_str()));
    assert_eq!(shown.body["pictures"][0]["picture"], json!(one));
    let urls = shown.body["pictures"][0]["urls"].as_object().context("addresses")?;
    assert_eq!(urls.keys().collect::<Vec<_>>(), ["1024", "256", "64"]);
    for url in urls.values() {
        let answer = gallery.world.http.get(url.as_str().context("one")?).send().await?;
        assert_eq!(answer.headers()["content-type"], "image/jpeg");
        assert!(answer.bytes().await?.starts_with(&[0xff, 0xd8, 0xff]));
    }
    let turned = json!({"pictures": [two, one]});
    let edited = gallery.world.patch(&ana, &ana.own_tag(3), turned).await?;
    assert_eq!(edited.body["pictures"][0]["picture"], json!(two), "{}", edited.body);

    let path = format!("/v1/pictures/{one}");
    for _ in 0..2 {
        let gone = gallery.world.request_as(&ana, "DELETE", &path, Value::Null).await?;
        assert_eq!(gone.status, 204);
    }
    assert_eq!(gallery.status(&urls["64"]).await?, 404);
    let own = gallery.world.get("/v1/profiles/me", &ana.access).await?;
    assert_eq!(own.body["pictures"].as_array().map(Vec::len), Some(1));

    // Erasure removes the pictures with their files.
    let left = own.body["pictures"][0]["urls"]["256"].clone();
    assert_eq!(gallery.status(&left).await?, 200);
    gallery.world.request_as(&ana, "DELETE", "/v1/profiles/me", Value::Null).await?;
    gallery.deliver_erasure(&ana).await?;
    assert_eq!(gallery.status(&left).await?, 404);
    Ok(())
}

#[tokio::test]
async fn invalid_picture_is_refused_with_a_reason() -> Result<()> {
    let mut gallery = Gallery::open().await?;
    let ana = gallery.world.guest("Ana").await?;
    gallery.upload(&ana, "image/png", b"<svg onload='alert(1)'/>").await?;
    let states = gallery.states(&ana).await?;
    assert_eq!(states[0]["state"], "refused");
    assert_eq!(states[0]["reason"], "The file was announced as image/png, but it is not.");
    let own = gallery.world.get("/v1/profiles/me", &ana.access).await?;
    assert_eq!((own.header("etag"), &own.body["pictures"]), (Some(ana.own_tag(1).as_str()), &json!([])));

    let large = 5 * 1024 * 1024 + 1;
    gallery.announce(&ana, "image/png", large).await?.is_problem(413, "too_large");
    let none = gallery.announce(&ana, "image/png", 0).await?;
    none.is_problem(400, "bad_body");
    assert_eq!((&none.body["field"], &none.body["limit"]), (&json!("bytes"), &json!(large - 1)));
    gallery.announce(&ana, "image/gif", 10).await?.is_problem(400, "bad_body");
    for _ in 0..6 {
        assert_eq!(gallery.announce(&ana, "image/png", 10).await?.status, 201);
    }
    gallery.announce(&ana, "image/png", 10).await?.is_problem(409, "full");
    Ok(())
}

#[tokio::test]
async fn concurrent_announcements_keep_to_the_limit() -> Result<()> {
    let gallery = Gallery::open().await?;
    let ana = gallery.world.guest("Ana").await?;
    for round in 0..3 {
        let answers = try_join_all((0..20).map(|_| gallery.announce(&ana, "image/png", 10))).await?;
        let accepted: Vec<_> = answers.iter().filter(|answer| answer.status == 201).collect();
        assert_eq!(accepted.len(), 6, "round {round}");
        for refused in answers.iter().filter(|answer| answer.status != 201) {
            refused.is_problem(409, "full");
        }
        // Deleted twice at once, each picture makes room once.
        let ids = accepted.iter().filter_map(|answer| answer.body["picture"].as_str());
        let paths: Vec<_> = ids.flat_map(|id| vec![format!("/v1/pictures/{id}"); 2]).collect();
        let deletes = paths.iter().map(|path| gallery.world.request_as(&ana, "DELETE", path, Value::Null));
        for answer in try_join_all(deletes).await? {
            answer.has_status(204);
        }
    }
    assert_eq!(gallery.states(&ana).await?, Vec::<Value>::new());
    Ok(())
}

#[tokio::test]
async fn upload_address_is_valid_for_one_type_size_and_period() -> Result<()> {
    let (gallery, png) = (Gallery::open().await?, BASE64.decode(PNG)?);
    let ana = gallery.world.guest("Ana").await?;
    let answer = gallery.announce(&ana, "image/png", png.len()).await?;
    let url = answer.body["upload"]["url"].as_str().context("an address")?;
    let longer = [png.clone(), vec![0]].concat();
    let id = answer.body["picture"].as_str().context("an id")?;
    let refused = [
        gallery.put(url, "image/svg+xml", &png).await?,
        gallery.put(url, "image/png", &longer).await?,
        gallery.put(&url.replace(id, "i_other"), "image/png", &png).await?,
        gallery.put(&url.replace("/in/", "/out/"), "image/png", &png).await?,
        gallery.put(&url.replace("Expires=600", "Expires=6000"), "image/png", &png).await?,
        gallery.put(url.split('?').next().unwrap_or_default(), "image/png", &png).await?,
        gallery.status(&json!(url)).await?,
    ];
    assert_eq!(refused, [403; 7]);
    let late = Duration::from_millis(600_001);
    gallery.now.fetch_add(shared::time::ms(late), Ordering::SeqCst);
    assert_eq!(gallery.put(url, "image/png", &png).await?, 403);
    gallery.now.store(START_MS, Ordering::SeqCst);
    assert_eq!(gallery.put(url, "image/png", &png).await?, 200);
    Ok(())
}
