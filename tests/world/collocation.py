#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A week of US EPA's collocation data through the daemon: one-minute samples of a sensor from a
recorded bus, the reference's hours from an emulated agency, as fast as the work allows.

  collocation.py TWINSKY PORT DIRECTORY   PORT: of a broker on 127.0.0.1

Prints the statistics that the daemon publishes beside those of the expected file, draws the report
page, and exits with 1 when they differ. The data are real (tests/cases/compare/README.md); that a
Modbus device and OpenAQ's interface deliver them is not.
"""

import contextlib
import csv
import http.server
import json
import os
import pathlib
import struct
import subprocess
import sys
import threading
import time
import urllib.parse
from datetime import datetime, timedelta, timezone

CASES = pathlib.Path(__file__).resolve().parent.parent / "cases" / "compare"
START = datetime(2019, 8, 18, tzinfo=timezone.utc)
MINUTES_END = datetime(2019, 8, 25, tzinfo=timezone.utc)
# The expected file's window ends five hours after the minutes: there the hourly file goes on.
WINDOW_END = MINUTES_END + timedelta(hours=5)
END = WINDOW_END + timedelta(minutes=55)
GATEWAY, SENSOR, STATION = "collocation", "unit-1", "burdens-creek"
TOLERANCE = 1e-6  # relative
SCALE = 1_000_000  # of the registers

# Column of the minutes, ours, OpenAQ's sensor id, name and unit.
QUANTITIES = [("o3", "o3_ppb", "1", "o3", "ppb"), ("pm25", "pm2_5", "2", "pm25", "µg/m³"),
              ("temp", "temperature", "3", "temperature", "c"),
              ("rh", "humidity", "4", "relativehumidity", "%")]
NOTHING = -2**31
# The unit stood beside the reference; where that is matters no more than that both have one place.
PLACE = {"latitude": 35.889, "longitude": -78.875, "height_above_sea_m": 100}


def rows_of(name):
    with open(CASES / name, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def time_in(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def text_of(moment):
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


HOURS = {time_in(row["hour_begin_utc"]): row for row in rows_of("epa-collocation-2019-08-hourly.csv")}


def minutes():
    """For every minute of the scene the values, as texts; empty where the unit had none."""
    recorded = {time_in(row["time_utc"]): row for row in rows_of("epa-collocation-unit1-1min.csv")}
    moment = START
    while moment < END:
        if moment < MINUTES_END:
            row = recorded.get(moment, {})
            yield [row.get(column, "") for column, *_ in QUANTITIES]
        else:
            hour = HOURS[moment.replace(minute=0)]
            yield [hour["s1_" + column] for column, *_ in QUANTITIES]
        moment += timedelta(minutes=1)


def crc(frame):
    value = 0xFFFF
    for byte in frame:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return frame + struct.pack("<H", value)


def write_recording(directory):
    """The unit as a Modbus device with 32-bit registers, one answer a minute."""
    (directory / "unit-1-map.json").write_text(json.dumps({
        "device": "unit 1 of EPA's collocation", "source": "made for this scene", "function": 4,
        "registers": [{"quantity": ours, "register": 2 * at, "type": "s32", "scale": 1 / SCALE, "decimals": 6,
                       "sentinels": [NOTHING]} for at, (_, ours, *_) in enumerate(QUANTITIES)]}))
    request = crc(struct.pack(">BBHH", 1, 4, 0, 2 * len(QUANTITIES))).hex()
    cases = []
    for values in minutes():
        raw = [NOTHING if not value else round(float(value) * SCALE) for value in values]
        reply = struct.pack(f">BBB{len(raw)}i", 1, 4, 4 * len(raw), *raw)
        cases.append({"name": "", "request_hex": request, "rx_hex": crc(reply).hex()})
    (directory / "unit-1.json").write_text(json.dumps(
        {"driver": "modbus", "transport": "modbus", "cases": cases}))


class Agency(http.server.BaseHTTPRequestHandler):
    """The reference's hours as OpenAQ would serve them at the time that the request tells."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        address = urllib.parse.urlparse(self.path)
        since = time_in(urllib.parse.parse_qs(address.query)["datetime_from"][0])
        now = time_in(self.headers["Rehearsal-Time"])
        column, _, _, name, unit = next(one for one in QUANTITIES if one[2] == address.path.split("/")[3])
        results = [{"value": float(row["ref_" + column]), "parameter": {"name": name, "units": unit},
                    "period": {"datetimeFrom": {"utc": text_of(start)},
                               "datetimeTo": {"utc": text_of(start + timedelta(hours=1))}}}
                   for start, row in HOURS.items()
                   if row["ref_" + column] and since <= start and start + timedelta(hours=1) <= now]
        body = json.dumps({"results": results}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def agency():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Agency)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def configuration(directory, base, port):
    write_recording(directory)
    (directory / "openaq-key").write_text("none is needed here\n")
    os.chmod(directory / "openaq-key", 0o600)
    file = directory / "collocation.json"
    file.write_text(json.dumps({
        "gateway": {"id": GATEWAY, "name": "EPA's collocation of August 2019", "jurisdiction": "other",
                    "clock": "system", "position": {"datum": "wgs84", **PLACE}},
        "buses": {"recorded": {"recorded": str(directory / "unit-1.json")}},
        # The expected figures are of all samples, so nothing is checked.
        "sensors": [{"id": SENSOR, "driver": "modbus", "bus": "recorded", "map": str(directory / "unit-1-map.json"),
                     "every": "1min", "placement": "rooftop",
                     "quality": {ours: {"off": ["range", "climatology", "spike", "rate_of_change", "flat_line",
                                                "attenuated_signal"]} for _, ours, *_ in QUANTITIES}}],
        "feeds": [{"feed": "openaq", "base": base, "allow_private_addresses": True, "terms_accepted": True,
                   "key_file": "openaq-key", "poll_delay": "1min", "places": {STATION: {**PLACE, "kind": "general"}},
                   "sensors": {number: STATION for _, _, number, *_ in QUANTITIES}}],
        "compare": [{"sensor": SENSOR, "quantity": ours, "with": f"openaq/{STATION}"} for _, ours, *_ in QUANTITIES],
        "store": {"path": str(directory / "collocation.db"), "commit_every": "1min"},
        "sinks": [{"id": "broker", "mqtt": f"mqtt://127.0.0.1:{port}", "start_at": "oldest",
                   "redistribute": ["openaq"]}]}, indent=1))
    return file


