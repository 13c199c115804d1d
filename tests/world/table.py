#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Judges what a subscriber gets of one gateway: its sensors, the official stations beside them, their
indices and warnings, and its outbox. Reads the output of `mosquitto_sub -v`. On a terminal the command
of --live is shown meanwhile, elsewhere a table of what was heard every ten seconds. With --seconds it
ends by itself, with 1 if something that it was told to expect never came or a record is missing from a
stream."""

import argparse
import json
import shlex
import subprocess
import sys
import textwrap
import threading
import time

import jsonschema

FLAGS = {1: "good", 2: "not evaluated", 3: "suspect", 4: "failed", 9: "missing"}
RECORD_KEYS = {"gateway", "sensor", "feed", "station", "epoch", "seq", "ts", "time", "start", "end",
               "issued", "fetched", "flag", "flags", "faults", "text", "corrections", "meta",
               "amends", "clock", "revision", "gas_reference_k", "reasons", "edition", "subject",
               "parts", "primary", "added_risk_percent", "part_risk_percent", "sensors",
               "indicative"}
EXTRAS = ("_cf1", "_ppb", "_ppm")  # second forms of a value; n_above_… are counts of particles


class Stream:
    """One obs topic: its newest record, the units from its meta, and whether numbers are missing."""

    def __init__(self):
        self.status = "online"
        self.meta = {}
        self.state = {}
        self.record = {}
        self.newest = {}   # by quantity: the newest record that has it
        self.numbers = {}  # by epoch: the highest seq

    def take(self, records):
        missing = repeated = 0
        for record in records:
            last = self.numbers.get(record["epoch"], 0)  # we were here before the first
            if record["seq"] <= last:
                repeated += 1
                continue
            missing += record["seq"] - last - 1
            self.numbers[record["epoch"]] = record["seq"]
            self.look_at(record)
        return len(records), missing, repeated

    def look_at(self, record):
        """A station's quantities may come in several records, and late ones may be older."""
        if record["ts"] >= self.record.get("ts", 0):
            self.record = record
        for key in record:
            if key in RECORD_KEYS or key.startswith("n_") or key.endswith(EXTRAS):
                continue
            if key not in self.newest or record["ts"] >= self.newest[key]["ts"]:
                self.newest[key] = record

    def values(self):
        """The readings as people write them; why one is absent stands in its place."""
        for key, record in self.newest.items():
            about = self.meta.get("quantities", {}).get(key, {})
            if record[key] is not None and key in record.get("text", {}):
                yield f"{key} {record['text'][key]}"
            elif record[key] is None:
                why = record.get("faults", {}).get(key, "-")
                yield f"{key} {record.get('text', {}).get(key, why)}"
            else:
                yield f"{key} {record[key]} {about.get('display_unit', '')}".rstrip()


class Picture:
    """All that was heard so far."""

    def __init__(self, gateway, schema=None):
        self.root = f"twinsky/v1/{gateway}/"
        self.lock = threading.Lock()
        self.streams = {}
        self.status = "not seen yet"
        self.health = {}
        self.warnings = {}    # by feed
        self.agreements = {}  # by edition of an index
        self.records = self.missing = self.repeated = 0
        self.unreadable = []  # what is wrong with payloads, in words
        self.schema = None
        if schema:
            with open(schema, encoding="utf-8") as file:
                self.schema = jsonschema.Draft202012Validator(json.load(file))
        self.complete_after = None  # seconds until all that is expected was heard

    def hear(self, topic, payload):
        name, _, kind = topic.removeprefix(self.root).rpartition("/")
        with self.lock:
            try:
                self.sort_in(name, kind, payload)
            except (ValueError, KeyError, TypeError) as error:
                self.unreadable.append(f"{topic}: {error!r}")

    def sort_in(self, name, kind, payload):
        is_stream = name.startswith(("sensor/", "ref/", "index/"))
        if not name and kind == "status":
            self.status = payload
        elif not name and kind == "health":
            self.health = json.loads(payload)
        elif is_stream and kind == "warnings" and payload:
            self.warnings[name.removeprefix("ref/")] = json.loads(payload)
        elif is_stream and kind == "agreement" and payload:
            self.agreements[name.removeprefix("index/")] = json.loads(payload)
        elif is_stream and kind == "status":
            self.streams.setdefault(name, Stream()).status = payload
        elif is_stream and kind == "state" and payload:
            self.streams.setdefault(name, Stream()).state = json.loads(payload)
        elif is_stream and kind == "meta" and payload:
            self.streams.setdefault(name, Stream()).meta = json.loads(payload)
        elif is_stream and kind == "obs":
            stream = self.streams.setdefault(name, Stream())
            records = json.loads(payload)
            if self.schema:
                error = next(self.schema.iter_errors(records), None)
                if error:
                    raise ValueError(f"not as the schema says: {error.message[:300]}")
            seen, missing, repeated = stream.take(records)
            self.records += seen
            self.missing += missing
            self.repeated += repeated

    def named(self, prefix):
        return [(name.removeprefix(prefix), stream) for name, stream in sorted(self.streams.items())
                if name.startswith(prefix) and stream.record]


