# SPDX-License-Identifier: Apache-2.0
"""Home Assistant's long-term statistics of a rehearsed week: two outages of Home Assistant, hours that are
revised, a gateway that is killed. In the end every hour stands there once, as the store has it, and nothing
was sent a second time but what was under way where a connection broke. Values are made up."""

import csv
import json
import os
import ssl
import struct
import subprocess
import sys
import time
from datetime import datetime, timedelta, timezone

import gateway
from gateway import HERE, until

sys.path.insert(0, os.path.join(HERE, "..", "world"))
from collocation import crc  # noqa: E402
from home_assistant_api import HomeAssistant  # noqa: E402

# Long past, by whatever clock the machine has: sinks live in its time, and an hour waits until it is over there too.
START = datetime(2023, 10, 15, 0, 5, tzinfo=timezone.utc)
HOUR = timedelta(hours=1)
TOKEN = "a-long-lived-token-of-an-administrator"
# Hours whose last sample is a spike. That shows only with the sample after it, when the hour was made already; and of
# the one at the end of the first part, when it was sent.
SPIKES = (3, 17, 39, 60, 120)
PARTS = (0, 40, 80, 110, 168)  # hours
QUANTITIES = {"pm2_5": "µg/m³", "temperature": "°C", "humidity": "%", "co2": "ppm"}
LEFT_OUT = ("wind_dir", "rain_total")


