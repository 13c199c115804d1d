# SPDX-License-Identifier: Apache-2.0
"""What the daemon tells Home Assistant through a real broker, and that it takes back what it told: a
sensor or a quantity that is removed, a sensor that is renamed, also when it was killed meanwhile. Home
Assistant's part is played by a subscriber and by its birth message."""

import json
import os
import subprocess
import sys

import gateway
from gateway import HERE, until

sys.path.insert(0, os.path.join(HERE, "..", "world"))
import home_assistant  # noqa: E402
from harness import SCENARIO  # noqa: E402

SENSORS = ("sds", "sht", "scd")
STATIONS = ("hk-epd_mong-kok", "hk-epd_central-western", "hk-hko_kings-park", "metar_vhhh", "metar_zsss")


class Announcing(gateway.GatewayTest):
    scenario = SCENARIO

    def configuration(self):
        configuration = self.base_configuration()
        ports = self.world.ready["ports"]
        configuration["buses"] = {"i2c-1": {"i2c": "/dev/i2c-1"}, "sds": {"serial": ports["sds"]}}
        configuration["sensors"] = [
            {"id": "sds", "driver": "sds011", "bus": "sds", "every": "1s"},
            {"id": "sht", "driver": "sht4x", "bus": "i2c-1", "every": "1s"},
            {"id": "scd", "driver": "scd4x", "bus": "i2c-1", "every": "5s"}]
        return configuration

    def setUp(self):
        super().setUp()
        self.home = self.listening("homeassistant/#", "home")

    def listening(self, topic, name):
        """A subscriber that hears what is published from now on."""
        subscriber = gateway.Subscriber(self.broker.port, topic, name)
        self.addCleanup(subscriber.end)
        probe = topic.replace("#", "probe")
        until(lambda: self.publish(probe, "x") or subscriber.heard, 10, "the subscriber hears")
        return subscriber

    def publish(self, topic, payload, *options):
        subprocess.run(["mosquitto_pub", "-h", "127.0.0.1", "-p", str(self.broker.port), "-q", "1", "-t", topic,
                        "-m", payload, *options], check=True)

    @staticmethod
    def topic(stream, prefix="homeassistant"):
        return f"{prefix}/device/twinsky_test_{stream}/config"

    def told(self, stream, since=0, listener=None, prefix="homeassistant"):
        """All that was said of a device, in its order."""
        wanted = self.topic(stream, prefix)
        return [payload for topic, payload in list((listener or self.home).heard)[since:] if topic == wanted]

    def components(self, stream, since=0):
        """Of each message its components, those that are gone with a minus; None: the device is gone."""
        return [sorted(("-" if len(component) == 1 else "") + name
                       for name, component in json.loads(payload)["components"].items()) if payload else None
                for payload in self.told(stream, since)]

    def start(self):
        self.gateway.start()
        until(lambda: all(self.told(f"sensor_{sensor}") for sensor in SENSORS), 30, "all are announced")

    def change(self, edit, kill=False):
        """The configuration with an edit, taken over by the running gateway or by the next one; gives how much had
        been heard before."""
        if kill:
            self.gateway.kill()
        before = len(self.home.heard)
        edit(self.gateway.configuration)
        self.gateway.write(self.gateway.configuration)
        if kill:
            self.gateway.start()
        return before

    def retained(self, *prefixes):
        """The devices that a newcomer hears of."""
        late = gateway.Subscriber(self.broker.port, "#", "late")
        try:
            until(lambda: late.latest("test/info"), 10, "the retained topics")
            until(lambda: all(late.latest(f"{sensor}/meta") for sensor in ("sht", "scd")), 10, "all of them")
            self.publish("probe", "x")
            until(lambda: late.latest("probe"), 10, "a message after the retained ones")
            return sorted(topic for topic, _ in late.heard if topic.startswith(prefixes or ("homeassistant/device",)))
        finally:
            late.end()


