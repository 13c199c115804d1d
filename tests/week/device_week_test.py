#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A week of devices as they are: those that can sleep do, answers come late, power fails, a connection
falls mute, the air is clean, elements fail. Once in a rehearsal of the whole week, over emulated lines
in the rehearsal's own time; once in two minutes of real time, over real pseudo-terminals, sockets and
an I2C adapter. Usage: device_week_test.py TWINSKY WORLD DEVICE_WEEK [test …]"""

import copy
import json
import os
import subprocess
import sys
import tempfile
import time
import unittest
from datetime import datetime, timezone

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "daemon"))
import gateway  # noqa: E402
from gateway import Broker, Gateway, Subscriber, World, free_port, until  # noqa: E402
from judge import Judge, Sensor, text_of, truth_at  # noqa: E402

START = datetime(2026, 11, 15, tzinfo=timezone.utc).timestamp()
HOUR, MINUTE = 3600, 60
# At 25 degC the raw humidity of the emulated BME280 is 0x8000 here, as after a reset.
AT_0X8000 = 66.1005

VALUES = {
    # Clean from one to five in the morning and at noon.
    "pm1": {"by_time": {"01:00": 0, "05:00": 0, "08:00": 21, "11:30": 0, "12:30": 0, "20:00": 30}},
    "pm2_5": {"by_time": {"01:00": 0, "05:00": 0, "08:00": 33, "11:30": 0, "12:30": 0, "20:00": 45}},
    "pm10": {"by_time": {"01:00": 0, "05:00": 0, "08:00": 48, "11:30": 0, "12:30": 0, "20:00": 60}},
    "co2": {"by_time": {"06:00": 430, "09:00": 900, "21:00": 700}},
    "temperature": {"by_time": {"05:00": 16, "14:00": 27}},
    "humidity": {"by_time": {"05:00": 85, "14:00": 48}},
    "pressure": {"by_time": {"04:00": 1004, "10:00": 1009, "16:00": 1003}},
    "wind_speed": {"by_time": {"03:00": 1.5, "15:00": 7.5}},
    "wind_dir": {"by_time": {"03:00": 100, "15:00": 250}},
    "noise": {"by_time": {"03:00": 41, "18:00": 72}},
    "illuminance": {"by_time": {"05:00": 0, "12:00": 90000, "19:00": 0}},
    "rain_rate": {"by_time": {"00:00": 0, "14:00": 0, "15:00": 3, "19:00": 0}},
    "temperature_b": {"by_time": {"03:00": 14, "10:00": 25, "12:00": 25, "15:00": 28}},
    "humidity_b": {"by_time": {"03:00": 90, "10:00": AT_0X8000, "12:00": AT_0X8000, "15:00": 50}},
    "temperature_2": {"by_time": {"05:00": 31, "14:00": 38}},
    "humidity_2": {"by_time": {"05:00": 12, "14:00": 33}},
    "temperature_3": {"by_time": {"05:00": -8, "14:00": 3}},
}
# 16 bits of a BME280 are 0.005 degC, 0.2 Pa and 0.008 %.
AIR = {"temperature": ("temperature", 0.012), "humidity": ("humidity", 0.02), "pressure": ("pressure", 0.03)}
STATION = {"wind_speed": ("wind_speed", 0.0101), "wind_dir": ("wind_dir", 1.01), "humidity": ("humidity", 0.101),
           "temperature": ("temperature", 0.101), "noise": ("noise", 0.101), "pm2_5": ("pm2_5", 1.01),
           "pm10": ("pm10", 1.01), "pressure": ("pressure", 1.01), "illuminance": ("illuminance", 60),
           "rain_total": ("rain_rate", 0.11)}  # as it came down since it has power
LASER = {"pm1": ("pm1", 1.01), "pm2_5": ("pm2_5", 1.01), "pm10": ("pm10", 1.01)}
NOVA = {"pm2_5": ("pm2_5", 0.101), "pm10": ("pm10", 0.101)}


def scenario(troubles, tcp):
    """`troubles`: by device, as the scenario has them."""
    devices = [
        {"name": "pm", "kind": "pms5003", "settles_s": 29},
        {"name": "pm-steady", "kind": "pms5003", "settles_s": 29},
        {"name": "sds", "kind": "sds011", "settles_s": 29},
        {"name": "sds-period", "kind": "sds011", "work_period_min": 1},
        {"name": "late", "kind": "renke", "port": "rs485", "address": 1},
        {"name": "prompt", "kind": "renke", "port": "rs485", "address": 2,
         "sees": {"temperature": {"of": "temperature_2"}, "humidity": {"of": "humidity_2"}}},
        {"name": "far", "kind": "renke", "tcp": tcp, "sees": {"temperature": {"of": "temperature_3"}}},
        {"name": "bme", "kind": "bme280"},
        {"name": "bme-b", "kind": "bme280", "address": 0x77,
         "sees": {"temperature": {"of": "temperature_b"}, "humidity": {"of": "humidity_b"}}},
        {"name": "bme-dry", "kind": "bme280", "bus": "i2c-2", "humidity_element": False},
        {"name": "scd", "kind": "scd4x"},
        {"name": "sht", "kind": "sht4x"},
    ]
    for one in devices:
        one["troubles"] = troubles.get(one["name"], [])
    return {"about": "SYNTHETIC", "values": VALUES, "devices": devices}


def configuration(directory, paths, cadence, port):
    """What a user would write; `paths`: of ports and adapters, `cadence`: seconds by sensor."""
    def every(sensor):
        return f"{cadence.get(sensor, 0)}s"
    station = {"driver": "modbus", "map": "renke-rs-fsxcs", "placement": "rooftop"}
    sensors = [
        {"id": "pm", "driver": "pms5003", "bus": "pm", "every": every("pm"), "sleep_between": True},
        {"id": "pm-steady", "driver": "pms5003", "bus": "pm-steady", "every": every("pm-steady"), "mean": True},
        {"id": "sds", "driver": "sds011", "bus": "sds", "every": every("sds"), "sleep_between": True},
        {"id": "sds-period", "driver": "sds011", "bus": "sds-period", "every": "10s"},
        {"id": "late-wind", **station, "bus": "rs485", "unit": 1, "every": every("late-wind"),
         "map_override": {name: None for name in ("humidity", "temperature", "noise", "pm2_5", "pm10", "pressure")}},
        {"id": "late-air", **station, "bus": "rs485", "unit": 1, "every": every("late-air"),
         "map_override": {name: None for name in ("wind_speed", "wind_dir", "wind_force", "wind_dir_octant",
                                                  "illuminance", "rain_total")}},
        {"id": "prompt", **station, "bus": "rs485", "unit": 2, "every": every("prompt")},
        {"id": "far", **station, "bus": "tcp", "every": every("far")},
        {"id": "bme", "driver": "bme280", "bus": "i2c-1", "address": "0x76", "every": every("bme")},
        {"id": "bme-b", "driver": "bme280", "bus": "i2c-1", "address": "0x77", "every": every("bme-b")},
        {"id": "bme-dry", "driver": "bme280", "bus": "i2c-2", "address": "0x76", "every": every("bme-dry")},
        {"id": "scd", "driver": "scd4x", "bus": "i2c-1", "every": every("scd")},
        {"id": "sht", "driver": "sht4x", "bus": "i2c-1", "every": every("sht")},
    ]
    sensors = [one for one in sensors if one["id"] in cadence]
    used = {one["bus"] for one in sensors}
    buses = {**{bus: {"serial": paths[bus]} for bus in ("pm", "pm-steady", "sds", "sds-period")},
             "rs485": {"modbus": paths["rs485"]}, "tcp": {"modbus_tcp": paths["tcp"]},
             "i2c-1": {"i2c": "/dev/i2c-1"}, "i2c-2": {"i2c": "/dev/i2c-2"}}
    return {"gateway": {"id": "test", "name": "Test", "jurisdiction": "hk", "clock": "system"},
            "buses": {bus: where for bus, where in buses.items() if bus in used}, "sensors": sensors,
            "store": {"path": os.path.join(directory, "twinsky.db"), "commit_every": "1s"},
            "sinks": [{"id": "broker", "mqtt": f"mqtt://127.0.0.1:{port}", "start_at": "oldest"}]}


def sensors_of(world, cadence):
    device = {one["name"]: one for one in world["devices"]}
    wind = ("wind_speed", "wind_dir", "illuminance", "rain_total")
    all_of_them = [
        Sensor("pm", device["pm"], 0, LASER, age=2.6, warm_up=30),
        Sensor("pm-steady", device["pm-steady"], 0, LASER, age=2.6, warm_up=30),
        Sensor("sds", device["sds"], 0, NOVA, age=1.2, warm_up=30),
        Sensor("sds-period", device["sds-period"], 0, NOVA, warm_up=30, own_pace=True),
        Sensor("late-wind", device["late"], 0, {name: STATION[name] for name in wind}, age=3.5),
        Sensor("late-air", device["late"], 0, {name: STATION[name] for name in STATION if name not in wind}, age=3.5),
        Sensor("prompt", device["prompt"], 0, {**STATION, "temperature": ("temperature_2", 0.101),
                                               "humidity": ("humidity_2", 0.101)}, age=1),
        Sensor("far", device["far"], 0, {**STATION, "temperature": ("temperature_3", 0.101)}, age=3.5),
        Sensor("bme", device["bme"], 0, AIR, needs=tuple(AIR)),
        Sensor("bme-b", device["bme-b"], 0, {"temperature": ("temperature_b", 0.012), "pressure": ("pressure", 0.03),
                                             "humidity": ("humidity_b", 0.02)}),
        Sensor("bme-dry", device["bme-dry"], 0, {name: AIR[name] for name in ("temperature", "pressure")},
               failing={"humidity": "unsupported"}),
        Sensor("scd", device["scd"], 0, {"co2": ("co2", 4), "internal_temperature": ("temperature", 0.01),
                                         "internal_humidity": ("humidity", 0.01)}, age=6, warm_up=5),
        Sensor("sht", device["sht"], 0, {"temperature": ("temperature", 0.01), "humidity": ("humidity", 0.01)}),
    ]
    for one in all_of_them:
        one.every = cadence.get(one.id, 0)
        if one.id == "pm-steady":
            one.age += one.every  # the mean of a period
    return [one for one in all_of_them if one.id in cadence]


def trouble(what, start, end, **more):
    return {"is": what, "from": text_of(start), "to": text_of(end), **more}


class DeviceWeek(unittest.TestCase):
    device_week = ""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="week")
        self.addCleanup(folder.cleanup)
        self.directory = folder.name
        self.broker = Broker(self.directory)
        self.addCleanup(self.broker.stop)
        self.subscriber = Subscriber(self.broker.port)
        self.addCleanup(self.subscriber.end)

    def heard(self, kind):
        return [record for topic, payload in list(self.subscriber.heard) if topic.endswith("/" + kind) and payload
                for record in json.loads(payload)]

    def records(self):
        """Of each sensor what the subscriber has got, each once."""
        found = {}
        for topic, payload in list(self.subscriber.heard):
            if not topic.endswith("/obs") or "/sensor/" not in topic:
                continue
            for record in json.loads(payload):
                found.setdefault(record["sensor"], {})[record["epoch"], record["seq"]] = record
        return {sensor: list(by_number.values()) for sensor, by_number in found.items()}

    def wait_for_all(self, running):
        """The subscriber has what is in the store."""
        stored = {stream: len(running.export(stream)) for stream in
                  ["event", "ledger"] + ["sensor/" + one["id"] for one in running.configuration["sensors"]]}

        def is_complete():
            got = self.records()
            return all(len(got.get(stream.removeprefix("sensor/"), ())) >= count if "/" in stream
                       else len(self.heard(stream)) >= count for stream, count in stored.items())
        until(is_complete, 60, "the subscriber has all", progress=lambda: len(self.subscriber.heard))

    def judged(self, judge):
        judge.look_at_all(self.records(), self.heard("ledger"))
        judge.look_at_events(self.heard("event"))
        return judge

    def conclude(self, judge, running, what, least):
        print(f"{what}: {judge.right} values right, {judge.nulls} null {dict(judge.reasons)}", flush=True)
        some = "\n".join(judge.complaints[:40])
        if judge.complaints:
            self.fail(f"{len(judge.complaints)} complaints:\n{some}\nThe log ends with\n{running.log()[-3000:]}")
        self.assertGreater(judge.right, least)

    def rehearse(self, world, cadence, start, end):
        scenario_file = os.path.join(self.directory, "scenario.json")
        with open(scenario_file, "w", encoding="utf-8") as file:
            json.dump(world, file)
        tcp = next(one["tcp"] for one in world["devices"] if "tcp" in one)
        ports = {name: os.path.join(self.directory, name) for name in ("pm", "pm-steady", "sds", "sds-period", "rs485")}
        running = Gateway(self.directory, configuration(self.directory, {**ports, "tcp": f"127.0.0.1:{tcp}"}, cadence,
                                                        self.broker.port))
        begin = time.monotonic()
        with open(running.log_file, "a", encoding="utf-8") as log:
            process = subprocess.Popen([self.device_week, running.file, scenario_file, text_of(start), text_of(end)],
                                       stdout=subprocess.PIPE, stderr=log, text=True)
        running.process = process
        self.addCleanup(running.end)
        line = process.stdout.readline()
        self.assertTrue(line, running.log()[-3000:])
        lasers = json.loads(line)
        took = time.monotonic() - begin
        self.wait_for_all(running)
        process.terminate()
        self.assertEqual(process.wait(30), 0, running.log()[-3000:])
        process.stdout.close()
        running.process = None
        return running, lasers, took

    def test_a_week(self):
        at = lambda hours: START + hours * HOUR
        troubles = {
            "pm": [trouble("off", at(30), at(30) + 8), trouble("silent", at(50), at(51)),
                   trouble("garbled", at(75), at(75.5)), trouble("off", at(100.05), at(100.05) + 300)],
            "sds": [trouble("off", at(40), at(40) + 8), trouble("silent", at(60), at(61))],
            "late": [trouble("late", at(5), at(29), least_s=0.1, most_s=3), trouble("off", at(48), at(48) + 40),
                     trouble("late", at(70), at(94), least_s=0.1, most_s=3), trouble("silent", at(110), at(110.5)),
                     trouble("late", at(120), at(144), least_s=0.1, most_s=0.9)],
            "far": [trouble("mute", at(20), at(20) + 30), trouble("late", at(31), at(40), least_s=0.1, most_s=3),
                    trouble("off", at(55), at(55) + 60), trouble("mute", at(90), at(90) + 30)],
            "bme": [trouble("temperature_failed", at(44), at(47)), trouble("off", at(80), at(80) + 1)],
            "scd": [trouble("off", at(26), at(26) + 1), trouble("off", at(95), at(95) + 1)],
            "sht": [trouble("off", at(33), at(33) + 2), trouble("garbled", at(66), at(66.2))],
        }
        tcp = free_port()
        world = scenario(troubles, tcp)
        cadence = {"pm": 600, "sds": 900, "late-wind": 120, "late-air": 120, "prompt": 120, "far": 120, "bme": 60,
                   "bme-b": 120, "bme-dry": 300, "scd": 60, "sht": 120}
        end = at(168)
        running, lasers, took = self.rehearse(world, cadence, START, end)
        sensors = sensors_of(world, cadence)
        judge = self.judged(Judge(world, sensors, START, end))
        for one in sensors:
            if one.id in ("pm", "sds"):
                judge.look_at_laser(one, lasers[one.id], 30)
        self.conclude(judge, running, f"a week in {took:.0f} s, lasers {lasers}", 100_000)

    def test_a_day_of_those_that_never_rest(self):
        at = lambda hours: START + hours * HOUR
        troubles = {
            "pm-steady": [trouble("off", at(3), at(3) + 5), trouble("silent", at(8), at(8.3)),
                          trouble("garbled", at(13), at(13.2)), trouble("off", at(20), at(20) + 90)],
            "sds-period": [trouble("off", at(5), at(5) + 3), trouble("silent", at(9), at(9.3))],
        }
        world = scenario(troubles, free_port())
        cadence = {"pm-steady": 60, "sds-period": 60}
        end = at(24)
        running, lasers, took = self.rehearse(world, cadence, START, end)
        sensors = sensors_of(world, cadence)
        judge = self.judged(Judge(world, sensors, START, end))
        judge.look_at_laser(next(one for one in sensors if one.id == "sds-period"), lasers["sds-period"], 30)
        self.conclude(judge, running, f"a day in {took:.0f} s", 5000)

    def test_two_minutes_of_real_time(self):
        begin = time.time() + 3
        at = lambda passed: begin + passed
        troubles = {
            "pm": [trouble("off", at(62), at(64))],
            "late": [trouble("late", at(10), at(60), least_s=0.1, most_s=3), trouble("off", at(85), at(91))],
            "far": [trouble("mute", at(15), at(16)), trouble("late", at(30), at(50), least_s=0.1, most_s=3),
                    trouble("mute", at(70), at(71))],
            "bme": [trouble("temperature_failed", at(40), at(55))],
            "scd": [trouble("off", at(50), at(51))],
            "sht": [trouble("off", at(30), at(32))],
        }
        cadence = {"pm": 45, "pm-steady": 10, "sds": 45, "sds-period": 60, "late-wind": 2, "late-air": 3, "prompt": 2,
                   "far": 2, "bme": 2, "bme-b": 5, "bme-dry": 5, "scd": 5, "sht": 2}
        scene = scenario(troubles, 0)
        emulated = World(scene)
        self.addCleanup(emulated.end)
        paths = {**emulated.ready["ports"], "tcp": emulated.ready["modbus_tcp"]["far"]}
        running = Gateway(self.directory, configuration(self.directory, paths, cadence, self.broker.port),
                          emulated.ready["environment"])
        start = time.time()
        running.start()
        self.addCleanup(running.end)

        def values_of(sensor):
            return sum(record.get("pm2_5") is not None for record in self.records().get(sensor, ()))
        until(lambda: time.time() > at(120) and values_of("pm") >= 3 and values_of("sds") >= 2, 200, "three cycles",
              progress=lambda: values_of("pm"))
        end = time.time()
        self.wait_for_all(running)
        running.stop()
        running.process = None
        sensors = sensors_of(scene, cadence)
        judge = self.judged(Judge(scene, sensors, start, end))
        self.conclude(judge, running, f"{end - start:.0f} s of real time", 1000)

    def test_the_judge_finds_what_is_wrong(self):
        """Each of these in a good run is found; nothing is in the run itself."""
        scene = scenario({"late": [trouble("late", START + 600, START + 1200, least_s=0.1, most_s=3)]}, 0)
        sensors = [one for one in sensors_of(scene, {"pm": 600, "late-air": 120, "bme": 60})]
        end = START + 3600

        def record(sensor, number, moment):
            shown = {name: round(truth_at(VALUES[value], moment), 3) for name, (value, _) in sensor.shows.items()}
            return {"sensor": sensor.id, "seq": number, "epoch": "e", "ts": round(1000 * moment),
                    "time": text_of(moment), "flag": 1, "meta": 1, **shown}
        good = {one.id: [record(one, number, START + (number + 1) * one.every)
                         for number in range(int(3600 / one.every))] for one in sensors}

        def complaints_after(change):
            changed, ledger, events = copy.deepcopy(good), [], []
            change(changed, ledger, events)
            judge = Judge(scene, sensors, START, end)
            judge.look_at_all(changed, ledger)
            judge.look_at_events(events)
            return judge.complaints

        def null(sensor, number, quantity, reason):
            return lambda records, ledger, events: records[sensor][number].update(
                {quantity: None, "faults": {quantity: reason}})
        counter = Sensor("late-wind", {"troubles": [trouble("off", START + 8 * HOUR, START + 8 * HOUR + 40)]}, 120,
                         {"rain_total": STATION["rain_total"]})
        judge = Judge(scene, [counter], START, START + 10 * HOUR)
        for hours, value, is_right in ((1, 0, True), (7, 1.5, True), (7.9, 3.9, True), (7.9, 0, False), (8.1, 4.1, False),
                                       (8.1, 0.2, True), (9, 1.9, True), (9, 5.9, False), (9, -2.2, False)):
            self.assertEqual(judge.is_right(counter, "rain_total", value, START + hours * HOUR), is_right, (hours, value))
        lost = {"event": "sensor_lost", "subject": "late-air", "message": "", "ts": 1000 * (START + 700)}
        gap = {"stream": "sensor/bme", "cause": "no_response", "start": text_of(START + 60), "end": text_of(START + 90),
               "count": 1}
        self.assertEqual(complaints_after(lambda *_: None), [])
        self.assertEqual(complaints_after(null("late-air", 6, "noise", "no_response")), [])
        for wrong in (
                lambda records, ledger, events: records["bme"][5].update(pressure=771.0),
                lambda records, ledger, events: records["late-air"][6].update(noise=records["late-air"][6]["humidity"]),
                lambda records, ledger, events: records["pm"][2].update(pm2_5=0.1 * records["pm"][2]["pm2_5"] - 1.1),
                null("bme", 5, "pressure", "sensor_fault"), null("late-air", 25, "noise", "no_response"),
                null("pm", 3, "pm2_5", "warming_up"), null("late-air", 6, "noise", None),
                lambda records, ledger, events: records["bme"].__delitem__(slice(5, 20)),
                lambda records, ledger, events: ledger.append(gap), lambda records, ledger, events: events.append(lost)):
            self.assertNotEqual(complaints_after(wrong), [])


if __name__ == "__main__":
    DeviceWeek.device_week = os.path.abspath(sys.argv.pop(3))
    gateway.main()
