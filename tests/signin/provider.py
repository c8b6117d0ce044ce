"""A small OpenID Connect provider of our own: discovery, authorization, token, keys and userinfo, over HTTP."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from jwt.algorithms import RSAAlgorithm

CLIENT, SECRET = "desk", "a secret of the desk"


class Provider:
    """What a company runs. `who` is signed in at it: their claims. `key` signs; `published` is the one it shows."""

    def __init__(self) -> None:
        self.key: RSAPrivateKey = generate_private_key(65537, 2048)
        self.published = self.key
        self.who: dict[str, Any] = {}
        self.broken = False
        self.issuer = ""
        self._codes: dict[str, dict[str, str]] = {}
        self._tokens: dict[str, dict[str, Any]] = {}
        self.asked: dict[str, str] = {}

    def authorize(self, query: dict[str, str]) -> str:
        """The person agrees: where the browser is led back to."""
        assert query["client_id"] == CLIENT
        assert query["response_type"] == "code"
        assert query["code_challenge_method"] == "S256"
        self.asked = query
        code = secrets.token_urlsafe(8)
        self._codes[code] = query
        return f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}"

    def token(self, form: dict[str, str]) -> dict[str, Any] | None:
        """Exchange a code, once, for tokens; None for a wrong secret, code or verifier."""
        asked = self._codes.pop(form.get("code", ""), None)
        made = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest()).rstrip(b"=")
        if asked is None or form.get("client_secret") != SECRET or made.decode() != asked["code_challenge"]:
            return None
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300, **self.who}
        access = secrets.token_urlsafe(8)
        self._tokens[access] = {
            name: value for name, value in self.who.items() if name not in ("amr", "acr", "auth_time")
        }
        signed = jwt.encode(claims, self.key, algorithm="RS256", headers={"kid": "k1"})
        return {"access_token": access, "token_type": "Bearer", "expires_in": 300, "id_token": signed}

    def answer(self, method: str, path: str, form: dict[str, str], bearer: str) -> tuple[int, Any]:
        """One request."""
        if self.broken:
            return 500, {}
        if path == "/.well-known/openid-configuration":
            ways = ["authorization", "token", "userinfo"]
            return 200, {
                "issuer": self.issuer,
                "jwks_uri": f"{self.issuer}/keys",
                "token_endpoint_auth_methods_supported": ["client_secret_post"],
                **{f"{way}_endpoint": f"{self.issuer}/{way}" for way in ways},
            }
        if path == "/keys":
            public = json.loads(RSAAlgorithm.to_jwk(self.published.public_key()))
            return 200, {"keys": [{**public, "kid": "k1", "use": "sig", "alg": "RS256"}]}
        if path == "/token" and method == "POST":
            given = self.token(form)
            return (200, given) if given else (400, {"error": "invalid_grant"})
        if path == "/userinfo":
            return (200, self._tokens[bearer]) if bearer in self._tokens else (401, {})
        return 404, {}


@contextmanager
def running() -> Iterator[Provider]:
    """A provider that answers on a port of its own until the block ends."""
    provider = Provider()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            form = {name: values[0] for name, values in parse_qs(self.rfile.read(length).decode()).items()}
            bearer = self.headers.get("Authorization", "").removeprefix("Bearer ")
            status, body = provider.answer(self.command, urlsplit(self.path).path, form, bearer)
            sent = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        do_GET = do_POST = _answer

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
