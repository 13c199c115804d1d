# SPDX-License-Identifier: Apache-2.0
"""An hour of a sensor's records in the formats of others' platforms, over HTTP and MQTT: what independent readers make
of them is what the store has. Values are made up."""

import csv
import io
import json
import os
import re
import sys
from datetime import datetime, timezone

import gateway
from gateway import HERE, Subscriber, until
from http_test import NEXT, Posting

sys.path.insert(0, os.path.join(HERE, "..", "world"))
import senml  # noqa: E402

FACTOR = {"temperature": ("Cel", 1), "pm2_5": ("kg/m3", 10 ** 9)}


def line_of(line):
    """(measurement, tags, fields, time) of a line of InfluxDB's protocol, with the types of its fields."""
    head, fields, time = re.fullmatch(r"((?:\\.|[^ \\])+) ((?:\"(?:\\.|[^\"\\])*\"|[^ \"])+) (-?[0-9]+)", line).groups()
    measurement, *tags = re.split(r"(?<!\\),", head)
    tags = dict(tag.split("=", 1) for tag in tags)
    assert list(tags) == sorted(tags), line

    def value_of(text):
        if text[0] == '"':
            return text[1:-1]
        if text in ("true", "false"):
            return text == "true"
        return int(text[:-1]) if re.fullmatch(r"-?[0-9]+i", text) else float(text)
    found = [field.split("=", 1) for field in re.findall(r'[^,=]+=(?:"[^"]*"|[^,]+)', fields)]
    assert ",".join("=".join(field) for field in found) == fields, line
    return measurement, tags, {name: value_of(text) for name, text in found}, int(time)


