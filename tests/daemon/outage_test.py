# SPDX-License-Identifier: Apache-2.0
"""A broker that is away: what was measured meanwhile arrives in order, `state` stays live."""

import json
import time

import gateway

SENSORS = 12
OUTAGE_SAMPLES = 10_000


class Outage(gateway.GatewayTest):
    scenario = {
        "about": "SYNTHETIC: a dozen dust sensors for the tests of outages",
        "values": gateway.VALUES,
        "devices": [{"name": f"dust-{n}", "kind": "sds011"} for n in range(SENSORS)]}

    def configuration(self):
        configuration = self.base_configuration()
        for n in range(SENSORS):
            configuration["buses"][f"dust-{n}"] = {"serial": self.world.ready["ports"][f"dust-{n}"]}
            configuration["sensors"].append({"id": f"dust-{n}", "driver": "sds011", "bus": f"dust-{n}"})
        return configuration

    def offered(self):
        return sum(tally["offered"] for tally in self.world.offered().values())

    def test_ten_thousand_samples_wait_and_arrive_in_order(self):
        self.gateway.start()
        gateway.until(lambda: len(self.subscriber.streams()) == SENSORS, 30, "all sensors speak")
        self.broker.stop()
        for n in range(SENSORS):
            self.world.say(f"rate dust-{n} 100")
        before = self.offered()
        gateway.until(lambda: self.offered() >= before + OUTAGE_SAMPLES, 60, "ten thousand frames")
        for n in range(SENSORS):
            self.world.say(f"rate dust-{n} 1")
        self.broker.start()
        total = 0
        for n in range(SENSORS):
            rows = self.drained(f"sensor/dust-{n}")
            self.assert_no_holes(rows)
            heard = self.subscriber.records(f"sensor/dust-{n}")
            first = list(dict.fromkeys(record["seq"] for record in heard))
            self.assertEqual(first, sorted(first), "arrival in the order of seq")
            total += len(rows)
            states = [json.loads(payload)["ts"] for topic, payload in self.subscriber.heard
                      if topic.endswith(f"sensor/dust-{n}/state") and payload]
            self.assertEqual(states, sorted(states), "state never goes back in time")
        self.assertGreaterEqual(total, OUTAGE_SAMPLES)

    def test_a_broker_whose_name_does_not_resolve_delays_nobody(self):
        configuration = self.configuration()
        configuration["sinks"].append({"id": "nowhere", "mqtt": "mqtt://no-such-host.invalid:1883"})
        self.gateway.write(configuration)
        self.gateway.start()
        gateway.until(lambda: len(self.subscriber.streams()) == SENSORS, 30, "the other sink works")
        n = len(self.subscriber.records("sensor/dust-0"))
        begin = time.monotonic()
        gateway.until(lambda: len(self.subscriber.records("sensor/dust-0")) >= n + 5, 15, "five more")
        self.assertLess(time.monotonic() - begin, 10)
        self.assertLess(self.gateway.stop(), 2.0)
        self.assertEqual(self.subscriber.latest("test/status"), "offline")


if __name__ == "__main__":
    gateway.main()
