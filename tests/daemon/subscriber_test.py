# SPDX-License-Identifier: Apache-2.0
"""config/examples/subscriber: what a broker, a proxy or the subscriber lost is asked for again, until the
tables of a real PostgreSQL equal the gateway's own export, row by row."""

import json
import os
import pwd
import signal
import socket
import struct
import subprocess
import tempfile
import threading

import gateway

SUBSCRIBER = os.path.join(gateway.HERE, "..", "..", "config", "examples", "subscriber", "subscriber.py")
SENSORS = ("a", "b", "c", "d")


class PostgreSQL:
    """A server of its own, on a socket in a directory. It does not run as root."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="pg")
        self.directory = self.folder.name
        programs = sorted(os.listdir("/usr/lib/postgresql"), key=float)[-1]
        self.programs = f"/usr/lib/postgresql/{programs}/bin"
        self.user = "postgres" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name
        if os.getuid() == 0:
            os.chown(self.directory, pwd.getpwnam(self.user).pw_uid, -1)
        self.data = os.path.join(self.directory, "data")
        self.run("initdb", "-D", self.data, "-A", "trust", "-U", "postgres", "--no-sync")
        self.start()

    def command(self, program, *options):
        changed = ["setpriv", f"--reuid={self.user}", "--clear-groups"] if os.getuid() == 0 else []
        return [*changed, os.path.join(self.programs, program), *options]

    def run(self, program, *options):
        done = subprocess.run(self.command(program, *options), capture_output=True, text=True, check=False,
                              cwd=self.directory)
        if done.returncode != 0:
            raise AssertionError(done.stderr)
        return done.stdout

    def start(self):
        self.process = subprocess.Popen(
            self.command("postgres", "-D", self.data, "-k", self.directory, "-c", "listen_addresses=",
                         "-c", "fsync=off"),
            cwd=self.directory, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        gateway.until(lambda: subprocess.run(self.command("pg_isready", "-h", self.directory), check=False,
                                             capture_output=True).returncode == 0, 60, "PostgreSQL answers")

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(30)

    def end(self):
        self.stop()
        self.folder.cleanup()

    @property
    def address(self):
        return f"host={self.directory} user=postgres dbname=postgres"

    def rows(self, query):
        text = self.run("psql", "-h", self.directory, "-U", "postgres", "-At", "-F", "\t", "-c", query)
        return [line.split("\t") for line in text.splitlines()]


class DiscardingProxy:
    """Between gateway and broker: acknowledges every third message in the broker's name, and drops it."""

    def __init__(self, port):
        self.broker = port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.seen = self.dropped = 0
        self.is_discarding = True
        threading.Thread(target=self.accept, daemon=True).start()

    def end(self):
        self.listener.close()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            broker = socket.create_connection(("127.0.0.1", self.broker))
            threading.Thread(target=self.pass_down, args=(broker, client), daemon=True).start()
            threading.Thread(target=self.pass_up, args=(client, broker), daemon=True).start()

    @staticmethod
    def pass_down(broker, client):
        try:
            while piece := broker.recv(65536):
                client.sendall(piece)
        except OSError:
            pass
        client.close()

    def pass_up(self, client, broker):
        try:
            with client.makefile("rb") as stream:
                while packet := self.packet(stream):
                    head, body = packet
                    is_message = head[0] >> 4 == 3 and head[0] & 0x06 == 0x02   # PUBLISH with QoS 1
                    self.seen += is_message
                    if is_message and self.is_discarding and self.seen % 3 == 0:
                        self.dropped += 1
                        (length,) = struct.unpack(">H", body[:2])
                        client.sendall(b"\x40\x02" + body[2 + length:4 + length])
                    else:
                        broker.sendall(head + body)
        except OSError:
            pass
        broker.close()

    @staticmethod
    def packet(stream):
        head = stream.read(1)
        length = shift = 0
        while head:
            byte = stream.read(1)
            if not byte:
                return None
            head += byte
            length |= (byte[0] & 0x7F) << shift
            shift += 7
            if byte[0] < 0x80:
                return head, stream.read(length)
        return None


