# SPDX-License-Identifier: Apache-2.0
"""What config/examples/ has for other programs, in these programs themselves; and the gateway at other brokers."""

import collections
import contextlib
import json
import os
import pathlib
import re
import shlex
import signal
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
EXAMPLES = HERE.parent.parent / "config" / "examples"
sys.path[:0] = [str(HERE.parent / "daemon"), str(HERE.parent / "world")]
import gateway  # noqa: E402
from gateway import until  # noqa: E402

STATIONS = {"station": 1, "roof": 2}  # and their Modbus units
DUSTS = ("dust-0", "dust-1")
WATCHER = "watcher"  # the subscriber's client id


class Program:
    """A foreign program with its output in a file; ended by its own pid."""

    def __init__(self, name, command, directory, environment=None):
        self.name, self.log_file = name, os.path.join(directory, f"{name}.log")
        with open(self.log_file, "a", encoding="utf-8") as log:
            # A group of its own: what it starts in turn ends with it.
            self.process = subprocess.Popen(command, cwd=directory, env={**os.environ, **(environment or {})},
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)

    def log(self):
        with open(self.log_file, encoding="utf-8", errors="replace") as file:
            return file.read()

    def until(self, condition, within, what):
        def is_so():
            if self.process.poll() is not None:
                raise AssertionError(f"{self.name} has ended:\n{self.log()[-2000:]}")
            return condition()
        try:
            return until(is_so, within, what)
        except AssertionError as problem:
            raise AssertionError(f"{problem}\n{self.name} said:\n{self.log()[-2000:]}") from problem

    def end(self, how=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(how)
            try:
                self.process.wait(30)
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self.process.pid, signal.SIGKILL)


class Beside(gateway.GatewayTest):
    """At a broker: two stations, of which one's pm10 fails its range, and dust sensors, which have no value yet since
    they warm up."""

    scenario = {"about": "SYNTHETIC: stations and dust sensors for what runs beside a gateway", "values": gateway.VALUES,
                "devices": [*({"name": name, "kind": "renke", "port": "rs485", "address": unit}
                              for name, unit in STATIONS.items()),
                            *({"name": name, "kind": "sds011"} for name in DUSTS)]}

    def configuration(self):
        configuration = self.base_configuration()
        ports = self.world.ready["ports"]
        configuration["buses"]["rs485"] = {"modbus": ports["rs485"]}
        for name, unit in STATIONS.items():
            configuration["sensors"].append({"id": name, "driver": "modbus", "bus": "rs485", "unit": unit,
                                             "map": "renke-rs-fsxcs", "every": "1s"})
        configuration["sensors"][0]["quality"] = {"pm10": {"range_upper": gateway.VALUES["pm10"] - 1}}
        for name in DUSTS:
            configuration["buses"][name] = {"serial": ports[name]}
            configuration["sensors"].append({"id": name, "driver": "sds011", "bus": name})
        return configuration

    def sensors(self):
        return [sensor["id"] for sensor in self.configuration()["sensors"]]

    def offered(self):
        return sum(tally["offered"] for tally in self.world.offered().values())

    def await_samples(self, count):
        before = self.offered()
        until(lambda: self.offered() >= before + count, 60, f"{count} more samples")

    def await_all(self):
        until(lambda: set(self.subscriber.streams()) >= {f"sensor/{name}" for name in self.sensors()}, 60,
              "all sensors speak")


# ---- Node-RED ----

