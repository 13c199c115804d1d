#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Hong Kong's Air Quality Health Index from the agency's table of concentrations, by the published
rule and nothing else: a second opinion on what the emulated agency prints and the gateway computes.

usage: aqhi.py 24pc_Eng.xml     prints a JSON line for each station and hour

The added risk of hospital admissions (%AR) of a pollutant is (exp(beta * C) - 1) * 100, with C the
mean of the last three hourly concentrations in ug/m3. The sum over NO2, SO2, O3 and the greater of
PM10 and PM2.5, rounded to two decimals, is looked up in bands with printed upper bounds. Where two
of three hours are there, C is their mean; where fewer are, the pollutant has none."""

import email.utils
import json
import math
import sys
import xml.etree.ElementTree as xml
from datetime import datetime, timedelta, timezone

HONG_KONG = timezone(timedelta(hours=8))
SINCE_2025 = datetime(2025, 3, 22, tzinfo=HONG_KONG)
BETA = {"NO2": 0.0004462559, "SO2": 0.0001393235, "PM10": 0.0002821751, "PM2.5": 0.0002180567}
OZONE = {"2013": 0.0005116328, "2025": 0.0004888034}
BANDS = {
    "2013": (1.88, 3.76, 5.64, 7.52, 9.41, 11.29, 12.91, 15.07, 17.22, 19.37),
    "2025": (1.87, 3.73, 5.60, 7.46, 9.33, 11.20, 12.81, 14.94, 17.08, 19.21),
}
NAMES = ("1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "10+")
HOUR = timedelta(hours=1)


def table(text):
    """{(station, end): {pollutant: number or None}} of a 24pc document."""
    rows = {}
    for row in xml.fromstring(text).iter("PollutantConcentration"):
        cells = {cell.tag: (cell.text or "").strip() for cell in row}
        end = email.utils.parsedate_to_datetime(cells["DateTime"])
        rows[cells["StationName"], end] = {
            name: float(cells[name]) if cells.get(name, "-") not in ("-", "") else None
            for name in (*BETA, "O3")}
    return rows


def index(hours, end):
    """The text of the index and %AR, from the rows of the three hours that end at `end`."""
    edition = "2025" if end - HOUR >= SINCE_2025 else "2013"

    def risk(name):
        there = [row[name] for row in hours if row[name] is not None]
        if len(there) < 2:
            return None
        beta = OZONE[edition] if name == "O3" else BETA[name]
        return (math.exp(beta * sum(there) / len(there)) - 1) * 100

    particles = [value for value in (risk("PM10"), risk("PM2.5")) if value is not None]
    parts = [risk("NO2"), risk("SO2"), risk("O3"), max(particles, default=None)]
    if None in parts:
        return "*", None
    total = round(sum(parts), 2)
    return NAMES[sum(total > bound for bound in BANDS[edition])], total


def indices(text):
    """{(station, end): (text, %AR)} for every hour whose two hours before are in the document."""
    rows = table(text)
    found = {}
    for station, end in rows:
        hours = [rows.get((station, end - back * HOUR)) for back in range(3)]
        if None not in hours:
            found[station, end] = index(hours, end)
    return found


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        found = indices(file.read())
    for (station, end), (text, risk) in sorted(found.items()):
        print(json.dumps({"station": station, "end": end.isoformat(), "aqhi": text,
                          "added_risk_percent": risk}))


if __name__ == "__main__":
    main()
