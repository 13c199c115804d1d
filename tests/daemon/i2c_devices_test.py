# SPDX-License-Identifier: Apache-2.0
"""Every I2C device of the table by its name: from the configuration over the emulated adapter to the broker, where
each of its quantities must equal the truth; unplugged once, told of as lost, and back with the same. Neighbours on
its bus notice nothing.
Usage: i2c_devices_test.py TWINSKY WORLD [test …]"""

import os
from dataclasses import dataclass, field

import gateway
from gateway import until

# No pressure is that of a device that was told none: CO2 is right where a barometer's is passed on.
VALUES = {"temperature": 21.5, "humidity": 48.2, "pressure": 987.2, "pm1": 11.2, "pm2_5": 18.3, "pm4": 22.7, "pm10": 25.1,
          "voc_index": 143, "nox_index": 4, "co2": 812, "formaldehyde_ppb": 31.4, "n_below_0_5": 71.25, "n_below_1": 82.5,
          "n_below_2_5": 84.75, "n_below_4": 85.5, "n_below_10": 86.25,
          "gas_resistance": 123456, "sraw_voc": 20010, "sraw_nox": 15000, "usual_voc": 99, "illuminance": 812, "uv_index": 6.2, "usual_nox": 1}

AIR = {"temperature": 0.02, "humidity": 0.02}
WARM_AIR = {"internal_temperature": 0.02, "internal_humidity": 0.02}
MASS = {"pm1": 0.06, "pm2_5": 0.06, "pm4": 0.06, "pm10": 0.06}
INDICES = {"voc_index": 0.6, "nox_index": 0.6}
CO2 = {"co2": 1}
GAS = {"formaldehyde_ppb": 0.11}


@dataclass
class Device:
    driver: str
    address: int
    shows: dict                                  # quantity: half a step of what is sent and published
    settings: dict = field(default_factory=dict)
    kind: str = ""                               # of the world; none: as the driver
    named: dict = field(default_factory=dict)    # quantity as it is published: as the world calls it
    name: str = ""


DEVICES = [
    Device("sht3x", 0x44, AIR),
    Device("sht3x", 0x47, AIR, {"variant": "hdc302x", "repeatability": "low"}, name="hdc302x"),
    Device("si7021", 0x40, {"temperature": 0.02, "humidity": 0.02}),
    Device("aht20", 0x38, AIR),
    Device("bme280", 0x76, {**AIR, "pressure": 0.03}),
    Device("bmp388", 0x77, {"temperature": 0.02, "pressure": 0.03}),
    Device("bme688", 0x76, {**AIR, "pressure": 0.03, "gas_resistance": 100}, {"every": "3s"}),
    Device("sen5x", 0x69, {**MASS, **AIR, **INDICES}),
    Device("sen5x", 0x69, {**MASS, **AIR, "voc_index": 0.6}, {"variant": "sen54"}, name="sen54"),
    *(Device("sen66", 0x6B, {**MASS, **AIR, **others}, {"variant": variant}, kind=variant, name=variant)
      for variant, others in (("sen62", {}), ("sen63c", CO2), ("sen65", INDICES), ("sen66", {**INDICES, **CO2}),
                              ("sen68", {**INDICES, **GAS}), ("sen69c", {**INDICES, **GAS, **CO2}))),
    Device("sps30", 0x69, {**MASS, **{f"n_below_{size}": 0.01 for size in ("0_5", "1", "2_5", "4", "10")}}),
    Device("sps30", 0x69, {**{quantity: 0.51 for quantity in MASS}, "n_below_0_5": 0.51, "n_below_10": 0.51},
           {"format": "uint16"}, name="sps30-whole"),
    Device("scd30", 0x61, {**CO2, **WARM_AIR}, {"every": "2s"}),
    Device("sfa30", 0x5D, {**GAS, **WARM_AIR}),
    # Beside the least raw number there is, so that it is usual air from the first index on.
    Device("sgp41", 0x59, {"voc_index": 3, "nox_index": 0.5}, named={"voc_index": "usual_voc", "nox_index": "usual_nox"}),
    Device("sgp41", 0x59, {"voc_index": 3}, {"device": "sgp40"}, named={"voc_index": "usual_voc"}, name="sgp40"),
    Device("bh1750", 0x23, {"illuminance": 0.5}),
    Device("bh1750", 0x5C, {"illuminance": 0.2}, {"mode": "H2", "mtreg": 138}, name="bh1750-fine"),
    Device("veml7700", 0x10, {"illuminance": 1.2}),
    Device("veml7700", 0x10, {"illuminance": 0.2}, {"gain": "1", "integration_ms": "100"}, name="veml7700-indoors"),
    Device("ltr390", 0x53, {"illuminance": 0.5, "uv_index": 0.02}, {"every": "2s"}),
    Device("ltr390", 0x53, {"illuminance": 0.1, "uv_index": 0.01}, {"every": "2s", "gain": "18", "resolution_bits": "20"},
           name="ltr390-fine"),
    Device("tsl2591", 0x29, {"illuminance": 0.5}),
    Device("tsl2591", 0x29, {"illuminance": 9}, {"again": "1", "atime_ms": "200"}, name="tsl2591-outdoors"),
]
# Each place has a temperature and a humidity of its own, so that no neighbour's can be taken for it.
OWN = {"temperature": 0.37, "humidity": 0.61, "illuminance": 10}


