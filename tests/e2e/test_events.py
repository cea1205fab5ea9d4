#!/usr/bin/env python3
"""/api/events: server-sent events of states, viewers, cameras and reloads."""
import contextlib
import json
import socket
import unittest

from harness import TIME_SCALE, Server, emulated, eventually, main, pattern, wait_until

EVENTS_MAX, EVENTS_MAX_PER_ADDRESS = 64, 16  # web/routes/handlers.h
JOURNAL_MAX = 1024  # broker/event_log.h


class Event:
    def __init__(self, fields):
        self.id, self.name, self.data = fields["id"], fields["event"], json.loads(fields["data"])

    def __repr__(self):
        return f"{self.name} {self.data}"


class EventStream:
    """An answer as EventSource reads it; anything that it would not take is an error."""

    def __init__(self, server, path="/api/events", last_id=None, token=None, address="127.0.0.1"):
        self.socket = socket.create_connection(("127.0.0.1", server.port), 10, (address, 0))
        headers = f"Last-Event-ID: {last_id}\r\n" if last_id else ""
        headers += f"Authorization: Bearer {token}\r\n" if token else ""
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n".encode())
        self.reader = self.socket.makefile("rb")
        self.status = int(self._line().split(" ")[1])
        self.headers = dict(line.lower().split(": ", 1) for line in iter(self._line, ""))

    def _line(self):
        line = self.reader.readline()
        if not line:
            raise EOFError("the server has closed the stream")
        return line.decode().rstrip("\r\n")

    def event(self):
        """The next one; comments and the time to reconnect are passed over."""
        while True:
            fields = dict(line.split(": ", 1) for line in iter(self._line, "") if not line.startswith(":"))
            if "data" in fields:
                return Event(fields)
            assert not fields or fields.keys() == {"retry"}, fields

    def event_where(self, name, **data):
        """The first of that name whose data has those values."""
        while True:
            event = self.event()
            if event.name == name and data.items() <= event.data.items():
                return event

    def close(self):
        self.reader.close()
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def missing(id):
    return emulated(id, ["/gone.jpg"], on_demand=False)


class Events(unittest.TestCase):
    def test_present_states_come_first(self):
        with Server({"cameras": [pattern("a"), missing("b")]}) as server:
            server.wait_for_state("b", "offline")
            with EventStream(server) as events:
                self.assertEqual(events.status, 200)
                self.assertEqual(events.headers["content-type"], "text/event-stream")
                first, second = events.event(), events.event()
        self.assertEqual((first.name, first.data["camera"], first.data["state"]), ("state", "a", "idle"))
        self.assertEqual((second.data["camera"], second.data["state"]), ("b", "offline"))
        self.assertEqual(list(first.data), ["camera", "state", "previous", "error", "since"])
        self.assertIsNone(first.data["previous"])
        self.assertIn("/gone.jpg", second.data["error"])

    def test_states_and_viewers_are_told_as_they_change(self):
        with Server({"defaults": {"idle_timeout_s": 0}, "cameras": [pattern("a")]}) as server, \
                EventStream(server) as events:
            with server.stream("/camera/a/video_feed?width=160") as stream:
                stream.frame()
                came = events.event_where("viewer", action="came")
                self.assertEqual(came.data["camera"], "a")
                self.assertEqual(came.data["route"], "video_feed")
                self.assertEqual(came.data["id"], server.camera("a")["subscribers"][0]["id"])
                events.event_where("state", state="live", previous="starting")
            events.event_where("viewer", action="left", id=came.data["id"])
            events.event_where("state", state="idle")

    def test_reloads_and_cameras_are_told(self):
        with Server({"cameras": [pattern("a")]}) as server, EventStream(server) as events:
            server.configure({"cameras": [pattern("b")]})
            self.assertEqual(server.get("/api/reload", "POST").status, 200)
            events.event_where("camera", action="removed", camera="a")
            events.event_where("camera", action="added", camera="b")
            events.event_where("reload", reloaded=True, error=None)
            server.configure({"cameras": []})
            self.assertEqual(server.get("/api/reload", "POST").status, 422)
            self.assertIn("must have at least one camera", events.event_where("reload", reloaded=False).data["error"])

    def test_only_the_cameras_asked_for_are_told_of(self):
        config = {"cameras": [pattern("a"), pattern("b"), pattern("c")]}
        with Server(config) as server, EventStream(server, "/api/events?cameras=c,1") as events:
            self.assertEqual([events.event().data["camera"] for _ in range(2)], ["a", "c"])
            for camera in "b", "a":
                with server.stream(f"/camera/{camera}/video_feed") as stream:
                    stream.frame()
            self.assertEqual(events.event().data["camera"], "a")

    def test_unknown_camera_is_refused(self):
        with Server({"cameras": [pattern("a")]}) as server:
            self.assertEqual(server.get("/api/events?cameras=a,nobody").error_code, "no_such_camera")

    def test_silence_is_broken_before_anybody_takes_it_for_death(self):
        with Server({"cameras": [pattern("a")]}) as server, EventStream(server) as events:
            events.event()
            events.socket.settimeout(20 * TIME_SCALE)
            self.assertEqual(events.reader.readline(), b":\n")

    def test_head_gets_the_head_alone(self):
        with Server({"cameras": [pattern("a")]}) as server:
            answer = server.get("/api/events", "HEAD")
            self.assertEqual((answer.status, answer.headers["Content-Type"], answer.body),
                             (200, "text/event-stream", b""))


