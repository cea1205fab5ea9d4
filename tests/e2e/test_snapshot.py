#!/usr/bin/env python3
"""Snapshots: fresh when asked for, cheap when nothing changed, and a reason to wake a camera."""
import concurrent.futures
import email.utils
import time
import unittest

from harness import TIME_SCALE, Server, decode_fault, main, pattern


class Snapshot(unittest.TestCase):
    def test_carries_what_a_part_carries(self):
        with Server({"cameras": [pattern("a")]}) as server:
            answer = server.get("/camera/a/snapshot")
            self.assertEqual(answer.status, 200)
            self.assertEqual(answer.headers["Content-Type"], "image/jpeg")
            self.assertEqual(int(answer.headers["Content-Length"]), len(answer.body))
            self.assertRegex(answer.headers["X-Timestamp"], r"^[0-9]+\.[0-9]{6}$")
            self.assertGreaterEqual(int(answer.headers["X-Sequence"]), 1)
            self.assertIsNone(answer.headers["X-Camera-State"])
            self.assertEqual(decode_fault(answer.body), "")
            modified = email.utils.parsedate_to_datetime(answer.headers["Last-Modified"]).timestamp()
            self.assertEqual(int(modified), int(float(answer.headers["X-Timestamp"])))

    def test_wakes_an_idle_camera(self):
        with Server({"cameras": [pattern("a")]}) as server:
            self.assertEqual(server.camera("a")["state"], "idle")
            answer = server.get("/camera/a/snapshot")
            self.assertIsNone(answer.headers["X-Camera-State"])
            self.assertLess(time.time() - float(answer.headers["X-Timestamp"]), 2 * TIME_SCALE)
            self.assertEqual(server.camera("a")["state"], "live")

    def test_max_age_0_waits_for_a_frame_captured_after_the_request(self):
        with Server({"cameras": [pattern("a", fps=2)]}) as server:
            server.get("/camera/a/snapshot")
            for _ in range(3):
                asked = time.time()
                answer = server.get("/camera/a/snapshot?max_age_ms=0")
                self.assertEqual(answer.status, 200)
                self.assertGreaterEqual(float(answer.headers["X-Timestamp"]), asked - 0.01)

    def test_max_age_bounds_the_age(self):
        with Server({"cameras": [pattern("a", fps=5)]}) as server:
            server.get("/camera/a/snapshot")
            for _ in range(10):
                asked = time.time()
                answer = server.get("/camera/a/snapshot?max_age_ms=100")
                self.assertGreaterEqual(float(answer.headers["X-Timestamp"]), asked - 0.11)
                time.sleep(0.03)

    def test_newest_frame_is_answered_at_once(self):
        with Server({"cameras": [pattern("a", fps=0.5, on_demand=False)]}) as server:
            server.wait_for_state("a", "live")
            started = time.monotonic()
            self.assertEqual(server.get("/camera/a/snapshot").status, 200)
            self.assertLess(time.monotonic() - started, 0.3 * TIME_SCALE)

    def test_unchanged_picture_is_304(self):
        with Server({"cameras": [pattern("a", fps=0.2, on_demand=False)]}) as server:
            server.wait_for_state("a", "live")
            answer = server.get("/camera/a/snapshot")
            tag = answer.headers["ETag"]
            self.assertRegex(tag, r'^(W/)?"[^"]+"$')
            for value in (tag, f'"other", {tag}', "*"):
                with self.subTest(value=value):
                    again = server.get("/camera/a/snapshot", headers={"If-None-Match": value})
                    self.assertEqual(again.status, 304)
                    self.assertEqual(again.headers["ETag"], tag)
                    self.assertEqual(again.body, b"")
            other = server.get("/camera/a/snapshot", headers={"If-None-Match": '"other"'})
            self.assertEqual((other.status, other.body), (200, answer.body))

    def test_tag_changes_with_the_picture(self):
        with Server({"cameras": [pattern("a", fps=20)]}) as server:
            first = server.get("/camera/a/snapshot").headers["ETag"]
            again = server.get("/camera/a/snapshot?max_age_ms=0", headers={"If-None-Match": first})
            self.assertEqual(again.status, 200)
            self.assertNotEqual(again.headers["ETag"], first)

    def test_head_tells_the_same_without_the_picture(self):
        with Server({"cameras": [pattern("a", fps=0.2, on_demand=False)]}) as server:
            server.wait_for_state("a", "live")
            whole, head = server.get("/camera/a/snapshot"), server.get("/camera/a/snapshot", "HEAD")
            self.assertEqual((head.status, head.body), (200, b""))
            for name in ("Content-Type", "Content-Length", "ETag", "Last-Modified", "X-Timestamp", "X-Sequence"):
                self.assertEqual(head.headers[name], whole.headers[name], name)

    def test_camera_that_cannot_be_opened_is_answered_within_5_seconds(self):
        faults = [{"kind": "fail_open", "at_frame": 1, "for_s": 60}]
        with Server({"cameras": [pattern("a", faults=faults)]}) as server:
            started = time.monotonic()
            answer = server.get("/camera/a/snapshot?max_age_ms=0")
            self.assertLess(time.monotonic() - started, 5.5 * TIME_SCALE)
            if answer.status == 200:
                self.assertEqual(answer.headers["X-Camera-State"], "offline")
            else:
                self.assertEqual(answer.status, 503)
                self.assertIn("Retry-After", answer.headers)
                self.assertTrue(answer.json["error"]["message"])

    def test_snapshots_that_wait_leave_workers_for_the_rest(self):
        config = {"server": {"max_streams": 8}, "cameras": [pattern("a", fps=0.4, on_demand=False)]}
        with Server(config) as server, concurrent.futures.ThreadPoolExecutor(60) as pool:
            server.wait_for_state("a", "live")
            answers = [pool.submit(server.get, "/camera/a/snapshot?max_age_ms=0") for _ in range(60)]
            finished = (answer.result() for answer in concurrent.futures.as_completed(answers))
            refused = next(answer for answer in finished if answer.status != 200)
            self.assertEqual(refused.status, 503)
            self.assertIn("Retry-After", refused.headers)
            started = time.monotonic()
            self.assertEqual(server.get("/healthz").status, 200)
            self.assertLess(time.monotonic() - started, 1 * TIME_SCALE)
            self.assertIn(200, [answer.result().status for answer in answers])


if __name__ == "__main__":
    main()
