#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What shall be one file is one file: a driver, a kind of bus, a format, a transport and a subcommand are
added to a copy of the tree, and work from the configuration to a broker.

  additions_test.py BUILD   beneath which the copy lies, always in the same place: a compiler cache knows it again

All that is added lies in tree/, at the place where it would lie in the project; what else shall be one
file is put there too, and into the configuration below. Nothing that is there may be replaced.
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE.parent / "daemon"))
from gateway import Broker, Gateway, Subscriber, until  # noqa: E402

def added():
    tree = HERE / "tree"
    return [path.relative_to(tree) for path in sorted(tree.rglob("*")) if path.is_file()]


def copy_with_additions(copy):
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns("build", ".git", ".cache", "__pycache__"))
    for name in added():
        if (copy / name).exists():
            raise AssertionError(f"{name} is there already: that would be a change and no addition")
        shutil.copy(HERE / "tree" / name, copy / name)


def build(copy):
    """As fast as it goes: whole, and not optimised."""
    there = copy / "build"
    for command in (["cmake", "-S", copy, "-B", there, "-G", "Ninja", "-DTWINSKY_TESTS=OFF", "-DTWINSKY_BUILT_WHOLE=ON",
                     "-DCMAKE_BUILD_TYPE=Debug", "-DCMAKE_CXX_FLAGS_DEBUG=-O0"],
                    ["cmake", "--build", there, "--target", "twinsky", "-j", str(os.cpu_count())]):
        done = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode:
            raise AssertionError(done.stdout[-6000:])
    return there / "twinsky"


class Additions(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.copy = BUILD / "additions/tree"
        shutil.rmtree(cls.copy, ignore_errors=True)
        cls.addClassCleanup(shutil.rmtree, cls.copy)
        copy_with_additions(cls.copy)
        Gateway.binary = str(build(cls.copy))

    def said(self, *arguments, code=0):
        done = subprocess.run([Gateway.binary, *map(str, arguments)], text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        self.assertEqual(done.returncode, code, done.stdout)
        return done.stdout

    def configuration(self, port):
        return {
            "gateway": {"id": "copy", "jurisdiction": "other", "clock": "system"},
            "buses": {"played": {"recorded": str(self.copy / "tests/cases/toy.json")},
                      "toy": {"toy": "666693", "colour": "red"}},
            "sensors": [{"id": "new-driver", "driver": "toy", "bus": "played", "every": "1s", "offset": 1},
                        {"id": "new-bus", "driver": "sht4x", "bus": "toy", "every": "1s"}],
            "store": {"path": "copy.db"},
            "sinks": [{"id": "city", "mqtt": f"mqtt://127.0.0.1:{port}"},
                      {"id": "new-format", "mqtt": f"mqtt://127.0.0.1:{port}", "format": "toy", "separator": ";",
                       "batch_records": 1},
                      {"id": "new-transport", "toy": str(self.copy / "native.txt"), "before": "> "},
                      {"id": "both", "toy": str(self.copy / "toy.txt"), "format": "toy"}]}

    def test_the_cases_of_the_driver_decode(self):
        lines = [json.loads(line) for line in
                 self.said("replay", "decode", self.copy / "tests/cases/toy.json").splitlines()]
        self.assertEqual(lines[0]["readings"], [{"temperature": 23.0}])
        self.assertEqual(lines[1]["errors"], ["checksum"])

    def test_the_subcommand_is_there(self):
        self.assertEqual(self.said("toy"), "there\n")
        self.assertTrue(self.said("--help").rstrip().endswith("Say that it is there"))

    def test_lists_schema_and_checks_know_them(self):
        drivers = json.loads(self.said("drivers", "--json"))["drivers"]
        self.assertIn("toy", [driver["name"] for driver in drivers])
        schema = self.said("schema")
        installed = pathlib.Path(Gateway.binary).with_name("twinsky.schema.json")
        self.assertEqual(schema, installed.read_text("utf-8"))
        self.assertIn("The answer to everything, in hexadecimal digits.", schema)
        self.assertIn("Added to what it measures.", schema)
        self.assertIn("What stands between two values.", schema)
        self.assertIn("What each line begins with.", schema)
        file = self.copy / "wrong.json"
        wrong = self.configuration(1)
        wrong["buses"]["toy"] = {"toy": "x", "coulour": "red"}
        wrong["sensors"][0]["offset"] = 6
        wrong["sinks"] = [{"id": "a", "toy": "x", "befor": "> "}, {"id": "b", "toy": "x", "format": "tooy"},
                          {"id": "c", "toy": "x", "separator": ";"}, {"id": "d"}]
        file.write_text(json.dumps(wrong), "utf-8")
        said = self.said("check", file, code=78)
        self.assertIn('/buses/toy/coulour: the key "coulour" is not known here; did you mean "colour"?', said)
        self.assertIn('"x" is no answer, expected digits', said)
        self.assertIn("/sensors/0/offset: 6 is out of range", said)
        self.assertIn('/sinks/0/befor: the key "befor" is not known here; did you mean "before"?', said)
        self.assertRegex(said, 'there is no format "tooy", expected one of "[^;]*"native"[^;]*"toy"[^;]*; did you mean "toy"[?]')
        self.assertIn('/sinks/2/separator: the key "separator" is not known here', said)
        self.assertRegex(said, '/sinks/3: the sink names no transport, expected exactly one of "[^;\n]*"mqtt", "toy"')

    def test_they_work_from_the_configuration_to_a_broker(self):
        with tempfile.TemporaryDirectory() as directory:
            broker = Broker(directory)
            self.addCleanup(broker.stop)
            subscriber = Subscriber(broker.port)
            self.addCleanup(subscriber.end)
            reader = Subscriber(broker.port, "toy/#", "reader")
            self.addCleanup(reader.end)
            gateway = Gateway(directory, self.configuration(broker.port))
            gateway.start()
            self.addCleanup(gateway.kill)
            for sensor, value in (("new-driver", 24.0), ("new-bus", 25.0)):
                until(lambda: value in [record.get("temperature")  # noqa: B023
                                        for record in subscriber.records("sensor/" + sensor)],  # noqa: B023
                      30, f"{value} of {sensor}")
            topic = "toy/copy/sensor/new-bus/obs"
            until(lambda: [row for heard, row in list(reader.heard) if heard == topic and row.endswith(";25.0")],
                  30, "a row in the new format")
            until(lambda: re.search("^> twinsky/v1/copy/sensor/new-bus/obs \\[.*\"temperature\":25.0+,",
                                    (self.copy / "native.txt").read_text("utf-8"), re.M), 30, "a row over the new transport")
            until(lambda: re.search("^toy/copy/sensor/new-driver/obs [0-9]+,20[^,]+,24.0$",
                                    (self.copy / "toy.txt").read_text("utf-8"), re.M), 30, "a row over both")
            gateway.stop()
            self.assertIn("> twinsky/v1/copy/status offline\n", (self.copy / "native.txt").read_text("utf-8"))


if __name__ == "__main__":
    BUILD = pathlib.Path(sys.argv.pop(1)).resolve()
    unittest.main(verbosity=2)
