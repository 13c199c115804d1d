# SPDX-License-Identifier: Apache-2.0
"""Runs an emulated world and reaches its devices as a gateway would: for tests in Python."""

import json
import os
import select
import subprocess
import sys
import tempfile
import termios
import time
import tty
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))


VALUES = {
    "pm1": 21, "pm2_5": 48, "pm10": 62, "co2": 812, "temperature": -3.4, "humidity": 63.2,
    "pressure": 1009.4, "pressure_sea_level": 1013.2, "wind_speed": 2.13, "wind_gust": 6.1,
    "wind_dir": 137, "noise": 53.1, "illuminance": 111999, "rain_rate": 0,
    "no2": 40.04, "o3": 61.2, "so2": 4, "co": 512.3,
}

SCENARIO = {
    "about": "SYNTHETIC: constant values for the tests of the world",
    "values": VALUES,
    "devices": [
        {"name": "pm", "kind": "pms5003", "running_for_s": 60},
        {"name": "sds", "kind": "sds011"},
        {"name": "one", "kind": "renke", "port": "rs485", "address": 1},
        {"name": "two", "kind": "renke", "port": "rs485", "address": 2,
         "sees": {"temperature": {"plus": 10}}},
        {"name": "sht", "kind": "sht4x"},
        {"name": "bme", "kind": "bme280"},
        {"name": "scd", "kind": "scd4x"},
    ],
    "ports": {"rs485": {"paced": True}},
    "hk-epd": [
        {"name": "Central/Western", "gaps": [{"of": ["co", "pm10"]}]},
        {"name": "Mong Kok", "roadside": True, "sees": {"no2": {"times": 2}}},
    ],
    "cn-cnemc": [
        {"name": "普陀", "code": "1141A"},
        {"name": "十五厂", "code": "1142A", "gaps": [{"of": ["o3"]}]},
        {"name": "浦东张江", "code": "1150A", "gaps": [{"of": ["o3"]}],
         "sees": {"pm2_5": {"times": 2}}},
    ],
    "metar": [{"name": "VHHH"}, {"name": "ZSSS", "sees": {"wind_speed": {"times": 0.1}}}],
    "hk-hko": {
        "warnings": [{"name": "Fire Danger Warning", "code": "WFIRE", "type": "Yellow"},
                     {"name": "Nightly", "code": "WNIGHT", "from": "24:00", "to": "24:00"}],
        "temperature": ["King's Park", "Stanley"], "humidity": ["King's Park"],
        "pressure": ["HK Observatory"],
        "wind": ["King's Park", "Green Island", "Sha Tin", "Ngong Ping"],
        "stations": {
            "Stanley": {"gaps": [{"of": ["temperature"], "text": ""}]},
            "Green Island": {"sees": {"wind_speed": {"times": 0.1, "plus": -0.1}}},
            "Sha Tin": {"sees": {"wind_speed": {"times": 0.4}}},
            "Ngong Ping": {"gaps": [{"of": ["wind_dir"]}]},
        },
    },
}


class World:
    """One running world in a directory of its own."""

    binary = ""

    def __init__(self, scenario):
        self.directory = tempfile.TemporaryDirectory(prefix="world")
        path = self.path("scenario.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(scenario, file)
        self.process = subprocess.Popen([self.binary, path, self.path("w"), "--stdin"], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.ready = json.loads(self.process.stdout.readline())

    def path(self, name):
        return os.path.join(self.directory.name, name)

    def say(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def offered(self):
        return json.loads(self.say("offered"))

    def end(self):
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()
        self.directory.cleanup()


class Line:
    """A serial line as a gateway opens it."""

    def __init__(self, path):
        self.descriptor = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        tty.setraw(self.descriptor)
        termios.tcflush(self.descriptor, termios.TCIFLUSH)

    def read(self, size, within=5.0):
        data, until = b"", time.monotonic() + within
        while len(data) < size:
            rest = until - time.monotonic()
            if rest <= 0 or not select.select([self.descriptor], [], [], rest)[0]:
                break
            chunk = os.read(self.descriptor, size - len(data))
            if not chunk:
                break
            data += chunk
        return data

    def write(self, data):
        os.write(self.descriptor, data)

    def close(self):
        os.close(self.descriptor)


class I2c:
    """A second process that sees /dev/i2c-1 as the gateway does: through libumockdev's preload."""

    def __init__(self, world):
        self.process = subprocess.Popen(
            [sys.executable, os.path.join(HERE, "i2c_client.py"), "/dev/i2c-1"], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env={**os.environ, **world.ready["environment"]})

    def transfer(self, address, write=b"", read=0, method="rdwr"):
        """The bytes read, or None when somebody did not acknowledge."""
        self.process.stdin.write(f"{method} {address:x} {write.hex() or '-'} {read}\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().strip()
        return None if answer == "nack" else bytes.fromhex(answer)

    def patient_read(self, address, size, within=10.0):
        until = time.monotonic() + within
        while time.monotonic() < until:
            answer = self.transfer(address, read=size)
            if answer is not None:
                return answer
            select.select([], [], [], 0.005)
        return None

    def end(self):
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()


class WorldTest(unittest.TestCase):
    """One world of SCENARIO for all tests of a class."""

    @classmethod
    def setUpClass(cls):
        cls.world = World(SCENARIO)

    @classmethod
    def tearDownClass(cls):
        cls.world.end()


def main():
    """Runs the tests of the calling script: SCRIPT WORLD_BINARY [test …]."""
    World.binary = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2)
