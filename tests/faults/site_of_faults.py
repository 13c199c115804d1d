# SPDX-License-Identifier: Apache-2.0
"""A gateway that faults are done to, with a world, a broker, a subscriber and, where asked, a small
file system of its own; and the account of every number that it gave out."""

import collections
import errno
import fcntl
import itertools
import json
import os
import shutil
import sqlite3
import struct
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "daemon"), os.path.join(HERE, "..", "world")]
from gateway import VALUES, Broker, Gateway, Subscriber, World  # noqa: E402

COMMIT_S = 0.2
HANDED_OVER = 10  # numbers of a stream, at most, that the new id of a sink sends and the old one lacks
PAUSE_SLACK_MS = 1200  # a pause is told from the period of the sensor, a second
FAKETIME = "/usr/lib/{}-linux-gnu/faketime/libfaketime.so.1".format(os.uname().machine)
EXT4_IOC_SHUTDOWN = 0x8004587D


class Disk:
    """An ext4 of a few megabytes in a file: full, frozen or gone without harm to anybody else."""

    def __init__(self, directory, megabytes):
        self.image = os.path.join(directory, "disk.img")
        self.path = os.path.join(directory, "disk")
        os.mkdir(self.path)
        with open(self.image, "wb") as image:
            image.truncate(megabytes << 20)
        self.run("mkfs.ext4", "-q", "-m", "0", self.image)
        self.mount()
        self.hog = None
        self.is_frozen = False

    @staticmethod
    def run(*command):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip() or done.returncode}: the faults of "
                               "disks need root and loop devices")

    def mount(self):
        self.run("mount", "-o", "loop", self.image, self.path)

    def unmount(self):
        self.run("umount", "-l", self.path)

    def fill(self):
        """Takes what is free; true when nothing was left."""
        if self.hog is None:
            self.hog = os.open(os.path.join(self.path, "hog"), os.O_CREAT | os.O_WRONLY)
        for size in (65536, 4096, 512):
            try:
                while True:
                    os.write(self.hog, b"x" * size)
            except OSError as problem:
                if problem.errno != errno.ENOSPC:
                    raise
        return os.statvfs(self.path).f_bavail == 0

    def free(self):
        os.close(self.hog)
        os.unlink(os.path.join(self.path, "hog"))
        self.hog = None

    def freeze(self, on=True):
        self.run("fsfreeze", "-f" if on else "-u", self.path)
        self.is_frozen = on

    def shut_down(self):
        """As when a USB disk drops out; true when everything fails from now on."""
        descriptor = os.open(self.path, os.O_RDONLY)
        try:
            fcntl.ioctl(descriptor, EXT4_IOC_SHUTDOWN, struct.pack("I", 1))
        finally:
            os.close(descriptor)
        try:
            os.close(os.open(os.path.join(self.path, "probe"), os.O_CREAT | os.O_WRONLY))
        except OSError as problem:
            return problem.errno in (errno.EIO, errno.EROFS)
        return False

    def end(self):
        if self.is_frozen:
            self.freeze(False)
        if self.hog is not None:
            os.close(self.hog)
        subprocess.run(["umount", "-l", self.path], capture_output=True, check=False)


