#!/usr/bin/env python3
"""The MQTT client, against Debian's mosquitto and brokers that misbehave; discovery as Home Assistant reads it."""
import contextlib
import os
import re
import signal
import socket
import threading
import time
import unittest

from harness import PATIENCE_S, TIME_SCALE, Server, emulated, eventually, main, pattern, plain_picture, wait_until
from mqtt_broker import Broker, Reader, free_port, make_certificates, require_mosquitto

SECRET = "s3cr3t word"

# The keys that https://www.home-assistant.io/integrations/mqtt/ and its pages on the platforms document, of those that
# a device has.
DEVICE_KEYS = {"identifiers", "name", "manufacturer", "model", "sw_version", "configuration_url"}
ORIGIN_KEYS = {"name", "sw_version", "support_url"}
MESSAGE_KEYS = {"device", "origin", "components", "availability"}
COMMON_KEYS = {"platform", "name", "unique_id", "icon", "entity_category"}
PLATFORM_KEYS = {
    "binary_sensor": {"state_topic", "device_class", "value_template", "json_attributes_topic"},
    "sensor": {"state_topic", "device_class", "unit_of_measurement", "state_class", "value_template"},
    "camera": {"topic"},
    "switch": {"state_topic", "command_topic"},
    "button": {"command_topic"},
}
REQUIRED_KEYS = {"binary_sensor": {"state_topic"}, "sensor": {"state_topic"}, "camera": {"topic"},
                 "switch": {"command_topic"}, "button": {"command_topic"}}


def live(id, **camera):
    return pattern(id, fps=10, on_demand=False, **camera)


def config(url, *cameras, **mqtt):
    return {"mqtt": {"url": url, **mqtt}, "cameras": list(cameras or [live("a")])}


def jpeg(message):
    return message.payload[:2] == b"\xff\xd8" and message.payload[-2:] == b"\xff\xd9"


class MqttTest(unittest.TestCase):
    def setUp(self):
        require_mosquitto()

    def wait_for_mqtt(self, server, state, error=None, seconds=PATIENCE_S):
        def check():
            status = server.status()["mqtt"]
            return status["state"] == state and (error is None or error in (status["error"] or ""))
        try:
            wait_until(check, seconds, f"MQTT to be {state} with {error!r}")
        except AssertionError as failure:
            raise AssertionError(f"{failure}: {server.status()['mqtt']}") from None

    def count(self, server, name):
        match = re.search(rf"^framebroker_mqtt_{name} ([0-9]+)$", server.get("/metrics").text, re.MULTILINE)
        return int(match[1])


class OldBroker:
    """Knows MQTT 3.1.1 alone: refuses others by the old CONNACK, or (is_rude) by closing the connection."""

    def __init__(self, is_rude):
        self.is_rude, self.taken, self.refused = is_rude, {}, 0
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                connection = self.server.accept()[0]
            except OSError:
                return
            with connection, contextlib.suppress(EOFError, OSError):
                self._speak(connection, connection.makefile("rb"))

    def _speak(self, connection, stream):
        while True:
            kind, body = self._packet(stream)
            if kind == 1 and body[6] != 4:
                self.refused += 1
                if not self.is_rude:
                    connection.sendall(b"\x20\x02\x00\x01")
                return
            if kind == 1:
                connection.sendall(b"\x20\x02\x00\x00")
            elif kind == 3:
                count = int.from_bytes(body[:2], "big")
                connection.sendall(b"\x40\x02" + body[2 + count:4 + count])
                self.taken[body[2:2 + count].decode()] = body[4 + count:]
            elif kind == 8:
                connection.sendall(b"\x90\x03" + body[:2] + b"\x00")

    @staticmethod
    def _packet(stream):
        head = stream.read(1)
        if not head:
            raise EOFError
        length = shift = 0
        while True:
            byte = stream.read(1)[0]
            length, shift = length + ((byte & 127) << shift), shift + 7
            if byte < 128:
                return head[0] >> 4, stream.read(length)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.close()


