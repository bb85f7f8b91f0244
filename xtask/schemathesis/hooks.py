"""Whom schemathesis speaks for: a person of its own a request, a moderator where one is needed, the other side where a
signature is."""

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
# Somebody who is there, and a pool that is rated.
PLAYER, POOL = os.environ["MATCHPOINT_PLAYER"], os.environ["MATCHPOINT_POOL"]
KEY = base64.b64decode(os.environ["MATCHPOINT_KEY"])
SESSION = requests.Session()
COUNT = itertools.count()
LOCK = threading.Lock()


def guest():
    """The access token of somebody new: some routes end the login that asks."""
    with LOCK:
        answer = SESSION.post(f"{REGION}/v1/sessions", json={"guest": {"name": "Ana"}}, timeout=10)
    answer.raise_for_status()
    return answer.json()["access_token"]


def signature(request):
    """As `shared::sign` has it."""
    at, nonce = int(time.time() * 1000), f"schemathesis-{next(COUNT)}"
    body = request.body or b""
    digest = hashlib.sha256(body.encode() if isinstance(body, str) else body).hexdigest()
    signed = f"v1\n{at}\n{nonce}\n{request.method}\n{request.path_url}\n{digest}\n"
    return f"v1 {at} {nonce} {hmac.new(KEY, signed.encode(), hashlib.sha256).hexdigest()}"


def moderates(method, path):
    """Whether the route is for moderators."""
    if path.startswith("/v1/bans/"):
        return not path.startswith("/v1/bans/me")
    return path.startswith("/v1/reports") and (method, path) != ("POST", "/v1/reports")


class Somebody(requests.auth.AuthBase):
    def __call__(self, request):
        path = request.path_url
        if path.startswith("/internal/"):
            request.headers["x-matchpoint-signature"] = signature(request)
        elif moderates(request.method, path):
            request.headers["authorization"] = f"Bearer {MODERATOR}"
        else:
            request.headers["authorization"] = f"Bearer {guest()}"
        return request


schemathesis.auth.set_from_requests(Somebody())


def negative(case):
    """Whether it is meant to be refused."""
    return case.meta is not None and case.meta.generation.mode.is_negative


def past(text):
    """Whether a moment is over."""
    return isinstance(text, str) and text < "2027"


def wide(value):
    """Whether a text of an attribute has more bytes than characters: its limit counts bytes."""
    if isinstance(value, (list, dict)):
        return any(wide(one) for one in (value.values() if isinstance(value, dict) else value))
    return isinstance(value, str) and not value.isascii()


def twice(seats):
    """Whether somebody has two of them."""
    players = [seat.get("player") for seat in seats or [] if isinstance(seat, dict)]
    return len(set(players)) < len(players)


def pointless(value):
    """Whether there is a number such as 1.0: JSON Schema takes it for an integer, and the servers do not."""
    if isinstance(value, (list, dict)):
        return any(pointless(one) for one in (value.values() if isinstance(value, dict) else value))
    return isinstance(value, float) and value.is_integer()


def refused(case):
    """Whether it is well formed and still refused, by a rule that no schema can say."""
    query, body = case.query or {}, case.body if isinstance(case.body, dict) else {}
    rules = [
        # The region alone makes cursors.
        "cursor" in query,
        # A ban ends in the future.
        past(body.get("until")),
        # Nobody reports themselves.
        "by" in body and body["by"] == body.get("player"),
        # A match ends after it began.
        "started" in body and body["started"] > body.get("ended", 0),
        # A player has one seat.
        twice(body.get("players")),
        # The order of pictures names those that there are; somebody new has none.
        bool(body.get("pictures")),
        wide(body.get("attrs")),
        pointless(case.body),
        # A result and a private part are bounded in bytes of JSON.
        len(str(body.get("result", ""))) > 2000 or len(str(body.get("private", ""))) > 2000,
    ]
    return any(rules)


@schemathesis.hook
def filter_case(context, case):
    """Leaves these out."""
    return negative(case) or not refused(case)


@schemathesis.hook
def before_add_examples(context, examples):
    """Also where the examples of the document made them: a cursor of an answer is no cursor of this server's."""
    examples[:] = [case for case in examples if not refused(case)]


@schemathesis.hook
def map_case(context, case):
    """Names what is there in half of the cases that are well formed: elsewhere most would end with 404."""
    if negative(case):
        return case
    parts = case.path_parameters or {}
    if isinstance(parts.get("player"), str) and parts["player"] != "me" and len(parts["player"]) % 2:
        parts["player"] = PLAYER
    if isinstance(parts.get("pool"), str) and len(parts["pool"]) % 2:
        parts["pool"] = POOL
    return case
