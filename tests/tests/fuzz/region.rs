//! Feeds bodies to the routes of the region, over an embedded store: none makes a handler panic or fail.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::Request;
use regional::clock::Clock;
use regional::config::Config;
use regional::local::{Database, LocalStore, default, open};
use serde_json::{Value, json};
use shared::service_key::{SECRET_BYTES, Scope, ServiceKey};
use shared::sign::{HEADER, SignKeys};
use shared::time::Time;
use std::net::SocketAddr;
use tokio::runtime::Runtime;
use tower::ServiceExt as _;

const NOW: Time = Time::from_ms(1_733_000_000_000);
const KEY: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// The caller of a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller {
    Anybody,
    Player,
    Moderator,
    Service,
    Edge,
}

/// A route that takes a body.
pub struct Route {
    pub method: &'static str,
    pub path: &'static str,
    pub caller: Caller,
    /// A valid body. `{eve}` is the id of a player, `{refresh}` a refresh token.
    pub body: &'static str,
}

const fn route(method: &'static str, path: &'static str, caller: Caller, body: &'static str) -> Route {
    Route { method, path, caller, body }
}

/// All routes that take a body.
pub const ROUTES: &[Route] = &[
    route("POST", "/v1/sessions", Caller::Anybody, r#"{"guest":{"name":"Ana"},"label":"Ana's phone"}"#),
    route("POST", "/v1/sessions", Caller::Anybody, r#"{"id_token":"e30.e30.e30","nonce":"n"}"#),
    route("POST", "/v1/sessions", Caller::Service, r#"{"external":{"user":"42","name":"Ana"}}"#),
    route("POST", "/v1/sessions/refresh", Caller::Anybody, r#"{"refresh_token":"{refresh}"}"#),
    route(
        "PATCH",
        "/v1/profiles/me",
        Caller::Player,
        r#"{"name":"Ana","bio":"Chess at night.","attrs":{"region":"eu","old":null},"private":{"seen":1}}"#,
    ),
    route("PUT", "/v1/presence/me", Caller::Player, r#"{"hidden":true}"#),
    route(
        "POST",
        "/v1/reports",
        Caller::Player,
        r#"{"player":"{eve}","reason":"spam","text":"Sells pills."}"#,
    ),
    route("POST", "/v1/pictures", Caller::Player, r#"{"type":"image/png","bytes":12345}"#),
    route("POST", "/v1/bans/me/appeal", Caller::Player, r#"{"text":"I was hacked."}"#),
    route(
        "PUT",
        "/v1/bans/{player}",
        Caller::Moderator,
        r#"{"reason":"Sold pills, and did not stop.","until":"2099-06-01T00:00:00Z"}"#,
    ),
    route(
        "POST",
        "/v1/reports/{report}/resolve",
        Caller::Moderator,
        r#"{"action":"ban","reason":"Sold pills.","until":"2099-01-01T00:00:00Z"}"#,
    ),
    route("POST", "/v1/players/{player}/notes", Caller::Moderator, r#"{"text":"Second offence."}"#),
    route("PUT", "/v1/players/{player}/tier", Caller::Service, r#"{"tier":"gold"}"#),
    route("PUT", "/internal/v1/players/{player}/tier", Caller::Edge, r#"{"tier":"gold"}"#),
    route(
        "POST",
        "/internal/v1/rooms",
        Caller::Edge,
        r#"{"id":"m_open","pool":"ranked","players":["{eve}","p_ben"],"created":1732999000000,"mode":"connect-four@1"}"#,
    ),
    route(
        "POST",
        "/internal/v1/audit",
        Caller::Edge,
        r#"{"id":"a_1","at":1732999000000,"by":"p_service-x","action":"rooms.commands","room":"m_chess","player":"{eve}","detail":"say"}"#,
    ),
    route(
        "POST",
        "/internal/v1/reports",
        Caller::Edge,
        r#"{"id":"r_room","by":"p_ben","player":"{eve}","room":"m_chess","reason":"harassment","text":"In every game.","evidence":[{"at":7,"ev":"said","by":"{eve}","body":"Loser."}]}"#,
    ),
    route(
        "POST",
        "/internal/v1/matches",
        Caller::Edge,
        r#"{"id":"m_chess","pool":"ranked","players":[{"player":"{eve}","name":"Eve","came":true},{"player":"p_ben","name":"Ben","came":true}],"started":1732999000000,"ended":1732999300000,"reason":"ended","by":"p_ben","result":{"winner":"{eve}"},"events":42}"#,
    ),
];

/// A region with a player, a moderator, and Eve, the player that they report and ban.
pub struct Region {
    runtime: Runtime,
    router: Router,
    store: LocalStore,
    player: String,
    moderator: String,
    eve: String,
    refresh: String,
    requests: u32,
}

/// Feeds one body: the first byte names the route.
#[allow(dead_code, reason = "one of two harnesses has one input for all")]
pub fn bodies(region: &mut Region, input: &[u8]) {
    if let Some((&nth, body)) = input.split_first() {
        region.feed(usize::from(nth) % ROUTES.len(), body);
    }
}

impl Region {
    pub fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let database = Database::memory().expect("a database");
        let store = runtime.block_on(LocalStore::serve(database)).expect("a store");
        let router = runtime.block_on(open_region(&store, ""));
        let mut region = Self {
            runtime,
            router,
            store,
            player: String::new(),
            moderator: String::new(),
            eve: String::new(),
            refresh: String::new(),
            requests: 0,
        };
        let [player, moderator, eve] = ["Ana", "Mo", "Eve"].map(|name| region.guest(name));
        let text = |answer: &Value, name: &str| answer[name].as_str().expect("a text").to_owned();
        region.player = text(&player, "access_token");
        region.refresh = text(&player, "refresh_token");
        region.moderator = text(&moderator, "access_token");
        region.eve = text(&eve, "player");
        region.router = region.runtime.block_on(open_region(&region.store, &text(&moderator, "player")));
        region
    }

    fn guest(&mut self, name: &str) -> Value {
        let (status, answer) = self.feed(0, json!({"guest": {"name": name}}).to_string().as_bytes());
        assert_eq!(status, 201, "{answer}");
        answer
    }

    /// Returns the valid body of a route.
    pub fn valid(&self, nth: usize) -> String {
        ROUTES[nth].body.replace("{eve}", &self.eve).replace("{refresh}", &self.refresh)
    }

    /// Sends a body to a route. Fails if the handler panics, or answers what is not a problem of the request.
    pub fn feed(&mut self, nth: usize, body: &[u8]) -> (u16, Value) {
        let request = self.request(&ROUTES[nth], body);
        let router = self.router.clone();
        let (status, answer) = self.runtime.block_on(async {
            let answer = router.oneshot(request).await.expect("an answer");
            let status = answer.status().as_u16();
            (status, to_bytes(answer.into_body(), ANSWER_BYTES_MAX).await.expect("a body"))
        });
        let text = String::from_utf8_lossy(body);
        let path = ROUTES[nth].path;
        assert!(status < 500, "{path} answers {status} to {text}");
        let answer: Value = if answer.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&answer).unwrap_or_else(|error| panic!("{path}: {error} for {text}"))
        };
        assert!(status < 400 || answer["code"].is_string(), "{path} answers {answer} to {text}");
        (status, answer)
    }

    fn request(&mut self, route: &Route, body: &[u8]) -> Request<Body> {
        self.requests += 1;
        let path = route.path.replace("{player}", &self.eve).replace("{report}", "r_room");
        let mut request = Request::builder()
            .method(route.method)
            .uri(&path)
            // Each request has an address of its own, so that no limit on failures hides a handler.
            .extension(ConnectInfo(SocketAddr::from((self.requests.to_be_bytes(), 1))))
            .header("content-type", "application/json")
            .header("if-match", "*");
        match route.caller {
            Caller::Anybody => {}
            Caller::Player => request = request.header("authorization", format!("Bearer {}", self.player)),
            Caller::Moderator => {
                request = request.header("authorization", format!("Bearer {}", self.moderator));
            }
            Caller::Service => {
                request = request.header("authorization", format!("Bearer {}", service_key().1));
            }
            Caller::Edge => {
                let keys: SignKeys = KEY.parse().expect("keys");
                let nonce = format!("n{}", self.requests);
                request = request.header(HEADER, keys.sign(NOW, &nonce, route.method, &path, body));
            }
        }
        request.body(Body::from(body.to_vec())).expect("a request")
    }
}

/// Returns the key of the service, and its text.
fn service_key() -> (ServiceKey, String) {
    ServiceKey::create("fuzz", Scope::ALL.into(), [7; SECRET_BYTES]).expect("a key")
}

async fn open_region(store: &LocalStore, moderators: &str) -> Router {
    let variable = |name: &str| match name {
        "SIGNING_SEED" | "EDGE_TO_REGION_KEYS" => Some(KEY.to_owned()),
        "SERVICE_KEYS" => Some(json!([service_key().0]).to_string()),
        "MODERATORS" => Some(moderators.to_owned()).filter(|ids| !ids.is_empty()),
        "PICTURES_URL" => Some("http://pictures.test".to_owned()),
        "AWS_REGION" | "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some("local".to_owned()),
        _ => default(name),
    };
    let config = Config::read(&variable).expect("a configuration");
    open(store, config, Clock::new(|| NOW)).await.expect("a region")
}
