#!/usr/bin/env python3
"""Cameras of other nodes, over Debian's nats-server: what arrives, when, and how often."""
import time
import unittest

from harness import PATIENCE_S, TIME_SCALE, Server, eventually, main, pattern, size_of, wait_until
from nats_cluster import Client, NatsServer, is_live, live, node, require_nats_server, wait_for_import
from test_events import EventStream


TOKEN = "viewer-0123456789abcdefghijKLMN"


class ClusterTest(unittest.TestCase):
    def setUp(self):
        require_nats_server()
        self.nats = self.enterContext(NatsServer())

    def start(self, name, *cameras, **options):
        return self.enterContext(Server(node(self.nats.url, name, *cameras, **options)))

    def ids(self, server):
        return [camera["id"] for camera in server.status()["cameras"]]


class Frames(ClusterTest):
    def test_frames_are_the_nodes_own(self):
        """Pictures, sequence numbers and capture times."""
        site = self.start("site-a", live("front", name="Front door"))
        wall = self.start("wall", imports=["site-a/*"])
        wait_for_import(wall, "site-a.front")
        self.assertEqual(wall.camera("site-a.front")["name"], "Front door")
        with site.stream("/camera/front/video_feed") as near, wall.stream("/camera/site-a.front/video_feed") as far:
            far.frame_where(is_live, PATIENCE_S, "a frame of site-a")
            distant = {}
            for _ in range(20):
                part = far.frame()
                distant[part.sequence] = part
            own = near.frame_where(lambda part: part.sequence in distant, PATIENCE_S, "the same frame")
            seen = 0
            while own.sequence <= max(distant):
                if part := distant.get(own.sequence):
                    self.assertEqual((part.body, part.state), (own.body, "live"))
                    self.assertAlmostEqual(part.timestamp, own.timestamp, delta=0.2)
                    seen += 1
                own = near.frame()
            self.assertGreater(seen, 0)
        self.assertEqual(list(distant), sorted(distant))
        self.assertEqual(len(distant), 20, "a frame came twice")

    def test_nobody_watches_and_nothing_is_sent(self):
        site = self.start("site-a", pattern("front", idle_timeout_s=0.5))
        wall = self.start("wall", imports=["site-a/*"])
        wait_for_import(wall, "site-a.front")
        with Client(self.nats, "framebroker.1.frames.>") as listener:
            site.wait_for_state("front", "idle")
            wall.wait_for_state("site-a.front", "idle")
            self.assertEqual(site.camera("front")["frames"]["published"], 0)
            with wall.stream("/camera/site-a.front/video_feed") as stream:
                stream.frame_where(is_live, PATIENCE_S, "a frame")
                self.assertGreater(listener.count(), 0)
            site.wait_for_state("front", "idle", 10)
            wall.wait_for_state("site-a.front", "idle", 10)
            before = listener.count()
            time.sleep(3)
            self.assertEqual(listener.count(), before)

    def test_many_viewers_cost_one_flow(self):
        site = self.start("site-a", live("front"))
        wall = self.start("wall", imports=["site-a/*"])
        wait_for_import(wall, "site-a.front")
        with Client(self.nats, "framebroker.1.frames.>") as listener:
            streams = [self.enterContext(wall.stream("/camera/site-a.front/video_feed")) for _ in range(8)]
            for stream in streams:
                stream.frame_where(is_live, PATIENCE_S, "a frame")
            first = streams[0].frame().sequence
            before = listener.count()
            for stream in streams:
                stream.frame_where(lambda part: part.sequence > first + 20, PATIENCE_S, "20 frames")
            frames = [payload for _, payload in listener.since(before) if b"\xff\xd8" in payload]
            last = streams[0].frame().sequence
            self.assertLessEqual(len(frames), last - first + 3)
            self.assertEqual(len(site.camera("front")["subscribers"]), 0)  # a node is not one of its viewers

    def test_small_versions_are_made_by_the_node(self):
        self.start("site-a", pattern("front", 640, 480, 10, on_demand=False))
        wall = self.start("wall", imports=["site-a/*"])
        wait_for_import(wall, "site-a.front")
        with Client(self.nats, "framebroker.1.frames.>") as listener, \
                wall.stream("/camera/site-a.front/video_feed?width=160") as stream, \
                wall.stream("/feed?cameras=site-a.front&width=160") as feed:
            part = stream.frame_where(is_live, PATIENCE_S, "a small frame")
            self.assertEqual(size_of(part.body), (160, 120))
            self.assertEqual(size_of(feed.frame_where(is_live, PATIENCE_S, "a small frame").body), (160, 120))
            # The server may serve the wall before the listener.
            sent = wait_until(lambda: [payload[payload.index(b"\xff\xd8"):] for _, payload in listener.since()
                                       if b"\xff\xd8" in payload], PATIENCE_S, "the frame at the listener")
            self.assertEqual({size_of(jpeg) for jpeg in sent}, {(160, 120)})
        answer = wall.get("/camera/site-a.front/snapshot?width=320")
        self.assertEqual((answer.status, size_of(answer.body)), (200, (320, 240)))

    def test_snapshots_and_a_feed_of_cameras_of_everywhere(self):
        self.start("site-a", pattern("front"))
        self.start("site-b", pattern("front"))
        wall = self.start("wall", pattern("front"), imports=["*/front"])
        ids = ["front", "site-a.front", "site-b.front"]
        wait_for_import(wall, *ids)
        for id in ids:
            answer = wall.get(f"/camera/{id}/snapshot")
            self.assertEqual((answer.status, answer.headers["Content-Type"]), (200, "image/jpeg"), id)
        with wall.stream("/feed?cameras=all") as feed:
            seen = set()

            def check():
                part = feed.part()
                seen.add((part.headers.get("x-camera-id"), part.state))
                return {id for id, state in seen if state == "live"} == set(ids)
            wait_until(check, PATIENCE_S, "live frames of all")
        self.assertIn("site-a.front", wall.get("/").text)


