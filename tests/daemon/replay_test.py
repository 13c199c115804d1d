# SPDX-License-Identifier: Apache-2.0
"""Records asked for again, at a broker with the access rules that are shipped: who may ask gets them from
the store with response topic and correlation data, and nobody else; gateways that share a broker cannot
read nor write each other's topics."""

import json
import os
import subprocess
import sys

import gateway

sys.path.insert(0, os.path.join(gateway.HERE, "..", "contract"))
import contract  # noqa: E402

ACL = os.path.join(gateway.HERE, "..", "..", "config", "examples", "acl", "mosquitto.acl")
SENSORS = ("a", "b")
USERS = ("test", "other", "database", "dashboard", "watcher")


class Replay(gateway.GatewayTest):
    scenario = {"about": "SYNTHETIC: two sensors for what is asked for again", "values": gateway.VALUES,
                "devices": [{"name": name, "kind": "renke", "port": name} for name in SENSORS]}

    def setUp(self):
        super().setUp()
        passwords = os.path.join(self.directory, "passwords")
        with open(passwords, "w", encoding="ascii"):
            pass
        for user in USERS:
            subprocess.run(["mosquitto_passwd", "-b", passwords, user, user + "-password"], check=True)
        with open(ACL, encoding="ascii") as file:
            rules = file.read() + "\nuser watcher\ntopic read #\n"
        acl = os.path.join(self.directory, "acl")
        with open(acl, "w", encoding="ascii") as file:
            file.write(rules)
        os.chmod(passwords, 0o600)
        os.chmod(acl, 0o600)
        self.subscriber.end()
        self.broker.stop()
        with open(self.broker.configuration, encoding="ascii") as file:
            lines = file.read().replace("allow_anonymous true", "allow_anonymous false")
        with open(self.broker.configuration, "w", encoding="ascii") as file:
            file.write(lines + f"password_file {passwords}\nacl_file {acl}\n")
        self.broker.start()
        with open(os.path.join(self.directory, "password"), "w", encoding="ascii") as file:
            file.write("test-password\n")
        os.chmod(file.name, 0o600)
        self.subscriber = gateway.Subscriber(self.broker.port, "twinsky/v1/test/#", "onlooker", ["-u", "watcher", "-P", "watcher-password"])
        self.addCleanup(self.subscriber.end)

    def configuration(self):
        configuration = self.base_configuration()
        for name in SENSORS:
            configuration["buses"][name] = {"modbus": self.world.ready["ports"][name]}
            configuration["sensors"].append({"id": name, "driver": "modbus", "bus": name, "map": "renke-rs-fsxcs",
                                             "every": "1s"})
        configuration["sinks"][0].update({"username": "test", "password_file": "password", "home_assistant": False,
                                          "replay_for": ["database"], "replay_records_per_hour": 1000})
        return configuration

    def start(self):
        self.gateway.start()
        gateway.until(lambda: len(self.subscriber.records("sensor/a")) > 5, 30, "records come")

    def login(self, user):
        return ["-h", "127.0.0.1", "-p", str(self.broker.port), "-u", user, "-P", user + "-password"]

    def ask(self, request, asker="database", user="database", answer=None, correlation="c-1"):
        """Asks as MQTT 5 has it; nothing is waited for."""
        answer = answer or f"twinsky/v1/test/reply/replay/{asker}"
        subprocess.run(["mosquitto_pub", "-V", "5", "-q", "1", *self.login(user), "-t", f"twinsky/v1/test/cmd/replay/{asker}",
                        "-m", json.dumps(request), "-D", "publish", "response-topic", answer,
                        "-D", "publish", "correlation-data", correlation], check=True, capture_output=True)

    def answers(self, request):
        found = [json.loads(payload) for topic, payload in list(self.subscriber.heard)
                 if "/reply/" in topic and json.loads(payload).get("request") == request]
        for answer in found:
            contract.validator("payloads.schema.json#/$defs/replay_answer").validate(answer)
        return found

    def answer(self, request):
        """All of it."""
        gateway.until(lambda: any("end" in one for one in self.answers(request)), 20, f"the end of {request}")
        return self.answers(request)

    def test_who_may_ask_gets_what_the_store_has(self):
        self.start()
        gateway.until(lambda: self.subscriber.latest("/newest"), 20, "the newest numbers stand there")
        newest = json.loads(self.subscriber.latest("/newest"))
        contract.validator("payloads.schema.json#/$defs/newest").validate(newest)
        rows = self.gateway.export("sensor/a")
        self.assertEqual(newest["epoch"], rows[0]["epoch"])
        self.assertLessEqual(newest["newest"]["sensor/a"], rows[-1]["seq"])
        self.ask({"request": "some", "stream": "sensor/a", "epoch": rows[0]["epoch"], "first": 2, "last": 5})
        answer = self.answer("some")
        self.assertEqual([record for part in answer for record in part.get("records", [])], rows[1:5])
        self.assertEqual(answer[-1]["end"], {"records": 4})
        self.ask({"request": "wrong", "stream": "sensor/a", "first": 2})
        self.assertEqual(self.answer("wrong")[-1]["end"]["problem"], "malformed")
        heard = subprocess.run(
            ["mosquitto_rr", "-V", "5", *self.login("database"), "-t", "twinsky/v1/test/cmd/replay/database",
             "-e", "twinsky/v1/test/reply/replay/database/mine", "-m",
             json.dumps({"request": "rr", "stream": "sensor/a", "epoch": rows[0]["epoch"], "first": 1, "last": 1}),
             "-D", "publish", "correlation-data", "by this", "-F", "%t %D %p", "-W", "20"],
            capture_output=True, text=True, check=True).stdout
        topic, said = heard.split(" ", 1)
        self.assertEqual(topic, "twinsky/v1/test/reply/replay/database/mine")
        self.assertTrue(said.startswith("by this "), said)
        self.assertEqual(json.loads(said[len("by this "):])["records"], rows[:1])

    def test_the_rules_that_are_shipped_keep_gateways_and_askers_apart(self):
        self.start()
        epoch = self.gateway.export("sensor/a")[0]["epoch"]
        request = {"stream": "sensor/a", "epoch": epoch, "first": 1, "last": 2}
        self.ask({**request, "request": "not my name"}, user="dashboard")
        self.ask({**request, "request": "not asked here"}, user="other")
        self.ask({**request, "request": "elsewhere"}, answer="twinsky/v1/test/reply/replay/other")
        self.ask({**request, "request": "may"})
        self.answer("may")
        self.assertEqual(self.answers("not my name") + self.answers("not asked here"), [])
        self.assertEqual([one["end"].get("problem") for one in self.answer("elsewhere")], ["elsewhere"])
        self.assertFalse(any(topic.endswith("reply/replay/other") for topic, _ in self.subscriber.heard))
        # What another gateway says in our name is said to nobody, and what we say is not for it.
        overheard = gateway.Subscriber(self.broker.port, "twinsky/v1/test/#", "overhearing",
                                       ["-u", "other", "-P", "other-password"])
        own = gateway.Subscriber(self.broker.port, "twinsky/v1/other/mark", "own", ["-u", "other", "-P", "other-password"])
        self.addCleanup(overheard.end)
        self.addCleanup(own.end)
        for topic, text in (("twinsky/v1/test/status", "forged"), ("twinsky/v1/test/mark", "forged"),
                            ("twinsky/v1/test/sensor/a/obs", "forged"), ("twinsky/v1/other/mark", "own")):
            subprocess.run(["mosquitto_pub", "-q", "1", "-r", *self.login("other"), "-t", topic, "-m", text], check=True,
                           capture_output=True)
        gateway.until(lambda: own.latest("/mark") == "own", 20, "its own topics are its own")
        before = len(self.subscriber.records("sensor/a"))
        gateway.until(lambda: len(self.subscriber.records("sensor/a")) > before + 2, 20, "the sensor speaks on")
        self.assertEqual(overheard.heard, [])
        self.assertNotIn("forged", [payload for _, payload in self.subscriber.heard])

    def test_where_nobody_is_named_nobody_is_answered(self):
        del self.gateway.configuration["sinks"][0]["replay_for"]
        self.gateway.write(self.gateway.configuration)
        self.start()
        self.ask({"request": "x", "start": "2026-01-01T00:00:00Z", "end": "2099-01-01T00:00:00Z"})
        before = len(self.subscriber.records("sensor/a"))
        gateway.until(lambda: len(self.subscriber.records("sensor/a")) > before + 3, 20, "the sensor speaks on")
        self.assertEqual(self.answers("x"), [])
        self.assertIsNone(self.subscriber.latest("/newest"))


if __name__ == "__main__":
    gateway.main()
