# SPDX-License-Identifier: Apache-2.0
"""Reads SenML packs by the rules of RFC 8428 and nothing else: JSON (section 5) and CBOR (section 6, RFC 8949), base
fields (4.1), and each record resolved on its own (4.6). Numbers are exact (Fraction)."""

import fractions
import json
import re

LABELS = {-1: "bver", -2: "bn", -3: "bt", -4: "bu", -5: "bv", -6: "bs", 0: "n", 1: "u", 2: "v", 3: "vs", 4: "vb",
          5: "s", 6: "t", 7: "ut", 8: "vd"}
# RFC 8428, 12.1, and RFC 8798, 2: those that an instrument may need.
UNITS = {"m", "kg", "s", "A", "K", "Hz", "Pa", "V", "Ohm", "Cel", "lx", "m2", "m3", "m/s", "W/m2", "lat", "lon", "dB",
         "count", "/", "%RH", "%EL", "1/s", "kg/m3", "deg"}
RELATIVE_BEFORE = 2 ** 28  # 4.5.3


class Cbor:
    def __init__(self, data):
        self.data, self.place = data, 0

    def take(self, count):
        if self.place + count > len(self.data):
            raise ValueError("the data end too early")
        self.place += count
        return self.data[self.place - count:self.place]

    def value(self):
        first = self.take(1)[0]
        major, more = first >> 5, first & 31
        if first == 0x9f:
            items = []
            while self.data[self.place] != 0xff:
                items.append(self.value())
            self.place += 1
            return items
        if more > 27 or major == 7:
            raise ValueError(f"{first:#x} is not expected")
        number = more if more < 24 else int.from_bytes(self.take(1 << (more - 24)), "big")
        if major == 0:
            return number
        if major == 1:
            return -1 - number
        if major == 3:
            return self.take(number).decode()
        if major == 4:
            return [self.value() for _ in range(number)]
        if major == 5:
            return {self.value(): self.value() for _ in range(number)}
        if major == 6 and number == 4:
            exponent, mantissa = self.value()
            return mantissa * fractions.Fraction(10) ** exponent
        raise ValueError(f"major type {major} is not expected")


def pack_of(data, content_type):
    if content_type == "application/senml+json":
        return json.loads(data, parse_float=fractions.Fraction)
    if content_type != "application/senml+cbor":
        raise ValueError(content_type)
    reader = Cbor(data)
    pack = reader.value()
    if reader.place != len(data):
        raise ValueError("something stands behind the pack")
    return [{LABELS[label]: value for label, value in record.items()} for record in pack]


def resolved(data, content_type):
    """[(name, time, unit or None, value)]; wrong is whatever the RFC says is wrong."""
    base, found = {}, []
    for record in pack_of(data, content_type):
        unknown = set(record) - set(LABELS.values())
        if unknown:
            raise ValueError(f"labels {unknown}")
        base.update({label: value for label, value in record.items() if label.startswith("b")})
        name = base.get("bn", "") + record.get("n", "")
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9:./_-]*", name):
            raise ValueError(f"{name} is no name")
        values = [label for label in ("v", "vs", "vb", "vd") if label in record]
        if len(values) != 1:
            raise ValueError(f"{name} has {values}")
        time = base.get("bt", 0) + record.get("t", 0)
        if time < RELATIVE_BEFORE:
            raise ValueError(f"{time} is a time relative to now")
        unit = record.get("u", base.get("bu"))
        if unit is not None and unit not in UNITS:
            raise ValueError(f"{unit} is not registered")
        value = record[values[0]]
        found.append((name, time, unit, value + base.get("bv", 0) if values[0] == "v" else value))
    return found
