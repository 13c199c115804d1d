#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The emulated agencies' servers. Usage: agencies_test.py WORLD_BINARY [test …]"""

import csv
import email.utils
import http.client
import time
import urllib.error
import urllib.request
import xml.etree.ElementTree as xml

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
        self.assertEqual(self.get("hk-hko", self.HKO + "latest_10min_wind.csv")[0], 200)
        self.world.say("feed hk-epd good")
        self.assertEqual(self.concentrations()[0]["DateTime"], newest)


if __name__ == "__main__":
    harness.main()