def independent(column):
    """Least squares of the hours of the window, from the hourly file alone."""
    pairs = [(float(row["ref_" + column]), float(row["s1_" + column])) for start, row in HOURS.items()
             if WINDOW_END - timedelta(hours=168) <= start < WINDOW_END and row["ref_" + column]
             and row["s1_" + column] and int(row["s1_" + column + "_n"]) >= 45]
    n = len(pairs)
    mean_x, mean_y = (sum(values) / n for values in zip(*pairs))
    sxx = sum((x - mean_x) ** 2 for x, _ in pairs)
    sxy = sum((x - mean_x) * (y - mean_y) for x, y in pairs)
    syy = sum((y - mean_y) ** 2 for _, y in pairs)
    return {"pairs": n, "slope": sxy / sxx, "intercept": mean_y - sxy / sxx * mean_x, "r2": sxy ** 2 / sxx / syy,
            "rmse": (sum((y - x) ** 2 for x, y in pairs) / n) ** 0.5, "mbe": mean_y - mean_x}


def expected(column):
    """From the expected file where it has this window, else worked out here."""
    with open(CASES / "expected-metrics.json", encoding="utf-8") as file:
        rolling = {entry["id"]: entry["expected"] for entry in json.load(file)["rolling"]}
    found = rolling.get(f"rolling-s1_{column}-ref_{column}-168-{text_of(WINDOW_END)}-126")
    own = independent(column)
    if found is None:
        return own
    assert all(abs(found[key] - own[key]) <= TOLERANCE * abs(own[key]) for key in own), (found, own)
    return {key: found[key] for key in own}


def published(port, quantity):
    """The retained record of a comparison, once it is that of the whole window."""
    topic = f"twinsky/v1/{GATEWAY}/compare/{SENSOR}/{quantity}/openaq/{STATION}"
    end = time.monotonic() + 30
    while time.monotonic() < end:
        heard = subprocess.run(["mosquitto_sub", "-h", "127.0.0.1", "-p", str(port), "-t", topic, "-C", "1", "-W", "5"],
                               capture_output=True, text=True, check=False).stdout
        record = json.loads(heard) if heard else {}
        if record.get("window_end", "").startswith(text_of(WINDOW_END)[:16]):
            return record
        time.sleep(0.2)
    raise SystemExit(f"collocation: the broker has no record of {quantity} that ends at {text_of(WINDOW_END)}")


def differences(record, wanted):
    found = {"pairs": record["fit"]["n"], **{key: record["fit"][key] for key in ("slope", "intercept", "r2")},
             **{key: record["error"][key] for key in ("rmse", "mbe")}}
    wrong = [key for key in wanted if abs(found[key] - wanted[key]) > TOLERANCE * abs(wanted[key])]
    return found, wrong


@contextlib.contextmanager
def rehearsed(twinsky, port, directory):
    """The daemon when it has come to the end of the week; ends it."""
    with agency() as base, open(directory / "collocation.log", "w", encoding="utf-8") as log:
        file = configuration(directory, base, port)
        process = subprocess.Popen([twinsky, "run", "--config", file, "--rehearse", text_of(START), text_of(END)],
                                   stdout=log, stderr=log)
        try:
            deadline = time.monotonic() + 300
            while "come to its end" not in (directory / "collocation.log").read_text():
                if process.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit("collocation: the daemon did not come to the end of the week:\n"
                                     + (directory / "collocation.log").read_text()[-2000:])
                time.sleep(0.1)
            yield file
        finally:
            process.terminate()
            process.wait(10)


def main():
    twinsky, port, directory = sys.argv[1], int(sys.argv[2]), pathlib.Path(sys.argv[3])
    begin = time.monotonic()
    good = True
    with rehearsed(twinsky, port, directory) as file:
        print(f"A week of one-minute samples, its hours and comparisons in {time.monotonic() - begin:.0f} s:\n")
        print(f"{'':13}{'':10}{'pairs':>6}{'slope':>12}{'intercept':>12}{'r2':>12}{'rmse':>12}{'mbe':>12}")
        for column, quantity, *_ in QUANTITIES:
            record = published(port, quantity)
            wanted = expected(column)
            found, wrong = differences(record, wanted)
            good = good and not wrong
            for who, values in (("published", found), ("expected", wanted)):
                print(f"{quantity if who == 'published' else '':13}{who:10}{values['pairs']:6d}"
                      + "".join(f"{values[key]:12.6f}" for key in ("slope", "intercept", "r2", "rmse", "mbe")))
            print(f"{'':13}{record['verdict']}: {record['text']['en']}")
            if wrong:
                print(f"{'':13}DIFFERENT: {', '.join(wrong)}")
        page = directory / f"{SENSOR}.html"
        subprocess.run([twinsky, "report", SENSOR, "--config", file, "--at", text_of(END), "--output", page],
                       check=True, stdout=subprocess.DEVNULL)
        print(f"\nReport page: {page}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
