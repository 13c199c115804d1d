# SPDX-License-Identifier: Apache-2.0
"""The local page in a real browser, served by a running daemon between the emulated world and a real broker."""

import json
import os
import pathlib
import re
import statistics
import sys
import tempfile
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "daemon"))
sys.path.insert(0, os.path.join(HERE, "..", "world"))
import collocation  # noqa: E402
import demo_gateway  # noqa: E402
import gateway  # noqa: E402
from browser import Browser  # noqa: E402

PAGES = {"now": "/", "sensor": "/sensor?id=roof-air&quantity=temperature", "comparison": "/comparison", "cities": "/cities",
         "store": "/store", "configuration": "/configuration", "log": "/log"}
WITHIN_MS = 2000  # of a reading the page shows it
SCREENSHOTS = os.environ.get("SCREENSHOTS")  # a folder: what was looked at is kept there
LOCALES = {"en": "en-GB", "zh-Hant": "zh-HK", "zh-Hans": "zh-CN"}
SOME_LOOKS = ((1280, "light", "en"), (360, "dark", "zh-Hant"), (1280, "dark", "zh-Hans"))
TOKEN = "a-token-for-these-tests-only"


def put_token(directory):
    path = os.path.join(directory, "page-token")
    with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as file:
        file.write(TOKEN + "\n")
    return path


def keep(browser, name, language, width, scheme):
    if SCREENSHOTS:
        browser.screenshot(file=os.path.join(SCREENSHOTS, f"{name}-{language}-{width}-{scheme}.png"))


def give_token(browser, text=TOKEN):
    browser.fill(selector="#token", text=text)
    browser.click(selector="dialog button[value=yes]")


class Walk(gateway.GatewayTest):
    """A gateway that is looked at."""

    @classmethod
    def setUpClass(cls):
        cls.browser = Browser()

    @classmethod
    def tearDownClass(cls):
        cls.browser.end()

    def served(self, configuration):
        """With the page, at a port of its own."""
        self.port = gateway.free_port()
        configuration["serve"] = {"listen": f"127.0.0.1:{self.port}", "token_file": put_token(self.directory)}
        return configuration

    def start(self, sensor, **window):
        self.gateway.start()
        gateway.until(lambda: self.subscriber.latest(f"sensor/{sensor}/state"), 30, "the sensor speaks")
        self.window(**window)

    def window(self, **how):
        self.browser.window(base=f"http://127.0.0.1:{self.port}", **how)

    def show(self, path):
        self.browser.open(path=path)
        self.browser.wait(selector="#life.live")

    def shown(self):
        return self.browser.evaluate(script="window.shown")

    def now(self):
        return self.browser.evaluate(script="fetch('/api/v1/now').then((answer) => answer.json())")


