# SPDX-License-Identifier: Apache-2.0
"""The first station of README.md as the documents' commands meet it: installed into an empty tree, with
a past of some days, on emulated devices and agencies and a broker of its own."""

import json
import os
import pathlib
import re
import shutil
import signal
import struct
import subprocess
from datetime import datetime, timedelta, timezone

from collocation import crc
from gateway import MOSQUITTO, Broker, Subscriber, until
from harness import World
from home_assistant_api import HomeAssistant
from hj212_platform import Platform as Bureau
from http_platform import Platform

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
DAYS = 6  # a comparison proposes nothing before it has 126 pairs of hours
PERIOD = timedelta(minutes=30)
PORTS = {"pms5003": "pm", "sds011": "sds", "modbus": "rs485"}  # of the emulated devices, by driver

# What the commands of a block cannot do here as they do there: why, and what is done instead. Everything
# else is what it is. $ROOT is where the package is installed.
PLAYED = {
    "sudo": ("there is one user here", 'exec "$@"'),
    "raspi-config": ("of a Raspberry Pi alone", """
        case "$*" in "nonint do_i2c 0"|"nonint do_serial_hw 0"|"nonint do_serial_cons 1") ;; *) exit 1 ;; esac"""),
    "usermod": ("changes this machine's users", '[ "$1" = -aG ] && [ $# = 3 ]'),
    "tests/install": ("changes this machine's packages", 'for purpose; do grep -q "^$purpose:" tests/packages || exit 1; done'),
    "tests/demo": ("takes minutes; .ci/run runs it", "exec $CLONE/tests/demo --help"),
    "tests/run": ("takes minutes and runs this", "[ -x $CLONE/tests/run ]"),
    "cmake": ("a build takes minutes, and this is one: its options are looked up", """
        while [ $# -gt 0 ]; do case $1 in
          --preset) grep -q "\\"name\\": \\"$2\\"" CMakePresets.json || { echo "there is no preset $2"; exit 1; }; shift ;;
          --build) ;;
          -D*) name=${1#-D}; grep -q "^option(${name%%=*} " CMakeLists.txt || { echo "$1: no such option"; exit 1; } ;;
          *) echo "cmake $1: this test does not know it"; exit 1 ;;
        esac; shift; done"""),
    "cpack": ("takes a minute; tests/packaged/judge tries it", "[ -f CPackConfig.cmake ]"),
    "apt": ("changes this machine's packages; tests/package tries it. The build is installed", """
        [ "$1" = install ] && [[ "$2" == ./*twinsky_*.deb ]] || { echo "apt $*: this test does not know it"; exit 1; }
        DESTDIR=$ROOT $CMAKE --install $BUILD --prefix /usr >/dev/null
        mkdir -p $(sed -n "s,^d \\(/[^ ]*\\) .*,$ROOT\\1,p" $ROOT/usr/lib/tmpfiles.d/twinsky.conf)"""),
    "systemctl": ("systemd need not run here: what the installed unit names is started", """
        case "$*" in
          "enable --now twinsky"|"start twinsky")
            command=$(sed -n "s,^ExecStart=/usr/bin/,,p" $ROOT/usr/lib/systemd/system/twinsky.service | sed "s,/etc/,$ROOT/etc/,")
            [ ! -f $ROOT/pid ] || exit 0
            touch $ROOT/log; said=$(wc -l <$ROOT/log)
            setsid $command >>$ROOT/log 2>&1 </dev/null & echo $! >$ROOT/pid
            for _ in {1..300}; do tail -n +$((said + 1)) $ROOT/log | grep -q "connected to" && exit; sleep 0.1; done; exit 1 ;;
          "stop twinsky")
            kill $(cat $ROOT/pid); while kill -0 $(cat $ROOT/pid) 2>/dev/null; do sleep 0.1; done; rm $ROOT/pid ;;
          "restart twinsky") systemctl stop twinsky; systemctl start twinsky ;;
          "reload twinsky") kill -HUP $(cat $ROOT/pid) ;;
          "status twinsky") kill -0 $(cat $ROOT/pid) ;;
          *) echo "systemctl $*: this test does not know it"; exit 1 ;;
        esac"""),
    "journalctl": ("likewise: the same log, and nobody presses Ctrl-C", '[ "$1 $2" = "-u twinsky" ] && cat $ROOT/log'),
    "install": ("there are neither group nor user twinsky", """
        words=(); while [ $# -gt 0 ]; do if [ "$1" = -g ] || [ "$1" = -o ]; then shift; else words+=("$1"); fi; shift; done
        exec $INSTALL "${words[@]}" """),
    "mosquitto_sub": ("the broker has a free port, and nobody presses Ctrl-C: it ends with the first message",
                      'exec $MOSQUITTO_SUB "$@" -h 127.0.0.1 -p $PORT -C 1 -W 20'),
    "twinsky": ("it is installed in $ROOT, and its devices are emulated", """
        words=("$@"); at=1; [[ "${2:-}" != @(pairs|hours|show|backup|verify|init) ]] || at=2
        [[ " $* " == *" --"@(config|store)" "* || "$1 $#" = "check 2" ]] ||
          ! $ROOT/usr/bin/twinsky "${words[@]:0:at}" --help | grep -q -e --config ||
          words=("${words[@]:0:at}" --config $ROOT/etc/twinsky/twinsky.json "${words[@]:at}")
        LD_PRELOAD=$PRELOAD exec $ROOT/usr/bin/twinsky "${words[@]}" """),
}


