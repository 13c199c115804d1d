# SPDX-License-Identifier: Apache-2.0
"""A host of Sparkplug B, and what it hears of a gateway: births before data, each number in its turn, an outage as
history, a gateway that is killed, a sensor that is taken out. Judged by the rules of the standard (sparkplug.py)."""

import os
import subprocess
import threading

import gateway
import sparkplug
from gateway import until

GROUP, NODE = "roofs", "test"
DEVICES = ("dust", "pole", "station")
NO_VALUES = ("seq", "ts", "flag", "meta", "amends")


class Host:
    """Hears all of the namespace in a session of its own, as bytes."""

    def __init__(self, port):
        self.judge = sparkplug.Judge(GROUP, NODE)
        self.process = subprocess.Popen(
            ["mosquitto_sub", "-h", "127.0.0.1", "-p", str(port), "-V", "5", "-q", "1", "-c", "-x", "4294967295",
             "--retain-as-published", "-i", "host", "-t", "spBv1.0/#", "-F", "%t %q %r %x"], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.lock = threading.Lock()
        self.thread = threading.Thread(target=self.listen, daemon=True)
        self.thread.start()

    def listen(self):
        for line in self.process.stdout:
            topic, qos, retained, payload = line.rstrip("\n").split(" ")
            if "/NCMD/" in topic:
                continue
            with self.lock:
                self.judge.hear(topic, int(qos), retained == "1", bytes.fromhex(payload))

    def end(self):
        self.process.terminate()
        self.process.wait(10)
        self.thread.join(10)
        self.process.stdout.close()


class Sparkplug(gateway.GatewayTest):
    scenario = {
        "about": "SYNTHETIC: dust sensors and a weather station for the tests of Sparkplug B",
        "values": gateway.VALUES,
        "devices": [{"name": "dust", "kind": "sds011"}, {"name": "pole", "kind": "sds011"},
                    {"name": "station", "kind": "renke", "port": "rs485"}]}
    # Whoever hears must not miss what is said while its own connection comes back: data have QoS 0.
    broker_lines = ("queue_qos0_messages true",)
    mqtt_version = "auto"

    def setUp(self):
        super().setUp()
        self.host = Host(self.broker.port)
        self.addCleanup(self.host.end)
        self.judge = self.host.judge
        until(lambda: "spBv1.0/#" in self.broker.subscriptions("host"), 30, "the host listens")

    def configuration(self):
        ports = self.world.ready["ports"]
        configuration = self.base_configuration()
        configuration["buses"] = {"dust": {"serial": ports["dust"]}, "pole": {"serial": ports["pole"]},
                                  "rs485": {"modbus": ports["rs485"]}}
        configuration["sensors"] = [
            {"id": "dust", "driver": "sds011", "bus": "dust"}, {"id": "pole", "driver": "sds011", "bus": "pole"},
            {"id": "station", "driver": "modbus", "bus": "rs485", "map": "renke-rs-fsxcs", "every": "1s"}]
        configuration["sinks"].append({"id": "plant", "mqtt": f"mqtt://127.0.0.1:{self.broker.port}",
                                       "format": "sparkplug", "group": GROUP, "version": self.mqtt_version,
                                       "start_at": "oldest"})
        return configuration

    # ---- what there is -----------------------------------------------------------------------------

    def told(self, device):
        with self.host.lock:
            return list(self.judge.records.get(device, []))

    def count(self):
        return {device: len(self.told(device)) for device in DEVICES}

    def is_born(self, device):
        """In the present life of the node."""
        with self.host.lock:
            return device in self.judge.device

    def check_good(self):
        with self.host.lock:
            self.assertEqual(self.judge.problems, [])

    def check_all_told(self, device):
        """What the store has of it now was told, value by value, and nothing else."""
        rows = {(row["epoch"], row["seq"]): row for row in self.gateway.export(f"sensor/{device}")}
        self.assertGreater(len(rows), 5)
        until(lambda: rows.keys() <= {told[:2] for told in self.told(device)}, 30, f"all of {device} is told",
              lambda: len(self.told(device)))
        last = max(seq for _, seq in rows)
        for epoch, seq, when, _, values in self.told(device):
            if seq > last:
                continue
            row = rows[epoch, seq]
            self.assertEqual(when, row["ts"])
            numbers = {name: value for name, value in row.items()
                       if name not in NO_VALUES and (value is None or isinstance(value, (int, float)))}
            self.assertEqual({name: value for name, (value, _) in values.items() if name != "Record/seq"}, numbers)

    def ask_for_all(self):
        file = os.path.join(self.directory, "rebirth")
        with open(file, "wb") as written:
            written.write(sparkplug.rebirth_command())
        subprocess.run(["mosquitto_pub", "-h", "127.0.0.1", "-p", str(self.broker.port), "-t",
                        f"spBv1.0/{GROUP}/NCMD/{NODE}", "-q", "0", "-f", file], check=True)

    def all_speak(self, before=None):
        before = before or dict.fromkeys(DEVICES, 0)
        until(lambda: all(self.count()[device] > before[device] + 1 for device in DEVICES), 60, "all devices speak")

    # ---- the tests ---------------------------------------------------------------------------------

    def test_a_host_knows_who_is_there_and_misses_nothing(self):
        self.gateway.start()
        self.all_speak()
        self.assertEqual(self.judge.sessions, [0])
        self.assertEqual(self.judge.properties[None]["Properties/name"][0], "Test")
        self.assertEqual(self.judge.properties["dust"]["pm2_5"][1]["engUnit"], "µg/m³")
        until(lambda: not self.told("station")[-1][3], 30, "it tells of the present")

        # Asked for all births, it tells them again, with the same bdSeq, and goes on.
        before, births = self.count(), list(self.judge.births)
        self.ask_for_all()
        until(lambda: self.judge.sessions == [0, 0], 30, "the node is born again")
        self.all_speak(before)
        self.assertEqual(sorted(device for device, session in self.judge.births[len(births):]), sorted(DEVICES))
        value, properties = self.judge.properties["station"]["temperature"]
        self.assertEqual((value, properties["engUnit"]), (-3.4, "°C"))

        # A device that answers no more is dead, and lives when it answers again.
        self.world.say("unplug pole")
        until(lambda: not self.is_born("pole"), 30, "it dies")
        self.world.say("plug pole")
        until(lambda: self.is_born("pole"), 30, "it lives")
        self.assertEqual(self.judge.device_deaths, ["pole"])

        # The broker is away: all of it comes, in the order of time, and as history.
        before = self.count()
        self.broker.stop()
        self.world.say("rate dust 100")
        offered = self.world.offered()["dust"]["offered"]
        until(lambda: self.world.offered()["dust"]["offered"] > offered + 600, 60, "six hundred frames")
        self.world.say("rate dust 1")
        self.broker.start()
        until(lambda: self.judge.sessions == [0, 0, 1], 60, "the node is born again")
        for device in DEVICES:
            self.check_all_told(device)
        past = [record[1] for record in self.told("dust")[before["dust"]:] if record[3]]
        self.assertGreater(len(past), 500)
        self.assertEqual(past, sorted(past))
        until(lambda: not self.told("dust")[-1][3], 30, "it tells of the present")
        self.check_good()

        # It is killed: the broker tells of its death, and its next life has the next number.
        with self.host.lock:
            self.judge.deaths.clear()
        before = self.count()
        self.gateway.kill()
        until(lambda: self.judge.deaths == [1], 30, "its will is heard")
        self.gateway.start()
        self.all_speak(before)
        self.assertEqual(self.judge.sessions, [0, 0, 1, 2])

        # A sensor is taken out, and comes back; the node says that it has another configuration.
        configuration, name = self.gateway.configuration, "Properties/config"
        hash_before = self.judge.properties[None][name]
        sensor = configuration["sensors"].pop()
        self.gateway.write(configuration)
        until(lambda: self.judge.device_deaths[1:] == ["station"], 30, "it dies")
        until(lambda: self.judge.properties[None][name] != hash_before, 30, "the configuration is another")
        configuration["sensors"].append(sensor)
        self.gateway.write(configuration)
        until(lambda: self.is_born("station"), 30, "it lives")
        self.assertEqual(self.judge.sessions, [0, 0, 1, 2])

        self.gateway.stop()
        until(lambda: self.judge.deaths[1:], 30, "it takes leave")
        self.assertEqual(set(self.judge.deaths[1:]), {2})
        for device in DEVICES:
            self.check_all_told(device)
        self.check_good()


class SparkplugBefore5(Sparkplug):
    """Where MQTT 5 is not spoken, no other word than ours tells of the end."""

    mqtt_version = "3.1.1"

    def test_a_host_knows_who_is_there_and_misses_nothing(self):
        self.gateway.start()
        self.all_speak()
        self.gateway.stop()
        until(lambda: self.judge.deaths, 30, "it takes leave")
        self.assertEqual(self.judge.deaths, [0])
        self.check_good()


if __name__ == "__main__":
    gateway.main()
