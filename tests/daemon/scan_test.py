# SPDX-License-Identifier: Apache-2.0
"""`twinsky scan` and `config init` in worlds made at random: every device is found, nothing else is,
nobody hears a byte that is not his to hear, and the configuration runs as it was written."""

import concurrent.futures
import json
import os
import pty
import random
import re
import signal
import subprocess
import sys
import tempfile
import termios
import time
import unittest

import gateway
from gateway import Broker, Gateway, Subscriber, VALUES, World, until

WORLDS = int(os.environ.get("TWINSKY_SCAN_WORLDS", "50"))
FIRST_SEED = int(os.environ.get("TWINSKY_SCAN_SEED", "1"))
AT_ONCE = 12
UNITS = 8  # are asked

# All that a scan may write, by the address at which it may: of the drivers' data sheets, apart from what
# the drivers say.
QUESTIONS = {0x44: {"89"}, 0x45: {"89"}, 0x46: {"89"}, 0x62: {"e4b8", "3682"}, 0x76: {"d0", "f0", "00"},
             0x77: {"d0", "f0", "00"}}
STREAM_QUESTIONS = [bytes.fromhex(text) for text in (
    "424de200000171", "424de400010174", "424de400000173",
    "aab407000000000000000000000000ffff05ab", "aab406010100000000000000000000ffff06ab",
    "aab406010000000000000000000000ffff05ab")]


def crc16(data):
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return crc.to_bytes(2, "little")


def reads_alone(data):
    """Whether all bytes on a serial line are known questions, or Modbus frames that read."""
    while data:
        known = next((each for each in STREAM_QUESTIONS if data.startswith(each)), None)
        if known:
            data = data[len(known):]
        elif len(data) >= 8 and data[1] in (3, 4) and crc16(data[:6]) == data[6:8]:
            data = data[8:]
        else:
            return False
    return True


