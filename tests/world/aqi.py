#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The mainland's hourly Air Quality Index (HJ 633-2026) from the list of a city's sites, by the
published rule and nothing else, in exact fractions: a second opinion beside aqhi.py.

usage: aqi.py sites.json     prints a JSON line for each site

Concentrations are rounded half to even (carbon monoxide to a tenth of mg/m3), the sub-index is a
straight line between two breakpoints, rounded up; the index is the greatest. Where an item is
missing the index is printed only when the others make it more than 100."""

import decimal
import json
import math
import sys
from fractions import Fraction

POINTS = (0, 50, 100, 150, 200, 300, 400, 500)
LIMITS = {
    "SO2": (0, 150, 500, 650, 800),
    "NO2": (0, 100, 200, 700, 1200, 2340, 3090, 3840),
    "CO": (0, 5, 10, 35, 60, 90, 120, 150),
    "O3": (0, 160, 200, 300, 400, 800, 1000, 1200),
    "PM10": (0, 50, 120, 250, 350, 420, 500, 600),
    "PM2_5": (0, 35, 60, 115, 150, 250, 350, 500),
}


def number(text):
    try:
        return decimal.Decimal(text)
    except decimal.InvalidOperation:
        return None


def sub_index(name, value):
    step = decimal.Decimal("0.1") if name == "CO" else decimal.Decimal(1)
    value = Fraction(value.quantize(step, decimal.ROUND_HALF_EVEN))
    limits = LIMITS[name]
    for at in range(1, len(limits)):
        if value <= limits[at]:
            slope = Fraction(POINTS[at] - POINTS[at - 1], limits[at] - limits[at - 1])
            return math.ceil(POINTS[at - 1] + slope * (value - limits[at - 1]))
    return POINTS[len(limits) - 1]


def index(record):
    """The index (or None) and the sub-indices of a site's record."""
    parts = {name: sub_index(name, number(record[name])) for name in LIMITS
             if number(record[name]) is not None}
    highest = max(parts.values(), default=None)
    is_printed = highest is not None and (len(parts) == len(LIMITS) or highest > 100)
    return (highest if is_printed else None), parts


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        for record in json.load(file):
            value, parts = index(record)
            print(json.dumps({"site": record["StationCode"], "aqi": value, "parts": parts}))


if __name__ == "__main__":
    main()