class NodeRed(Beside):
    """The flow in Node-RED without its editor. Only the broker's address is another than in the file, as with
    everybody who imports it."""

    def setUp(self):
        super().setUp()
        self.home = os.path.join(self.directory, "node-red")
        os.mkdir(self.home)
        flow = json.loads((EXAMPLES / "node-red" / "flow.json").read_text(encoding="utf-8"))
        for node in flow:
            if node["type"] == "mqtt-broker":
                node["broker"], node["port"] = "127.0.0.1", str(self.broker.port)
        with open(os.path.join(self.home, "flow.json"), "w", encoding="utf-8") as file:
            json.dump(flow, file)
        settings = {"uiHost": "127.0.0.1", "uiPort": gateway.free_port(), "userDir": self.home, "flowFile": "flow.json",
                    "httpAdminRoot": False, "credentialSecret": False, "telemetry": {"enabled": False}}
        with open(os.path.join(self.home, "settings.js"), "w", encoding="utf-8") as file:
            file.write(f"module.exports = {json.dumps(settings)};\n")
        self.program = None

    def start(self):
        # Its log is kept over its starts: what is looked for must come after this one.
        before = self.program.log().count("Connected to broker") if self.program else 0
        self.program = Program("node-red", ["node", str(HERE / "node_modules/node-red/red.js"),
                                            "--settings", "settings.js"], self.home)
        self.addCleanup(self.program.end)
        self.program.until(lambda: self.program.log().count("Connected to broker") > before, 90, "Node-RED is connected")

    def lines(self, name):
        path = os.path.join(self.home, f"twinsky-{name}.jsonl")
        if not os.path.exists(path):
            return []
        with open(path, encoding="utf-8") as file:
            return [json.loads(line) for line in file.read().split("\n")[:-1]]

    @staticmethod
    def expected(row, stream):
        """The record as the flow's description has it, said in another language than the flow; none where nothing is
        left."""
        bad = {name for name, flag in row.get("flags", {}).items() if flag in (4, 9)}
        left = {name: value for name, value in row.items() if name not in bad}
        return {**left, "stream": stream} if gateway.VALUES.keys() & left.keys() else None

    def test_of_a_record_with_every_flag_the_flow_takes_out_what_failed_or_is_missing(self):
        self.start()
        values = {"pm1": 1.5, "pm2_5": None, "pm10": 1e4, "humidity": 99.5, "temperature": 4.5, "co2": 0}
        record = {"gateway": "other", "sensor": "hand", "epoch": "0a1b2c3d", "seq": 7, "ts": 1_796_000_000_000,
                  "time": "2026-11-30T00:53:20.000Z", **values, "flag": 9,
                  "flags": {"pm2_5": 9, "pm10": 4, "humidity": 3, "temperature": 2}, "faults": {"pm2_5": "warming_up"},
                  "amends": 5, "meta": 1}
        nothing = {**record, "seq": 8, "flags": dict.fromkeys(values, 4)}
        last = {**record, "seq": 9, "flags": {"pm2_5": 3}}
        subprocess.run(["mosquitto_pub", "-h", "127.0.0.1", "-p", str(self.broker.port), "-q", "1",
                        "-m", json.dumps([record, nothing, last]), "-t", "twinsky/v1/other/sensor/hand/obs"],
                       check=True, timeout=20)
        until(lambda: self.lines("records") and self.lines("records")[-1]["seq"] == 9, 90, "the last came out")
        left = {name: value for name, value in record.items() if name not in ("pm2_5", "pm10")}
        self.assertEqual(self.lines("records"), [{**left, "stream": "sensor/hand"}, {**last, "stream": "sensor/hand"}])

    def test_what_comes_out_of_the_flow_is_what_was_recorded_but_what_failed(self):
        self.start()
        self.gateway.start()
        self.await_all()
        until(lambda: {"gateway": "test", "online": True} in self.lines("status"), 90, "the gateway is online")
        self.await_samples(20)
        # Node-RED is away, and the broker keeps for it what comes.
        self.program.end()
        self.await_samples(20)
        self.start()
        self.await_samples(20)
        self.gateway.kill()
        until(lambda: self.lines("status")[-1] == {"gateway": "test", "online": False}, 90, "the gateway is offline")
        out = collections.defaultdict(dict)
        failed = missing = 0
        for name in self.sensors():
            stream = f"sensor/{name}"
            heard = {(row["epoch"], row["seq"]): row for row in self.subscriber.records(stream)}
            kept = {key: self.expected(row, stream) for key, row in heard.items()}
            failed += sum(row.get("flags", {}).get("pm10") == 4 for row in heard.values())
            missing += sum(each is None for each in kept.values())
            kept = {key: row for key, row in kept.items() if row}

            def came(stream=stream):
                return {(row["epoch"], row["seq"]): row for row in self.lines("records") if row["stream"] == stream}
            until(lambda came=came, kept=kept: kept.keys() <= came().keys(), 90, f"all of {stream} came out")
            self.assertEqual(came(), kept, stream)
            order = list(came())
            self.assertEqual(order, sorted(order, key=lambda key: key[1]), "in the order of seq")
            out[stream] = kept
        # The test would show nothing if all had passed its checks.
        self.assertGreater(failed, 10)
        self.assertGreater(missing, 10)
        self.assertGreater(min(len(out[f"sensor/{name}"]) for name in STATIONS), 10)
        self.assertTrue(all("pm10" in row for row in out["sensor/roof"].values()))
        self.assertTrue(all("pm10" not in row and "pm2_5" in row for row in out["sensor/station"].values()))


