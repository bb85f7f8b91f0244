"""Receives webhooks: verifies each message, handles it once, and confirms it. Needs the standard library alone."""

import base64, hashlib, hmac, json, os, sqlite3, sys, time
from email.message import Message
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, Mapping

# The secret of the endpoint, the file that keeps the ids of handled messages, and the port on this machine.
SECRET = os.environ.get("WEBHOOK_SECRET", "")
SEEN = os.environ.get("WEBHOOK_SEEN", "webhooks.sqlite")
PORT = int(os.environ.get("WEBHOOK_PORT", "8090"))
TOLERANCE_S = 300


def verify(secret: str, headers: Mapping[str, str] | Message, body: bytes, now: float | None = None) -> str:
    """Returns the id of a message whose signature is right; raises ValueError otherwise."""
    message, sent = headers["webhook-id"], headers["webhook-timestamp"]
    if abs((time.time() if now is None else now) - int(sent)) > TOLERANCE_S:
        raise ValueError("the message is too old, or the clocks differ")
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{message}.{sent}.".encode() + body
    right = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    if not any(hmac.compare_digest(one, right) for one in headers["webhook-signature"].split(" ")):
        raise ValueError("no signature is right")
    return message


def handle(event: dict[str, Any]) -> None:
    """Does the work of an event. This example prints it."""
    data = event["data"]
    print(event["type"], data.get("match") or data.get("player"), json.dumps(data.get("result")), flush=True)


def handle_once(seen: sqlite3.Connection, message: str, event: dict[str, Any]) -> None:
    """Handles a message unless its id is known. The id is stored with the work, so that both happen or none."""
    with seen:
        if seen.execute("INSERT OR IGNORE INTO seen VALUES (?, ?)", (message, time.time())).rowcount == 1:
            handle(event)


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        try:
            message = verify(SECRET, self.headers, body)
        except (ValueError, KeyError, TypeError):
            self.send_response(401)
        else:
            with sqlite3.connect(SEEN) as seen:
                handle_once(seen, message, json.loads(body))
            self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Prints no line for each request."""


if __name__ == "__main__":
    if not SECRET:
        sys.exit("WEBHOOK_SECRET is missing: `cargo dev --webhook URL` prints it.")
    with sqlite3.connect(SEEN) as made:
        made.execute("CREATE TABLE IF NOT EXISTS seen (id TEXT PRIMARY KEY, at REAL NOT NULL)")
    HTTPServer(("127.0.0.1", PORT), Receiver).serve_forever()