class Topics(MqttTest):
    def test_states_rate_viewers_health_and_pictures(self):
        with Broker() as broker, Reader(broker) as reader:
            with Server(config(broker.url, live("a"), emulated("b", ["/gone.jpg"], on_demand=False))) as server:
                self.wait_for_mqtt(server, "connected")
                reader.wait_for("framebroker/status", "online")
                reader.wait_for("framebroker/a/state", "live")
                reader.wait_for("framebroker/a/fps", lambda message: 9 < float(message.text) < 11)
                reader.wait_for("framebroker/a/snapshot", jpeg)
                self.assertEqual(reader.wait_for("framebroker/a/health").json,
                                 {"healthy": True, "error": None, "restarts": 0})
                reader.wait_for("framebroker/a/viewers", "0")
                with server.stream("/camera/a/video_feed") as stream:
                    stream.part()
                    reader.wait_for("framebroker/a/viewers", "1")
                reader.wait_for("framebroker/a/viewers", "0")
                reader.wait_for("framebroker/b/state", "offline")
                health = reader.wait_for("framebroker/b/health", lambda message: not message.json["healthy"]).json
                self.assertIn("gone.jpg", health["error"])
                self.assertEqual(self.count(server, "connected"), 1)
                self.assertEqual(self.count(server, "messages_refused_total"), 0)
            reader.wait_for("framebroker/status", "offline")
            with Reader(broker) as late:
                self.assertEqual(late.wait_for("framebroker/a/state").is_retained, True)

    def test_nobody_pays_without_it(self):
        with Server({"cameras": [live("a")]}) as server:
            self.assertEqual(server.status()["mqtt"], {"state": "off", "error": None})
            self.assertEqual(server.thread_ids("mqtt"), [])
            self.assertNotIn("framebroker_mqtt", re.sub("^#.*$", "", server.get("/metrics").text, flags=re.MULTILINE))

    def test_steady_cameras_say_nothing(self):
        cameras = [pattern(f"c{number}", width=64, height=48, fps=2, on_demand=False) for number in range(64)]
        with Broker() as broker, Reader(broker) as reader, Server(config(broker.url, *cameras)) as server:
            for camera in cameras:
                reader.wait_for(f"framebroker/{camera['id']}/state", "live")
                reader.wait_for(f"framebroker/{camera['id']}/fps", lambda message: 1.5 < float(message.text) < 2.5)
                reader.wait_for(f"framebroker/{camera['id']}/snapshot", jpeg)

            def is_silent():
                before = reader.count(), self.count(server, "messages_published_total")
                time.sleep(5)
                return (reader.count(), self.count(server, "messages_published_total")) == before
            wait_until(is_silent, PATIENCE_S, "five seconds without a message")  # a busy machine changes rates
            # Nor before that: no topic twice in a row with one value.
            last = {}
            for message in reader.since(0):
                if not message.topic.endswith("snapshot"):
                    self.assertNotEqual(last.get(message.topic), message.payload, message.topic)
                last[message.topic] = message.payload

    def test_pictures_by_the_clock_and_never(self):
        with Broker() as broker, Reader(broker) as reader:
            with Server(config(broker.url, pictures=1)):
                wait_until(lambda: sum(message.topic == "framebroker/a/snapshot" for message in reader.since(0)) >= 3,
                           PATIENCE_S, "three pictures")
        with Broker() as broker, Reader(broker) as reader:
            with Server(config(broker.url, pictures="never")):
                reader.wait_for("framebroker/a/fps", lambda message: 9 < float(message.text) < 11)
                message = reader.wait_for("homeassistant/device/framebroker__a/config")
                self.assertEqual(message.json["components"]["snapshot"], {"platform": "camera"})
            self.assertIsNone(reader.payload("framebroker/a/snapshot"))

    def test_commands_only_where_they_are_allowed(self):
        with Broker() as broker, Reader(broker) as reader:
            with Server(config(broker.url, pattern("a"), commands=True)) as server:
                reader.wait_for("framebroker/a/state", "idle")
                reader.publish("framebroker/nobody/snapshot/set", "PRESS")
                reader.publish("framebroker/a/snapshot/set", "PRESS")
                reader.wait_for("framebroker/a/snapshot", jpeg)
                self.assertEqual(server.camera("a")["subscribers"], [])
            reader.wait_for("framebroker/status", "offline")
            reader.publish("framebroker/a/snapshot", "", retain=True)
            reader.publish("framebroker/a/state", "", retain=True)
            with Server(config(broker.url, pattern("a"))) as server:
                reader.wait_for("framebroker/status", "online")
                reader.wait_for("framebroker/a/state", "idle")
                before = reader.count()
                reader.publish("framebroker/a/snapshot/set", "PRESS")
                reader.publish("homeassistant/status", "online")
                wait_until(lambda: any(message.topic.endswith("/config") for message in reader.since(before)),
                           PATIENCE_S, "what came after the command to be obeyed")
                self.assertEqual(server.camera("a")["state"], "idle")
                self.assertEqual(reader.payload("framebroker/a/snapshot"), b"")


