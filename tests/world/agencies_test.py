#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The emulated agencies' servers. Usage: agencies_test.py WORLD_BINARY [test …]"""

import csv
import email.utils
import http.client
import json
import time
import urllib.error
import urllib.parse
import urllib.request
import xml.etree.ElementTree as xml

import aqhi
import aqi
import harness


class Agencies(harness.WorldTest):
    EPD = "/epd/ddata/html/out/"
    HKO = "/weatherAPI/hko_data/regional-weather/"

    def get(self, agency, path, headers=()):
        request = urllib.request.Request(self.world.ready["feeds"][agency] + path,
                                         headers=dict(headers))
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return answer.status, answer.headers, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers, error.read().decode()

    def concentrations(self):
        root = xml.fromstring(self.get("hk-epd", self.EPD + "24pc_Eng.xml")[2])
        self.assertEqual(root.tag, "AQHI24HrPollutantConcentration")
        return [{cell.tag: cell.text for cell in row}
                for row in root.iter("PollutantConcentration")]

    def test_epd_concentrations(self):
        rows = self.concentrations()
        self.assertEqual(len(rows), 2 * 24)
        times = {email.utils.parsedate_to_datetime(row["DateTime"]).timestamp() for row in rows}
        self.assertEqual(len(times), 24)
        self.assertTrue(all(moment % 3600 == 0 for moment in times))
        self.assertLess(time.time() - max(times), 3600 + 180 + 5)
        for row in rows:
            del row["DateTime"]
        self.assertEqual(rows[0], {"StationName": "Central/Western", "NO2": "40.0", "O3": "61.2",
                                   "SO2": "4.0", "CO": "-", "PM10": "-", "PM2.5": "48.0"})
        self.assertEqual(rows[-1]["NO2"], "80.1")

    def test_epd_indices(self):
        root = xml.fromstring(self.get("hk-epd", self.EPD + "24aqhi_Eng.xml")[2])
        rows = [(row.findtext("type"), row.findtext("StationName"), row.findtext("aqhi"))
                for row in root.iter("item")]
        self.assertEqual(len(rows), 48)
        # %AR of 40.04, 61.2 and 4 with PM10 62 is 1.803 + 3.037 + 0.056 + 1.765 = 6.66: band 4
        self.assertEqual(rows[0], ("General Stations", "Central/Western", "4"))
        self.assertEqual(rows[-1][:2], ("Roadside Stations", "Mong Kok"))
        root = xml.fromstring(self.get("hk-epd", self.EPD + "aqhi_ind_rss_Eng.xml")[2])
        self.assertEqual(root.find("channel/item/title").text, "Central/Western : 4 : Moderate")

    def test_epd_indices_are_those_of_the_printed_concentrations(self):
        independent = aqhi.indices(self.get("hk-epd", self.EPD + "24pc_Eng.xml")[2])
        root = xml.fromstring(self.get("hk-epd", self.EPD + "24aqhi_Eng.xml")[2])
        printed = {(row.findtext("StationName"),
                    email.utils.parsedate_to_datetime(row.findtext("DateTime"))):
                   row.findtext("aqhi") for row in root.iter("item")}
        self.assertEqual(len(independent), 2 * 22)
        for place, (text, _) in independent.items():
            self.assertEqual(printed[place], text, place)

    def test_cnemc_sites(self):
        path = "/CityData/GetAQIDataPublishLive?cityName="
        sites = json.loads(self.get("cn-cnemc", path + urllib.parse.quote("上海市"))[2])
        self.assertEqual([site["PositionName"] for site in sites], ["普陀", "十五厂", "浦东张江"])
        stamp = time.mktime(time.strptime(sites[0]["TimePoint"] + "+0000", "%Y-%m-%dT%H:%M:%S%z"))
        age = time.time() - (stamp - time.timezone - 8 * 3600)
        self.assertTrue(300 <= age < 3900, age)
        del sites[0]["TimePoint"]
        # PM2.5: 50 + 50 * 13 / 25 = 76
        self.assertEqual(sites[0], {
            "Area": "上海市", "CityCode": "310000", "PositionName": "普陀", "StationCode": "1141A",
            "AQI": "76", "PrimaryPollutant": "PM2.5", "SO2": "4", "NO2": "40", "CO": "0.5",
            "O3": "61", "PM10": "62", "PM2_5": "48"})
        self.assertEqual((sites[1]["O3"], sites[1]["AQI"]), ("—", "—"))
        self.assertEqual((sites[2]["O3"], sites[2]["AQI"]), ("—", "133"))
        for site in sites:
            value, _ = aqi.index(site)
            self.assertEqual(site["AQI"], "—" if value is None else str(value))
        self.assertEqual(self.get("cn-cnemc", path + "Shanghai")[2], "[]")

    def test_metar(self):
        text = self.get("metar", "/api/data/metar?format=raw&hours=2&ids=VHHH,ZSSS")[2]
        reports = [line.split() for line in text.splitlines()]
        self.assertEqual([report[1] for report in reports], ["VHHH"] * 4 + ["ZSSS"] * 4)
        self.assertEqual(reports[0][3:], ["14004KT", "9999", "FEW020", "M03/M09", "Q1013", "NOSIG"])
        self.assertEqual(reports[4][3], "00000KT")
        self.assertIn(reports[0][2][4:6], ("00", "30"))

    def test_warnings(self):
        summary = json.loads(self.get(
            "hk-hko", "/weatherAPI/opendata/weather.php?dataType=warnsum&lang=en")[2])
        self.assertEqual(list(summary), ["WFIRE"])
        self.assertEqual(summary["WFIRE"]["type"], "Yellow")
        self.assertTrue(summary["WFIRE"]["issueTime"].endswith("T00:00:00+08:00"))

    def table(self, name):
        rows = list(csv.reader(self.get("hk-hko", self.HKO + name)[2].splitlines()))
        stamp = time.mktime(time.strptime(rows[1][0] + "+0000", "%Y%m%d%H%M%z")) - time.timezone
        age = time.time() - (stamp - 8 * 3600)
        self.assertTrue(9 * 60 <= age < 20 * 60, age)
        return [row[1:] for row in rows[1:]]

    def test_hko_tables(self):
        self.assertEqual(self.table("latest_1min_temperature.csv"),
                         [["King's Park", "-3.4"], ["Stanley", ""]])
        self.assertEqual(self.table("latest_1min_humidity.csv"), [["King's Park", "63"]])
        self.assertEqual(self.table("latest_1min_pressure.csv"), [["HK Observatory", "1013.2"]])
        self.assertEqual(self.table("latest_10min_wind.csv"), [
            ["King's Park", "Southeast", "8", "22"], ["Green Island", "Calm", "0", ""],
            ["Sha Tin", "Variable", "3", "22"], ["Ngong Ping", "N/A", "8", "22"]])

    def test_conditional_requests(self):
        path = self.HKO + "latest_1min_humidity.csv"
        _, headers, _ = self.get("hk-hko", path)
        for condition in ({"If-None-Match": headers["ETag"]},
                          {"If-Modified-Since": headers["Last-Modified"]}):
            self.assertEqual(self.get("hk-hko", path, condition)[0], 304, condition)
        self.assertEqual(self.get("hk-hko", path, {"If-None-Match": '"other"'})[0], 200)
        self.assertEqual(self.get("hk-hko", "/elsewhere")[0], 404)

    def test_faults(self):
        newest = self.concentrations()[0]["DateTime"]
        path = self.EPD + "24pc_Eng.xml"
        self.world.say("feed hk-epd late")
        self.assertNotEqual(self.concentrations()[0]["DateTime"], newest)
        self.world.say("feed hk-epd 503")
        self.assertEqual(self.get("hk-epd", path)[0], 503)
        self.world.say("feed hk-epd html")
        self.assertIn("<html>", self.get("hk-epd", path)[2])
        self.world.say("feed hk-epd truncated")
        with self.assertRaises(xml.ParseError):
            self.concentrations()
        self.world.say("feed hk-epd cut")
        with self.assertRaises(http.client.IncompleteRead):
            self.get("hk-epd", path)
        self.world.say("feed hk-epd gone")
        with self.assertRaises(http.client.RemoteDisconnected):
            self.get("hk-epd", path)
        self.world.say("feed hk-epd empty")
        self.assertEqual(len(xml.fromstring(self.get("hk-epd", path)[2])), 0)
        self.world.say("feed hk-epd strange")
        self.assertEqual(xml.fromstring(self.get("hk-epd", path)[2]).tag, "rdf")
        self.assertEqual(self.get("hk-hko", self.HKO + "latest_10min_wind.csv")[0], 200)
        self.world.say("feed hk-epd good")
        self.assertEqual(self.concentrations()[0]["DateTime"], newest)


