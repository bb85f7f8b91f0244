//! Tests that the OpenAPI document of the region matches its routes and answers.

use crate::world::World;
use anyhow::{Context, Result, ensure};
use axum::Router;
use serde_json::Value;
use std::collections::BTreeSet;
use xtask::openapi::{REGION, operations};
use xtask::root::Root;

/// Collects the references of a schema.
fn collect_references(value: &Value, to: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            to.extend(fields.get("$ref").and_then(Value::as_str).map(str::to_owned));
            fields.values().for_each(|field| collect_references(field, to));
        }
        Value::Array(items) => items.iter().for_each(|item| collect_references(item, to)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn committed_document_matches_the_routes() -> Result<()> {
    let kept = std::fs::read_to_string(Root::here().path(REGION))?;
    let made = regional::openapi::document()?;
    assert!(
        serde_json::from_str::<Value>(&kept)? == made,
        "{REGION} is out of date: run `cargo xtask openapi`"
    );
    let mut references = BTreeSet::new();
    collect_references(&made, &mut references);
    for reference in references {
        let pointer = reference.strip_prefix('#').context("of this document")?;
        ensure!(made.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
    let schemas = made["components"]["schemas"].as_object().context("schemas")?;
    for (name, schema) in schemas {
        let says = schema.as_object().is_some_and(|schema| !schema.is_empty());
        ensure!(says, "{name} is empty");
    }
    Ok(())
}

/// Returns the paths of a router. It has no list of them, but its `Debug` output shows them.
fn routed(router: &Router) -> BTreeSet<String> {
    let shown = format!("{router:?}");
    let own = shown.split("fallback_router").next().unwrap_or_default();
    own.split("RouteId(")
        .filter_map(|part| part.split_once("): \"")?.1.split('"').next())
        .map(str::to_owned)
        .collect()
}

#[tokio::test]
async fn every_route_is_described_and_every_description_has_a_route() -> Result<()> {
    let document = regional::openapi::document()?;
    let described: BTreeSet<String> =
        operations(&document).into_iter().map(|(path, ..)| path.to_owned()).collect();
    assert_eq!(routed(&World::routes().await?), described);
    let world = World::new().await?;
    for path in described {
        let answer = world.request("PURGE", &filled(&path), &[], String::new()).await?;
        assert_eq!(answer.status, 405, "{path}: {}", answer.body);
        let allow = answer.headers.get("allow").context("no Allow")?.to_str()?;
        // Every GET route answers HEAD too, implicitly.
        let taken = allow.split(',').map(str::trim);
        let taken: BTreeSet<&str> = taken.filter(|method| *method != "HEAD").collect();
        let of_path = operations(&document).into_iter();
        let said: BTreeSet<String> =
            of_path.filter(|(of, ..)| *of == path).map(|(_, method, _)| method).collect();
        assert_eq!(taken, said.iter().map(String::as_str).collect(), "{path}");
    }
    Ok(())
}

#[tokio::test]
async fn region_serves_the_document_and_a_self_contained_page() -> Result<()> {
    let world = World::new().await?;
    let served = world.request("GET", "/openapi.json", &[], String::new()).await?;
    assert_eq!(served.body, regional::openapi::document()?);
    let page = world.http.get(format!("{}/docs", world.url)).send().await?;
    let policy = page.headers()["content-security-policy"].to_str()?.to_owned();
    assert!(policy.starts_with("default-src 'none'; script-src 'self'"), "{policy}");
    let page = page.text().await?;
    assert!(!page.contains("//"), "an address elsewhere: {page}");
    for path in ["/docs.js", "/docs.css"] {
        assert!(page.contains(path), "{page}");
        let part = world.http.get(format!("{}{path}", world.url)).send().await?;
        assert_eq!(part.status(), 200);
    }
    Ok(())
}

/// Fills the parameters of a path with well-formed ids of nothing that exists.
pub fn filled(path: &str) -> String {
    [
        ("{player}", "p_nobody"),
        ("{sid}", "s_none"),
        ("{report}", "r_none"),
        ("{match}", "m_none"),
        ("{picture}", "i_none"),
        ("{pool}", "nowhere"),
    ]
    .iter()
    .fold(path.to_owned(), |path, (name, value)| path.replace(name, value))
}

#[tokio::test]
async fn every_operation_answers_only_documented_statuses_and_codes() -> Result<()> {
    let world = World::new().await?;
    let document = regional::openapi::document()?;
    let mut asked = 0;
    for (path, method, said) in operations(&document) {
        // Each with a new guest: some operations end sessions.
        let ana = world.guest("Ana").await?;
        let bearer = format!("Bearer {}", ana.access);
        let json = ("content-type", "application/json");
        for (headers, body) in [
            (vec![], ""),
            (vec![json], "{}"),
            (vec![json, ("authorization", "Bearer none")], "{}"),
            (vec![json, ("authorization", &bearer)], ""),
            (vec![json, ("authorization", &bearer)], "[]"),
            (vec![json, ("authorization", &bearer)], r#"{"unknown":1}"#),
            (vec![("content-type", "text/plain"), ("authorization", &bearer)], "{}"),
        ] {
            let answer = world.request(&method, &filled(path), &headers, body.into()).await?;
            let status = answer.status.to_string();
            let answers = &said["responses"][&status];
            ensure!(!answers.is_null(), "{method} {path}: {status} is not documented: {}", answer.body);
            if answer.status >= 400 {
                let code = &answer.body["code"];
                let codes = document.pointer("/components/schemas/Problem/properties/code/enum");
                let codes = codes.and_then(Value::as_array).context("codes")?;
                ensure!(codes.contains(code), "{method} {path}: {code}");
                assert_ne!(code, "method_not_allowed", "{method} {path}");
            }
            asked += 1;
        }
    }
    println!("{asked} requests");
    Ok(())
}