class SubscriberTest(gateway.GatewayTest):
    scenario = {"about": "SYNTHETIC: dust sensors that speak as often as they are told to",
                "values": gateway.VALUES, "devices": [{"name": name, "kind": "sds011"} for name in SENSORS]}
    # As small as a queue may be.
    broker_lines = ("max_queued_messages 10", "max_inflight_messages 10")

    def setUp(self):
        self.database = PostgreSQL()
        self.addCleanup(self.database.end)
        super().setUp()

    def configuration(self):
        configuration = self.base_configuration()
        for name in SENSORS:
            configuration["buses"][name] = {"serial": self.world.ready["ports"][name]}
            configuration["sensors"].append({"id": name, "driver": "sds011", "bus": name})
        configuration["sinks"][0].update({"replay_for": ["database"], "batch_records": 5})
        return configuration

    def offered(self):
        return sum(tally["offered"] for tally in self.world.offered().values())

    def measure(self, samples):
        """So many more, fast, and then none: not even the gateway has anything to say."""
        before = self.offered()
        for name in SENSORS:
            self.world.say(f"rate {name} 100")
        gateway.until(lambda: self.offered() >= before + samples, 120, f"{samples} frames", self.offered)
        for name in SENSORS:
            self.world.say(f"rate {name} 1")
        self.gateway.write({**self.gateway.configuration, "sensors": []})
        gateway.until(lambda: self.gateway.export("event")[-1]["event"] == "config_applied", 20, "nothing measures")

    def subscribe(self, *options):
        process = subprocess.Popen(
            ["/usr/bin/python3", SUBSCRIBER, "--broker", f"127.0.0.1:{self.broker.port}", "--database",
             self.database.address, "--patience", "1", "--sweep", "5", "--answer-within", "2",
             *options], stderr=subprocess.PIPE, text=True)
        self.addCleanup(self.end, process)
        return process

    def end(self, process):
        process.kill()
        _, said = process.communicate()
        print(f"--- a subscriber in {self.id()}:\n{said[-3000:]}", flush=True)

    def count(self):
        if self.database.rows("SELECT to_regclass('obs')")[0] != ["obs"]:
            return 0
        return int(self.database.rows("SELECT count(*) FROM obs")[0][0])

    def kept(self, stream):
        rows = self.database.rows(f"SELECT record FROM obs WHERE gateway = 'test' AND stream = '{stream}'"
                                  " ORDER BY epoch, seq")
        return [json.loads(row[0]) for row in rows]

    def assert_all_is_there(self):
        """The table equals what the gateway exports, row by row; it may take as long as it goes on."""
        streams = sorted(self.gateway.streams())
        self.assertTrue({"event", "sensor/a", "sensor/b", "sensor/c"} <= set(streams), streams)
        total = 0
        for stream in streams:
            rows = sorted(self.gateway.export(stream), key=lambda row: (row["epoch"], row["seq"]))
            total += len(rows)
            gateway.until(lambda stream=stream, rows=rows: len(self.kept(stream)) >= len(rows), 60,
                          f"the table has all of {stream}", self.count)
            self.assertEqual(self.kept(stream), rows, stream)
        return total

    def absent(self):
        return self.database.rows("SELECT * FROM absent")

    def test_who_was_away_for_five_thousand_records_has_them_in_the_end(self):
        first = self.subscribe()
        self.gateway.start()
        gateway.until(lambda: self.count() > 10, 60, "records come")
        first.kill()
        self.measure(5000)
        before = self.count()
        self.subscribe()
        self.assertGreater(self.assert_all_is_there(), before + 5000)
        self.assertEqual(self.absent(), [])

    def test_who_is_behind_a_proxy_that_acknowledges_and_drops_has_all_in_the_end(self):
        proxy = DiscardingProxy(self.broker.port)
        self.addCleanup(proxy.end)
        self.gateway.configuration["sinks"][0]["mqtt"] = f"mqtt://127.0.0.1:{proxy.port}"
        self.gateway.write(self.gateway.configuration)
        self.subscribe()
        self.gateway.start()
        gateway.until(lambda: self.count() > 10, 60, "records come")
        self.measure(1500)
        self.assert_all_is_there()
        self.assertGreater(proxy.dropped, 200)
        self.assertEqual(self.absent(), [])

    def test_what_is_not_committed_is_not_acknowledged(self):
        process = self.subscribe("--mqtt", "3.1.1")
        self.gateway.write(self.gateway.configuration)
        self.gateway.start()
        gateway.until(lambda: self.count() > 10, 60, "records come")
        self.database.stop()
        process.wait(60)  # ends at the first record
        self.measure(500)
        self.database.start()
        self.subscribe("--mqtt", "3.1.1")
        self.assert_all_is_there()


if __name__ == "__main__":
    gateway.main()