class Resuming(unittest.TestCase):
    def look(self, server, count):
        for _ in range(count):
            with server.stream("/camera/a/video_feed") as stream:
                stream.part()
            wait_until(lambda: not server.camera("a")["subscribers"], 10, "the viewer to leave")

    def test_what_came_meanwhile_is_told_and_nothing_twice(self):
        with Server({"cameras": [pattern("a", on_demand=False)]}) as server:
            server.wait_for_state("a", "live")
            with EventStream(server) as events:
                last = events.event()
            self.look(server, 2)
            with EventStream(server, last_id=last.id) as events:
                actions = [events.event_where("viewer").data["action"] for _ in range(4)]
                self.assertEqual(actions, ["came", "left", "came", "left"])
            with EventStream(server, last_id=last.id) as events:
                self.assertEqual(events.event().name, "viewer", "a client that resumes knows the states")

    def test_who_comes_too_late_hears_what_he_has_missed_and_the_states(self):
        with Server({"cameras": [pattern("a", on_demand=False)]}) as server:
            server.wait_for_state("a", "live")
            with EventStream(server) as events:
                last = events.event()
            for _ in range(JOURNAL_MAX // 128 + 1):
                with contextlib.ExitStack() as stack:
                    for _ in range(64):
                        stack.enter_context(server.stream("/feed?cameras=a"))
                wait_until(lambda: not server.camera("a")["subscribers"], 10, "the viewers to leave")
            with EventStream(server, last_id=last.id) as events:
                missed = events.event()
                self.assertEqual(missed.name, "missed")
                self.assertEqual(missed.data, {"count": 128 * (JOURNAL_MAX // 128 + 1) - JOURNAL_MAX})
                self.assertEqual(events.event().data["state"], "live")
                self.assertEqual(events.event().name, "viewer")

    def test_ids_of_another_run_and_nonsense_begin_anew(self):
        with Server({"cameras": [pattern("a")]}) as server:
            with EventStream(server) as events:
                known = events.event().id
            for id in "1-1", "x", "-", known + "0", known.replace("-", "-9"), known + " ", "9" * 200:
                with EventStream(server, last_id=id) as events:
                    self.assertEqual(events.event().name, "state", id)


ADMIN, VIEWER = "admin-0123456789abcdefghijklmn", "viewer-0123456789abcdefghijklmn"


class Rights(unittest.TestCase):
    def config(self, **viewer):
        tokens = [{"name": "admin", "token": ADMIN, "rights": "admin"},
                  {"name": "viewer", "token": VIEWER, "rights": "view", **viewer}]
        return {"cameras": [pattern("a"), pattern("b")], "tokens": tokens}

    def look(self, server, camera):
        answer = server.get(f"/camera/{camera}/snapshot", headers={"Authorization": f"Bearer {ADMIN}"})
        self.assertEqual(answer.status, 200)

    def reload(self, server, config):
        server.configure(config)
        self.assertEqual(server.get("/api/reload", "POST", {"Authorization": f"Bearer {ADMIN}"}).status, 200)

    def test_nobody_hears_of_what_he_may_not_see(self):
        with Server(self.config(cameras=["a"])) as server, EventStream(server, token=VIEWER) as limited, \
                EventStream(server, token=ADMIN) as events:
            self.assertEqual(server.get("/api/events").status, 401)
            hidden = server.get("/api/events?cameras=b", headers={"Authorization": f"Bearer {VIEWER}"})
            self.assertEqual((hidden.status, hidden.error_code), (404, "no_such_camera"))
            self.look(server, "b")
            events.event_where("state", camera="b", state="live")
            self.reload(server, self.config(cameras=["a"]))
            events.event_where("reload")
            self.look(server, "a")
            self.assertEqual(limited.event().data["state"], "idle")
            self.assertEqual([limited.event().data["camera"] for _ in range(2)], ["a", "a"])

    def test_faults_are_for_administrators_of_all_cameras(self):
        config = self.config(rights="admin", cameras=["a"])
        with Server(config) as server, EventStream(server, token=VIEWER) as limited, \
                EventStream(server, token=ADMIN) as events:
            server.reload({**config, "cameras": []}, {"Authorization": f"Bearer {ADMIN}"})
            self.assertIn("must have at least one camera", events.event_where("reload", reloaded=False).data["error"])
            self.assertIn("the log says", limited.event_where("reload", reloaded=False).data["error"])

    def test_addresses_of_viewers_are_for_administrators(self):
        with Server(self.config()) as server, EventStream(server, token=VIEWER) as limited, \
                EventStream(server, token=ADMIN) as events:
            with EventStream(server, "/camera/a/video_feed", token=ADMIN):
                self.assertRegex(events.event_where("viewer").data["remote"], r"^127\.0\.0\.1:[0-9]+$")
                self.assertRegex(limited.event_where("viewer").data["remote"], r"^viewer [0-9a-f]{6}$")

    def test_numbers_of_viewers_do_not_count_those_of_hidden_cameras(self):
        with Server(self.config(cameras=["a"])) as server, EventStream(server, token=VIEWER) as limited, \
                EventStream(server, token=ADMIN) as events, \
                EventStream(server, "/camera/a/video_feed", token=ADMIN):
            shown, id = (stream.event_where("viewer").data["id"] for stream in (limited, events))
            status = [server.get(path, headers={"Authorization": f"Bearer {VIEWER}"}).json
                      for path in ("/api/status", "/api/cameras/a")]
            self.assertEqual([camera["subscribers"][0]["id"] for camera in (status[0]["cameras"][0], status[1])],
                             [shown, shown])
            self.assertLess(id, 10)
            self.assertTrue(10 < shown < 2 ** 53, shown)

    def test_rights_that_are_taken_away_end_the_stream(self):
        with Server(self.config()) as server, EventStream(server, token=VIEWER) as events:
            events.event()
            config = self.config()
            del config["tokens"][1]
            self.reload(server, config)
            with self.assertRaises(EOFError):
                while True:
                    events.event()


class Limits(unittest.TestCase):
    def test_clients_beyond_the_limit_are_refused_and_the_rest_is_served(self):
        with Server({"server": {"max_streams": 1}, "cameras": [pattern("a")]}) as server, \
                contextlib.ExitStack() as stack:
            for i in range(EVENTS_MAX):
                address = f"127.0.1.{1 + i // EVENTS_MAX_PER_ADDRESS}"
                self.assertEqual(stack.enter_context(EventStream(server, address=address)).status, 200)
            refusal = server.get("/api/events")
            self.assertEqual((refusal.status, refusal.error_code), (503, "too_many_event_streams"))
            self.assertIn("Retry-After", refusal.headers)
            with server.stream("/camera/a/video_feed") as stream:
                stream.frame()
            stack.close()
            eventually(lambda: server.get("/api/events", "HEAD").status, 200, "a place to be free again")

    def test_one_address_cannot_take_all_places(self):
        with Server({"cameras": [pattern("a")]}) as server, contextlib.ExitStack() as stack:
            for _ in range(EVENTS_MAX_PER_ADDRESS):
                self.assertEqual(stack.enter_context(EventStream(server)).status, 200)
            refusal = server.get("/api/events")
            self.assertEqual((refusal.status, refusal.error_code), (503, "too_many_event_streams_per_address"))
            self.assertIn("Retry-After", refusal.headers)
            with EventStream(server, address="127.0.1.1") as events:
                self.assertEqual(events.status, 200)
            stack.close()
            eventually(lambda: server.get("/api/events", "HEAD").status, 200, "a place to be free again")

    def test_a_client_that_reads_nothing_holds_nobody_up(self):
        with Server({"cameras": [pattern("a")]}) as server, EventStream(server), EventStream(server) as events:
            with server.stream("/camera/a/video_feed") as stream:
                stream.frame()
            events.event_where("viewer", action="left")

    def test_shutdown_ends_the_streams(self):
        with Server({"cameras": [pattern("a")]}) as server, contextlib.ExitStack() as stack:
            streams = [stack.enter_context(EventStream(server)) for _ in range(8)]
            for events in streams:
                events.event()
            server.signal(seconds=2)
            for events in streams:
                with self.assertRaises(EOFError):
                    events.event()


if __name__ == "__main__":
    main()
