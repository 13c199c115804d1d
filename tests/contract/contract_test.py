#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What gateway/sinks/asyncapi.json and its schemas say is what goes out: every message of a rehearsed day of
devices, agencies, comparisons, indices and warnings, and Home Assistant's. A subscriber that validates every
payload as they say sees a topic, a member, a word, a QoS that they do not have; and what they have and nobody
sends. Usage: contract_test.py TWINSKY WORLD DEVICE_WEEK [--write FILE] [test …]
--write: what was heard, for other judges: a JSON line {"topic", "payload"} of each message that is not empty."""

import collections
import copy
import json
import os
import subprocess
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", folder) for folder in ("week", "daemon")]
import contract  # noqa: E402
import gateway  # noqa: E402
from contract import Contract  # noqa: E402
from gateway import until  # noqa: E402
from published_week_test import HOUR, START, PublishedWeek, text_of  # noqa: E402

SCHEMAS = ("payloads.schema.json", "discovery.schema.json", "../compare/compare.schema.json")
HOURS = 25  # so that the first hour of the next day tells of this one


class Documents(unittest.TestCase):
    def test_the_document_holds_together(self):
        self.assertEqual(list(Contract().check()), [])

    def test_every_property_is_described(self):
        for name in SCHEMAS:
            self.assertEqual(list(contract.undescribed(contract.read(name))), [], name)

    def test_every_object_says_whether_it_is_open(self):
        """Else it could not be closed here."""
        def silent(schema, path, is_part=False):
            if isinstance(schema, dict):
                # What others are made of by allOf is closed there.
                if "properties" in schema and "unevaluatedProperties" not in schema and not is_part:
                    yield path
                for key, value in schema.items():
                    yield from silent(value, f"{path}/{key}", key in PARTS)
            for number, value in enumerate(schema) if isinstance(schema, list) else ():
                yield from silent(value, f"{path}/{number}")
        PARTS = ("head", "values", "readings", "state_head", "index_members")
        for name in SCHEMAS:
            self.assertEqual(list(silent(contract.read(name), "")), [], name)

    def test_a_later_version_is_good_by_what_is_published(self):
        """Fields and words are only ever added: so the schemas as they are take them, and closed they do not."""
        for name, key, content in (
                ("agreement", "more", {"compared": 1, "equal": 1, "within_one": 1, "share": 1.0}),
                ("sensor_status", None, "asleep")):
            if key:
                content[key] = 1
            reference = f"payloads.schema.json#/$defs/{name}"
            self.assertFalse(contract.validator(reference).is_valid(content), name)
            self.assertTrue(contract.published(reference).is_valid(content), name)


class ADay(PublishedWeek):
    test_nothing_has_changed = None
    capture = None

    def findings(self, found, heard, asked):
        """What is wrong, by contract `found`, with messages and with topics that were asked for."""
        said = collections.Counter()
        for message in heard:
            problems = found.problems(*message)
            yield from problems
            yield from found.problems_of_sending(*message, message.how)
            if not problems and message[1]:
                said[found.channels_of(message[0])[0]] += 1
        yield from (f"{name}: nobody sends it" for name in sorted(found.names("send") - set(said)))
        received = {name for topic in asked for name in found.channels_of(topic, "receive")}
        yield from (f"{topic}: is asked for" for topic in sorted(asked) if not found.channels_of(topic, "receive"))
        yield from (f"{name}: nobody asks for it" for name in sorted(found.names("receive") - received))

    def test_every_message_is_as_the_contract_says(self):
        configured, _ = self.configurations()
        configured = copy.deepcopy(configured)
        configured["sinks"][0]["replay_for"] = ["database"]
        self.rehearse(configured, START, START + HOURS * HOUR, 1)
        subprocess.run([gateway.Gateway.binary, "doctor", "--config", self.running.file], capture_output=True, check=False)
        until(lambda: self.subscribers["broker"].latest("/doctor"), 20, "the doctor's trial is heard")
        heard = [message for message in self.subscribers["broker"].heard
                 if message[0] != gateway.PROBE and "/cmd/" not in message[0]]
        asked = self.brokers["broker"].subscriptions("twinsky-test-broker(?:-trial)?")
        findings = list(self.findings(Contract(), heard, asked))
        self.assertEqual(findings[:20], [], f"{len(findings)} findings")
        if self.capture:
            with open(self.capture, "w", encoding="utf-8") as file:
                for topic, payload in heard:
                    if payload:
                        file.write(json.dumps({"topic": topic, "payload": payload}, ensure_ascii=False) + "\n")
        self.every_check_can_fail(heard, asked)

    def capture_topics(self, part):
        """While it is still there it is asked for all that was measured in an hour, and for what there is not."""
        broker = self.brokers["broker"]
        for number, request in enumerate((
                {"request": "an hour", "start": text_of(START + 9 * HOUR), "end": text_of(START + 10 * HOUR)},
                {"request": "no stream", "stream": "sensor/none", "epoch": "none", "first": 1, "last": 2}), 1):
            self.assertEqual(list(contract.validator("payloads.schema.json#/$defs/replay_request").iter_errors(request)), [])
            subprocess.run(["mosquitto_pub", "-h", "127.0.0.1", "-p", str(broker.port), "-V", "5", "-q", "1",
                            "-D", "publish", "response-topic", "twinsky/v1/test/reply/replay/database" + "/7" * (number - 1),
                            "-t", "twinsky/v1/test/cmd/replay/database", "-m", json.dumps(request)], check=True)
            until(lambda number=number: sum('"end":{' in payload for topic, payload in self.subscribers["broker"].heard
                                            if "/reply/" in topic) == number, 60, "what was asked for came")
        super().capture_topics(part)

    def no_object_takes_more(self, found, topic, payload):
        """However deep it lies."""
        channel, = found.channels_of(topic)
        content = found.content(channel, payload)
        seen = set()

        def objects(value, path):
            if isinstance(value, dict) and path not in seen:
                seen.add(path)
                yield value
            for key, each in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
                yield from objects(each, path + (key if isinstance(value, dict) else 0,))
        for each in objects(content, ()):
            each["more"] = 1
            self.assertFalse(found.schema(channel).is_valid(content), f"{topic}: takes {json.dumps(each)[:200]}")
            del each["more"]

    def every_check_can_fail(self, heard, asked):
        """Of the same day."""
        def finds(change, what, messages=(), topics=asked):
            document = copy.deepcopy(contract.read(contract.DOCUMENT))
            change(document)
            found = next((one for one in self.findings(Contract(document), messages or few, topics) if what in one), None)
            self.assertIsNotNone(found, what)

        def message(old, topic, payload, how=None):
            new = gateway.Heard((topic, payload))
            new.how = how or old.how
            return new
        few = [next(one for one in heard if name in Contract().channels_of(one[0]) and one[1])
               for name in sorted(Contract().names("send"))]
        self.assertEqual(list(self.findings(Contract(), few, asked)), [])
        for topic, payload in few:
            self.no_object_takes_more(Contract(), topic, payload)
        info, = (one for one in few if one[0].endswith("/info"))
        nothing = lambda document: None  # noqa: E731
        finds(lambda document: document["operations"].pop("send_info"), "info: 0 channels")
        finds(lambda document: document["channels"]["sensor_obs"].update(address="twinsky/v1/{gateway}/sensor/{sensor}/records"), "sensor_obs: nobody sends it")
        finds(lambda document: document["operations"]["send_info"]["bindings"]["mqtt"].update(retain=False), "info: retained")
        finds(lambda document: document["operations"]["send_event"]["bindings"]["mqtt"].update(retain=True), "event: not retained")
        finds(lambda document: document["operations"]["send_health"]["bindings"]["mqtt"].update(qos=1), "health: QoS 0, not 1")
        finds(lambda document: document["operations"]["send_health"]["bindings"]["mqtt"].update(messageExpiryInterval=1), "health: expires")
        finds(lambda document: document["operations"]["send_sensor_state"]["bindings"]["mqtt"].pop("messageExpiryInterval"), "state: expires")
        finds(lambda document: document["operations"].pop("receive_home_assistant"), "homeassistant/status: is asked for")
        finds(nothing, "home_assistant: nobody asks for it", topics=set())
        finds(nothing, "Unevaluated properties", [message(info, info[0], '{"more":1,' + info[1][1:])])
        finds(nothing, "is not of type", [message(info, info[0], info[1].replace('"sensors":[', '"sensors":[1,'))])
        finds(nothing, "Expecting value", [message(info, info[0], "online")])
        finds(nothing, "nothing is retained", [message(info, info[0].replace("info", "event"), "")])


if __name__ == "__main__":
    PublishedWeek.device_week = os.path.abspath(sys.argv.pop(3))
    if "--write" in sys.argv:
        at = sys.argv.index("--write")
        ADay.capture = os.path.abspath(sys.argv[at + 1])
        del sys.argv[at:at + 2]
    del PublishedWeek
    gateway.main()
