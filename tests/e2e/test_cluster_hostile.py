#!/usr/bin/env python3
"""Messages that no node has sent: whatever comes over NATS ends nobody, fills nobody, and delays nobody."""
import random
import time
import unittest

from harness import PATIENCE_S, Server, main, pattern, wait_until
from nats_cluster import Client, NatsServer, Watcher, cluster, live, node, require_nats_server, wait_for_import

SUBJECTS = ("node.{node}", "lease.{node}.{other}", "ack.{node}.{other}", "frames.{other}.{node}",
            "request.{node}.{other}", "events.{node}")
MESSAGES = 3000


class Hostile(unittest.TestCase):
    def setUp(self):
        require_nats_server()
        self.nats = self.enterContext(NatsServer())
        self.site = self.enterContext(Server(node(self.nats.url, "site-a", live("front"), pattern("secret"),
                                                  export=["front"])))
        self.wall = self.enterContext(Server(node(self.nats.url, "wall", live("own"), imports=["*/*"])))
        wait_for_import(self.wall, "site-a.front")
        self.watcher = Watcher(self.wall.stream("/camera/site-a.front/video_feed", timeout=60))
        self.addCleanup(self.watcher.close)
        self.watcher.wait_for_live_since(0, PATIENCE_S)
        self.random = random.Random(self.id())

    def assert_all_is_well(self, memory):
        for server, (before_kb, name) in zip((self.site, self.wall), memory):
            self.assertEqual(server.get("/healthz").status, 200)
            self.assertLess(server.memory_kb(), before_kb + 60_000, name)
        self.watcher.wait_for_live_since(time.time(), 5)

    def memory(self):
        return [(server.memory_kb(), name) for server, name in ((self.site, "site-a"), (self.wall, "wall"))]

    def mutated(self, payload):
        data = bytearray(payload)
        for _ in range(self.random.choice((1, 1, 2, 8))):
            at = self.random.randrange(len(data) + 1)
            kind = self.random.randrange(4)
            if kind == 0 and at < len(data):
                data[at] = self.random.choice((0, 1, 127, 128, 255, data[at] ^ 1 << self.random.randrange(8)))
            elif kind == 1:
                del data[at:]
            elif kind == 2:
                data[at:at] = self.random.randbytes(self.random.randrange(1, 40))
            elif at < len(data) - 8:
                data[at:at + 8] = self.random.choice((b"\xff" * 8, b"\0" * 8))
        return bytes(data)

    def test_random_bytes_on_every_subject(self):
        memory = self.memory()
        with Client(self.nats) as client:
            for _ in range(MESSAGES):
                for subject in SUBJECTS:
                    names = self.random.choice((("site-a", "wall"), ("wall", "site-a"), ("stranger", "wall")))
                    subject = subject.format(node=names[0], other=names[1])
                    client.publish(f"framebroker.1.{subject}", self.random.randbytes(self.random.randrange(200)))
            client.publish("framebroker.1.frames.wall.site-a", self.random.randbytes(1_000_000))
            wait_until(lambda: cluster(self.wall)["malformed"] > 0 and cluster(self.site)["malformed"] > 0, PATIENCE_S,
                       "the counts of what could not be read")
        self.assert_all_is_well(memory)

    def test_messages_with_errors(self):
        with Client(self.nats, "framebroker.1.>") as listener:
            time.sleep(6)  # a beacon of each, at least
            messages = [(subject, payload) for subject, payload in listener.since() if len(payload) < 50_000]
        self.assertTrue({subject.split(".")[2] for subject, _ in messages}.issuperset({"node", "lease", "frames"}))
        memory = self.memory()
        with Client(self.nats) as client:
            for _ in range(MESSAGES):
                subject, payload = self.random.choice(messages)
                client.publish(subject, self.mutated(payload))
        self.assert_all_is_well(memory)
        self.assertLessEqual({camera["id"] for camera in self.wall.status()["cameras"]}, {"own", "site-a.front"})

    def test_forged_beacon_of_its_own_name_does_not_pause_a_node(self):
        """An older node of the name, which does not answer. A beacon begins with its version, the run, and its start."""
        with Client(self.nats, "framebroker.1.node.site-a") as listener:
            wait_until(listener.count, PATIENCE_S, "a beacon")
            beacon = listener.since()[-1][1]
        forged = beacon[:1] + bytes(range(1, 9)) + bytes(8) + beacon[17:]
        with Client(self.nats, "framebroker.1.request.site-a.*") as questions:
            questions.publish("framebroker.1.node.site-a", forged)
            wait_until(questions.count, PATIENCE_S, "the question whether there is such a node")
        self.watcher.wait_for_live_since(time.time() + 1, PATIENCE_S)
        self.assertEqual(cluster(self.site)["state"], "connected")
        self.assertNotIn("another server is node", self.site.log())

    def test_what_is_not_exported_is_not_given(self):
        """A lease for a camera that may not leave: another node's lease, with the id replaced."""
        with Client(self.nats, "framebroker.1.lease.site-a.wall") as listener:
            wait_until(listener.count, PATIENCE_S, "a lease")
            lease = listener.since()[-1][1]
        self.assertEqual(lease.count(b"front"), 1)
        at = lease.index(b"front")
        forged = lease[:at - 1] + bytes((6,)) + b"secret" + lease[at + 5:]
        with Client(self.nats, "framebroker.1.frames.evil.site-a") as evil:
            for _ in range(10):
                evil.publish("framebroker.1.lease.site-a.evil", forged)
                time.sleep(0.2)
            self.assertEqual([subject for subject, payload in evil.since() if b"\xff\xd8" in payload], [])
        self.assertEqual(self.site.camera("secret")["state"], "idle")


if __name__ == "__main__":
    main()
