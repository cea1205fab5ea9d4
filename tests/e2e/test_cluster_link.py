#!/usr/bin/env python3
"""A gateway behind a slow link, in networks of the test's own: 40 Mbit/s, 40 ms, and a link that breaks."""
import pathlib
import statistics
import subprocess
import tempfile
import time
import unittest

from harness import PATIENCE_S, PROGRAM, TIME_SCALE, Server, emulated, main
from nats_cluster import NatsServer, Watcher, ages_of, live, lost_of, node, require_nats_server, wait_for_import
from slow_link import NEAR, SlowLink, enter_own_network, require_slow_link

CAMERAS = 4
FPS = 25
SECONDS = 6
# Frames that make 80 Mbit/s of four cameras.
PICTURE_BYTES = 100_000


class FarServer(Server):
    """Behind the link, and spoken to past it."""

    def __init__(self, link, config):
        self.link = link
        super().__init__(config, program=link.far_program(PROGRAM))

    def get(self, *arguments, **options):
        with self.link.far():
            return super().get(*arguments, **options)

    def stream(self, *arguments, **options):
        with self.link.far():
            return super().stream(*arguments, **options)


def make_pictures(folder):
    """Noise of about so many bytes."""
    paths = [pathlib.Path(folder, f"{number}.jpg") for number in range(4)]
    for number, path in enumerate(paths):
        subprocess.run(["convert", "-size", "800x450", "-seed", str(number), "plasma:", "-attenuate", "0.6", "+noise",
                        "Gaussian", "-define", f"jpeg:extent={PICTURE_BYTES}", str(path)], check=True)
    return paths


def p99(values):
    return sorted(values)[int(len(values) * 0.99)]


class LinkTest(unittest.TestCase):
    def setUp(self):
        require_nats_server()
        require_slow_link()
        self.link = self.enterContext(SlowLink())
        self.nats = self.enterContext(NatsServer(listen="0.0.0.0"))

    def start(self, name, *cameras, **options):
        return self.enterContext(Server(node(self.nats.url, name, *cameras, **options)))

    def start_far(self):
        url = f"nats://{NEAR}:{self.nats.port}"
        return self.enterContext(FarServer(self.link, node(url, "far", imports=["*/*"])))

    def watch(self, server, ids):
        wait_for_import(server, *ids)
        watchers = [Watcher(server.stream(f"/camera/{id}/video_feed", timeout=60)) for id in ids]
        for watcher in watchers:
            self.addCleanup(watcher.close)
        for watcher in watchers:
            watcher.wait_for_live_since(0, PATIENCE_S)
        return watchers


class SlowLinkTest(LinkTest):
    def test_slow_gateway_beside_a_healthy_one(self):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        pictures = make_pictures(folder)
        cameras = [emulated(f"c{number}", pictures, fps=FPS, on_demand=False) for number in range(CAMERAS)]
        site = self.start("site", *cameras)
        ids = [f"site.{camera['id']}" for camera in cameras]
        healthy = self.watch(self.start("near", imports=["*/*"]), ids)
        memory = site.memory_kb()

        def measure(watchers):
            """Losses and ages of the next seconds."""
            began = time.time()
            time.sleep(SECONDS)
            taken = [watcher.live_since(began) for watcher in watchers]
            return sum(map(lost_of, taken)), [age for parts in taken for age in ages_of(parts)], taken
        _, alone, _ = measure(healthy)
        slow = self.watch(self.start_far(), ids)
        time.sleep(2)
        began = time.time()
        lost, beside, _ = measure(healthy)
        parts = [watcher.live_since(began) for watcher in slow]
        ages = [age for each in parts for age in ages_of(each)]
        rate = sum(len(part.body) for each in parts for part in each) * 8 / (time.time() - began)
        print(f"healthy: {lost} lost, p99 {p99(beside) * 1000:.1f} ms (alone {p99(alone) * 1000:.1f} ms); slow: "
              f"p50 {statistics.median(ages) * 1000:.0f} ms, p99 {p99(ages) * 1000:.0f} ms, {rate / 1e6:.1f} Mbit/s")
        # A machine that is late without any slow link says little about one.
        is_calm = p99(alone) < 0.02
        self.assertLessEqual(lost, 0 if is_calm else CAMERAS * FPS * SECONDS // 10)
        self.assertLess(p99(beside), 0.02 if is_calm else 2 * p99(alone))
        self.assertLess(statistics.median(ages), 0.5 * TIME_SCALE)
        self.assertGreater(rate, 20e6 / TIME_SCALE)
        for each in parts:
            self.assertGreater(len(each), SECONDS, "every camera has its turn")
            self.assertGreater(lost_of(each), 0, "what did not fit was skipped")
        self.assertLess(site.memory_kb(), memory + 48_000)


class BrokenLinkTest(LinkTest):
    def test_link_is_cut_for_a_while(self):
        self.start("site", live("front"))
        near = self.start("near", imports=["*/*"])
        (healthy,) = self.watch(near, ["site.front"])
        far = self.start_far()
        (watcher,) = self.watch(far, ["site.front"])
        for seconds in (4, 12):
            with self.subTest(seconds=seconds):
                self.link.cut()
                cut = time.time()
                far.wait_for_state("site.front", "offline", 4)
                time.sleep(max(0, cut + seconds - time.time()))
                self.link.heal()
                healed = time.time()
                watcher.wait_for_live_since(healed, 10)
                wait_s = watcher.live_since(healed)[0].received_at - healed
                print(f"cut for {seconds} s: frames {wait_s:.2f} s after it")
                self.assertLess(wait_s, 2.5 * TIME_SCALE)
                time.sleep(2)
                # What was under way when the link was cut may still arrive, once.
                self.assertLess(max(ages_of(watcher.live_since(healed + 1))), 0.5 * TIME_SCALE)
                parts = healthy.live_since(cut)
                self.assertLess(lost_of(parts), len(parts) / 10)
                far.wait_for_state("site.front", "live", 2)


if __name__ == "__main__":
    enter_own_network()
    main()
