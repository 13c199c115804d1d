# SPDX-License-Identifier: Apache-2.0
"""The local page of a running daemon: what it shows, to whom, and what hostile clients cannot do."""

import base64
import http.client
import json
import os
import socket
import threading

import gateway

TOKEN = "page-t0ken-CANARY-0123456789"
PERIOD = "from=2026-01-01T00:00:00Z&to=2026-12-31T00:00:00Z"


class Page(gateway.GatewayTest):
    scenario = {"about": "SYNTHETIC: one sensor for the local page", "values": gateway.VALUES,
                "devices": [{"name": "station", "kind": "renke", "port": "rs485"}]}

    def setUp(self):
        self.port = gateway.free_port()
        super().setUp()
        with open(os.path.join(self.directory, "page-token"), "w", encoding="ascii") as file:
            file.write(TOKEN + "\n")
        os.chmod(file.name, 0o640)

    def configuration(self):
        configuration = self.base_configuration()
        configuration["buses"]["rs485"] = {"modbus": self.world.ready["ports"]["rs485"]}
        configuration["sensors"].append({"id": "station", "driver": "modbus", "bus": "rs485", "map": "renke-rs-fsxcs",
                                         "every": "1s"})
        configuration["serve"] = {"listen": f"127.0.0.1:{self.port}", "token_file": "page-token"}
        return configuration

    def start(self):
        self.gateway.start()
        gateway.until(self.listens, 20, "the page is there")

    def listens(self, port=None):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port or self.port)) == 0

    def ask(self, path, method="GET", body=None, **headers):
        """(status, text)"""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def answers(self):
        """Where too many are connected it turns who asks away, and breaks the connection."""
        try:
            return self.ask("/healthz")[0] == 200
        except OSError:
            return False

    def document(self, path):
        status, text = self.ask(path)
        self.assertEqual(status, 200, text)
        return json.loads(text)

    def metric(self, name):
        status, text = self.ask("/metrics")
        self.assertEqual(status, 200)
        found = [line for line in text.splitlines() if line.startswith((name + " ", name + "{"))]
        return float(found[0].rsplit(" ", 1)[1]) if found else None

    def test_shows_what_a_subscriber_hears(self):
        self.start()
        gateway.until(lambda: "sensor/station" in self.subscriber.streams(), 20, "the sensor speaks")
        gateway.until(lambda: self.ask("/readyz")[0] == 200, 20, "all is well")
        self.assertEqual(self.ask("/healthz"), (200, "alive\n"))
        newest = self.subscriber.records("sensor/station")[-1]
        self.assertEqual(newest["pm2_5"], gateway.VALUES["pm2_5"])
        gateway.until(lambda: self.metric("twinsky_pm2_5_micrograms_per_cubic_metre") == newest["pm2_5"],
                      20, "the subscriber's value")
        series = self.document(f"/api/v1/series?stream=sensor/station&quantity=pm2_5&{PERIOD}")
        self.assertAlmostEqual(series["points"][-1][1], newest["pm2_5"], delta=0.1)
        self.assertIn("broker", self.document("/api/v1/store")["sinks"])
        lines = self.document("/api/v1/log")["lines"]
        self.assertIn("local page", [line["subject"] for line in lines])

    def test_events_come_while_somebody_listens(self):
        self.start()
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as stream:
            stream.sendall(f"GET /api/v1/events HTTP/1.1\r\nHost: localhost:{self.port}\r\n\r\n".encode())
            heard = b""
            while heard.count(b"event: now\ndata: ") < 2:
                piece = stream.recv(4096)
                self.assertTrue(piece, heard)
                heard += piece

    def test_who_comes_by_a_wrong_way_gets_nothing(self):
        self.start()
        own = f"127.0.0.1:{self.port}"
        paths = ["/", "/api/v1/now", "/api/v1/events", "/api/v1/log", "/metrics", "/healthz", "/assets/x"]
        for path in paths:
            for headers in ({"Host": "rebound.example.org"}, {"Host": f"rebound.example.org:{self.port}"},
                            {"Host": own, "Origin": "http://evil.example.org"}, {"Host": own, "Origin": "null"},
                            {"Host": own, "Sec-Fetch-Site": "cross-site"}):
                status, text = self.ask(path, **headers)
                self.assertEqual(status, 403, (path, headers, text))
        for path in ("/", "/api/v1/config", "/api/v1/accept-correction"):
            for headers in ({}, {"Authorization": "Bearer wrong"},
                            {"Authorization": "Basic " + base64.b64encode(f"x:{TOKEN}".encode()).decode()},
                            {"Authorization": f"Bearer {TOKEN}", "Origin": "http://evil.example.org"},
                            {"Authorization": f"Bearer {TOKEN}", "Host": "rebound.example.org"}):
                status, text = self.ask(path, "POST", "{}", **{"Content-Type": "application/json", **headers})
                self.assertIn(status, (401, 403, 429), (path, headers, text))
        self.assertIn(self.ask("/?token=" + TOKEN, "POST", "{}", Content_Type="application/json")[0], (401, 429))

    def change(self, path, document):
        status, text = self.ask("/api/v1/" + path, "POST", json.dumps(document),
                                **{"Content-Type": "application/json", "Authorization": f"Bearer {TOKEN}"})
        return status, json.loads(text)

    def test_what_is_changed_from_the_page_is_in_force_and_the_rest_refused(self):
        self.start()
        gateway.until(lambda: self.subscriber.records("sensor/station"), 20, "the sensor speaks")
        self.assertNotEqual(self.subscriber.records("sensor/station")[-1]["flag"], 3)
        with open(self.gateway.file, encoding="utf-8") as file:
            before = file.read()
        evil = json.dumps({"sinks": [{"id": "evil", "mqtt": "mqtt://127.0.0.1:1"}]})
        status, told = self.change("config", {"text": evil})
        self.assertEqual((status, told["good"], told["problems"][0]["pointer"]), (409, False, "/sinks"))
        self.assertFalse(os.path.exists(os.path.join(self.directory, "conf.d")))
        tight = json.dumps({"sensors": [{"id": "station", "quality": {"pm2_5": {"usual_upper": 0.1}}}]})
        self.assertTrue(self.change("check", {"text": tight})[1]["good"])
        status, told = self.change("config", {"text": tight})
        self.assertEqual((status, told["file"]), (200, os.path.join(self.directory, "conf.d", "local-page.json")))
        gateway.until(lambda: self.subscriber.records("sensor/station")[-1]["flag"] == 3, 20, "it is in force")
        self.assertEqual(self.change("note", {"sensor": "station", "kind": "cleaned"})[0], 200)
        self.assertIn("cleaned", self.gateway.printed("note", "--list"))
        with open(self.gateway.file, encoding="utf-8") as file:
            self.assertEqual(file.read(), before)
        self.assertIn("/conf.d/local-page.json", self.document("/api/v1/config")["editable"]["file"])

    def test_no_path_leads_to_a_file(self):
        self.start()
        for path in ("/../twinsky.json", "/%2e%2e/twinsky.json", "/assets/../../../etc/passwd", "/twinsky.db",
                     "/assets/..%2f..%2f..%2f..%2fetc%2fpasswd", "//etc/passwd.", "/page-token.txt",
                     "/assets/%252e%252e/x", "/assets\\..\\x"):
            status, text = self.ask(path)
            self.assertIn(status, (400, 404), (path, text))

    def test_the_token_is_nowhere_to_be_seen(self):
        self.start()
        gateway.until(lambda: self.ask("/readyz")[0] == 200, 20, "all is well")
        with open(self.gateway.file, encoding="utf-8") as file:
            secret_name = json.load(file)["serve"]["token_file"]
        for path in ("/api/v1/now", "/api/v1/log", "/api/v1/store", "/metrics", "/api/v1/config"):
            text = self.ask(path)[1]
            self.assertNotIn("CANARY", text, path)
            self.assertNotIn(secret_name, text, path)
        self.assertNotIn("CANARY", self.gateway.log())

    def test_sampling_goes_on_whatever_clients_do(self):
        self.start()
        gateway.until(lambda: self.ask("/readyz")[0] == 200, 20, "all is well")
        before = self.metric("twinsky_sensor_samples_total")
        held = []
        for _ in range(80):  # more than it holds
            client = socket.create_connection(("127.0.0.1", self.port), timeout=20)
            client.sendall(b"GET / HTTP/1.1\r\nHo")
            held.append(client)
        stop = threading.Event()

        def shout():
            while not stop.is_set():
                try:
                    with socket.create_connection(("127.0.0.1", self.port), timeout=20) as client:
                        client.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n" + b"x" * 65536)
                        client.recv(100)
                except OSError:
                    pass
        shouting = [threading.Thread(target=shout) for _ in range(2)]
        for thread in shouting:
            thread.start()
        try:
            heard = len(self.subscriber.records("sensor/station"))
            gateway.until(lambda: len(self.subscriber.records("sensor/station")) > heard + 5, 30, "samples go out")
        finally:
            stop.set()
            for thread in shouting:
                thread.join()
            for client in held:
                client.close()
        gateway.until(self.answers, 20, "the page is back")
        gateway.until(lambda: self.metric("twinsky_sensor_samples_total") > before, 20, "samples were taken")
        self.assertLess(self.gateway.stop(), 5)

    def test_a_change_of_serve_restarts_the_page_alone(self):
        self.start()
        gateway.until(lambda: self.ask("/readyz")[0] == 200, 20, "all is well")
        started = self.metric("twinsky_sensor_restarts_total")
        other = gateway.free_port()
        changed = json.loads(json.dumps(self.gateway.configuration))
        changed["serve"]["listen"] = f"127.0.0.1:{other}"
        old = self.port
        self.gateway.write(changed)
        gateway.until(lambda: self.listens(other), 20, "it is at its new place")
        self.port = other
        self.assertFalse(self.listens(old))
        self.assertEqual(self.metric("twinsky_sink_reconnects_total"), 0)
        self.assertEqual(self.metric("twinsky_sensor_restarts_total"), started)
        del changed["serve"]
        self.gateway.write(changed)
        gateway.until(lambda: not self.listens(other), 20, "it is gone")

    def test_beyond_this_machine_nothing_listens_without_a_token(self):
        changed = json.loads(json.dumps(self.gateway.configuration))
        changed["serve"] = {"listen": f"0.0.0.0:{self.port}"}
        self.gateway.write(changed)
        self.gateway.start()
        gateway.until(lambda: "where a token is needed" in self.gateway.log(), 20, "it says why")
        gateway.until(lambda: "sensor/station" in self.subscriber.streams(), 20, "the sensor speaks")
        self.assertFalse(self.listens())
        with self.assertRaises(AssertionError):
            self.gateway.printed("check")  # refuses it
        changed["serve"]["token_file"] = "page-token"
        self.gateway.write(changed)
        gateway.until(self.listens, 20, "it is there")
        for path in ("/", "/api/v1/now", "/metrics", "/healthz", "/assets/x", "/nothing"):
            self.assertEqual(self.ask(path)[0], 401, path)
            basic = base64.b64encode(f"any:{TOKEN}".encode()).decode()
            self.assertNotEqual(self.ask(path, Authorization=f"Basic {basic}")[0], 401, path)

    def test_a_port_that_is_taken_is_told_and_tried_again(self):
        with socket.create_server(("127.0.0.1", self.port)):
            self.gateway.start()
            gateway.until(lambda: "is taken by another program" in self.gateway.log(), 20, "it says so")
            gateway.until(lambda: "sensor/station" in self.subscriber.streams(), 20, "the sensor speaks")
        gateway.until(lambda: "is at http://" in self.gateway.log(), 30, "it listens")
        self.assertEqual(self.ask("/healthz")[0], 200)


if __name__ == "__main__":
    gateway.main()