class Rehearsal(harness.WorldTest):
    """Documents of another time, and what the scenario has for it."""

    @classmethod
    def setUpClass(cls):
        station = {**harness.SCENARIO["hk-epd"][0], "gaps": [],
                   "revisions": [{"of": "no2", "hour_end": "2026-01-05T03:00Z", "plus": 1.5,
                                  "from": "2026-01-05T05:00Z", "to": "2026-01-05T06:00Z"}],
                   "late_rows": [{"hour_end": "2026-01-05T02:00Z", "from": "2026-01-05T04:00Z"}],
                   "renamed": {"name": "Elsewhere", "from": "2026-01-06T00:00Z"}}
        cls.world = harness.World({
            **harness.SCENARIO, "devices": [], "ports": {}, "hk-epd": [station],
            "spells": [{"agency": "hk-epd", "state": "stale", "from": "2026-01-07T00:10Z",
                        "to": "2026-01-07T06:00Z"}]})

    def rows(self, time):
        request = urllib.request.Request(
            self.world.ready["feeds"]["hk-epd"] + Agencies.EPD + "24pc_Eng.xml", headers={"Rehearsal-Time": time})
        with urllib.request.urlopen(request, timeout=5) as answer:
            root = xml.fromstring(answer.read())
        return {email.utils.parsedate_to_datetime(row.findtext("DateTime")).strftime("%dT%H"):
                (row.findtext("StationName"), row.findtext("NO2")) for row in root.iter("PollutantConcentration")}

    def test_a_document_is_as_of_the_time_that_is_told(self):
        self.assertEqual(max(self.rows("2026-01-05T05:10:00.000Z")), "05T13")

    def test_values_change_rows_come_late_and_names_change(self):
        hour = "05T11"  # 03:00 UTC
        self.assertEqual([self.rows(f"2026-01-05T{time}Z")[hour][1] for time in ("04:10", "05:10", "06:10")],
                         ["40.0", "41.5", "40.0"])
        self.assertNotIn("05T10", self.rows("2026-01-05T03:10Z"))
        self.assertIn("05T10", self.rows("2026-01-05T04:10Z"))
        self.assertEqual({name for name, _ in self.rows("2026-01-05T12:00Z").values()}, {"Central/Western"})
        self.assertEqual({name for name, _ in self.rows("2026-01-06T12:00Z").values()}, {"Elsewhere"})

    def test_a_spell_ends_by_itself_and_all_is_in_the_journal(self):
        self.assertEqual(max(self.rows("2026-01-07T05:30Z")), "07T08")
        self.assertEqual(max(self.rows("2026-01-07T06:10Z")), "07T14")
        with open(self.world.path("w/requests"), encoding="utf-8") as file:
            self.assertIn("2026-01-07T05:30:00.000Z hk-epd stale 200 " + Agencies.EPD + "24pc_Eng.xml?\n", file.readlines())


if __name__ == "__main__":
    harness.main()