class Discovery(MqttTest):
    def check_documented(self, message):
        self.assertEqual(set(message), MESSAGE_KEYS)
        self.assertLessEqual(set(message["device"]), DEVICE_KEYS)
        self.assertTrue(message["device"]["identifiers"])
        self.assertLessEqual(set(message["origin"]), ORIGIN_KEYS)
        self.assertIn("name", message["origin"])
        self.assertEqual(message["availability"], [{"topic": "framebroker/status"}])
        for component in message["components"].values():
            platform = component["platform"]
            if set(component) != {"platform"}:
                self.assertLessEqual(set(component), COMMON_KEYS | PLATFORM_KEYS[platform])
                self.assertLessEqual(REQUIRED_KEYS[platform] | {"unique_id"}, set(component))
        ids = [component["unique_id"] for component in message["components"].values() if "unique_id" in component]
        self.assertEqual(len(ids), len(set(ids)))

    def test_messages_have_the_documented_keys(self):
        with Broker() as broker, Reader(broker) as reader:
            with Server(config(broker.url, live("a", name="Tür \"1\""), commands=True, page_url="https://cams.test")):
                message = reader.wait_for("homeassistant/device/framebroker__a/config")
                self.check_documented(message.json)
                self.assertEqual(message.json["device"]["name"], "Tür \"1\"")
                self.assertEqual(message.json["device"]["configuration_url"], "https://cams.test/camera/a")
                # What an entity reads and writes is there.
                for component in message.json["components"].values():
                    for key in ("state_topic", "topic"):
                        if key in component:
                            reader.wait_for(component[key])

    def test_home_assistant_comes_back(self):
        topic = "homeassistant/device/framebroker__a/config"
        with Broker() as broker, Reader(broker) as reader, Server(config(broker.url)):
            reader.wait_for(topic)
            before = reader.count()
            reader.publish("homeassistant/status", "online")
            wait_until(lambda: topic in [message.topic for message in reader.since(before)], PATIENCE_S, "the message")
            with Reader(broker) as restarted:
                restarted.wait_for("framebroker/status", "online")
                restarted.wait_for(topic)
                restarted.wait_for("framebroker/a/state", "live")
                restarted.wait_for("framebroker/a/snapshot", jpeg)

    def test_removed_cameras_are_forgotten(self):
        def topics_of(id):
            with reader.lock:
                return {topic for topic, message in reader.newest.items()
                        if message.payload and (f"/{id}/" in topic or topic.endswith(f"__{id}/config"))}
        with Broker() as broker, Reader(broker) as reader:
            with Server(config(broker.url, live("a"), live("b"), live("c"))) as server:
                for id in "abc":
                    reader.wait_for(f"framebroker/{id}/snapshot", jpeg)
                    reader.wait_for(f"framebroker/{id}/state", "live")
                server.reload(config(broker.url, live("a"), live("c")))
                eventually(lambda: topics_of("b"), set(), "b to be forgotten")
            # One that goes while the server is down.
            with Server(config(broker.url, live("a"))):
                eventually(lambda: topics_of("c"), set(), "c to be forgotten")
                reader.wait_for("framebroker/a/state", "live")
                self.assertIn("homeassistant/device/framebroker__a/config", topics_of("a"))

    def test_two_servers_do_not_meet(self):
        with Broker() as broker, Reader(broker) as reader:
            with Server(config(broker.url, live("a"), live("b"), prefix="north")) as north, \
                    Server(config(broker.url, live("a"), prefix="north/b")) as south:
                ids = []
                for prefix in ("north", "north/b"):
                    reader.wait_for(f"{prefix}/a/state", "live")
                    object_id = prefix.replace("/", "_2f") + "__a"
                    message = reader.wait_for(f"homeassistant/device/{object_id}/config").json
                    ids += message["device"]["identifiers"]
                self.assertEqual(len(set(ids)), 2)
                for server in (north, south):
                    self.assertEqual(server.status()["mqtt"], {"state": "connected", "error": None})
            with Server(config(broker.url)) as first:
                self.wait_for_mqtt(first, "connected")
                with Server(config(broker.url)) as second:
                    for server in (first, second):
                        self.wait_for_mqtt(server, "connected", "another server publishes below \"framebroker\"")