class Demo(Walk):
    """The gateway of tests/demo."""

    with open(os.path.join(HERE, "..", "world", "two-cities-day.json"), encoding="utf-8") as file:
        scenario = json.load(file)

    def configuration(self):
        configuration = demo_gateway.configuration(self.world.ready, self.directory, self.broker.port)
        configuration["compare"] = [{"sensor": "roof-pm", "quantity": "pm2_5", "with": "hk-epd/mong-kok"},
                                    {"sensor": "roof-air", "quantity": "temperature", "with": "hk-hko/kings-park"}]
        return self.served(configuration)

    def start(self, **window):
        super().start("roof-air", **window)
        self.browser.open(path="/")
        gateway.until(self.has_everything, 60, "every sensor and source has come")

    def has_everything(self):
        now = self.now()
        return all(sensor["state"] == "fresh" for sensor in now["sensors"]) and \
            all(feed["state"] == "good" for feed in now["feeds"])

    def test_every_page_shows_itself_without_an_error_or_a_foreign_request(self):
        self.start()
        for name, path in PAGES.items():
            with self.subTest(page=name):
                self.show(path)
                self.assertTrue(self.browser.text(selector="h1"))
                self.assertEqual(self.browser.texts(selector=".refusal"), [])
                for word in ("undefined", "NaN", "[object"):
                    self.assertNotIn(word, self.browser.text(selector="main"))
                self.assertEqual(self.browser.wrong(), [])
        self.show(PAGES["sensor"])
        self.browser.wait(selector=".chart canvas")

    def test_nothing_serious_hinders_anybody_at_any_width_in_any_language(self):
        self.start()
        for width in (360, 1280):
            for scheme in ("light", "dark"):
                for language, locale in LOCALES.items():
                    self.window(width=width, scheme=scheme, locale=locale)
                    for name, path in PAGES.items():
                        with self.subTest(page=name, width=width, scheme=scheme, language=language):
                            self.show(path)
                            self.browser.quiet()
                            self.assertEqual(self.browser.evaluate(script="document.documentElement.lang"), language)
                            self.assertEqual(self.browser.axe(), [])
                            self.assertLessEqual(self.browser.overflow(), 0)
                            self.assertEqual(self.browser.wrong(), [])
                            keep(self.browser, name, language, width, scheme)

    def test_a_device_that_falls_silent_is_stale_two_periods_after_its_last_sample(self):
        period_ms = 2000
        self.start()
        self.show("/")
        self.browser.wait(selector="#sensor-roof-dust.fresh")
        self.browser.observe(selector="#sensor-roof-dust .state")
        self.world.say("silence sds")
        self.browser.wait(selector="#sensor-roof-dust.stale, #sensor-roof-dust.lost")
        marked = next(each for each in self.shown() if not each["text"].startswith("fresh"))
        self.assertTrue(marked["text"].startswith("stale"), marked)
        last = self.subscriber.records("sensor/roof-dust")[-1]["ts"]  # of a frame, which waits a period for its sample
        self.assertLessEqual(marked["told"] - last, (1 + 2) * period_ms)