class HomeAssistant(Announcing):
    # ---- what is announced -----------------------------------------------------------------------

    def test_all_that_is_announced_is_what_home_assistant_takes_and_can_read(self):
        ports = self.world.ready["ports"]
        near = {"base": self.world.ready["feeds"]["hk-epd"], "allow_private_addresses": True}
        configuration = self.gateway.configuration
        configuration["buses"].update({"pm": {"serial": ports["pm"]}, "rs485": {"modbus": ports["rs485"]}})
        configuration["sensors"] += [
            {"id": "pm", "driver": "pms5003", "bus": "pm", "every": "3s"},
            {"id": "bme", "driver": "bme280", "bus": "i2c-1", "every": "1s"},
            {"id": "renke", "driver": "modbus", "bus": "rs485", "map": "renke-rs-fsxcs", "address": 1, "every": "1s"}]
        configuration["feeds"] = [
            {"feed": "hk-epd", "stations": ["mong-kok", "central-western"], **near},
            {"feed": "hk-hko", "stations": ["kings-park"], **near}, {"feed": "metar", **near},
            {"feed": "cn-cnemc", "terms_accepted": True, **near}]
        self.gateway.write(configuration)
        self.gateway.start()
        devices = [f"sensor_{sensor['id']}" for sensor in configuration["sensors"]] + [f"ref_{name}" for name in STATIONS]
        until(lambda: all(self.told(device) for device in devices), 40, "all are announced")
        until(lambda: "ref/cn-cnemc/1141a" in self.gateway.streams(), 30, "what may not leave is there too")
        heard = [(topic, payload) for topic, payload in list(self.home.heard) if topic.startswith("homeassistant/device")]
        self.assertEqual({topic for topic, _ in heard}, {self.topic(device) for device in devices})
        for topic, payload in heard:
            self.assertEqual(home_assistant.problems(topic, payload), [], payload)

        # All that it names is there, and says what it is to say.
        for device in devices:
            document = json.loads(self.told(device)[-1])
            state = json.loads(until(lambda topic=document["state_topic"]: self.subscriber.latest(topic), 20, device))
            for name, component in document["components"].items():
                self.assertEqual(component["value_template"], "{{ value_json.%s }}" % name)
                self.assertIn(name, state)
            self.assertEqual(set(document["components"]), {
                name for name in json.loads(self.subscriber.latest(document["state_topic"][:-5] + "meta"))["quantities"]})
            for each in document["availability"]:
                until(lambda topic=each["topic"]: self.subscriber.latest(topic) == "online", 20, each["topic"])
        official = json.loads(self.told("ref_hk-epd_mong-kok")[-1])
        self.assertIn("Environmental Protection Department", official["device"]["manufacturer"])
        self.assertIn("'text'", official["components"]["aqhi"]["json_attributes_template"])

    def test_a_home_assistant_that_begins_anew_hears_of_all_again(self):
        self.publish("homeassistant/status", "online", "-r")  # one that has been there for long is no newcomer
        self.start()
        until(lambda: self.subscriber.latest("test/health"), 30, "all that there is to say first has been said")
        before = len(self.home.heard)
        self.publish("homeassistant/status", "offline")
        self.publish("homeassistant/status", "online")
        until(lambda: all(self.told(f"sensor_{sensor}", before) for sensor in SENSORS), 15, "all of it again")
        for sensor in SENSORS:
            self.assertEqual(self.told(f"sensor_{sensor}", before), self.told(f"sensor_{sensor}")[:1], "once, and the same")

    # ---- what is taken back ----------------------------------------------------------------------

    def removed(self, kill):
        self.start()
        before = self.change(lambda configuration: configuration["sensors"].pop(0), kill)
        until(lambda: self.told("sensor_sds", before) == [""], 20, "it is taken back")
        self.assertEqual(self.retained(), [self.topic("sensor_scd"), self.topic("sensor_sht")])

    def test_a_sensor_that_is_removed_is_taken_back(self):
        self.removed(kill=False)

    def test_a_sensor_that_is_removed_while_the_gateway_is_dead_is_taken_back(self):
        self.removed(kill=True)

    def renamed(self, kill):
        self.start()
        before = self.change(lambda configuration: configuration["sensors"][1].update(id="attic"), kill)
        until(lambda: self.told("sensor_sht", before) == [""], 20, "the old name is taken back")
        until(lambda: self.told("sensor_attic", before), 20, "the new one is announced")
        # Whatever else changes, ids stay: of the order, of the place.
        unchanged = json.loads(self.told("sensor_sds")[0])
        before = self.change(lambda configuration: (configuration["sensors"].reverse(), configuration["gateway"].update(
            name="Elsewhere"), configuration["sensors"][2].update(every="30s")))
        until(lambda: self.told("sensor_sds", before), 20, "it lives longer")
        document = json.loads(self.told("sensor_sds")[-1])
        for component in document["components"].values():
            self.assertEqual(component.pop("expire_after"), 90)
        for component in unchanged["components"].values():
            self.assertEqual(component.pop("expire_after"), 60)
        self.assertEqual(document, unchanged)

    def test_a_sensor_that_is_renamed_is_announced_anew(self):
        self.renamed(kill=False)

    def test_a_sensor_that_is_renamed_while_the_gateway_is_dead_is_announced_anew(self):
        self.renamed(kill=True)

    def lost_a_quantity(self, kill):
        self.start()
        self.assertEqual(self.components("sensor_scd"), [["co2", "internal_humidity", "internal_temperature"]])
        before = self.change(lambda configuration: configuration["sensors"][2].update(ambient=True), kill)
        wanted = [["-internal_humidity", "-internal_temperature", "co2", "humidity", "temperature"],
                  ["co2", "humidity", "temperature"]]
        until(lambda: self.components("sensor_scd", before) == wanted, 20, "what is gone is taken back first")
        for payload in self.told("sensor_scd"):
            self.assertEqual(home_assistant.problems(self.topic("sensor_scd"), payload), [])

    def test_a_quantity_that_is_gone_is_taken_back(self):
        self.lost_a_quantity(kill=False)

    def test_a_quantity_that_is_gone_after_the_gateway_was_killed_is_taken_back(self):
        self.lost_a_quantity(kill=True)

    def test_another_prefix_and_none_take_back_what_was_told(self):
        self.start()
        other = self.listening("ha/#", "other")
        before = self.change(lambda configuration: configuration["sinks"][0].update(home_assistant_prefix="ha"), kill=True)
        for sensor in SENSORS:
            until(lambda sensor=sensor: self.told(f"sensor_{sensor}", before) == [""], 20, "it is gone there")
            until(lambda sensor=sensor: self.told(f"sensor_{sensor}", 0, other, "ha"), 20, "and is here")
        until(lambda: len(self.retained("homeassistant/device", "ha/device")) == 3, 20, "all that is retained")
        self.change(lambda configuration: configuration["sinks"][0].update(home_assistant=False))
        until(lambda: self.retained("homeassistant/device", "ha/device") == [], 20, "nothing is announced any more")


