#!/usr/bin/env python3
"""/metrics, as Prometheus reads it."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from harness import SOURCE_DIR, Server, emulated, eventually, main, pattern, wait_until

SAMPLE = re.compile(r'([a-z_]+)(?:\{((?:[a-z]+="(?:[^"\\\n]|\\["\\n])*",?)+)\})? (-?[0-9.]+|\+Inf)')
LABEL = re.compile(r'([a-z]+)="((?:[^"\\\n]|\\["\\n])*)"')
UNESCAPED = {"\\\\": "\\", '\\"': '"', "\\n": "\n"}
AWKWARD_NAME = 'Tür "links" \\ oben 🚪'


def read_samples(text):
    """{(name, frozenset of labels): value}; anything that is not a sample, a HELP or a TYPE is an error."""
    samples = {}
    for line in text.splitlines():
        if line.startswith(("# HELP ", "# TYPE ")):
            continue
        match = SAMPLE.fullmatch(line)
        assert match, f"not a sample: {line!r}"
        labels = frozenset((name, re.sub(r"\\.", lambda escape: UNESCAPED[escape[0]], value))
                           for name, value in LABEL.findall(match[2] or ""))
        assert (match[1], labels) not in samples, f"given twice: {line!r}"
        samples[match[1], labels] = float(match[3])
    return samples


class Metrics:
    """One scrape."""

    def __init__(self, server):
        self.samples = read_samples(server.get("/metrics").text)

    def value(self, name, /, **labels):
        return self.samples.get((f"framebroker_{name}", frozenset(labels.items())))


def all_kinds_of_cameras():
    stopping = [{"kind": "freeze", "at_s": 0.5, "for_s": 3600}]
    return {"server": {"max_streams": 3}, "cameras": [
        pattern("live", name=AWKWARD_NAME, on_demand=False),
        pattern("stale", faults=stopping, on_demand=False, stale_after_ms=500),
        emulated("offline", ["/nonexistent.jpg"], on_demand=False),
        pattern("idle")]}


def require_promtool():
    """Installed, or unpacked by scripts/test."""
    program = shutil.which("promtool", path=os.pathsep.join(
        [os.environ["PATH"], *(f"{SOURCE_DIR}/build/{package}/usr/bin" for package in ("promtool", "prometheus"))]))
    if program is None:
        raise unittest.SkipTest("promtool is missing (Debian: prometheus)")
    return program


def check_with_promtool(test, text):
    result = subprocess.run([require_promtool(), "check", "metrics"], input=text, capture_output=True, text=True)
    test.assertEqual((result.returncode, result.stdout + result.stderr), (0, ""))


class Exposition(unittest.TestCase):
    def test_prometheus_has_nothing_against_it(self):
        with Server(all_kinds_of_cameras()) as server:
            for state in ("live", "stale", "offline"):
                server.wait_for_state(state, state)
            with server.stream("/camera/live/video_feed?width=160") as viewer:
                viewer.frame()
                answer = server.get("/metrics")
                self.assertEqual(answer.headers["Content-Type"], "text/plain; version=0.0.4; charset=utf-8")
                check_with_promtool(self, answer.text)
                metrics = Metrics(server)
            for camera in ("live", "stale", "offline", "idle"):
                for state in ("idle", "starting", "live", "stale", "offline"):
                    self.assertEqual(metrics.value("camera_state", camera=camera, state=state), camera == state)
                self.assertEqual(metrics.value("camera_up", camera=camera), camera in ("live", "idle"))
            self.assertEqual(metrics.value("camera_info", camera="live", name=AWKWARD_NAME, source="pattern",
                                           format=server.camera("live")["format"]), 1)
            self.assertEqual(metrics.value("camera_variants", camera="live"), 1)
            self.assertEqual(metrics.value("camera_width_pixels", camera="live"), 320)
            self.assertIsNone(metrics.value("camera_last_frame_age_seconds", camera="idle"))
            self.assertGreater(metrics.value("camera_last_frame_age_seconds", camera="stale"), 0.4)
            self.assertGreater(metrics.value("variant_duration_seconds_count"), 0)
            self.assertGreater(metrics.value("encode_duration_seconds_count"), 0)
            self.assertGreater(metrics.value("publish_latency_seconds_count"), 0)

    def test_without_body_to_a_head(self):
        with Server({"cameras": [pattern("a")]}) as server:
            answer = server.get("/metrics", method="HEAD")
            self.assertEqual((answer.status, answer.body), (200, b""))
            self.assertGreater(int(answer.headers["Content-Length"]), 1000)

    def test_no_secret_is_in_it(self):
        source = {"type": "url", "url": "http://${FB_USER}:${FB_SECRET}@127.0.0.1:1/x", "transport": "tcp"}
        environment = {"FB_USER": "metrics-user", "FB_SECRET": "metrics-secret"}
        config = {"cameras": [pattern("a"), {"id": "u", "source": source, "on_demand": False}]}
        try:
            server = Server(config, environment=environment)
        except AssertionError as error:
            self.assertIn("not in this build", str(error))
            self.skipTest("the program was built without FFmpeg's libraries")
        with server:
            server.wait_for_state("u", "offline", 20)
            self.assertNotRegex(server.get("/metrics").text, "metrics-user|metrics-secret|127.0.0.1")

    def test_each_visitor_gets_what_he_may_see(self):
        config = {"cameras": [pattern("a"), pattern("b")],
                  "tokens": [{"token": "all-of-them-0123456789", "name": "prometheus", "rights": "view"},
                             {"token": "only-a-0123456789abcdef", "name": "tenant", "rights": "view", "cameras": ["a"]}]}
        with Server(config) as server:
            self.assertEqual(server.get("/metrics").status, 401)

            def names_and_cameras(token):
                text = server.get("/metrics", headers={"Authorization": f"Bearer {token}"}).text
                samples = read_samples(text)
                return {name for name, _ in samples}, {value for _, labels in samples
                                                       for name, value in labels if name == "camera"}
            names, cameras = names_and_cameras("all-of-them-0123456789")
            self.assertEqual(cameras, {"a", "b"})
            self.assertIn("framebroker_streams_active", names)
            names, cameras = names_and_cameras("only-a-0123456789abcdef")
            self.assertEqual(cameras, {"a"})
            self.assertTrue(all(name.startswith("framebroker_camera_") for name in names), names)

    def test_a_thousand_cameras_are_scraped_while_streams_run(self):
        cameras = [pattern("watched"), *({"id": f"c{i}", "name": "x" * 100, "source":
                                          {"type": "pattern", "width": 160, "height": 120, "fps": 1}} for i in range(999))]
        with Server({"cameras": cameras}) as server, server.stream("/camera/watched/video_feed") as viewer:
            viewer.frame()
            self.assertEqual(sum(name == "framebroker_camera_up" for name, _ in Metrics(server).samples), 1000)

            def scrape(times):
                for _ in range(times):
                    self.assertEqual(server.get("/metrics").status, 200)
                return server.memory_kb()
            warm = scrape(60)  # each of the allocator's arenas has held a page once
            self.assertLess(scrape(60) - warm, 15000)
            first = viewer.frame().sequence
            scrape(5)
            self.assertGreater(viewer.frame().sequence, first)


class Counters(unittest.TestCase):
    def test_they_agree_with_what_a_viewer_got(self):
        with Server({"cameras": [pattern("a")]}) as server:
            with server.stream("/camera/a/video_feed") as viewer:
                parts = [viewer.frame() for _ in range(20)]
            metrics = wait_until(lambda: (found := Metrics(server)).value("streams_active") == 0 and found, 5,
                                 "the stream to end")
            self.assertGreaterEqual(metrics.value("camera_frames_sent_total", camera="a"), 20)
            self.assertGreaterEqual(metrics.value("camera_sent_bytes_total", camera="a"),
                                    sum(len(part.body) for part in parts))
            self.assertGreaterEqual(metrics.value("delivery_latency_seconds_count"), 18)
            self.assertGreaterEqual(metrics.value("camera_frames_published_total", camera="a"), 20)
            eventually(lambda: Metrics(server).value("camera_subscribers", camera="a"), 0, "the viewer to be gone")

    def test_none_goes_back_while_viewers_come_and_go(self):
        with Server({"cameras": [pattern("a")]}) as server:
            before = {}
            for turn in range(12):
                query = ("", "?fps=3", "?width=160", "?width=160&fps=5")[turn % 4]
                with server.stream(f"/camera/a/video_feed{query}", receive_buffer=4096) as viewer:
                    for _ in range(4):
                        viewer.frame()
                        samples = Metrics(server).samples
                        for key, value in samples.items():
                            if key[0].endswith(("_total", "_bucket", "_count", "_sum")):
                                self.assertGreaterEqual(value, before.get(key, 0), key)
                        before = samples

    def test_refusals_and_requests_are_counted(self):
        with Server({"server": {"max_streams": 1}, "cameras": [pattern("a")]}) as server:
            with server.stream("/camera/a/video_feed") as viewer:
                viewer.frame()
                self.assertEqual(server.get("/camera/a/video_feed").status, 503)
            self.assertEqual(server.get("/nowhere").status, 404)
            scrapes = 0

            def counts():
                """Of the requests above; each scrape counts the ones before it."""
                nonlocal scrapes
                metrics = Metrics(server)
                scrapes += 1
                return (metrics.value("streams_rejected_total", reason="too_many_streams"),
                        metrics.value("http_requests_total", code="4xx"),
                        metrics.value("http_requests_total", code="5xx"),
                        metrics.value("http_requests_total", code="2xx") - (scrapes - 1))
            eventually(counts, (1, 1, 1, 1), "one request of each kind to be counted")
            server.reload()
            server.reload("{")
            metrics = Metrics(server)
            self.assertEqual(metrics.value("reloads_total", result="applied"), 1)
            self.assertEqual(metrics.value("reloads_total", result="failed"), 1)

    def test_the_process_is_as_the_system_sees_it(self):
        with Server({"cameras": [pattern("a")]}) as server:
            samples = {name: value for (name, labels), value in Metrics(server).samples.items() if not labels}
            self.assertAlmostEqual(samples["process_threads"], server.threads(), delta=2)
            self.assertAlmostEqual(samples["process_open_fds"], server.descriptors(), delta=3)
            self.assertAlmostEqual(samples["process_resident_memory_bytes"] / 1024, server.memory_kb(), delta=4000)
            limits = pathlib.Path(f"/proc/{server.pid}/limits").read_text()
            self.assertEqual(samples["process_max_fds"], int(re.search(r"Max open files +([0-9]+)", limits)[1]))


class Alerts(unittest.TestCase):
    RULES = SOURCE_DIR / "config/deploy/prometheus-alerts.yml"

    def test_each_comes_when_it_should(self):
        for check in (["check", "rules", self.RULES],
                      ["test", "rules", SOURCE_DIR / "tests/e2e/prometheus-alerts-test.yml"]):
            result = subprocess.run([require_promtool(), *check], capture_output=True, text=True)
            self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def test_they_ask_for_what_there_is(self):
        with Server({"cameras": [pattern("a")]}) as server:
            names = {name for name, _ in Metrics(server).samples}
        asked = set(re.findall(r"\b(?:framebroker|process)_[a-z_]+", "".join(
            line for line in self.RULES.read_text().splitlines() if "expr:" in line)))
        self.assertGreaterEqual(len(asked), 5)
        self.assertLessEqual(asked, names)


class Dashboard(unittest.TestCase):
    """config/deploy/grafana-dashboard.json, as far as it can be tried without Grafana."""

    @classmethod
    def setUpClass(cls):
        dashboard = json.loads((SOURCE_DIR / "config/deploy/grafana-dashboard.json").read_text())
        cls.panels = dashboard["panels"]
        cls.expressions = [target["expr"] for panel in cls.panels for target in panel.get("targets", [])]
        cls.queries = [variable["query"]["query"] for variable in dashboard["templating"]["list"]
                       if variable["type"] == "query"]

    def test_expressions_are_promql(self):
        rules = [{"record": f"panel:{number}", "expr": expression.replace("$__rate_interval", "5m")}
                 for number, expression in enumerate(self.expressions)]
        with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
            json.dump({"groups": [{"name": "dashboard", "rules": rules}]}, file)  # JSON is YAML
            file.flush()
            result = subprocess.run([require_promtool(), "check", "rules", file.name], capture_output=True, text=True)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertIn(f"{len(rules)} rules found", result.stdout)

    def test_expressions_ask_for_what_there_is(self):
        with Server(all_kinds_of_cameras()) as server:
            server.wait_for_state("live", "live")
            labels = {}
            for name, pairs in Metrics(server).samples:
                labels.setdefault(name, {"job"}).update(label for label, _ in pairs)
        used = set()
        for text in self.expressions + self.queries:
            for name, selector in re.findall(r"\b((?:framebroker|process)_[a-z_]+)(?:\{([^}]*)\})?", text):
                self.assertIn(name, labels, text)
                self.assertLessEqual(set(re.findall(r"(\w+)=", selector)), labels[name], text)
                used.add(name)
            for label in re.findall(r"by \((\w+)\)", text):
                self.assertTrue(any(label in labels[name] for name in labels), text)
        self.assertGreater(len(used), 25)

    def test_panels_lie_side_by_side_and_are_told_apart(self):
        taken = set()
        for panel in self.panels:
            place = panel["gridPos"]
            cells = {(x, y) for x in range(place["x"], place["x"] + place["w"])
                     for y in range(place["y"], place["y"] + place["h"])}
            self.assertTrue(taken.isdisjoint(cells), panel["title"])
            self.assertLessEqual(place["x"] + place["w"], 24, panel["title"])
            taken |= cells
        for key in ("id", "title"):
            self.assertEqual(len({panel[key] for panel in self.panels}), len(self.panels))


if __name__ == "__main__":
    main()
