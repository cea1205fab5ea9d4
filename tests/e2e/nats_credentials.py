"""NKeys and the JWTs that they sign, as https://github.com/nats-io/nkeys and the tool nsc make them."""
import base64
import hashlib
import json
import pathlib
import subprocess
import tempfile
import time

OPERATOR, ACCOUNT, USER = 14 << 3, 0 << 3, 20 << 3
SEED = 18 << 3
UNLIMITED = {"subs": -1, "data": -1, "payload": -1}


def openssl(*arguments, data=None):
    return subprocess.run(["openssl", *arguments], input=data, check=True, capture_output=True).stdout


def crc16(data):
    """XMODEM's."""
    crc = 0
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
    return crc.to_bytes(2, "little")


def encoded(data):
    return base64.b32encode(data + crc16(data)).decode().rstrip("=")


def base64url(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


class Key:
    """Of a kind: its seed and its public key."""

    def __init__(self, kind=USER):
        self.private = openssl("genpkey", "-algorithm", "ed25519", "-outform", "DER")
        public = openssl("pkey", "-inform", "DER", "-pubout", "-outform", "DER", data=self.private)
        self.seed = encoded(bytes((SEED | kind >> 5, (kind & 31) << 3)) + self.private[-32:])
        self.public = encoded(bytes((kind,)) + public[-32:])

    def sign(self, data):
        with tempfile.TemporaryDirectory() as folder:
            key, text = pathlib.Path(folder, "key"), pathlib.Path(folder, "text")
            key.write_bytes(self.private)
            text.write_bytes(data)
            return openssl("pkeyutl", "-sign", "-rawin", "-keyform", "DER", "-inkey", str(key), "-in", str(text))

    def issue(self, subject, name, kind, **nats):
        """A JWT about a key."""
        claims = {"iat": int(time.time()), "iss": self.public, "name": name, "sub": subject.public,
                  "nats": {**nats, "type": kind, "version": 2}}
        digest = hashlib.new("sha512_256", json.dumps(claims).encode()).digest()
        claims["jti"] = base64.b32encode(digest).decode().rstrip("=")
        text = ".".join(base64url(json.dumps(part).encode())
                        for part in ({"typ": "JWT", "alg": "ed25519-nkey"}, claims))
        return f"{text}.{base64url(self.sign(text.encode()))}"


class Operator:
    """An operator with an account, whose users a server with these lines in its configuration admits."""

    def __init__(self):
        self.key, self.account = Key(OPERATOR), Key(ACCOUNT)
        limits = {**UNLIMITED, "imports": -1, "exports": -1, "wildcards": True, "conn": -1, "leaf": -1}
        account = self.key.issue(self.account, "cameras", "account", limits=limits)
        self.lines = (f'operator: "{self.key.issue(self.key, "test", "operator")}"', "resolver: MEMORY",
                      f'resolver_preload {{ {self.account.public}: "{account}" }}')

    def credentials(self, name, **permissions):
        """The text of a user's file."""
        user = Key(USER)
        token = self.account.issue(user, name, "user", **{"pub": {}, "sub": {}, **permissions}, **UNLIMITED)
        return (f"-----BEGIN NATS USER JWT-----\n{token}\n------END NATS USER JWT------\n\n"
                f"-----BEGIN USER NKEY SEED-----\n{user.seed}\n------END USER NKEY SEED------\n")
