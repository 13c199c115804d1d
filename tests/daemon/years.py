#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Ten years of the daemon itself in a store of 50 MB: ten sensors, official hours of both cities and
a broker, rehearsed from 2026 on. The file keeps its size, every table its share, and
neither memory nor the time that a year takes grows. By hand, since it takes too long for every change:

  tests/daemon/years.py TWINSKY WORLD [YEARS]

Prints a line for each year; exit code 1 and what it was when a bound was broken."""

import contextlib
import json
import os
import re
import sqlite3
import struct
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta, timezone

import gateway
from gateway import HERE, World

sys.path.insert(0, os.path.join(HERE, "..", "world"))
from collocation import crc, text_of  # noqa: E402

START = datetime(2026, 1, 1, tzinfo=timezone.utc)
SENSORS, EVERY = 10, "1h"
MAX_SIZE = 50_000_000
QUANTITIES = ("pm2_5", "pm10", "temperature", "humidity")
STATIONS = ("Mong Kok", "Central/Western")
# Hundredths of the file, as gateway/store/retention.hpp gives them; the rest is the samples'.
SHARES = {"hours": 15, "official": 14, "reference": 6, "ledger": 5}
TABLES = {"hours": ("hours", "hours_of_quantity")}
FULL_AFTER = 4  # years


def scenario():
    with open(os.path.join(HERE, "..", "world", "two-cities-day.json"), encoding="utf-8") as file:
        day = json.load(file)
    return {"about": day["about"], "values": day["values"], "cn-cnemc": day["cn-cnemc"][:1],
            "hk-epd": [one for one in day["hk-epd"] if one["name"] in STATIONS]}


def write_recording(directory):
    """Modbus devices whose values go up and down; every tenth answer does not come."""
    with open(os.path.join(directory, "map.json"), "w", encoding="utf-8") as file:
        json.dump({"device": "four values", "source": "made for this test", "function": 4,
                   "registers": [{"quantity": name, "register": at, "type": "s16", "scale": 0.1, "decimals": 1}
                                 for at, name in enumerate(QUANTITIES)]}, file)
    cases = []
    for unit in range(1, SENSORS + 1):
        request = crc(struct.pack(">BBHH", unit, 4, 0, len(QUANTITIES))).hex()
        for n in range(140 + unit):
            wave = abs(n - 75)
            values = (120 + wave + 7 * (n % 3), 200 + wave + 11 * (n % 3), 180 + wave, 550 + 2 * wave)
            reply = crc(struct.pack(f">BBB{len(values)}h", unit, 4, 2 * len(values), *values)).hex()
            cases.append({"name": "", "request_hex": request, "rx_hex": reply if n % 10 else ""})
    with open(os.path.join(directory, "units.json"), "w", encoding="utf-8") as file:
        json.dump({"driver": "modbus", "transport": "modbus", "cases": cases}, file)


def configuration(directory, base, port):
    write_recording(directory)
    near = {"base": base, "allow_private_addresses": True}
    return {
        "gateway": {"id": "years", "name": "Ten years", "jurisdiction": "hk", "clock": "system"},
        "buses": {"units": {"recorded": os.path.join(directory, "units.json")}},
        "sensors": [{"id": f"unit-{unit}", "driver": "modbus", "bus": "units", "address": unit, "every": EVERY,
                     "map": os.path.join(directory, "map.json")} for unit in range(1, SENSORS + 1)],
        "feeds": [{"feed": "hk-epd", "documents": ["24pc"], **near},
                  {"feed": "cn-cnemc", "terms_accepted": True, **near}],
        "store": {"path": os.path.join(directory, "twinsky.db"), "commit_every": "1min",
                  "max_size": f"{MAX_SIZE // 1_000_000}MB", "keep": "7300d"},
        "sinks": [{"id": "broker", "mqtt": f"mqtt://127.0.0.1:{port}", "start_at": "oldest"}]}


class Store:
    def __init__(self, path):
        self.path = path

    def ask(self, question):
        with contextlib.closing(sqlite3.connect(f"file:{self.path}?mode=ro", uri=True, timeout=30)) as store:
            return store.execute(question).fetchall()

    def now(self):
        """UTC of the newest row."""
        try:
            rows = self.ask("SELECT ts FROM samples ORDER BY row DESC LIMIT 1")
        except sqlite3.OperationalError:
            rows = []  # is not there yet
        return datetime.fromtimestamp(rows[0][0] / 1000, timezone.utc) if rows else START

    def rows(self):
        return {name: self.ask(f"SELECT count(*) FROM {name}")[0][0] for name in ("samples", *SHARES)}

    def share(self, table):
        """Hundredths of max_size."""
        names = ", ".join(f"'{name}'" for name in TABLES.get(table, (table,)))
        pages = self.ask(f"SELECT sum(pgsize) FROM dbstat WHERE aggregate = TRUE AND name IN ({names})")
        return 100 * pages[0][0] / MAX_SIZE

    def sums(self):
        return dict(self.ask("SELECT cause, count FROM ledger_sums"))


def resident_kb(process):
    with open(f"/proc/{process}/status", encoding="utf-8") as file:
        return int(re.search(r"VmRSS:\s+(\d+)", file.read())[1])


def cpu_seconds(process):
    with open(f"/proc/{process}/stat", encoding="utf-8") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def line_of(year, rows, figures):
    print(f"{year:>5} " + " ".join(f"{rows[name]:>10,}" if rows else f"{name:>10}" for name in ("samples", *SHARES))
          + " " + " ".join(f"{figure:>9}" for figure in figures), flush=True)


class Years:
    """What each year left behind, and whether that is within the bounds."""

    def __init__(self, daemon):
        self.store = Store(daemon.configuration["store"]["path"])
        self.process = daemon.process.pid
        self.cpu, self.resident, self.broken = [0.0], [], []
        self.begin = time.monotonic()
        line_of("year", None, ("file MB", "WAL MB", "RSS MB", "seconds", "CPU s", "shares"))

    def end_of(self, year):
        store, number = self.store, len(self.resident) + 1
        rows, shares = store.rows(), {table: store.share(table) for table in SHARES}
        size, wal = os.path.getsize(store.path), os.path.getsize(store.path + "-wal")
        self.resident.append(resident_kb(self.process))
        self.cpu.append(cpu_seconds(self.process))
        used = self.cpu[-1] - self.cpu[-2]
        line_of(year, rows, (f"{size / 1e6:.1f}", f"{wal / 1e6:.1f}", f"{self.resident[-1] / 1e3:.1f}",
                             f"{time.monotonic() - self.begin:.0f}", f"{used:.0f}",
                             "/".join(f"{share:.1f}" for share in shares.values())))
        self.begin = time.monotonic()
        self.expect(size <= MAX_SIZE * 1.02 and wal <= 8_000_000, f"{year}: file of {size}, WAL of {wal} bytes")
        for table, share in shares.items():
            self.expect(share <= SHARES[table] * 1.1, f"{year}: {table} have {share:.1f} % of the file")
            self.expect(number < FULL_AFTER or share >= SHARES[table] * 0.7,
                        f"{year}: {table} have {share:.1f} % of the file only")
        if number > 2:
            self.expect(self.resident[-1] <= self.resident[1] + 4_000, f"{year}: {self.resident[-1]} kB resident")
            self.expect(used <= 1.25 * (self.cpu[2] - self.cpu[1]), f"{year}: {used:.0f} s of CPU")

    def expect(self, is_good, otherwise):
        if not is_good:
            self.broken.append(otherwise)


def rehearse(daemon, years):
    end = START + timedelta(days=365.25 * years)
    with open(daemon.log_file, "w", encoding="utf-8") as log:
        daemon.process = subprocess.Popen(
            [daemon.binary, "run", "--config", daemon.file, "--rehearse", text_of(START), text_of(end)],
            stdout=log, stderr=log)
    lived = Years(daemon)
    year = START.year
    while "come to its end" not in daemon.log():
        if daemon.process.poll() is not None:
            raise SystemExit("the daemon has ended:\n" + daemon.log()[-3000:])
        now = lived.store.now()
        if year < now.year < end.year + 1 and now < end - timedelta(days=30):
            lived.end_of(year)
            year = now.year
        time.sleep(0.2)
    lived.end_of(year)
    sums = lived.store.sums()
    print(f"Ledger in all: {sums}")
    lived.expect(sums.get("no_response", 0) > 0, "the ledger lacks what did not answer")
    lived.expect(not set(sums) - {"no_response"}, f"lost: {sums}")
    daemon.stop()
    warnings = [line for line in daemon.log().splitlines() if " warning " in line or " error " in line]
    lived.expect(len(warnings) <= 1, "the log has\n  " + "\n  ".join(warnings[:20]))
    return lived.broken


def main():
    if len(sys.argv) < 3:
        raise SystemExit(__doc__)
    gateway.Gateway.binary, World.binary = (os.path.abspath(path) for path in sys.argv[1:3])
    years = float(sys.argv[3]) if len(sys.argv) > 3 else 10
    # In memory: how fast a disk flushes is not what is asked here.
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="years", dir=memory) as directory, contextlib.ExitStack() as ends:
        world = World(scenario())
        ends.callback(world.end)
        broker = gateway.Broker(directory)
        ends.callback(broker.stop)
        daemon = gateway.Gateway(directory, configuration(directory, world.ready["feeds"]["hk-epd"], broker.port))
        ends.callback(daemon.end)
        broken = rehearse(daemon, years)
    print("\n".join(broken) or "all bounds held")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