class Shanghai(Announcing):
    """Nothing is announced unasked."""

    def configuration(self):
        configuration = super().configuration()
        configuration["gateway"]["jurisdiction"] = "cn-sh"
        configuration["sinks"][0]["allow"] = ["sensor/scd/#", "info", "health"]
        return configuration

    def test_what_is_allowed_is_announced_only_when_that_is_said_too(self):
        self.gateway.start()
        until(lambda: self.subscriber.latest("test/health"), 30, "health")
        until(lambda: len(self.subscriber.records("sensor/scd")) > 1, 30, "records")
        self.assertEqual(self.retained_devices(), [])
        self.change(lambda configuration: configuration["sinks"][0].update(home_assistant=True))
        until(lambda: self.told("sensor_scd"), 20, "it is announced")
        self.assertEqual(self.retained_devices(), [self.topic("sensor_scd")])
        self.assertNotIn("position", self.told("sensor_scd")[0])

    def retained_devices(self):
        return sorted({topic for topic, _ in self.home.heard if "/device/" in topic})


class Forbidden(Announcing):
    """A broker whose rules let nobody speak there."""

    @property
    def broker_lines(self):
        rules = os.path.join(self.directory, "rules")
        with open(rules, "w", encoding="utf-8") as file:
            file.write("topic readwrite twinsky/#\ntopic readwrite +/probe\n")
        return [f"acl_file {rules}", *self.more_lines]

    # With 0, as the tests' brokers have it, mosquitto 2.0.11 hangs up on who is refused.
    more_lines = ("max_queued_messages 10000",)
    # How it may be told, once; and how many connections it costs.
    ways = [("refuses homeassistant/device", 'check its access rules, or say "home_assistant": false', (0,))]

    def refusals(self):
        lines = self.gateway.log().splitlines()
        return [(line, *way[1:]) for way in self.ways for line in lines if way[0] in line]

    def test_all_else_goes_as_ever(self):
        self.gateway.start()
        until(self.refusals, 30, "the refusal is told")
        for sensor in SENSORS:
            until(lambda sensor=sensor: len(self.subscriber.records(f"sensor/{sensor}")) > 3, 30, "records")
            until(lambda sensor=sensor: self.subscriber.latest(f"{sensor}/status") == "online", 30, "status")
        until(lambda: "all is well" in self.gateway.log(), 30, "all is well")
        told = self.refusals()
        self.assertEqual(len(told), 1, told)
        [(line, remedy, reconnects)] = told
        self.assertIn(remedy, line)
        health = json.loads(until(lambda: self.subscriber.latest("test/health"), 30, "health"))
        self.assertIn(health["sinks"]["broker"]["reconnects"], reconnects)
        self.drained("sensor/sht")
        self.assertEqual([topic for topic, _ in self.home.heard if "device" in topic], [])


class ForbiddenByOneThatHangsUp(Forbidden):
    more_lines = ()
    # Its refusal may be heard before it hangs up.
    ways = [("when something was announced there",
             'perhaps its access rules forbid it. Connections of the next hour do without; "home_assistant": false', (2,)),
            ("refuses homeassistant/device", 'check its access rules, or say "home_assistant": false', (1, 2))]


if __name__ == "__main__":
    gateway.main()