def titled(named):
    """Mainland sites go by a code: their names stand beside it."""
    for name, stream in named:
        title = stream.meta.get("name", "").partition(":")[0]
        words = "-".join(title.lower().replace("'", "").replace("/", " ").split())
        yield (name if name.endswith(words) else f"{name} {title}"), stream


def outcome_of(picture, edition):
    agreement = picture.agreements.get(edition)
    if not agreement or not agreement["compared"]:
        return f"{edition}: not yet compared with what the agency printed"
    return (f"{edition}: {agreement['equal']} of {agreement['compared']} hours equal what the agency "
            f"printed")


def warnings_of(picture):
    for feed, warnings in sorted(picture.warnings.items()):
        words = [" ".join(filter(None, [one["name"], one.get("type"), one["issued"]]))
                 for one in warnings]
        yield f"warnings of {feed}: " + ("; ".join(words) or "none")


def age_of(record, now):
    seconds = max(0, now - record["ts"] / 1000)
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def rows_of(title, named, now, width):
    wide = max([len(title), *(len(name) for name, _ in named)])
    yield f"{title:<{wide}}  {'AGE':>6}  {'FLAG':<13}  READINGS"
    for name, stream in named:
        flag = FLAGS.get(stream.record["flag"], "?") if stream.status == "online" else stream.status
        head = f"{name:<{wide}}  {age_of(stream.record, now):>6}  {flag:<13}  "
        readings = "  ".join(value.replace(" ", "\u00a0") for value in stream.values())
        lines = textwrap.wrap(readings, max(width - len(head), 24)) or [""]
        for index, line in enumerate(lines):
            yield (head if index == 0 else " " * len(head)) + line.replace("\u00a0", " ")


def outbox_of(picture):
    sinks = picture.health.get("sinks", {})
    for name, sink in sinks.items():
        yield (f"outbox to {name}: {sink['waiting_rows']} waiting, "
               f"{sink['records_acknowledged']} acknowledged, {sink['state'] or 'connecting'}")
    if not sinks:
        yield "outbox: the gateway has not reported yet"


def drawing(picture, started, width):
    now = time.time()
    with picture.lock:
        yield (f"Twinsky demo, {now - started:.0f} s; the gateway is {picture.status}; devices and "
               "agencies are emulated, their values synthetic")
        yield ""
        yield from rows_of("SENSOR", picture.named("sensor/"), now, width)
        yield ""
        yield from rows_of("OFFICIAL STATION", list(titled(picture.named("ref/"))), now, width)
        yield from warnings_of(picture)
        yield ""
        yield from rows_of("INDEX, computed here", list(titled(picture.named("index/"))), now, width)
        for edition in sorted(picture.agreements):
            yield outcome_of(picture, edition)
        yield ""
        yield from outbox_of(picture)
        yield (f"heard: {picture.records} records of {len(picture.streams)} streams, "
               f"{picture.missing} missing, {picture.repeated} repeated")


