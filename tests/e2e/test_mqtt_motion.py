#!/usr/bin/env python3
"""Motion and recording over MQTT, from pictures that move to what Home Assistant sees: ON, a picture, OFF, and the
switch."""
import json
import pathlib
import subprocess
import tempfile
import time
import unittest

from harness import PATIENCE_S, PROGRAM, Server, main, pattern, wait_until
from mqtt_broker import Broker, Reader, require_mosquitto
from test_motion import Pusher, await_watching, make_pictures, motion_of, pushed

EVERYTHING = [[0, 0], [1, 0], [1, 1], [0, 1]]
CONFIG = "homeassistant/device/framebroker__{}/config"


class MqttMotion(unittest.TestCase):
    def setUp(self):
        require_mosquitto()
        folder = tempfile.TemporaryDirectory(prefix="framebroker-")
        self.addCleanup(folder.cleanup)
        self.still, *self.moving = make_pictures(folder.name, [None, *(i / 30 for i in range(30))])

    def test_motion_is_on_with_a_picture_and_off_again(self):
        with Broker() as broker, Reader(broker) as reader:
            config = {"mqtt": {"url": broker.url, "commands": True}, "cameras": [pushed(), pattern("plain")]}
            with Server(config) as server, Pusher(server, "yard", self.still, self.moving) as pusher:
                reader.wait_for("framebroker/yard/motion", "OFF")
                reader.wait_for("framebroker/yard/motion/active", "ON")
                await_watching(server)
                before = reader.count()
                pusher.is_moving.set()
                reader.wait_for("framebroker/yard/motion", "ON")
                picture = reader.wait_for("framebroker/yard/snapshot", lambda message: message.payload in self.moving)
                self.assertGreater(reader.messages.index(picture), before)
                pusher.is_moving.clear()
                reader.wait_for("framebroker/yard/motion", "OFF")
                values = [message.text for message in reader.since(before) if message.topic == "framebroker/yard/motion"]
                self.assertEqual(values, ["ON", "OFF"])

                components = reader.wait_for(CONFIG.format("yard")).json["components"]
                self.assertEqual(components["motion"]["device_class"], "motion")
                self.assertEqual(components["motion"]["state_topic"], "framebroker/yard/motion")
                switch = components["motion_set"]
                reader.publish(switch["command_topic"], "OFF")
                reader.wait_for(switch["state_topic"], "OFF")
                self.assertFalse(motion_of(server)["active"])
                reader.publish(switch["command_topic"], "ON")
                reader.wait_for(switch["state_topic"], "ON")
                self.assertTrue(motion_of(server)["active"])

                # A camera that is not watched has none of it, not even after it was.
                plain = reader.wait_for(CONFIG.format("plain")).json["components"]
                self.assertEqual((plain["motion"], plain["motion_set"]),
                                 ({"platform": "binary_sensor"}, {"platform": "switch"}))
                config["cameras"][0].pop("motion")
                server.reload(config)
                reader.wait_for("framebroker/yard/motion", "")
                reader.wait_for(CONFIG.format("yard"),
                                lambda message: message.json["components"]["motion"] == {"platform": "binary_sensor"})

    def test_recording_is_shown_of_cameras_that_are_recorded(self):
        folder = tempfile.TemporaryDirectory(prefix="framebroker-")
        self.addCleanup(folder.cleanup)
        with Broker() as broker, Reader(broker) as reader:
            config = {"mqtt": {"url": broker.url, "commands": True}, "recording": {"path": folder.name},
                      "cameras": [pattern("always", record={"mode": "always"}), pattern("plain", on_demand=False),
                                  pattern("events", motion={"masks": [EVERYTHING]}, record={"mode": "events"})]}
            path = pathlib.Path(folder.name, "config.json")
            path.write_text(json.dumps(config))
            subprocess.run([PROGRAM, "--recordings", "--init", "--config", path], check=True, stdout=subprocess.DEVNULL)
            with Server(config) as server:
                reader.wait_for("framebroker/always/recording", "recording")
                reader.wait_for("framebroker/events/recording", "waiting")
                component = reader.wait_for(CONFIG.format("always"),
                                            lambda message: len(message.json["components"]["recording"]) > 1)
                self.assertEqual(component.json["components"]["recording"]["state_topic"], "framebroker/always/recording")
                switch = component.json["components"]["record_set"]
                reader.publish(switch["command_topic"], "OFF")
                reader.wait_for(switch["state_topic"], "OFF")
                reader.wait_for("framebroker/always/recording", "off")
                switched_at = time.time()
                wait_until(lambda: server.get(f"/camera/always/snapshot?at={switched_at:.3f}").status == 200,
                           PATIENCE_S, "what was recorded before")
                time.sleep(4)
                newest = server.get(f"/camera/always/snapshot?at={time.time():.3f}")
                self.assertEqual(newest.status, 404, newest.headers)
                reader.publish(switch["command_topic"], "ON")
                reader.wait_for(switch["state_topic"], "ON")
                reader.wait_for("framebroker/always/recording", "recording")
                reader.wait_for("framebroker/plain/state", "live")
                self.assertEqual(reader.wait_for(CONFIG.format("plain")).json["components"]["recording"],
                                 {"platform": "sensor"})
                self.assertIsNone(reader.payload("framebroker/plain/recording"))


if __name__ == "__main__":
    main()