class I2cDevices(gateway.GatewayTest):
    @classmethod
    def setUpClass(cls):
        """Devices of one address are on different buses."""
        chosen = os.environ.get("TWINSKY_I2C_DEVICES", "").split()
        cls.devices = [one for one in DEVICES if not chosen or one.driver in (*chosen, "bme280")]
        cls.places, taken = {}, set()
        for one in cls.devices:
            one.name = one.name or one.driver
            bus = next(number for number in range(1, 20) if (number, one.address) not in taken)
            taken.add((bus, one.address))
            cls.places[one.name] = f"i2c-{bus}"
        cls.scenario = {"about": "SYNTHETIC", "values": VALUES, "devices": [
            {"name": one.name, "kind": one.kind or one.driver, "bus": cls.places[one.name], "address": one.address,
             "sees": {quantity: {"plus": number * step} for quantity, step in OWN.items()}}
            for number, one in enumerate(cls.devices)]}

    def configuration(self):
        configuration = self.base_configuration()
        for bus in set(self.places.values()):
            configuration["buses"][bus] = {"i2c": f"/dev/{bus}"}
        configuration["sensors"] = [
            {"id": one.name, "driver": one.driver, "bus": self.places[one.name], "address": hex(one.address),
             "every": "1s", **one.settings} for one in self.devices]
        return configuration

    def true(self, number, quantity):
        one = self.devices[number]
        true = one.named.get(quantity, quantity.removeprefix("internal_"))
        return VALUES[true] + number * OWN.get(true, 0)

    def wrong_in(self, number, since=0):
        """What the newest record of a device has that is not so; nothing: all is right."""
        one = self.devices[number]
        records = [record for record in self.subscriber.records(f"sensor/{one.name}") if record["ts"] > since]
        if not records:
            return "no record"
        newest = max(records, key=lambda record: record["ts"])
        wrong = [(quantity, newest.get(quantity), self.true(number, quantity)) for quantity, step in one.shows.items()
                 if newest.get(quantity) is None or abs(newest[quantity] - self.true(number, quantity)) > step]
        return wrong or None

    def all_right(self, numbers, within, since=0):
        def some_wrong():
            return {self.devices[number].name: wrong for number in numbers if (wrong := self.wrong_in(number, since))}
        try:
            until(lambda: not some_wrong(), within, "all are as the world has them")
        except AssertionError as problem:
            raise AssertionError(f"{problem}: {some_wrong()}") from problem

    def told(self, what):
        return [event["subject"] for event in self.subscriber.records("event") if event["event"] == what]

    def test_each_from_the_configuration_to_the_broker_and_unplugged_once(self):
        self.gateway.start()
        everybody = range(len(self.devices))
        self.all_right(everybody, 100)
        for half in (everybody[::2], everybody[1::2]):
            names = [self.devices[number].name for number in half]
            lost, back = len(self.told("sensor_lost")), len(self.told("sensor_back"))
            for name in names:
                self.assertEqual(self.world.say(f"unplug {name}"), "ok")
            until(lambda lost=lost, names=names: set(self.told("sensor_lost")[lost:]) >= set(names), 60, f"{names} lost")
            since = max(record["ts"] for record in self.subscriber.records("event"))
            for name in names:
                self.assertEqual(self.world.say(f"plug {name}"), "ok")
            until(lambda back=back, names=names: set(self.told("sensor_back")[back:]) >= set(names), 90, f"{names} back")
        self.all_right(everybody, 100, since)
        names = sorted(one.name for one in self.devices)
        self.assertEqual(sorted(self.told("sensor_lost")), names)
        self.assertEqual(sorted(self.told("sensor_back")), names)
        for one in self.devices:
            self.assertGreater(len([record for record in self.subscriber.records(f"sensor/{one.name}")
                                    if all(record.get(quantity) is not None for quantity in one.shows)]), 3)


if __name__ == "__main__":
    gateway.main()
