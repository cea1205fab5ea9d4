#!/usr/bin/env python3
"""How nodes prove who they are, and the nats-server.conf that ships."""
import pathlib
import re
import tempfile
import unittest

from harness import PATIENCE_S, SOURCE_DIR, Server, eventually, main, pattern, wait_until
from mqtt_broker import make_certificates
from nats_cluster import (Client, NatsServer, is_live, live, node, require_nats_server, wait_for_cluster,
                          wait_for_import)
from nats_credentials import Key, Operator

EXAMPLE = SOURCE_DIR / "config/deploy/nats-server.conf"
SECRET = "s3cr3tWord"


class AccessTest(unittest.TestCase):
    def setUp(self):
        require_nats_server()

    def start(self, url, name, *cameras, environment=None, **options):
        return self.enterContext(Server(node(url, name, *cameras, **options), environment=environment))

    def wait_for_refusal(self, server, words):
        wait_until(lambda: server.status()["cluster"]["state"] != "connected" and
                   words in (server.status()["cluster"]["error"] or ""), PATIENCE_S, f"{words!r} in the error")

    def secret(self, text):
        """The path of a file with it."""
        folder = self.enterContext(tempfile.TemporaryDirectory(prefix="framebroker-"))
        file = pathlib.Path(folder, "secret")
        file.touch(0o600)
        file.write_text(f"{text}\n")
        return str(file)

    @staticmethod
    def lines_of(*files):
        """The JWTs and seeds of credentials."""
        return [line for file in files for line in file.split("\n") if line and not line.startswith("-")]

    def assert_no_secret(self, *servers, secrets=(SECRET,)):
        for server in servers:
            shown = "".join((server.log(), *(server.get(path).text for path in ("/api/status", "/api/cluster",
                                                                                "/metrics"))))
            for secret in secrets:
                self.assertNotIn(secret, shown)


