#!/usr/bin/env python3
"""How long motion takes to a subscriber of an MQTT broker on this machine: Debian's mosquitto."""
import argparse
import pathlib
import subprocess
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
from mqtt_broker import MOSQUITTO, Broker  # noqa: E402

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--build", default="build/release", help="where the program is built")
parser.add_argument("--events", type=int, default=1000, help="how many (%(default)s)")
options = parser.parse_args()
if MOSQUITTO is None:
    sys.exit("mosquitto is not there: scripts/test unpacks it")
with Broker() as broker:
    result = subprocess.run([f"{options.build}/bench/mqtt_latency", str(broker.port), str(options.events)], check=True,
                            stdout=subprocess.PIPE, text=True)
median, most, worst = result.stdout.split()
print(f"motion to a subscriber, {options.events} events: median {median} ms, p99 {most} ms, worst {worst} ms")
