#!/usr/bin/env python3
"""What ends, stalls or is torn between nodes: servers, nodes and gateways, killed, stopped and paused."""
import os
import pathlib
import signal
import tempfile
import time
import unittest

from harness import PATIENCE_S, TIME_SCALE, Server, main, pattern, wait_until
from nats_cluster import (Client, NatsServer, Watcher, ages_of, live, lost_of, nats_pair, node, require_nats_server,
                          wait_for_import, wait_for_log, wait_for_route)

GONE_S = 3  # a lease that is not renewed, a watched node that does not answer


class FaultsTest(unittest.TestCase):
    def setUp(self):
        require_nats_server()

    def start(self, url, name, *cameras, environment=None, **options):
        return self.enterContext(Server(node(url, name, *cameras, **options), environment=environment))

    def watch(self, server, id):
        wait_for_import(server, id)
        stream = server.stream(f"/camera/{id}/video_feed", timeout=60)
        watcher = Watcher(stream)
        self.addCleanup(watcher.close)
        watcher.wait_for_live_since(0, PATIENCE_S)
        return watcher

    def assert_none_stale(self, parts, seconds=0.5):
        """Nothing that waited somewhere, and nothing twice or backwards."""
        self.assertLess(max(ages_of(parts)), seconds * TIME_SCALE)
        numbers = [part.sequence for part in parts]
        self.assertEqual(numbers, sorted(set(numbers)))


class Nodes(FaultsTest):
    def setUp(self):
        super().setUp()
        self.nats = self.enterContext(NatsServer())

    def test_killed_node_is_offline_and_comes_back(self):
        site = Server(node(self.nats.url, "site-a", live("front")))
        with site:
            wall = self.start(self.nats.url, "wall", imports=["*/*"])
            watcher = self.watch(wall, "site-a.front")
            site.kill()
            camera = wall.wait_for_state("site-a.front", "offline", GONE_S + 2)
            self.assertIn("site-a", camera["error"])
            self.assertNotIn("was stopped", camera["error"])
            wait_until(lambda: watcher.parts[-1].state == "offline", PATIENCE_S, "the picture that says so")
        began = time.time()
        self.start(self.nats.url, "site-a", live("front"))
        watcher.wait_for_live_since(began, 5)
        wall.wait_for_state("site-a.front", "live")

    def test_killed_node_that_nobody_watched(self):
        site = Server(node(self.nats.url, "site-a", live("front")))
        with site:
            wall = self.start(self.nats.url, "wall", imports=["*/*"])
            wait_for_import(wall, "site-a.front")
            wall.wait_for_state("site-a.front", "live", 15)
            site.kill()
        wall.wait_for_state("site-a.front", "offline", 20)

    def test_killed_gateway_ends_its_flow(self):
        site = self.start(self.nats.url, "site-a", pattern("front", idle_timeout_s=0.5))
        wall = Server(node(self.nats.url, "wall", imports=["*/*"]))
        with wall, Client(self.nats, "framebroker.1.frames.>") as listener:
            self.watch(wall, "site-a.front")
            wall.kill()
            site.wait_for_state("front", "idle", GONE_S + 2)
            before = listener.count()
            time.sleep(1)
            self.assertEqual(listener.count(), before)

    def test_paused_gateway_harms_nobody(self):
        site = self.start(self.nats.url, "site-a", live("front", width=640, height=480, fps=20))
        wall = self.start(self.nats.url, "wall", imports=["*/*"])
        other = self.start(self.nats.url, "other", imports=["*/*"])
        self.watch(other, "site-a.front")
        watcher = self.watch(wall, "site-a.front")
        memory = site.memory_kb()
        other.process.send_signal(signal.SIGSTOP)
        began = time.time()
        try:
            time.sleep(GONE_S + 3)
        finally:
            other.process.send_signal(signal.SIGCONT)
        parts = watcher.live_since(began)
        self.assert_none_stale(parts)
        # None, on a machine with time; more than half, where a paused one holds up the others.
        self.assertLess(lost_of(parts), len(parts) / 3)
        self.assertLess(site.memory_kb(), memory + 48_000)

    def test_paused_node_is_offline_meanwhile(self):
        site = self.start(self.nats.url, "site-a", live("front"))
        self.start(self.nats.url, "site-b", live("front"))
        wall = self.start(self.nats.url, "wall", imports=["*/*"])
        watcher = self.watch(wall, "site-a.front")
        neighbour = self.watch(wall, "site-b.front")
        site.process.send_signal(signal.SIGSTOP)
        try:
            wall.wait_for_state("site-a.front", "offline", GONE_S + 2)
            self.assertEqual(wall.camera("site-b.front")["state"], "live")
            neighbour.wait_for_live_since(time.time(), 2)
        finally:
            began = time.time()
            site.process.send_signal(signal.SIGCONT)
        # What was under way when the node was paused may come first.
        steady = watcher.wait_for_live_since(began + 1, 5).received_at
        time.sleep(1)
        self.assert_none_stale(watcher.live_since(steady))