# ---- VictoriaMetrics, and the dashboard for Grafana ----


def catalogue():
    """The metric of every quantity, as the gateway's own two tables have it."""
    words, quantities = ((HERE.parent.parent / "gateway" / path).read_text(encoding="utf-8")
                         for path in ("page/metrics.cpp", "model/quantity.cpp"))
    suffixes = dict(re.findall(r'^    \{"([^"]+)", "(_\w+)"\},$', words, re.M))
    units = re.findall(r'^  \{\w+, "(\w+)", "[^"]*", "([^"]+)",', quantities, re.M)
    return {quantity: f"twinsky_{quantity}{suffixes.get(unit, '')}" for quantity, unit in units}


METRICS = catalogue()


class VictoriaMetrics(Beside):
    JOB = "mk-roof"  # of the shipped scrape.yml

    def setUp(self):
        super().setUp()
        shipped = EXAMPLES / "victoriametrics"
        text = (shipped / "scrape.yml").read_text(encoding="utf-8")
        self.assertIn(f"job_name: {self.JOB}\n", text)
        scrape = os.path.join(self.directory, "scrape.yml")
        with open(scrape, "w", encoding="utf-8") as file:
            file.write(text.replace("localhost:8787", f"localhost:{self.page}").replace("scrape_interval: 15s",
                                                                                       "scrape_interval: 1s"))
        service = (shipped / "victoria-metrics.default").read_text(encoding="utf-8")
        arguments = shlex.split(re.search(r'^ARGS="(.*)"$', service, re.M)[1])
        self.port = gateway.free_port()
        here = {"-storageDataPath": os.path.join(self.directory, "data"), "-promscrape.config": scrape,
                "-httpListenAddr": f"127.0.0.1:{self.port}"}
        arguments = [f"{name}={here.pop(name, value)}" for name, _, value in (each.partition("=") for each in arguments)]
        self.assertEqual(here, {}, "an argument is not shipped")
        # What has just come is shown at once, for the test's sake.
        self.program = Program("victoria-metrics", ["victoria-metrics", *arguments, "-search.latencyOffset=0s",
                                                    "-search.disableCache"], self.directory)
        self.addCleanup(self.program.end)
        self.program.until(lambda: self.get("/health") == "OK", 60, "VictoriaMetrics answers")

    def configuration(self):
        self.page = gateway.free_port() if not hasattr(self, "page") else self.page
        return {**super().configuration(), "serve": {"listen": f"127.0.0.1:{self.page}"}}

    def get(self, path, port=None, **query):
        address = f"http://127.0.0.1:{port or self.port}{path}"
        if query:
            address += "?" + urllib.parse.urlencode(query)
        try:
            with urllib.request.urlopen(address, timeout=20) as answer:
                return answer.read().decode()
        except ConnectionError:
            return ""
        except urllib.error.HTTPError as problem:
            raise AssertionError(f"{path} {query}: {problem.read().decode()}") from problem
        except urllib.error.URLError:
            return ""

    def query(self, text):
        said = json.loads(self.get("/api/v1/query", query=text))
        self.assertEqual(said["status"], "success", text)
        return said["data"]["result"]

    def samples(self, **labels):
        """(metric, sensor, flag, time) of every sample as it is kept: its value."""
        match = "{" + ",".join(f'{name}="{value}"' for name, value in labels.items()) + "}"
        found = {}
        for line in self.get("/api/v1/export", **{"match[]": match, "start": "2000-01-01T00:00:00Z"}).splitlines():
            series = json.loads(line)
            of = series["metric"]
            if "sensor" not in of or "flag" not in of:
                continue
            for time, value in zip(series["timestamps"], series["values"]):
                key = (of["__name__"], of["sensor"], of["flag"], time)
                self.assertNotIn(key, found, "twice")
                found[key] = value
        return found

    def metrics(self):
        """What the page says: the names that it declares, and those that have a sample."""
        text = self.get("/metrics", port=self.page)
        return set(re.findall(r"^# TYPE (\w+) ", text, re.M)), set(re.findall(r"^(twinsky_\w+)[ {]", text, re.M))

    def test_what_is_scraped_is_what_the_dashboard_asks_for(self):
        self.gateway.start()
        self.await_all()
        name = "twinsky_pm2_5_micrograms_per_cubic_metre"
        value = self.program.until(lambda: self.query(f'{name}{{job="{self.JOB}",sensor="station",flag="1"}}'), 60,
                                   "the station's particles are scraped")[0]["value"][1]
        self.assertEqual(float(value), gateway.VALUES["pm2_5"])

        def unscraped():
            return self.metrics()[1] - set(json.loads(self.get("/api/v1/label/__name__/values"))["data"])
        self.program.until(lambda: not unscraped(), 90, "every metric of the page is there")
        declared, sampled = self.metrics()
        dashboard = json.loads((EXAMPLES / "grafana" / "gateway.json").read_text(encoding="utf-8"))
        variable = next(each for each in dashboard["templating"]["list"] if each["name"] == "job")
        self.assertEqual(variable["query"], "label_values(twinsky_build_info, job)")
        self.assertEqual(json.loads(self.get("/api/v1/label/job/values", **{"match[]": "twinsky_build_info"}))["data"],
                         [self.JOB])
        asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
        self.assertGreater(len(asked), 10)
        answered = 0
        for expression in asked:
            with self.subTest(expression=expression):
                metric = re.search(r"twinsky_\w+", expression)[0]
                # It is not known in the first ten minutes.
                self.assertTrue(metric in declared or metric == "twinsky_store_offline_seconds", metric)
                expression = expression.replace("$job", self.JOB)
                if metric in sampled:
                    self.program.until(lambda expression=expression: self.query(expression), 90, "an answer")
                    answered += 1
                else:
                    self.query(expression)
        self.assertGreater(answered, len(asked) // 2)

    def import_history(self, *options):
        """The pipe that the script's own first lines name, with other options, at this port."""
        text = (EXAMPLES / "victoriametrics" / "history.py").read_text(encoding="utf-8")
        pipe = re.search(r"^  (twinsky export [^\n]* \|\n.*?)\n\n", text, re.M | re.S)[1]
        pipe = re.sub(r"--from \S+ --to \S+", " ".join(map(shlex.quote, options)), pipe)
        pipe = pipe.replace("history.py", shlex.quote(str(EXAMPLES / "victoriametrics" / "history.py")))
        pipe = pipe.replace("localhost:8428", f"127.0.0.1:{self.port}")
        path = f"{os.path.dirname(self.gateway.binary)}:{os.environ['PATH']}"
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", pipe], capture_output=True, text=True, timeout=60,
                              check=False, env={**os.environ, "PATH": path})
        self.assertEqual(done.returncode, 0, done.stderr)
        # What was taken is searched from then on.
        self.get("/internal/force_flush")

    def test_history_comes_back_with_its_values_and_times_and_under_the_names_of_a_scrape(self):
        self.gateway.start()
        self.await_all()
        self.await_samples(60)
        self.program.until(lambda: self.samples(job=self.JOB), 60, "a scrape")
        scraped = {key[:3] for key in self.samples(job=self.JOB)}
        self.gateway.stop()
        expected, amended = {}, 0
        for sensor in self.sensors():
            rows = {row["seq"]: row for row in self.gateway.export(f"sensor/{sensor}")}
            for row in list(rows.values()):
                amended += rows.pop(row.get("amends"), None) is not None
            for row in rows.values():
                for quantity, metric in METRICS.items():
                    if row.get(quantity) is not None:
                        flag = str(row.get("flags", {}).get(quantity, 1))
                        expected[metric, sensor, flag, row["ts"]] = row[quantity]
        self.assertGreater(len(expected), 100)
        def shown():
            """Without the marks that a scrape leaves when there is nothing any more."""
            return {key: value for key, value in self.samples(job=self.JOB).items() if value is not None}

        self.import_history("--config", self.gateway.file)
        # The newest second of what came is shown a little later.
        self.program.until(lambda: expected.keys() <= self.samples(job=self.JOB).keys(), 90, "all of the history")
        both = shown()
        self.assertEqual({key: both[key] for key in expected}, expected)
        self.assertEqual({key[:3] for key in expected}, scraped)
        self.import_history("--config", self.gateway.file)
        self.program.until(lambda: shown() == both, 90, "a second time changes nothing")

    def test_every_quantity_has_the_name_that_the_page_gives_it(self):
        self.assertGreater(len(METRICS), 60)
        record = {"sensor": "all", "epoch": "e", "seq": 1, "ts": 1_796_000_000_000, "flag": 1,
                  **dict.fromkeys(METRICS, 1.5)}
        made = self.history(json.dumps(record))
        self.assertEqual(sorted(line["metric"]["__name__"] for line in map(json.loads, made.splitlines())),
                         sorted(METRICS.values()))

    def history(self, lines):
        return subprocess.run([sys.executable, str(EXAMPLES / "victoriametrics" / "history.py"), "old"], input=lines,
                              check=True, capture_output=True, text=True, timeout=60).stdout

    def test_an_amended_record_is_there_once_and_years_are_no_hindrance(self):
        def record(seq, ts, value, **more):
            return json.dumps({"gateway": "test", "sensor": "old", "epoch": "e", "seq": seq, "ts": ts,
                               "pm2_5": value, "flag": 1, **more})
        long_ago = 1_700_000_000_000  # 2023
        lines = [record(1, long_ago, 5.5), record(2, long_ago + 1000, 900.25), record(3, long_ago + 2000, 5.5),
                 record(4, long_ago + 1000, 900.25, flag=4, flags={"pm2_5": 4}, amends=2),
                 record(5, long_ago + 3000, None, flag=9, flags={"pm2_5": 9})]
        made = self.history("\n".join(lines))
        urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/v1/import", data=made.encode(), timeout=20).close()
        self.get("/internal/force_flush")
        name = "twinsky_pm2_5_micrograms_per_cubic_metre"
        self.assertEqual(self.samples(job="old"), {
            (name, "old", "1", long_ago): 5.5, (name, "old", "4", long_ago + 1000): 900.25,
            (name, "old", "1", long_ago + 2000): 5.5})


