#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The emulated devices, checked by decoders written from the data sheets, which share no line with
the product or the emulation. Usage: devices_test.py WORLD_BINARY [test …]"""

import os
import struct
import subprocess
import sys
import time

import harness
from harness import I2c, Line


def pms_command(order, value):
    body = bytes([0x42, 0x4D, order, 0, value])
    return body + struct.pack(">H", sum(body))


def sds_command(*order):
    body = bytes(order) + bytes(13 - len(order)) + b"\xff\xff"
    return b"\xaa\xb4" + body + bytes([sum(body) & 0xFF, 0xAB])


def crc16(data):
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return struct.pack("<H", crc)


def crc8(data):
    crc = 0xFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ (0x31 if crc & 0x80 else 0)) & 0xFF
    return crc


def words(answer):
    """Sensirion words whose checks are right."""
    assert len(answer) % 3 == 0, answer.hex()
    for at in range(0, len(answer), 3):
        assert crc8(answer[at:at + 2]) == answer[at + 2], answer.hex()
    return [struct.unpack(">H", answer[at:at + 2])[0] for at in range(0, len(answer), 3)]


class SerialDevices(harness.WorldTest):
    def setUp(self):
        self.lines = []

    def tearDown(self):
        for line in self.lines:
            line.close()

    def line(self, port):
        self.lines.append(Line(self.world.ready["ports"][port]))
        return self.lines[-1]

    def pms_frame(self, line):
        frame = line.read(32)
        self.assertEqual(frame[:4], b"\x42\x4d\x00\x1c", frame.hex())
        self.assertEqual(sum(frame[:30]), struct.unpack(">H", frame[30:])[0])
        return struct.unpack(">13H", frame[4:30])

    def test_pms5003(self):
        line = self.line("pm")
        frame = self.pms_frame(line)
        self.assertEqual(frame[3:6], (21, 48, 62))
        self.assertEqual(frame[0:3], (21, 57, 78))  # CF=1 above the knee
        counts = frame[6:12]
        self.assertEqual(sorted(counts, reverse=True), list(counts))
        self.assertGreater(counts[0], counts[3])

        line.write(pms_command(0xE1, 0))
        self.assertEqual(line.read(8), b"\x42\x4d\x00\x04\xe1\x00\x01\x74")
        line.write(pms_command(0xE2, 0))
        self.assertEqual(self.pms_frame(line)[3:6], (21, 48, 62))
        line.write(pms_command(0xE4, 0) + pms_command(0xE2, 0))  # at rest it answers no read
        self.assertEqual(line.read(8), b"\x42\x4d\x00\x04\xe4\x00\x01\x77")
        line.write(b"\x00" + pms_command(0xE4, 1) + pms_command(0xE2, 0))
        self.assertEqual(line.read(8), b"\x42\x4d\x00\x04\xe4\x01\x01\x78")
        self.assertEqual(self.pms_frame(line)[:12], (0,) * 12)  # the fan spins up
        line.write(pms_command(0xE1, 1))
        self.assertEqual(line.read(8), b"\x42\x4d\x00\x04\xe1\x01\x01\x75")
        self.pms_frame(line)

    def test_sds011(self):
        line = self.line("sds")
        for _ in range(2):
            frame = line.read(10)
            self.assertEqual(frame[:2], b"\xaa\xc0", frame.hex())
            self.assertEqual((sum(frame[2:8]) & 0xFF, frame[9]), (frame[8], 0xAB))
            self.assertEqual(struct.unpack("<HH", frame[2:6]), (480, 620))
        line.write(sds_command(2, 1, 1))
        self.assertEqual(line.read(10), b"\xaa\xc5\x02\x01\x01\x00\xa1\x60\x05\xab")
        line.write(sds_command(8, 0))
        self.assertEqual(line.read(10), b"\xaa\xc5\x08\x00\x00\x00\xa1\x60\x09\xab")
        line.write(sds_command(4))
        self.assertEqual(line.read(10)[:6], b"\xaa\xc0" + struct.pack("<HH", 480, 620))
        line.write(sds_command(6, 1, 0))
        self.assertEqual(line.read(10)[:6], b"\xaa\xc5\x06\x01\x00\x00")
        line.write(sds_command(4))
        self.assertEqual(line.read(10, within=0.3), b"")  # asleep
        line.write(sds_command(6, 1, 1) + sds_command(2, 1, 0))
        self.assertEqual(line.read(20)[:6], b"\xaa\xc5\x06\x01\x01\x00")
        self.assertEqual(line.read(10)[:2], b"\xaa\xc0")

    def ask(self, line, unit, start, count, function=3):
        request = struct.pack(">BBHH", unit, function, start, count)
        line.write(request + crc16(request))

    def test_renke_two_stations_on_one_line(self):
        line = self.line("rs485")
        for unit, tenths in ((1, -34), (2, 66)):
            self.ask(line, unit, 500, 14)
            answer = line.read(33)
            self.assertEqual(crc16(answer[:-2]), answer[-2:], answer.hex())
            self.assertEqual(answer[:3], bytes([unit, 3, 28]))
            got = struct.unpack(">HHHHHhHHHHIHH", answer[3:31])
            self.assertEqual(got, (213, 2, 3, 137, 632, tenths, 531, 48, 62, 1009, 111999, 1119, 0))

    def test_renke_refusals(self):
        line = self.line("rs485")
        for what, function, start, count, code in (
                ("function", 4, 500, 1, 1), ("below the registers", 3, 499, 1, 2),
                ("beyond the registers", 3, 513, 2, 2), ("no register", 3, 500, 0, 3)):
            with self.subTest(what):
                self.ask(line, 1, start, count, function)
                body = bytes([1, function | 0x80, code])
                self.assertEqual(line.read(5), body + crc16(body))
        self.ask(line, 3, 500, 1)
        self.assertEqual(line.read(7, within=0.3), b"")  # nobody has unit 3
        line.write(b"\x01\x03\x01\xf4\x00\x01\x00\x00")
        self.assertEqual(line.read(7, within=0.3), b"")  # wrong CRC

    def test_pacing(self):
        line = self.line("rs485")
        self.ask(line, 1, 500, 14)
        line.read(1)
        start = time.monotonic()
        self.assertEqual(len(line.read(32)), 32)
        self.assertGreater(time.monotonic() - start, 0.04)  # 33 bytes at 4800 baud last 69 ms

    def test_unplug_and_plug(self):
        line = self.line("sds")
        self.assertEqual(self.world.say("unplug sds"), "ok")
        self.assertFalse(os.path.lexists(self.world.ready["ports"]["sds"]))
        with self.assertRaises(OSError):
            os.write(line.descriptor, b"x")
        self.assertEqual(self.world.say("plug sds"), "ok")
        self.assertEqual(self.line("sds").read(10)[:2], b"\xaa\xc0")

    def test_garbled_and_silent(self):
        line = self.line("sds")
        self.assertEqual(self.world.say("garble sds"), "ok")
        frame = line.read(10)
        self.assertNotEqual(sum(frame[2:8]) & 0xFF, frame[8])
        self.assertEqual(self.world.say("silence sds"), "ok")
        self.assertEqual(line.read(10, within=1.3), b"")
        self.assertEqual(self.world.say("heal sds"), "ok")
        frame = line.read(10)
        self.assertEqual(sum(frame[2:8]) & 0xFF, frame[8])

    def test_offered_counts_what_was_heard(self):
        before = self.world.offered()["sds"]
        line = self.line("sds")
        self.assertEqual(self.world.say("rate sds 200"), "ok")
        frames = [line.read(10) for _ in range(50)]
        self.assertEqual({len(frame) for frame in frames}, {10})
        self.assertEqual(self.world.say("rate sds 1"), "ok")
        rest = len(line.read(10_000, within=0.3)) // 10
        after = self.world.offered()["sds"]
        self.assertEqual(after["offered"] - before["offered"], 50 + rest)
        self.assertLess(after.get("first"), after["last"])


class I2cDevices(harness.WorldTest):
    def setUp(self):
        self.i2c = I2c(self.world)

    def tearDown(self):
        self.i2c.end()

    def test_nobody_at_the_address(self):
        self.assertIsNone(self.i2c.transfer(0x45, write=b"\xfd"))

    def test_sht4x(self):
        for method in ("rdwr", "plain"):
            self.assertEqual(self.i2c.transfer(0x44, write=b"\xfd", method=method), b"")
            temperature, humidity = words(self.i2c.patient_read(0x44, 6))
            self.assertAlmostEqual(-45 + 175 * temperature / 65535, -3.4, delta=0.002)
            self.assertAlmostEqual(-6 + 125 * humidity / 65535, 63.2, delta=0.002)
        self.assertIsNone(self.i2c.transfer(0x44, read=6))  # read once
        self.i2c.transfer(0x44, write=b"\xfd")
        self.assertIsNone(self.i2c.transfer(0x44, read=6))  # it takes its 8.3 ms

    def test_bme280(self):
        read = lambda register, size: self.i2c.transfer(0x76, bytes([register]), size)
        self.assertEqual(read(0xD0, 1), b"\x60")
        self.i2c.transfer(0x76, b"\xe0\xb6")
        self.assertEqual(read(0xF7, 8), b"\x80\x00\x00\x80\x00\x00\x80\x00")  # nothing converted
        self.i2c.transfer(0x76, bytes([0xF2, 1, 0xF5, 0, 0xF4, 0b00100101]))
        until = time.monotonic() + 2
        while read(0xF3, 1)[0] & 8 and time.monotonic() < until:
            pass
        self.assertEqual(read(0xF4, 1)[0] & 3, 0)  # forced: asleep again
        first, second = read(0x88, 26), read(0xE1, 7)
        t = struct.unpack("<Hhh", first[:6])
        p = struct.unpack("<Hhhhhhhhh", first[6:24])
        h = (first[25], struct.unpack("<h", second[:2])[0], second[2],
             struct.unpack("b", second[3:4])[0] * 16 + (second[4] & 15),
             struct.unpack("b", second[5:6])[0] * 16 + (second[4] >> 4),
             struct.unpack("b", second[6:7])[0])
        data = read(0xF7, 8)
        temperature, pressure, humidity = bosch(t, p, h, data)
        self.assertAlmostEqual(temperature, -3.4, delta=0.01)
        self.assertAlmostEqual(pressure, 1009.4, delta=0.05)
        self.assertAlmostEqual(humidity, 63.2, delta=0.02)

    def test_scd4x(self):
        send = lambda command: self.i2c.transfer(0x62, bytes.fromhex(command))
        until = time.monotonic() + 3
        while send("3f86") is None and time.monotonic() < until:
            pass
        while send("3682") is None and time.monotonic() < until:  # it stops for 500 ms
            pass
        self.assertEqual(len(words(self.i2c.patient_read(0x62, 9))), 3)
        send("2313")
        self.assertEqual(words(self.i2c.patient_read(0x62, 3)), [1])
        self.assertEqual(send("2416000081"), b"")
        self.i2c.patient_read(0x62, 3, within=0.01)
        send("2313")
        self.assertEqual(words(self.i2c.patient_read(0x62, 3)), [0])
        self.assertIsNone(send("24160000ff"))  # wrong check
        self.assertEqual(send("21b1"), b"")
        self.assertIsNone(send("2313"))  # not while it measures
        self.assertEqual(send("e00003f1" + f"{crc8(bytes.fromhex('03f1')):02x}"), b"")
        self.i2c.transfer(0x62, bytes.fromhex("ec05"))
        self.assertIsNone(self.i2c.transfer(0x62, read=9))  # no data yet
        ready, until = 0, time.monotonic() + 7
        while not ready & 0x7FF and time.monotonic() < until:
            send("e4b8")
            answer = self.i2c.patient_read(0x62, 3, within=1)
            ready = words(answer)[0] if answer else 0
        send("ec05")
        co2, temperature, humidity = words(self.i2c.patient_read(0x62, 9))
        self.assertAlmostEqual(co2, 812 * 1009.4 / 1009, delta=0.51)
        self.assertAlmostEqual(-45 + 175 * temperature / 65535, -3.4, delta=0.002)
        self.assertAlmostEqual(100 * humidity / 65535, 63.2, delta=0.002)
        self.assertEqual(self.world.offered()["scd"]["offered"], 1)
        send("3f86")

    def test_garbled_silent_and_unplugged(self):
        self.world.say("garble sht")
        self.i2c.transfer(0x44, write=b"\xe0")
        with self.assertRaises(AssertionError):
            words(self.i2c.patient_read(0x44, 6))
        for word, back in (("silence", "heal"), ("unplug", "plug")):
            self.world.say(f"{word} sht")
            self.assertIsNone(self.i2c.transfer(0x44, write=b"\xe0"))
            self.assertEqual(self.i2c.transfer(0x76, b"\xd0", 1), b"\x60")  # the neighbour is well
            self.world.say(f"{back} sht")
        self.world.say("heal sht")

    def test_ordinary_files_and_ptys_still_work_with_the_preload(self):
        code = ("import os,sys,tty; fd=os.open(sys.argv[1],os.O_RDWR|os.O_NOCTTY); tty.setraw(fd);"
                "d=b''\nwhile len(d)<10: d+=os.read(fd,10-len(d))\n"
                "print(d[:2].hex(), os.path.exists('/dev/null'))")
        output = subprocess.run([sys.executable, "-c", code, self.world.ready["ports"]["sds"]],
                                env={**os.environ, **self.world.ready["environment"]}, timeout=10,
                                capture_output=True, text=True, check=True).stdout
        self.assertEqual(output.split(), ["aac0", "True"])


def bosch(t, p, h, data):
    """BME280 data sheet, appendix A (floating point): degrees, hPa, percent."""
    raw_p = data[0] << 12 | data[1] << 4 | data[2] >> 4
    raw_t = data[3] << 12 | data[4] << 4 | data[5] >> 4
    raw_h = data[6] << 8 | data[7]
    fine = ((raw_t / 16384 - t[0] / 1024) * t[1]
            + (raw_t / 131072 - t[0] / 8192) ** 2 * t[2])
    v1 = fine / 2 - 64000
    v2 = v1 * v1 * p[5] / 32768 + v1 * p[4] * 2
    v2 = v2 / 4 + p[3] * 65536
    v1 = (p[2] * v1 * v1 / 524288 + p[1] * v1) / 524288
    v1 = (1 + v1 / 32768) * p[0]
    pressure = (1048576 - raw_p - v2 / 4096) * 6250 / v1
    pressure += (p[8] * pressure ** 2 / 2147483648 + pressure * p[7] / 32768 + p[6]) / 16
    humidity = fine - 76800
    humidity = (raw_h - (h[3] * 64 + h[4] / 16384 * humidity)) * (
        h[1] / 65536 * (1 + h[5] / 67108864 * humidity * (1 + h[2] / 67108864 * humidity)))
    humidity *= 1 - h[0] * humidity / 524288
    return fine / 5120, pressure / 100, humidity


if __name__ == "__main__":
    harness.main()
