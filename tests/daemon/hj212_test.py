# SPDX-License-Identifier: Apache-2.0
# Threads of: gateway/sinks/transports/hj212.cpp
"""A platform of HJ 212 over a rehearsed week: it drops, delays and refuses acknowledgements, cuts connections, goes away,
and the gateway is killed meanwhile. In the end it has every hour once, as the store has it, what was told twice is
within the bound that gateway/sinks/README.md gives, and what it asks for again is what `export hours` says. Values are
made up."""

import csv
import json
import os
import struct
import sys
from datetime import datetime, timedelta, timezone

import gateway
from gateway import HERE, until

sys.path.insert(0, os.path.join(HERE, "..", "world"))
from collocation import crc  # noqa: E402
from hj212_platform import Platform  # noqa: E402

START = datetime(2023, 10, 15, 0, 5, tzinfo=timezone.utc)
HOUR = timedelta(hours=1)
EAST = timedelta(hours=8)
SPIKES = (3, 17, 60, 120)  # hours whose last sample is a spike: they are revised
PARTS = (0, 40, 80, 110, 168)  # hours
QUANTITIES = ("pm2_5", "temperature", "humidity", "pressure", "wind_dir", "co2")
CODES = {"pm2_5": ("a34004", 1, 1), "temperature": ("a01001", 1, 1), "humidity": ("a01002", 1, 1),
         "pressure": ("a01006", 0.1, 3), "wind_dir": ("a01008", 1, 0)}  # code, factor, decimals
MN = "310000TWINSKY00000000001"
PASSWORD = "654321"
MINUTES = 30  # three samples


def text_of(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def time_of(text):
    return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=timezone.utc) - EAST


def label(moment):
    return (moment + EAST).strftime("%Y%m%d%H%M%S")


