#!/usr/bin/env python3
"""Smaller, coarser and slower pictures: made once for all who ask, and only while somebody does."""
import time
import unittest

from harness import (
    SANITIZED, TIME_SCALE, Server, assert_rate, decode_fault, eventually, main, pattern, read_until_shared, size_of,
    wait_until)


def live(part):
    return part.state == "live"


THUMB = {"thumb": {"width": 320, "quality": 60, "fps": 5}}


class Pictures(unittest.TestCase):
    def test_width_snaps_to_the_next_eighth(self):
        with Server({"cameras": [pattern("a", width=1280, height=720)]}) as server:
            server.get("/camera/a/snapshot")
            for asked, size in ((16, (160, 90)), (160, (160, 90)), (161, (320, 180)), (1000, (1120, 630)),
                                (1121, (1280, 720)), (3840, (1280, 720))):
                with self.subTest(width=asked):
                    answer = server.get(f"/camera/a/snapshot?width={asked}")
                    self.assertEqual(answer.status, 200)
                    self.assertEqual(size_of(answer.body), size)
                    self.assertEqual(decode_fault(answer.body), "")

    def test_lower_quality_is_smaller(self):
        with Server({"cameras": [pattern("a", width=640, height=480)]}) as server:
            sizes = [len(server.get(f"/camera/a/snapshot?quality={quality}").body) for quality in (100, 60, 20)]
            self.assertEqual(sizes, sorted(sizes, reverse=True))
            self.assertLess(sizes[2] * 2, sizes[0])

    def test_parts_carry_sequence_and_capture_time_of_their_source(self):
        with Server({"cameras": [pattern("a", width=640, height=480, fps=10)]}) as server, \
                server.stream("/camera/a/video_feed") as whole, \
                server.stream("/camera/a/video_feed?width=160") as small:
            whole.frame_where(live, 10, "live frames")
            small.frame_where(live, 10, "live frames")
            of_whole, of_small = read_until_shared([whole, small], 6)
            for part in of_small.values():
                self.assertEqual(part.headers["x-camera-id"], "a")
                self.assertEqual(size_of(part.body), (160, 120))
            for sequence in set(of_whole) & set(of_small):
                self.assertEqual(of_small[sequence].timestamp, of_whole[sequence].timestamp)

    def test_variant_keeps_the_camera_s_rate(self):
        with Server({"cameras": [pattern("a", fps=20)]}) as server, \
                server.stream("/camera/a/video_feed?width=160") as stream:
            stream.frame_where(live, 10, "live frames")
            parts = [stream.frame() for _ in range(21)]
            assert_rate(self, parts, 20)
            self.assertLess(parts[-1].received_at - parts[-1].timestamp, 0.2 * TIME_SCALE)

    def test_snapshot_of_a_variant_is_as_fresh_as_asked_for(self):
        with Server({"cameras": [pattern("a", fps=5)]}) as server:
            for _ in range(3):
                asked = time.time()
                answer = server.get("/camera/a/snapshot?width=80&max_age_ms=0")
                self.assertEqual(answer.status, 200)
                self.assertGreaterEqual(float(answer.headers["X-Timestamp"]), asked - 0.01)

    def test_aliases_know_variants(self):
        with Server({"cameras": [pattern("a", width=320, height=240)]}) as server:
            self.assertEqual(size_of(server.get("/?action=snapshot&width=120").body), (120, 90))
            with server.stream("/stream?width=40") as stream:
                self.assertEqual(size_of(stream.frame_where(live, 10, "live frames").body), (40, 30))


class Named(unittest.TestCase):
    def test_named_variant_has_its_size_and_rate(self):
        with Server({"defaults": {"variants": THUMB}, "cameras": [pattern("a", width=1280, height=720)]}) as server, \
                server.stream("/camera/a/video_feed?variant=thumb") as stream:
            stream.frame_where(live, 10, "live frames")
            parts = [stream.frame() for _ in range(11)]
            self.assertEqual({size_of(part.body) for part in parts}, {(320, 180)})
            assert_rate(self, parts, 5)
            variant, = server.camera("a")["variants"]
            self.assertEqual((variant["name"], variant["width"], variant["height"], variant["quality"]),
                             ("thumb", 320, 180, 60))
            self.assertEqual(server.camera("a")["subscribers"][0]["skipped"], 0)

    def test_unknown_name_is_told(self):
        with Server({"cameras": [pattern("a", variants=THUMB), pattern("b")]}) as server:
            for path in ("/camera/a/video_feed?variant=thum", "/camera/b/snapshot?variant=thumb",
                         "/feed?variant=thumb"):
                answer = server.get(path)
                self.assertEqual((answer.status, answer.error_code), (404, "no_such_variant"), path)
            eventually(server.active_streams, 0, "no stream to be left")

    def test_bad_parameters_are_refused(self):
        with Server({"cameras": [pattern("a", variants=THUMB)]}) as server:
            for query in ("width=15", "width=3841", "width=x", "quality=0", "quality=101", "variant=",
                          "variant=thumb&width=320", "width=320&width=320"):
                for path in ("/camera/a/video_feed", "/camera/a/snapshot", "/feed"):
                    answer = server.get(f"{path}?{query}")
                    self.assertEqual((answer.status, answer.error_code), (400, "bad_parameter"), query)


