# SPDX-License-Identifier: Apache-2.0
"""Nothing that was accepted is lost: the daemon and its broker are killed and stopped under load."""

import os
import random
import signal
import time

import gateway

SENSORS = 12
COMMIT_S = 0.2
SEED = int(os.environ.get("SEED", random.randrange(1 << 30)))


class Loss(gateway.GatewayTest):
    # Devices that talk by themselves, once a second, whether somebody listens or not.
    scenario = {
        "about": "SYNTHETIC: a dozen dust sensors for the tests of loss", "values": gateway.VALUES,
        "devices": [{"name": f"dust-{n}", "kind": "sds011"} for n in range(SENSORS)]}

    def configuration(self):
        configuration = self.base_configuration()
        for n in range(SENSORS):
            configuration["buses"][f"dust-{n}"] = {"serial": self.world.ready["ports"][f"dust-{n}"]}
            configuration["sensors"].append({"id": f"dust-{n}", "driver": "sds011", "bus": f"dust-{n}"})
        return configuration

    def accounted(self, stream):
        """Rows of a stream, and what the ledger says is missing of it."""
        rows = self.drained(stream)
        gaps = [gap for gap in self.gateway.export("ledger") if gap["stream"] == stream]
        return rows, sum(gap["count"] for gap in gaps)

    def test_fifty_kills_at_random_moments(self):
        kills = 50
        chance = random.Random(SEED)
        print(f"once more with SEED={SEED}", flush=True)
        self.gateway.start()
        gateway.until(lambda: len(self.subscriber.streams()) == SENSORS, 30, "all sensors speak")
        for kill in range(kills):
            time.sleep(chance.uniform(0.1, 2.0))  # the random moment itself
            self.gateway.kill()
            if kill % 5 == 2:
                self.broker.stop()
            if kill % 5 == 4 and self.broker.process is None:
                self.broker.start()
            self.gateway.start()
        if self.broker.process is None:
            self.broker.start()
        n = len(self.subscriber.heard)
        gateway.until(lambda: len(self.subscriber.heard) > n + SENSORS, 60, "it publishes again")
        self.gateway.stop()
        offered = self.world.offered()
        self.gateway.start()  # what the last stop left in the outbox
        repeated = 0
        for sensor in range(SENSORS):
            stream = f"sensor/dust-{sensor}"
            rows, missing = self.accounted(stream)
            self.assert_no_holes(rows)
            self.assertEqual(rows, sorted(rows, key=lambda row: row["seq"]), "the order of seq")
            heard = self.subscriber.records(stream)
            repeated += len(heard) - len(rows)
            tally = offered[f"dust-{sensor}"]
            total = tally["offered"] + tally["unheard"]
            # A kill costs at most what came in one commit interval: of one frame a second, one.
            self.assertLessEqual(abs(total - len(rows) - missing), kills, stream)
            self.assertGreater(len(rows), kills / 4)
            print(f"{stream}: offered {total}, kept {len(rows)}, in the ledger {missing}")
        # What was acknowledged in the last 2 s before a kill may come again, as the README says: at
        # most two frames of each sensor, and the backlog of a broker that was away for 10 s.
        self.assertLessEqual(repeated, kills * SENSORS * (2 + 10))
        print(f"{kills} kills, {repeated} records twice, 0 lost")

    def test_a_killed_broker_takes_nothing_from_the_store(self):
        self.gateway.start()
        gateway.until(lambda: len(self.subscriber.streams()) == SENSORS, 30, "all sensors speak")
        before = self.world.offered()["dust-0"]["offered"]
        for _ in range(5):
            self.broker.stop(signal.SIGKILL)
            n = self.world.offered()["dust-0"]["offered"]
            gateway.until(lambda n=n: self.world.offered()["dust-0"]["offered"] >= n + 2, 10, "frames")
            self.broker.start()
        gateway.until(lambda: self.world.offered()["dust-0"]["offered"] > before + 10, 30, "frames")
        self.gateway.stop()
        for sensor in range(SENSORS):
            rows = self.gateway.export(f"sensor/dust-{sensor}")
            self.assert_no_holes(rows)
            count = self.world.offered()[f"dust-{sensor}"]["offered"]
            self.assertLessEqual(abs(count - len(rows)), 2)  # one read, one on the line


if __name__ == "__main__":
    gateway.main()
