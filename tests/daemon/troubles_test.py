#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A week of both cities through the whole daemon in which every answer of every agency is wrong in
some way. The agencies know what is true: no value that a subscriber, the store, an hour, an index, a
pair or a warning has is another, and each trouble is told once, as what it is.
Usage: troubles_test.py TWINSKY WORLD [test …]"""

import copy
import csv
import io
import json
import os
import re
import struct
import sys
from collections import Counter, defaultdict
from datetime import datetime, timedelta, timezone

import gateway
from agency import Agency, time_in
from gateway import HERE

sys.path.insert(0, os.path.join(HERE, "..", "world"))
import aqhi  # noqa: E402
import aqi  # noqa: E402
from collocation import crc  # noqa: E402

CHINA = timezone(timedelta(hours=8))
START = datetime(2026, 11, 15, 0, 20, tzinfo=timezone.utc)
END = START + timedelta(hours=167, minutes=30)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
SPELL = 4 * HOUR
# Loud ones and quiet ones take turns, so that each loud one begins where nothing was told of.
TROUBLES = ["columns", "sentinel", "station", "doubled", "cut", "impossible", "other", "contradiction", "empty",
            "ahead", "doubt", "past"]
PLACE = {"latitude": 22.3226, "longitude": 114.1683}  # Mong Kok
WRONG = "99.5"  # no station measures it, ever


def spell_of(now):
    return (now - START.replace(minute=0)) // SPELL


def trouble_of(now):
    return TROUBLES[spell_of(now) % len(TROUBLES)]


def text_of(moment):
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def floored(moment, length):
    since = moment - datetime(1970, 1, 1, tzinfo=timezone.utc)
    return moment - since % length


# ---- what is true --------------------------------------------------------------------------------

# Of each quantity the least value, the step and how often it changes; every place has values of its own.
TRUE = {"no2": (30, .5, HOUR), "o3": (60, .5, HOUR), "so2": (4, .5, HOUR), "co": (500, 10, HOUR), "pm10": (40, .5, HOUR),
        "pm2_5": (12, .5, HOUR), "temperature": (15, .5, 10 * MINUTE), "rain_1h": (2, 1, HOUR)}
AIRPORT = {"temperature": (12, 1, 30 * MINUTE), "dew_point": (2, 1, 30 * MINUTE),
           "pressure_sea_level": (1000, 1, 30 * MINUTE), "wind_speed": (4, 1, 30 * MINUTE)}
KNOT = 1852 / 3600
PER_PPB = {"hk-epd": {"no2": 1.9125, "o3": 1.9953, "so2": 2.6633, "co": 1.1644},
           "cn-cnemc": {"no2": 1.8804, "o3": 1.9619, "so2": 2.6186, "co": 1.1449}}


def true_value(feed, station, quantity, end):
    if (feed, quantity) == ("cn-cnemc", "co"):  # it prints tenths of a milligram
        return 500
    lowest, step, length = (AIRPORT if feed == "metar" else TRUE)[quantity]
    slot = (end - datetime(1970, 1, 1, tzinfo=timezone.utc)) // length
    return lowest + (slot * 7 + sum(map(ord, feed + station))) % 23 * step


def printed(feed, station, quantity, end):
    return f"{true_value(feed, station, quantity, end):.1f}"


def site(code, end):
    """A site's true record, as the platform prints it."""
    cells = {key: printed("cn-cnemc", code.lower(), quantity, end) for key, quantity in
             (("PM2_5", "pm2_5"), ("PM10", "pm10"), ("NO2", "no2"), ("SO2", "so2"), ("O3", "o3"))}
    return {"TimePoint": end.astimezone(CHINA).strftime("%Y-%m-%dT%H:%M:%S"), "Area": "上海市", "CityCode": "310000",
            "StationCode": code, **cells, "CO": "0.5"}


ELEMENTS = {"NO2": "no2", "O3": "o3", "SO2": "so2", "CO": "co", "PM10": "pm10", "PM2.5": "pm2_5"}


