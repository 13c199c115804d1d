#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The configuration of a gateway in the emulated world of two-cities-day.json.

  demo_gateway.py WORLD.json DIRECTORY PORT   WORLD.json: what the world printed; PORT: of a broker on 127.0.0.1
"""

import json
import sys


def configuration(world, directory, port):
    ports = world["ports"]

    def feed(name, **settings):
        return {"feed": name, **settings, "base": world["feeds"][name], "allow_private_addresses": True}
    return {
        "gateway": {"id": "demo", "name": "Demo roof in Mong Kok", "jurisdiction": "hk", "clock": "system",
                    "position": {"datum": "wgs84", "latitude": 22.3226, "longitude": 114.1683,
                                 "height_above_sea_m": 31, "height_above_ground_m": 24}},
        "buses": {"pm": {"serial": ports["pm"]}, "sds": {"serial": ports["sds"]}, "rs485": {"modbus": ports["rs485"]},
                  "i2c-1": {"i2c": "/dev/i2c-1"}},
        "sensors": [
            {"id": "roof-pm", "driver": "pms5003", "bus": "pm", "every": "3s", "placement": "rooftop"},
            {"id": "roof-dust", "driver": "sds011", "bus": "sds", "every": "2s", "placement": "rooftop"},
            {"id": "roof-station", "driver": "modbus", "bus": "rs485", "map": "renke-rs-fsxcs", "every": "5s",
             "placement": "rooftop"},
            {"id": "roof-air", "driver": "sht4x", "bus": "i2c-1", "every": "2s", "placement": "rooftop"},
            {"id": "roof-pressure", "driver": "bme280", "bus": "i2c-1", "every": "5s", "placement": "rooftop"},
            {"id": "office-co2", "driver": "scd4x", "bus": "i2c-1", "every": "5s", "placement": "indoor"}],
        "feeds": [
            feed("hk-epd", stations=["mong-kok", "sham-shui-po", "central-western", "tap-mun"]),
            feed("hk-hko", stations=["kings-park", "hk-observatory", "sha-tin", "green-island"]),
            feed("cn-cnemc", stations=["1141a", "1142a", "1144a", "1148a", "1150a"], terms_accepted=True),
            feed("metar")],
        "store": {"path": f"{directory}/twinsky.db"},
        "sinks": [{"id": "demo", "mqtt": f"mqtt://127.0.0.1:{port}", "redistribute": ["cn-cnemc"]}]}


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        print(json.dumps(configuration(json.load(file), sys.argv[2], int(sys.argv[3])), indent=1))


if __name__ == "__main__":
    main()
