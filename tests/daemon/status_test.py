# SPDX-License-Identifier: Apache-2.0
"""What a user sees of the running daemon on a terminal: `twinsky status` and `twinsky top`, over its local
socket, whoever else is on that too."""

import fcntl
import json
import os
import pty
import re
import select
import signal
import socket
import struct
import subprocess
import termios
import unicodedata

import gateway


def columns(text):
    return sum(2 if unicodedata.east_asian_width(each) in "WF" else not unicodedata.combining(each) for each in text)


class Terminal:
    """A command on a terminal of its own."""

    def __init__(self, command, width, height):
        self.ours, theirs = pty.openpty()
        self.resize(width, height)
        self.before = termios.tcgetattr(theirs)
        self.process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, close_fds=True,
                                        start_new_session=True)
        self.theirs, self.text = theirs, ""

    def resize(self, width, height):
        self.width, self.height = width, height
        fcntl.ioctl(self.ours, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    def read(self):
        while select.select([self.ours], [], [], 0)[0]:
            self.text += os.read(self.ours, 65536).decode("utf-8", "replace")
        return self.text

    def frame(self):
        """The lines that were drawn last, without colours."""
        frames = re.findall(r"\x1b\[H(.*?)\x1b\[J", self.read(), re.S)
        return [re.sub(r"\x1b\[\d*(;\d+)*[mK]", "", line).rstrip("\r") for line in frames[-1].split("\n")] if frames else []

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)
        os.close(self.ours)
        os.close(self.theirs)


