# SPDX-License-Identifier: Apache-2.0
"""What leaves a gateway in Shanghai: nothing unasked, exactly what is named, and all of it on record."""

import json
import os
import socket
import subprocess
import threading

import gateway

PLACE = {"datum": "wgs84", "latitude": 31.2304, "longitude": 121.4737}
ALLOWED = ["sensor/air/#", "info", "health", "event"]


class Listener:
    """A port at which nobody should ever call."""

    def __init__(self):
        self.calls = 0
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while True:
            try:
                self.socket.accept()[0].close()
            except OSError:
                return
            self.calls += 1

    def end(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


class Egress(gateway.GatewayTest):
    scenario = {
        "about": "SYNTHETIC: constant values for the tests of what leaves", "values": gateway.VALUES,
        "devices": [{"name": "dust", "kind": "sds011"}, {"name": "air", "kind": "sht4x"}]}

    def configuration(self):
        self.listener = Listener()
        self.addCleanup(self.listener.end)
        configuration = self.base_configuration()
        configuration["gateway"].update(jurisdiction="cn-sh", position=PLACE)
        configuration["buses"] = {"dust": {"serial": self.world.ready["ports"]["dust"]},
                                  "i2c-1": {"i2c": "/dev/i2c-1"}}
        configuration["sensors"] = [
            {"id": "dust", "driver": "sds011", "bus": "dust", "every": "1s", "position": PLACE},
            {"id": "air", "driver": "sht4x", "bus": "i2c-1", "every": "1s", "position": PLACE}]
        configuration["sinks"][0]["allow"] = ALLOWED
        configuration["sinks"].append(
            {"id": "unasked", "mqtt": f"mqtt://localhost:{self.listener.port}"})
        return configuration

    def setUp(self):
        super().setUp()
        # A message that came before the subscriber would be missing in what it heard.
        def is_subscribed():
            subprocess.run(["mosquitto_pub", "-h", "127.0.0.1", "-p", str(self.broker.port), "-t",
                            gateway.PROBE, "-m", "x"], check=True)
            return self.subscriber.heard
        gateway.until(is_subscribed, 10, "the subscriber hears")

    def heard(self):
        return [(topic, payload) for topic, payload in list(self.subscriber.heard)
                if topic != gateway.PROBE]

    def records_of(self, sensor):
        return self.subscriber.records(f"sensor/{sensor}")

    def start(self):
        self.gateway.start()
        gateway.until(lambda: len(self.records_of("air")) > 3, 30, "records")
        gateway.until(lambda: self.subscriber.latest("test/health"), 30, "health")

    def twinsky(self, *arguments):
        done = subprocess.run([self.gateway.binary, *arguments, "--config", self.gateway.file,
                               "--json"], capture_output=True, text=True, check=True)
        return json.loads(done.stdout)

    def status(self):
        done = subprocess.run([self.gateway.binary, "status", "--config", self.gateway.file, "--json"],
                              capture_output=True, text=True, check=False)  # 1: something is wrong
        return json.loads(done.stdout)

    def test_nothing_leaves_for_a_sink_that_nobody_allowed_anything(self):
        self.start()
        gateway.until(lambda: len(self.gateway.export("sensor/dust")) > 5, 30, "samples")
        health = json.loads(self.subscriber.latest("test/health"))
        self.assertIn("closed", health["sinks"]["unasked"]["state"])
        self.assertIn("closed", next(event["message"] for event in self.subscriber.records("event")
                                     if event["event"] == "sink_closed"))
        sink = next(each for each in self.status()["sinks"] if each["id"] == "unasked")
        self.assertEqual((sink["state"], sink["waiting"]), ("closed", 0))  # no row waits for it
        self.gateway.stop()
        sink = next(each for each in self.status()["sinks"] if each["id"] == "unasked")
        self.assertEqual((sink["state"], sink["waiting"]), ("closed", 0))
        self.assertEqual(self.listener.calls, 0)
        self.assertEqual(self.gateway.log().count("sink unasked: nothing may go there"), 1)
        self.assertNotIn("unasked", self.twinsky("audit")["sinks"])

        # The listener does notice whoever calls.
        configuration = self.gateway.configuration
        configuration["sinks"][1]["allow"] = ["info"]
        self.gateway.write(configuration)
        self.gateway.start()
        gateway.until(lambda: self.listener.calls, 10, "a sink with leave connects")

    def test_what_might_not_leave_for_a_while_stands_in_the_ledger(self):
        def allow(topics):
            applied = len([one for one in self.subscriber.records("event") if one["event"] == "config_applied"])
            self.gateway.configuration["sinks"][0]["allow"] = topics
            self.gateway.write(self.gateway.configuration)
            gateway.until(lambda: len([one for one in self.subscriber.records("event")
                                       if one["event"] == "config_applied"]) > applied, 10, "the edit is applied")

        self.gateway.configuration["sinks"][0]["allow"] = [*ALLOWED, "ledger"]
        self.gateway.write(self.gateway.configuration)
        self.start()
        allow(["event", "ledger"])
        kept = len(self.gateway.export("sensor/air"))
        gateway.until(lambda: len(self.gateway.export("sensor/air")) > kept + 3, 20, "samples that may not leave")
        last = self.records_of("air")[-1]["seq"]
        allow([*ALLOWED, "ledger"])
        gateway.until(lambda: self.records_of("air")[-1]["seq"] > last, 20, "records again")
        gateway.until(lambda: [one for one in self.subscriber.records("ledger") if one["cause"] == "not_allowed"], 20,
                      "the row of the ledger")
        rows = [one for one in self.subscriber.records("ledger") if one["cause"] == "not_allowed"]
        told = {seq for row in rows for seq in range(row["first_seq"], row["last_seq"] + 1)}
        heard = {one["seq"] for one in self.records_of("air")}
        self.assertEqual({row["stream"] for row in rows}, {"sensor/air"})
        self.assertGreater(len(told), 3)
        self.assertEqual(set(range(1, max(heard) + 1)) - heard - told, set())

    def test_exactly_what_is_allowed_arrives_and_stands_in_the_audit_log(self):
        self.start()
        # What arrives late would be missing in a count.
        self.gateway.stop()
        gateway.until(lambda: self.subscriber.latest("test/status") == "offline", 10, "offline")

        base = "twinsky/v1/test/"
        topics = {topic.removeprefix(base) for topic, _ in self.heard()}
        self.assertEqual(topics, {"status", "info", "health", "event", "sensor/air/meta",
                                  "sensor/air/status", "sensor/air/state", "sensor/air/obs"})
        for topic in ("info", "sensor/air/meta"):
            document = json.loads(self.subscriber.latest(base + topic))
            self.assertNotIn("position", document)
            self.assertNotIn("31.2", json.dumps(document))
        self.assertIs(json.loads(self.subscriber.latest("air/meta"))["official"], False)

        counted = {}
        for topic, payload in self.heard():
            sums = counted.setdefault(topic.removeprefix(base), {"messages": 0, "records": 0, "bytes": 0})
            sums["messages"] += 1
            sums["bytes"] += len(payload.encode())
            if payload.startswith("["):
                sums["records"] += len(json.loads(payload))
        audit = self.twinsky("audit")["sinks"]["broker"]
        rules = {topic: sent.pop("rules") for topic, sent in audit.items()}
        self.assertEqual(audit, counted)
        self.assertEqual(rules, {topic: ["sensor/air/#" if "/" in topic else topic]
                                 for topic in counted})
        self.assertEqual(self.twinsky("audit", "--to", "2020-01-01")["sinks"], {})

        # All rows count as passed, so nothing waits and nothing is lost.
        stored = self.status()
        self.assertLess(next(each for each in stored["sinks"] if each["id"] == "broker")["waiting"], 3)
        self.assertNotIn("refused", stored["ledger"])

    def test_positions_go_as_far_as_the_settings_say(self):
        self.gateway.configuration["gateway"].update(publish_position=True, position_decimals=1)
        self.gateway.write(self.gateway.configuration)
        self.start()
        rounded = {"datum": "wgs84", "latitude": 31.2, "longitude": 121.5}
        for topic in ("test/info", "air/meta"):
            self.assertEqual(json.loads(self.subscriber.latest(topic))["position"], rounded)

    def test_quantities_that_may_not_go_are_taken_out(self):
        self.gateway.configuration["sinks"][0]["quantities"] = ["temperature"]
        self.gateway.write(self.gateway.configuration)
        self.start()
        for record in self.records_of("air"):
            self.assertIn("temperature", record)
        for topic, payload in self.heard():
            self.assertNotIn("humidity", payload, topic)
        self.assertIn("humidity", self.gateway.export("sensor/air")[0])  # kept all the same

    def test_a_sensor_that_was_removed_while_it_was_off_leaves_nothing_behind(self):
        self.gateway.configuration["sinks"][0]["allow"] = ["#"]
        self.gateway.write(self.gateway.configuration)
        self.start()
        gateway.until(lambda: self.subscriber.latest("dust/status") == "online", 20, "both speak")
        self.gateway.kill()
        self.gateway.configuration["sensors"].pop(0)
        self.gateway.write(self.gateway.configuration)
        self.gateway.start()
        for topic in ("dust/meta", "dust/status", "dust/state"):
            gateway.until(lambda topic=topic: self.subscriber.latest(topic) == "", 20,
                          f"{topic} is cleared")
        late = gateway.Subscriber(self.broker.port, name="late")
        self.addCleanup(late.end)
        gateway.until(lambda: late.latest("air/meta"), 10, "the retained topics")
        gateway.until(lambda: late.latest("air/status"), 10, "the retained topics")
        self.assertEqual([topic for topic, _ in late.heard if "dust" in topic], [])

    def test_a_disk_that_takes_no_audit_log_stops_nothing(self):
        os.mkdir(os.path.join(self.directory, "twinsky.db.audit.jsonl"))
        self.start()
        self.gateway.stop()
        self.assertEqual(self.gateway.log().count("audit: cannot keep"), 1)
        self.assertEqual(self.subscriber.latest("test/status"), "offline")


if __name__ == "__main__":
    gateway.main()
