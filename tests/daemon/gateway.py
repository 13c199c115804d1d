# SPDX-License-Identifier: Apache-2.0
"""Runs the daemon between an emulated world and a real broker, and hears what a subscriber hears."""

import contextlib
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", folder) for folder in ("contract", "world")]
import contract  # noqa: E402
from harness import VALUES, World  # noqa: E402

MOSQUITTO = next((path for path in ("/usr/sbin/mosquitto", "/usr/bin/mosquitto")
                  if os.path.exists(path)), "mosquitto")


PROBE = "twinsky/v1/probe"  # what a test says itself, to know who hears


def until(condition, within, what, progress=lambda: None):
    """Waits for a condition of other processes; fails with what was waited for. `within` counts from
    the last change of `progress`: what takes long may take as long as it goes on."""
    end, state = time.monotonic() + within, progress()
    while True:
        value = condition()
        if value:
            return value
        now = progress()
        if now != state:
            end, state = time.monotonic() + within, now
        if time.monotonic() > end:
            raise AssertionError(f"not within {within} s: {what}")
        time.sleep(0.02)


def free_port():
    """Below those that the system gives to whoever connects, so that none of them takes it before it is used, and
    nobody who looks whether it listens is connected with himself."""
    while True:
        with socket.socket() as probe:
            with contextlib.suppress(OSError):
                port = random.randrange(15_000, 32_000)
                probe.bind(("127.0.0.1", port))
                return port


