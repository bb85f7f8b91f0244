"""Hooks of schemathesis: credentials for each request (a new guest, the moderator, or a signature), and filters for
valid requests that the servers refuse by rules that JSON Schema cannot express."""

import base64
import hashlib
import hmac
import itertools
import os
import threading
import time

import requests
import schemathesis

REGION = os.environ["MATCHPOINT_REGION"]
MODERATOR = os.environ["MATCHPOINT_MODERATOR"]
# A service key with all scopes.
SERVICE = os.environ["MATCHPOINT_SERVICE"]
# An existing player, and a pool with ratings.
PLAYER, POOL = os.environ["MATCHPOINT_PLAYER"], os.environ["MATCHPOINT_POOL"]
KEY = base64.b64decode(os.environ["MATCHPOINT_KEY"])
SESSION = requests.Session()
COUNT = itertools.count()
LOCK = threading.Lock()


def guest():
    """Returns the access token of a new guest, because some routes end the session of their caller."""
    with LOCK:
        answer = SESSION.post(f"{REGION}/v1/sessions", json={"guest": {"name": "Ana"}}, timeout=10)
    answer.raise_for_status()
    return answer.json()["access_token"]


def signature(request):
    """Returns the signature header, in the format of `shared::sign`."""
    at, nonce = int(time.time() * 1000), f"schemathesis-{next(COUNT)}"
    body = request.body or b""
    digest = hashlib.sha256(body.encode() if isinstance(body, str) else body).hexdigest()
    signed = f"v1\n{at}\n{nonce}\n{request.method}\n{request.path_url}\n{digest}\n"
    return f"v1 {at} {nonce} {hmac.new(KEY, signed.encode(), hashlib.sha256).hexdigest()}"


def moderates(method, path):
    """Returns true for routes that require a moderator."""
    if path.startswith("/v1/bans/"):
        return not path.startswith("/v1/bans/me")
    if path.startswith(("/v1/audit", "/v1/disputes", "/v1/matches/")):
        return True
    return path.startswith("/v1/reports") and (method, path) != ("POST", "/v1/reports")


def serves(path, body):
    """Returns true for requests that require a service key."""
    if path.startswith("/v1/players/") or path.split("?")[0].endswith(("/commands", "/log", "/inspection")):
        return True
    # A session of a service's user, and a room with named seats.
    text = body.decode(errors="replace") if isinstance(body, bytes) else body or ""
    words = {"/v1/sessions": ('"external"',), "/v1/rooms": ('"players"', '"owner"')}.get(path, ())
    return any(word in text for word in words)


class Credentials(requests.auth.AuthBase):
    def __call__(self, request):
        path = request.path_url
        if path.startswith("/internal/"):
            request.headers["x-matchpoint-signature"] = signature(request)
        elif serves(path, request.body):
            request.headers["authorization"] = f"Bearer {SERVICE}"
        elif moderates(request.method, path):
            request.headers["authorization"] = f"Bearer {MODERATOR}"
        else:
            request.headers["authorization"] = f"Bearer {guest()}"
        return request


schemathesis.auth.set_from_requests(Credentials())


def negative(case):
    """Returns true for a case that is generated to be refused."""
    return case.meta is not None and case.meta.generation.mode.is_negative


def past(text):
    """Returns true for a time in the past."""
    return isinstance(text, str) and text < "2027"


def wide(value):
    """Returns true if a text has more bytes than characters: limits of attributes count bytes."""
    if isinstance(value, (list, dict)):
        return any(wide(one) for one in (value.values() if isinstance(value, dict) else value))
    return isinstance(value, str) and not value.isascii()


def twice(seats):
    """Returns true if a player has two seats."""
    players = [seat.get("player") for seat in seats or [] if isinstance(seat, dict)]
    return len(set(players)) < len(players)


def crowded(body):
    """Returns true if a room has more players than seats; two seats are the default."""
    players = body.get("players")
    return "started" not in body and isinstance(players, list) and len(players) > body.get("seats", 2)


def pointless(value):
    """Returns true if a number such as 1.0 is in it: JSON Schema accepts it as an integer, and the servers do not."""
    if isinstance(value, (list, dict)):
        return any(pointless(one) for one in (value.values() if isinstance(value, dict) else value))
    return isinstance(value, float) and value.is_integer()


def chosen(body):
    """Returns true if a room or a record names what only a mode can check; the mode of a record alone is any text."""
    mode = None if "started" in body else body.get("mode")
    return any(part is not None for part in (mode, body.get("mode_config"), body.get("replay")))


def refused(case):
    """Returns true for a valid case that the servers refuse by a rule that no schema can express."""
    query, body = case.query or {}, case.body if isinstance(case.body, dict) else {}
    rules = [
        # Only the region creates cursors.
        "cursor" in query,
        # A range begins before it ends.
        "from" in query and "to" in query,
        # A ban ends in the future.
        past(body.get("until")),
        # Players cannot report themselves.
        "by" in body and body["by"] == body.get("player"),
        # A match ends after it began.
        "started" in body and body["started"] > body.get("ended", 0),
        # A player has one seat.
        twice(body.get("players")),
        crowded(body),
        # The order of pictures names existing ones; a new player has none.
        bool(body.get("pictures")),
        wide(body.get("attrs")),
        pointless(case.body),
        # Each mode has its own numbers of seats, configuration and events.
        chosen(body),
        # Result and private data have limits in bytes of JSON.
        len(str(body.get("result", ""))) > 2000 or len(str(body.get("private", ""))) > 2000,
    ]
    return any(rules)


@schemathesis.hook
def filter_case(context, case):
    """Filters out valid cases that the servers refuse."""
    return negative(case) or not refused(case)


@schemathesis.hook
def before_add_examples(context, examples):
    """Filters examples of the document too: an example cursor is not a cursor of this server."""
    examples[:] = [case for case in examples if not refused(case)]


@schemathesis.hook
def map_case(context, case):
    """Inserts the existing player and pool in half of the valid cases, as most would end with 404 otherwise."""
    if negative(case):
        return case
    parts = case.path_parameters or {}
    if isinstance(parts.get("player"), str) and parts["player"] != "me" and len(parts["player"]) % 2:
        parts["player"] = PLAYER
    if isinstance(parts.get("pool"), str) and len(parts["pool"]) % 2:
        parts["pool"] = POOL
    return case
