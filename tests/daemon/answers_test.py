#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Answers of agencies and devices that once passed for what they are not, one by one: what `replay`
says of each, and what a subscriber and the store get when the daemon is given it.
Usage: answers_test.py TWINSKY WORLD [test …]"""

import json
import os
import struct
import subprocess
from datetime import timedelta, timezone

import gateway
from agency import Agency, time_in
from collocation import crc
from gateway import HERE, until

CASES = os.path.join(HERE, "..", "cases")
TROUBLES = os.path.join(CASES, "opendata", "troubles")
SIGNAL = json.dumps({"WTCSGNL": {"name": "Tropical Cyclone Warning Signal", "code": "TC8SE", "actionCode": "ISSUE",
                                 "issueTime": "2026-10-02T05:00:00+08:00"}})
PLACE = {"latitude": 22.3226, "longitude": 114.1683}  # Mong Kok


def trouble(name):
    return os.path.join(TROUBLES, name)


def text_of(moment):
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def replay(stage, *words):
    """The lines that it prints, and what it says beside them."""
    done = subprocess.run([gateway.Gateway.binary, "replay", *stage.split(), *words], capture_output=True, text=True,
                          check=False)
    return [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def replayed(feed, name, *options):
    """{station: {quantity: value}} of a file, without what was worked out of another form."""
    lines, words = replay("feed " + feed, *options, trouble(name))
    found = {}
    for line in lines:
        if line["text"] or line["value"] is None:
            found.setdefault(line["station"], {})[line["quantity"]] = line["value"]
    return found, words


def stations_document(rows):
    """EPD's concentrations; a row: name, end of the hour as a moment, {element: text}."""
    body = "<AQHI24HrPollutantConcentration>"
    for name, end, cells in rows:
        local = end.astimezone(timezone(timedelta(hours=8)))
        body += (f"<PollutantConcentration><StationName>{name}</StationName><DateTime>"
                 f"{local.strftime('%a, %d %b %Y %H:%M:%S')} +0800</DateTime>")
        body += "".join(f"<{element}>{text}</{element}>" for element, text in cells.items())
        body += "</PollutantConcentration>"
    return body + "</AQHI24HrPollutantConcentration>"


def r_squared(pairs):
    n = len(pairs)
    mean_x, mean_y = (sum(values) / n for values in zip(*pairs))
    return (sum((x - mean_x) * (y - mean_y) for x, y in pairs) ** 2 / sum((x - mean_x) ** 2 for x, _ in pairs)
            / sum((y - mean_y) ** 2 for _, y in pairs))