class Page(Walk):
    scenario = {
        "about": "SYNTHETIC: values that always change, for the tests of the page",
        "values": {**gateway.VALUES, "temperature": {"by_time": {"00:00": 18, "12:00": 24}, "wobble": 3}},
        "devices": [{"name": "pm", "kind": "pms5003", "running_for_s": 60}, {"name": "air", "kind": "sht4x"}],
        "hk-epd": [{"name": "Mong Kok", "roadside": True}, {"name": "Central/Western"}, {"name": "Tap Mun"}],
        "hk-hko": {**{product: ["King's Park"] for product in ("temperature", "humidity", "pressure", "wind")},
                   "warnings": [{"name": "Tropical Cyclone Warning Signal", "code": "TC8NE"}]},
        "cn-cnemc": [{"name": "普陀", "code": "1141A"}, {"name": "虹口", "code": "1143A"}]}

    def configuration(self):
        configuration = self.base_configuration()
        feeds = self.world.ready["feeds"]
        configuration["gateway"]["position"] = {"datum": "wgs84", "latitude": 22.3226, "longitude": 114.1683}
        configuration["buses"] = {"pm": {"serial": self.world.ready["ports"]["pm"]}, "i2c-1": {"i2c": "/dev/i2c-1"}}
        configuration["sensors"] = [
            {"id": "pm", "driver": "pms5003", "bus": "pm", "every": "2s", "placement": "rooftop"},
            {"id": "air", "driver": "sht4x", "bus": "i2c-1", "every": "1s"}]
        configuration["feeds"] = [{"feed": "hk-epd", "base": feeds["hk-epd"], "allow_private_addresses": True},
                                  {"feed": "cn-cnemc", "base": feeds["cn-cnemc"], "allow_private_addresses": True,
                                   "terms_accepted": True}]
        configuration["compare"] = [{"sensor": "pm", "quantity": "pm2_5", "with": "hk-epd/mong-kok"}]
        return self.served(configuration)

    def start(self, **window):
        super().start("air", **window)

    def test_a_value_is_the_subscribers_and_follows_the_device(self):
        self.start()
        self.show("/")
        self.browser.observe(selector="#sensor-air [data-quantity=temperature] .value")
        gateway.until(lambda: len(self.shown()) > 8, 60, "the value changes")
        shown = self.shown()[1:]
        end = shown[-1]["at"]
        gateway.until(lambda: self.subscriber.records("sensor/air")[-1]["ts"] > end, 30, "the subscriber has it all")
        records = [record for record in self.subscriber.records("sensor/air") if record["temperature"] is not None]
        of = {}  # by what is shown, the record
        for each in shown:
            of[each["at"]] = next((record for record in reversed(records) if record["ts"] <= each["told"] and
                                   f"{record['temperature']:.2f}" == each["text"].replace("\N{MINUS SIGN}", "-")), None)
            self.assertIsNotNone(of[each["at"]], f"{each} was never published")
        # Each record, or one after it, is shown in time. By the gateway's clock every one, since that tells what the
        # page was given; by the browser's most, since a busy machine may hold it up.
        told, seen = [], []
        for record in records:
            after = next((each for each in shown if of[each["at"]]["ts"] >= record["ts"]), None)
            if after is None or record["ts"] < of[shown[0]["at"]]["ts"]:
                continue
            told.append(after["told"] - record["ts"])
            seen.append(after["at"] - record["ts"])
        self.assertGreater(len(told), 5)
        self.assertLessEqual(max(told), WITHIN_MS, told)
        self.assertLessEqual(statistics.median(seen), WITHIN_MS, seen)
        self.assertEqual(self.browser.wrong(), [])

    def test_a_device_that_dies_is_marked_within_two_periods_and_comes_with_a_remedy(self):
        period_ms = 3000
        self.gateway.configuration["sensors"][1]["every"] = "3s"
        self.gateway.write(self.gateway.configuration)
        self.start()
        self.show("/")
        self.browser.wait(selector="#sensor-air.fresh")
        self.browser.observe(selector="#sensor-air [data-quantity=temperature] .value")
        gateway.until(lambda: len(self.shown()) > 1, 30, "a new value is shown")  # none is on its way
        died_at = time.time() * 1000
        self.world.say("unplug air")
        self.browser.observe(selector="#sensor-air .badge")
        self.browser.wait(selector="#sensor-air.stale, #sensor-air.lost")
        marked = self.shown()
        self.assertEqual(marked[0]["text"], "fresh")
        self.assertLessEqual(marked[1]["told"] - died_at, 2 * period_ms, marked)  # by the gateway's clock
        self.browser.wait(selector="#sensor-air.lost")
        self.browser.wait(selector=".wrong .remedy")
        if SCREENSHOTS:
            for width, scheme, language in SOME_LOOKS:
                self.window(width=width, scheme=scheme, locale=LOCALES[language])
                self.show("/")
                keep(self.browser, "wrong", language, width, scheme)

    def test_a_warning_mode_is_told_while_it_holds_in_every_language(self):
        configuration = self.configuration()
        configuration["feeds"].append({"feed": "hk-hko", "base": self.world.ready["feeds"]["hk-hko"], "documents": ["warnsum"],
                                       "allow_private_addresses": True})
        configuration["warning_modes"] = [{"id": "typhoon", "feed": "hk-hko", "codes": ["TC8*"], "every": "1s"}]
        self.gateway.write(configuration)
        self.start()
        for language, words in (("en", "Warning mode typhoon: Tropical Cyclone Warning Signal (TC8NE) of hk-hko is in force since"),
                                ("zh-Hant", "警告模式 typhoon： hk-hko 的 Tropical Cyclone Warning Signal (TC8NE) 正在生效 自"),
                                ("zh-Hans", "预警模式 typhoon： hk-hko 的 Tropical Cyclone Warning Signal (TC8NE) 正在生效 自")):
            self.window(locale=LOCALES[language])
            self.show("/")
            self.browser.wait(selector=".modes")
            self.assertIn(words, self.browser.text(selector=".modes"))
            self.assertEqual(self.browser.axe(), [])
            self.assertEqual(self.browser.wrong(), [])

    def test_a_page_without_its_gateway_says_so_and_comes_back(self):
        self.start()
        self.show("/")
        self.gateway.stop()
        self.browser.wait(selector="#life.stale")
        self.gateway.start()
        self.browser.wait(selector="#life.live")

    def test_what_is_seen_can_be_saved(self):
        self.start()
        self.show("/sensor?id=air&quantity=temperature")
        saved = self.browser.download(selector=".actions button")
        self.assertEqual(saved["name"], "air-temperature.csv")
        lines = saved["text"].splitlines()
        self.assertEqual(lines[0], "time_utc,time_local,series,value (°C),minimum,maximum,flag")
        self.assertGreater(len(lines), 1)

    def test_pages_are_walked_by_keyboard(self):
        self.start()
        self.show("/")
        self.browser.press(key="Tab")
        self.assertEqual(self.browser.evaluate(script="document.activeElement.className"), "skip")
        for _ in range(3):
            self.browser.press(key="Tab")
        self.browser.press(key="Enter")
        self.browser.wait(selector="main[data-page=a_sensor]")
        self.assertEqual(self.browser.evaluate(script="document.activeElement.tagName"), "H1")

    def test_an_invalid_edit_is_refused_in_place_and_changes_nothing(self):
        self.start()
        before = self.files()
        in_force = json.loads(gateway.until(lambda: self.subscriber.latest("/info"), 30, "what is in force is told"))
        self.show("/configuration")
        for edit, place, why in (
                ('{"sinks": []}', "line 1, column 2 · /sinks", "cannot be changed from the page"),
                ('{"sensors": [{"id": "air",\n "quality": {"temperature": {"usual_upper": "high"}}}]}',
                 "line 2, column 45 · /sensors/0/quality/temperature/usual_upper", "expected")):
            self.browser.fill(selector="#editable", text=edit)
            self.browser.click(selector="#apply")
            if edit.startswith('{"sinks'):
                give_token(self.browser)
            gateway.until(lambda: place in self.browser.text(selector="#told"), 30, f"{edit} is refused at {place}")
            told = self.browser.text(selector="#told")
            self.assertIn("nothing has changed", told)
            self.assertIn(why, told)
            self.assertEqual(self.browser.evaluate(script="document.getElementById('editable').value"), edit)
            self.assertEqual(self.files(), before)
        heard = len(self.subscriber.records("sensor/air"))
        gateway.until(lambda: len(self.subscriber.records("sensor/air")) > heard, 30, "the sensor goes on")
        self.assertEqual(json.loads(self.subscriber.latest("/info"))["config"], in_force["config"])

    def files(self):
        """What the configuration is made of."""
        paths = [pathlib.Path(self.gateway.file), *pathlib.Path(self.directory, "conf.d").rglob("*")]
        return {path: path.read_text(encoding="utf-8") for path in paths}

    def test_a_wrong_token_changes_nothing_and_is_asked_for_again(self):
        self.start()
        self.show("/configuration")
        self.browser.fill(selector="#editable", text='{"corrections": []}')
        self.browser.click(selector="#apply")
        give_token(self.browser, "a-wrong-token-of-enough-length")
        self.browser.wait(selector="#told .refusal")
        self.browser.click(selector="#apply")
        self.browser.wait(selector="dialog #token")