# ---- line protocol ----


class LineProtocol(Beside):
    """A second sink whose lines a database takes over HTTP, also while it is away for a time."""

    def setUp(self):
        self.port = gateway.free_port()
        super().setUp()
        self.start()
        self.prepare()

    def configuration(self):
        configuration = super().configuration()
        configuration["sinks"].append({"id": "history", "http": f"http://127.0.0.1:{self.port}{self.path}", "format": "influx",
                                       "allow": ["sensor/+/obs"], "start_at": "oldest"})
        return configuration

    def prepare(self):
        pass

    def ask(self, path, **query):
        address = f"http://127.0.0.1:{self.port}{path}?" + urllib.parse.urlencode(query)
        with urllib.request.urlopen(urllib.request.Request(address, method="POST"), timeout=20) as answer:
            return answer.read().decode()

    def stored(self, sensor):
        """{time in ms: {field: number}} as the rows there have to be: the newest of each time."""
        rows = {}
        for row in self.gateway.export(f"sensor/{sensor}"):
            names = [name for name in row if name in METRICS]
            rows.setdefault(row["ts"], {}).update({
                **{name: float(row[name]) for name in names if row[name] is not None},
                **{f"{name}_flag": row.get("flags", {}).get(name, 1) for name in names},
                "flag": row["flag"], "seq": row["seq"]})
        return rows

    def check_what_it_gives_back(self):
        self.gateway.start()
        self.await_all()
        self.await_samples(20)
        self.program.end()
        self.await_samples(20)  # they wait in the store
        self.start()
        self.await_samples(20)
        self.gateway.stop()
        self.gateway.start()  # with what had been left under way
        self.await_samples(5)
        for sensor in STATIONS:
            stored = self.stored(sensor)
            self.assertGreater(len(stored), 10)
            until(lambda sensor=sensor, stored=stored: self.kept(sensor).keys() >= stored.keys(), 60, f"all of {sensor} is there")
            kept = self.kept(sensor)
            for time, row in stored.items():
                self.assertEqual(kept[time], row, time)


