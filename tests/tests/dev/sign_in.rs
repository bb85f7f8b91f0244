//! Tests that `cargo dev --oidc` lets players sign in: through the login page of the built-in provider, and with a
//! provider elsewhere.

use std::fs;

use anyhow::{Context, Result, bail, ensure};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode, Url};
use serde_json::{Value, json};
use tests::stack;
use xtask::issuer::Issuer;
use xtask::root::Root;
use xtask::tools::node;

use super::{cargo_dev, check_error, start};

/// The example of RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const REDIRECT: &str = "http://localhost:5173/signed-in?from=test";

/// A client of the provider: it knows the issuer and its own id, and discovers the rest.
struct App {
    http: Client,
    client: String,
    metadata: Value,
}

impl App {
    async fn of(issuer: &str, client: &str) -> Result<Self> {
        let http = Client::builder().redirect(Policy::none()).no_proxy().build()?;
        let url = format!("{issuer}/.well-known/openid-configuration");
        let metadata: Value = http.get(url).send().await?.error_for_status()?.json().await?;
        assert_eq!(metadata["issuer"], issuer);
        Ok(Self { http, client: client.to_owned(), metadata })
    }

    fn endpoint(&self, name: &str) -> Result<&str> {
        self.metadata[name].as_str().with_context(|| format!("no {name} in {}", self.metadata))
    }

    /// The address of the login page.
    fn login_page(&self, nonce: Option<&str>) -> Result<Url> {
        let mut url = Url::parse(self.endpoint("authorization_endpoint")?)?;
        url.query_pairs_mut().extend_pairs([
            ("response_type", "code"),
            ("client_id", &self.client),
            ("redirect_uri", REDIRECT),
            ("scope", "openid profile"),
            ("state", "s & t"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ]);
        if let Some(nonce) = nonce {
            url.query_pairs_mut().append_pair("nonce", nonce);
        }
        Ok(url)
    }

    /// Types a name into the login page, and returns the code that the browser brings back.
    async fn type_name(&self, name: &str, nonce: Option<&str>) -> Result<String> {
        let page = self.login_page(nonce)?;
        let shown = self.http.get(page.clone()).send().await?.error_for_status()?.text().await?;
        ensure!(shown.contains(r#"<form method="post">"#) && shown.contains(r#"name="name""#), "{shown}");
        let answer = self.http.post(page).form(&[("name", name)]).send().await?;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        let back = Url::parse(answer.headers()["location"].to_str()?)?;
        assert_eq!((back.port(), back.path()), (Some(5173), "/signed-in"));
        let value =
            |name: &str| back.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
        assert_eq!(value("from").as_deref(), Some("test"), "the client's own query stays");
        assert_eq!(value("state").as_deref(), Some("s & t"));
        assert_eq!(value("iss").as_deref(), self.metadata["issuer"].as_str());
        value("code").context("no code")
    }

    async fn redeem(&self, code: &str) -> Result<Response> {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", REDIRECT),
            ("client_id", &self.client),
            ("code_verifier", VERIFIER),
        ];
        Ok(self.http.post(self.endpoint("token_endpoint")?).form(&form).send().await?)
    }

    /// Signs in with a name, and returns the id token.
    async fn id_token(&self, name: &str, nonce: Option<&str>) -> Result<String> {
        let answer = self.redeem(&self.type_name(name, nonce).await?).await?.error_for_status()?;
        let answer: Value = answer.json().await?;
        Ok(answer["id_token"].as_str().context("no id token")?.to_owned())
    }

    /// Exchanges an id token for a session.
    async fn session(&self, region: &str, token: &str, nonce: Option<&str>) -> Result<Value> {
        let body = json!({ "id_token": token, "nonce": nonce });
        let answer = self.http.post(format!("{region}/v1/sessions")).json(&body).send().await?;
        ensure!(answer.status() == StatusCode::CREATED, "{}", answer.text().await?);
        Ok(answer.json().await?)
    }
}

fn field<'a>(line: &'a Value, pointer: &str) -> Result<&'a str> {
    line.pointer(pointer).and_then(Value::as_str).with_context(|| format!("no {pointer} in {line}"))
}

