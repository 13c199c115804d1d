# SPDX-License-Identifier: Apache-2.0
"""A secret that somebody types where its file's name belongs, or into an address, is nowhere to be
seen: not in the log, not at the broker, not in the store, on no page, in no command's output. The settings are
found by their declarations (`writeOnly` in the schema), so that a new one is tested as well."""

import http.client
import json
import os
import re
import socket
import subprocess

import gateway

CANARY = "S3cr3tCanary"

# What else an entry needs that has such a setting.
BESIDE = {
    "password_file": {"username": "u"},
    "client_key": {"client_certificate": "certificate.pem"},
    "openaq": {"sensors": {"1": "a"}, "key_file": "key", "terms_accepted": True},
    "cn-sh-opendata": {"resource": "/interface/a/b", "token_file": "token", "terms_accepted": True},
    "cn-cnemc": {"terms_accepted": True},
}
# What a sink needs by each way, but an address.
WAYS = {
    "hj212": {"mn": "A1"},
    "home_assistant_api": {"token_file": "token"},
    "http": {},
    "mqtt": {},
}


class Secret(gateway.GatewayTest):
    scenario = {"about": "SYNTHETIC: one sensor for the test of secrets", "values": gateway.VALUES,
                "devices": [{"name": "dust", "kind": "sds011"}]}

    def setUp(self):
        self.page = gateway.free_port()
        super().setUp()

    def configuration(self):
        configuration = self.base_configuration()
        configuration["serve"] = {"listen": f"127.0.0.1:{self.page}"}
        configuration["buses"]["dust"] = {"serial": self.world.ready["ports"]["dust"]}
        configuration["sensors"].append({"id": "dust", "driver": "sds011", "bus": "dust"})
        return configuration

    def command(self, *words):
        return subprocess.run([self.gateway.binary, *words], capture_output=True, text=True, check=False)

    def declared(self):
        """(section, feed or transport or none, setting) of all that name secrets, and of all addresses."""
        schema = json.loads(self.command("schema").stdout)["properties"]
        sinks = schema["sinks"]["items"]
        places = [("sinks", None, sinks["properties"]), *(
            ("sinks", case["if"].get("required", [None])[0], case["then"]["properties"]) for case in sinks["allOf"])]
        places += [("feeds", case["if"]["properties"]["feed"]["const"], case["then"]["properties"])
                   for case in schema["feeds"]["items"]["allOf"]]
        places.append(("serve", None, schema["serve"]["properties"]))
        named = [(section, feed, name) for section, feed, settings in places
                 for name, setting in settings.items() if setting.get("writeOnly")]
        addresses = [(section, feed, name) for section, feed, settings in places
                     for name, setting in settings.items() if "://" in setting.get("pattern", "")]
        return named, addresses

    def entry(self, section, feed, name, value, number):
        if section == "sinks":
            way = feed or (name if name in WAYS else "mqtt")
            address = {"mqtt": f"mqtts://127.0.0.1:{self.broker.port}", "hj212": "tcp://127.0.0.1:9"}.get(way, "http://127.0.0.1:9")
            return {"id": f"sink-{number}", way: address, **WAYS[way], **(BESIDE.get(name, {}) if way == "mqtt" else {}),
                    name: value}
        if section == "serve":
            return {"listen": f"127.0.0.1:{self.page}", name: value}
        # So that it is asked at once.
        return {"feed": feed, "allow_private_addresses": True, **BESIDE.get(feed, {}), name: value}

    def with_entries(self, entries):
        changed = json.loads(json.dumps(self.configuration()))
        for section, entry in entries:
            if section == "serve":
                changed[section] = entry
                continue
            changed.setdefault(section, []).append(entry)
        return changed

    def start(self):
        self.gateway.start()
        gateway.until(self.listens, 20, "the page is there")

    def listens(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.page)) == 0

    def ask_page(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.page, timeout=20)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return f"{answer.status} {answer.headers} {answer.read().decode()}"
        finally:
            connection.close()

    def try_a_change(self):
        return self.ask_page("POST", "/api/v1/check", "{}",
                             {"Authorization": "Bearer x", "Content-Type": "application/json"})

    def outputs(self):
        self.assertIn("sensor", " ".join(self.subscriber.streams()), "there is something to look through")
        found = {"log": self.gateway.log()}
        for number, (topic, payload) in enumerate(list(self.subscriber.heard)):
            found[f"{topic} ({number})"] = topic + payload
        for words in (["status"], ["status", "--json"], ["audit"], ["audit", "--json"], ["check"], ["check", "--json"],
                      ["config", "show", "--origin"], ["config", "show", "--json"],
                      ["export", "--stream", "event"], ["export", "--stream", "ledger"], ["note", "--list"]):
            done = self.command(*words, "--config", self.gateway.file)
            found["twinsky " + " ".join(words)] = done.stdout + done.stderr
        for path in ("/", "/api/v1/now", "/api/v1/log", "/api/v1/store", "/api/v1/config", "/metrics", "/readyz"):
            found[f"page {path}"] = self.ask_page("GET", path)
            self.assertIn(found[f"page {path}"][:3], ("200", "503"), path)
        found["page, to a change"] = self.try_a_change()
        for name in os.listdir(self.directory):
            if name.startswith("twinsky.db") and os.path.isfile(os.path.join(self.directory, name)):  # no socket
                with open(os.path.join(self.directory, name), "rb") as file:
                    found[name] = file.read().decode("latin-1")
        return found

    def assert_nowhere(self):
        for place, text in self.outputs().items():
            at = text.find(CANARY)
            self.assertEqual(at, -1, f"in {place}: {text[max(0, at - 150):at + 50]}")

    def answers(self):
        """Refused, or (where it is an address all the same) tried in vain."""
        return self.gateway.log().count("is refused") + self.gateway.log().count("trying again")

    def test_what_is_typed_for_a_files_name_is_shown_nowhere(self):
        named, _ = self.declared()
        self.assertGreaterEqual(len(named), 4)
        with open(os.path.join(self.directory, "certificate.pem"), "w", encoding="ascii") as file:
            file.write("none\n")
        entries = [(section, self.entry(section, feed, name, f"{CANARY}-{number}", number))
                   for number, (section, feed, name) in enumerate(named)]
        proxy = f"http://user:{CANARY}@127.0.0.1:9"  # nobody listens there, so nothing is asked outside either
        self.gateway.environment.update(https_proxy=proxy, HTTPS_PROXY=proxy, no_proxy="", NO_PROXY="")
        entries.append(("feeds", {"feed": "hk-hko", "allow_private_addresses": True}))
        self.gateway.write(self.with_entries(entries))
        done = self.command("check", self.gateway.file)
        self.assertEqual(done.returncode, 0, f"say in BESIDE what belongs to the new setting: {done.stdout}")
        self.start()
        for section, _, name in named:  # each has been tried, and said so in the log by where it stands
            if section == "serve":  # tried when somebody shows a token
                gateway.until(lambda: self.try_a_change().startswith("503"), 40, f"{name} is looked for")
                continue
            wanted = sum(1 for other in named if (other[0], other[2]) == (section, name))
            place = rf"/{section}/[0-9]+/{name}\)"
            gateway.until(lambda place=place, wanted=wanted: len(set(re.findall(place, self.gateway.log()))) >= wanted, 40,
                          f"{name} is looked for {wanted} times")
        gateway.until(lambda: self.subscriber.latest("test/health"), 20, "health")
        gateway.until(lambda: "sensor/dust" in self.subscriber.streams(), 20, "the sensor speaks")
        self.assert_nowhere()

    def test_an_address_with_a_secret_is_shown_nowhere(self):
        _, addresses = self.declared()
        self.assertGreaterEqual(len(addresses), 5)
        self.start()
        gateway.until(lambda: "sensor/dust" in self.subscriber.streams(), 20, "the sensor speaks")
        for number, (section, feed, name) in enumerate(addresses):
            scheme = "mqtt" if name == "mqtt" else "https"
            for value in (f"{scheme}://user:{CANARY}@127.0.0.1", f"user:{CANARY}@127.0.0.1",
                          f"{scheme}://user:p/{CANARY}@127.0.0.1", f"{scheme}:/user:{CANARY}@127.0.0.1"):
                changed = self.with_entries([(section, self.entry(section, feed, name, value, number))])
                before = self.answers()
                self.gateway.write(changed)
                gateway.until(lambda: self.answers() > before, 20, f"an answer to {value}")
        self.assert_nowhere()


if __name__ == "__main__":
    gateway.main()