class InfluxDb(LineProtocol):
    """InfluxDB 1 of Debian."""

    path = "/write?db=air"

    def test_it_gives_back_what_the_store_has(self):
        self.check_what_it_gives_back()

    def start(self):
        home = os.path.join(self.directory, "influxdb")
        os.makedirs(home, exist_ok=True)
        file = os.path.join(home, "influxdb.conf")
        with open(file, "w", encoding="utf-8") as text:
            text.write(f'reporting-disabled = true\nbind-address = "127.0.0.1:{gateway.free_port()}"\n'
                       f'[meta]\ndir = "{home}/meta"\n[data]\ndir = "{home}/data"\nwal-dir = "{home}/wal"\n'
                       f'[http]\nbind-address = "127.0.0.1:{self.port}"\n')
        self.program = Program("influxd", ["influxd", "run", "-config", file], self.directory)
        self.addCleanup(self.program.end)
        self.program.until(self.answers, 60, "InfluxDB answers")

    def answers(self):
        with contextlib.suppress(OSError):
            self.ask("/query", q="SHOW DATABASES")
            return True
        return False

    def prepare(self):
        self.ask("/query", q="CREATE DATABASE air")

    def kept(self, sensor):
        said = json.loads(self.ask("/query", db="air", epoch="ms", q=f"SELECT * FROM air WHERE sensor = '{sensor}'"))
        found = {}
        for series in said["results"][0].get("series", []):
            for values in series["values"]:
                row = {name: value for name, value in zip(series["columns"], values) if value is not None}
                self.assertEqual((row.pop("gateway"), row.pop("sensor")), ("test", sensor))
                row.pop("epoch")
                row.pop("amends", None)
                found[row.pop("time")] = row
        return found


