#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Both cities' feeds through the whole daemon: official values, indices, warnings.
Usage: indices_test.py TWINSKY WORLD [test …]"""

import email.utils
import json
import os
import sys
import urllib.parse
import urllib.request
import xml.etree.ElementTree as xml
from datetime import datetime, timedelta, timezone

import gateway
from gateway import HERE, until

sys.path.insert(0, os.path.join(HERE, "..", "world"))
import aqhi  # noqa: E402
import aqi  # noqa: E402

WORLD = os.path.join(HERE, "..", "world")
STATIONS = {"Mong Kok": "mong-kok", "Eastern": "eastern", "Tap Mun": "tap-mun",
            "Central/Western": "central-western", "North": "north"}


def scenario():
    with open(os.path.join(WORLD, "two-cities-day.json"), encoding="utf-8") as file:
        day = json.load(file)
    return {key: value for key, value in day.items() if key not in ("devices", "ports")}


class Indices(gateway.GatewayTest):
    scenario = scenario()

    def configuration(self):
        base = self.world.ready["feeds"]["hk-epd"]
        near = {"base": base, "allow_private_addresses": True}
        configuration = self.base_configuration()
        configuration["sinks"][0]["redistribute"] = ["cn-cnemc"]
        return {**configuration, "feeds": [
            {"feed": "hk-epd", "stations": sorted(STATIONS.values()), **near},
            {"feed": "hk-hko", "stations": ["kings-park"], **near},
            {"feed": "cn-cnemc", "terms_accepted": True, **near},
            {"feed": "metar", **near}]}

    def setUp(self):
        super().setUp()
        self.gateway.start()

    def get(self, path):
        with urllib.request.urlopen(self.world.ready["feeds"]["hk-epd"] + path, timeout=5) as answer:
            return answer.read().decode()

    def records(self, start):
        """Of all streams that begin so: {(subject, end): record}."""
        found = {}
        for stream in self.subscriber.streams():
            if stream.startswith(start):
                for record in self.subscriber.records(stream):
                    found[stream.removeprefix(start), record["end"]] = record
        return found

    @staticmethod
    def end_text(end):
        return end.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")

    def test_three_agree_on_the_index_of_hong_kong(self):
        until(lambda: len(self.records("index/hk-aqhi-2025/")) >= 22 * len(STATIONS), 30,
              "all indices that a day of concentrations gives")
        ours = self.records("index/hk-aqhi-2025/")
        independent = aqhi.indices(self.get("/epd/ddata/html/out/24pc_Eng.xml"))
        printed = {}
        for item in xml.fromstring(self.get("/epd/ddata/html/out/24aqhi_Eng.xml")).iter("item"):
            end = email.utils.parsedate_to_datetime(item.findtext("DateTime"))
            printed[item.findtext("StationName"), end] = item.findtext("aqhi")
        self.assertEqual(len(independent), 22 * 18)
        for place, (text, _) in independent.items():
            self.assertEqual(printed[place], text, place)
        compared = holes = 0
        for (name, end), (text, risk) in independent.items():
            record = ours.get((f"hk-epd--{STATIONS.get(name)}", self.end_text(end)))
            if record is None:
                self.assertTrue(name not in STATIONS or end >= max(end for _, end in independent))
                continue
            compared += 1
            self.assertEqual(record["start"], self.end_text(end - timedelta(hours=1)))
            if risk is None:
                holes += 1
                self.assertIsNone(record["aqhi"])
                self.assertEqual(record["flag"], 9)
                continue
            self.assertEqual(record.get("text", {}).get("aqhi", str(record["aqhi"])), text)
            self.assertAlmostEqual(record["added_risk_percent"], risk, delta=0.0101)
        self.assertGreaterEqual(compared, 21 * len(STATIONS))
        agreement = json.loads(until(lambda: self.subscriber.latest("hk-aqhi-2025/agreement"), 10,
                                     "the agreement"))
        self.assertEqual(agreement["share"], 1)
        self.assertGreaterEqual(agreement["compared"], 20 * len(STATIONS))
        self.assertFalse([record for record in self.subscriber.records("event")
                          if record["event"].startswith("index_")])

    def test_three_agree_on_the_index_of_shanghai(self):
        sites = json.loads(self.get("/CityData/GetAQIDataPublishLive?cityName="
                                    + urllib.parse.quote("上海市")))
        self.assertGreaterEqual(len(sites), 5)
        self.assertEqual(self.get("/CityData/GetAQIDataPublishLive?cityName=Shanghai"), "[]")
        until(lambda: len(self.records("index/cn-hj633-2026/")) >= len(sites), 20,
              "the indices of all sites")
        ours = self.records("index/cn-hj633-2026/")
        compared = 0
        for site in sites:
            value, parts = aqi.index(site)
            self.assertEqual(site["AQI"], "—" if value is None else str(value))
            end = datetime.fromisoformat(site["TimePoint"] + "+08:00")
            record = ours.get((f"cn-cnemc--{site['StationCode'].lower()}", self.end_text(end)))
            if record is None:  # an hour began between the two
                continue
            self.assertEqual(record["aqi"], value)
            self.assertEqual({name.upper(): part for name, part in record["parts"].items()}, parts)
            compared += 1
        self.assertGreater(compared, 0)

    def test_warnings_are_relayed_with_their_issuer(self):
        warnings = json.loads(until(lambda: self.subscriber.latest("ref/hk-hko/warnings"), 20,
                                    "the warnings"))
        self.assertEqual([(one["issuer"], one["code"]) for one in warnings],
                         [("Hong Kong Observatory", "WFIRE")])

    def test_health_tells_how_each_feed_is(self):
        def states():
            health = json.loads(self.subscriber.latest("/health") or "{}").get("feeds", {})
            return {feed: counters["state"] for feed, counters in health.items()}
        until(lambda: set(states().values()) == {"fresh"}, 20, "all feeds are fresh")
        self.assertEqual(set(states()), {"hk-epd", "hk-hko", "cn-cnemc", "metar"})

    def test_airports_report(self):
        for airport in ("vhhh", "zsss", "zspd"):
            stream = f"ref/metar/{airport}"
            until(lambda topic=stream: any("pressure_sea_level" in record for record
                                           in self.subscriber.records(topic)), 20, stream)

    def test_a_feed_removed_while_the_gateway_was_off_leaves_no_index_behind(self):
        ours = "index/hk-aqhi-2025/hk-epd--mong-kok/meta"
        for topic in (ours, "hk-aqhi-2025/agreement", "cn-cnemc--1141a/meta",
                      "cn-hj633-2026/agreement"):
            until(lambda ending=topic: self.subscriber.latest(ending), 30, topic)
        self.gateway.stop()
        configuration = self.configuration()
        configuration["feeds"] = [feed for feed in configuration["feeds"]
                                  if feed["feed"] != "hk-epd"]
        self.gateway.write(configuration)
        self.gateway.start()
        until(lambda: self.subscriber.latest(ours) == "", 20, "the index of the station is cleared")
        until(lambda: self.subscriber.latest("hk-aqhi-2025/agreement") == "", 20,
              "the agreement is cleared")
        late = gateway.Subscriber(self.broker.port, name="late")
        self.addCleanup(late.end)
        until(lambda: late.latest("index/cn-hj633-2026/cn-cnemc--1141a/meta"), 10, "what stays")
        until(lambda: late.latest("index/cn-hj633-2026/agreement"), 10, "what stays")
        self.assertFalse([topic for topic, _ in list(late.heard) if "/index/hk-aqhi" in topic])

    def test_records_and_meta_are_as_described(self):
        until(lambda: self.records("index/cn-hj633-2026/") and self.records("index/hk-aqhi-2025/"),
              20, "indices of both cities")
        meta = json.loads(until(lambda: self.subscriber.latest("ref/cn-cnemc/1141a/meta"), 10, "meta"))
        self.assertEqual((meta["label"], meta["zone"], meta["redistribution"],
                          meta["gas_reference_k"]), ("ending", "Asia/Shanghai", False, 298.15))
        self.assertIn("attribution", meta)


if __name__ == "__main__":
    gateway.main()
