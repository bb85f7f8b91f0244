//! One request and the whole text of its response, by the platform's own `fetch`: the platform library would read a
//! short text as a stream, in several turns.

use worker::js_sys::Promise;
use worker::wasm_bindgen::JsCast;
use worker::wasm_bindgen_futures::JsFuture;
use worker::{Request, RequestInit, Result, Stub, web_sys};

/// Sends a request to an object. Returns the status and the text of the response.
pub async fn with_object(stub: Stub, url: &str, init: &RequestInit) -> Result<(u16, String)> {
    let stub: js::Fetcher = stub.into_rpc();
    text(stub.fetch(url, &init.into())?).await
}

/// Sends a request to a server. Returns the status and the text of the response.
pub async fn with_server(request: &Request) -> Result<(u16, String)> {
    text(js::fetch(request.inner())?).await
}

async fn text(response: Promise) -> Result<(u16, String)> {
    let response: web_sys::Response = JsFuture::from(response).await?.unchecked_into();
    let text = JsFuture::from(response.text()?).await?;
    Ok((response.status(), text.as_string().unwrap_or_default()))
}

#[allow(unsafe_code, reason = "wasm-bindgen expands foreign functions to unsafe code")]
mod js {
    use worker::js_sys::Promise;
    use worker::wasm_bindgen::{self, JsValue, prelude::wasm_bindgen};
    use worker::web_sys;

    #[wasm_bindgen]
    extern "C" {
        /// The stub of an object.
        pub type Fetcher;

        /// Sends a request to the object of a stub.
        #[wasm_bindgen(method, catch)]
        pub fn fetch(this: &Fetcher, url: &str, init: &web_sys::RequestInit) -> Result<Promise, JsValue>;

        /// Sends a request over the network.
        #[wasm_bindgen(catch, js_name = fetch)]
        pub fn fetch(request: &web_sys::Request) -> Result<Promise, JsValue>;
    }
}
