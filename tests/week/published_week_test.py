#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""All that a user may see of a rehearsed week full of faults, byte by byte: what two brokers got on
each topic, the store, its exports, what is said of it, and how configurations are refused.
tests/cases/published/week.txt has of each stream how much it is, a hash of all of it and its first
lines of each kind; nothing that changes inside may change it. What differs in any two runs has a name
in its place: epochs, the version, folders and ports. Devices, agencies and their values are made up.
Usage: published_week_test.py TWINSKY WORLD DEVICE_WEEK [--write] [test …]
--write: the file becomes what this run gave, to be looked at before it is committed; --keep: the whole
text stays beside the program also when nothing has changed."""

import contextlib
import difflib
import hashlib
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest
from datetime import datetime, timedelta, timezone

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "daemon"))
import gateway  # noqa: E402
from agency import Agency  # noqa: E402
from device_week_test import configuration, scenario, trouble  # noqa: E402
from gateway import PROBE, Broker, Gateway, Subscriber, free_port, until  # noqa: E402
from troubles_test import PLACE, Agencies  # noqa: E402

GOLDEN = os.path.join(HERE, "..", "cases", "published", "week.txt")
FULL = os.path.abspath("published-week.txt")
REFUSALS = ("baud-for-i2c", "correction-twice", "modbus-without-map", "not-utf-8", "position-without-datum",
            "section-of-the-wrong-kind", "sink-scheme", "store-out-of-range", "trailing-comma", "unknown-keys-everywhere")
REFUSED = os.path.join(HERE, "..", "configs", "refused")
START = datetime(2026, 11, 15, tzinfo=timezone.utc)
HOUR = timedelta(hours=1)
# A part, its end, an hour without power, and the other part.
PARTS = ((0, 100), (101, 168))
CADENCE = {"pm": 1800, "sds": 1800, "late-wind": 600, "late-air": 600, "prompt": 900, "far": 600, "bme": 300,
           "bme-b": 600, "bme-dry": 900, "scd": 300, "sht": 600}
KINDS_SHOWN = 3
PREFIX = "twinsky/v1/test/"
ALLOWED = ["sensor/+/hour", "sensor/bme/#", "event", "compare/#"]
NARROW = re.compile(r"sensor/[^/]+/hour|sensor/bme/.*|event|compare/.*")
# Which row a sample got, what brokers have acknowledged by now, what is drawn by lot.
LEFT_OUT = {"tables": ("cursors", "mark", "hours_done"),
            "columns": ("row", "first_row", "last_row", "entry"),
            "remembered": ("claimed", "last_heard", "clock_was", "newest_changes", "released_run", "runs")}
STREAMS = ("obs", "hour", "ledger", "event")


def parts_of(payload):
    """The elements of a JSON array in their own bytes."""
    decoder, place, parts = json.JSONDecoder(), 1, []
    while place < len(payload):
        _, end = decoder.raw_decode(payload, place)
        parts.append(payload[place:end])
        place = end + 1
    return parts


def in_no_order(lines):
    """Threads that are at work at the same moment are so in any order: so are the numbers of streams that several of
    them write to, and whether the first commit has what was missed without power."""
    def normal(line):
        if re.search(r'("(?:event|cause)":|"stream": "(?:event|ledger)")', line):
            line = re.sub(r'"seq": ?[0-9]+', '"seq":<number>', line)
        if "gateway_off" in line and "cause" in line:
            line = re.sub(r'"ts": ?[0-9]+(,"time":"[^"]*")?', '"ts":<start>', line)
        return line
    return sorted(map(normal, lines))


def summary(full):
    """Of each stream how many lines it has, a hash of them, and the first of each kind that stand nowhere above."""
    parts, shown = [], set()
    for part in full.removeprefix("== ").split("\n== "):
        name, *lines = part.removesuffix("\n").split("\n")
        kinds = {}
        for line in lines:
            kinds.setdefault(re.sub(r"[0-9]+", "0", line), line)
        digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]
        first = [line for line in list(kinds.values())[:KINDS_SHOWN] if line not in shown]
        shown.update(first)
        parts.append(f"== {name}\n{len(lines)} lines, {len(kinds)} kinds, {digest}\n" + "".join(
            f"  {line}\n" for line in first))
    return "".join(parts)


def text_of(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def at(hours):
    return (START + hours * HOUR).timestamp()


def spell(what, start, length, **more):
    return trouble(what, at(start), at(start + length), **more)


TROUBLES = {
    "pm": [spell("off", 30, 0.4), spell("silent", 50, 1), spell("garbled", 75, 0.7), spell("off", 130, 2)],
    "sds": [spell("off", 40, 1), spell("silent", 60, 1), spell("garbled", 110, 1)],
    "late": [spell("late", 5, 24, least_s=0.1, most_s=3), spell("off", 48, 0.5), spell("silent", 110, 0.5)],
    "far": [spell("late", 31, 9, least_s=0.1, most_s=3), spell("off", 55, 0.6), spell("late", 120, 20, least_s=0.1, most_s=3)],
    "bme": [spell("temperature_failed", 44, 3), spell("off", 80, 1)],
    "scd": [spell("off", 26, 0.5), spell("off", 125, 0.2)],
    "sht": [spell("off", 33, 0.5), spell("garbled", 66, 0.6), spell("silent", 140, 1)],
}


class PublishedWeek(unittest.TestCase):
    device_week = ""
    writes = keeps = False

    def setUp(self):
        self.maxDiff = None
        folder = tempfile.TemporaryDirectory(prefix="published")
        self.addCleanup(folder.cleanup)
        self.directory = folder.name
        self.brokers, self.subscribers = {}, {}
        for name in ("broker", "narrow"):
            directory = os.path.join(self.directory, name)
            os.mkdir(directory)
            self.brokers[name] = Broker(directory)
            self.addCleanup(self.brokers[name].stop)
            self.subscribe(name)
        self.agency = Agency(Agencies().answer, Agencies.is_cut)
        self.addCleanup(self.agency.end)
        self.tcp = free_port()
        self.found = {}  # name: lines

    def listening(self, broker, name):
        """A subscriber that has got what the broker retains: what is published now comes after that."""
        subscriber, port = Subscriber(self.brokers[broker].port, "#", name), str(self.brokers[broker].port)
        self.addCleanup(subscriber.end)

        def hears():
            subprocess.run(["mosquitto_pub", "-h", "127.0.0.1", "-p", port, "-q", "1", "-t", PROBE, "-m", "x"], check=True)
            return PROBE in dict(subscriber.heard)
        until(hears, 10, "the subscriber hears")
        return subscriber

    def subscribe(self, name):
        """From now on the broker keeps for the subscriber what it does not take."""
        subscriber = self.listening(name, "watcher")
        subscriber.end()
        subscriber.heard.clear()
        self.subscribers[name] = subscriber

    # ---- the week --------------------------------------------------------------------------------

    def configurations(self):
        """What a user has, and what that becomes."""
        ports = {name: os.path.join(self.directory, name) for name in ("pm", "pm-steady", "sds", "sds-period", "rs485")}
        first = configuration(self.directory, {**ports, "tcp": f"127.0.0.1:{self.tcp}"}, CADENCE,
                              self.brokers["broker"].port)
        key = os.path.join(self.directory, "key")
        with open(key, "w", encoding="utf-8") as file:
            file.write("none is needed\n")
        os.chmod(key, 0o600)
        near = {"base": self.agency.base, "allow_private_addresses": True}
        first["gateway"]["position"] = {"datum": "wgs84", **PLACE}
        first["store"]["commit_every"] = "1min"
        for sensor in first["sensors"]:
            if sensor["id"] in ("pm", "sds", "bme", "sht"):
                sensor["placement"] = "rooftop"
        first["feeds"] = [
            {"feed": "hk-epd", "documents": ["24pc", "24aqhi"], "stations": ["mong-kok", "sha-tin"], **near},
            {"feed": "hk-hko", "documents": ["latest_1min_temperature", "rhrread", "warnsum"],
             "stations": ["kings-park", "sha-tin", "hk-observatory", "sha-tin-district"], **near},
            {"feed": "cn-cnemc", "terms_accepted": True, "stations": ["1141a", "1142a"], **near},
            {"feed": "metar", **near},
            {"feed": "openaq", "terms_accepted": True, "key_file": "key", "sensors": {"1": "roof-ref"},
             "places": {"roof-ref": {**PLACE, "kind": "general"}}, **near}]
        first["compare"] = [{"sensor": sensor, "quantity": quantity, "with": station} for sensor, quantity, station in
                            self.comparisons]
        first["sinks"][0]["redistribute"] = ["openaq", "cn-cnemc"]
        first["sinks"].append({"id": "narrow", "mqtt": f"mqtt://127.0.0.1:{self.brokers['narrow'].port}",
                               "start_at": "oldest", "allow": ALLOWED})
        second = json.loads(json.dumps(first))
        second["sensors"] = [one for one in second["sensors"] if one["id"] != "bme-b"]
        second["feeds"] = [one for one in second["feeds"] if one["feed"] != "metar"]
        second["feeds"][1]["stations"].remove("sha-tin-district")
        second["corrections"] = [
            {"id": "roof", "version": 2, "sensor": "pm", "quantity": "pm2_5", "method": "piecewise",
             "knots": {"raw": [0, 20, 60], "corrected": [0, 14, 50]}, "author": "the laboratory"},
            {"id": "wet", "sensor": "sds", "quantity": "pm2_5", "method": "kappa_koehler", "kappa": 0.25}]
        return first, second

    comparisons = (("pm", "pm2_5", "hk-epd/mong-kok"), ("sds", "pm2_5", "openaq/roof-ref"),
                   ("bme", "temperature", "hk-hko/kings-park"))

    def rehearse(self, configured, start, end, part):
        scenario_file = os.path.join(self.directory, "scenario.json")
        with open(scenario_file, "w", encoding="utf-8") as file:
            json.dump(scenario(TROUBLES, self.tcp), file)
        for name, broker in self.brokers.items():
            self.subscribers[name].end()
            broker.stop()
        running = Gateway(self.directory, configured)
        with open(running.log_file, "a", encoding="utf-8") as log:
            running.process = subprocess.Popen(
                [self.device_week, running.file, scenario_file, text_of(start), text_of(end)], stdout=subprocess.PIPE,
                stderr=log, text=True)
        self.addCleanup(running.end)
        self.assertTrue(running.process.stdout.readline(), running.log()[-3000:])
        self.running = running
        for name, broker in self.brokers.items():
            broker.start()
            again = Subscriber(broker.port, "#")
            self.addCleanup(again.end)
            again.heard[:0] = self.subscribers[name].heard
            self.subscribers[name] = again
        running.process.send_signal(signal.SIGUSR1)
        self.wait_for_all(end)
        self.capture_topics(part)
        running.process.terminate()
        self.assertEqual(running.process.wait(30), 0, running.log()[-3000:])
        running.process.stdout.close()
        running.process = None
        self.capture_retained(part)

    def wait_for_all(self, end):
        """The brokers have got what is for them."""
        lines = set(self.running.printed("export", "--json").splitlines())

        def has_all():
            got = set(self.records("broker"))
            wanted = {record for record in got if NARROW.fullmatch(record[0])}
            return lines <= {record for _, record in got} and wanted <= set(self.records("narrow"))

        def has_the_last():
            return f'"time":"{text_of(end)[:-1]}.000Z"' in (self.subscribers["broker"].latest("/health") or "")
        until(has_all, 60, "the subscribers have all", progress=self.count)
        until(has_the_last, 60, "the last health", progress=self.count)
        before = -1
        while before != self.count():
            before = self.count()
            time.sleep(1)  # whatever else stands on a topic

    def count(self):
        return sum(len(subscriber.heard) for subscriber in self.subscribers.values())

    def records(self, broker):
        """(topic, record) of the streams, as they came: each once, in its own bytes."""
        return dict.fromkeys(
            (topic.removeprefix(PREFIX), record) for topic, payload in list(self.subscribers[broker].heard)
            if topic.rsplit("/", 1)[1] in STREAMS for record in parts_of(payload))

    # ---- what is to be seen ----------------------------------------------------------------------

    def add(self, name, lines):
        self.found[name] = list(lines)

    def capture_topics(self, part):
        """What was said last on each."""
        for broker, subscriber in self.subscribers.items():
            for topic, payload in sorted(dict(subscriber.heard).items()):
                if topic == PROBE:
                    continue
                topic = topic.removeprefix(PREFIX)
                if topic == "health":  # what it says of the store, the sinks and the network is of this machine
                    document = json.loads(payload)
                    payload = json.dumps({key: document[key] for key in ("time", "started", "clock", "sensors", "feeds")})
                if topic != "mark" and topic.rsplit("/", 1)[-1] not in STREAMS:
                    self.add(f"{broker}, part {part}: {topic}", [payload])

    def capture_retained(self, part):
        """What a broker goes on saying of a gateway that has stopped."""
        for name, broker in self.brokers.items():
            listener = self.listening(name, f"late-{part}")
            self.add(f"{name}, retained after part {part}", sorted(
                f"{topic.removeprefix(PREFIX)} {payload}" for topic, payload in listener.heard
                if topic.rsplit("/", 1)[1] not in ("state", "health", "mark", "probe")))

    def capture_streams(self):
        for broker in self.subscribers:
            by_topic = {}
            for topic, record in self.records(broker):
                if '"event":"stopped"' not in record:  # it may reach a broker in time, or at the next start
                    by_topic.setdefault(topic, []).append(record)
            for topic, records in sorted(by_topic.items()):
                self.add(f"{broker}: {topic}", in_no_order(records) if topic in ("event", "ledger") else records)

    def capture_store(self):
        with contextlib.closing(sqlite3.connect(f"file:{self.directory}/twinsky.db?mode=ro", uri=True)) as store:
            names = dict(store.execute("SELECT stream, name FROM streams"))
            for table, in store.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall():
                if table in LEFT_OUT["tables"]:
                    continue
                cursor, lines = store.execute(f"SELECT * FROM {table}"), []
                columns = [column[0] for column in cursor.description]
                for row in cursor:
                    cells = {name: cell for name, cell in zip(columns, row) if name not in LEFT_OUT["columns"]}
                    cells = {name: names.get(cell, cell) if name == "stream" else cell for name, cell in cells.items()}
                    if cells.get("name", "").split(" ")[0] not in LEFT_OUT["remembered"]:
                        lines.append(json.dumps(cells, ensure_ascii=False))
                self.add(f"store: {table}", in_no_order(lines))

    def capture_commands(self):
        self.add("export --json", in_no_order(self.running.printed("export", "--json").splitlines()))
        for stream in ("sensor/pm", "ref/hk-epd/sha-tin", "sensor/bme/hour"):
            self.add(f"export --stream {stream}", self.running.printed("export", "--stream", stream).splitlines())
        for sensor, quantity, station in self.comparisons:
            self.add(f"export pairs, {sensor} {quantity} {station}", self.running.printed(
                "export pairs", "--sensor", sensor, "--quantity", quantity, "--with", station,
                "--from", text_of(START), "--to", text_of(START + 200 * HOUR)).splitlines())
            page = os.path.join(self.directory, "report.html")
            self.running.printed("report", sensor, "--output", page, "--at", text_of(START + 160 * HOUR))
            with open(page, encoding="utf-8") as file:
                self.add(f"report {sensor}", file.read().splitlines())
        self.add("status", sorted(self.running.printed("status", "--all", code=1).splitlines()))
        self.add("audit", self.running.printed("audit").splitlines())

    def capture_refusals(self):
        """As they are printed; the words of every one are beside its configuration, and judged there."""
        lines = []
        for name in REFUSALS:
            done = subprocess.run([Gateway.binary, "check", f"{name}.json"], cwd=REFUSED, capture_output=True, text=True,
                                  check=False)
            lines += [f"{name} {done.returncode}", *done.stdout.splitlines(), *done.stderr.splitlines()]
        self.add("refusals", lines)

    def normal(self, text):
        """With a name for what is another in each run."""
        for number, epoch in enumerate(sorted(set(re.findall(r'"epoch":"([0-9a-f]{8})"', text))), 1):
            text = text.replace(epoch, f"<epoch {number}>")
        for value in set(re.findall(r'"config(?:_hash)?":"([0-9a-f]{16})"', text)):
            text = text.replace(value, "<configuration>")
        text = text.replace(self.directory, "<folder>").replace(self.version, "<version>")
        for pattern, name in (
                (r"127\.0\.0\.1:[0-9]+", "<host>"), (r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}", "<boot>"),
                (r'("machine": ")[0-9a-f]*', r"\1<machine>"), (r"[0-9]+ kB", "<size>"),
                # How many messages there were depends on when which arrived.
                (r"[0-9]+ messages, ([0-9]+ records), [0-9]+ bytes", r"\1"),
                (r"(?m)^( *event +)[0-9]+( records, by (?:event|#))$", r"\1<number>\2"),
                (r"(?m)^(sink [a-z]+: ).* waiting.*$", r"\1<number> waiting"),
                # A document's address has a port.
                (r'(?m)^(\{"name": "expected.*)$', lambda found: re.sub(r"[0-9]{15,20}", "<address>", found[1])),
                # The last digits of a number that nobody has rounded are the processor's.
                (r"[0-9]+\.[0-9]{10,}", lambda found: f"{float(found[0]):.9g}"),
                # A stop takes a moment.
                (r'(?m)^.*"?event\\?":\\?"stopped.*$', lambda found: re.sub(r"[0-9-]+T[0-9:.]+Z|[0-9]{13}", "<end>", found[0]))):
            text = re.sub(pattern, name, text)
        return text

    def test_nothing_has_changed(self):
        done = subprocess.run([Gateway.binary, "--version"], capture_output=True, text=True, check=True)
        self.version = done.stdout.split()[-1]
        for part, (configured, (start, end)) in enumerate(zip(self.configurations(), PARTS), 1):
            self.rehearse(configured, START + start * HOUR, START + end * HOUR + timedelta(seconds=30), part)
        self.capture_streams()
        self.capture_store()
        self.capture_commands()
        self.capture_refusals()
        full = self.normal("\n".join(f"== {name}\n" + "\n".join(lines) for name, lines in self.found.items()) + "\n")
        with open(FULL, "w", encoding="utf-8") as file:
            file.write(full)
        found = summary(full)
        if self.writes:
            with open(GOLDEN, "w", encoding="utf-8") as file:
                file.write(found)
        with open(GOLDEN, encoding="utf-8") as file:
            golden = file.read()
        if found == golden:
            if not self.keeps:
                os.remove(FULL)
            return
        before, now = (set(re.findall(r"== (.*\n.*)\n", text)) for text in (golden, found))
        names = sorted({one.split("\n")[0] for one in before ^ now})
        changes = "\n".join(line[:500] for line in list(difflib.unified_diff(
            golden.splitlines(), found.splitlines(), "before", "now", n=0))[:40])
        self.fail(f"what is to be seen has changed in {len(names)} streams: {', '.join(names)}.\nAll of it is in {FULL}; the "
                  f"same of the commit before (there this test with --keep) tells the rest. It begins with\n{changes}")


if __name__ == "__main__":
    PublishedWeek.device_week = os.path.abspath(sys.argv.pop(3))
    PublishedWeek.writes, PublishedWeek.keeps = "--write" in sys.argv, "--keep" in sys.argv
    sys.argv = [word for word in sys.argv if word not in ("--write", "--keep")]
    gateway.main()