def complaints(picture, expected):
    with picture.lock:
        seen = {name for name, stream in picture.streams.items()
                if stream.record and stream.meta and stream.state}
        status, missing, repeated = picture.status, picture.missing, picture.repeated
        unreadable = list(picture.unreadable)
        agreements, warned = dict(picture.agreements), set(picture.warnings)
    if status != "online":
        yield f"the gateway's status is {status}"
    for sensor in expected.sensor:
        if f"sensor/{sensor}" not in seen:
            yield f"no obs, state and meta of the sensor {sensor}"
    for feed in expected.feed:
        count = sum(name.startswith(f"ref/{feed}/") for name in seen)
        if count < expected.stations:
            yield f"observations of {count} stations of {feed}, expected {expected.stations}"
    for edition in expected.index:
        count = sum(name.startswith(f"index/{edition}/") for name in seen)
        if count < expected.stations:
            yield f"the index {edition} of {count} stations, expected {expected.stations}"
        agreement = agreements.get(edition, {"compared": 0})
        if agreement["compared"] < expected.stations or agreement["share"] < 1:
            yield f"the index {edition} is not what the agency printed: {agreement}"
    for feed in sorted(set(expected.warnings) - warned):
        yield f"no list of the warnings of {feed}"
    if missing:
        yield f"{missing} records are missing from their streams"
    if repeated:
        yield f"{repeated} records came twice"
    yield from unreadable[:3]


def listen(picture):
    for line in sys.stdin:
        topic, _, payload = line.rstrip("\n").partition(" ")
        picture.hear(topic, payload)


def is_running(process):
    if process is None:
        return True
    try:
        with open(f"/proc/{process}/stat", encoding="utf-8") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def show(picture, listener, arguments):
    """Until the time is over, or who looks has seen enough; the complaint that ended it early, or none."""
    if not (arguments.live and sys.stdout.isatty()):
        return watch(picture, listener, arguments, None)
    with subprocess.Popen(shlex.split(arguments.live), stdin=sys.stdout.fileno()) as live:
        try:
            return watch(picture, listener, arguments, live)
        finally:
            live.terminate()  # it leaves the terminal as it was


def watch(picture, listener, arguments, live):
    started = time.time()
    every = 10
    next_drawing = started + every / 2
    while arguments.seconds is None or time.time() - started < arguments.seconds:
        rest = next_drawing - time.time()
        if arguments.seconds is not None:
            rest = min(rest, started + arguments.seconds - time.time())
        time.sleep(max(0, min(rest, 0.5)))
        if not is_running(arguments.watch):
            return "the gateway has ended by itself"
        if not listener.is_alive():
            return "the subscriber has ended by itself"
        if picture.complete_after is None and not any(complaints(picture, arguments)):
            picture.complete_after = time.time() - started
        if live and live.poll() is not None:
            return None
        if live or time.time() < next_drawing:
            continue
        next_drawing += every
        print("\n" + "\n".join(drawing(picture, started, 150)), flush=True)
    return None


def options():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gateway", required=True)
    parser.add_argument("--seconds", type=float, help="end by itself after this time")
    parser.add_argument("--sensor", nargs="*", default=[], help="sensors that must be heard")
    parser.add_argument("--feed", nargs="*", default=[], help="feeds that must be heard")
    parser.add_argument("--index", nargs="*", default=[], help="indices that must be heard")
    parser.add_argument("--warnings", nargs="*", default=[], help="feeds whose warnings must be heard")
    parser.add_argument("--stations", type=int, default=3, help="of each feed")
    parser.add_argument("--schema", help="JSON Schema that every obs must pass")
    parser.add_argument("--watch", type=int, metavar="PID", help="end when this process does")
    parser.add_argument("--live", metavar="COMMAND", help="what a terminal shows meanwhile")
    return parser.parse_args()


def main():
    arguments = options()
    picture = Picture(arguments.gateway, arguments.schema)
    listener = threading.Thread(target=listen, args=[picture], daemon=True)
    listener.start()
    try:
        early = show(picture, listener, arguments)
    except KeyboardInterrupt:
        return 130
    print()
    wrong = list(complaints(picture, arguments))
    if early:
        wrong.insert(0, early)
    for complaint in wrong:
        print(f"demo: {complaint}", file=sys.stderr)
    if not wrong:
        indices = f", with {' and '.join(arguments.index)}," if arguments.index else ""
        print(f"All {len(arguments.sensor)} sensors and {arguments.stations} stations of each feed"
              f"{indices} were heard within {picture.complete_after:.0f} s; no record is missing "
              f"or repeated" + (", each is as the schema says." if picture.schema else "."))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