class Costs(ClusterTest):
    def test_libnats_is_loaded_for_a_cluster_alone(self):
        with Server({"cameras": [live("front")]}) as server:
            server.wait_for_state("front", "live")
            self.assertFalse([name for name in server.libraries() if name.startswith("libnats")])
        self.assertTrue([name for name in self.start("wall").libraries() if name.startswith("libnats")])


class States(ClusterTest):
    def test_state_and_reason_are_the_nodes(self):
        faults = [{"kind": "vanish", "at_frame": 30, "for_s": 600}]
        site = self.start("site-a", live("front", faults=faults), live("back"))
        wall = self.start("wall", imports=["site-a/*"])
        wait_for_import(wall, "site-a.front", "site-a.back")
        with wall.stream("/camera/site-a.front/video_feed") as stream:
            stream.frame_where(lambda part: part.state == "offline", PATIENCE_S, "the picture that says so")
            site.wait_for_state("front", "offline")
            wall.wait_for_state("site-a.front", "offline")
            eventually(lambda: wall.camera("site-a.front")["error"], site.camera("front")["error"], "the reason")
        # One that nobody watches, too.
        wall.wait_for_state("site-a.front", "offline")
        wall.wait_for_state("site-a.back", "live", 15)

    def test_node_that_is_stopped_says_so(self):
        wall = self.start("wall", imports=["*/*"])
        with Server(node(self.nats.url, "site-a", live("front"))) as site:
            wait_for_import(wall, "site-a.front")
            stream = self.enterContext(wall.stream("/camera/site-a.front/video_feed"))
            stream.frame_where(is_live, PATIENCE_S, "a frame")
            site.signal()
        wall.wait_for_camera("site-a.front", lambda camera: camera["state"] == "offline" and
                             "site-a was stopped" in (camera["error"] or ""), 5, "site-a.front to be offline")
        stream.frame_where(lambda part: part.state == "offline", PATIENCE_S, "the picture that says so")
        self.assertEqual(self.ids(wall), ["site-a.front"])
        self.start("site-a", live("front"))
        stream.frame_where(is_live, 10, "a frame of the node that is back")

    def test_events_of_the_node(self):
        site = self.start("site-a", live("front"))
        wall = self.start("wall", imports=["site-a/*"])
        wait_for_import(wall, "site-a.front")
        with EventStream(site) as near, EventStream(wall) as far:
            for events in (near, far):
                events.socket.settimeout(PATIENCE_S * TIME_SCALE)
            self.assertEqual(site.reload(node(self.nats.url, "site-a", live("front", motion={}))).status, 200)
            near.event_where("motion", camera="front")
            far.event_where("motion", camera="site-a.front")


