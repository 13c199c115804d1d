# SPDX-License-Identifier: Apache-2.0
"""Records on their way to platforms over HTTP that have every kind of trouble: a wrong token, no room, too many
requests, faults, silence, connections that end at every point of a request. In the end each record is there, in order,
and none was sent a second time but where an answer was missing. Values are made up."""

import json
import os
import struct
import sys

import gateway
from gateway import HERE, until

sys.path.insert(0, os.path.join(HERE, "..", "world"))
from collocation import crc  # noqa: E402
from http_platform import TOKEN, Platform  # noqa: E402

START, NEXT, END = "2023-10-15T00:05:00Z", "2023-10-15T01:05:00Z", "2023-10-15T09:05:00Z"
SECONDS = 5  # between samples


class Posting(gateway.GatewayTest):
    """A sensor whose samples of up to nine hours wait for a sink over HTTP."""

    def setUp(self):
        self.platform = Platform()
        self.addCleanup(self.platform.stop)
        super().setUp()

    def configuration(self):
        self.write("map.json", json.dumps({
            "device": "a sensor", "source": "made for this test", "function": 4,
            "registers": [{"quantity": "temperature", "register": 0, "type": "u16", "scale": 0.1},
                          {"quantity": "pm2_5", "register": 1, "type": "u16", "scale": 0.1}]}))
        request = crc(struct.pack(">BBHH", 1, 4, 0, 2)).hex()
        self.write("sensor.json", json.dumps({"driver": "modbus", "transport": "modbus", "cases": [
            {"name": "", "request_hex": request,
             "rx_hex": crc(struct.pack(">BBB2H", 1, 4, 4, 150 + number % 97, 90 + number % 31)).hex()}
            for number in range(9 * 3600 // SECONDS + 60)]}))
        self.write("token", TOKEN + "\n")
        configuration = self.base_configuration()
        configuration["store"]["commit_every"] = "10s"
        return {
            **configuration, "buses": {"recorded": {"recorded": os.path.join(self.directory, "sensor.json")}},
            "sensors": [{"id": "roof-air", "driver": "modbus", "bus": "recorded", "every": f"{SECONDS}s",
                         "map": os.path.join(self.directory, "map.json")}]}

    def sinks(self):
        return [self.over_http("platform", "/api")]

    def over_http(self, name, path, **more):
        return {"id": name, "http": f"http://127.0.0.1:{self.platform.port}{path}", "token_file": "token",
                "answer_within": "1s", **more}

    def write(self, name, text):
        path = os.path.join(self.directory, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, 0o600)

    def rehearse(self, end=END):
        """Its past, before there is a sink for it."""
        self.gateway.rehearse(START, end, progress=lambda: len(self.subscriber.heard))
        self.gateway.configuration["sinks"].extend({"start_at": "oldest", "allow": ["sensor/+/obs"], **sink}
                                                   for sink in self.sinks())
        self.gateway.write(self.gateway.configuration)


class Native(Posting):
    def records(self):
        """[(message, seq)] of the sensor, as they came."""
        return [(number, record["seq"]) for number, (path, body, _) in enumerate(self.platform.messages())
                if path == "/api/twinsky/v1/test/sensor/roof-air/obs" for record in json.loads(body)]

    def test_every_trouble_is_told_and_costs_no_record(self):
        self.platform.token = "another"
        self.rehearse()
        log = self.gateway.log
        until(lambda: "refuses our token (401" in log() and "/sinks/1/token_file names" in log(), 30, "it is told")
        self.assertEqual(self.platform.messages(), [])
        self.assertNotIn(TOKEN, log())
        # On a connection that was good for a request before, what ends without a word is tried once more on a new one,
        # so those come twice. With some messages between them the pauses stay short.
        troubles = ("507", "429", "500", "silent", *(each for each in ("half", "cut", "closed", "kept") for _ in range(2)))
        goods = ["good"] * 4
        self.platform.plan(*goods, *(step for trouble in troubles[:4] for step in (trouble, *goods)),
                           *(step for trouble in troubles[4::2] for step in (trouble, trouble, *goods)))
        self.platform.token = TOKEN
        stored = [row["seq"] for row in self.gateway.export("sensor/roof-air")]
        self.assertGreater(len(stored), 6400)
        until(lambda: len({seq for _, seq in self.records()}) >= len(stored), 60, "all have arrived",
              lambda: len(self.platform.messages()))
        until(lambda: len(self.platform.met) == len(troubles), 30, "all troubles were had",
              lambda: len(self.platform.messages()))
        self.assertEqual(self.platform.met, list(troubles))
        for words in ("cannot take it now: 507 (as planned)", "cannot take it now: 429", "cannot take it now: 500",
                      "timed out", "Empty reply"):
            self.assertIn(words, log())
        until(lambda: "connected to HTTP server 127.0.0.1" in log(), 30, "it is connected")

        # Once only, and in order, but for the message that was kept without a word.
        came, seen, again = self.records(), set(), {}
        for number, seq in came:
            if seq in seen:
                again.setdefault(number, set()).add(seq)
            seen.add(seq)
        self.assertLessEqual(len(again), self.platform.met.count("kept"))
        self.assertLessEqual(len(set().union(*again.values())), 200)
        first = list(dict.fromkeys(seq for _, seq in came))
        self.assertEqual(first, sorted(first))
        self.assertEqual(set(first) - set(stored), set(seq for seq in first if seq > stored[-1]))

    def test_what_is_refused_is_held_and_told_and_goes_again(self):
        refusals = []

        def answer(method, path, body):
            if path.endswith("/obs") and len(refusals) < 2:
                refusals.append(len(json.loads(body)))
                return ("413 Content Too Large", b"") if len(refusals) == 1 else ("422 No", b"no such field")
            return "200 OK", b"thank you"
        self.platform.answer = answer
        self.rehearse(NEXT)  # held, they go one by one
        stored = {row["seq"] for row in self.gateway.export("sensor/roof-air")}
        until(lambda: {seq for _, seq in self.records()} >= stored, 60, "all have arrived", lambda: len(self.records()))
        self.assertIn("refuses twinsky/v1/test/sensor/roof-air/obs with 4", self.gateway.log())
        self.assertIn("look there for what it does not like; trying again later", self.gateway.log())
        # Too large for it: from then on they are half as long.
        self.assertEqual(refusals[0], 200)
        self.assertLess(max(len(json.loads(body)) for path, body, _ in self.platform.messages()
                            if path.endswith("/roof-air/obs")), 120)
        self.assertEqual(len(self.records()), len({seq for _, seq in self.records()}))


if __name__ == "__main__":
    gateway.main()
