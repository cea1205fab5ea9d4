#!/usr/bin/env python3
"""What a service manager hears of the program, by the protocol of sd_notify(3)."""
import contextlib
import pathlib
import signal
import socket
import tempfile
import unittest

from harness import TIME_SCALE, Server, main, pattern

CONFIG = {"cameras": [pattern("a"), pattern("b", on_demand=False)]}
IDLE_CONNECTIONS = 900


class Manager:
    """The socket that systemd gives to a service of Type=notify."""

    def __init__(self, watchdog_us=None):
        self.directory = tempfile.TemporaryDirectory(prefix="framebroker-")
        self.path = str(pathlib.Path(self.directory.name, "notify"))
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.settimeout(10 * TIME_SCALE)
        self.environment = {"NOTIFY_SOCKET": self.path}
        if watchdog_us:
            self.environment["WATCHDOG_USEC"] = str(watchdog_us)

    def hear(self):
        """What is said next, as a dictionary."""
        return dict(line.split("=", 1) for line in self.socket.recv(4096).decode().splitlines())

    def hear_of(self, word):
        while True:
            news = self.hear()
            if word in news:
                return news

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()
        self.directory.cleanup()


class ServiceManager(unittest.TestCase):
    def test_readiness_and_the_end_are_told(self):
        with Manager() as manager, Server(CONFIG, environment=manager.environment) as server:
            news = manager.hear()
            self.assertEqual(news["READY"], "1")
            self.assertRegex(news["STATUS"], r"^cameras: 2 \(.*\), viewers: 0$")
            server.signal()
            self.assertEqual(manager.hear_of("STOPPING")["STOPPING"], "1")

    def test_watchdog_gets_its_proofs(self):
        with Manager(watchdog_us=400_000) as manager, Server(CONFIG, environment=manager.environment):
            for _ in range(4):
                self.assertEqual(manager.hear_of("WATCHDOG")["WATCHDOG"], "1")

    def test_flood_of_connections_does_not_cost_the_proofs(self):
        # So many wait for so few workers that the program's own request is not answered in time.
        config = {"server": {"max_streams": 1}, **CONFIG}
        with Manager(watchdog_us=1_000_000) as manager, Server(config, environment=manager.environment) as server:
            manager.hear_of("READY")
            with contextlib.ExitStack() as flood:
                for _ in range(IDLE_CONNECTIONS):
                    client = flood.enter_context(socket.socket())
                    client.setblocking(False)
                    client.connect_ex(("127.0.0.1", server.port))
                for _ in range(3):
                    self.assertIn("WATCHDOG", manager.hear())

    def test_sighup_is_a_reload_for_the_manager(self):
        with Manager() as manager, Server(CONFIG, environment=manager.environment) as server:
            manager.hear_of("READY")
            server.process.send_signal(signal.SIGHUP)
            self.assertGreater(int(manager.hear_of("RELOADING")["MONOTONIC_USEC"]), 0)
            self.assertEqual(manager.hear_of("READY")["READY"], "1")

    def test_manager_that_is_gone_disturbs_nobody(self):
        with Manager(watchdog_us=200_000) as manager:
            environment = manager.environment
        with Server(CONFIG, environment=environment) as server:
            self.assertEqual(server.get("/healthz").status, 200)


if __name__ == "__main__":
    main()
