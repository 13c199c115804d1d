#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# An independent reader's word on a CF-netCDF file that `twinsky export` wrote, in Debian's Python,
# whose packages these readers are: NetCDF-C by netCDF4, xarray, and UDUNITS for every unit. What
# they find is held, row by row, against the same records as JSON lines. Prints what is wrong.
import json
import math
import subprocess
import sys

import netCDF4
import xarray

FLAGS = {1: "pass", 2: "not_evaluated", 3: "suspect", 4: "fail", 9: "missing"}
# Canonical units of the quantities' names in CF's table of standard names; of what has none, a
# unit of the same kind.
ENDINGS = ("_flag", "_bnds")
OTHERS = {"station_name", "station_title", "latitude", "longitude", "altitude", "station_index",
          "time", "time_bnds", "epoch", "seq", "amends", "gas_reference_k", "clock_unset"}

problems = []


def expect(what, found, expected):
    if found != expected:
        problems.append(f"{what}: found {found!r}, expected {expected!r}")


def stream_of(record):
    if "sensor" in record:
        return "sensor/" + record["sensor"]
    if "feed" in record:
        return "ref/" + record["feed"] + "/" + record["station"]
    return "index/" + record["edition"] + "/" + record["subject"]


def text_of(characters):
    return characters.tobytes().rstrip(b"\0").decode()


def milliseconds(iso):
    import datetime
    moment = datetime.datetime.fromisoformat(iso.replace("Z", "+00:00"))
    return round(moment.timestamp() * 1000)


def quantities_of(data):
    return [name for name in data.variables if name + "_flag" in data.variables]


def judge_rows(data, records):
    names = [text_of(row) for row in data["station_name"][:].filled(b"\0")]
    quantities = quantities_of(data)
    expect("number of records", len(data.dimensions["obs"]), len(records))
    for at, record in enumerate(records):
        where = f"record {at}"
        expect(where + " stream", names[data["station_index"][at]], stream_of(record))
        expect(where + " seq", int(data["seq"][at]), record["seq"])
        expect(where + " epoch", text_of(data["epoch"][at]), record["epoch"])
        expect(where + " time", int(data["time"][at]), record["ts"])
        if "time_bnds" in data.variables:
            bounds = [milliseconds(record[key]) if key in record else record["ts"]
                      for key in ("start", "end")]
            expect(where + " time_bnds", [int(end) for end in data["time_bnds"][at]], bounds)
        for name in quantities:
            value, flag = data[name][at], data[name + "_flag"][at]
            is_there = name in record
            expect(f"{where} {name} has a flag", not bool(flag is netCDF4.numpy.ma.masked), is_there)
            expected = record.get(name)
            if expected is None:
                expect(f"{where} {name} is missing", value is netCDF4.numpy.ma.masked, True)
            else:
                expect(f"{where} {name}", float(value), float(expected))
            if is_there:
                expect(f"{where} {name}_flag", int(flag), record.get("flags", {}).get(name, 1))
    in_records = {key for record in records for key in record if key in quantities}
    expect("quantities", set(quantities), in_records)


def judge_form(data):
    expect("Conventions", data.Conventions, "CF-1.8")
    expect("featureType", data.featureType, "timeSeries")
    for attribute in ("title", "source", "history", "license", "comment"):
        if not getattr(data, attribute, ""):
            problems.append("has no attribute " + attribute)
    expect("cf_role", data["station_name"].cf_role, "timeseries_id")
    expect("instance_dimension", data["station_index"].instance_dimension, "station")
    for name in quantities_of(data):
        variable = data[name]
        expect(name + " ancillary_variables", variable.ancillary_variables, name + "_flag")
        flag = data[name + "_flag"]
        meanings = dict(zip([int(value) for value in flag.flag_values],
                            flag.flag_meanings.split()))
        expect(name + " flags", meanings, FLAGS)
        if flag.flag_values.dtype != flag.dtype:
            problems.append(name + "_flag: flag_values are of another type")
        units = subprocess.run(["udunits2", "-H", variable.units, "-W", variable.units],
                               stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if units.returncode != 0 or "recognize" in units.stderr:
            problems.append(f"{name}: UDUNITS does not know {variable.units}")
    unknown = [name for name in data.variables if name not in OTHERS
               and not name.endswith(ENDINGS) and name not in quantities_of(data)]
    expect("other variables", unknown, [])


def judge_with_xarray(path, records):
    with xarray.open_dataset(path) as data:
        times = data["time"].values.astype("datetime64[ms]").astype("int64").tolist()
        expect("xarray's times", times, [record["ts"] for record in records])
        for name in [name for name in data if str(name) + "_flag" in data]:
            found = [None if math.isnan(value) else float(value) for value in data[name].values]
            expect("xarray's " + name, found, [None if record.get(name) is None
                                               else float(record[name]) for record in records])


def main():
    path, lines = sys.argv[1:3]
    with open(lines, encoding="utf-8") as file:
        records = [json.loads(line) for line in file]
    with netCDF4.Dataset(path) as data:
        records = [record for record in records
                   if any(isinstance(record[key], (int, float, type(None)))
                          and key in quantities_of(data) for key in record)]
        judge_form(data)
        judge_rows(data, records)
    judge_with_xarray(path, records)
    for problem in problems:
        print(problem)
    print(f"{len(records)} records judged")
    return 1 if problems else 0


sys.exit(main())
