# SPDX-License-Identifier: Apache-2.0
"""The local page in a real browser, served by a running daemon between the emulated world and a real broker."""

import json
import os
import pathlib
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "daemon"))
sys.path.insert(0, os.path.join(HERE, "..", "world"))
import collocation  # noqa: E402
import gateway  # noqa: E402
from browser import Browser  # noqa: E402

PAGES = {"now": "/", "sensor": "/sensor?id=air&quantity=temperature", "comparison": "/comparison", "cities": "/cities",
         "store": "/store", "configuration": "/configuration", "log": "/log"}
SCREENSHOTS = os.environ.get("SCREENSHOTS")  # a folder: what was looked at is kept there
LOCALES = {"en": "en-GB", "zh-Hant": "zh-HK", "zh-Hans": "zh-CN"}
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


class Page(gateway.GatewayTest):
    scenario = {
        "about": "SYNTHETIC: values that always change, for the tests of the page",
        "values": {**gateway.VALUES, "temperature": {"by_time": {"00:00": 18, "12:00": 24}, "wobble": 3}},
        "devices": [{"name": "pm", "kind": "pms5003", "running_for_s": 60}, {"name": "air", "kind": "sht4x"}],
        "hk-epd": [{"name": "Mong Kok", "roadside": True}, {"name": "Central/Western"}, {"name": "Tap Mun"}],
        "cn-cnemc": [{"name": "普陀", "code": "1141A"}, {"name": "虹口", "code": "1143A"}]}

    @classmethod
    def setUpClass(cls):
        cls.browser = Browser()

    @classmethod
    def tearDownClass(cls):
        cls.browser.end()

    def configuration(self):
        self.port = gateway.free_port()
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
        configuration["serve"] = {"listen": f"127.0.0.1:{self.port}", "token_file": put_token(self.directory)}
        return configuration

    def start(self, **window):
        self.gateway.start()
        gateway.until(lambda: self.subscriber.latest("sensor/air/state"), 30, "the sensor speaks")
        self.window(**window)

    def window(self, **how):
        self.browser.window(base=f"http://127.0.0.1:{self.port}", **how)

    def show(self, path):
        self.browser.open(path=path)
        self.browser.wait(selector="#life.live")

    def test_every_page_shows_itself_without_an_error_or_a_foreign_request(self):
        self.start()
        for name, path in PAGES.items():
            with self.subTest(page=name):
                self.show(path)
                self.assertTrue(self.browser.text(selector="h1"))
                self.assertEqual(self.browser.texts(selector=".refusal"), [])
                self.assertNotIn("undefined", self.browser.text(selector="main"))
                self.assertNotIn("NaN", self.browser.text(selector="main"))
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
                            self.assertEqual(self.browser.evaluate(script="document.documentElement.lang"), language)
                            self.assertEqual(self.browser.axe(), [])
                            self.assertLessEqual(self.browser.overflow(), 0)
                            keep(self.browser, name, language, width, scheme)

    def test_a_value_is_the_subscribers_and_follows_the_device(self):
        self.start()
        self.show("/")
        self.browser.observe(selector="#sensor-air [data-quantity=temperature] .value")
        gateway.until(lambda: len(self.browser.evaluate(script="window.shown")) > 8, 60, "the value changes")
        shown = self.browser.evaluate(script="window.shown")[1:-1]
        records = self.subscriber.records("sensor/air")
        lags = []
        for each in shown:
            came = [record["ts"] for record in records if record["temperature"] is not None and
                    f"{record['temperature']:.2f}" == each["text"] and record["ts"] <= each["at"]]
            self.assertTrue(came, f"{each} was never published")
            lags.append(each["at"] - max(came))
        print(f"shown {min(lags)} to {max(lags)} ms after the reading ({len(lags)} values)")
        self.assertEqual(self.browser.wrong(), [])

    def test_a_device_that_dies_is_stale_and_then_said_to_be_lost_with_a_remedy(self):
        self.start()
        self.show("/")
        self.browser.wait(selector="#sensor-air.fresh")
        self.world.say("unplug air")
        self.browser.wait(selector="#sensor-air.stale, #sensor-air.lost")
        self.browser.wait(selector="#sensor-air.lost")
        self.browser.wait(selector=".wrong .remedy")

    def test_a_page_without_its_gateway_says_so_and_comes_back(self):
        self.start()
        self.show("/")
        self.gateway.stop()
        self.browser.wait(selector="#life.stale")
        self.gateway.start()
        self.browser.wait(selector="#life.live")

    def test_what_is_seen_can_be_saved(self):
        self.start()
        self.show(PAGES["sensor"])
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
        before = sorted(os.listdir(self.directory))
        self.show("/configuration")
        self.browser.fill(selector="#editable", text='{"sinks": []}')
        self.browser.click(selector="#apply")
        give_token(self.browser)
        self.browser.wait(selector="#told .refusal")
        self.assertEqual(self.browser.evaluate(script="document.getElementById('editable').value"), '{"sinks": []}')
        conf_d = os.path.join(self.directory, "conf.d")
        self.assertEqual(os.listdir(conf_d) if os.path.exists(conf_d) else [], [])
        self.assertEqual([name for name in sorted(os.listdir(self.directory)) if name in before], before)

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

            self.browser.click(selector=".proposal button")
            give_token(self.browser)
            self.browser.wait(selector=".offered")
            offered = self.browser.text(selector=".offered")
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
            self.assertEqual(self.browser.wrong(), [])
            self.look(f"/comparison?topic={self.TOPIC}", ".verdict", "week-comparison")
            self.look(f"/sensor?id={collocation.SENSOR}&quantity=temperature&period=7d", ".chart canvas", "week-sensor")

    def look(self, path, selector, name):
        for width, scheme, language in ((1280, "light", "en"), (360, "dark", "zh-Hant"), (1280, "dark", "zh-Hans")):
            self.browser.window(base=self.base, width=width, scheme=scheme, locale=LOCALES[language])
            self.browser.open(path=path)
            self.browser.wait(selector=selector)
            self.assertEqual(self.browser.axe(), [])
            self.assertLessEqual(self.browser.overflow(), 0)
            keep(self.browser, name, language, width, scheme)


if __name__ == "__main__":
    gateway.main()