class Logins(AccessTest):
    def test_passwords(self):
        with NatsServer(f"authorization {{ user: cameras, password: {SECRET} }}") as nats:
            environment = {"NATS_PASSWORD": SECRET}
            url = nats.url_of("cameras", "${NATS_PASSWORD}")
            site = self.start(url, "site-a", live("front"), environment=environment)
            wall = self.start(nats.url, "wall", imports=["*/*"], username="cameras", password="${NATS_PASSWORD}",
                              environment=environment)
            wait_for_import(wall, "site-a.front")
            stranger = self.start(nats.url_of("cameras", "wrong"), "stranger", pattern("own"))
            wait_for_cluster(stranger, "refused")
            nameless = self.start(nats.url, "nameless", pattern("own"))
            wait_for_cluster(nameless, "refused")
            self.assert_no_secret(site, wall, stranger)

    def test_token(self):
        with NatsServer(f"authorization {{ token: {SECRET} }}") as nats:
            first = self.start(nats.url, "a", pattern("x"), token=SECRET)
            wait_for_cluster(first, "connected")
            self.assert_no_secret(first)

    def test_nkey(self):
        key, other = Key(), Key()
        with NatsServer(f"authorization {{ users: [ {{ nkey: {key.public} }} ] }}") as nats:
            first = self.start(nats.url, "a", pattern("x"), nkey=key.public, nkey_seed=self.secret(key.seed))
            wait_for_cluster(first, "connected")
            second = self.start(nats.url, "b", pattern("x"), nkey=key.public, nkey_seed=self.secret(other.seed))
            wait_for_cluster(second, "refused")
            self.assert_no_secret(first, second, secrets=(key.seed, other.seed))

    def test_credentials(self):
        operator = Operator()
        with NatsServer(*operator.lines) as nats:
            own = operator.credentials("site-a")
            site = self.start(nats.url, "site-a", live("front"), credentials=self.secret(own))
            wall = self.start(nats.url, "wall", imports=["*/*"], credentials=self.secret(operator.credentials("wall")))
            wait_for_import(wall, "site-a.front")
            with wall.stream("/camera/site-a.front/video_feed") as stream:
                stream.frame_where(is_live, PATIENCE_S, "a frame")
            # A user may do what its JWT says.
            silent = operator.credentials("silent", pub={"deny": ["framebroker.1.node.*"]})
            denied = self.start(nats.url, "silent", pattern("x"), credentials=self.secret(silent))
            wait_for_cluster(denied, "connected", "framebroker.1.node.silent")
            self.assert_no_secret(site, wall, denied, secrets=self.lines_of(own, silent))

    def test_credentials_that_are_wrong(self):
        operator = Operator()
        foreign = Operator().credentials("foreign")
        own = operator.credentials("own")
        token, seed = self.lines_of(own)
        mixed = foreign.replace(self.lines_of(foreign)[0], token)  # another's seed
        missing = self.secret("")
        pathlib.Path(missing).unlink()
        with NatsServer(*operator.lines) as nats:
            servers = [(self.start(nats.url, f"n{number}", pattern("x"), **login), words)
                       for number, (login, words) in enumerate((
                           ({"credentials": self.secret(foreign)}, "refuses this node: Authorization Violation"),
                           ({"credentials": self.secret(mixed)}, "refuses this node: Authorization Violation"),
                           ({"credentials": self.secret("nothing")}, "cluster.credentials cannot be used: no "),
                           ({"credentials": self.secret(own.replace(seed, seed[:-1]))},
                            "cluster.credentials cannot be used: invalid checksum"),
                           ({"credentials": missing}, f"cluster.credentials cannot be used: error opening file '{missing}'"),
                           ({"nkey": Key().public, "nkey_seed": missing}, "cluster.nkey_seed cannot be used: error opening"),
                       ))]
            for server, words in servers:
                wait_for_cluster(server, "refused", words)
                self.assert_no_secret(server, secrets=self.lines_of(own, foreign))

    def test_credentials_are_read_again(self):
        operator = Operator()
        with NatsServer(*operator.lines) as nats:
            file = self.secret("nothing\n")
            server = self.start(nats.url, "a", pattern("x"), credentials=file)
            wait_for_cluster(server, "refused", "credentials")
            pathlib.Path(file).write_text(operator.credentials("a"))
            wait_for_cluster(server, "connected")

    def test_tls(self):
        nats = NatsServer("tls { cert_file: {}/server.pem, key_file: {}/server.key, ca_file: {}/ca.pem }")
        make_certificates(nats.directory)
        authority = str(nats.directory / "ca.pem")
        with nats:
            url = f"tls://localhost:{nats.port}"
            self.start(url, "site-a", live("front"), ca_file=authority)
            wall = self.start(url, "wall", imports=["*/*"], ca_file=authority)
            wait_for_import(wall, "site-a.front")
            with wall.stream("/camera/site-a.front/video_feed") as stream:
                stream.frame_where(is_live, PATIENCE_S, "a frame")
            # An authority that nobody knows, and a name that is another's.
            unknown = self.start(url, "unknown", pattern("x"))
            self.wait_for_refusal(unknown, "certificate")
            misnamed = self.start(url.replace("localhost", "127.0.0.1"), "misnamed", pattern("x"), ca_file=authority)
            self.wait_for_refusal(misnamed, "mismatch")

    def test_tls_with_certificates_of_nodes(self):
        nats = NatsServer("tls { cert_file: {}/server.pem, key_file: {}/server.key, ca_file: {}/ca.pem, verify: true }")
        make_certificates(nats.directory)
        with nats:
            files = {"ca_file": str(nats.directory / "ca.pem"), "certificate": str(nats.directory / "server.pem"),
                     "private_key": str(nats.directory / "server.key")}
            first = self.start(f"tls://localhost:{nats.port}", "a", pattern("x"), **files)
            wait_for_cluster(first, "connected")
            second = self.start(f"tls://localhost:{nats.port}", "b", pattern("x"), ca_file=files["ca_file"])
            self.wait_for_refusal(second, "")


