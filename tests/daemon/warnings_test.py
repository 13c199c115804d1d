#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A rehearsed day with a typhoon: while the Observatory's signal is in force, the gateway reads its
sensors more often, as the configuration says, and a restart in the middle of it goes on so.
Usage: warnings_test.py TWINSKY WORLD [test …]"""

import json
import os
import struct
from datetime import timedelta

import gateway
from agency import Agency, time_in
from collocation import crc
from gateway import until

SIGNAL = json.dumps({"WTCSGNL": {"name": "Tropical Cyclone Warning Signal", "code": "TC8SE", "actionCode": "ISSUE",
                                 "issueTime": "2026-10-05T10:00:00+08:00"}})
START, END = "2026-10-04T16:00:00Z", "2026-10-05T16:00:00Z"  # a day in Hong Kong
RAISED, LOWERED = time_in("2026-10-05T02:00:00Z"), time_in("2026-10-05T08:00:00Z")
USUAL, HURRIED = timedelta(minutes=10), timedelta(minutes=1)


class Warnings(gateway.GatewayTest):
    def configuration(self):
        return self.base_configuration()

    def settings_file(self, name, text):
        path = os.path.join(self.directory, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def set_up(self, answer):
        agency = Agency(answer)
        self.addCleanup(agency.end)
        map_file = self.settings_file("map.json", json.dumps({
            "device": "a sensor", "source": "made for this test", "function": 4,
            "registers": [{"quantity": "pm2_5", "register": 0, "type": "u16", "scale": 1}]}))
        recording = self.settings_file("sensor.json", json.dumps({
            "driver": "modbus", "transport": "modbus",
            "cases": [{"name": "", "request_hex": crc(struct.pack(">BBHH", 1, 4, 0, 1)).hex(),
                       "rx_hex": crc(struct.pack(">BBBH", 1, 4, 2, 12)).hex()}]}))
        self.gateway.write({
            **self.base_configuration(),
            "buses": {"recorded": {"recorded": recording}},
            "sensors": [{"id": "roof", "driver": "modbus", "bus": "recorded", "map": map_file, "every": "10min"}],
            "feeds": [{"feed": "hk-hko", "base": agency.base, "allow_private_addresses": True,
                       "documents": ["warnsum"]}],
            "warning_modes": [{"id": "typhoon", "feed": "hk-hko", "codes": ["TC8*", "TC9", "TC10"], "every": "1min",
                               "commit_every": "100ms", "keep": "800d"}]})

    def modes(self):
        return [(row["event"], time_in(row["time"])) for row in self.drained("event")
                if row["event"].startswith("warning_mode")]

    def steps(self):
        """(time, what lies between it and the sample before)"""
        times = [time_in(row["time"]) for row in self.drained("sensor/roof")]
        return [(now, now - before) for before, now in zip(times, times[1:])]

    def test_sensors_are_read_more_often_while_the_signal_is_in_force(self):
        self.set_up(lambda path, query, now: SIGNAL if RAISED <= now < LOWERED else "{}")
        self.gateway.rehearse(START, END)
        (on, raised), (off, lowered) = self.modes()
        self.assertEqual((on, off), ("warning_mode_on", "warning_mode_off"))
        self.assertTrue(RAISED <= raised < RAISED + timedelta(minutes=20), raised)
        self.assertTrue(LOWERED <= lowered < LOWERED + timedelta(minutes=20), lowered)
        second = timedelta(seconds=1)
        for time, step in self.steps():
            if raised + USUAL + HURRIED < time <= lowered:
                self.assertTrue(abs(step - HURRIED) < second, (time, step))
            elif time <= raised or lowered + HURRIED + USUAL < time < time_in(END):
                self.assertTrue(abs(step - USUAL) < second, (time, step))
        hurried = [time for time, _ in self.steps() if raised < time <= lowered]
        self.assertGreater(len(hurried), 330)  # of some 350 minutes
        # Another pace is no gap.
        self.assertFalse([row for row in self.gateway.export("ledger") if row.get("stream") == "sensor/roof"])
        self.assertIn("warning mode typhoon: TC8SE of hk-hko is in force, sensors at least every 1min", self.gateway.log())

    def test_a_restart_goes_on_in_the_storm_until_the_source_was_silent_for_long(self):
        self.set_up(lambda path, query, now: SIGNAL if RAISED <= now < LOWERED else "{}")
        middle = "2026-10-05T04:00:00Z"
        self.gateway.rehearse(START, middle)
        self.assertRegex(self.gateway.printed("status"),
                         r"(?m)^\* warning mode typhoon since 10:\d\d \((119 min|2 h)\): TC8SE of hk-hko is in force "
                         r"\(Tropical Cyclone Warning Signal\)$")
        self.gateway.stop()
        self.set_up(lambda path, query, now: 503)
        self.gateway.rehearse(middle, "2026-10-05T08:30:00Z")
        until(lambda: [event for event, _ in self.modes()] == ["warning_mode_on", "warning_mode_off"], 30,
              "it is given up")
        second = timedelta(seconds=1)
        early = [step for time, step in self.steps()
                 if time_in(middle) + USUAL < time < time_in(middle) + timedelta(hours=2)]
        self.assertGreater(len(early), 100)
        for step in early:
            self.assertLess(abs(step - HURRIED), second)


if __name__ == "__main__":
    gateway.main()