class Comparison(unittest.TestCase):
    """A week of real collocation data, rehearsed."""

    TOPIC = f"compare/{collocation.SENSOR}/temperature/openaq/{collocation.STATION}"

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="page")
        self.addCleanup(folder.cleanup)
        self.directory = pathlib.Path(folder.name)
        broker = gateway.Broker(folder.name)
        self.addCleanup(broker.stop)
        self.broker = broker
        self.browser = Browser()
        self.addCleanup(self.browser.end)

    def serve(self, file):
        port = gateway.free_port()
        configuration = json.loads(file.read_text())
        configuration["serve"] = {"listen": f"127.0.0.1:{port}", "token_file": put_token(self.directory)}
        (self.directory / "new.json").write_text(json.dumps(configuration))
        os.replace(self.directory / "new.json", file)
        gateway.until(lambda: "local page: is at" in (self.directory / "collocation.log").read_text(), 30, "the page is served")
        self.base = f"http://127.0.0.1:{port}"
        self.browser.window(base=self.base)

    def test_a_comparison_is_told_in_sentences_and_its_proposal_is_written_as_it_was_shown(self):
        with collocation.rehearsed(gateway.Gateway.binary, self.broker.port, self.directory) as file:
            record = collocation.published(self.broker.port, "temperature")
            self.serve(file)
            self.browser.open(path=f"/comparison?topic={self.TOPIC}")
            self.browser.wait(selector=".verdict")
            text = self.browser.text(selector="main")
            self.assertIn(record["text"]["en"], text)
            for code in [*record["reasons"], *record["limits"]]:
                if "_" in code:
                    self.assertNotIn(code, text)
            self.assertNotIn("no word for", text)
            self.assertNotIn("undefined", text)
            fit = record["fit"]
            self.assertIn(f"{fit['slope']:.2f} (95 %: {fit['slope_ci95'][0]:.2f} to {fit['slope_ci95'][1]:.2f})", text)
            self.assertEqual(record["targets"]["issuer"], "twinsky")
            for cells in ("0.90 … 1.10", "≤ 2.00 °C", "≥ 0.90", "≤ 1.50 °C"):  # its limits
                self.assertIn(cells, text)
            pairs = record["coverage"]["168h"]["pairs"]
            self.assertEqual(self.browser.evaluate(script="document.querySelectorAll('figure')[0].querySelectorAll('.dot').length"), pairs)
            self.assertIn("What is left when the fitted line is taken off, by humidity", text)
            self.assertEqual(self.browser.evaluate(script="document.querySelectorAll('figure')[3].querySelectorAll('.dot').length"), pairs)

            self.browser.click(selector=".proposal button")
            give_token(self.browser)
            self.browser.wait(selector=".offered")
            offered = self.browser.text(selector=".offered")
            proposed = re.search(r"corrected = (\S+) × raw ([+−]) (\S+) °C", self.browser.text(selector=".proposal"))
            self.assertFalse((self.directory / "conf.d").exists(), "nothing is written before it is accepted")
            self.browser.click(selector=".proposal button")
            self.browser.wait(selector=".proposal .done")
            written = list((self.directory / "conf.d").iterdir())
            self.assertEqual(len(written), 1)
            # But for the moment, which is that of the acceptance.
            moment = {"accepted": None, "valid_from": None}
            said, done = ({**correction, **moment} for text in (offered, written[0].read_text())
                          for correction in json.loads(text)["corrections"])
            self.assertEqual(said, done)
            self.assertEqual(f"{done['gain']:.2f}", proposed[1])
            self.assertEqual(f"{done['offset']:.2f}", proposed[2].replace("+", "").replace("−", "-") + proposed[3])
            self.assertEqual(self.browser.wrong(), [])
            self.look(f"/comparison?topic={self.TOPIC}", ".verdict", "week-comparison")
            self.look("/", ".sparkline", "week-now")
            self.look(f"/sensor?id={collocation.SENSOR}&quantity=temperature&period=7d", ".chart canvas", "week-sensor")

    def look(self, path, selector, name):
        for width, scheme, language in SOME_LOOKS:
            self.browser.window(base=self.base, width=width, scheme=scheme, locale=LOCALES[language])
            self.browser.open(path=path)
            self.browser.wait(selector=selector)
            self.assertEqual(self.browser.axe(), [])
            self.assertLessEqual(self.browser.overflow(), 0)
            keep(self.browser, name, language, width, scheme)


if __name__ == "__main__":
    gateway.main()
