#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Stores all records of Twinsky gateways in PostgreSQL, each once, and asks for those that are missing.

  subscriber.py --broker broker.example.org --database "dbname=air" [--name database]

A program to copy from. What it does, in this order, is all that is needed to lose nothing:
1. a session that the broker keeps (a fixed client id), QoS 1;
2. a message is acknowledged only once its records are committed: paho-mqtt sends the acknowledgement when
   on_message returns, so whatever fails here ends the program, and the broker sends the message again;
3. the key (gateway, stream, epoch, seq) makes a record that comes twice one row;
4. numbers that are missing, below the newest that was heard or stands in the retained `newest`, are asked for
   on cmd/replay/NAME and answered on reply/replay/NAME (the sink needs "replay_for": ["NAME"]).
Needs Debian's python3-paho-mqtt (1.6 or 2) and python3-psycopg2, and the tables of obs.sql, which it makes."""

import argparse
import bisect
import json
import os
import re
import sys
import time

import paho.mqtt.client as mqtt
import psycopg2
import psycopg2.extras
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

BASE = "twinsky/v1"
TOPICS = ("sensor/+/obs", "sensor/+/hour", "ref/+/+/obs", "index/+/+/obs", "ledger", "event", "newest")
AT_ONCE = 500   # records in a request, so that an answer fits into a small queue of the broker


class Numbers:
    """Which numbers of one stream in one epoch are there, or are known to be nowhere."""

    def __init__(self):
        self.whole = 0    # all up to this one
        self.above = []   # sorted
        self.newest = 0   # the newest that is known of
        self.moved_at = 0.0   # when `whole` rose, or the first number was missing

    def expect(self, newest):
        if self.whole >= self.newest:
            self.moved_at = time.monotonic()
        self.newest = max(self.newest, newest)

    def add(self, first, last, is_asked_for=False):
        self.expect(last)
        for number in range(max(first, self.whole + 1), last + 1):
            place = bisect.bisect_left(self.above, number)
            if place == len(self.above) or self.above[place] != number:
                self.above.insert(place, number)
        taken = 0
        while taken < len(self.above) and self.above[taken] == self.whole + 1:
            self.whole += 1
            taken += 1
        if taken and not is_asked_for:
            self.moved_at = time.monotonic()   # what comes by itself is waited for
        del self.above[:taken]

    def has(self, number):
        place = bisect.bisect_left(self.above, number)
        return number <= self.whole or (place < len(self.above) and self.above[place] == number)

    def gap(self):
        """The first numbers that are missing, at most AT_ONCE of them; None: none is."""
        if self.whole >= self.newest:
            return None
        first = self.whole + 1
        behind = self.above[0] if self.above else self.newest + 1
        return first, min(behind - 1, first + AT_ONCE - 1)


class Question:
    def __init__(self, number, key, first, last, is_sweep):
        self.id = str(number)
        self.is_sweep = is_sweep   # whether there are any behind the newest that is known of
        self.key = key
        self.first = first
        self.last = last
        self.heard = set()
        self.heard_at = time.monotonic()


