#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A week of both cities through the whole daemon, which rehearses it: late, missing, repeated,
revised, renamed and broken answers, and a restart. What the agencies showed is asked of the world
again afterwards, at the same moments.
Usage: week_test.py TWINSKY WORLD [test …]"""

import email.utils
import json
import os
import urllib.request
import xml.etree.ElementTree as xml
from collections import defaultdict
from datetime import datetime, timedelta, timezone

import gateway
from gateway import HERE

START = datetime(2026, 11, 15, 0, 20, tzinfo=timezone.utc)
MIDDLE = START + timedelta(hours=50)
END = START + timedelta(hours=168)
HOUR = timedelta(hours=1)
REFERENCE = os.path.join(HERE, "..", "..", "config", "reference")

# State of both agencies, in hours of the week, and what the gateway calls it.
SPELLS = [("late", 12, 12.6, ""), ("html", 60.1, 61.6, "html"), ("truncated", 66.1, 66.9, "truncated"),
          ("empty", 72.1, 73.1, "empty"), ("503", 78.1, 79.3, "http_error"),
          ("strange", 84.1, 85, "grammar_changed"), ("gone", 90.1, 93.6, "unreachable"),
          ("stale", 100, 105.2, "stale"), ("cut", 118.1, 118.9, "truncated")]
AGENCIES = {"hk-epd": ("24pc", "24aqhi"), "cn-cnemc": ("sites",)}


def hour(number):
    return START.replace(minute=0) + number * HOUR


def text_of(time):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def scenario():
    with open(os.path.join(HERE, "..", "world", "two-cities-day.json"), encoding="utf-8") as file:
        day = json.load(file)
    week = {key: value for key, value in day.items() if key in ("about", "values", "hk-epd", "cn-cnemc")}
    station = {one["name"]: one for agency in AGENCIES for one in week[agency]}
    # One value is changed and changed back, one row comes late, two stations get other names.
    station["Mong Kok"]["revisions"] = [
        {"of": "no2", "hour_end": text_of(hour(30)), "plus": 1.5, "from": text_of(hour(33)), "to": text_of(hour(37))}]
    station["Central/Western"]["late_rows"] = [{"hour_end": text_of(hour(20)), "from": text_of(hour(23))}]
    station["Tap Mun"]["renamed"] = {"name": "Tap Mun Island", "from": text_of(hour(48))}
    station["普陀"]["renamed"] = {"name": "普陀新", "from": text_of(hour(48))}
    week["spells"] = [{"agency": agency, "state": state, "from": text_of(hour(start)), "to": text_of(hour(end))}
                      for agency in AGENCIES for state, start, end, _ in SPELLS]
    return week


def known_ids():
    """The ids of the shipped registry by what the agencies print: names there, codes in Shanghai."""
    ids = {}
    for city in ("hongkong", "shanghai"):
        with open(os.path.join(REFERENCE, city + ".json"), encoding="utf-8") as file:
            for one in [one for feed in json.load(file)["feeds"].values() for one in feed["stations"]]:
                if one["kind"] != "district":  # a place of its own, with the name of a station
                    ids[one["en"]] = one["id"]
    return ids


class Week(gateway.GatewayTest):
    scenario = scenario()

    def configuration(self):
        near = {"base": self.world.ready["feeds"]["hk-epd"], "allow_private_addresses": True}
        configuration = self.base_configuration()
        configuration["store"]["commit_every"] = "1min"
        configuration["sinks"][0]["redistribute"] = ["cn-cnemc"]
        return {**configuration, "feeds": [
            {"feed": "hk-epd", "documents": ["24pc", "24aqhi"], **near},
            {"feed": "cn-cnemc", "terms_accepted": True, **near}]}

    def rehearse(self, start, end):
        self.gateway.rehearse(text_of(start), text_of(end),
                              progress=lambda: os.path.getsize(self.world.path("w/requests")))
        self.gateway.stop()

    def asked(self):
        """What the gateway asked: time, agency, state, status, address."""
        with open(self.world.path("w/requests"), encoding="utf-8") as file:
            for line in file:
                time, *others = line.split()
                yield (datetime.fromisoformat(time.replace("Z", "+00:00")), *others)

    def document(self, address, time):
        request = urllib.request.Request(self.world.ready["feeds"]["hk-epd"] + address,
                                         headers={"Rehearsal-Time": text_of(time)})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.read().decode()

    @staticmethod
    def cells(address, body):
        """(stream, quantity, end of the hour, printed text) of a document."""
        ids = known_ids()
        if "CityData" in address:
            for site in json.loads(body):
                end = datetime.fromisoformat(site["TimePoint"] + "+08:00")
                yield "ref/cn-cnemc/" + site["StationCode"].lower(), "pm2_5", end, site["PM2_5"]
            return
        element, quantity = ("NO2", "no2") if "24pc" in address else ("aqhi", "aqhi")
        for row in xml.fromstring(body):
            name = row.findtext("StationName")
            if name is None:
                continue
            end = email.utils.parsedate_to_datetime(row.findtext("DateTime"))
            name_id = ids.get(name) or name.lower().replace(" ", "-").replace("/", "-")
            yield "ref/hk-epd/" + name_id, quantity, end, row.findtext(element)

    def shown(self, asked):
        """By stream, quantity and hour: the texts that were served, each time that it was another."""
        texts, bodies = defaultdict(list), {}
        for time, agency, state, status, address in asked:
            if state not in ("good", "late", "stale") or status == "0":
                continue
            body = self.document(address, time)
            if bodies.get(address) == body:
                continue
            bodies[address] = body
            for stream, quantity, end, text in self.cells(address, body):
                key = (stream, quantity, end.astimezone(timezone.utc))
                if texts[key][-1:] != [text]:
                    texts[key].append(text)
        return texts

    def kept(self, streams):
        """The same from the store: {revision: text}; fails when a revision is there twice."""
        found = defaultdict(dict)
        for stream in streams:
            for record in self.gateway.export(stream):
                end = datetime.fromisoformat(record["end"].replace("Z", "+00:00"))
                start = datetime.fromisoformat(record["start"].replace("Z", "+00:00"))
                self.assertEqual(end - start, HOUR, record)
                for quantity in {"no2", "aqhi"} if "hk-epd" in stream else {"pm2_5"}:
                    if quantity not in record:
                        continue
                    value = record[quantity]
                    printed = record.get("text", {}).get(quantity, value)
                    revisions = found[stream, quantity, end]
                    self.assertNotIn(record["revision"], revisions, record)
                    revisions[record["revision"]] = printed
        return found

    def test_every_published_hour_is_kept_once_per_revision(self):
        self.rehearse(START, MIDDLE)
        self.rehearse(MIDDLE, END)
        asked = list(self.asked())
        shown = self.shown(asked)
        kept = self.kept(sorted({stream for stream, _, _ in shown}))
        self.assertGreater(len(shown), 168 * 2 * 18)
        self.assertEqual(set(kept), set(shown))
        for key, texts in shown.items():
            revisions = [kept[key][revision] for revision in sorted(kept[key])]
            self.assertEqual(len(revisions), len(texts), key)
            self.assertEqual(sorted(kept[key]), list(range(1, len(texts) + 1)), key)
            for ours, printed in zip(revisions, texts):
                is_number = printed[0].isdigit() and not printed.endswith("+")
                self.assertEqual(float(ours) if is_number else ours, float(printed) if is_number else printed, key)
        self.assertEqual(len(kept["ref/hk-epd/mong-kok", "no2", hour(30)]), 3)
        self.assertIn(("ref/hk-epd/tap-mun-island", "no2", hour(60)), kept)

        # Whatever an agency shows for a day is complete, through every outage; what it shows for an
        # hour is lost only where it could not be had in that hour.
        for number in range(-23, 167):
            for station in ("mong-kok", "central-western"):
                for quantity in ("no2", "aqhi"):
                    self.assertIn((f"ref/hk-epd/{station}", quantity, hour(number)), kept)
        for number in range(0, 167):
            troubled = any(state != "late" and start < number + 1 and end > number
                           for state, start, end, _ in SPELLS)
            self.assertTrue(troubled or ("ref/cn-cnemc/1141a", "pm2_5", hour(number)) in kept, number)

        self.check_ledger(kept)
        self.check_failures()
        self.check_requests(asked)

    def check_ledger(self, kept):
        """Every hour that was never had is in it, and nothing else."""
        site, missed = "ref/cn-cnemc/1141a", set()
        for row in self.gateway.export("ledger"):
            if row["cause"] == "station_missing":
                self.assertEqual(row["stream"], "ref/hk-epd/tap-mun", row)  # it got another name
                continue
            self.assertTrue(row["stream"].startswith("ref/cn-cnemc/"), row)
            if row["stream"] == site:
                start, end = (datetime.fromisoformat(row[key].replace("Z", "+00:00")) for key in ("start", "end"))
                self.assertEqual(row["count"], (end - start) // HOUR, row)
                missed.update(start + (number + 1) * HOUR for number in range(row["count"]))
        ends = [end for stream, _, end in kept if stream == site]
        between = (min(ends) + number * HOUR for number in range((max(ends) - min(ends)) // HOUR))
        self.assertEqual(missed, {end for end in between if end not in ends})
        self.assertTrue(missed)

    def check_failures(self):
        told = defaultdict(list)
        for record in self.gateway.export("event"):
            if record["event"] == "feed_lost":
                document, fault = record["message"].split(": ")[:2]
                told[record["subject"], document].append(fault)
        missing = [record["subject"] for record in self.gateway.export("event") if record["event"] == "station_missing"]
        self.assertEqual(missing, ["hk-epd/tap-mun"])  # and not once more after the restart
        expected = [fault for _, _, _, fault in SPELLS if fault]
        for agency, documents in AGENCIES.items():
            for document in documents:
                self.assertEqual(told[agency, document], expected, (agency, document))

    def check_requests(self, asked):
        by_address = defaultdict(lambda: defaultdict(int))
        for time, _, _, _, address in asked:
            by_address[address][(time - hour(0)) // HOUR] += 1
        self.assertEqual(len(by_address), 3)
        for address, by_hour in by_address.items():
            self.assertLessEqual(sum(by_hour.values()), 168 + 60, address)
            for number, count in by_hour.items():
                quiet = not any(number + 1 > start and number < end + 1 for _, start, end, _ in SPELLS)
                begins = number in (0, 50)
                self.assertLessEqual(count, 1 if quiet and not begins else 8, (address, number))


if __name__ == "__main__":
    gateway.main()