def true_index(station, end):
    hours = [{element: true_value("hk-epd", station, quantity, end - age * HOUR)
              for element, quantity in ELEMENTS.items()} for age in range(3)]
    return aqhi.index(hours, end)[0]


# ---- the agencies --------------------------------------------------------------------------------

def mail_stamp(end):
    return end.astimezone(CHINA).strftime("%a, %d %b %Y %H:%M:%S +0800")


def cut(body):
    return body[:len(body) * 3 // 5]


class Agencies:
    """They know the time, and nothing of the gateway."""

    def answer(self, path, query, now):
        kind = trouble_of(now)
        document = path.rsplit("/", 1)[-1]
        if document.startswith("24pc"):
            return self.indices(now, "") if kind == "other" else self.concentrations(now, kind)
        if document.startswith("24aqhi"):
            return self.concentrations(now, "") if kind == "other" else self.indices(now, kind)
        if document.startswith("latest_1min_temperature"):
            return self.table(now, kind)
        if query.get("dataType") == ["warnsum"]:
            # Whoever is silent for three hours has no warning any more.
            is_wrong = kind in ("cut", "other") and now - floored(now, SPELL) < 2 * HOUR
            return self.report(now, "") if is_wrong and kind == "other" else self.signal(is_wrong)
        if query.get("dataType") == ["rhrread"]:
            return self.report(now, kind)
        if "CityData" in path:
            return self.sites(now, kind)
        if "metar" in path:
            return self.airports(now, kind)
        return self.pages(now, kind, query)

    @staticmethod
    def is_cut(path, now):
        return trouble_of(now) == "cut"

    @staticmethod
    def row(name, end, cells):
        return (f"<PollutantConcentration><StationName>{name}</StationName><DateTime>{mail_stamp(end)}</DateTime>"
                + "".join(f"<{element}>{text}</{element}>" for element, text in cells.items())
                + "</PollutantConcentration>")

    def concentrations(self, now, kind):
        newest = floored(now - 20 * MINUTE, HOUR)
        names = {"sha-tin": "Sha Tin", "mong-kok": "Mongkok" if kind == "station" else "Mong Kok"}
        rows = []
        for end in (newest - age * HOUR for age in range(24)):
            for station, name in names.items():
                cells = {element: printed("hk-epd", station, quantity, end) for element, quantity in ELEMENTS.items()}
                is_newest = end == newest and station == "sha-tin"
                if is_newest and kind in ("sentinel", "doubt"):
                    cells.update({"NO2": "-9999", "PM2.5": "99999"})
                if is_newest and kind == "impossible":
                    cells.update({"NO2": "-361", "PM2.5": "2500.5"})
                if kind == "columns":
                    cells["RSP"], cells["FSP"] = cells.pop("PM10"), cells.pop("PM2.5")
                rows.append(self.row(name, end, cells))
                if is_newest and kind == "doubled":
                    rows.append(self.row(name, end, dict.fromkeys(ELEMENTS, "-")))
                if is_newest and kind == "contradiction":
                    rows.append(self.row(name, end, dict.fromkeys(ELEMENTS, WRONG)))
        for when in {"ahead": [newest + 30 * HOUR], "past": [newest.replace(year=1900), newest - 240 * HOUR]}.get(kind, []):
            rows.append(self.row("Sha Tin", when, dict.fromkeys(ELEMENTS, WRONG)))
        root = "AQHI24HrPollutantConcentration"
        body = f"<{root}>{'' if kind == 'empty' else ''.join(rows)}</{root}>"
        return cut(body) if kind == "cut" else body

    def indices(self, now, kind):
        newest = floored(now - 20 * MINUTE, HOUR)
        names = {"sha-tin": "Sha Tin", "mong-kok": "Mongkok" if kind == "station" else "Mong Kok"}

        def item(name, end, text, element="aqhi"):
            return (f"<item><StationName>{name}</StationName><DateTime>{mail_stamp(end)}</DateTime>"
                    f"<{element}>{text}</{element}></item>")
        rows = []
        for end in (newest - age * HOUR for age in range(24)):
            for station, name in names.items():
                is_newest = end == newest and station == "sha-tin"
                text = {"sentinel": "-999", "impossible": "12", "doubt": "*"}.get(kind) if is_newest else None
                rows.append(item(name, end, text or true_index(station, end), "index" if kind == "columns" else "aqhi"))
                if is_newest and kind in ("doubled", "contradiction"):
                    rows.append(item(name, end, "*" if kind == "doubled" else "10"))
        for when in {"ahead": [newest + 30 * HOUR], "past": [newest - 240 * HOUR]}.get(kind, []):
            rows.append(item("Sha Tin", when, "10"))
        body = f"<AQHI24HrReport>{'' if kind == 'empty' else ''.join(rows)}</AQHI24HrReport>"
        return cut(body) if kind == "cut" else body

    @staticmethod
    def table(now, kind):
        stamp = floored(now - 9 * MINUTE, 10 * MINUTE)

        def line(name, text, when=stamp):
            return f"{when.astimezone(CHINA).strftime('%Y%m%d%H%M')},{name},{text}\n"
        if kind == "other":
            return "Date time,Automatic Weather Station,10-Minute Mean Speed(km/hour)\n" + line("Sha Tin", WRONG)
        column = "Air Warmth(degree Celsius)" if kind == "columns" else "Air Temperature(degree Celsius)"
        body = f"Date time,Automatic Weather Station,{column}\n"
        if kind == "empty":
            return body
        true = {station: printed("hk-hko", station, "temperature", stamp) for station in ("kings-park", "sha-tin")}
        body += line("Kings Pk" if kind == "station" else "King's Park", true["kings-park"])
        body += line("Sha Tin", {"sentinel": "-999.9", "doubt": "N/A", "impossible": "315"}.get(kind, true["sha-tin"]))
        if kind in ("doubled", "contradiction"):
            body += line("Sha Tin", "N/A" if kind == "doubled" else WRONG)
        if kind in ("ahead", "past"):
            body += line("Sha Tin", WRONG, stamp + 30 * HOUR if kind == "ahead" else stamp - 240 * HOUR)
        return body[:-3] if kind == "cut" else body  # "Sha Tin,21" for 21.5

    @staticmethod
    def report(now, kind):
        end = floored(now, HOUR) + (30 * HOUR if kind == "ahead" else -240 * HOUR if kind == "past" else 0 * HOUR)
        if kind in ("empty", "other"):
            return "{}" if kind == "empty" else Agencies.signal(False)

        def stamp(when):
            return when.astimezone(CHINA).isoformat()
        true = printed("hk-hko", "hk-observatory", "temperature", end)
        value = {"sentinel": "-999", "doubt": "", "impossible": "315", "ahead": WRONG, "past": WRONG}.get(kind, true)
        places = [{"place": "Hong Kong Observatory", "value": value, "unit": "C"}]
        if kind == "station":
            places = [{"place": "Observatory Headquarters", "value": WRONG, "unit": "C"}]
        if kind in ("doubled", "contradiction"):
            places.append({**places[0], "value": "" if kind == "doubled" else WRONG})
        rain = WRONG if kind in ("ahead", "past") else true_value("hk-hko", "sha-tin-district", "rain_1h", end)
        body = json.dumps({
            "updateTime": stamp(end), "temperature": {"recordTime": stamp(end), "data": places}, "humidity": "",
            "rainfall": {"startTime": stamp(end - HOUR), "endTime": stamp(end),
                         "data": [{"unit": "mm", "place": "Sha Tin", "max": rain, "main": "FALSE"}]}})
        return cut(body) if kind == "cut" else body

    @staticmethod
    def signal(is_cut):
        body = json.dumps({"WTCSGNL": {"name": "Tropical Cyclone Warning Signal", "code": "TC8SE", "actionCode": "ISSUE",
                                       "issueTime": "2026-11-15T05:00:00+08:00"}})
        return cut(body) if is_cut else body

    @staticmethod
    def sites(now, kind):
        end = floored(now - 5 * MINUTE, HOUR)
        if kind in ("empty", "other"):
            return "[]" if kind == "empty" else json.dumps([{**site("1011A", end), "StationCode": "", "Area": "北京市",
                                                             "CityCode": "110000", "PM2_5": WRONG}])
        records = [site("1141A", end), site("1142A", end)]
        if kind == "station":
            records[0]["StationCode"] = "9141A"
        changes = {"sentinel": {"PM2_5": "-9999", "NO2": "99999"}, "doubt": {"PM2_5": "<3"},
                   "impossible": {"PM2_5": "2500", "NO2": "-361"}}.get(kind, {})
        records[1].update(changes)
        if kind == "columns":
            for record in records:
                record["PM25_X"] = record.pop("PM2_5")
        if kind in ("doubled", "contradiction"):
            other = "—" if kind == "doubled" else WRONG
            records.append({**records[1], **dict.fromkeys(("PM2_5", "PM10", "NO2", "SO2", "O3", "CO"), other)})
        if kind in ("ahead", "past"):
            when = end + 30 * HOUR if kind == "ahead" else end.replace(year=1900)
            records.append({**site("1142A", when), **dict.fromkeys(("PM2_5", "PM10", "NO2"), WRONG)})
        body = json.dumps(records)
        return cut(body) if kind == "cut" else body

    @staticmethod
    def airports(now, kind):
        newest = floored(now - 3 * MINUTE, 30 * MINUTE)

        def report(name, when):
            true = {quantity: true_value("metar", name.lower(), quantity, when) for quantity in AIRPORT}
            return (f"METAR {name} {when.strftime('%d%H%M')}Z 320{true['wind_speed']:02}KT 9999 "
                    f"{true['temperature']:02}/{true['dew_point']:02} Q{true['pressure_sea_level']}\n")
        if kind == "empty":
            return "METAR VHHH " + newest.strftime("%d%H%M") + "Z NIL=\n"
        if kind == "other":
            return f"TAF VHHH {newest.strftime('%d%H%M')}Z 1500/1606 36040KT CAVOK\n"
        body = ""
        for name in ("VHHH", "ZSPD"):
            for when in (newest - age * 30 * MINUTE for age in range(4)):
                line = report(name, when)
                if when == newest and name == "ZSPD":
                    words = line.split()
                    if kind in ("sentinel", "doubt", "columns"):  # strokes where a value belongs
                        words[3], words[6] = "/////KT" if kind == "columns" else "/////", "Q////"
                    if kind == "impossible":
                        words[5] = "99/99"
                    if kind == "contradiction":  # a trend's wind, and the pressure of another report
                        words += ["FM0830", "12040KT", "Q0900"]
                    line = " ".join(words) + "\n"
                if not (kind == "station" and name == "ZSPD"):
                    body += line
        if kind == "doubled":
            body += f"METAR ZSPD {newest.strftime('%d%H%M')}Z NIL=\n"
        if kind in ("ahead", "past"):
            when = newest + 5 * HOUR if kind == "ahead" else newest - 240 * HOUR
            body += f"METAR VHHH {when.strftime('%d%H%M')}Z 12040KT 9999 39/39 Q0950\n"
        return body[:-9] if kind == "cut" else body

    @staticmethod
    def pages(now, kind, query):
        """Ten-minute means of the day that was asked for, fifty rows a page."""
        page = int(query.get("page", ["1"])[0])
        since = time_in(query["datetime_from"][0])
        newest = floored(now - 10 * MINUTE, 10 * MINUTE)

        def row(end, value, flagged=False, coverage=100):
            return {"value": value, "flagInfo": {"hasFlags": flagged}, "parameter": {"name": "pm25", "units": "µg/m³"},
                    "period": {"datetimeFrom": {"utc": text_of(end - 10 * MINUTE)}, "datetimeTo": {"utc": text_of(end)}},
                    "coverage": {"percentCoverage": coverage, "percentComplete": coverage}}
        if kind in ("empty", "other"):
            return json.dumps({"results": []} if kind == "empty" else {"detail": "Not Found"})
        rows, end = [], floored(since, 10 * MINUTE) + 10 * MINUTE
        while end <= newest:
            value = true_value("openaq", "roof-ref", "pm2_5", end)
            is_newest = end == newest
            if is_newest and kind in ("sentinel", "columns"):
                rows.append(row(end, -999))
            elif is_newest and kind == "impossible":
                rows.append(row(end, 5000))
            elif kind == "doubt" and newest - end < SPELL:
                rows.append(row(end, float(WRONG), flagged=end.minute % 20 == 0, coverage=100 if end.minute % 20 == 0 else 8))
            else:
                rows.append(row(end, value))
            if is_newest and kind in ("doubled", "contradiction"):
                rows.append(row(end, None if kind == "doubled" else float(WRONG)))
            end += 10 * MINUTE
        if kind in ("ahead", "past"):
            rows.append(row(newest + 30 * HOUR if kind == "ahead" else newest - 240 * HOUR, float(WRONG)))
        body = json.dumps({"meta": {"page": page, "limit": 50, "found": len(rows)},
                           "results": rows[(page - 1) * 50:page * 50]})
        return cut(body) if kind == "cut" else body


# ---- the judge -----------------------------------------------------------------------------------

class Judge:
    """Collects what is wrong."""

    def __init__(self):
        self.wrong = []
        self.counts = defaultdict(int)

    def value(self, what, found, true, tolerance=1e-6):
        self.counts[what.split()[0]] += 1
        if true is None or abs(found - true) > tolerance:
            self.wrong.append(f"{what}: {found}, in truth {true}")

    def official(self, stream, record):
        """A record of a station: what is not in doubt is true, what is in doubt says why."""
        _, feed, station = stream.split("/")
        end = time_in(record["end"])
        for quantity, found in record.items():
            mass = quantity.removesuffix("_ppb").removesuffix("_ppm")
            if mass not in {**TRUE, **AIRPORT, "aqhi": 0, "wind_gust": 0} or found is None:
                continue
            what = f"obs {stream} {quantity} {record['end']}"
            flag = record.get("flags", {}).get(quantity, record["flag"] if record["flag"] in (3, 4) else 2)
            reason = record.get("reasons", {}).get(quantity)
            if flag in (3, 4):
                self.counts["doubted"] += 1
                if reason not in {3: ("source", "coverage"), 4: ("range",)}[flag]:
                    self.wrong.append(f"{what}: flag {flag} with reason {reason}")
                continue
            if quantity == "aqhi":
                self.value(what, found, int(true_index(station, end)))
            elif mass != quantity:
                per_ppb = PER_PPB[feed][mass] * (1000 if quantity.endswith("_ppm") else 1)
                self.value(what, found, true_value(feed, station, mass, end) / per_ppb, 0.06)
            elif feed == "metar" and quantity == "wind_speed":
                self.value(what, found, true_value(feed, station, quantity, end) * KNOT, 0.01)
            else:
                self.value(what, found, true_value(feed, station, quantity, end), 0.051)

    def index(self, stream, records):
        """The last revision of each hour is that of the true values; earlier ones lack inputs, and are no farther from
        it than one. Nobody can be sure of an hour of which the agency had no whole answer."""
        feed, station = stream.split("/")[2].split("--")
        newest = {record["end"]: record for record in records}
        for record in records:
            end = time_in(record["end"])
            found = record["aqhi"] if feed == "hk-epd" else record["aqi"]
            if found is None:
                continue
            true = int(true_index(station, end)) if feed == "hk-epd" else aqi.index(site(station.upper(), end))[0]
            is_last = record is newest[record["end"]]
            self.value(f"index {stream} {record['end']}", found, true, 0 if is_last and feed != "hk-epd" else 1)
            if is_last and feed == "hk-epd" and abs(found - true) > 0:
                self.wrong.append(f"index {stream} {record['end']}: {found}, in truth {true}, and never mended")

    def pair(self, what, hour, reference, true):
        self.value(f"pair {what} {hour}", reference, true, 0.051)

    def warnings(self, payload):
        self.counts["warnings"] += 1
        codes = [one["code"] for one in json.loads(payload)] if payload else None
        if codes != ["TC8SE"]:
            self.wrong.append(f"warnings: {codes}")


# ---- the week ------------------------------------------------------------------------------------


FOLLOWED = {"ref/hk-epd/mong-kok", "ref/hk-epd/sha-tin", "ref/hk-hko/kings-park", "ref/hk-hko/sha-tin",
            "ref/hk-hko/hk-observatory", "ref/hk-hko/sha-tin-district", "ref/cn-cnemc/1141a", "ref/cn-cnemc/1142a",
            "ref/metar/vhhh", "ref/metar/zspd", "ref/openaq/roof-ref"}
# What is told of a document in a spell; nothing: its rows hold.
FAULTS = {
    "columns": {"24pc": "grammar_changed", "24aqhi": "grammar_changed", "latest_1min_temperature": "grammar_changed",
                "sites": "grammar_changed"},
    "cut": {"24pc": "truncated", "24aqhi": "truncated", "latest_1min_temperature": "truncated", "rhrread": "truncated",
            "warnsum": "truncated", "sites": "truncated", "metar": "truncated", "1": "truncated"},
    "other": {"24pc": "grammar_changed", "24aqhi": "grammar_changed", "latest_1min_temperature": "grammar_changed",
              "rhrread": "grammar_changed", "warnsum": "grammar_changed", "sites": "grammar_changed",
              "metar": "grammar_changed", "1": "http_error"},
    "empty": {"24pc": "empty", "24aqhi": "empty", "latest_1min_temperature": "empty", "rhrread": "empty",
              "sites": "empty", "metar": "empty", "1": "empty"},
    # Nothing in it is of now.
    "ahead": {"rhrread": "stale"}, "past": {"rhrread": "stale"},
}
STRANGE = ("doubled", "contradiction", "ahead", "past")
PROBLEMS = {**dict.fromkeys(("24pc", "24aqhi", "latest_1min_temperature", "rhrread", "sites", "1"), STRANGE),
            "metar": ("ahead", "past")}
MISSING = {"hk-epd/mong-kok", "hk-hko/kings-park", "hk-hko/hk-observatory", "cn-cnemc/1141a", "metar/zspd"}


class Troubles(gateway.GatewayTest):
    def configuration(self):
        self.agency = Agency(Agencies().answer, Agencies.is_cut)
        self.addCleanup(self.agency.end)
        near = {"base": self.agency.base, "allow_private_addresses": True}
        for name, text in (("map.json", json.dumps({
                "device": "a sensor", "source": "made for this test", "function": 4, "registers": [
                    {"quantity": "pm2_5", "register": 0, "type": "s32", "scale": 0.001, "decimals": 3},
                    {"quantity": "temperature", "register": 2, "type": "s32", "scale": 0.001, "decimals": 3}]})),
                ("sensor.json", json.dumps(self.recording())), ("key", "none is needed\n")):
            path = os.path.join(self.directory, name)
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            os.chmod(path, 0o600)
        configuration = self.base_configuration()
        configuration["gateway"]["position"] = {"datum": "wgs84", **PLACE}
        configuration["store"]["commit_every"] = "1min"
        configuration["sinks"][0]["redistribute"] = ["openaq", "cn-cnemc"]
        return {
            **configuration,
            "buses": {"recorded": {"recorded": os.path.join(self.directory, "sensor.json")}},
            "sensors": [{"id": "roof", "driver": "modbus", "bus": "recorded", "every": "10min", "placement": "rooftop",
                         "map": os.path.join(self.directory, "map.json")}],
            "feeds": [{"feed": "hk-epd", "documents": ["24pc", "24aqhi"], "stations": ["mong-kok", "sha-tin"], **near},
                      {"feed": "hk-hko", "documents": ["latest_1min_temperature", "rhrread", "warnsum"],
                       "stations": ["kings-park", "sha-tin", "hk-observatory", "sha-tin-district"], **near},
                      {"feed": "cn-cnemc", "terms_accepted": True, "stations": ["1141a", "1142a"], **near},
                      {"feed": "metar", **near},
                      {"feed": "openaq", "terms_accepted": True, "key_file": "key", "sensors": {"1": "roof-ref"},
                       "places": {"roof-ref": {**PLACE, "kind": "general"}}, **near}],
            "compare": [{"sensor": "roof", "quantity": quantity, "with": f"{feed}/{station}"}
                        for feed, station, quantity in self.compared]}

    compared = (("hk-epd", "mong-kok", "pm2_5"), ("openaq", "roof-ref", "pm2_5"), ("hk-hko", "kings-park", "temperature"))

    @staticmethod
    def recording():
        """The sensor: one answer in ten minutes, the hour's number as its value."""
        request = crc(struct.pack(">BBHH", 1, 4, 0, 4)).hex()
        cases = []
        for number in range(6 * 180):
            hour = (START + number * 10 * MINUTE - START.replace(minute=0)) // HOUR
            raw = struct.pack(">BBBii", 1, 4, 8, (20 + hour % 24) * 1000, (10 + hour % 15) * 1000)
            cases.append({"name": "", "request_hex": request, "rx_hex": crc(raw).hex()})
        return {"driver": "modbus", "transport": "modbus", "cases": cases}

    def test_no_value_that_is_none_and_each_trouble_told_once(self):
        self.gateway.rehearse(text_of(START), text_of(END), progress=lambda: len(self.agency.asked))
        records = {stream: self.drained(stream) for stream in sorted(self.gateway.streams()) if stream != "ledger"}
        pairs = {names: self.pairs(*names) for names in self.compared}
        warnings = [payload for topic, payload in list(self.subscriber.heard) if topic.endswith("ref/hk-hko/warnings")]
        self.gateway.stop()
        counts = self.judge(records, pairs, warnings, self.assertEqual)
        for kind, least in (("obs", 3000), ("index", 500), ("pair", 200), ("doubted", 20), ("hour", 150), ("warnings", 1)):
            self.assertGreaterEqual(counts[kind], least, kind)
        self.assertEqual({stream for stream in records if stream.startswith("ref/")}, FOLLOWED)
        self.check_completeness(records)
        self.check_told(records["event"], self.gateway.log())
        self.check_ledger(self.gateway.export("ledger"))
        self.check_judge(records, pairs, warnings)

    def check_ledger(self, rows):
        """What the stations that had another name did not show is on record."""
        missed = [row for row in rows if row["cause"] == "station_missing"]
        self.assertEqual({row["stream"] for row in missed}, {"ref/" + station for station in MISSING})

    def judge(self, records, pairs, warnings, compare):
        judge = Judge()
        for stream, rows in records.items():
            rows = [row for row in rows if time_in(row["time"]) <= END]
            if stream.startswith("ref/"):
                for row in rows:
                    judge.official(stream, row)
            elif stream.startswith("index/") and not stream.endswith("/own"):
                judge.index(stream, rows)
            elif stream == "sensor/roof/hour":
                for row in rows:
                    number = (time_in(row["start"]) - START.replace(minute=0)) // HOUR
                    judge.value(f"hour {row['start']}", row["quantities"]["pm2_5"]["mean"], 20 + number % 24)
        for (feed, station, quantity), rows in pairs.items():
            for row in rows:
                if row["reference_mean"] and not row["withheld"]:
                    start = time_in(row["hour_start"])
                    ends = [start + HOUR] if feed == "hk-epd" else [start + age * 10 * MINUTE for age in range(1, 7)]
                    trues = [true_value(feed, station, quantity, end) for end in ends]
                    judge.pair(f"{feed}/{station}", row["hour_start"], float(row["reference_mean"]), sum(trues) / len(trues))
        for payload in warnings:
            judge.warnings(payload)
        compare(judge.wrong, [])
        return judge.counts

    def pairs(self, feed, station, quantity):
        lines = self.gateway.printed("export pairs", "--sensor", "roof", "--quantity", quantity, "--with", f"{feed}/{station}",
                                            "--from", text_of(START), "--to", text_of(END))
        header, rows = lines.split("\n", 1)
        names = [name.split(" [")[0] for name in header.split(",")]  # without their units
        return list(csv.DictReader(io.StringIO(rows), names))

    def check_completeness(self, records):
        """What an agency shows for a day is had in the end, whatever was wrong with its answers."""
        for station in ("mong-kok", "sha-tin"):
            last = defaultdict(dict)
            for record in records[f"ref/hk-epd/{station}"]:
                for quantity in (*TRUE, "aqhi"):
                    if quantity in record:
                        last[record["end"]][quantity] = record[quantity]
            for number in range(-15, 160):  # before them its columns had other names
                end = text_of(START.replace(minute=0) + number * HOUR).replace("Z", ".000Z")
                for quantity in ("no2", "o3", "so2", "pm10", "pm2_5", "aqhi"):
                    self.assertIsNotNone(last[end].get(quantity), (station, end, quantity))

    def check_told(self, events, log):
        spells = [TROUBLES[spell % len(TROUBLES)] for spell in range(spell_of(END) + 1)]
        told = defaultdict(list)
        for event in events:
            if event["event"] == "feed_lost":
                document, fault = event["message"].split(": ")[:2]
                told[document, fault].append(spell_of(time_in(event["time"])))
        expected = defaultdict(list)
        for spell, kind in enumerate(spells):
            for document, fault in FAULTS.get(kind, {}).items():
                expected[document, fault].append(spell)
        self.assertEqual(dict(told), dict(expected))
        missing = defaultdict(list)
        for event in events:
            if event["event"] == "station_missing":
                missing[event["subject"]].append(spell_of(time_in(event["time"])))
        self.assertEqual(dict(missing), dict.fromkeys(
            MISSING, [spell for spell, kind in enumerate(spells) if kind == "station"]))
        # Of the others each begins with a line in the log.
        lines = Counter(re.findall(r"warning [a-z-]+: ([^ ]+): [0-9]+ parts are not understood", log))
        self.assertEqual(lines, {document: sum(kind in kinds for kind in spells) for document, kinds in PROBLEMS.items()})

    def check_judge(self, records, pairs, warnings):
        """A wrong value anywhere would have been seen."""
        def nothing(*_):
            pass

        def wrong_with(change):
            planted = copy.deepcopy((records, pairs, warnings))
            change(*planted)
            with self.assertRaises(AssertionError):
                self.judge(*planted, self.assertEqual)

        def in_place(stream, quantity, value):
            def change(records, pairs, warnings):
                rows = [row for row in records[stream] if row.get(quantity) is not None and row["flag"] < 3]
                row = rows[len(rows) // 2]
                row[quantity] = value(row[quantity])
            return change
        for stream, quantity in (("ref/hk-epd/mong-kok", "pm2_5"), ("ref/hk-epd/mong-kok", "aqhi"),
                                 ("ref/hk-hko/sha-tin", "temperature"), ("ref/cn-cnemc/1142a", "no2"),
                                 ("ref/metar/zspd", "pressure_sea_level"), ("ref/openaq/roof-ref", "pm2_5"),
                                 ("index/cn-hj633-2026/cn-cnemc--1141a", "aqi")):
            wrong_with(in_place(stream, quantity, lambda value: value + 1))
        wrong_with(lambda records, pairs, warnings: next(
            row for row in pairs[self.compared[1]] if row["reference_mean"] and not row["withheld"]).update(reference_mean="99.5"))
        wrong_with(lambda records, pairs, warnings: warnings.append("[]"))


if __name__ == "__main__":
    gateway.main()
