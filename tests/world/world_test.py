#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The emulated world as a program: scenarios, commands, its beginning and its end.
Usage: world_test.py WORLD_BINARY [test …]"""

import json
import os
import select
import signal
import socket
import struct
import subprocess
import tempfile
import time
import unittest

import harness
from harness import HERE, SCENARIO, Line, World


class Course(unittest.TestCase):
    def test_values_follow_the_time_of_day(self):
        scenario = {"values": {"pm2_5": {"by_time": {"06:00": 100, "18:00": 700}}, "pm10": 5},
                    "devices": [{"kind": "sds011", "name": "sds"}]}
        world = World(scenario)
        line = Line(world.ready["ports"]["sds"])
        got = struct.unpack("<H", line.read(10)[2:4])[0] / 10
        hour = (time.time() / 3600 + 8) % 24
        expected = 100 + 600 * (1 - abs(hour - 18) / 12 if hour >= 6 else (6 - hour) / 12)
        self.assertAlmostEqual(got, expected, delta=0.2)
        line.close()
        world.end()

    def test_scripted_faults(self):
        world = World({"values": {"pm2_5": 1, "pm10": 2}, "devices": [{"kind": "sds011"}],
                       "faults": [{"after_s": 0.2, "do": "unplug sds011"}]})
        line = Line(world.ready["ports"]["sds011"])
        select.select([line.descriptor], [], [], 0.8)
        with self.assertRaises(OSError):
            while os.read(line.descriptor, 64):
                pass
            raise OSError("end of file: unplugged as well")
        line.close()
        world.end()


class Behaviour(unittest.TestCase):
    def test_the_demos_scenario_loads(self):
        with open(os.path.join(HERE, "two-cities-day.json"), encoding="utf-8") as file:
            world = World(json.load(file))
        self.assertEqual(len(world.ready["devices"]), 6)
        world.end()

    def test_wrong_scenarios_say_what_is_wrong(self):
        device = {"kind": "sds011"}
        for document, message in (
                ({}, '"values" is missing'),
                ({"values": {}, "devises": []}, "/devises: is not a key"),
                ({"values": {"a": "b"}}, "/values/a: must be an object"),
                ({"values": {"a": {"by_time": {"25:00": 1}}}}, '"25:00" is no time of day'),
                ({"values": {}, "devices": [{"kind": "toaster"}]}, '"toaster" is not known'),
                ({"values": {"pm10": 1}, "devices": [device]}, 'needs the value "pm2_5"'),
                ({"values": {"pm10": 1, "pm2_5": 1}, "devices": [device, device]},
                 "a second device"),
                ({"values": {}, "ports": {"x": {}}}, "no device has this port"),
                ({"values": {"pm10": 1, "pm2_5": 1}, "devices": [device],
                  "faults": [{"after_s": 1, "do": "unplug nothing"}]}, '"nothing"'),
        ):
            with self.subTest(message), tempfile.TemporaryDirectory() as directory:
                path = os.path.join(directory, "s.json")
                with open(path, "w", encoding="utf-8") as file:
                    json.dump(document, file)
                done = subprocess.run([World.binary, path, os.path.join(directory, "w")], timeout=10,
                                      capture_output=True, text=True)
                self.assertEqual(done.returncode, 1)
                self.assertIn(message, done.stderr)

    def test_wrong_commands_say_what_is_wrong(self):
        world = World({"values": {"pm2_5": 1, "pm10": 2}, "devices": [{"kind": "sds011"}],
                       "ports": {"sds011": {"paced": True}}})
        for command, message in (("dance", "not a command"), ("unplug x", '"x"'),
                                 ("rate sds011 fast", "no rate"), ("rate sds011 5000", "paced"),
                                 ("feed hk-epd late", "no agency")):
            self.assertRegex(world.say(command), "^error: .*" + message)
        world.end()

    def test_control_socket(self):
        world = World({"values": {}})
        with socket.socket(socket.AF_UNIX) as control:
            control.connect(world.ready["control"])
            control.sendall(b"offered\nquit\n")
            with control.makefile() as answers:
                self.assertEqual([next(answers), next(answers)], ["{}\n", "ok\n"])
        self.assertEqual(world.process.wait(10), 0)
        world.end()

    def test_idle_costs_nothing_and_nothing_is_left_behind(self):
        world = World(SCENARIO)
        with open(f"/proc/{world.process.pid}/stat", encoding="utf-8") as file:
            before = sum(int(word) for word in file.read().split()[13:15])
        select.select([], [], [], 2)
        with open(f"/proc/{world.process.pid}/stat", encoding="utf-8") as file:
            used = sum(int(word) for word in file.read().split()[13:15]) - before
        self.assertLessEqual(used / os.sysconf("SC_CLK_TCK"), 0.04)
        world.process.send_signal(signal.SIGTERM)
        self.assertEqual(world.process.wait(10), 0)
        self.assertEqual(os.listdir(world.path("w")), ["requests"])  # the journal, for who started it
        world.end()

    def test_it_ends_with_its_parent(self):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "s.json")
            with open(path, "w", encoding="utf-8") as file:
                json.dump({"values": {}}, file)
            parent = subprocess.Popen(
                ["sh", "-c", '"$0" "$1" "$2" & read line', World.binary, path, os.path.join(directory, "w")],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            json.loads(parent.stdout.readline())
            parent.kill()
            self.assertEqual(parent.stdout.read(), "")  # ends once the world has closed it
            parent.wait()
            parent.stdin.close()
            parent.stdout.close()


if __name__ == "__main__":
    harness.main()