class Hj212(gateway.GatewayTest):
    def setUp(self):
        self.platform = Platform(MN, PASSWORD)
        self.addCleanup(self.platform.stop)
        super().setUp()

    def configuration(self):
        scale = {"temperature": 0.1, "pm2_5": 0.1, "pressure": 0.1}
        self.write("map.json", json.dumps({
            "device": "a sensor", "source": "made for this test", "function": 4,
            "registers": [{"quantity": name, "register": place, "type": "u16", "scale": scale.get(name, 1)}
                          for place, name in enumerate(QUANTITIES)]}))
        self.write("sensor.json", json.dumps({"driver": "modbus", "transport": "modbus", "cases": []}))
        self.write("pw", PASSWORD + "\n")
        configuration = self.base_configuration()
        configuration["store"]["commit_every"] = "1min"
        configuration["sinks"].append({
            "id": "bureau", "hj212": f"tcp://127.0.0.1:{self.platform.port}", "mn": MN, "password_file": "pw",
            "answered_within": "500ms", "minute_interval": MINUTES, "start_at": "oldest"})
        return {
            **configuration, "buses": {"recorded": {"recorded": os.path.join(self.directory, "sensor.json")}},
            "sensors": [{"id": "roof-air", "driver": "modbus", "bus": "recorded", "every": "10min",
                         "map": os.path.join(self.directory, "map.json"),
                         "quality": {"pm2_5": {"spike_suspect": 50}}}]}

    def write(self, name, text):
        path = os.path.join(self.directory, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, 0o600)

    @staticmethod
    def answers(first):
        request = crc(struct.pack(">BBHH", 1, 4, 0, len(QUANTITIES))).hex()
        for number in range(6 * first, 6 * 170):
            hour, minute = divmod(5 + 10 * number, 60)
            spike = 3000 if hour in SPIKES and minute == 55 else 0
            values = (200 + hour + minute + spike, 150 + hour % 24, 40 + hour % 30, 10100 + minute, (hour * 7) % 360, 420)
            yield {"name": "", "request_hex": request, "rx_hex": crc(struct.pack(">BBB6H", 1, 4, 12, *values)).hex()}

    # ---- what there is ---------------------------------------------------------------------------

    def rows(self):
        rows = list(csv.reader(self.gateway.printed("export hours", "--sensor", "roof-air").splitlines()))
        names = [name.split(" ")[0] for name in rows[0]]
        return [dict(zip(names, row)) for row in rows[1:]]

    @staticmethod
    def moment(row, name):
        return datetime.fromisoformat(row[name].replace("Z", "+00:00"))

    def stored_hours(self):
        """{label: {code-field: number}} of the store's valid hours."""
        found = {}
        for row in self.rows():
            values = {}
            for name, (code, factor, _) in CODES.items():
                if row[name + "_valid"] != "1":
                    continue
                for field, column in (("Avg", ""), ("Min", "_minimum"), ("Max", "_maximum")):
                    if row.get(name + column):
                        values[f"{code}-{field}"] = factor * float(row[name + column])
            if values:
                found[label(self.moment(row, "hour_start"))] = values
        return found

    def stored_days(self):
        """{label: mean of PM2.5} of the days that are over."""
        return {label(self.moment(row, "hour_end") - 24 * HOUR): float(row["pm2_5_day_mean"]) for row in self.rows()
                if label(self.moment(row, "hour_end")).endswith("000000") and row["pm2_5_day_mean"]}

    def agree(self, told, stored):
        """Does a frame say what the store does, to the decimals of its codes?"""
        decimals = {code: places for code, _, places in CODES.values()}
        numbers = {name: float(value) for name, value in told.items() if not name.endswith("-Flag")}
        return numbers.keys() == stored.keys() and all(
            abs(numbers[name] - value) <= 0.5001 * 10 ** -decimals[name.split("-")[0]] for name, value in stored.items())

    def kept(self, cn):
        with self.platform.lock:
            return {time: dict(values) for (kind, time), values in self.platform.told.items() if kind == cn}

    def check_all_arrived(self):
        stored = self.stored_hours()
        self.assertGreater(len(stored), 38)

        def is_same():
            told = self.kept("2061")
            return told.keys() == stored.keys() and all(self.agree(told[time], values) for time, values in stored.items())
        until(is_same, 60, "the platform has the hours that the store has", lambda: len(self.platform.frames))
        samples = {label(datetime.fromisoformat(record["time"].replace("Z", "+00:00")))
                   for record in self.gateway.export("sensor/roof-air")}
        until(lambda: self.kept("2011").keys() == samples, 60, "and the samples", lambda: len(self.platform.frames))
        starts = {time[:10] + f"{int(time[10:12]) // MINUTES * MINUTES:02d}00" for time in samples}
        until(lambda: self.kept("2051").keys() == starts, 60, "and minutes", lambda: len(self.platform.frames))
        days = self.stored_days()
        until(lambda: self.kept("2031").keys() == days.keys(), 60, "and days", lambda: len(self.platform.frames))
        for time, mean in days.items():
            self.assertAlmostEqual(float(self.kept("2031")[time]["a34004-Avg"]), mean, delta=0.0501)

    def check_minutes(self):
        """Each frame of minutes is of the samples that were told, but for spikes, which the next sample shows."""
        samples = self.kept("2011")
        for time, values in self.kept("2051").items():
            start = time_of(time)
            within = [float(sample["a34004-Rtd"]) for when, sample in samples.items()
                      if start <= time_of(when) < start + timedelta(minutes=MINUTES) and sample["a34004-Flag"] == "N"]
            self.assertAlmostEqual(float(values["a34004-Avg"]), sum(within) / len(within), delta=0.0501, msg=time)
            self.assertEqual((float(values["a34004-Min"]), float(values["a34004-Max"])), (min(within), max(within)), time)

    def told_again(self, cn):
        return [frame.fields["DataTime"] for _, frame in self.platform.again if frame.cn == cn]

    def rehearse(self, part):
        first, end = PARTS[part], PARTS[part + 1]
        self.write("sensor.json", json.dumps({"driver": "modbus", "transport": "modbus", "cases": list(self.answers(first))}))
        self.gateway.rehearse(text_of(START + first * HOUR), text_of(START + end * HOUR - timedelta(minutes=3)),
                              progress=lambda: len(self.subscriber.heard))

    def asked(self, cn, content="", **more):
        number = self.platform.ask(cn, content, **more)
        until(lambda: "9012" in self.platform.replies(number) or
              self.platform.replies(number).get("9011", {}).get("QnRtn", "1") != "1", 60, f"an answer to {cn}",
              lambda: len(self.platform.answered[number]))
        replies = self.platform.replies(number)
        return (replies["9011"]["QnRtn"], replies.get("9012", {}).get("ExeRtn")), replies, self.platform.answered[number]

    # ---- the tests -------------------------------------------------------------------------------

    def test_a_week_with_a_bad_platform_is_whole(self):
        # Acknowledgements are lost and late: the same frame again, under the same number.
        self.platform.silent_for, self.platform.late_for, self.platform.late_by = 2, 3, 0.7
        self.rehearse(0)
        self.check_all_arrived()
        self.check_minutes()
        self.assertGreaterEqual(len(self.platform.resent), 4)
        self.assertEqual(self.told_again("2061") + self.told_again("2011"), [])
        self.assertEqual(self.platform.connections, 1)
        self.gateway.stop()

        # None of them comes for longer than anybody waits, then the connection is cut, and the platform stays away.
        again, connections = len(self.told_again("2061")), self.platform.connections
        self.platform.silent_for, self.platform.cut_after = 6, 40
        self.rehearse(1)
        until(lambda: self.platform.listener is None, 60, "it is cut")
        self.platform.start()
        self.check_all_arrived()
        until(lambda: "acknowledges no frame" in self.gateway.log(), 10, "that is told")
        self.assertGreaterEqual(self.platform.connections, connections + 3)
        # A restart (the hour and the samples of the interval before it) and two connections that broke.
        self.assertLessEqual(len(self.told_again("2061")) - again, 1 + 2)

        # Away once more, and the gateway is killed while it sends what has been left.
        self.platform.stop()
        self.gateway.stop()
        self.rehearse(2)
        before = len(self.platform.frames)
        self.platform.start()
        until(lambda: len(self.platform.frames) > before + 20, 90, "it goes on")
        self.gateway.kill()
        self.rehearse(3)
        self.check_all_arrived()
        self.check_minutes()
        # What had been acknowledged in the two seconds before may come again, and there is nothing in it but that.
        self.assertEqual(len(self.kept("2061")), 168)
        self.assertEqual(len({time for _, frame in self.platform.frames if frame.cn == "2061"
                              for time in [frame.fields["DataTime"]]}), 168)
        for hour in SPIKES:
            self.assertLess(float(self.kept("2061")[label((START + hour * HOUR).replace(minute=0))]["a34004-Max"]), 60)
        self.assertEqual(self.platform.strange, [])

        self.check_what_is_asked()

    def check_what_is_asked(self):
        stored = self.stored_hours()
        first, last = sorted(stored)[20], sorted(stored)[43]
        codes, _, frames = self.asked("2061", f"BeginTime={first};EndTime={last}")
        self.assertEqual(codes, ("1", "1"))
        told = {frame.fields.pop("DataTime"): frame.fields for frame in frames}  # of an hour that was revised the newest
        self.assertEqual(sorted(told), sorted(stored)[20:44])
        for time, values in told.items():
            self.assertTrue(self.agree(values, stored[time]), (time, values, stored[time]))

        for cn in ("2011", "2051", "2031"):
            kept = self.kept(cn)
            inner = [time for time in sorted(kept) if first <= time <= last]
            codes, _, frames = self.asked(cn, f"BeginTime={first};EndTime={last}")
            self.assertEqual(codes, ("1", "1"), cn)
            told = {frame.fields.pop("DataTime"): frame.fields for frame in frames}
            self.assertEqual(sorted(told), inner, cn)
            self.assertEqual(told, {time: kept[time] for time in inner}, cn)

        self.assertEqual(self.asked("2061", "BeginTime=20200101000000;EndTime=20200102000000")[0], ("1", "100"))
        self.assertEqual(self.asked("2061", "BeginTime=2020")[0], ("2", None))
        self.assertEqual(self.asked("2061", f"BeginTime={first};EndTime={last}", password="000000")[0], ("3", None))
        self.assertEqual(self.asked("3011", "PolId=a34004")[0], ("8", None))
        self.assertEqual(self.asked("1072", "NewPW=1")[0], ("2", None))
        codes, replies, _ = self.asked("1011")
        self.assertEqual(codes, ("1", "1"))
        ours = time_of(replies["1011"]["SystemTime"])
        self.assertLess(abs((datetime.now(timezone.utc) - ours).total_seconds()), 60)
        self.assertEqual(self.asked("1012", "SystemTime=20200101000000")[0], ("1", "3"))
        self.assertEqual(self.asked("1063")[1]["1063"], {"MinInterval": str(MINUTES)})

    def test_minutes_that_nobody_acknowledged_are_made_again_after_a_restart(self):
        self.gateway.configuration["sinks"][1].update({"resent": 0, "hj212_frames": ["2011", "2051"]})
        self.gateway.write(self.gateway.configuration)
        self.platform.ignores = {"2051"}
        self.rehearse(0)
        until(lambda: len(self.kept("2011")) > 3 and "CN 2051 was sent 1 times" in self.gateway.log(), 60, "samples go")
        self.gateway.stop()
        self.assertEqual(self.kept("2051"), {})
        self.platform.ignores = set()
        self.rehearse(1)
        samples = {label(datetime.fromisoformat(record["time"].replace("Z", "+00:00")))
                   for record in self.gateway.export("sensor/roof-air")}
        starts = {time[:10] + f"{int(time[10:12]) // MINUTES * MINUTES:02d}00" for time in samples}
        until(lambda: self.kept("2051").keys() == starts, 20, "all minutes", lambda: len(self.platform.frames))
        self.check_minutes()

    def test_what_is_refused_is_held_and_comes_later(self):
        self.platform.refuses = {"2061": 2}
        sink = self.gateway.configuration["sinks"][1]
        sink.update({"login": True, "hj212_frames": ["2061"], "crc": "modbus", "data_time": "end",
                     "codes": ["pm2_5=PM25 mg/m3"], "factors": ["roof-air/pm2_5"]})
        self.platform.check = "modbus"
        self.gateway.write(self.gateway.configuration)
        self.rehearse(0)
        until(lambda: "refuses sensor/roof-air/hour with ExeRtn 2" in self.gateway.log(), 60, "it is told")
        self.assertEqual(self.platform.told, {})
        self.platform.refuses = {}
        stored = self.stored_hours()
        until(lambda: len(self.kept("2061")) == len(stored), 90, "they come", lambda: len(self.platform.frames))
        for time, values in self.kept("2061").items():
            start = label(time_of(time) - HOUR)
            self.assertAlmostEqual(1000 * float(values["PM25-Avg"]), stored[start]["a34004-Avg"], delta=0.0501)
            self.assertEqual(values.keys(), {"PM25-Avg", "PM25-Min", "PM25-Max", "PM25-Flag"})
        self.assertEqual({cn for cn, _ in self.platform.told}, {"2061"})
        self.assertEqual([frame.cn for frame in self.platform.other], ["9021"])
        self.assertEqual(self.platform.strange, [])

    def test_a_check_is_found_that_the_platform_has(self):
        sink = self.gateway.configuration["sinks"][1]
        sink.update({"crc": "auto", "answered_within": "2s", "resent": 0, "hj212_frames": ["2061"]})
        self.platform.check = "hj212-swapped"
        self.gateway.write(self.gateway.configuration)
        self.rehearse(0)
        until(lambda: len(self.kept("2061")) == len(self.stored_hours()), 60, "the hours come",
              lambda: len(self.platform.strange) + len(self.platform.frames))
        self.assertLessEqual(len(self.platform.strange), 2)
        for text in (self.gateway.log(), self.gateway.printed("config show")):
            self.assertNotIn(PASSWORD, text)


if __name__ == "__main__":
    gateway.main()