class VictoriaMetricsLines(LineProtocol):
    path = "/write"

    def test_it_gives_back_what_the_store_has(self):
        self.check_what_it_gives_back()

    def start(self):
        self.program = Program("victoria-metrics", ["victoria-metrics", "-storageDataPath",
                               os.path.join(self.directory, "lines"), "-httpListenAddr", f"127.0.0.1:{self.port}",
                               "-search.latencyOffset=0s", "-search.disableCache", "-dedup.minScrapeInterval=1ms"],
                               self.directory)
        self.addCleanup(self.program.end)
        self.program.until(self.answers, 60, "VictoriaMetrics answers")

    def answers(self):
        with contextlib.suppress(OSError):
            return self.ask("/health") == "OK"
        return False

    def kept(self, sensor):
        self.ask("/internal/force_flush")
        found = {}
        for line in self.ask("/api/v1/export", **{"match[]": f'{{sensor="{sensor}"}}', "start": "2000-01-01T00:00:00Z"}).splitlines():
            series = json.loads(line)
            self.assertEqual(series["metric"]["gateway"], "test")
            name = series["metric"]["__name__"].removeprefix("air_")
            if name in ("amends", "epoch"):  # a text is 0 there
                continue
            for time, value in zip(series["timestamps"], series["values"]):
                found.setdefault(time, {})[name] = value
        return found