class Lists(ClusterTest):
    def test_patterns_of_export_and_import(self):
        cameras = [pattern(id) for id in ("north-1", "north-2", "south-1")]
        self.start("site-a", *cameras, export=["north-*"])
        self.start("site-b", *cameras)
        self.start("other", pattern("north-9"))
        wall = self.start("wall", pattern("own"), imports=["site-*/*-1"])
        expected = ["own", "site-a.north-1", "site-b.north-1", "site-b.south-1"]
        eventually(lambda: sorted(self.ids(wall)), expected, "what is exported and imported")

    def test_nothing_leaves_and_nothing_comes_unasked(self):
        site = self.start("site-a", pattern("front"), export=[])
        wall = self.start("wall", pattern("own"), imports=["*/*"])
        aside = self.start("aside", pattern("own"), export=["*"])
        wait_for_import(wall, "aside.own")
        self.assertEqual([self.ids(server) for server in (site, wall, aside)],
                         [["front"], ["own", "aside.own"], ["own"]])

    def test_loops_are_impossible(self):
        """Two nodes import everything of each other and of everybody."""
        first = self.start("a", pattern("x"), imports=["*/*"])
        second = self.start("b", pattern("x"), imports=["*/*"])
        third = self.start("c", imports=["*/*"])
        eventually(lambda: self.ids(first), ["x", "b.x"], "what a has")
        eventually(lambda: self.ids(second), ["x", "a.x"], "what b has")
        eventually(lambda: sorted(self.ids(third)), ["a.x", "b.x"], "what c has")
        with first.stream("/feed?cameras=all") as one, second.stream("/feed?cameras=all") as two, \
                third.stream("/feed?cameras=all") as three:
            for stream in (one, two, three):
                stream.frame_where(is_live, PATIENCE_S, "frames")
        self.assertEqual((self.ids(first), self.ids(second)), (["x", "b.x"], ["x", "a.x"]))

    def test_reload_changes_what_leaves_and_what_comes(self):
        cameras = [live("front"), live("back")]
        site = self.start("site-a", *cameras, export=["front"])
        wall = self.start("wall", live("own"), imports=["site-a/*"])
        wait_for_import(wall, "site-a.front")
        with wall.stream("/camera/site-a.front/video_feed") as stream, wall.stream("/camera/own/video_feed") as own:
            stream.frame_where(is_live, PATIENCE_S, "a frame")
            self.assertEqual(site.reload(node(self.nats.url, "site-a", *cameras, export=["back", "front"])).status, 200)
            wait_for_import(wall, "site-a.back")
            numbers = [stream.frame().sequence for _ in range(5)]
            self.assertEqual(numbers, list(range(numbers[0], numbers[0] + 5)))
            self.assertEqual(site.reload(node(self.nats.url, "site-a", *cameras, export=["back"])).status, 200)
            eventually(lambda: self.ids(wall), ["own", "site-a.back"], "front to be gone")
            with self.assertRaises(EOFError):
                stream.frame_where(lambda part: False, PATIENCE_S, "the end of the stream")
            self.assertEqual(wall.reload(node(self.nats.url, "wall", live("own"), imports=[])).status, 200)
            eventually(lambda: self.ids(wall), ["own"], "all to be gone")
            own.frame_where(is_live, PATIENCE_S, "a frame of its own camera")

    def test_two_nodes_of_one_name(self):
        self.start("site-a", pattern("front"))
        with self.assertRaisesRegex(AssertionError, 'is node \\"site-a\\" of this cluster already'):
            Server(node(self.nats.url, "site-a", pattern("back")))


class Rights(ClusterTest):
    def test_rights_are_those_of_here(self):
        self.start("site-a", pattern("front"), pattern("back"))
        config = node(self.nats.url, "wall", pattern("own"), imports=["*/*"])
        config["tokens"] = [{"name": "all", "token": TOKEN}, {"name": "one", "token": TOKEN[::-1],
                                                              "cameras": ["site-a.front"]}]
        wall = self.enterContext(Server(config))
        everybody, one = ({"Authorization": f"Bearer {token}"} for token in (TOKEN, TOKEN[::-1]))

        def ids(headers):
            return [camera["id"] for camera in wall.get("/api/cameras", headers=headers).json["cameras"]]
        eventually(lambda: ids(everybody), ["own", "site-a.front", "site-a.back"], "what is imported")
        self.assertEqual(ids(one), ["site-a.front"])
        for id, status in (("site-a.front", 200), ("site-a.back", 404), ("own", 404), ("site-a.nobody", 404)):
            self.assertEqual(wall.get(f"/camera/{id}/snapshot", headers=one).status, status, id)
        self.assertEqual(wall.get("/camera/site-a.front/snapshot").status, 401)


if __name__ == "__main__":
    main()