def without_comments(text):
    return re.sub(r'("(?:\\.|[^"\\])*")|//[^\n]*', lambda found: found[1] or "", text)


def parse(text):
    return json.loads(without_comments(text))


def text_of(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


class Machine:
    """A machine on which the package of a build is installed, in a directory."""

    def __init__(self, twinsky, world, directory, broker_lines=()):
        self.directory = pathlib.Path(directory)
        self.root, self.clone = self.directory / "root", self.directory / "clone"
        self.twinsky = pathlib.Path(twinsky).resolve()
        (self.root / "var/lib/twinsky").mkdir(parents=True)
        self.past, self.broker_lines = None, broker_lines
        World.binary = str(pathlib.Path(world).resolve())
        with open(ROOT / "tests/world/two-cities-day.json", encoding="utf-8") as file:
            self.day = json.load(file)
        self.world = World(self.day)
        self.broker = Broker(str(self.directory), *broker_lines)  # later lines count
        self.heard = Subscriber(self.broker.port)
        self.home = HomeAssistant("secret")  # which is what blocks get typed
        self.platform = Platform(token=None)
        self.bureau = Bureau()
        self.lay_out_clone()
        self.write_commands()

    def lay_out_clone(self):
        """A clone in which a block may write, and where tests/demo is not the real one."""
        (self.clone / "tests").mkdir(parents=True)
        (self.clone / "build").mkdir()
        (self.clone / "build/release").symlink_to(self.twinsky.parent)
        for name in os.listdir(ROOT):
            if name not in ("tests", "build", ".git"):
                (self.clone / name).symlink_to(ROOT / name)
        for name in os.listdir(ROOT / "tests"):
            if f"tests/{name}" not in PLAYED:
                (self.clone / "tests" / name).symlink_to(ROOT / "tests" / name)

    def write_commands(self):
        folder = self.directory / "bin"
        folder.mkdir()
        self.environment = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}:/usr/sbin:/sbin",
                            "HOME": str(self.directory), "USER": "pi"}
        fixed = {"ROOT": self.root, "CLONE": ROOT, "PORT": self.broker.port, "BUILD": self.twinsky.parent,
                 "PRELOAD": self.world.ready["environment"]["LD_PRELOAD"]}
        fixed |= {name.upper(): shutil.which(name) for name in ("cmake", "install", "mosquitto_sub")}
        fixed["UMOCKDEV_DIR"] = self.world.ready["environment"]["UMOCKDEV_DIR"]
        begin = "#!/bin/bash\nset -euo pipefail\nexport " + " ".join(f"{name}={value}" for name, value in fixed.items())
        for name, (_, body) in PLAYED.items():
            path = self.clone / name if "/" in name else folder / name
            path.write_text(f"{begin}\n{body}\n")
            path.chmod(0o755)

    def here(self, text):
        """The paths of an installed system below $ROOT."""
        return re.sub(r"(?<![\w.$}/])/(?=(etc/twinsky|var/lib/twinsky|usr/lib|usr/share|dev/serial)\b)", f"{self.root}/", text)

    def execute(self, block, stdin=""):
        """What is wrong with what a block of commands says and does; empty: nothing."""
        try:
            done = subprocess.run(["bash", "-euo", "pipefail", "-c", self.here(block)], cwd=self.clone, env=self.environment,
                                  input=stdin, capture_output=True, text=True, timeout=60)
        except subprocess.TimeoutExpired:
            return "does not end"
        if done.returncode != 0:
            return f"exit code {done.returncode}: {(done.stdout + done.stderr)[-600:]}"
        return "" if done.stdout or not re.search(r"^(sudo )?(twinsky|sqlite3|mosquitto_sub) ", block, re.M) else "prints nothing"

    def played(self, configuration):
        """A configuration with this machine's ports, agencies and broker in the place of those of the text."""
        own = json.loads(self.here(json.dumps(configuration)))
        own["gateway"]["clock"] = "system"
        for sensor in own["sensors"][:1]:
            sensor["placement"] = "roadside"  # as the station is: a comparison with it can propose something
        for sensor in own.get("sensors", []):
            bus = own["buses"][sensor["bus"]]
            path = pathlib.Path(next(iter(bus.values())))
            if self.root in path.parents and not path.is_symlink():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.symlink_to(self.world.ready["ports"][PORTS[sensor["driver"]]])
        for feed in own.get("feeds", []):
            feed |= {"base": self.world.ready["feeds"]["hk-epd"], "allow_private_addresses": True}
        for sink in own.get("sinks", []):
            if "home_assistant_api" in sink:
                sink["home_assistant_api"] = f"http://127.0.0.1:{self.home.port}"
            elif "hj212" in sink:
                sink["hj212"] = f"tcp://127.0.0.1:{self.bureau.port}"
            elif "http" in sink:
                sink["http"] = re.sub("^https?://[^/]+", f"http://127.0.0.1:{self.platform.port}", sink["http"])
            else:
                sink["mqtt"] = f"mqtt://127.0.0.1:{self.broker.port}"
            sink.pop("ca_file", None)
        store = own.setdefault("store", {})
        store.setdefault("path", str(self.root / "var/lib/twinsky/twinsky.db"))
        return own

    def try_broker(self, lines):
        """What a broker says against lines of its configuration; empty: it runs."""
        file = self.directory / "tried.conf"
        file.write_text("\n".join(["listener 0 127.0.0.1", "allow_anonymous true", "user root",
                                   f"persistence_location {self.directory}/", *lines, ""]))
        try:
            done = subprocess.run([MOSQUITTO, "-c", file], capture_output=True, text=True, timeout=1)
        except subprocess.TimeoutExpired:
            return ""
        return done.stderr[-300:] or "the broker ends at once"

    def begin_past(self, configuration):
        """Days in which the first sensor followed the official station that it will be compared with,
        as fast as the work allows; `await_past` waits for their end."""
        end = datetime.now(timezone.utc).replace(minute=0, second=0, microsecond=0)
        begin = end - timedelta(days=DAYS)
        own = self.played(configuration)
        sensor = own["sensors"][0]
        points = [(int(at[:2]) + int(at[3:]) / 60, value) for at, value in self.day["values"]["pm2_5"]["by_time"].items()]
        points += [(points[0][0] + 24, points[0][1])]
        request = crc(struct.pack(">BBHH", 1, 4, 0, 1)).hex()
        cases = []
        for number in range(DAYS * 48):
            moment = begin + number * PERIOD + timedelta(hours=8)
            hour = moment.hour + moment.minute / 60
            before, after = next(pair for pair in zip(points, points[1:]) if pair[0][0] <= hour < pair[1][0])
            share = (hour - before[0]) / (after[0] - before[0])
            value = 1.3 * (before[1] + share * (after[1] - before[1])) + 2 + 0.4 * (number % 5 - 2)
            cases.append({"name": "", "request_hex": request,
                          "rx_hex": crc(struct.pack(">BBBH", 1, 4, 2, round(10 * value))).hex()})
        (self.directory / "past.json").write_text(json.dumps({"driver": "modbus", "transport": "modbus", "cases": cases}))
        (self.directory / "past-map.json").write_text(json.dumps(
            {"device": "made", "source": "made", "function": 4,
             "registers": [{"quantity": "pm2_5", "register": 0, "type": "u16", "scale": 0.1}]}))
        own["buses"] = {"recorded": {"recorded": str(self.directory / "past.json")}}
        own["sensors"] = [{"id": sensor["id"], "driver": "modbus", "bus": "recorded", "every": "30min",
                           "map": str(self.directory / "past-map.json"), "placement": "rooftop"}]
        own["feeds"] = [{**feed, "documents": ["24pc"]} for feed in own["feeds"] if feed["feed"] == "hk-epd"]
        own["compare"] = [one for one in own["compare"] if one["sensor"] == sensor["id"]]
        own["sinks"] = []
        file = self.directory / "past-configuration.json"
        file.write_text(json.dumps(own))
        with open(self.directory / "past.log", "w", encoding="utf-8") as log:
            self.past = subprocess.Popen([self.twinsky, "run", "--config", file, "--rehearse", text_of(begin), text_of(end)],
                                         stdout=log, stderr=log)

    def await_past(self):
        log = self.directory / "past.log"
        until(lambda: "come to its end" in log.read_text() or self.past.poll() is not None, 60, "the past is over",
              progress=lambda: os.path.getsize(self.world.path("w/requests")))
        self.past.terminate()
        if self.past.wait(20) != 0:
            raise AssertionError(log.read_text()[-2000:])

    def is_running(self):
        return (self.root / "pid").exists()

    def configure(self, configuration):
        """Writes it; a gateway that runs takes it over by itself, as the documents say."""
        file, log = self.root / "etc/twinsky/twinsky.json", self.root / "log"
        said = log.read_text().count("is in force") if self.is_running() else 0
        text = json.dumps(self.played(configuration), indent=1)
        if self.is_running() and file.read_text() == text:
            return
        file.with_suffix(".new").write_text(text)
        file.with_suffix(".new").rename(file)
        if self.is_running():
            until(lambda: log.read_text().count("is in force") > said, 30, "the gateway takes over the configuration")
            self.await_comparisons(configuration)

    def await_comparisons(self, configuration):
        for one in configuration.get("compare", []):
            topic = f"/compare/{one['sensor']}/{one['quantity']}/{one['with']}"
            until(lambda: self.heard.latest(topic), 30, f"it publishes {topic}")

    def run_once(self, configuration):
        """Starts a gateway until its broker says that it is online, asks all its sensors, and ends it; gives
        what was wrong."""
        file, log = self.root / "twinsky.json", self.root / "log"
        for name in re.findall(r'"[a-z]+_file": "([^"]+)"', json.dumps(configuration)):
            (self.root / name).write_text("secret")
            (self.root / name).chmod(0o600)
        own = self.played(configuration)
        file.write_text(json.dumps(own, indent=1))
        environment = {**os.environ, **self.world.ready["environment"]}
        heard = Subscriber(self.broker.port)
        with open(log, "w", encoding="utf-8") as output:
            process = subprocess.Popen([self.twinsky, "run", "--config", file], stdout=output, stderr=output, env=environment)
        try:
            until(lambda: heard.latest(f"/{own['gateway']['id']}/status") == "online" or process.poll() is not None,
                  60, "the gateway is online")
            process.terminate()
            if process.wait(20) != 0:
                return log.read_text()[-1000:]
        finally:
            heard.end()
        read = subprocess.run([self.twinsky, "read", "--config", file], capture_output=True, text=True, env=environment, timeout=60)
        return "" if read.returncode == 0 else read.stdout + read.stderr

    def end(self):
        pid = self.root / "pid"
        if self.past and self.past.poll() is None:
            self.past.kill()
        if pid.exists():
            try:
                os.kill(int(pid.read_text()), signal.SIGTERM)
            except ProcessLookupError:
                pass
        self.heard.end()
        self.home.stop()
        self.platform.stop()
        self.bureau.stop()
        self.broker.stop()
        self.world.end()