/// Signs in with the package, and returns the player and the name that it then reads.
async fn sign_in_by_sdk(edge: &str, token: &str, nonce: &str) -> Result<Value> {
    let (root, dir) = (Root::here(), stack::disk()?);
    let file = dir.join("sign_in.ts");
    let package = root.path("sdk/src/index.ts");
    let program = format!(
        "import {{ Matchpoint }} from \"{}\";\n\
         const [edge, id_token, nonce] = process.argv.slice(2);\n\
         const matchpoint = await Matchpoint.at(edge);\n\
         const session = await matchpoint.sign_in({{ id_token, nonce }});\n\
         const {{ name }} = await session.request(`/v1/profiles/${{session.player}}`);\n\
         console.log(JSON.stringify({{ player: session.player, name }}));\n",
        package.display()
    );
    fs::write(&file, program)?;
    let mut program = tokio::process::Command::from(node::ensure(&root)?.typescript(file));
    let output = program.args([edge, token, nonce]).env("NO_PROXY", "127.0.0.1").output().await?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(serde_json::from_slice(&output.stdout)?)
}

#[tokio::test]
async fn name_typed_at_the_built_in_provider_signs_in() -> Result<()> {
    stack::built().await?;
    let dev = start(&stack::data()?, &["--oidc", "--oidc-port", "0"]).await?;
    let (edge, region) = (field(&dev.line, "/edge")?, field(&dev.line, "/region")?);
    let app = App::of(field(&dev.line, "/oidc/issuer")?, field(&dev.line, "/oidc/client")?).await?;

    let first = app.id_token("Ana", Some("n1")).await?;
    let ana = app.session(region, &first, Some("n1")).await?;
    let again = app.session(region, &app.id_token("ana", None).await?, None).await?;
    assert_eq!(again["player"], ana["player"], "the same name is the same account");
    let bo = sign_in_by_sdk(edge, &app.id_token("Bo", Some("n2")).await?, "n2").await?;
    assert_eq!(bo["name"], "Bo");
    assert_ne!(bo["player"], ana["player"]);
    let stolen = app.session(region, &first, Some("other")).await;
    assert!(stolen.is_err_and(|error| error.to_string().contains("id_token_nonce")));
    dev.stop().await
}

#[tokio::test]
async fn built_in_provider_redeems_a_code_once_and_tells_mistakes() -> Result<()> {
    let issuer = Issuer::start(0, "app", &[]).await?;
    let app = App::of(issuer.url(), "app").await?;
    let code = app.type_name("Ana", None).await?;
    assert_eq!(app.redeem(&code).await?.status(), StatusCode::OK);
    let again = app.redeem(&code).await?;
    assert_eq!(again.status(), StatusCode::BAD_REQUEST);
    assert_eq!(again.json::<Value>().await?["error"], "invalid_grant");

    let nameless = app.http.post(app.login_page(None)?).form(&[("name", "  ")]).send().await?;
    assert_eq!(nameless.status(), StatusCode::BAD_REQUEST);
    assert!(nameless.text().await?.contains("1 to 40 characters"));
    let mut elsewhere = app.login_page(None)?;
    elsewhere.set_query(Some("client_id=app&redirect_uri=https://evil.test/"));
    let refused = app.http.get(elsewhere).send().await?;
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST, "no redirect to a page elsewhere");

    let token = app.id_token("Ana", Some("n")).await?;
    let Some((_, claims)) = token.rsplit_once('.').and_then(|(signed, _)| signed.split_once('.')) else {
        bail!("no JWT: {token}");
    };
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims)?)?;
    assert_eq!(
        (&claims["sub"], &claims["aud"], &claims["nonce"]),
        (&json!("ana"), &json!("app"), &json!("n"))
    );
    Ok(())
}

#[tokio::test]
async fn provider_elsewhere_is_discovered() -> Result<()> {
    stack::built().await?;
    let issuer = Issuer::start(0, "game", &[]).await?;
    let data = stack::data()?;
    let dev = start(&data, &["--oidc", issuer.url(), "--oidc-client", "game"]).await?;
    let region = field(&dev.line, "/region")?;
    assert_eq!(field(&dev.line, "/oidc/issuer")?, issuer.url());
    let app = App::of(issuer.url(), "game").await?;
    let session = app.session(region, &app.id_token("Ana", None).await?, None).await?;
    assert!(field(&session, "/player")?.starts_with("p_"));
    dev.stop().await?;

    let (gone, url) = (issuer.url().to_owned(), issuer.url().to_owned());
    drop(issuer);
    let output = cargo_dev(&data, 0).args(["--oidc", &url]).output().await?;
    check_error(&output, &[&gone, "openid-configuration cannot be read"]);
    Ok(())
}
