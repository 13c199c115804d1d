# SPDX-License-Identifier: Apache-2.0
# Threads of: gateway/acquire/poller.cpp
"""Devices that come and go, and configurations that change, under a running daemon."""

import json
import re
import subprocess
import time

import gateway


class Change(gateway.GatewayTest):
    scenario = {
        "about": "SYNTHETIC: constant values for the tests of changes", "values": gateway.VALUES,
        "devices": [{"name": "dust", "kind": "sds011"},
                    {"name": "pm", "kind": "pms5003", "running_for_s": 60},
                    {"name": "station", "kind": "renke", "port": "rs485"},
                    {"name": "air", "kind": "sht4x"}]}

    def configuration(self):
        configuration = self.base_configuration()
        ports = self.world.ready["ports"]
        configuration["buses"] = {
            "dust": {"serial": ports["dust"]}, "pm": {"serial": ports["pm"]},
            "rs485": {"modbus": ports["rs485"]}, "i2c-1": {"i2c": "/dev/i2c-1"}}
        configuration["sensors"] = [
            {"id": "dust", "driver": "sds011", "bus": "dust", "every": "1s"},
            {"id": "pm", "driver": "pms5003", "bus": "pm", "every": "3s"},
            {"id": "station", "driver": "modbus", "bus": "rs485", "map": "renke-rs-fsxcs", "every": "1s"},
            {"id": "air", "driver": "sht4x", "bus": "i2c-1", "every": "1s"}]
        return configuration

    def start(self):
        self.gateway.start()
        gateway.until(lambda: len(self.subscriber.streams()) == 4, 30, "all sensors speak")

    def status(self, sensor):
        return self.subscriber.latest(f"sensor/{sensor}/status")

    def events(self, name):
        return [event for event in self.subscriber.records("event") if event["event"] == name]

    def counters(self, sensor):
        return json.loads(self.subscriber.latest("test/health"))["sensors"][sensor]

    def spacing_s(self, sensor, since):
        times = [record["ts"] for record in self.subscriber.records(f"sensor/{sensor}")][since:]
        return [(b - a) / 1000 for a, b in zip(times, times[1:])]

    def test_an_unplugged_device_is_offline_and_comes_back(self):
        self.start()
        others = ("station", "air")
        begin = {sensor: len(self.subscriber.records(f"sensor/{sensor}")) for sensor in others}
        self.world.say("unplug dust")
        gateway.until(lambda: self.status("dust") == "offline", 10, "it is offline")
        gateway.until(lambda: len(self.subscriber.records("sensor/air")) > begin["air"] + 5, 20, "samples")
        self.world.say("plug dust")
        n = len(self.subscriber.records("sensor/dust"))
        gateway.until(lambda: self.status("dust") == "online", 5, "it is back within five seconds")
        gateway.until(lambda: len(self.subscriber.records("sensor/dust")) > n, 5, "it measures again")
        for sensor, period in (("station", 1), ("air", 1)):
            for spacing in self.spacing_s(sensor, begin[sensor]):
                self.assertLess(abs(spacing - period), 0.8 * period, sensor)
        lost = [line for line in self.gateway.log().splitlines() if re.search(r"\bdust: (?!answers)", line)]
        # One line when it goes, at most two when it comes back: the port's and the sensor's.
        self.assertEqual(sum("tried again" in line or "asked again" in line for line in lost), 1, lost)
        self.assertLessEqual(len(lost), 3, lost)
        gaps = [gap for gap in self.gateway.export("ledger") if gap["stream"] == "sensor/dust"]
        self.assertEqual(len(gaps), 1, gaps)
        self.assertEqual(gaps[0]["cause"], "no_response")

    def test_a_silent_device_does_not_delay_its_neighbour_on_the_bus(self):
        configuration = self.configuration()
        configuration["sensors"].append(
            {"id": "absent", "driver": "bme280", "bus": "i2c-1", "address": "0x77", "every": "1s"})
        self.gateway.write(configuration)
        self.start()
        n = len(self.subscriber.records("sensor/air"))
        gateway.until(lambda: self.status("absent") == "offline", 20, "the absent one is offline")
        gateway.until(lambda: len(self.subscriber.records("sensor/air")) > n + 8, 20, "samples")
        for spacing in self.spacing_s("air", n):
            self.assertLess(abs(spacing - 1), 0.5)

    def test_a_broken_edit_leaves_everything_running(self):
        self.start()
        n = len(self.subscriber.records("sensor/air"))
        good = json.dumps(self.configuration())
        self.gateway.write(good.replace('"every": "3s"', '"evry": "3s"'))
        event = gateway.until(lambda: self.events("config_refused"), 10, "the refusal is an event")[0]
        self.assertIn("/sensors/1/evry", event["message"])
        self.assertIn("every", event["message"])
        self.assertIn("refused, the running one stays", self.gateway.log())
        gateway.until(lambda: len(self.subscriber.records("sensor/air")) > n + 3, 10, "it goes on")
        self.assertIsNone(self.gateway.process.poll())

    def test_learning_says_which_scale_is_likely_and_changes_nothing(self):
        before = open(self.gateway.file, encoding="utf-8").read()
        said = self.gateway.printed("read", "--learn", "station")
        self.assertIn("wind_speed: as configured (scale 0.01); 10 of 10 readings are likely with it, none with another "
                      "way that the map knows", said)
        self.assertEqual(open(self.gateway.file, encoding="utf-8").read(), before)

    def test_topics_get_another_form_and_nothing_stays_behind(self):
        city = gateway.Subscriber(self.broker.port, "city/#", "city")
        self.addCleanup(city.end)
        self.start()
        first = gateway.until(lambda: self.subscriber.records("sensor/air"), 10, "records")[0]
        configuration = self.configuration()
        configuration["sinks"][0].update(topics="city/air/{gateway}/{topic}", messages_per_minute=420)
        self.gateway.write(configuration)
        gateway.until(lambda: city.latest("city/air/test/status") == "online", 20, "it has moved")
        begin, before = time.monotonic(), len(city.heard)
        gateway.until(lambda: city.records("sensor/air"), 60, "records go there")
        gateway.until(lambda: len(lines := self.retained("homeassistant/#").splitlines()) == 4 and
                      all('"state_topic":"city/air/test/sensor/' in line for line in lines), 60, "it is announced")

        # What stood there for ever is gone, but that it was closed in good order.
        gateway.until(lambda: set(self.retained("twinsky/#").split()) <= {"offline", "twinsky/v1/test/status"}, 60,
                      "nothing stays behind")
        more = len(city.records("sensor/dust")) + 10
        gateway.until(lambda: len(city.records("sensor/dust")) > more, 60, "it goes on")
        self.assertLessEqual(len(city.heard) - before, 7 * (time.monotonic() - begin) + 2)
        numbers = {record["seq"] for record in self.subscriber.records("sensor/air") + city.records("sensor/air")
                   if record["epoch"] == first["epoch"]}
        self.assertEqual(numbers, set(range(1, max(numbers) + 1)))

    def retained(self, topic):
        """Lines of topic and text."""
        done = subprocess.run(["mosquitto_sub", "-h", "127.0.0.1", "-p", str(self.broker.port), "-t", topic,
                               "-W", "1", "--retained-only", "-v"], capture_output=True, text=True, check=False)
        return done.stdout

    def test_a_good_edit_restarts_only_what_it_names(self):
        self.start()
        configuration = self.configuration()
        configuration["sensors"][3]["every"] = "3s"  # air
        self.gateway.write(configuration)
        event = gateway.until(lambda: self.events("config_applied"), 10, "the edit is in force")[0]
        self.assertIn("air changed", event["message"])
        self.assertNotIn("dust", event["message"])
        gateway.until(lambda: json.loads(self.subscriber.latest("sensor/air/meta"))["period_ms"] == 3000,
                      10, "its meta says so")
        gateway.until(lambda: self.subscriber.latest("test/health") and
                      self.counters("air")["restarts"] == 1 and
                      self.counters("air")["samples"] < self.counters("station")["samples"] / 2,
                      60, "only its counters began anew")
        self.assertEqual(self.counters("dust")["restarts"], 1)

    def test_a_removed_sensor_leaves_no_retained_topic(self):
        self.start()
        configuration = self.configuration()
        configuration["sensors"].pop()
        self.gateway.write(configuration)
        gateway.until(lambda: self.events("config_applied"), 10, "the edit is in force")
        gateway.until(lambda: self.subscriber.latest("sensor/air/meta") == "", 10, "meta is cleared")
        late = gateway.Subscriber(self.broker.port, name="late")
        self.addCleanup(late.end)
        gateway.until(lambda: late.latest("sensor/dust/meta"), 10, "the retained topics")
        self.assertIsNone(late.latest("sensor/air/meta"))
        self.assertIsNone(late.latest("sensor/air/status"))

    def test_after_a_clean_stop_no_sensor_is_online(self):
        self.start()
        self.gateway.stop()
        late = gateway.Subscriber(self.broker.port, name="late")
        self.addCleanup(late.end)
        gateway.until(lambda: late.latest("test/status"), 10, "the retained topics")
        gateway.until(lambda: all(late.latest(f"sensor/{sensor}/status") for sensor in ("dust", "pm", "station", "air")),
                      10, "those of the sensors")
        for sensor in ("dust", "pm", "station", "air"):
            self.assertEqual(late.latest(f"sensor/{sensor}/status"), "offline", sensor)

    def test_what_cannot_change_while_running_is_refused_with_that_reason(self):
        self.start()
        configuration = self.configuration()
        configuration["gateway"]["id"] = "other"
        self.gateway.write(configuration)
        event = gateway.until(lambda: self.events("config_refused"), 10, "the refusal")[0]
        self.assertIn("cannot change while the gateway runs", event["message"])


if __name__ == "__main__":
    gateway.main()