class RandomWorld:
    """A scenario by a seed, and what a scan has to say of it."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.devices, self.ports = [], {}
        self.expected = set()    # (driver, device or port, address, variant)
        self.strangers = set()   # places that answer and are nobody's
        self.held = None
        for bus in self.random.sample(["i2c-1", "i2c-3"], self.random.choice([0, 1, 1, 1, 2])):
            self.fill_bus(bus)
        for number in range(self.random.choice([0, 1, 1, 2, 3]) or (not self.devices)):
            self.fill_port(f"port{number}")
        self.tcp = None
        if self.random.random() < 0.2:
            self.tcp = self.random.randint(1, UNITS)
            self.add("renke", address=self.tcp, tcp=0)

    def add(self, kind, **more):
        name = f"{kind}-{len(self.devices)}"
        self.devices.append({"kind": kind, "name": name, **more})
        return name

    def maybe(self, chance):
        return self.random.random() < chance

    def fill_bus(self, bus):
        on = lambda kind, address, **more: self.add(kind, bus=bus, address=address, **more)
        device = f"/dev/{bus}"
        for address in (0x44, 0x45, 0x46):
            kind = self.random.choice(["sht4x", "sht3x", "registers", None, None, None])
            if kind:
                on(kind, address)
            if kind == "sht4x":
                self.expected.add((kind, device, address, None))
            elif kind:
                self.strangers.add(f"{device} 0x{address:02x}")
        for address in (0x76, 0x77):
            kind = self.random.choice(["bme280", "bmp280", "registers", "kernel", None, None])
            if kind == "kernel":
                on("bme280", address, kernel=True)
            elif kind:
                on(kind, address)
            if kind in ("bme280", "bmp280"):
                self.expected.add(("bme280", device, address, "bmp280" if kind == "bmp280" else None))
            elif kind == "registers":
                self.strangers.add(f"{device} 0x{address:02x}")
        kind = self.random.choice(["scd4x", "registers", None])
        if kind:
            on(kind, 0x62)
        if kind == "scd4x":
            self.expected.add((kind, device, 0x62, None))
        elif kind:
            self.strangers.add(f"{device} 0x62")
        if self.maybe(0.3):
            on("pmsa003i", 0x12)
            self.expected.add(("pmsa003i", device, 0x12, None))
        for address in self.random.sample(range(0x50, 0x58), self.random.choice([0, 0, 1, 2])):
            on("eeprom", address)
        for address in self.random.sample(range(0x18, 0x40), self.random.choice([0, 0, 1, 2])):
            on("registers", address)
            self.strangers.add(f"{device} 0x{address:02x}")
        if not any(each.get("bus") == bus for each in self.devices):
            on("eeprom", 0x50)

    def fill_port(self, port):
        kind = self.random.choice(["pms5003", "pms5003", "sds011", "line", "line", "gps", "noise", "nobody", "garbled", "held"])
        if kind in ("pms5003", "sds011"):
            mode = self.random.choice(["", "", "", "passive", "asleep"])
            more = {"frames_per_second": 2} if self.maybe(0.5) and not mode else {}
            self.add(kind, port=port, mode=mode, running_for_s=self.random.choice([0, 60]), **more)
            self.expected.add((kind, port, None, "pms5003" if kind == "pms5003" else None))
        elif kind == "line":
            # Both kinds at a time only where their speed is one.
            sort = self.random.choice(["renke", "meter"])
            speed = 4800 if sort == "renke" else self.random.choice([9600, 4800, 19200])
            for unit in self.random.sample(range(1, UNITS + 1), self.random.choice([1, 1, 2, 3])):
                self.add(sort, port=port, address=unit)
                self.expected.add(("modbus", port, unit, "renke-rs-fsxcs" if sort == "renke" else "?"))
            self.ports[port] = {"baud": speed, "strict": True}
        elif kind == "garbled":
            self.add("pms5003", port=port, running_for_s=60, frames_per_second=2,
                     troubles=[{"is": "garbled", "from": "2020-01-01T00:00Z", "to": "2100-01-01T00:00Z"}])
            self.strangers.add(port)
        elif kind == "held":
            self.add("pms5003", port=port, running_for_s=60)
            self.held = port
        else:
            self.add(kind, port=port, address=self.random.randint(0, 100))
            if kind != "nobody":
                self.strangers.add(port)

    def scenario(self):
        return {"about": "SYNTHETIC", "journal": True, "values": VALUES, "devices": self.devices, "ports": self.ports}


class Scanned:
    """One world, looked at."""

    def __init__(self, seed, made=None, keep=False):
        self.made = made or RandomWorld(seed)
        self.world = World(self.made.scenario())
        self.environment = {**os.environ, **self.world.ready["environment"]}
        self.names = {path: name for name, path in self.world.ready["ports"].items()}
        self.holder = None
        try:
            if self.made.held:
                self.holder = subprocess.Popen(["cat", self.world.ready["ports"][self.made.held]], stdout=subprocess.DEVNULL)
                until(lambda: self.is_held(), 10, "the port is held")
            self.result = self.run("scan", "--json", "--output", self.path("found.json"), *self.options())
            self.report = json.loads(self.result.stdout)
            self.written = json.loads(self.world.say("written"))
            self.wrong = list(self.problems())
        finally:
            if self.holder:
                self.holder.terminate()
                self.holder.wait(10)
            if not keep:
                self.world.end()

    def is_held(self):
        path = os.path.realpath(self.world.ready["ports"][self.made.held])
        folder = f"/proc/{self.holder.pid}/fd"
        return any(os.path.realpath(f"{folder}/{each}") == path for each in os.listdir(folder))

    def path(self, name):
        return self.world.path(name)

    def options(self):
        options = ["--units", f"1-{UNITS}"]
        for path in self.world.ready["i2c"].values():
            options += ["--i2c", path]
        for path in self.world.ready["ports"].values():
            options += ["--serial", path]
        for address in self.world.ready["modbus_tcp"].values():
            options += ["--modbus-tcp", address]
        return options

    def run(self, *words, **more):
        return subprocess.run([Gateway.binary, *words], capture_output=True, text=True, env=self.environment, check=False,
                              timeout=240, **more)

    def found(self):
        return {(each["driver"], self.names.get(each["device"], each["device"]), each["address"],
                 each["settings"].get("variant", each["settings"].get("map"))) for each in self.report["found"]}

    def problems(self):
        """What is wrong, sentences."""
        made = self.made
        wanted = {(driver, place, address, None if kind == "?" else kind) for driver, place, address, kind in made.expected}
        if made.tcp:
            place = next(iter(self.world.ready["modbus_tcp"].values()))
            wanted.add(("modbus", place, made.tcp, "renke-rs-fsxcs"))
        found = self.found()
        yield from (f"not found: {each}" for each in sorted(wanted - found, key=str))
        yield from (f"phantom: {each}" for each in sorted(found - wanted, key=str))
        strangers = {self.names.get(each["where"], each["where"]) for each in self.report["strangers"]}
        yield from (f"stranger not told: {each}" for each in sorted(made.strangers - strangers))
        yield from (f"no stranger: {each}" for each in sorted(strangers - made.strangers))
        closed = " ".join(f"{self.names.get(each['where'], each['where'])} {each['what']}" for each in self.report["closed"])
        if made.held and f"{made.held} is in use by process {self.holder.pid} (cat" not in closed:
            yield f"not told who has {made.held}: {closed}"
        for each in made.devices:
            if each.get("kernel") and f"/dev/{each['bus']} 0x{each['address']:02x} is not asked: a driver of the kernel" not in closed:
                yield f"not told that the kernel has 0x{each['address']:02x}: {closed}"
        yield from self.foreign_writes()
        yield from self.wrong_configuration(bool(wanted))

    def foreign_writes(self):
        made = self.made
        mine = {(each["bus"], each["address"]) for each in made.devices if each.get("kernel")}
        for bus in self.world.ready["i2c"]:
            for address, text in self.written[bus]:
                if text not in QUESTIONS.get(address, ()) or (bus, address) in mine:
                    yield f"written to {bus} 0x{address:02x}: {text}"
                is_scd4x = any(each["kind"] == "scd4x" and each["bus"] == bus for each in made.devices if "bus" in each)
                if text == "3682" and not is_scd4x:
                    yield f"a stranger at {bus} 0x62 was asked for its serial number"
        talking = {each["port"] for each in made.devices
                   if "port" in each and (each["kind"] in ("gps", "noise")
                                          or each["kind"] in ("pms5003", "sds011") and not each.get("mode"))}
        for port in self.world.ready["ports"]:
            data = bytes.fromhex(self.written[port])
            if data and (port in talking or port == made.held):
                yield f"written to {port}, which talks by itself or is another's: {data.hex()}"
            if not reads_alone(data):
                yield f"written to {port}: {data.hex()}"

    def wrong_configuration(self, has_devices):
        if self.result.returncode != (0 if has_devices else 1):
            yield f"exit code {self.result.returncode}: {self.result.stderr}"
        if not has_devices:
            return
        checked = self.run("check", self.path("found.json"))
        if checked.returncode != 0:
            yield f"check: {checked.stdout}"


def look_at(seed):
    began = time.monotonic()
    scanned = Scanned(seed)
    return seed, scanned.wrong, len(scanned.report["found"]), time.monotonic() - began


class RandomWorlds(unittest.TestCase):
    def test_every_device_is_found_no_phantom_and_nothing_foreign_written(self):
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            outcomes = list(pool.map(look_at, range(FIRST_SEED, FIRST_SEED + WORLDS)))
        wrong = [f"world {seed}: {problem}" for seed, problems, _, _ in outcomes for problem in problems]
        self.assertEqual(wrong, [], "\n".join(wrong))
        print(f"{len(outcomes)} worlds, {sum(count for _, _, count, _ in outcomes)} devices, "
              f"the longest took {max(took for *_, took in outcomes):.0f} s", flush=True)


class Configurations(unittest.TestCase):
    """`config init` in some worlds: its file runs unchanged, readings arrive at a broker."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="init")
        self.addCleanup(self.folder.cleanup)
        self.broker = Broker(self.folder.name)
        self.addCleanup(self.broker.stop)
        self.subscriber = Subscriber(self.broker.port)
        self.addCleanup(self.subscriber.end)

    def started(self, seed):
        """A gateway on what `config init` has written for a random world without a held port."""
        made = RandomWorld(seed)
        scanned = Scanned(seed, made, keep=True)
        self.addCleanup(scanned.world.end)
        directory = os.path.join(self.folder.name, str(seed))
        os.makedirs(os.path.join(directory, "conf.d"))
        # What is this test's own: where the store is, and that nobody attests to the time.
        with open(os.path.join(directory, "conf.d/test.json"), "w", encoding="utf-8") as file:
            json.dump({"gateway": {"clock": "system"}, "serve": {"listen": f"127.0.0.1:{gateway.free_port()}"},
                       "store": {"path": os.path.join(directory, "twinsky.db"), "commit_every": "200ms"}}, file)
        file = os.path.join(directory, "twinsky.json")
        done = scanned.run("config", "init", "--config", file, "--id", f"world-{seed}", "--position", "51.5,-0.1",
                           "--city", "other", "--broker", f"mqtt://127.0.0.1:{self.broker.port}", *scanned.options(),
                           stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        checked = scanned.run("check", file)
        self.assertEqual(checked.returncode, 0, checked.stdout)
        with open(file, encoding="utf-8") as opened:
            text = opened.read()
        log = open(os.path.join(directory, "log"), "w", encoding="utf-8")
        self.addCleanup(log.close)
        process = subprocess.Popen([Gateway.binary, "run", "--config", file], stdout=log, stderr=log, env=scanned.environment)
        self.addCleanup(lambda: (process.terminate(), process.wait(20)))
        shown = json.loads(scanned.run("config", "show", "--json", "--config", file).stdout)
        sensors = [each["path"].split("/")[2] for each in shown if re.fullmatch("/sensors/[^/]+/driver", each["path"])]
        return seed, sensors, file, text

    def values_of(self, stream):
        """What a laser counter says while it warms up is none."""
        return [value for record in self.subscriber.records(stream) for key, value in record.items()
                if key in VALUES and value is not None]

    def test_runs_as_it_was_written(self):
        seeds = [seed for seed in range(1, 60) if len(RandomWorld(seed).expected) >= 2 and not RandomWorld(seed).held][:6]
        # A world ends with the thread that began it.
        pool = concurrent.futures.ThreadPoolExecutor(len(seeds))
        self.addCleanup(pool.shutdown)
        worlds = list(pool.map(self.started, seeds))
        self.assertGreater(sum(len(sensors) for _, sensors, *_ in worlds), 10)
        for seed, sensors, file, text in worlds:
            for sensor in sensors:
                until(lambda: self.values_of(f"world-{seed}/sensor/{sensor}"), 120, f"values of world-{seed}/{sensor}")
            with open(file, encoding="utf-8") as opened:
                self.assertEqual(opened.read(), text)


class Station(unittest.TestCase):
    """One small world, and what people do with it."""

    def setUp(self):
        devices = [{"kind": "bme280", "name": "bme", "address": 0x77}, {"kind": "sht4x", "name": "sht"},
                   {"kind": "pms5003", "name": "pm", "running_for_s": 60, "frames_per_second": 5},
                   {"kind": "nobody", "name": "quiet"}]
        self.world = World({"about": "SYNTHETIC", "journal": True, "values": VALUES, "devices": devices})
        self.addCleanup(self.world.end)
        self.environment = {**os.environ, **self.world.ready["environment"]}
        self.file = self.world.path("twinsky.json")
        # The testbed of I2C lists its own /dev, in which a port is none: ports are named.
        self.pm = self.world.ready["ports"]["pm"]
        self.both = ("--i2c", "/dev/i2c-1", "--serial", self.pm)

    def run_it(self, *words, code=0):
        done = subprocess.run([Gateway.binary, *words], capture_output=True, text=True, env=self.environment, check=False,
                              timeout=120, stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def init(self, *more, code=0):
        return self.run_it("config", "init", "--config", self.file, *more, code=code)

    def text(self):
        with open(self.file, encoding="utf-8") as file:
            return file.read()

    def test_finds_by_itself_what_is_there(self):
        report = json.loads(self.run_it("scan", "--json"))
        places = {(each["driver"], each["device"], each["address"]) for each in report["found"]}
        self.assertEqual(places, {("bme280", "/dev/i2c-1", 0x77), ("sht4x", "/dev/i2c-1", 0x44)})
        self.assertEqual([each["where"] for each in report["closed"]], ["/dev/serial/by-id/*"])
        sht = next(each for each in report["found"] if each["driver"] == "sht4x")
        self.assertEqual(sht["serial_number"], str(0x0F5C21A7))
        self.assertEqual(report["configuration"]["sensors"][0]["serial_number"], str(0x0F5C21A7))

    def test_says_all_of_it_in_words(self):
        said = self.run_it("scan", *self.both)
        self.assertIn("bme280   Bosch BME280 at /dev/i2c-1 0x77, known by its chip id", said)
        self.assertIn('{"id": "pms5003", "driver": "pms5003", "bus": "pm", "every": "10s", "variant": "pms5003"}', said)
        nothing = self.run_it("scan", "--serial", self.world.ready["ports"]["quiet"], "--units", "1-2", code=1)
        self.assertIn("nothing is heard, nor an answer as of pms5003, sds011; no unit from 1 to 2 answers at 19200, 4800, 9600 baud", nothing)
        self.assertIn("no device was recognised", nothing)
        self.assertIn("is not there", self.run_it("scan", "--i2c", "/dev/i2c-7", code=1))
        self.assertIn("is no range of units", self.run_it("scan", "--units", "0-9", code=2))
        file = self.world.path("found.json")
        self.run_it("scan", "--i2c", "/dev/i2c-1", "--output", file)
        self.assertIn("it is there already", self.run_it("scan", "--i2c", "/dev/i2c-1", "--output", file, code=1))

    def test_tells_the_gateway_from_others_that_hold_a_port(self):
        file = self.world.path("found.json")
        self.run_it("scan", "--serial", self.pm, "--output", file)
        with open(file, encoding="utf-8") as opened:
            text = opened.read().replace('"buses"', f'"store": {{"path": "{self.world.path("a.db")}"}},\n  "buses"')
        with open(file, "w", encoding="utf-8") as opened:
            opened.write(text)
        process = subprocess.Popen([Gateway.binary, "run", "--config", file], env=self.environment,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            until(lambda: bytes.fromhex(json.loads(self.world.say("written"))["pm"]), 20, "the gateway has the port")
            said = self.run_it("scan", "--serial", self.pm, code=1)
        finally:
            process.terminate()
            process.wait(20)
        self.assertIn(f"is in use by process {process.pid} (", said)
        self.assertIn("sudo systemctl stop twinsky", said)

    def test_ends_cleanly_and_leaves_the_line_as_it_was(self):
        quiet = self.world.ready["ports"]["quiet"]

        def settings(speed=None):  # a pty keeps them while its master is open
            line = os.open(quiet, os.O_RDWR | os.O_NOCTTY)
            found = termios.tcgetattr(line)
            if speed:
                found[4] = found[5] = speed
                termios.tcsetattr(line, termios.TCSANOW, found)
            os.close(line)
            return found

        settings(termios.B1200)
        process = subprocess.Popen([Gateway.binary, "scan", "--json", "--i2c", "/dev/i2c-1", "--serial", quiet],
                                   env=self.environment, stdout=subprocess.PIPE, text=True)
        until(lambda: bytes.fromhex(json.loads(self.world.say("written"))["quiet"]), 30, "the scan asks at its own speed")
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=20)
        self.assertEqual(process.returncode, 1)
        self.assertTrue(json.loads(said)["stopped"])
        self.assertEqual(settings()[4], termios.B1200)

    def test_writes_a_whole_station_and_nothing_over_it(self):
        options = ("--position", "22.3226,114.1683", "--name", "Mong Kok roof", "--id", "mk-roof", "--placement", "roadside",
                   "--broker", "mqtts://broker.example.org", "--user", "mk-roof", "--password-file", "mqtt-password", *self.both)
        said = self.init(*options)
        self.assertIn("mqtt-password", said)
        text = self.text()
        for wanted in ('"jurisdiction": "hk"', '"feed": "hk-epd", "stations": ["mong-kok"', '"serve": {"listen": "127.0.0.1:8787"}',
                       '{"sensor": "pms5003", "quantity": "pm2_5", "with": "hk-epd/mong-kok"}',
                       '{"sensor": "pms5003", "quantity": "pm10", "with": "hk-epd/mong-kok"}',
                       '{"sensor": "sht4x", "quantity": "temperature", "with": "hk-hko/kings-park"}',
                       '"placement": "roadside"'):
            self.assertIn(wanted, text)
        self.assertIn("good", self.run_it("check", self.file))
        self.assertIn("is there already; --force", self.init(*options, "--no-scan", code=1))
        self.assertEqual(self.text(), text)
        self.init("--no-scan", "--force")
        self.assertNotIn("pms5003", self.text())
        self.assertEqual([name for name in os.listdir(os.path.dirname(self.file)) if name.endswith(".new")], [])

    def test_writes_over_what_the_package_brought(self):
        with open(os.path.join(gateway.HERE, "../../config/twinsky.json"), encoding="utf-8") as file:
            shipped = file.read()
        with open(self.file, "w", encoding="utf-8") as file:
            file.write(shipped + " ")
        self.assertIn("is there already", self.init("--no-scan", code=1))
        with open(self.file, "w", encoding="utf-8") as file:
            file.write(shipped)
        self.init("--no-scan")

    def test_agrees_to_nothing_by_itself(self):
        shanghai = ("--position", "31.2052,121.5815", "--no-scan", "--broker", "mqtt://broker.example.cn")
        self.init(*shanghai)
        self.assertIn('"jurisdiction": "cn-sh"', self.text())
        self.assertNotIn("terms_accepted", self.text())
        self.assertIn("--accept-terms cn-cnemc", self.text())
        self.assertIn("stays closed", self.run_it("check", self.file))
        self.init(*shanghai, "--force", "--accept-terms", "cn-cnemc", "--allow", "sensor/#", "--allow", "info")
        self.assertIn('"terms_accepted": true', self.text())
        self.assertIn('"allow": ["sensor/#", "info"]', self.text())
        self.assertIn("good", self.run_it("check", self.file))

    def test_takes_a_scan_that_was_made_before(self):
        with open(self.world.path("scan.json"), "w", encoding="utf-8") as file:
            file.write(self.run_it("scan", "--json", "--i2c", "/dev/i2c-1"))
        self.init("--scan", self.world.path("scan.json"))
        self.assertIn('"driver": "bme280"', self.text())
        self.assertIn("is not what", self.init("--force", "--scan", self.file, code=2))

    def test_refuses_what_can_never_be_right(self):
        for options, wanted in ((("--position", "here"), "is no position"), (("--id", "My Roof"), "is no id"),
                                (("--placement", "inside"), "is no kind of place"), (("--broker", "broker"), "is no broker's address"),
                                (("--accept-terms", "hk-epd"), "is no source with terms"), (("--city", "london"), "expected one of")):
            with self.subTest(options):
                self.assertIn(wanted, self.init("--no-scan", *options, code=2))
                self.assertFalse(os.path.exists(self.file))

    def test_asks_on_a_terminal(self):
        master, slave = pty.openpty()
        process = subprocess.Popen([Gateway.binary, "config", "init", "--config", self.file, "--i2c", "/dev/i2c-1"],
                                   env=self.environment, stdin=slave, stdout=slave, stderr=slave)
        os.close(slave)
        said, answered = "", 0
        answers = [("call the place", "Mong Kok roof"), ("short id", ""), ("latitude,longitude", "Mong Kok"),
                   ("latitude,longitude", "22.3226, 114.1683"), ("Whose rules", ""), ("sensors hang", "rooftop"),
                   ("MQTT broker", "mqtt://127.0.0.1:1883"), ("Your name there", "pi"), ("hold the password", "")]
        while True:
            try:
                said += os.read(master, 4096).decode("utf-8", "replace")
            except OSError:
                break
            after = said[answered:]
            if answers and re.search(f"{answers[0][0]}[^\n]*: $", after):
                answered = len(said)
                os.write(master, (answers.pop(0)[1] + "\n").encode())
        os.close(master)
        self.assertEqual(process.wait(20), 0, said)
        self.assertEqual(answers, [], said)
        self.assertIn("is no position", said)
        for wanted in ('{"id": "mong-kok-roof", "name": "Mong Kok roof", "jurisdiction": "hk"', '"password_file": "mqtt-password"',
                       '"placement": "rooftop"', '"hk-epd"'):
            self.assertIn(wanted, self.text())


if __name__ == "__main__":
    gateway.main()
