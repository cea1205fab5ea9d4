"""Users, tokens and links of the tests of access, and how a client shows them."""
import base64
import hashlib
import hmac
import json
import re
import subprocess
import unittest
import urllib.parse

from harness import PROGRAM, Server, pattern

PASSWORDS = {"anna": "admin: of everything", "vera": "sees everything", "bob": "päßwörd of one camera"}
TOKEN = "grafana-0123456789abcdefghijKLMN"
CAMERAS = [pattern("front-door", name="Front door"), pattern("yard", width=160, height=120, fps=10),
           pattern("front-gate", width=160, height=120, fps=10)]


def hash_of(password):
    result = subprocess.run([PROGRAM, "--hash-password"], input=password.encode() + b"\n", capture_output=True,
                            check=True)
    return result.stdout.decode().strip()


HASHES = {name: hash_of(password) for name, password in PASSWORDS.items()}
USERS = [{"name": "anna", "password": HASHES["anna"], "rights": "admin"},
         {"name": "vera", "password": HASHES["vera"]},
         {"name": "bob", "password": HASHES["bob"], "rights": "view", "cameras": ["front-*"]}]
TOKENS = [{"name": "grafana", "token": "${GRAFANA_TOKEN}"}]
CONFIG = {"cameras": CAMERAS, "users": USERS, "tokens": TOKENS}


def start(**changes):
    return Server({**CONFIG, **changes}, "--verbose", environment={"GRAFANA_TOKEN": TOKEN})


def basic(name, password=None):
    pair = f"{name}:{PASSWORDS[name] if password is None else password}"
    return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def log_in(server, name, password=None, next=None, headers=None):
    form = {"name": name, "password": PASSWORDS.get(name, "") if password is None else password}
    if next is not None:
        form["next"] = next
    return server.get("/login", "POST", {"Content-Type": "application/x-www-form-urlencoded", **(headers or {})},
                      body=urllib.parse.urlencode(form).encode())


def cookie_of(answer):
    return answer.headers["Set-Cookie"].split(";")[0]


def make_link(server, camera, seconds=3600, headers=None):
    body = json.dumps({"camera": camera, "expires_in_s": seconds}).encode()
    return server.get("/api/tokens", "POST", headers or basic("anna"), body=body)


def signed_payload(text):
    """What a signed text says, behind its signature of 32 bytes."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))[32:].decode()


def signed_text(secret, purpose, payload):
    """The same text as the server would sign; see web/access/signed_text.h and web/access/access.c."""
    master = hashlib.blake2b(secret.encode(), digest_size=32).digest()
    key = hashlib.blake2b(purpose.encode(), key=master, digest_size=32).digest()
    signature = hmac.digest(key, payload.encode(), "sha512")[:32]
    return base64.urlsafe_b64encode(signature + payload.encode()).decode().rstrip("=")


class Base(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = start()
        cls.addClassCleanup(cls.server.__exit__, None)

    def status_of(self, path, method="GET", headers=None, body=None):
        """The status of an answer; that of a stream is left after its head."""
        if method == "GET" and re.search(r"video_feed|/feed|stream", path):
            with self.server.stream(path, headers=headers) as stream:
                return stream.status
        return self.server.get(path, method, headers, body=body).status