# ---- other brokers ----

class Aedes:
    """aedes of npm: 3.1.1."""

    def __init__(self, directory, *_):
        self.port, self.directory, self.program = gateway.free_port(), directory, None
        self.start()

    def start(self):
        self.program = Program("aedes", ["node", str(HERE / "broker.cjs"), str(self.port), WATCHER], self.directory)
        self.program.until(lambda: gateway.Broker.answers(self), 90, "aedes answers")

    def stop(self, how=signal.SIGTERM):
        self.program.end(how)


class RabbitMq:
    """RabbitMQ's plugin for MQTT 3.1.1 on a node of its own, with its epmd, in a directory of its own."""

    def __init__(self, directory, *_):
        self.home = os.path.join(directory, "rabbitmq")
        os.mkdir(self.home)
        self.port, names = gateway.free_port(), gateway.free_port()
        self.mapper = Program("epmd", ["epmd", "-address", "127.0.0.1", "-port", str(names)], self.home)
        amqp = gateway.free_port()
        self.write("rabbitmq.conf", f"listeners.tcp.1 = 127.0.0.1:{amqp}\nmqtt.listeners.tcp.1 = 127.0.0.1:{self.port}\n"
                                    "mqtt.allow_anonymous = true\n")
        self.write("enabled_plugins", "[rabbitmq_mqtt].\n")
        self.write("advanced.config", "[].\n")
        inside = {name: os.path.join(self.home, path) for name, path in {
            "HOME": "", "RABBITMQ_CONFIG_FILE": "rabbitmq.conf", "RABBITMQ_ADVANCED_CONFIG_FILE": "advanced.config",
            "RABBITMQ_ENABLED_PLUGINS_FILE": "enabled_plugins", "RABBITMQ_MNESIA_BASE": "mnesia",
            "RABBITMQ_LOG_BASE": "log",
            "RABBITMQ_CONF_ENV_FILE": "none", "RABBITMQ_GENERATED_CONFIG_DIR": "generated"}.items()}
        self.environment = {
            **inside, "ERL_EPMD_PORT": str(names), "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": "beside@localhost",
            "RABBITMQ_NODE_PORT": str(amqp), "RABBITMQ_DIST_PORT": str(gateway.free_port()), "RABBITMQ_LOGS": "-",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            "RUNNING_UNDER_SYSTEMD": "true"}  # then the process is the broker itself, not a shell around it
        self.program = None
        self.start()

    def write(self, name, text):
        with open(os.path.join(self.home, name), "w", encoding="utf-8") as file:
            file.write(text)

    def start(self):
        self.program = Program("rabbitmq", ["/usr/lib/rabbitmq/bin/rabbitmq-server"], self.home, self.environment)
        self.program.until(lambda: gateway.Broker.answers(self), 120, "RabbitMQ answers")

    def stop(self, how=signal.SIGTERM):
        self.program.end(how)

    def end(self):
        self.stop()
        self.mapper.end()