class Example(AccessTest):
    """config/deploy/nats-server.conf, with what every user has to change."""

    def server(self, *changes):
        text = EXAMPLE.read_text()
        own = [(r'^listen: .*\n', ""), (r'^http: .*\n', ""), ("/etc/nats-server/certificate.pem", "{}/server.pem"),
               ("/etc/nats-server/key.pem", "{}/server.key"),
               *((rf"\${name}_PASSWORD", f"{SECRET}{name[-1]}") for name in ("SITE_A", "SITE_B", "WALL"))]
        for old, new in (*own, *changes):
            text, count = re.subn(old, new, text, flags=re.MULTILINE)
            self.assertEqual(count, 1, old)
        nats = NatsServer(*text.splitlines(), limits="")
        make_certificates(nats.directory)
        return nats

    def start_node(self, nats, user, name, *cameras, **options):
        password = f"{SECRET}{user.replace('-', '_').upper()[-1]}"
        return self.start(f"tls://localhost:{nats.port}", name, *cameras, ca_file=str(nats.directory / "ca.pem"),
                          username=user, password=password, **options)

    def test_nodes_with_these_rights_work(self):
        with self.server() as nats:
            for site in ("site-a", "site-b"):
                self.start_node(nats, site, site, live("front"), imports=["*/*"])
            wall = self.start_node(nats, "wall", "wall", imports=["*/*"])
            wait_for_import(wall, "site-a.front", "site-b.front")
            with wall.stream("/feed?cameras=all") as feed:
                feed.frame_where(is_live, PATIENCE_S, "a frame")
                seen = set()

                def check():
                    part = feed.part()
                    seen.update({part.headers.get("x-camera-id")} if part.state == "live" else ())
                    return len(seen) == 2
                wait_until(check, PATIENCE_S, "frames of both")
            self.assertNotIn("ermission", wall.log() + nats.log().replace("permissions", ""))
            self.assertIsNone(wall.status()["cluster"]["error"])

    def test_node_of_another_name_is_denied(self):
        with self.server() as nats:
            impostor = self.start_node(nats, "site-b", "site-a", live("front"))
            wait_for_cluster(impostor, "connected", "framebroker.1.")
            error = impostor.status()["cluster"]["error"]
            self.assertRegex(error, r"framebroker\.1\.[a-z.*-]*site-a")
            wall = self.start_node(nats, "wall", "wall", pattern("own"), imports=["*/*"])
            wait_for_cluster(wall, "connected")
            eventually(lambda: [camera["id"] for camera in wall.status()["cameras"]], ["own"], "what is imported")

    def test_node_speaks_in_its_own_name_alone(self):
        with self.server() as nats, Client(nats, authority=str(nats.directory / "ca.pem"), user="site-b",
                                           **{"pass": f"{SECRET}B"}) as client:
            for sender in ("site-b", "wall"):
                for subject in ("node.{}", "events.{}", "frames.wall.{}", "lease.site-a.{}", "ack.site-a.{}",
                                "request.site-a.{}"):
                    client.publish("framebroker.1." + subject.format(sender), b"x")
            # A directory, and a name behind its own.
            for subject in ("inbox.wall.directory.site-a", "lease.site-a", "lease.site-a.site-b.wall"):
                client.publish(f"framebroker.1.{subject}", b"x")
            wait_until(lambda: len(client.errors) >= 9, PATIENCE_S, "what the server denies")
            denied = {re.search(r'Publish to "framebroker\.1\.(.*)"', error)[1] for error in client.errors}
            self.assertEqual(denied, {"node.wall", "events.wall", "frames.wall.wall", "lease.site-a.wall",
                                      "ack.site-a.wall", "request.site-a.wall", "inbox.wall.directory.site-a",
                                      "lease.site-a", "lease.site-a.site-b.wall"})

    def test_node_that_asks_in_the_name_of_another_is_denied(self):
        with self.server() as nats:
            self.start_node(nats, "site-a", "site-a", live("front"))
            impostor = self.start_node(nats, "site-b", "wall", pattern("own"), imports=["*/*"])
            wait_for_cluster(impostor, "connected", 'Publish to "framebroker.1.request.site-a.wall"')
            self.assertEqual([camera["id"] for camera in impostor.status()["cameras"]], ["own"])

    def test_denied_subject_is_named(self):
        with self.server((r'"framebroker\.1\.lease\.\*\.site-a", ', "")) as nats:
            site = self.start_node(nats, "site-b", "site-b", live("front"))
            reader = self.start_node(nats, "site-a", "site-a", pattern("own"), imports=["*/*"])
            wait_for_import(reader, "site-b.front")
            with reader.stream("/camera/site-b.front/video_feed"):
                wait_for_cluster(reader, "connected", "framebroker.1.lease.site-b.site-a")
            wait_until(lambda: "framebroker.1.lease.site-b.site-a" in reader.log(), PATIENCE_S, "the log")
            self.assertIsNone(site.status()["cluster"]["error"])


if __name__ == "__main__":
    main()