class Broker:
    """A mosquitto of its own that remembers its sessions over a stop, and who asked it for what."""

    def __init__(self, directory, *lines):
        self.port = free_port()
        self.configuration = os.path.join(directory, "mosquitto.conf")
        self.log_file = os.path.join(directory, "mosquitto.log")
        with open(self.configuration, "w", encoding="utf-8") as file:
            file.write("\n".join([
                f"listener {self.port} 127.0.0.1", "allow_anonymous true", "user root",
                "persistence true", f"persistence_location {directory}/", "autosave_interval 0",
                "max_queued_messages 0", f"log_dest file {self.log_file}", "log_type subscribe", *lines, ""]))
        self.process = None
        self.start()

    def start(self):
        self.process = subprocess.Popen([MOSQUITTO, "-c", self.configuration],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(self.answers, 10, "the broker answers")

    def answers(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def subscriptions(self, client):
        """The topics for which it has asked."""
        with open(self.log_file, encoding="utf-8") as file:
            return set(re.findall(rf"(?m)^[0-9]+: {client} [0-2] (.+)$", file.read()))

    def stop(self, how=signal.SIGTERM):
        if self.process is None:
            return
        self.process.send_signal(how)
        self.process.wait(10)
        self.process = None


class Heard(tuple):
    """(topic, payload), and how it was sent: (QoS, retained, expiry in seconds or None); None if nobody told."""

    how = None


class Subscriber:
    """What an independent subscriber with a session of its own has got so far."""

    def __init__(self, port, topic="twinsky/v1/#", name="watcher", login=(), version="5"):
        self.heard = []  # in the order of arrival
        # 3.1.1 tells of no message how it was sent.
        self.tells_how = version == "5"
        more = ("-x", "4294967295", "--retain-as-published") if self.tells_how else ()
        self.process = subprocess.Popen(
            ["mosquitto_sub", "-h", "127.0.0.1", "-p", str(port), "-V", version, "-q", "1", "-c", *more,
             "-i", name, "-t", topic, "-F", "%q %r %E|%t %p", *login], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.thread = threading.Thread(target=self.listen, daemon=True)
        self.thread.start()

    def listen(self):
        for line in self.process.stdout:
            how, _, message = line.rstrip("\n").partition("|")
            topic, _, payload = message.partition(" ")
            qos, retained, expiry = how.split(" ")
            heard = Heard((topic, payload))
            if self.tells_how:
                heard.how = int(qos), retained == "1", int(expiry) if expiry else None
            self.heard.append(heard)

    def records(self, stream):
        """All records of a stream, with repetitions, as they came."""
        is_obs = "/" in stream and not stream.endswith("/hour")
        topic = f"/{stream}/obs" if is_obs else f"/{stream}"
        return [record for heard, payload in list(self.heard) if heard.endswith(topic) and payload
                for record in json.loads(payload)]

    def streams(self):
        return sorted({"/".join(topic.split("/")[3:-1]) for topic, _ in list(self.heard)
                       if topic.endswith("/obs")})

    def latest(self, ending):
        for topic, payload in reversed(list(self.heard)):
            if topic.endswith(ending):
                return payload
        return None

    def end(self):
        self.process.terminate()
        self.process.wait(10)
        self.thread.join(10)
        self.process.stdout.close()


class Gateway:
    """The daemon with a configuration that a test may change."""

    binary = ""

    def __init__(self, directory, configuration, environment=None):
        self.file = os.path.join(directory, "twinsky.json")
        self.log_file = os.path.join(directory, "twinsky.log")
        self.environment = {**os.environ, **(environment or {})}
        self.configuration = configuration
        self.process = None
        self.write(configuration)

    def write(self, configuration):
        text = configuration if isinstance(configuration, str) else json.dumps(configuration, indent=1)
        with open(self.file + ".new", "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(self.file + ".new", self.file)  # as editors do

    def start(self):
        with open(self.log_file, "a", encoding="utf-8") as log:
            self.process = subprocess.Popen([self.binary, "run", "--config", self.file],
                                            stderr=log, stdout=log, env=self.environment)

    def rehearse(self, start, end, progress=lambda: None):
        """Goes through that time (texts), and on from there; `progress` changes as long as it goes on."""
        before = len(self.log()) if os.path.exists(self.log_file) else 0
        with open(self.log_file, "a", encoding="utf-8") as log:
            self.process = subprocess.Popen([self.binary, "run", "--config", self.file, "--rehearse", start, end],
                                            stderr=log, stdout=log, env=self.environment)
        until(lambda: "come to its end" in self.log()[before:], 60, f"it is {end}", progress)

    def kill(self):
        self.process.kill()
        self.process.wait(10)

    def stop(self):
        """Asks it to end; gives the seconds that it took."""
        begin = time.monotonic()
        self.process.terminate()
        self.process.wait(10)
        return time.monotonic() - begin

    def log(self):
        with open(self.log_file, encoding="utf-8") as file:
            return file.read()

    def export(self, stream, *options):
        return [json.loads(line) for line in self.exported("--stream", stream, "--json", *options)]

    def streams(self):
        """The streams of which the store has records."""
        return {line.split(",")[0] for line in self.exported()[1:]}

    def exported(self, *options):
        return self.printed("export", *options).splitlines()

    def printed(self, command, *options, code=0):
        """What a command says of this configuration."""
        done = subprocess.run([self.binary, *command.split(), "--config", self.file, *options], capture_output=True,
                              text=True, check=False)
        if done.returncode != code:
            raise AssertionError(done.stderr)
        return done.stdout

    def end(self):
        if self.process and self.process.poll() is None:
            self.stop()


class GatewayTest(unittest.TestCase):
    """A broker, a subscriber and a gateway of their own for each test, and a world where there is a
    scenario."""

    scenario = None
    broker_lines = ()
    broker_kind = Broker  # tests/beside has others
    version = "5"  # of MQTT, that the subscriber speaks

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="gateway")
        self.directory = self.folder.name
        self.addCleanup(self.folder.cleanup)
        environment = None
        if self.scenario is not None:
            self.world = World(self.scenario)
            self.addCleanup(self.world.end)
            environment = self.world.ready["environment"]
        self.broker = self.broker_kind(self.directory, *self.broker_lines)
        self.addCleanup(self.broker.stop)
        self.subscriber = Subscriber(self.broker.port, version=self.version)
        self.addCleanup(self.subscriber.end)
        self.addCleanup(self.judge_messages)
        self.gateway = Gateway(self.directory, self.configuration(), environment)
        self.addCleanup(self.tell_on_failure)
        self.addCleanup(self.gateway.end)

    def judge_messages(self):
        """Whatever was sent is as the contract says."""
        found = contract.Contract()
        problems = {problem for message in list(self.subscriber.heard)
                    if message[0] != PROBE and "/cmd/" not in message[0] for problem in
                    (*found.problems(*message),
                     *(found.problems_of_sending(*message, message.how) if message.how else ()))}
        self.assertEqual(sorted(problems)[:20], [], f"{len(problems)} findings")

    def tell_on_failure(self):
        outcome = self._outcome.result
        if any(test is self for test, _ in outcome.failures + outcome.errors) and os.path.exists(self.gateway.log_file):
            print(f"--- the gateway's log in {self.id()}:\n{self.gateway.log()[-3000:]}", flush=True)

    def configuration(self):
        raise NotImplementedError

    def base_configuration(self):
        return {
            "gateway": {"id": "test", "name": "Test", "jurisdiction": "hk", "clock": "system"},
            "buses": {}, "sensors": [],
            "store": {"path": os.path.join(self.directory, "twinsky.db"), "commit_every": "200ms"},
            "sinks": [{"id": "broker", "mqtt": f"mqtt://127.0.0.1:{self.broker.port}",
                       "start_at": "oldest"}],
        }

    def drained(self, stream):
        """The rows of a stream as of now, all of which the subscriber has got, and nothing else but
        what came since."""
        rows = self.gateway.export(stream)
        keys = {(row["epoch"], row["seq"]) for row in rows}
        newest = {epoch: max(seq for other, seq in keys if other == epoch) for epoch, _ in keys}
        heard = set()

        def missing():
            heard.update((row["epoch"], row["seq"]) for row in self.subscriber.records(stream))
            return keys - heard
        try:
            until(lambda: rows and not missing(), 60, f"the subscriber has all of {stream}")
        except AssertionError as problem:
            raise AssertionError(f"{problem}: missing {sorted(missing())[:5]}") from problem
        strange = [key for key in heard - keys if key[1] <= newest.get(key[0], 0)]
        self.assertEqual(strange, [], f"records of {stream} that are not in the store")
        return rows

    def assert_no_holes(self, records):
        by_epoch = {}
        for record in records:
            by_epoch.setdefault(record["epoch"], set()).add(record["seq"])
        for epoch, numbers in by_epoch.items():
            self.assertEqual(numbers, set(range(1, max(numbers) + 1)), f"epoch {epoch}")


def main():
    """Runs the tests of the calling script: SCRIPT TWINSKY WORLD [test …]."""
    Gateway.binary = os.path.abspath(sys.argv.pop(1))
    World.binary = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2)