class Site:
    def __init__(self, chance, sensors=3, rate=10, disk_mb=0, is_time_faked=False, start_at="oldest",
                 clock_wait="10min"):
        self.chance = chance
        self.directory = tempfile.mkdtemp(prefix="faults-")
        self.endings = [lambda: shutil.rmtree(self.directory, ignore_errors=True)]
        try:
            self.build(sensors, rate, disk_mb, is_time_faked, start_at, clock_wait)
        except BaseException:
            self.end()
            raise

    def build(self, sensors, rate, disk_mb, is_time_faked, start_at, clock_wait):
        self.sensors = [f"dust-{n}" for n in range(sensors)]
        self.disk = Disk(self.directory, disk_mb) if disk_mb else None
        if self.disk:
            self.endings.append(self.disk.end)
        folder = os.path.join(self.disk.path if self.disk else self.directory, "store")
        os.mkdir(folder)
        self.store = os.path.join(folder, "twinsky.db")
        self.world = World({"about": "SYNTHETIC: dust sensors that faults are done beside", "values": VALUES,
                            "devices": [{"name": name, "kind": "sds011"} for name in self.sensors]})
        self.endings.append(self.world.end)
        for name in self.sensors:
            self.world.say(f"rate {name} {rate}")
        self.broker = Broker(self.directory)
        self.endings.append(self.broker.stop)
        self.subscriber = Subscriber(self.broker.port)
        self.endings.append(self.subscriber.end)
        environment = dict(self.world.ready["environment"])
        if is_time_faked:
            self.time_file = os.path.join(self.directory, "time")
            self.set_clock("+0")
            environment.update(LD_PRELOAD=f"{environment.get('LD_PRELOAD', '')} {FAKETIME}".strip(),
                               FAKETIME_TIMESTAMP_FILE=self.time_file, FAKETIME_NO_CACHE="1",
                               FAKETIME_DONT_FAKE_MONOTONIC="1", DONT_FAKE_MONOTONIC="1")
        self.gateway = Gateway(self.directory, self.configuration(start_at, clock_wait), environment)
        self.endings.append(self.end_gateway)
        self.given = collections.defaultdict(int)  # (stream, epoch) -> the largest number that was seen in a store
        self.times = {}  # (stream, epoch, number) -> of rows that were about to be taken away
        self.kept_ledger = {}
        self.ends = {}  # of the same keys, in milliseconds
        self.renamed = set()  # sinks that got another id: the new one begins before the old one has left
        self.violations = []
        self.starts = 0

    def configuration(self, start_at, clock_wait):
        return {
            "gateway": {"id": "test", "name": "Test", "jurisdiction": "hk", "clock": "system"},
            "buses": {name: {"serial": self.world.ready["ports"][name]} for name in self.sensors},
            "sensors": [{"id": name, "driver": "sds011", "bus": name} for name in self.sensors],
            "store": {"path": self.store, "commit_every": f"{int(COMMIT_S * 1000)}ms", "minimum_free": "0B",
                      "clock_wait": clock_wait},
            "sinks": [{"id": "broker", "mqtt": f"mqtt://127.0.0.1:{self.broker.port}", "start_at": start_at}]}

    def end_gateway(self):
        if self.is_alive():
            self.gateway.kill()

    def end(self):
        while self.endings:
            try:
                self.endings.pop()()
            except Exception as problem:  # the rest is to be cleared away all the same
                print(f"while clearing away: {problem}", file=sys.stderr)

    # ---- the daemon ----

    def start(self):
        self.starts += 1
        self.gateway.start()

    def is_alive(self):
        return self.gateway.process is not None and self.gateway.process.poll() is None

    def stop(self, within=4.0):
        """Asks it to end; gives the seconds that it took. What does not end is killed and told."""
        if not self.is_alive():
            return 0.0
        begin = time.monotonic()
        self.gateway.process.terminate()
        try:
            self.gateway.process.wait(within)
        except subprocess.TimeoutExpired:
            self.tell(f"SIGTERM: still there after {within:.0f} s")
            if self.disk and self.disk.is_frozen:  # or not even SIGKILL ends it
                self.disk.freeze(False)
            self.gateway.kill()
        return time.monotonic() - begin

    def revive(self):
        """A daemon that has ended by itself is started again, as systemd does."""
        if self.is_alive():
            return
        self.tell(f"the daemon ended by itself: {self.gateway.process.returncode}: {self.last_words()}")
        self.start()

    def last_words(self):
        lines = self.gateway.log().splitlines()
        return lines[-1][:150] if lines else ""

    def tell(self, violation):
        self.violations.append(violation)

    def set_clock(self, offset):
        with open(self.time_file + ".new", "w", encoding="ascii") as file:
            file.write(offset)
        os.replace(self.time_file + ".new", self.time_file)

    def edit(self, change):
        changed = json.loads(json.dumps(self.gateway.configuration))
        change(changed)
        self.gateway.configuration = changed
        self.gateway.write(changed)

    # ---- what can be seen ----

    def offered(self):
        """To lines that somebody had open."""
        return sum(tally["offered"] for tally in self.world.offered().values())

    def heard(self):
        return len(self.subscriber.heard)

    def heard_observations(self):
        return sum(topic.endswith("/obs") for topic, _ in list(self.subscriber.heard))

    def says_disk_fault(self):
        return bool(json.loads(self.subscriber.latest("test/health") or "{}").get("store", {}).get("disk_fault"))

    def query(self, text):
        try:
            database = sqlite3.connect(f"file:{self.store}?mode=ro", uri=True, timeout=1)
            try:
                return database.execute(text).fetchall()
            finally:
                database.close()
        except sqlite3.Error:
            return []

    def newest_row(self):
        found = self.query("SELECT max(row) FROM samples")
        return found[0][0] or 0 if found else 0

    def has_open_what_is_there(self):
        """Is the file of the store's path the one that the daemon has open?"""
        try:
            there = os.stat(self.store)
            folder = f"/proc/{self.gateway.process.pid}/fd"
            for name in os.listdir(folder):
                mine = os.stat(os.path.join(folder, name))
                if (mine.st_dev, mine.st_ino) == (there.st_dev, there.st_ino):
                    return True
        except OSError:
            pass
        return False

    def open_files(self):
        """Of the store, by what the kernel calls them."""
        folder = f"/proc/{self.gateway.process.pid}/fd"
        targets = (os.readlink(os.path.join(folder, name)) for name in os.listdir(folder))
        return sorted(target for target in targets if "twinsky.db" in target)

    def state_age_s(self):
        """How old the newest `state` is; by the monotonic order of arrival it is the last one."""
        for topic, payload in reversed(list(self.subscriber.heard)):
            if topic.endswith("/state") and "/sensor/" in topic and payload:
                return time.time() - json.loads(payload)["ts"] / 1000
        return float("inf")

    def look(self):
        """Remembers what the store has given out and what its ledger says: it may be gone soon."""
        rows = self.query("""
            SELECT s.name, (SELECT epoch FROM epochs e WHERE e.first_row <= r.row ORDER BY e.first_row DESC LIMIT 1) AS of,
                   max(r.seq) FROM samples r JOIN streams s USING (stream) GROUP BY s.name, of""")
        for stream, epoch, seq in rows:
            self.given[stream, epoch] = max(self.given[stream, epoch], seq)
        for row in self.query("""
                SELECT cause, stream, start_ts, end_ts, count, estimated, sink, first_seq, last_seq, epoch FROM ledger"""):
            self.enter(*row)

    def look_at_rows(self):
        """As look(), and remembers the time of each record."""
        self.look()
        for stream, epoch, seq, time_of in self.query("""
                SELECT s.name, (SELECT epoch FROM epochs e WHERE e.first_row <= r.row ORDER BY e.first_row DESC LIMIT 1),
                       r.seq, r.ts
                FROM samples r JOIN streams s USING (stream)"""):
            self.times[stream, epoch, seq] = time_of

    def enter(self, cause, stream, start, end, count, estimated, sink, first, last, epoch):
        key = cause, stream, start, sink, first, epoch
        count, last = count or 0, last or 0
        before = self.kept_ledger.get(key, (0, 0, False))
        self.kept_ledger[key] = (max(before[0], count), max(before[1], last), bool(estimated))
        self.ends[key] = max(self.ends.get(key, end), end)

    # ---- waiting ----

    def until(self, condition, within, what=None):
        """The seconds that it took; None when it did not happen, which `what` makes a violation."""
        begin = time.monotonic()
        while True:
            if condition():
                return time.monotonic() - begin
            if time.monotonic() - begin > within:
                if what:
                    self.tell(f"not within {within:.0f} s: {what}: {self.last_words()}")
                return None
            time.sleep(0.03)

    def until_sampled(self, within=15):
        before = self.offered()
        return self.until(lambda: self.offered() > before + 1, within, "its lines are open")

    def until_heard(self, within=20):
        before = self.heard_observations()
        return self.until(lambda: self.heard_observations() > before + 1, within, "the subscriber hears of it")

    def until_kept(self, within=20, what="the store takes samples"):
        before = self.newest_row()
        return self.until(lambda: self.newest_row() > before, within, what)

    # ---- the account ----

    def drain(self):
        """Ends it and lets what is in the outbox go out, with no sensor that adds to it."""
        self.stop()
        offered = {name: tally["offered"] for name, tally in self.world.offered().items()}
        self.look()
        if self.broker.process is None:
            self.broker.start()
        self.edit(lambda all: all.update(sensors=[], buses={}))
        self.start()
        self.until(lambda: self.query("SELECT 1 FROM streams") and self.is_all_heard(), 30,
                   "the outbox is empty")
        self.look()
        self.stop()
        return offered

    def numbers_heard(self):
        """(stream, epoch) -> number -> the different records that came under it."""
        heard, count = collections.defaultdict(lambda: collections.defaultdict(set)), 0
        for topic, payload in list(self.subscriber.heard):
            level = topic.split("/", 3)[3]
            if not payload or not (level.endswith(("/obs", "/hour")) or level in ("event", "ledger")):
                continue
            stream = level.removesuffix("/obs")
            records = json.loads(payload)
            for record in records if isinstance(records, list) else [records]:
                heard[stream, record["epoch"]][record["seq"]].add(json.dumps(record, sort_keys=True))
                count += 1
                if stream == "ledger":
                    self.enter_heard(record)
        return heard, count

    def enter_heard(self, record):
        self.enter(record["cause"], record["stream"], milliseconds(record["start"]), milliseconds(record["end"]),
                   record.get("count"), record.get("estimated"), record.get("sink", ""), record.get("first_seq", 0),
                   record.get("last_seq", 0), record.get("of_epoch", ""))

    def waiting(self):
        """What is kept and has not been acknowledged: the last events of a run."""
        numbers = collections.defaultdict(set)
        for stream, epoch, seq in self.query("""
                SELECT s.name, (SELECT epoch FROM epochs e WHERE e.first_row <= r.row ORDER BY e.first_row DESC LIMIT 1), r.seq
                FROM samples r JOIN streams s USING (stream) WHERE r.row > (SELECT min(row) FROM cursors)"""):
            if not stream.startswith("sensor/"):
                numbers[stream, epoch].add(seq)
        return numbers

    def is_all_heard(self):
        self.look()
        heard, _ = self.numbers_heard()
        open_numbers = self.unexplained(self.given, heard)
        return self.estimated_for_all() >= sum(len(numbers) for key, numbers in open_numbers.items() if key[0] in self.streams())

    def unexplained(self, given, heard):
        """(stream, epoch) -> numbers that were neither heard nor are in the ledger."""
        ledger = self.numbers_in_ledger()
        return {key: {seq for seq in missing(last, heard.get(key, {}), ledger.get(key, ()))
                      if not self.went_with_its_file(*key, seq)}
                for key, last in given.items()}

    def streams(self):
        return {f"sensor/{name}" for name in self.sensors}

    @staticmethod
    def given_twice(heard, stream):
        """Samples of one moment under several numbers. A record that amends another says so, and two
        frames of one millisecond follow each other in one epoch."""
        numbers_of = collections.defaultdict(set)
        for (of, epoch), numbers in heard.items():
            for seq, records in numbers.items() if of == stream else ():
                for record in records:
                    if '"amends"' not in record:
                        numbers_of[json.loads(record)["ts"]].add((epoch, seq))
        return [(one, other) for numbers in numbers_of.values() for one, other in itertools.pairwise(sorted(numbers))
                if one[0] != other[0] or other[1] > one[1] + 1]

    def numbers_in_ledger(self, may_have_arrived=True):
        """With numbers, an estimate says of these that they may have arrived all the same."""
        numbers = collections.defaultdict(set)
        for (cause, stream, start, sink, first, epoch), (count, last, estimated) in self.kept_ledger.items():
            if not may_have_arrived and sink in self.renamed:
                last -= HANDED_OVER
            if first and (may_have_arrived or not estimated):
                numbers[stream, epoch].update(range(first, last + 1))
        return numbers

    def entries_of(self, stream_and_epoch, number):
        """What the ledger says of one number."""
        return [f"{cause} of {sink or 'all'} {first}-{last}"
                for (cause, stream, _, sink, first, epoch), (_, last, _) in self.kept_ledger.items()
                if (stream, epoch) == stream_and_epoch and first and first <= number <= last]

    def went_with_its_file(self, stream, epoch, seq):
        """A record that only a file had which was taken away: nobody can know of it, but that the
        moment of a sample lies in a pause of the ledger."""
        time_of = self.times.get((stream, epoch, seq))
        if time_of is None:
            return False
        if stream not in self.streams():
            return True
        for key in self.kept_ledger:
            _, of, start, _, first, _ = key
            if of == stream and not first and start - PAUSE_SLACK_MS <= time_of <= self.ends[key] + PAUSE_SLACK_MS:
                return True
        return False

    def estimated_for_all(self):
        """What a file had that was cut: how many records, of all streams together."""
        return sum(count for (cause, stream, *_), (count, _, estimated) in self.kept_ledger.items()
                   if stream == "*" and estimated)

    def account(self, effective, trials, recovery, lost_per_start=2):
        """Ends it all. What was offered to open lines has a number or is counted in the ledger, but
        for `lost_per_start` of each sensor: a frame on the line when it is opened, one when it is
        closed, and what a kill takes with it. None: not to be told (the ledger estimates)."""
        offered = self.drain()
        heard, count = self.numbers_heard()
        given = dict(self.given)
        for key, numbers in heard.items():
            given[key] = max(given.get(key, 0), max(numbers))
        waiting = self.waiting()
        in_no_row = {key: numbers - waiting[key] for key, numbers in self.unexplained(given, heard).items()}
        if sum(map(len, in_no_row.values())) <= self.estimated_for_all():
            in_no_row = {}
        in_both = {key: numbers & set(heard.get(key, {})) for key, numbers in self.numbers_in_ledger(False).items()}
        clashes = sum(len(records) > 1 for numbers in heard.values() for records in numbers.values())
        for key, numbers in in_no_row.items():
            if numbers:
                self.tell(f"{len(numbers)} numbers of {key[0]} ({key[1]}) were neither heard nor are in the ledger: {spans(numbers)}")
        for key, numbers in in_both.items():
            if numbers:
                self.tell(f"{len(numbers)} numbers of {key[0]} ({key[1]}) were heard and are in the ledger: {spans(numbers)}; "
                          f"{self.entries_of(key, min(numbers))}")
        for stream in self.streams():
            if twice := self.given_twice(heard, stream):
                self.tell(f"{len(twice)} samples of {stream} were given two numbers: {twice[:3]}")
        if clashes:
            self.tell(f"{clashes} numbers were given to different records")
        for name in self.sensors if lost_per_start is not None else ():
            stream = f"sensor/{name}"
            numbers = sum(last for key, last in given.items() if key[0] == stream)
            unnumbered = sum(entry[0] for key, entry in self.kept_ledger.items() if key[1] == stream and not key[4])
            difference = offered[name] - numbers - unnumbered
            if abs(difference) > 2 + lost_per_start * self.starts:
                self.tell(f"{stream}: offered {offered[name]}, numbers {numbers}, in the ledger without one {unnumbered}")
        distinct = sum(len(numbers) for numbers in heard.values())
        return {"trials": trials, "effective": effective, "offered": sum(offered.values()),
                "numbers": sum(given.values()), "heard": distinct,
                "in_ledger": sum(len(numbers) for numbers in self.numbers_in_ledger().values()) +
                sum(entry[0] for key, entry in self.kept_ledger.items() if not key[4] and key[1].startswith("sensor/")),
                "in_no_row": sum(map(len, in_no_row.values())), "in_both": sum(map(len, in_both.values())),
                "repeated": count - sum(len(records) for numbers in heard.values() for records in numbers.values()),
                "clashes": clashes, "recovery": recovery, "violations": self.violations}


def missing(last, heard, ledger):
    return {number for number in range(1, last + 1) if number not in heard and number not in ledger}


def spans(numbers):
    """"1-5 9": the first few."""
    found = []
    for number in sorted(numbers):
        if found and found[-1][1] == number - 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return " ".join(f"{a}-{b}" if a != b else str(a) for a, b in found[:4]) + (" …" if len(found) > 4 else "")


def milliseconds(text):
    import datetime
    time_of = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return round(time_of.timestamp() * 1000)