class Formats(Posting):
    def sinks(self):
        return [self.over_http("influx", "/write?precision=ms", format="influx", precision="ms"),
                self.over_http("senml-json", "/json", format="senml"),
                self.over_http("fiware", "", format="fiware", latitude=22.3226, longitude=114.1683),
                self.over_http("wis2", "/wis2", format="wis2", wigos_id="0-344-0-MKROOF", latitude=22.3226, longitude=114.1683,
                               station_height_m=7),
                self.over_http("senml-cbor", "/cbor", format="senml", encoding="cbor"),
                {"id": "things", "mqtt": f"mqtt://127.0.0.1:{self.broker.port}", "format": "thingsboard"}]

    def kept(self, path):
        return [(body, headers["content-type"]) for at, body, headers in self.platform.messages() if at == path]

    def influx(self):
        found = {}
        for body, kind in self.kept("/write?precision=ms"):
            self.assertEqual(kind, "text/plain; charset=utf-8")
            for line in body.decode().splitlines():
                measurement, tags, fields, time = line_of(line)
                self.assertEqual((measurement, tags), ("air", {"gateway": "test", "sensor": "roof-air"}))
                self.assertEqual({type(fields[name]) for name in ("seq", "flag", "pm2_5_flag")}, {int})
                for name in FACTOR:
                    self.assertIsInstance(fields.get(name, 0.0), float)
                found[fields["epoch"], fields["seq"]] = {**{name: fields[name] for name in FACTOR if name in fields}, "ts": time,
                                                         "flag": fields["flag"],
                                                         "flags": {name: fields[name + "_flag"] for name in FACTOR}}
        return found

    def senml(self, path):
        found = {}
        for body, kind in self.kept(path):
            entry, unseen = {"flags": dict.fromkeys(FACTOR, 1)}, None
            for name, time, unit, value in senml.resolved(body, kind):
                self.assertTrue(name.startswith("test/sensor/roof-air/"), name)
                name = name.rpartition("/")[2]
                self.assertTrue(unseen is None or unseen == time, "one time in a record")
                unseen, entry["ts"] = time, int(time * 1000)
                if name in FACTOR:
                    self.assertEqual(unit, FACTOR[name][0])
                    entry[name] = float(value * FACTOR[name][1])
                elif name.endswith("_flag"):
                    entry["flags"][name.removesuffix("_flag")] = value
                else:
                    entry[name] = value
                if name == "epoch":  # the last of each
                    found[entry.pop("epoch"), entry.pop("seq")] = entry
                    entry, unseen = {"flags": dict.fromkeys(FACTOR, 1)}, None
        return found

    def things(self):
        found = {}
        for topic, payload in list(self.listener.heard):
            self.assertEqual(topic, "v1/gateway/telemetry")
            (device, rows), = json.loads(payload).items()
            self.assertEqual(device, "test/sensor/roof-air")
            for row in rows:
                values = row["values"]
                found[values["epoch"], values["seq"]] = {
                    **{name: values[name] for name in FACTOR if name in values}, "ts": row["ts"], "flag": values["flag"],
                    "flags": {name: values[name + "_flag"] for name in FACTOR}}
        return found

    def fiware(self):
        """As a context broker has it: what comes again under an id takes its place."""
        found = {}
        for body, kind in self.kept("/v2/op/update"):
            self.assertEqual(kind, "application/json")
            said = json.loads(body)
            self.assertEqual(said["actionType"], "append")
            for entity in said["entities"]:
                kind, gateway_id, sensor, epoch, seq = entity["id"].removeprefix("urn:ngsi-ld:").split(":")
                self.assertEqual((entity["type"], kind, gateway_id, sensor), ("AirQualityObserved", kind, "test", "roof-air"))
                self.assertEqual(entity["location"]["value"], {"type": "Point", "coordinates": [114.1683, 22.3226]})
                self.assertEqual(entity["pm25"]["metadata"]["unitCode"]["value"], "GQ")
                time = datetime.fromisoformat(entity["dateObserved"]["value"].replace("Z", "+00:00"))
                found[epoch, int(seq)] = {"pm2_5": entity["pm25"]["value"], "temperature": entity["temperature"]["value"],
                                          "ts": round(time.timestamp() * 1000)}
        return found

    def rows(self):
        """(time, kelvin) of every row for the WMO, which are told apart by nothing else."""
        found = []
        for body, kind in self.kept("/wis2"):
            self.assertEqual(kind, "text/csv; charset=utf-8")
            for row in csv.DictReader(io.StringIO(body.decode())):
                self.assertEqual(len(row), 44)
                self.assertEqual([row[name] for name in ("wsi_series", "wsi_issuer", "wsi_issue_number", "wsi_local")],
                                 ["0", "344", "0", "MKROOF"])
                time = datetime(*(int(row[name]) for name in ("year", "month", "day", "hour", "minute")), tzinfo=timezone.utc)
                found.append((time.timestamp(), row["air_temperature"]))
        return found

    def test_every_format_says_what_the_store_has(self):
        self.listener = Subscriber(self.broker.port, "v1/gateway/#", "things")
        self.addCleanup(self.listener.end)
        self.rehearse(NEXT)
        stored = {(row["epoch"], row["seq"]): {
            **{name: row[name] for name in FACTOR if row[name] is not None}, "ts": row["ts"], "flag": row["flag"],
            "flags": {name: row.get("flags", {}).get(name, 1) for name in FACTOR}}
            for row in self.gateway.export("sensor/roof-air")}
        self.assertGreater(len(stored), 700)
        self.assertGreater(len({row["flag"] for row in stored.values()}), 0)
        for name, found in (("line protocol", self.influx), ("SenML, JSON", lambda: self.senml("/json")),
                            ("SenML, CBOR", lambda: self.senml("/cbor")), ("ThingsBoard", self.things), ("FIWARE", self.fiware)):
            with self.subTest(name):
                until(lambda found=found: found().keys() >= stored.keys(), 30, f"all is there as {name}",
                      lambda: (len(self.platform.messages()), len(self.listener.heard)))
                came = found()
                for key, row in stored.items():
                    self.assertEqual(came[key], {name: row[name] for name in came[key]}, key)
                self.assertGreaterEqual(came[next(iter(stored))].keys(), {*FACTOR, "ts"})
        with self.subTest("WIS 2.0"):
            wanted = [(row["ts"] // 60_000 * 60, f"{row['temperature'] + 273.15:.2f}" if row["flags"]["temperature"] < 3 else "")
                      for row in stored.values()]
            until(lambda: len(self.rows()) >= len(wanted), 30, "all rows are there", lambda: len(self.platform.messages()))
            for came, row in zip(self.rows(), wanted):
                self.assertEqual(came, row)


if __name__ == "__main__":
    gateway.main()