class Sharing(unittest.TestCase):
    def test_clients_of_one_variant_get_the_same_bytes_made_once(self):
        with Server({"cameras": [pattern("a", width=640, height=480, fps=10)]}) as server:
            server.get("/camera/a/snapshot")
            streams = [server.stream(f"/camera/a/video_feed?width={width}") for width in (200, 240, 201, 239)]
            try:
                frames = read_until_shared(streams, 4)
                for sequence in set.intersection(*(set(by_sequence) for by_sequence in frames)):
                    self.assertEqual(len({by_sequence[sequence].body for by_sequence in frames}), 1)
                variant, = server.camera("a")["variants"]
                self.assertEqual((variant["width"], variant["subscribers"]), (240, 4))
            finally:
                for stream in streams:
                    stream.close()

    def test_status_lists_the_clients_of_variants_with_the_camera_s(self):
        with Server({"cameras": [pattern("a", width=640, height=480)]}) as server, \
                server.stream("/camera/a/video_feed") as whole, \
                server.stream("/camera/a/video_feed?width=80&quality=33") as small:
            whole.frame_where(live, 10, "live frames")
            small.frame_where(live, 10, "live frames")
            subscribers = server.camera("a")["subscribers"]
            self.assertCountEqual([subscriber["variant"] for subscriber in subscribers],
                                  [None, {"width": 80, "quality": 40}])

    def test_variants_are_bounded(self):
        cameras = [pattern("a", width=640, height=480, max_variants=2, variants=THUMB, idle_timeout_s=0.2)]
        with Server({"cameras": cameras}) as server:
            server.get("/camera/a/snapshot")
            with server.stream("/camera/a/video_feed?width=80") as first, \
                    server.stream("/camera/a/video_feed?quality=50") as second:
                first.frame_where(live, 10, "live frames")
                second.frame_where(live, 10, "live frames")
                for path in ("/camera/a/video_feed?width=160", "/camera/a/snapshot?width=160"):
                    answer = server.get(path)
                    self.assertEqual((answer.status, answer.error_code), (503, "too_many_variants"), path)
                    self.assertGreaterEqual(int(answer.headers["Retry-After"]), 1)
                for path in ("/camera/a/snapshot?width=79", "/camera/a/snapshot?variant=thumb", "/camera/a/snapshot"):
                    self.assertEqual(server.get(path).status, 200, path)
            wait_until(lambda: server.get("/camera/a/snapshot?width=160").status == 200, 5, "a place to be free")

    def test_a_variant_that_nobody_watches_gives_way(self):
        cameras = [pattern("a", width=640, height=480, max_variants=2, on_demand=False, idle_timeout_s=300)]
        with Server({"cameras": cameras}) as server:
            server.wait_for_state("a", "live")
            for width in range(80, 640, 80):
                wait_until(lambda: server.get(f"/camera/a/snapshot?width={width}").status == 200, 5,
                           "a place to be free")
                self.assertLessEqual(len(server.camera("a")["variants"]), 2)


class Demand(unittest.TestCase):
    def test_variant_wakes_its_camera_and_lets_it_sleep(self):
        with Server({"cameras": [pattern("a", idle_timeout_s=0.5)]}) as server:
            self.assertEqual(server.camera("a")["state"], "idle")
            with server.stream("/camera/a/video_feed?width=80") as stream:
                stream.frame_where(live, 10, "live frames")
                self.assertEqual(server.camera("a")["state"], "live")
            left = time.monotonic()
            server.wait_for_state("a", "idle", 3)
            self.assertGreater(time.monotonic() - left, 0.4)
            server.wait_for_camera("a", lambda camera: not camera["variants"], 3, "the variant to be dropped")
            self.assertEqual(server.get("/readyz").status, 200)

    def test_nothing_is_made_without_clients(self):
        with Server({"cameras": [pattern("a", on_demand=False, idle_timeout_s=30)]}) as server:
            with server.stream("/camera/a/video_feed?width=80") as stream:
                stream.frame_where(live, 10, "live frames")
            variant = server.wait_for_camera(
                "a", lambda camera: camera["variants"] and camera["variants"][0]["subscribers"] == 0, 2,
                "the client to be gone")["variants"][0]
            self.assertEqual(variant["width"], 80)
            server.wait_for_camera("a", lambda camera: camera["variants"][0]["fps"] == 0, 10, "it to stop")

    def test_states_of_the_camera_show_in_its_variants(self):
        faults = [{"kind": "vanish", "at_frame": 10, "for_s": 1}]
        with Server({"cameras": [pattern("a", width=640, height=480, faults=faults)]}) as server, \
                server.stream("/camera/a/video_feed?width=160") as stream:
            stream.frame_where(live, 10, "live frames")
            part = stream.frame_where(lambda part: part.state == "offline", 10, "the camera to vanish")
            self.assertEqual(size_of(part.body), (160, 120))
            stream.frame_where(live, 10, "it to be back")

    def test_leaving_clients_leave_nothing_behind(self):
        # Few workers: each has touched its stack by the time that memory is measured.
        config = {"server": {"max_streams": 4}, "cameras": [pattern("a", on_demand=False, idle_timeout_s=0)]}
        with Server(config) as server:
            def visits(count):
                for number in range(count):
                    with server.admitted_stream(f"/camera/a/video_feed?width={(40, 80, 120)[number % 3]}") as stream:
                        if number % 2:
                            stream.part()
                eventually(lambda: (server.camera("a")["variants"], server.camera("a")["subscribers"]), ([], []),
                           "all to be gone")
                eventually(server.active_streams, 0, "every place to be free")

            visits(150)
            descriptors, threads, memory = server.descriptors(), server.threads(), server.memory_kb()
            visits(300)
            server.await_descriptors(descriptors + 2)
            eventually(server.threads, threads, "the threads of before")
            if not SANITIZED:
                self.assertLess(server.memory_kb() - memory, 4096)


if __name__ == "__main__":
    main()
