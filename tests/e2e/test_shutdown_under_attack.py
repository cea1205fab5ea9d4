#!/usr/bin/env python3
"""The promise that SIGTERM ends the program within two seconds, with everything at once that could hold it up: cameras,
clients, hooks and a name server that misbehave."""
import os
import resource
import signal
import socket
import unittest

from harness import PATIENCE_S, TIME_SCALE, Server, eventually, main, pattern, require_url_cameras, wait_until
from test_costly_pictures import Pusher, costly_jpeg, KEY
from test_url_faults import (Peer, claim_two_gigabytes, endless_header, garbage, redirect_in_a_ring, say_nothing,
                             trickle, url)

IDLE, TRICKLING, STREAMS, EVENT_STREAMS, SNAPSHOTS = 1000, 100, 40, 8, 8
# Ignores every signal that can be ignored, and so does its child.
DEAF_PROGRAM = ["/bin/sh", "-c", "trap '' INT TERM; while :; do sleep 60; done"]
DESCRIPTORS = 4 * IDLE  # of this process and, inherited, of the server


def faulty(id, kind):
    return pattern(id, faults=[{"kind": kind, "at_frame": 2 if kind == "freeze" else 1, "for_s": 60}], on_demand=False)


class ShutdownUnderAttack(unittest.TestCase):
    def setUp(self):
        require_url_cameras()
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard != resource.RLIM_INFINITY and hard < DESCRIPTORS:
            self.skipTest(f"{DESCRIPTORS} descriptors are needed, and the hard limit is {hard}")
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, DESCRIPTORS), hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))

    def peers(self):
        behaviours = (say_nothing, trickle, garbage, claim_two_gigabytes, endless_header, redirect_in_a_ring)
        return [self.enterContext(Peer(behave)) for behave in behaviours]

    def cameras(self, peers):
        urls = [peer.http() for peer in peers] + [peer.rtsp() for peer in peers]
        urls += [f"{scheme}://a.silent:{peers[0].port}/" for scheme in ("http", "rtsp")]
        return [pattern("good", fps=10, on_demand=False), faulty("opening", "slow_open"), faulty("frozen", "freeze"),
                {"id": "costly", "on_demand": False, "source": {"type": "push", "key": KEY}},
                {"id": "deaf", "on_demand": False, "source": {"type": "exec", "command": DEAF_PROGRAM}},
                *(url(f"peer-{number}", address) for number, address in enumerate(urls))]

    def connect(self, server, count, request=b""):
        """Connections that send this and read nothing."""
        for _ in range(count):
            own = socket.create_connection(("127.0.0.1", server.port), 10 * TIME_SCALE)
            self.addCleanup(own.close)
            own.sendall(request)

    def attack(self, server):
        def get(path):
            return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
        for width in (400, 900, 1400):
            self.connect(server, 1, get(f"/camera/costly/video_feed?width={width}"))
        self.connect(server, STREAMS, get("/feed"))
        self.connect(server, EVENT_STREAMS, get("/api/events"))
        eventually(server.active_streams, STREAMS + 3, "every stream to be open")
        self.connect(server, SNAPSHOTS, get("/camera/opening/snapshot?max_age_ms=0"))
        self.connect(server, TRICKLING, b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4000\r\n\r\nname=")
        self.connect(server, TRICKLING, b"GET / HTTP/1.1\r\nHost: loc")
        self.connect(server, IDLE)

    def environment(self):
        return {"LD_PRELOAD": os.environ["SILENT_NAMES_LIBRARY"]}

    def test_during_a_reload_that_waits_for_a_name_server(self):
        """The camera that the reload removes hangs in the library's own lookup, which nothing can cut short."""
        good = pattern("good", on_demand=False)
        peer = self.enterContext(Peer(say_nothing))
        config = {"cameras": [good, url("hung", f"rtsp://once.silent:{peer.port}/")]}
        with Server(config, environment=self.environment()) as server:
            server.wait_for_state("hung", "starting", PATIENCE_S)
            wait_until(lambda: server.thread_ids("resolve") == [], PATIENCE_S, "the first lookup to be answered")
            server.configure({"cameras": [good]})
            server.process.send_signal(signal.SIGHUP)
            wait_until(lambda: len(server.get("/api/cameras").json["cameras"]) == 1, PATIENCE_S, "the reload to begin")
            server.signal()
            self.assertIn("exiting without waiting", server.log())

    def test_with_everything_at_once(self):
        peers = self.peers()
        config = {
            "server": {"workers": 2, "max_streams": 2 * STREAMS}, "cameras": self.cameras(peers),
            "hooks": {"on_state_change": [
                {"url": "http://hook.silent/"}, {"url": f"http://127.0.0.1:{peers[0].port}/"},
                {"command": ["/bin/sleep", "60"]}]},
        }
        with Server(config, environment=self.environment()) as server, Pusher(server, costly_jpeg(3000, 19)):
            server.wait_for_state("frozen", "stale", PATIENCE_S)
            server.wait_for_state("costly", "live", PATIENCE_S)
            wait_until(lambda: all(peer.connections for peer in peers), PATIENCE_S, "the peers to be asked")
            self.attack(server)
            server.signal()  # which fails after 2 s
            self.assertNotIn("exiting without waiting", server.log())


if __name__ == "__main__":
    main()
