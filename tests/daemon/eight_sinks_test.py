# SPDX-License-Identifier: Apache-2.0
"""Eight sinks, of which one is down for a rehearsed week, is renamed and comes back: the seven others get
every record once and in time, the memory stays as it was, and the eighth catches up without a hole. All but
the eighth go to one broker, where each record therefore comes seven times. Values are made up."""

import collections
import json
import os
import struct
import sys
from datetime import datetime, timedelta, timezone

import gateway
from gateway import HERE, until

sys.path.insert(0, os.path.join(HERE, "..", "world"))
from collocation import crc  # noqa: E402

START = datetime(2023, 10, 15, 0, 1, tzinfo=timezone.utc)
HOUR = timedelta(hours=1)
MINUTES = 2  # between two samples
BEFORE, WEEK = 6, 168  # hours
OTHERS = [f"s{number}" for number in range(1, 8)]


def text_of(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


class EightSinks(gateway.GatewayTest):
    def setUp(self):
        super().setUp()
        directory = os.path.join(self.directory, "away")
        os.mkdir(directory)
        self.away = gateway.Broker(directory)
        self.addCleanup(self.away.stop)
        self.there = gateway.Subscriber(self.away.port)
        self.addCleanup(self.there.end)
        self.gateway.configuration["sinks"].append(
            {"id": "eighth", "mqtt": f"mqtt://127.0.0.1:{self.away.port}", "start_at": "oldest"})
        self.gateway.write(self.gateway.configuration)

    def configuration(self):
        configuration = self.base_configuration()
        sink, = configuration["sinks"]
        configuration["sinks"] = [{**sink, "id": name} for name in OTHERS]
        return configuration

    def keys(self, subscriber):
        """How often each record came."""
        return collections.Counter(
            (topic, record["epoch"], record["seq"]) for topic, payload in list(subscriber.heard)
            if payload and topic.rsplit("/", 1)[1] in ("obs", "hour", "event", "ledger") for record in json.loads(payload))

    def stored(self):
        rows = []
        for stream in sorted(self.gateway.streams()):
            is_obs = "/" in stream and not stream.endswith("/hour")
            rows += [(f"twinsky/v1/test/{stream}{'/obs' if is_obs else ''}", row["epoch"], row["seq"])
                     for row in self.gateway.export(stream)]
        return rows

    def memory_kb(self):
        with open(f"/proc/{self.gateway.process.pid}/smaps_rollup", encoding="ascii") as file:
            return sum(int(line.split()[1]) for line in file if line.startswith("Private_"))


class OneIsAway(EightSinks):
    def configuration(self):
        self.write("map.json", json.dumps({
            "device": "a sensor", "source": "made for this test", "function": 4,
            "registers": [{"quantity": "pm2_5", "register": 0, "type": "u16", "scale": 0.1}]}))
        configuration = super().configuration()
        configuration["store"]["commit_every"] = "1min"
        return {**configuration, "buses": {"recorded": {"recorded": os.path.join(self.directory, "sensor.json")}},
                "sensors": [{"id": "air", "driver": "modbus", "bus": "recorded", "every": f"{MINUTES}min",
                             "map": os.path.join(self.directory, "map.json")}]}

    def write(self, name, text):
        with open(os.path.join(self.directory, name), "w", encoding="utf-8") as file:
            file.write(text)

    def rehearse(self, first, end, progress=lambda: None):
        """Those hours."""
        request = crc(struct.pack(">BBHH", 1, 4, 0, 1)).hex()
        answers = [crc(struct.pack(">BBBH", 1, 4, 2, 100 + number % 300)).hex()
                   for number in range((end - first) * 60 // MINUTES + 60)]
        self.write("sensor.json", json.dumps({"driver": "modbus", "transport": "modbus", "cases": [
            {"name": "", "request_hex": request, "rx_hex": answer} for answer in answers]}))

        def heard():
            progress()
            return len(self.subscriber.heard)
        self.gateway.rehearse(text_of(START + first * HOUR), text_of(START + end * HOUR), progress=heard)

    def assert_all_have(self, times, subscriber):
        """Each record of the store so often, and nothing else."""
        rows = set(self.stored())

        def has_all():
            found = self.keys(subscriber)
            return all(found[key] >= times for key in rows)
        until(has_all, 60, "all of it arrived", lambda: len(subscriber.heard))
        found = self.keys(subscriber)
        self.assertEqual({key: found[key] for key in rows if found[key] != times}, {})
        return len(rows)

    def test_a_week_without_the_eighth_costs_the_others_nothing_and_itself_no_record(self):
        self.rehearse(0, BEFORE)
        self.assert_all_have(len(OTHERS), self.subscriber)
        self.assert_all_have(1, self.there)
        self.gateway.stop()
        self.away.stop()

        memory = []
        self.rehearse(BEFORE, BEFORE + WEEK, lambda: memory.append(self.memory_kb()))
        rows = self.assert_all_have(len(OTHERS), self.subscriber)
        self.assertGreater(rows, WEEK * 60 / MINUTES)
        third = len(memory) // 3
        self.assertGreater(third, 20)
        before, after = sorted(memory[third // 2:third]), sorted(memory[-third // 2:])
        self.assertLess(after[len(after) // 2] - before[len(before) // 2], 2000, f"kB: {memory[::third // 4]}")

        # Another name, while it is away.
        changed = json.loads(json.dumps(self.gateway.configuration))
        changed["sinks"][-1].update({"id": "city", "was": "eighth"})
        self.gateway.write(changed)
        until(lambda: "sink_renamed" in [row["event"] for row in self.gateway.export("event")], 20, "it is renamed")
        self.away.start()
        rows = self.assert_all_have(1, self.there)
        self.assertGreater(rows, WEEK * 60 / MINUTES)
        self.assert_all_have(len(OTHERS), self.subscriber)
        self.assertEqual([row for row in self.gateway.export("ledger") if "sink" in row], [])


class TheOthersAreInTime(EightSinks):
    scenario = {"about": "SYNTHETIC: four sensors that speak each second", "values": gateway.VALUES,
                "devices": [{"name": f"d{number}", "kind": "sds011"} for number in range(4)]}

    def configuration(self):
        configuration = super().configuration()
        for device in self.scenario["devices"]:
            name = device["name"]
            configuration["buses"][name] = {"serial": self.world.ready["ports"][name]}
            configuration["sensors"].append({"id": name, "driver": "sds011", "bus": name})
        return configuration

    def test_while_the_eighth_is_away_and_while_it_comes_back(self):
        self.away.stop()
        self.gateway.start()
        late = []
        until(lambda: self.hear(late) > 800, 120, "records come", lambda: len(late))
        self.away.start()
        # Of the same sensor: a busy machine reads one less often than another.
        until(lambda: self.hear(late) and len(self.subscriber.records("sensor/d3")) // len(OTHERS) <=
              len(self.there.records("sensor/d3")), 90, "it has caught up")
        until(lambda: self.hear(late) > 1200, 60, "records come", lambda: len(late))
        late.sort()
        # The commit is every 200 ms; what a busy machine adds to a few of them is no matter of sinks.
        self.assertLess(late[len(late) * 9 // 10], 1.0, late[::100])

    def hear(self, late):
        """How late each record was, in seconds, in the order of arrival."""
        moment = datetime.now(timezone.utc).timestamp()
        heard = [record["ts"] / 1000 for topic, payload in list(self.subscriber.heard) if topic.endswith("/obs")
                 for record in json.loads(payload)]
        late += [moment - measured for measured in heard[len(late):]]
        return len(late)


if __name__ == "__main__":
    gateway.main()