class Subscriber:
    def __init__(self, options):
        self.options = options
        self.database = psycopg2.connect(options.database)
        with self.database, self.database.cursor() as cursor:
            with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "obs.sql"), encoding="utf-8") as file:
                cursor.execute(file.read())
        self.numbers = {}      # (gateway, stream, epoch) -> Numbers
        self.epochs = {}       # (gateway, stream) -> the epoch of the newest record
        self.questions = {}    # gateway -> the Question that is not answered yet
        self.refused = {}      # key -> not before that time
        self.rests = {}        # gateway -> nothing is asked before that time
        self.asked = 0
        self.recall()
        self.client = self.make_client()

    def make_client(self):
        options = self.options
        versions = getattr(mqtt, "CallbackAPIVersion", None)   # since paho-mqtt 2
        first = (versions.VERSION1,) if versions else ()
        client_id = "twinsky-subscriber-" + options.name
        if options.mqtt == "5":
            client = mqtt.Client(*first, client_id=client_id, protocol=mqtt.MQTTv5)
        else:
            client = mqtt.Client(*first, client_id=client_id, protocol=mqtt.MQTTv311, clean_session=False)
        if options.username:
            with open(options.password_file, encoding="utf-8") as file:
                client.username_pw_set(options.username, file.read().strip())
        if options.ca_file:
            client.tls_set(options.ca_file)
        client.on_connect = self.connected
        client.on_message = self.take
        return client

    def recall(self):
        """What the database has already."""
        with self.database, self.database.cursor() as cursor:
            cursor.execute("SELECT gateway, stream, epoch, max(seq), max(seq) = count(*) AND min(seq) = 1 FROM obs"
                           " GROUP BY gateway, stream, epoch")
            for gateway, stream, epoch, newest, is_whole in cursor.fetchall():
                numbers = self.numbers[(gateway, stream, epoch)] = Numbers()
                if is_whole:
                    numbers.add(1, newest)
                    continue
                cursor.execute("SELECT seq FROM obs WHERE gateway = %s AND stream = %s AND epoch = %s ORDER BY seq",
                               (gateway, stream, epoch))
                for (seq,) in cursor.fetchall():
                    numbers.add(seq, seq)
            cursor.execute("SELECT gateway, stream, epoch, first, last FROM absent")
            for gateway, stream, epoch, first, last in cursor.fetchall():
                self.numbers.setdefault((gateway, stream, epoch), Numbers()).add(first, last)
            cursor.execute("SELECT DISTINCT ON (gateway, stream) gateway, stream, epoch FROM obs"
                           " ORDER BY gateway, stream, time DESC")
            for gateway, stream, epoch in cursor.fetchall():
                self.epochs[(gateway, stream)] = epoch

    def connected(self, client, _data, _flags, code, *_):
        if code != 0:
            print(f"the broker refuses us: {code}", file=sys.stderr)
            return
        self.questions.clear()
        answers = f"{BASE}/+/reply/replay/{self.options.name}"
        client.subscribe([(f"{BASE}/+/{topic}", 1) for topic in TOPICS] + [(answers, 1)])

    # ---- what comes --------------------------------------------------------------------------------------

    def take(self, _client, _data, message):
        _, _, gateway, subject = message.topic.split("/", 3)
        if not message.payload:
            return
        try:
            document = json.loads(message.payload)
            if subject == "newest":
                self.take_newest(gateway, document)
            elif subject.startswith("reply/"):
                self.take_answer(gateway, document)
            else:
                self.store(gateway, re.sub(r"/obs$", "", subject), document)
        except (ValueError, KeyError, TypeError, AttributeError, psycopg2.DataError) as problem:
            # Somebody else's message: it would come again for ever.
            print(f"left out a message on {message.topic}: {problem!r}", file=sys.stderr)

    def store(self, gateway, stream, records, is_asked_for=False):
        rows = [(gateway, stream, record["epoch"], record["seq"], record["time"], json.dumps(record))
                for record in records]
        with self.database, self.database.cursor() as cursor:
            psycopg2.extras.execute_values(cursor, "INSERT INTO obs VALUES %s ON CONFLICT DO NOTHING", rows)
        # Committed. Only now it is noted, and when take() has returned it is acknowledged.
        for record in records:
            numbers = self.numbers.setdefault((gateway, stream, record["epoch"]), Numbers())
            numbers.add(record["seq"], record["seq"], is_asked_for)

    def take_newest(self, gateway, document):
        epoch = document["epoch"]
        for stream, newest in document["newest"].items():
            numbers = self.numbers.setdefault((gateway, stream, epoch), Numbers())
            numbers.expect(newest)
            before = self.epochs.get((gateway, stream))
            if before not in (None, epoch):
                # How far the epoch before had come nobody says: it is asked for what may still be there.
                old = self.numbers[(gateway, stream, before)]
                old.expect(old.whole + AT_ONCE)
            self.epochs[(gateway, stream)] = epoch

    def take_answer(self, gateway, document):
        question = self.questions.get(gateway)
        is_ours = question is not None and document.get("request") == question.id
        if "records" in document:
            self.store(gateway, document["stream"], document["records"], is_asked_for=True)
            if is_ours:
                question.heard.update(record["seq"] for record in document["records"])
                question.heard_at = time.monotonic()
                if len(question.heard) == question.last - question.first + 1:
                    del self.questions[gateway]   # all of it, so its end need not be waited for
                    self.ask_behind(question)
            return
        if not is_ours:
            return
        del self.questions[gateway]
        end = document["end"]
        problem = end.get("problem")
        if problem == "unknown_stream":
            self.refused[question.key] = time.monotonic() + 3600
        elif problem:
            print(f"{gateway}: {problem}: {end['message']}", file=sys.stderr)
            self.rests[gateway] = time.monotonic() + end.get("retry_after_s", self.options.answer_within)
        elif len(question.heard) == end["records"]:
            if not question.is_sweep:
                self.note_absent(question)   # all came that there are
        # Else a part of the answer was lost: the gap is still there, and asked for again.

    def ask_behind(self, question):
        """Of an epoch that is over nobody says how far it came: until there is nothing more."""
        if self.epochs.get(question.key[:2]) != question.key[2] and question.last - question.first + 1 == AT_ONCE:
            self.numbers[question.key].expect(question.last + AT_ONCE)

    def note_absent(self, question):
        numbers = self.numbers[question.key]
        absent = [number for number in range(question.first, question.last + 1) if not numbers.has(number)]
        if not absent:
            return
        with self.database, self.database.cursor() as cursor:
            psycopg2.extras.execute_values(cursor, "INSERT INTO absent VALUES %s ON CONFLICT DO NOTHING",
                                           [(*question.key, number, number) for number in absent])
        for number in absent:
            numbers.add(number, number, is_asked_for=True)

    # ---- what is asked for -------------------------------------------------------------------------------

    def ask(self):
        """One question to each gateway at a time, and none about a stream that still comes in its own order."""
        now = time.monotonic()
        for gateway, question in list(self.questions.items()):
            if now > question.heard_at + self.options.answer_within:
                del self.questions[gateway]
        for key, numbers in self.numbers.items():
            gateway, stream, epoch = key
            gap = numbers.gap()
            is_sweep = not gap
            if is_sweep:   # the broker may have lost `newest` as well
                gap = (numbers.whole + 1, numbers.whole + AT_ONCE)
            wait = self.options.sweep if is_sweep else self.options.patience
            earliest = max(numbers.moved_at + wait, self.refused.get(key, 0), self.rests.get(gateway, 0))
            if gateway in self.questions or now < earliest:
                continue
            if is_sweep:
                numbers.moved_at = now
            self.asked += 1
            question = self.questions[gateway] = Question(self.asked, key, *gap, is_sweep)
            text = json.dumps({"request": question.id, "stream": stream, "epoch": epoch,
                               "first": question.first, "last": question.last})
            self.client.publish(f"{BASE}/{gateway}/cmd/replay/{self.options.name}", text, qos=1)

    def run(self):
        host, _, port = self.options.broker.partition(":")
        keywords = {}
        if self.options.mqtt == "5":
            properties = Properties(PacketTypes.CONNECT)
            properties.SessionExpiryInterval = 0xFFFFFFFF   # the broker keeps what comes while we are away
            keywords = {"clean_start": False, "properties": properties}
        self.client.connect(host, int(port or 1883), keepalive=30, **keywords)
        while True:
            code = self.client.loop(0.2)
            if code != mqtt.MQTT_ERR_SUCCESS:
                print(f"the connection is lost: {mqtt.error_string(code)}", file=sys.stderr)
                time.sleep(2)
                try:
                    self.client.reconnect()
                except OSError as problem:
                    print(f"no connection: {problem}", file=sys.stderr)
            self.ask()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--broker", required=True, help="host, or host:port")
    parser.add_argument("--database", required=True, help='for PostgreSQL, such as "dbname=air user=air"')
    parser.add_argument("--name", default="database", help='as in "replay_for"; the client id is made of it')
    parser.add_argument("--mqtt", choices=["5", "3.1.1"], default="5")
    parser.add_argument("--username")
    parser.add_argument("--password-file")
    parser.add_argument("--ca-file", help="for TLS")
    parser.add_argument("--patience", type=float, default=5,
                        help="seconds for which numbers are missing before they are asked for")
    parser.add_argument("--answer-within", type=float, default=30, help="seconds; then it is asked again")
    parser.add_argument("--sweep", type=float, default=600,
                        help="seconds without a record after which it is asked whether there are any")
    Subscriber(parser.parse_args()).run()


if __name__ == "__main__":
    main()