class Faults(MqttTest):
    def test_broker_dies_and_returns(self):
        port = free_port()
        with Server(config(f"mqtt://127.0.0.1:{port}")) as server:
            self.wait_for_mqtt(server, "offline", "Connection refused")
            self.assertEqual(server.log().count("Connection refused"), 1)
        with Broker() as broker, Server(config(broker.url)) as server:
            self.wait_for_mqtt(server, "connected")
            broker.end(signal.SIGKILL)
            self.wait_for_mqtt(server, "offline")
            wait_until(lambda: self.count(server, "failures_total") >= 3, PATIENCE_S, "attempts")
            self.assertLessEqual(server.log().count("; trying again"), 2)  # the end, and that it stays away
            server.wait_for_state("a", "live")
            broker.start()
            with Reader(broker) as reader:
                reader.wait_for("framebroker/status", "online")
                reader.wait_for("framebroker/a/state", "live")
                reader.wait_for("homeassistant/device/framebroker__a/config")
            self.wait_for_mqtt(server, "connected")
            self.assertEqual(server.log().count("mqtt: connected to"), 2)

    def test_brokers_of_the_former_protocol(self):
        for is_rude in (False, True):
            with OldBroker(is_rude) as broker, \
                    Server(config(f"mqtt://127.0.0.1:{broker.port}", pictures="never")) as server:
                self.wait_for_mqtt(server, "connected")
                wait_until(lambda: broker.taken.get("framebroker/a/state") == b"live", PATIENCE_S, "its state")
                self.assertEqual(broker.refused, 1)
                self.assertNotIn("trying again", server.log())

    def test_server_that_dies_leaves_its_will(self):
        with Broker() as broker, Reader(broker) as reader:
            server = Server(config(broker.url))
            with server:
                reader.wait_for("framebroker/status", "online")
                server.kill()
                reader.wait_for("framebroker/status", "offline")

    def test_tls_passwords_and_access_control(self):
        lines = ("cafile {}/ca.pem", "certfile {}/server.pem", "keyfile {}/server.key", "password_file {}/passwords",
                 "acl_file {}/acl")
        broker = Broker(*lines)
        make_certificates(broker.directory)
        broker.set_passwords(cameras=SECRET, other="x")
        (broker.directory / "acl").write_text("user cameras\ntopic readwrite framebroker/#\n")
        url = f"mqtts://cameras:${{MQTT_PASSWORD}}@localhost:{broker.port}"
        environment = {"MQTT_PASSWORD": SECRET.replace(" ", "%20")}
        authority = str(broker.directory / "ca.pem")
        with broker:
            with Server(config(url, ca_file=authority), environment=environment) as server:
                # Discovery is what the access control denies.
                self.wait_for_mqtt(server, "connected", "refuses the topic homeassistant/device/framebroker__a/config")
                wait_until(lambda: self.count(server, "messages_refused_total") >= 1, PATIENCE_S, "the count")
                wait_until(lambda: "look at its access control" in server.log(), PATIENCE_S, "the log")
                self.assertEqual(server.log().count("refuses the topic"), 1)
                self.assertNotIn("s3cr3t", server.log() + server.get("/api/status").text)
            with Server(config(url, ca_file=authority, discovery_prefix=""), environment=environment) as server:
                self.wait_for_mqtt(server, "connected")
                wait_until(lambda: self.count(server, "messages_published_total") >= 5, PATIENCE_S, "messages")
                self.assertEqual(server.status()["mqtt"]["error"], None)
            with Server(config(url), environment=environment) as server:
                self.wait_for_mqtt(server, "offline", "certificate verify failed")
            with Server(config(url.replace("localhost", "127.0.0.1"), ca_file=authority),
                        environment=environment) as server:
                self.wait_for_mqtt(server, "offline", "TLS fails")
            with Server(config(url, ca_file=authority, username="other"), environment=environment) as server:
                self.wait_for_mqtt(server, "offline", "the user name or the password is wrong")
                self.assertNotIn("s3cr3t", server.log())

    def test_silent_brokers_hold_nothing_up(self):
        """One that accepts and is silent, and a name server that never answers."""
        names = {"LD_PRELOAD": os.environ["SILENT_NAMES_LIBRARY"]}
        with socket.create_server(("127.0.0.1", 0)) as silent, \
                Server(config(f"mqtt://127.0.0.1:{silent.getsockname()[1]}")) as first, \
                Server(config("mqtt://broker.silent"), environment=names) as second:
            for server in (first, second):
                server.wait_for_state("a", "live")
            self.wait_for_mqtt(first, "offline", "accepts connections, and does not answer")
            self.wait_for_mqtt(second, "offline", "no answer for 10 s")
            self.assertLess(first.signal(), 2 * TIME_SCALE)
            self.assertEqual(second.reload(config("mqtt://127.0.0.1:1")).status, 200)
            self.wait_for_mqtt(second, "offline", "refused")
            self.assertEqual(second.reload(config("mqtt://other.silent")).status, 200)
            self.assertLess(second.signal(), 2 * TIME_SCALE)
            self.assertNotIn("exiting without waiting", first.log() + second.log())

    def test_broker_that_stops_reading_holds_nothing_up(self):
        with Broker() as broker, Server(config(broker.url, live("a", name="x"), keepalive_s=5)) as server:
            self.wait_for_mqtt(server, "connected")
            broker.process.send_signal(signal.SIGSTOP)
            before = server.camera("a")["frames"]["published"]
            self.wait_for_mqtt(server, "offline", "does not answer any more")
            self.assertGreater(server.camera("a")["frames"]["published"], before + 20)
            self.assertLess(server.signal(), 2 * TIME_SCALE)
            broker.process.send_signal(signal.SIGCONT)

    def test_reload_changes_and_removes_it(self):
        with Broker() as broker, Reader(broker) as reader, Server(config(broker.url)) as server:
            reader.wait_for("framebroker/status", "online")
            before = self.count(server, "connections_total")
            server.reload(config(broker.url, live("a", name="new name")))
            reader.wait_for("homeassistant/device/framebroker__a/config",
                            lambda message: message.json["device"]["name"] == "new name")
            self.assertEqual(self.count(server, "connections_total"), before)
            server.reload(config(broker.url, prefix="other"))
            reader.wait_for("other/a/state", "live")
            reader.wait_for("framebroker/status", "offline")
            server.reload({"cameras": [live("a")]})
            reader.wait_for("other/status", "offline")
            self.assertEqual(server.status()["mqtt"], {"state": "off", "error": None})
            eventually(lambda: server.thread_ids("mqtt"), [], "its thread to be gone")


if __name__ == "__main__":
    main()