class Status(gateway.GatewayTest):
    scenario = {
        "about": "SYNTHETIC: constant values for the tests of what is said of the gateway", "values": gateway.VALUES,
        "devices": [{"name": "station", "kind": "renke", "port": "rs485"}, {"name": "air", "kind": "sht4x"}],
        "hk-epd": [{"name": "Central/Western"}, {"name": "Mong Kok", "roadside": True}, {"name": "Tap Mun"}]}

    def configuration(self):
        configuration = self.base_configuration()
        configuration["gateway"]["position"] = {"datum": "wgs84", "latitude": 22.3226, "longitude": 114.1683}
        configuration["buses"] = {"rs485": {"modbus": self.world.ready["ports"]["rs485"]}, "i2c-1": {"i2c": "/dev/i2c-1"}}
        configuration["sensors"] = [{"id": "station", "driver": "modbus", "bus": "rs485", "map": "renke-rs-fsxcs", "every": "1s"},
                                    {"id": "air", "driver": "sht4x", "bus": "i2c-1", "every": "1s"}]
        configuration["feeds"] = [{"feed": "hk-epd", "base": self.world.ready["feeds"]["hk-epd"],
                                   "allow_private_addresses": True}]
        return configuration

    def command(self, *words):
        done = subprocess.run([self.gateway.binary, *words, "--config", self.gateway.file], capture_output=True, text=True,
                              timeout=30, check=False)
        return done.returncode, done.stdout

    def asked(self):
        code, text = self.command("status", "--json")
        return code, json.loads(text or "{}")  # nothing: there is no store yet

    def sensor(self, which):
        return next(each for each in self.asked()[1]["sensors"] if each["id"] == which)

    def await_code(self, code, within=60):
        gateway.until(lambda: self.command("status")[0] == code, within, f"status ends with {code}")

    def start(self):
        self.gateway.start()
        gateway.until(lambda: [each["state"] for each in self.asked()[1].get("sensors", [])] == ["fresh", "fresh"], 90,
                      "all sensors are fresh")
        self.await_code(0)

    @property
    def control(self):
        return self.control_of("twinsky.db")

    def control_of(self, store):
        number = 0xcbf29ce484222325  # FNV-1a
        for byte in os.path.join(self.directory, store).encode():
            number = (number ^ byte) * 0x100000001b3 & (1 << 64) - 1
        return f"/tmp/twinsky-{number:016x}-control"

    def test_it_says_what_is_wrong_and_what_to_do(self):
        self.start()
        code, said = self.command("status")
        self.assertEqual(code, 0, said)
        self.assertIn("all is well", said)
        self.assertRegex(said, r"(?m)^test: running since \d\d:\d\d \(")
        self.assertRegex(said, r"(?m)^  air +fresh +temperature -3\.4\d* °C  humidity 63\.\d+ %$")
        self.assertRegex(said, r"(?m)^  broker +connected to .* +\d+ waiting")
        self.assertRegex(said, r"(?m)^  hk-epd +good +3 stations, newest of ")
        self.assertNotIn("mong-kok", said)
        self.assertRegex(self.command("status", "--all")[1], r"(?m)^  hk-epd/mong-kok +[\d.]+ km  ")
        self.assertNotIn("sensor_silent", self.command("doctor", "--json")[1])

        self.world.say("unplug rs485")
        self.await_code(1)
        code, said = self.command("status")
        self.assertRegex(said, r"(?m)^! station has been lost for \d+ s: ")
        self.assertIn("twinsky read station", said)
        self.assertRegex(said, r"(?m)^  station +lost for \d+ s ")
        self.assertEqual(self.sensor("station")["state"], "lost")
        self.assertEqual(self.sensor("air")["state"], "fresh")
        silent = [each for each in json.loads(self.command("doctor", "--json")[1])["findings"] if each["code"] == "sensor_silent"]
        self.assertEqual([each["about"] for each in silent], ["sensor station"])
        self.assertIn("twinsky read station", silent[0]["mend"])
        self.world.say("plug rs485")
        self.await_code(0)

        self.broker.stop()
        self.await_code(1)
        problem = self.asked()[1]["problems"][0]
        self.assertEqual((problem["code"], problem["about"]), ("sink_away", "broker"))
        self.broker.start()
        self.await_code(0)

    def test_without_the_daemon_the_file_is_read_and_that_is_said(self):
        self.start()
        self.gateway.stop()
        self.assertFalse(os.path.exists(self.control))
        code, said = self.command("status")
        self.assertEqual(code, 1)
        self.assertIn("cannot be asked (it does not run)", said)
        self.assertRegex(said, r"(?m)^  sensor/air +20\d\d-")
        code, said = self.asked()
        self.assertIs(said["running"], False)
        self.assertIn("sensor/air", said["streams"])
        # A crash leaves the socket behind; the next start takes its place.
        self.gateway.start()
        self.await_code(0)
        self.gateway.kill()
        self.assertTrue(os.path.exists(self.control))
        self.assertIn("it does not run", self.command("status")[1])
        self.gateway.start()
        self.await_code(0)

    def test_the_socket_lives_through_a_change_and_another_stores_is_not_believed(self):
        self.start()
        before = os.stat(self.control)
        self.assertEqual(before.st_mode & 0o777, 0o660)
        configuration = self.configuration()
        configuration["sensors"].append({"id": "absent", "driver": "bme280", "bus": "i2c-1", "every": "1s"})
        self.gateway.write(configuration)
        gateway.until(lambda: any(each["about"] == "absent" for each in self.asked()[1]["problems"]), 30,
                      "the new sensor is seen to be lost")
        self.assertEqual(os.stat(self.control).st_ino, before.st_ino)
        os.symlink(self.control, self.control_of("other.db"))
        self.addCleanup(os.unlink, self.control_of("other.db"))
        done = subprocess.run([self.gateway.binary, "status", "--store", os.path.join(self.directory, "other.db")],
                              capture_output=True, text=True, check=False)
        self.assertNotIn("running since", done.stdout)
        self.assertNotEqual(done.returncode, 0)

    def test_nobody_on_the_socket_delays_the_gateway(self):
        self.start()
        hostile = []
        for number in range(40):
            each = socket.socket(socket.AF_UNIX)
            each.connect(self.control)
            each.sendall((b"twinsky/1 overview\n", b"twinsky/1 over", b"\xff" * 200, b"")[number % 4])  # and never reads
            hostile.append(each)
        n = len(self.subscriber.records("sensor/air"))
        for _ in range(20):
            self.assertEqual(self.command("status")[0], 0)
        gateway.until(lambda: len(self.subscriber.records("sensor/air")) > n + 5, 30, "samples go on")
        self.gateway.stop()
        for each in hostile:
            each.close()

    def on_terminal(self, width, height):
        terminal = Terminal([self.gateway.binary, "top", "--config", self.gateway.file], width, height)
        self.addCleanup(terminal.end)
        return terminal

    def assert_fits(self, terminal, lines):
        self.assertLessEqual(len(lines), terminal.height, lines)
        for line in lines:
            self.assertLessEqual(columns(line), terminal.width, line)

    def test_top_fits_the_screen_and_gives_it_back(self):
        self.start()
        for width, height in ((80, 24), (40, 8), (200, 60)):
            terminal = self.on_terminal(width, height)
            lines = gateway.until(terminal.frame, 10, "something is drawn")
            self.assert_fits(terminal, lines)
            self.assertIn("running since", lines[0])
            self.assertTrue(any(line.startswith("  air ") for line in lines), lines)
            self.assertIn("\x1b[?1049h", terminal.text)
            os.kill(terminal.process.pid, signal.SIGINT)
            self.assertEqual(terminal.process.wait(10), 0)
            self.assertTrue(terminal.read().endswith("\x1b[?25h\x1b[?1049l"))
            self.assertEqual(termios.tcgetattr(terminal.theirs), terminal.before)

    def test_top_follows_the_screens_size_and_the_gateways_end(self):
        self.start()
        terminal = self.on_terminal(80, 24)
        gateway.until(terminal.frame, 10, "something is drawn")
        terminal.resize(50, 6)
        os.kill(terminal.process.pid, signal.SIGWINCH)
        lines = gateway.until(lambda: len(terminal.frame()) <= 6 and terminal.frame(), 10, "it is drawn smaller")
        self.assert_fits(terminal, lines)
        self.gateway.stop()
        gateway.until(lambda: "cannot be asked" in terminal.frame()[0], 10, "the end is seen")
        os.write(terminal.ours, b"q")
        self.assertEqual(terminal.process.wait(10), 0)
        self.assertTrue(terminal.read().endswith("\x1b[?25h\x1b[?1049l"))

    def test_doctor_says_on_a_terminal_what_it_is_looking_at(self):
        words = [self.gateway.binary, "doctor", "--config", self.gateway.file]
        terminal = Terminal(words, 80, 24)
        self.addCleanup(terminal.end)
        terminal.process.wait(60)
        text = terminal.read()
        self.assertIn("\x1b[Ktwinsky doctor: devices …\r\x1b[Ktwinsky doctor: other programs …", text)
        self.assertNotIn("…", text.split("\r\x1b[K")[-1])  # the line is gone when the findings come
        self.assertIn("finding", text.split("\r\x1b[K")[-1])
        done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.stderr, "")

    def test_top_without_a_terminal_says_what_to_use(self):
        done = subprocess.run([self.gateway.binary, "top", "--config", self.gateway.file], capture_output=True, text=True,
                              check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("twinsky status", done.stderr)


class Reading(gateway.GatewayTest):
    """`twinsky read` of what is not as the configuration has it."""

    scenario = {
        "about": "SYNTHETIC: constant values for the tests of what is said of a sensor that does not answer",
        "values": gateway.VALUES,
        "devices": [{"name": "air", "kind": "bme280", "address": 0x77}, {"name": "dust", "kind": "sds011", "port": "pm"}]}

    def configuration(self):
        configuration = self.base_configuration()
        configuration["buses"] = {"i2c-1": {"i2c": "/dev/i2c-1"}, "pm": {"serial": self.world.ready["ports"]["pm"]}}
        configuration["sensors"] = [{"id": "air", "driver": "bme280", "bus": "i2c-1", "address": "0x76", "every": "1s"},
                                    {"id": "dust", "driver": "pms5003", "bus": "pm"}]
        return configuration

    def said_of(self, sensor):
        done = subprocess.run([self.gateway.binary, "read", sensor, "--config", self.gateway.file], capture_output=True,
                              text=True, timeout=60, check=False, env=self.gateway.environment)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        return done.stderr

    def test_no_answer_says_which_addresses_answer(self):
        self.assertIn('/dev/i2c-1 0x76: no answer; on this bus answers 0x77 (as bme280, bme688, bmp388 may): is that its "address"?',
                      self.said_of("air"))
        self.world.say("unplug air")
        self.assertIn("0x76: no answer; of the other addresses that drivers know none answers a read: look at its power",
                      self.said_of("air"))

    def test_the_bytes_of_another_device_are_told_from_none(self):
        self.assertIn("framing: bytes came, but not those of pms5003: another port, device or baud rate?", self.said_of("dust"))


if __name__ == "__main__":
    gateway.main()