class AtAForeignBroker:
    """What holds at mosquitto holds here, with what 3.1.1 has."""

    version = "311"

    def retained(self, topic):
        """What a newcomer gets of a topic: (retained, payload) of the first message."""
        done = subprocess.run(["mosquitto_sub", "-V", "311", "-h", "127.0.0.1", "-p", str(self.broker.port), "-q", "1",
                               "-t", f"twinsky/v1/test/{topic}", "-C", "1", "-W", "20", "-F", "%r %p"],
                              capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 0, f"{topic}: {done.stderr}")
        retained, _, payload = done.stdout.strip().partition(" ")
        return retained == "1", payload

    def test_a_subscriber_gets_every_record_over_restarts_of_the_broker(self):
        self.gateway.start()
        self.await_all()
        self.assertIn("(MQTT 3.1.1)", self.gateway.log())
        for how in (signal.SIGTERM, signal.SIGKILL):
            self.await_samples(20)
            self.broker.stop(how)
            self.await_samples(20)  # they wait in the store
            self.broker.start()
            for name in self.sensors():
                self.drained(f"sensor/{name}")
        self.await_samples(20)
        for name in self.sensors():
            rows = self.drained(f"sensor/{name}")
            self.assertGreater(len(rows), 20, name)
            self.assert_no_holes(rows)
            heard = self.subscriber.records(f"sensor/{name}")
            self.assert_no_holes(heard)
            first = list(dict.fromkeys(row["seq"] for row in heard))
            self.assertEqual(first, sorted(first), "in the order of seq")

    def test_the_will_speaks_right_after_a_kill_and_what_stays_is_of_now(self):
        self.gateway.start()
        self.await_all()
        until(lambda: self.subscriber.latest("test/status") == "online", 90, "it is online")
        until(lambda: self.subscriber.latest("sensor/dust-0/meta"), 90, "meta is told")
        self.assertEqual(self.retained("status"), (True, "online"))
        for topic in ("info", "sensor/dust-0/meta"):
            is_retained, payload = self.retained(topic)
            self.assertTrue(is_retained, topic)
            self.assertEqual(payload, self.subscriber.latest(f"test/{topic}"))
        # 3.1.1 has no expiry, so what would be wrong after a while does not stay.
        self.assertFalse(self.retained("sensor/dust-0/state")[0], "a state would stay for ever")
        self.gateway.kill()
        until(lambda: self.subscriber.latest("test/status") == "offline", 30, "the will")
        self.assertEqual(self.retained("status"), (True, "offline"))
        self.gateway.start()
        until(lambda: self.subscriber.latest("test/status") == "online", 60, "it is back")
        self.gateway.stop()
        until(lambda: self.subscriber.latest("test/status") == "offline", 90, "it says goodbye")


class AtAedes(AtAForeignBroker, Beside):
    broker_kind = Aedes


class AtRabbitMq(AtAForeignBroker, Beside):
    broker_kind = RabbitMq

    def setUp(self):
        super().setUp()
        self.addCleanup(self.broker.end)

    def test_a_subscriber_that_was_away_over_a_restart_gets_what_was_kept_for_it(self):
        self.gateway.start()
        self.await_all()
        heard = self.subscriber.heard
        self.subscriber.end()
        self.await_samples(30)
        self.broker.stop()
        self.broker.start()
        self.subscriber = gateway.Subscriber(self.broker.port, version=self.version)
        self.addCleanup(self.subscriber.end)
        self.subscriber.heard[:0] = heard
        for name in self.sensors():
            self.assert_no_holes(self.drained(f"sensor/{name}"))


if __name__ == "__main__":
    gateway.main()