def text_of(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def entity(quantity):
    return f"sensor.test_roof_air_{quantity}"


class Statistics(gateway.GatewayTest):
    def setUp(self):
        self.home = HomeAssistant(TOKEN)
        self.addCleanup(self.home.stop)
        super().setUp()

    def configuration(self):
        names = (*QUANTITIES, *LEFT_OUT)
        scale = {"temperature": 0.1, "pm2_5": 0.1}
        self.write("map.json", json.dumps({
            "device": "a sensor", "source": "made for this test", "function": 4,
            "registers": [{"quantity": name, "register": place, "type": "u16", "scale": scale.get(name, 1)}
                          for place, name in enumerate(names)]}))
        self.write("sensor.json", json.dumps({"driver": "modbus", "transport": "modbus", "cases": []}))
        self.write("ha-token", TOKEN + "\n")
        configuration = self.base_configuration()
        configuration["store"]["commit_every"] = "1min"
        configuration["sinks"].append({"id": "home", "home_assistant_api": f"http://127.0.0.1:{self.home.port}",
                                       "token_file": "ha-token", "start_at": "oldest"})
        return {
            **configuration, "buses": {"recorded": {"recorded": os.path.join(self.directory, "sensor.json")}},
            "sensors": [{"id": "roof-air", "driver": "modbus", "bus": "recorded", "every": "10min",
                         "map": os.path.join(self.directory, "map.json"),
                         "quality": {"pm2_5": {"spike_suspect": 50}}}]}

    def write(self, name, text):
        path = os.path.join(self.directory, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, 0o600)

    @staticmethod
    def answers(first):
        request = crc(struct.pack(">BBHH", 1, 4, 0, 6)).hex()
        for number in range(6 * first, 6 * 170):
            hour, minute = divmod(5 + 10 * number, 60)
            spike = 3000 if hour in SPIKES and minute == 55 else 0
            values = (200 + hour + minute + spike, 150 + hour % 24, 40 + hour % 30, 420 + minute, (hour * 7) % 360, hour)
            yield {"name": "", "request_hex": request, "rx_hex": crc(struct.pack(">BBB6H", 1, 4, 12, *values)).hex()}

    # ---- what there is ---------------------------------------------------------------------------

    def stored(self):
        """{entity: {start: (mean, minimum, maximum)}} of the store's valid hours."""
        rows = list(csv.reader(self.gateway.printed("export hours", "--sensor", "roof-air").splitlines()))
        column = {name.split(" ")[0]: place for place, name in enumerate(rows[0])}
        found = {entity(name): {} for name in QUANTITIES}
        for row in rows[1:]:
            for name in QUANTITIES:
                if row[column[name + "_valid"]] != "1":
                    continue
                start = row[column["hour_start"]].replace(".000Z", "Z").replace("Z", "+00:00")
                found[entity(name)][start] = tuple(float(row[column[name + part]]) for part in ("", "_minimum", "_maximum"))
        return found

    def kept(self):
        with self.home.lock:
            return {name: {start: (row["mean"], row["min"], row["max"]) for start, row in rows.items()}
                    for name, rows in self.home.statistics.items()}

    def newest(self):
        return max((start for rows in self.kept().values() for start in rows), default="")

    def hours_heard(self):
        """By the subscriber of the broker, which is never away."""
        return len({record["start"] for record in self.subscriber.records("sensor/roof-air/hour")})

    def check_all_arrived(self):
        stored = self.stored()
        self.assertGreater(len(stored[entity("pm2_5")]), 38)

        def is_same():
            kept = self.kept()
            return all(kept.get(name, {}).keys() == rows.keys() and all(
                abs(one - other) < 6e-4 for start, row in rows.items() for one, other in zip(row, kept[name][start]))
                for name, rows in stored.items())
        until(is_same, 60, "Home Assistant has what the store has", lambda: len(self.home.commands))
        for name, unit in QUANTITIES.items():
            metadata = self.home.metadata[entity(name)]
            self.assertEqual((metadata["statistics_unit_of_measurement"], metadata["has_sum"], metadata["mean_type"]),
                             (unit, False, 1))

    @staticmethod
    def start_of(hour):
        return text_of((START + hour * HOUR).replace(minute=0)).replace("Z", "+00:00")

    def repeated(self):
        """[(connection, time, row)] that was taken before, with nothing changed."""
        seen, again = set(), []
        for connection, moment, rows in self.home.messages:
            for row in rows:
                if row in seen:
                    again.append((connection, moment, row))
                seen.add(row)
        return again

    def needless(self, killed_at=None):
        """What came again, but not because it was in one of the last two messages of a connection that broke, or had
        been acknowledged in the last two seconds before the gateway was killed."""
        needed = set()
        for number in {connection for connection, _, _ in self.home.messages}:
            for rows in [rows for connection, _, rows in self.home.messages if connection == number][-2:]:
                needed.update(rows)
        for _, moment, rows in self.home.messages:
            if killed_at is not None and killed_at - 2.5 <= moment <= killed_at:
                needed.update(rows)
        return [(connection, moment, row) for connection, moment, row in self.repeated() if row not in needed]

    def said(self, *words):
        done = subprocess.run([self.gateway.binary, *words, "--config", self.gateway.file], capture_output=True, text=True,
                              check=False)
        return done.stdout + done.stderr

    # ---- the tests -------------------------------------------------------------------------------

    def rehearse(self, part):
        """A part of the week, which begins where the one before has ended; then it stays, in the time of the machine."""
        first, end = PARTS[part], PARTS[part + 1]
        self.write("sensor.json", json.dumps({"driver": "modbus", "transport": "modbus", "cases": list(self.answers(first))}))
        self.gateway.rehearse(text_of(START + first * HOUR), text_of(START + end * HOUR - timedelta(minutes=3)),
                              progress=self.hours_heard)

    def test_a_week_with_two_outages_and_a_killed_gateway_is_whole(self):
        self.rehearse(0)
        self.check_all_arrived()
        with_spike = self.kept()[entity("pm2_5")][self.start_of(39)]
        self.assertGreater(with_spike[0], 60)
        self.gateway.stop()
        self.assertEqual(self.repeated(), [])

        # Home Assistant goes in the midst of a message, and comes back after one and a half days.
        self.home.cut_after = 2
        self.rehearse(1)
        until(lambda: self.home.listener is None, 60, "it is cut")
        self.home.start()
        self.check_all_arrived()
        self.gateway.stop()
        self.assertEqual(self.needless(), [])

        # It is away for a day, and the gateway is killed while it sends what has been left.
        self.home.stop()
        before = len(self.home.messages)
        self.rehearse(2)
        self.home.start()
        until(lambda: len(self.home.messages) > before, 90, "it goes on")
        self.gateway.kill()
        killed_at = time.monotonic()
        self.rehearse(3)
        self.check_all_arrived()
        self.assertEqual(self.needless(killed_at), [])

        # The hours with a spike were sent with it, and then without it.
        revised = [record for record in self.gateway.export("sensor/roof-air/hour") if record["revision"] > 1]
        self.assertEqual({record["start"].replace(".000Z", "+00:00") for record in revised},
                         {self.start_of(hour) for hour in SPIKES})
        for hour in SPIKES:
            self.assertLess(self.kept()[entity("pm2_5")][self.start_of(hour)][0], 60)
        self.assertEqual(len(self.kept()[entity("pm2_5")]), 168)
        self.assertEqual(set(self.home.statistics), {entity(name) for name in QUANTITIES})

    def test_a_wrong_token_is_told_and_shown_to_nobody(self):
        self.home.token = "another"
        self.gateway.start()
        until(lambda: "refuses our token: make a new one" in self.gateway.log(), 30, "it is told")
        self.assertEqual(self.home.refused[0], {"type": "auth", "access_token": TOKEN})
        until(lambda: "refuses our token" in self.said("status", "--json"), 30, "the status tells it")
        for text in (self.gateway.log(), self.said("status", "--json"), self.said("check"), self.said("config", "show")):
            self.assertNotIn(TOKEN, text)
        self.assertEqual(self.home.statistics, {})
        self.home.token = TOKEN
        until(lambda: "connected to Home Assistant 2026.11.2" in self.gateway.log(), 60, "it is let in")

    def test_an_encrypted_one_must_prove_who_it_is(self):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-days", "30", "-keyout", "home.key", "-out", "home.pem", "-subj", "/CN=home",
                        "-addext", "subjectAltName=IP:127.0.0.1"], cwd=self.directory, check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(os.path.join(self.directory, "home.pem"), os.path.join(self.directory, "home.key"))
        self.home.stop()
        self.home.tls = context
        self.home.start()
        sink = self.gateway.configuration["sinks"][1]
        sink["home_assistant_api"] = f"https://127.0.0.1:{self.home.port}"
        self.gateway.write(self.gateway.configuration)
        self.gateway.start()
        until(lambda: "who signed its certificate is not trusted here" in self.gateway.log(), 30, "it is told")
        self.assertEqual(self.home.refused + self.home.commands, [])
        sink["ca_file"] = "home.pem"
        self.gateway.write(self.gateway.configuration)
        until(lambda: "connected to Home Assistant 2026.11.2" in self.gateway.log(), 60, "it is let in")


if __name__ == "__main__":
    gateway.main()