class Servers(FaultsTest):
    def test_killed_server_comes_back(self):
        with NatsServer() as nats:
            self.start(nats.url, "site-a", live("front"))
            wall = self.start(nats.url, "wall", live("own"), imports=["*/*"])
            watcher = self.watch(wall, "site-a.front")
            nats.end(signal.SIGKILL)
            killed = time.time()
            wait_for_log(wall, "is lost")
            time.sleep(max(0, killed + 2 - time.time()))
            nats.start()
            back = time.time()
            watcher.wait_for_live_since(back, 3)  # 1 s, on a machine with time
            time.sleep(1)
            parts = watcher.live_since(back)
            self.assert_none_stale(parts)
            self.assertEqual(wall.camera("own")["restarts"], 0)

    def test_absent_server_disturbs_nobody(self):
        """Not there at the start; later frozen."""
        nats = NatsServer()
        server = self.start(nats.url, "wall", live("own"), imports=["*/*"])
        server.wait_for_state("own", "live")
        with nats:
            wait_for_log(server, "connected to the NATS server")
            self.start(nats.url, "site-a", live("front"))
            watcher = self.watch(server, "site-a.front")
            own = self.watch(server, "own")
            nats.pause()
            try:
                frozen = time.time()
                server.wait_for_state("site-a.front", "offline", GONE_S + 3)
                self.assertGreater(len(own.live_since(frozen)), 10)
            finally:
                nats.resume()
            watcher.wait_for_live_since(time.time(), 5)

    def test_cluster_of_two_servers_loses_one(self):
        first, second = nats_pair()
        with first, second:
            wait_for_route(first)
            urls = f"{first.url},{second.url}"
            self.start(urls, "site-a", live("front"))
            self.start(f"{second.url},{first.url}", "site-b", live("front"))
            wall = self.start(urls, "wall", imports=["*/*"])
            watchers = [self.watch(wall, f"site-{letter}.front") for letter in "ab"]
            for server in (first, second):
                server.end(signal.SIGKILL)
                killed = time.time()
                for watcher in watchers:
                    watcher.wait_for_live_since(killed + 0.5, 2)
                time.sleep(1)
                for watcher in watchers:
                    self.assert_none_stale(watcher.live_since(killed))
                server.start()
                wait_for_route(server)


class Clocks(FaultsTest):
    def test_clocks_five_seconds_apart(self):
        """The node's capture times are shown; ages are those of here."""
        scratch = self.enterContext(tempfile.TemporaryDirectory())
        clock = pathlib.Path(scratch, "clock")
        with NatsServer() as nats:
            for offset in (5, -5):
                clock.write_text(str(offset))
                environment = {"LD_PRELOAD": os.environ["WALL_CLOCK_LIBRARY"], "WALL_CLOCK": str(clock)}
                with Server(node(nats.url, "site-a", live("front")), environment=environment), \
                        Server(node(nats.url, "wall", imports=["*/*"])) as wall:
                    watcher = self.watch(wall, "site-a.front")
                    began = time.time()
                    time.sleep(2)
                    parts = watcher.live_since(began)
                    self.assertGreater(len(parts), 10)
                    for part in parts:
                        self.assertAlmostEqual(part.timestamp, part.received_at + offset, delta=0.5 * TIME_SCALE)
                    camera = wall.camera("site-a.front")
                    self.assertEqual(camera["state"], "live")
                    self.assertLess(camera["last_frame"]["age_ms"], 500 * TIME_SCALE)
                    self.assertEqual(wall.get("/camera/site-a.front/snapshot?max_age_ms=1000").status, 200)
                    watcher.close()


class Shutdown(FaultsTest):
    def test_under_load(self):
        with NatsServer() as nats:
            cameras = [live(f"c{number}", fps=30) for number in range(6)]
            site = self.start(nats.url, "site-a", *cameras)
            wall = self.start(nats.url, "wall", imports=["*/*"])
            for camera in cameras:
                self.watch(wall, f"site-a.{camera['id']}")
            self.assertLess(wall.signal(), 2 * TIME_SCALE)
            self.assertLess(site.signal(), 2 * TIME_SCALE)

    def test_of_a_node_that_is_watched(self):
        with NatsServer() as nats:
            site = self.start(nats.url, "site-a", live("front", fps=30))
            wall = self.start(nats.url, "wall", imports=["*/*"])
            self.watch(wall, "site-a.front")
            self.assertLess(site.signal(), 2 * TIME_SCALE)
            wall.wait_for_state("site-a.front", "offline", 5)

    def test_while_the_server_is_frozen_or_away(self):
        nats = NatsServer()
        with nats:
            site = self.start(nats.url, "site-a", live("front", fps=30))
            wall = self.start(nats.url, "wall", imports=["*/*"])
            third = self.start(nats.url, "third", imports=["*/*"])
            self.watch(wall, "site-a.front")
            nats.pause()
            try:
                time.sleep(1)
                for server in (site, wall):
                    self.assertLess(server.signal(), 2 * TIME_SCALE)
                    self.assertNotIn("exiting without waiting", server.log())
            finally:
                nats.resume()
            nats.end()
            wait_for_log(third, "is lost")
            self.assertLess(third.signal(), 2 * TIME_SCALE)


if __name__ == "__main__":
    main()
