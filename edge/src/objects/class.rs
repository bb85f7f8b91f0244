//! The platform's class of an object: its constructor, requests, alarm and socket events.

/// Defines the Durable Object class of a host: the runtime of one machine, or of several. `$answer` answers the requests
/// that are not socket events.
macro_rules! object {
    ($name:ident, $host:ty, $answer:path) => {
        /// The Durable Object class of this host.
        #[worker::durable_object(alarm)]
        pub struct $name {
            host: std::panic::AssertUnwindSafe<std::rc::Rc<$host>>,
        }

        impl worker::DurableObject for $name {
            fn new(state: worker::State, env: worker::Env) -> Self {
                Self { host: std::panic::AssertUnwindSafe(<$host>::new(state, env)) }
            }

            async fn fetch(&self, request: worker::Request) -> worker::Result<worker::Response> {
                // Until the answer is written, the platform cannot let the object sleep.
                let _wait = self.host.awake.request();
                let origin = $crate::telemetry::trace::Origin::of_internal(&request, stringify!($name));
                let answer =
                    async { $answer(&self.host, request).await.or_else($crate::error::Error::response) };
                $crate::telemetry::trace::within(Some(origin), answer).await
            }

            async fn alarm(&self) -> worker::Result<worker::Response> {
                self.host.awake.event($crate::telemetry::meter::Billed::Alarms);
                self.host.ring();
                worker::Response::empty()
            }
        }

        const _: () = {
            use worker::wasm_bindgen::{self, JsValue, prelude::wasm_bindgen};
            use worker::{WebSocket, web_sys};

            /// The socket events. They are synchronous: a promise for each costs more than most events themselves.
            #[wasm_bindgen]
            impl $name {
                /// Handles a frame.
                #[wasm_bindgen(js_name = webSocketMessage)]
                pub fn websocket_message(&self, socket: web_sys::WebSocket, message: JsValue) {
                    self.host.on_message(&WebSocket::from(socket), &message);
                }

                /// Answers and handles a close.
                #[wasm_bindgen(js_name = webSocketClose)]
                pub fn websocket_close(&self, socket: web_sys::WebSocket, code: usize) {
                    let socket = WebSocket::from(socket);
                    // Answered first: the event itself may take long, or fail.
                    $crate::objects::sockets::answer_close(&socket, code);
                    self.host.on_close(&socket);
                }

                /// Handles a lost socket.
                #[wasm_bindgen(js_name = webSocketError)]
                pub fn websocket_error(&self, socket: web_sys::WebSocket) {
                    self.host.on_close(&WebSocket::from(socket));
                }
            }
        };
    };
}
pub(crate) use object;
