#!/usr/bin/env python3
"""Hooks: programs and URLs that are told of a camera's state, and that may hang, fail and refuse."""
import http.server
import json
import os
import pathlib
import queue
import re
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import unittest

from harness import TIME_SCALE, Server, emulated, eventually, main, pattern, plain_picture, wait_until

SECRET = "s3cr3t"


class Receiver:
    """Takes posts and answers with the given statuses, one after the other; the last one stays. None: hangs."""

    def __init__(self, *statuses):
        receiver = self
        self.requests, self.released = queue.Queue(), threading.Event()
        self.statuses = list(statuses or [204])

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.requests.put((self.path, self.headers, json.loads(body)))
                status = receiver.statuses.pop(0) if len(receiver.statuses) > 1 else receiver.statuses[0]
                if status is None:
                    receiver.released.wait()
                    return
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", "/elsewhere")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://user:{SECRET}@127.0.0.1:{self.port}/{SECRET}?token={SECRET}"

    def next(self, seconds=15):
        """The next request: path, headers, JSON."""
        return self.requests.get(timeout=seconds * TIME_SCALE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()


def missing(id="a"):
    return emulated(id, ["/gone.jpg"], on_demand=False)


def config(*hooks, cameras=None):
    return {"cameras": cameras or [missing()], "hooks": {"on_state_change": list(hooks)}}


class Scratch(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="framebroker-")
        self.addCleanup(scratch.cleanup)
        self.directory = pathlib.Path(scratch.name)

    def wait_for_log(self, server, text, seconds=15):
        wait_until(lambda: text in server.log(), seconds, f"{text!r} in the log")


class Posts(Scratch):
    def test_failure_and_recovery_are_posted(self):
        file = self.directory / "1.jpg"
        camera = emulated("a", [file], on_demand=False)
        with Receiver() as receiver:
            hook = {"url": receiver.url, "after_s": 0, "headers": {"X-Key": SECRET}}
            with Server(config(hook, cameras=[camera]), "--verbose") as server:
                path, headers, event = receiver.next()
                self.assertEqual(path, f"/{SECRET}?token={SECRET}")
                self.assertEqual((headers["Content-Type"], headers["X-Key"]), ("application/json", SECRET))
                self.assertEqual(list(event), ["camera", "state", "previous", "error", "since"])
                self.assertEqual((event["camera"], event["state"]), ("a", "offline"))
                self.assertIn("1.jpg", event["error"])
                plain_picture(file, "red")
                event = receiver.next()[2]
                self.assertEqual((event["state"], event["previous"], event["error"]), ("live", "offline", None))
                self.assertNotIn(SECRET, server.log())

    def test_only_the_states_and_cameras_asked_for_are_posted(self):
        cameras = [missing("yard-1"), missing("door"), missing("yard-2"), pattern("yard-3", on_demand=False)]
        with Receiver() as receiver:
            hooks = {"url": receiver.url, "after_s": 0, "cameras": ["yard-*"], "states": ["offline"]}
            with Server({"cameras": cameras, "hooks": {"on_state_change": hooks}}) as server:
                server.wait_for_state("yard-3", "live")
                self.assertEqual({receiver.next()[2]["camera"] for _ in range(2)}, {"yard-1", "yard-2"})
                server.wait_for_state("door", "offline")
            self.assertTrue(receiver.requests.empty())

    def test_receiver_that_refuses_and_then_accepts_is_told(self):
        with Receiver(500, 204) as receiver, \
                Server(config({"url": receiver.url, "after_s": 0}), "--verbose") as server:
            self.assertEqual(receiver.next()[2], receiver.next()[2])
            self.wait_for_log(server, f"hook 1 (http://127.0.0.1:{receiver.port}): delivered")
            self.assertIn("answers with status 500; trying again", server.log())
            counts = re.compile(r'^framebroker_hook_attempts_total\{result="(\w+)"\} ([0-9]+)$', re.MULTILINE)
            eventually(lambda: dict(counts.findall(server.get("/metrics").text)),
                       {"delivered": "1", "tried_again": "1", "given_up": "0"}, "the attempts to be counted")
            self.assertNotIn(SECRET, server.log())

    def test_redirects_are_not_followed_nor_refusals_repeated(self):
        with Receiver(302) as receiver, Server(config({"url": receiver.url, "after_s": 0})) as server:
            self.assertNotEqual(receiver.next()[0], "/elsewhere")
            self.wait_for_log(server, "answers with status 302; given up")
            self.assertTrue(receiver.requests.empty())

    def test_receiver_that_hangs_holds_up_neither_others_nor_the_end(self):
        with Receiver(None) as hanging, Receiver() as receiver, \
                Server(config({"url": hanging.url, "after_s": 0, "timeout_s": 60},
                              {"url": receiver.url, "after_s": 0})) as server:
            hanging.next()
            receiver.next()
            server.signal(seconds=2)

    def test_receiver_that_hangs_is_given_up(self):
        with Receiver(None) as hanging, \
                Server(config({"url": hanging.url, "after_s": 0, "timeout_s": 0.5, "retries": 0})) as server:
            self.wait_for_log(server, "given up")

    def test_failures_and_their_end_are_logged(self):
        with Receiver(503) as receiver, \
                Server(config({"url": receiver.url, "after_s": 0, "retries": 1})) as server:
            self.wait_for_log(server, "answers with status 503; given up")
            self.assertIn("answers with status 503; trying again", server.log())

    @unittest.skipUnless(shutil.which("openssl"), "openssl is not installed")
    def test_receiver_that_cannot_prove_who_it_is_is_told_nothing(self):
        key, certificate = self.directory / "key", self.directory / "certificate"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost",
                        "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate],
                       check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        with Receiver() as receiver:
            receiver.server.socket = context.wrap_socket(receiver.server.socket, server_side=True)
            hook = {"url": f"https://localhost:{receiver.port}/", "after_s": 0, "retries": 0}
            with Server(config(hook)) as server:
                self.wait_for_log(server, f"hook 1 (https://localhost:{receiver.port}): SSL peer certificate")
            self.assertTrue(receiver.requests.empty())

    def test_nobody_there_is_logged_without_secrets(self):
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            url = f"http://user:{SECRET}@127.0.0.1:{closed.getsockname()[1]}/{SECRET}"
            with Server(config({"url": url, "after_s": 0, "retries": 0}), "--verbose") as server:
                self.wait_for_log(server, "given up")
                self.assertNotIn(SECRET, server.log())

    def test_state_must_have_lasted(self):
        faults = [{"kind": "vanish", "at_s": 1, "for_s": 0.3}, {"kind": "vanish", "at_s": 3, "for_s": 600}]
        with Receiver() as receiver:
            camera = pattern("a", faults=faults, on_demand=False)
            with Server(config({"url": receiver.url, "after_s": 2}, cameras=[camera])) as server:
                event = receiver.next(30)[2]
                self.assertEqual(event["state"], "offline")
                self.assertGreater(server.camera("a")["restarts"], 1, "the camera has failed and recovered before")
            self.assertTrue(receiver.requests.empty())


class Commands(Scratch):
    def shell(self, script, **hook):
        return {"command": ["sh", "-c", script, "notify", str(self.directory)], "after_s": 0, **hook}

    def text_of(self, name, seconds=15):
        path = self.directory / name
        return wait_until(lambda: path.exists() and path.read_text(), seconds, f"the program to write {name}")

    def test_program_gets_the_event_and_nothing_of_ours(self):
        script = 'cat > "$1/event"; env > "$1/env"; ls -l /proc/self/fd > "$1/fds"; mv "$1/env" "$1/environment"'
        hook = self.shell(script)
        with Server(config(hook), environment={"CAM_PASSWORD": SECRET}):
            environment = dict(line.split("=", 1) for line in self.text_of("environment").splitlines())
            event = json.loads(self.text_of("event"))
        self.assertEqual((event["camera"], event["state"]), ("a", "offline"))
        self.assertEqual(environment["FRAMEBROKER_CAMERA"], "a")
        self.assertEqual(environment["FRAMEBROKER_STATE"], "offline")
        self.assertIn(environment["FRAMEBROKER_PREVIOUS"], ("idle", "starting"))
        self.assertEqual(environment["FRAMEBROKER_ERROR"], event["error"])
        self.assertEqual(environment["PATH"], os.environ["PATH"])
        self.assertNotIn("CAM_PASSWORD", environment)
        self.assertNotRegex(self.text_of("fds"), r"socket:|eventfd|config\.json")

    def test_program_finds_no_secret_in_the_process_that_starts_it(self):
        script = 'grep -c "$2" "/proc/$PPID/environ" > "$1/count"; echo done > "$1/done"'
        hook = self.shell(script)
        hook["command"].append("CAM_PASSWORD")
        with Server(config(hook), environment={"CAM_PASSWORD": SECRET}):
            self.text_of("done")
            # Nothing where the file cannot even be read.
            self.assertIn((self.directory / "count").read_text(), ("0\n", ""))

    def test_program_that_hangs_is_killed_with_its_children(self):
        hook = self.shell('sleep 600 & echo $! > "$1/child"; wait', timeout_s=0.5, retries=0)
        with Server(config(hook)) as server:
            child = int(self.text_of("child"))
            self.wait_for_log(server, "hook 1 (sh): took too long and was killed; given up")
            wait_until(lambda: not alive(child), 5, "its child to end")
            self.assert_no_children(server)

    def test_program_that_hangs_does_not_hold_up_the_end(self):
        with Server(config(self.shell('trap "" TERM; echo $$ > "$1/pid"; sleep 600', timeout_s=60))) as server:
            pid = int(self.text_of("pid"))
            server.signal(seconds=2)
            wait_until(lambda: not alive(pid), 5, "the program to end")

    def test_program_that_fails_is_tried_again(self):
        hook = self.shell('echo x >> "$1/tries"; echo oops >&2; test $(wc -l < "$1/tries") = 2')
        with Server(config(hook), "--verbose") as server:
            self.wait_for_log(server, "hook 1 (sh): delivered")
            self.assertIn("hook 1 (sh): ended with exit status 1; trying again", server.log())
            self.assertIn("debug a: hook 1 (sh) writes: oops", server.log())
            self.assertEqual(self.text_of("tries"), "x\nx\n")
            self.assert_no_children(server)

    def test_program_that_is_not_there_is_told_of(self):
        with Server(config({"command": ["/gone/notify", SECRET], "after_s": 0, "retries": 0})) as server:
            self.wait_for_log(server, "hook 1 (/gone/notify): cannot be started: No such file or directory; given up")
            self.assertNotIn(SECRET, server.log())

    def test_program_that_writes_without_end_is_read_and_killed(self):
        with Server(config(self.shell("yes", timeout_s=0.5, retries=0)), "--verbose") as server:
            self.wait_for_log(server, "took too long and was killed")
            self.assertLess(len(server.log()), 20000)

    def assert_no_children(self, server):
        children = pathlib.Path(f"/proc/{server.pid}/task/{server.pid}/children")
        tasks = pathlib.Path(f"/proc/{server.pid}/task").iterdir()
        self.assertEqual("".join((task / children.name).read_text() for task in tasks), "")


class Reloads(Scratch):
    def test_hooks_are_replaced_and_told_how_things_are(self):
        with Receiver() as first, Receiver() as second, \
                Server(config({"url": first.url, "after_s": 0})) as server:
            self.assertEqual(first.next()[2]["state"], "offline")
            server.configure(config({"url": second.url, "after_s": 0}))
            self.assertEqual(server.get("/api/reload", "POST").status, 200)
            self.assertEqual(second.next()[2]["state"], "offline")

    def test_hooks_that_stay_say_nothing_twice(self):
        with Receiver() as receiver:
            hook = {"url": receiver.url, "after_s": 0}
            with Server(config(hook)) as server:
                self.assertEqual(receiver.next()[2]["camera"], "a")
                server.configure(config(hook, cameras=[missing(), missing("b")]))
                self.assertEqual(server.get("/api/reload", "POST").status, 200)
                self.assertEqual(receiver.next()[2]["camera"], "b")
            self.assertTrue(receiver.requests.empty())


def alive(pid):
    """Whether it runs; a zombie does not."""
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rsplit(")", 1)[1].split()[0] != "Z"


if __name__ == "__main__":
    main()