class Answers(gateway.GatewayTest):
    def configuration(self):
        return self.base_configuration()

    def run_through(self, start, length, **sections):
        configuration = self.base_configuration()
        configuration["sinks"][0]["redistribute"] = ["openaq", "cn-cnemc"]
        self.gateway.write({**configuration, **sections})
        self.gateway.rehearse(start, text_of(time_in(start) + length))
        self.events = self.drained("event")

    def follow(self, feed, answer, start, length=timedelta(minutes=40), cut=False, **settings):
        """Goes through that time with one feed whose answers these are: a name of a file, or a function."""
        def body(path, query, now):
            if callable(answer):
                return answer(path, query, now)
            with open(trouble(answer), "rb") as file:
                return file.read()
        agency = Agency(body, cut=lambda path, now: cut)
        self.addCleanup(agency.end)
        self.run_through(start, length, feeds=[
            {"feed": feed, "base": agency.base, "allow_private_addresses": True, **settings}])

    def published(self):
        """{station: {quantity: value}} of the one interval that each station has; the subscriber has what the store
        has, of the same streams."""
        found = {}
        streams = sorted(stream for stream in self.gateway.streams() if stream.startswith("ref/"))
        for stream in streams:
            values = found.setdefault(stream.split("/")[2], {})
            for row in self.drained(stream):
                for quantity, value in row.items():
                    is_printed = not quantity.endswith(("_ppb", "_ppm"))
                    if is_printed and quantity in self.quantities:
                        self.assertNotIn(quantity, values, "one interval has one value")
                        values[quantity] = value
        self.assertEqual([stream for stream in self.subscriber.streams() if stream.startswith("ref/")], streams)
        return found

    quantities = ("no2", "o3", "so2", "co", "pm10", "pm2_5", "aqhi", "temperature", "dew_point", "pressure_sea_level",
                  "wind_speed", "wind_gust", "wind_dir", "rain_1h", "humidity")

    def lost(self):
        """What was told of documents, each once: "24pc: grammar_changed: …"."""
        return [event["message"] for event in self.events if event["event"] == "feed_lost"]

    def assert_lost(self, *beginnings):
        told = self.lost()
        self.assertEqual(len(told), len(beginnings), told)
        for message, beginning in zip(told, beginnings):
            self.assertTrue(message.startswith(beginning), message)

    # ---- marks for "none" ------------------------------------------------------------------

    def test_marks_for_none_are_absent_and_make_no_index(self):
        lines, _ = replay("feed hk-epd", trouble("24pc.sentinels.xml"))
        self.assertEqual(len([line for line in lines if line["text"] == "-9999"]), 18)
        self.assertEqual({line["value"] for line in lines}, {None})
        self.follow("hk-epd", "24pc.sentinels.xml", "2026-10-05T06:20:00Z", documents=["24pc"])
        rows = self.drained("ref/hk-epd/mong-kok")
        self.assertEqual(len(rows), 3)
        for row in rows:
            for quantity in ("no2", "o3", "so2", "co", "pm10", "pm2_5"):
                self.assertIsNone(row[quantity])
                self.assertEqual((row["text"][quantity], row["reasons"][quantity]), ("-9999", "sentinel"))
            self.assertEqual(row["flag"], 9)
        for row in self.drained("index/hk-aqhi-2025/hk-epd--mong-kok"):
            self.assertIsNone(row["aqhi"])
            self.assertNotIn("added_risk_percent", row)

    def test_inputs_that_cannot_be_are_missing_inputs_of_an_index(self):
        values = {line["case"]: line["value"] for line in replay("index", trouble("index.sentinels.json"))[0]}
        for case in ("hk no2 -999", "hk all -9999"):
            self.assertEqual(values[case], {"ar_percent": None, "aqhi": None})
        self.assertEqual(values["hk pm25 99999"]["aqhi"], "3")  # by the coarse particles, as the rule allows
        for case in ("cn pm25 -99", "cn pm25 9999"):
            self.assertIsNone(values[case]["aqi"])
            self.assertNotIn("pm25_1h", values[case]["iaqi"])
        self.assertIsNone(values["us -999"])
        self.assertEqual(values["nowcast -999"], 10)

        with open(trouble("index.sentinels.json"), encoding="utf-8") as file:
            cases = {case["id"]: case["input"] for case in json.load(file)["cases"]}
        names = {"hk no2 -999": "Mong Kok", "hk all -9999": "Sha Tin", "hk pm25 99999": "North"}
        newest = time_in("2026-10-05T06:00:00Z")

        def answer(path, query, now):
            return stations_document([
                (name, newest - timedelta(hours=age),
                 {element: cases[case][f"{key}_3h"] for element, key in
                  (("NO2", "no2"), ("SO2", "so2"), ("O3", "o3"), ("PM10", "pm10"), ("PM2.5", "pm25"))})
                for case, name in names.items() for age in range(3)])
        self.follow("hk-epd", answer, "2026-10-05T06:20:00Z", documents=["24pc"])
        for station, aqhi in (("mong-kok", None), ("sha-tin", None), ("north", 3)):
            row = self.drained(f"index/hk-aqhi-2025/hk-epd--{station}")[-1]
            self.assertEqual((row["aqhi"], row["end"][:16]), (aqhi, "2026-10-05T06:00"), row)

    def test_two_marks_for_none_withhold_two_pairs_and_change_no_verdict(self):
        case = os.path.join(CASES, "compare", "two-sentinels.json")
        clean, dirty = replay("compare", case)[0]
        self.assertEqual((clean["n"], dirty["n"]), (240, 238))
        self.assertAlmostEqual(clean["ols"]["r"], dirty["ols"]["r"], delta=0.001)
        with open(case, encoding="utf-8") as file:
            both = {one["id"]: one for one in json.load(file)["sets"]}
        reference, sensor = (both["two sentinels"][who][-168:] for who in ("reference", "sensor"))
        record = self.compared(reference, sensor)
        pairs = [(x, y) for x, y in zip(reference, sensor) if x > -999]
        self.assertEqual(len(pairs), 166)
        coverage = record["coverage"]["168h"]
        self.assertEqual((coverage["pairs"], coverage["withheld"]["reference_missing"]), (166, 2))
        self.assertAlmostEqual(record["fit"]["r2"], r_squared(pairs), delta=1e-6)
        self.assertEqual(record["verdict"], "agrees")

    def compared(self, reference, sensor):
        """The daemon's record of a sensor beside Mong Kok, whose hours these are: the newest week of them."""
        first = time_in("2026-10-01T00:00:00Z")
        reference = dict(enumerate(reference))

        def answer(path, query, now):
            newest = now.replace(minute=0, second=0, microsecond=0)
            ends = [newest - timedelta(hours=age) for age in range(24)]
            return stations_document([
                ("Mong Kok", end, {"PM2.5": str(reference.get((end - first) // timedelta(hours=1) - 1, "-"))})
                for end in ends])
        agency = Agency(answer)
        self.addCleanup(agency.end)
        scale = 1_000_000
        map_file = self.settings_file("map.json", json.dumps({
            "device": "a sensor", "source": "made for this test", "function": 4,
            "registers": [{"quantity": "pm2_5", "register": 0, "type": "s32", "scale": 1 / scale, "decimals": 6}]}))
        request = crc(struct.pack(">BBHH", 1, 4, 0, 2)).hex()
        answers = [crc(struct.pack(">BBBi", 1, 4, 4, round(value * scale))).hex() for value in sensor]
        recording = self.settings_file("sensor.json", json.dumps({
            "driver": "modbus", "transport": "modbus",
            "cases": [{"name": "", "request_hex": request, "rx_hex": each} for each in answers for _ in range(6)]}))
        start = text_of(first)
        length = timedelta(hours=len(sensor), minutes=55)
        self.run_through(
            start, length, buses={"recorded": {"recorded": recording}},
            gateway={"id": "test", "jurisdiction": "hk", "clock": "system", "position": {"datum": "wgs84", **PLACE}},
            sensors=[{"id": "roof", "driver": "modbus", "bus": "recorded", "map": map_file, "every": "10min",
                      "placement": "rooftop"}],
            feeds=[{"feed": "hk-epd", "base": agency.base, "allow_private_addresses": True, "documents": ["24pc"],
                    "stations": ["mong-kok"]}],
            compare=[{"sensor": "roof", "quantity": "pm2_5", "with": "hk-epd/mong-kok"}])
        ending = "compare/roof/pm2_5/hk-epd/mong-kok"
        window_end = text_of(first + timedelta(hours=len(sensor)))[:16]
        until(lambda: json.loads(self.subscriber.latest(ending) or "{}").get("window_end", "")[:16] == window_end, 30,
              "the record of the whole week")
        return json.loads(self.subscriber.latest(ending))

    # ---- documents that are cut, empty, of another kind -------------------------------------

    def test_an_empty_report_clears_no_signal(self):
        _, words = replayed("hk-hko", "rhrread.empty.json")
        self.assertIn(": empty: ", words)

        def answer(path, query, now):
            return SIGNAL if query["dataType"] == ["warnsum"] else "{}"
        self.follow("hk-hko", answer, "2026-10-05T06:00:00Z", timedelta(hours=3), documents=["rhrread", "warnsum"])
        heard = [json.loads(payload) for topic, payload in list(self.subscriber.heard)
                 if topic.endswith("ref/hk-hko/warnings")]
        self.assertTrue(heard)
        for warnings in heard:
            self.assertEqual([(one["issuer"], one["code"]) for one in warnings], [("Hong Kong Observatory", "TC8SE")])
        self.assert_lost("rhrread: empty: ")
        self.assertEqual(self.published(), {})

    def test_a_table_that_was_cut_has_no_last_row(self):
        found, words = replayed("hk-hko", "latest_1min_temperature.cut.csv")
        self.assertEqual(found, {"sham-shui-po": {"temperature": 33.1}})
        self.assertIn(": truncated: ", words)
        self.follow("hk-hko", "latest_1min_temperature.cut.csv", "2026-08-30T06:20:00Z", cut=True,
                    documents=["latest_1min_temperature"])
        self.assertEqual(self.published(), {"sham-shui-po": {"temperature": 33.1}})
        self.assert_lost("latest_1min_temperature: truncated: ")

    # ---- airports ----------------------------------------------------------------------------

    def test_strokes_take_no_other_groups_place(self):
        wanted = {"vhhh": {"temperature": 29, "dew_point": 24, "pressure_sea_level": 1012}}
        self.assertEqual(replayed("metar", "metar.strokes.txt", "--received", "2026-11-28T07:40:00Z")[0], wanted)
        self.follow("metar", "metar.strokes.txt", "2026-11-28T07:40:00Z")
        self.assertEqual(self.published(), wanted)
        self.assert_lost()

    def test_the_wind_of_a_trend_is_not_observed(self):
        found, _ = replayed("metar", "metar.trend.txt", "--received", "2026-11-28T07:40:00Z")
        wanted = {"temperature": 26, "dew_point": 21, "pressure_sea_level": 1006}
        self.assertEqual({quantity: value for quantity, value in found["zspd"].items() if value is not None}, wanted)
        self.follow("metar", "metar.trend.txt", "2026-11-28T07:40:00Z")
        published = self.published()
        self.assertEqual(list(published), ["zspd"])
        self.assertEqual({quantity: value for quantity, value in published["zspd"].items() if value is not None}, wanted)

    def test_a_forecast_is_no_report(self):
        self.assertEqual(replayed("metar", "metar.forecast.txt", "--received", "2026-11-28T05:10:00Z")[0], {})
        self.follow("metar", "metar.forecast.txt", "2026-11-28T05:10:00Z")
        self.assertEqual(self.published(), {})
        self.assert_lost("metar: grammar_changed: ")

    def test_a_time_still_to_come_is_no_time_of_last_month(self):
        found, words = replayed("metar", "metar.ahead.txt", "--received", "2026-11-28T21:00:00Z")
        self.assertEqual(found, {})
        self.assertIn("still to come", words)
        self.follow("metar", "metar.ahead.txt", "2026-11-28T21:00:00Z")
        self.assertEqual(self.published(), {})
        self.assert_lost("metar: grammar_changed: ")
        self.assertIn("still to come", self.lost()[0])

    # ---- what is renamed, doubled, doubted ---------------------------------------------------

    def test_columns_with_other_names_are_told(self):
        wanted = {"mong-kok": {"no2": 36.7, "o3": 137.6, "so2": 3.8, "co": 500}}
        found, words = replayed("hk-epd", "24pc.renamed-columns.xml")
        self.assertEqual(found, wanted)
        self.assertIn('grammar_changed: no column of "pm10", "pm2_5"; not known here: "RSP", "FSP"', words)
        self.follow("hk-epd", "24pc.renamed-columns.xml", "2026-10-05T06:20:00Z", documents=["24pc"])
        self.assertEqual(self.published(), wanted)
        self.assert_lost('24pc: grammar_changed: no column of "pm10", "pm2_5"; not known here: "RSP", "FSP"')
        until(lambda: '"state":"grammar_changed"' in (self.subscriber.latest("/health") or "").replace(" ", ""), 15,
              "health to say what is wrong with the feed")

    def test_a_followed_station_with_another_name_is_told_and_on_record(self):
        def answer(path, query, now):
            if now < time_in("2026-10-05T05:40:00Z"):
                end = now.replace(minute=0, second=0, microsecond=0)
                return stations_document([("Mong Kok", end, {"NO2": "36.7"})])
            with open(trouble("24pc.renamed-station.xml"), "rb") as file:
                return file.read()
        self.follow("hk-epd", answer, "2026-10-05T05:20:00Z", timedelta(minutes=80), documents=["24pc"],
                    stations=["mong-kok"])
        self.assertEqual(self.published(), {"mong-kok": {"no2": 36.7}})
        told = [event for event in self.events if event["event"] == "station_missing"]
        self.assertEqual([event["subject"] for event in told], ["hk-epd/mong-kok"])
        self.assertIn('new to us and not followed: "mongkok"', told[0]["message"])
        gaps = [(row["stream"], row["cause"], row["end"][:16]) for row in self.drained("ledger")]
        self.assertIn(("ref/hk-epd/mong-kok", "station_missing", "2026-10-05T06:00"), gaps)

    def test_of_an_hour_that_comes_twice_something_beats_nothing(self):
        wanted = {"tap-mun": {"no2": 36.7}}
        found, words = replayed("hk-epd", "24pc.doubled-hour.xml")
        self.assertEqual(found, wanted)
        self.assertIn("more than once", words)
        self.follow("hk-epd", "24pc.doubled-hour.xml", "2026-10-05T06:20:00Z", documents=["24pc"])
        self.assertEqual(self.published(), wanted)
        self.assertEqual(self.gateway.log().count("more than once"), 1)

    def test_what_the_source_doubts_is_flagged(self):
        self.settings_file("key", "none is needed\n")
        lines, _ = replay("feed openaq", trouble("openaq.flagged.json"))
        self.assertEqual([(line["value"], line["flag"], line["reason"]) for line in lines], [(6, 3, "source")])
        self.follow("openaq", "openaq.flagged.json", "2026-10-16T13:30:00Z", key_file="key", terms_accepted=True,
                    sensors={"1": "roof"})
        rows = self.drained("ref/openaq/roof")
        self.assertEqual([(row["pm2_5"], row["flag"], row["reasons"]) for row in rows], [(6, 3, {"pm2_5": "source"})])

    def settings_file(self, name, text):
        path = os.path.join(self.directory, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, 0o600)
        return path

    # ---- places ------------------------------------------------------------------------------

    def test_a_district_is_no_station(self):
        wanted = {"sha-tin": {"temperature": 27}, "sha-tin-district": {"rain_1h": 12},
                  "hk-observatory": {"temperature": 28}}
        self.assertEqual(replayed("hk-hko", "rhrread.district-and-station.json")[0], wanted)
        self.follow("hk-hko", "rhrread.district-and-station.json", "2026-10-02T15:10:00Z", documents=["rhrread"])
        self.assertEqual(self.published(), wanted)

    def test_a_range_is_no_station(self):
        self.assertEqual(replayed("hk-epd", "aqhi_ind_rss.ranges.xml")[0], {})
        self.follow("hk-epd", "aqhi_ind_rss.ranges.xml", "2025-06-17T11:40:00Z", documents=["aqhi_ind_rss"])
        self.assertEqual(self.published(), {})
        self.assert_lost("aqhi_ind_rss: grammar_changed: ")

    # ---- devices -----------------------------------------------------------------------------

    def measure(self, case, length=timedelta(seconds=65), **sensor):
        """A sensor says this all the time: a case of the file that has its driver's name."""
        driver = sensor["driver"]
        with open(os.path.join(CASES, driver + ".json"), encoding="utf-8") as file:
            vectors = json.load(file)
        vectors["cases"] = [one for one in vectors["cases"] if one["name"] == case]
        self.assertEqual(len(vectors["cases"]), 1, case)
        recording = self.settings_file("recording.json", json.dumps(vectors))
        self.run_through("2026-10-05T06:00:00Z", length, buses={"recorded": {"recorded": recording}},
                         sensors=[{"id": "roof", "bus": "recorded", "every": "5s", **sensor}])

    def assert_never_lost(self):
        self.assertEqual([event["event"] for event in self.events if event["event"].startswith("sensor_")], [])

    def test_what_is_derived_from_a_failed_value_fails_with_it(self):
        self.measure("raw_temperature_zero", driver="bme280", address="0x76")
        self.assertNotIn("sensor/roof", self.gateway.streams())
        self.gateway.stop()
        self.assertIn(("sensor/roof", "sensor_fault"),
                      [(row["stream"], row["cause"]) for row in self.gateway.export("ledger")])

    def test_the_reset_value_is_a_measurement_where_other_channels_measure(self):
        self.measure("humidity_of_the_reset_value_is_a_measurement", driver="bme280", address="0x76")
        rows = self.drained("sensor/roof")
        self.assertGreater(len(rows), 10)
        for row in rows:
            self.assertAlmostEqual(row["humidity"], 66.105, delta=0.01)
            self.assertAlmostEqual(row["temperature"], 25.08, delta=0.01)

    def test_humidity_without_calibration_is_unsupported(self):
        self.measure("no_humidity_calibration", driver="bme280", address="0x76")
        rows = self.drained("sensor/roof")
        self.assertGreater(len(rows), 10)
        for row in rows:
            self.assertEqual((row["humidity"], row["faults"]["humidity"]), (None, "unsupported"))
            self.assertAlmostEqual(row["pressure"], 1006.53, delta=0.01)

    def test_clean_air_is_a_value(self):
        self.measure("clean_air_of_a_device_that_has_measured", timedelta(minutes=3), driver="pms5003",
                     variant="pms3003")
        warm = [row for row in self.drained("sensor/roof") if row["time"] >= "2026-10-05T06:00:45"]
        self.assertGreater(len(warm), 20)
        for row in warm:
            self.assertIn(row["pm2_5"], (0, 1))
        self.assert_never_lost()


if __name__ == "__main__":
    gateway.main()
