#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Judges what a gateway tells Home Assistant, by rules that were written from Home Assistant's own: a
closed schema, and which unit and state class go with which device class. As a program it reads lines of
a topic, a blank and a payload, and prints for each what is wrong, or an empty line.
Usage: home_assistant.py < LINES"""

import json
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
CASES = os.path.join(HERE, "..", "cases", "home-assistant")
sys.path.insert(0, os.path.join(HERE, "..", "contract"))
import contract  # noqa: E402

# U+03BC for micro is refused by versions up to 2025.8, U+2103 for a degree Celsius by all.
MISSPELT = ("\u03bc", "\u2103")


def read(name):
    with open(os.path.join(CASES, name), encoding="utf-8") as file:
        return json.load(file)


SCHEMA = contract.validator("discovery.schema.json")
CLASSES = read("device-classes.json")["device_classes"]


def problems_of_component(name, component):
    """What is wrong with the unit and the classes of an entity."""
    if list(component) == ["platform"]:
        return
    unit = component.get("unit_of_measurement")
    device_class = component.get("device_class")
    if device_class is None:
        if component["state_class"] not in ("measurement", "total_increasing"):
            yield f"{name}: {component['state_class']} belongs to a class"
        return
    if device_class not in CLASSES:
        yield f"{name}: there is no class {device_class}"
        return
    known = CLASSES[device_class]
    if unit not in known.get("units_accepted_by_all", []):
        yield f"{name}: {device_class} is not measured in {unit} by all versions"
    if unit != known.get("gateway_emits"):
        yield f"{name}: {device_class} is to be in {known.get('gateway_emits')}, not in {unit}"
    if component["state_class"] not in known["state_classes"]:
        yield f"{name}: {device_class} has no state class {component['state_class']}"


def problems(topic, payload):
    """What is wrong with a message that is not empty."""
    match = re.fullmatch(r"[A-Za-z0-9_/-]+/device/([a-zA-Z0-9_-]+)/config", topic)
    if not match:
        return [f"no topic of a device: {topic}"]
    found = [f"misspelt unit: {character!r}" for character in MISSPELT if character in payload]
    document = json.loads(payload)
    found += [f"{error.json_path}: {error.message}" for error in SCHEMA.iter_errors(document)]
    if found:
        return found
    if match[1] not in document["device"]["identifiers"]:
        found.append(f"the device is not {match[1]}")
    for name, component in document["components"].items():
        found += problems_of_component(name, component)
        if len(component) > 1 and not component["unique_id"].startswith(match[1] + "_"):
            found.append(f"{name}: the id {component['unique_id']} is not of its device")
    ids = [component["unique_id"] for component in document["components"].values() if len(component) > 1]
    if len(set(ids)) != len(ids):
        found.append("two entities have one id")
    return found


if __name__ == "__main__":
    for line in sys.stdin:
        print("; ".join(problems(*line.rstrip("\n").split(" ", 1))), flush=True)
