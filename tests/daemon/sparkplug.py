# SPDX-License-Identifier: Apache-2.0
"""Sparkplug B for tests, from the published numbers alone (Eclipse Sparkplug 3.0.0, 6.4.1): decodes payloads, and
judges a stream by the rules of chapters 4 to 6. It shares nothing with what writes them."""

import struct

SIGNED, BOOLEAN, TEXT, DOUBLE = "long", "boolean", "string", "double"
INT32, INT64, REAL, TRUTH, STRING = 3, 4, 10, 11, 12  # data types that we have
# Field: (name, kind, repeated)
PAYLOAD = {1: ("timestamp", "int", False), 2: ("metrics", "metric", True), 3: ("seq", "int", False)}
METRIC = {1: ("name", "text", False), 2: ("alias", "int", False), 3: ("timestamp", "int", False),
          4: ("datatype", "int", False), 5: ("is_historical", "bool", False), 6: ("is_transient", "bool", False),
          7: ("is_null", "bool", False), 9: ("properties", "set", False), 10: ("int_value", "int", False),
          11: ("long_value", "int", False), 12: ("float_value", "float", False), 13: ("double_value", "double", False),
          14: ("boolean_value", "bool", False), 15: ("string_value", "text", False)}
SET = {1: ("keys", "text", True), 2: ("values", "property", True)}
PROPERTY = {1: ("type", "int", False), 2: ("is_null", "bool", False), 3: ("int_value", "int", False),
            4: ("long_value", "int", False), 6: ("double_value", "double", False), 7: ("boolean_value", "bool", False),
            8: ("string_value", "text", False)}
MESSAGES = {"metric": METRIC, "set": SET, "property": PROPERTY}
VALUES = {INT32: "int_value", INT64: "long_value", REAL: "double_value", TRUTH: "boolean_value", STRING: "string_value"}
REBIRTH = "Node Control/Rebirth"


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if not byte & 0x80:
            return value, at


def decode(data, fields=None):
    """A message as {name: value}; what has no name, a wrong wire type or comes twice is an error."""
    fields = PAYLOAD if fields is None else fields
    found, at = {}, 0
    while at < len(data):
        tag, at = varint(data, at)
        name, kind, repeated = fields[tag >> 3]
        wire = tag & 7
        if wire == 0:
            value, at = varint(data, at)
        else:
            size, at = (8, at) if wire == 1 else (4, at) if wire == 5 else varint(data, at)
            value, at = data[at:at + size], at + size
            if len(value) != size:
                raise ValueError(f"{name}: cut off")
        if {"int": 0, "bool": 0, "double": 1, "float": 5}.get(kind, 2) != wire:
            raise ValueError(f"{name}: wire type {wire}")
        if kind == "bool":
            value = bool(value)
        elif kind == "double":
            (value,) = struct.unpack("<d", value)
        elif kind == "float":
            (value,) = struct.unpack("<f", value)
        elif kind == "text":
            value = value.decode("utf-8")
        elif kind in MESSAGES:
            value = decode(value, MESSAGES[kind])
        if repeated:
            found.setdefault(name, []).append(value)
        elif name in found:
            raise ValueError(f"{name}: twice")
        else:
            found[name] = value
    return found


def rebirth_command():
    """What a host says to hear all births again: {metrics: [{name, timestamp, datatype, boolean_value: true}]}."""
    name = REBIRTH.encode()
    metric = bytes([0x0A, len(name)]) + name + bytes([0x18, 1, 0x20, TRUTH, 0x70, 1])
    return bytes([0x08, 1, 0x12, len(metric)]) + metric


def value_of(metric):
    """The value; None where it is null. It has one, or says that it has none."""
    values = [key for key in metric if key.endswith("_value")]
    if metric.get("is_null"):
        if values:
            raise ValueError(f"null, with {values}")
        return None
    if len(values) != 1:
        raise ValueError(f"values {values}")
    value = metric[values[0]]
    return value - (1 << 64) if values[0] == "long_value" and value >> 63 else value


def properties_of(metric):
    properties = metric.get("properties", {})
    keys, values = properties.get("keys", []), properties.get("values", [])
    if len(keys) != len(values) or len(set(keys)) != len(keys):
        raise ValueError(f"keys {keys} of {len(values)} values")
    found = {}
    for key, value in zip(keys, values):
        (name,) = [each for each in value if each.endswith("_value")]
        if name != VALUES[value["type"]]:
            raise ValueError(f"property {key}: type {value['type']}, {name}")
        found[key] = value[name]
    if "Quality" in found and (found["Quality"] not in (0, 192, 500) or values[keys.index("Quality")]["type"] != INT32):
        raise ValueError(f"quality {found['Quality']}")
    return found


class Judge:
    """Hears the messages of one edge node in the order in which they come, and says what is wrong with them."""

    def __init__(self, group, node):
        self.group, self.node = group, node
        self.problems = []
        self.sessions = []  # bdSeq of each birth of the node
        self.deaths = []  # bdSeq of each death of the node
        self.births = []  # (device, of which birth of the node: 1, 2 …)
        self.device_deaths = []
        self.records = {}  # device: [(epoch, seq, time, is history, {name: (value, properties)})]
        self.properties = {}  # of the newest births, by device; None: the node: {name: value}
        self.next = None  # the number of the next message
        self.alive = False
        self.device = {}  # alive: {alias: (name, data type)}
        self.node_names = {}  # {alias: (name, data type)}
        self.aliases = {}  # of the session: {alias: (device, name)}
        self.newest = {}  # {(device, name): newest time that was the present}
        self.kinds = []  # of all messages, with their device

    def hear(self, topic, qos, retained, payload):
        try:
            self.take(topic, qos, retained, payload)
        except (ValueError, KeyError, IndexError) as problem:
            self.problems.append(f"{len(self.kinds)}: {topic}: {type(problem).__name__} {problem}")

    def take(self, topic, qos, retained, payload):
        levels = topic.split("/")
        kind = levels[2]
        self.kinds.append((kind, levels[4] if len(levels) > 4 else None))
        if [levels[0], levels[1], levels[3]] != ["spBv1.0", self.group, self.node] or len(levels) != (5 if kind[0] == "D" else 4):
            raise ValueError("no topic of this node")
        if retained or qos != (1 if kind == "NDEATH" else 0):
            raise ValueError(f"QoS {qos}, {'retained' if retained else 'not retained'}")
        message = decode(payload)
        metrics = message.get("metrics", [])
        if kind == "NDEATH":
            self.take_death(message, metrics)
            return
        if "timestamp" not in message or "seq" not in message:
            raise ValueError("no timestamp, or no seq")
        if kind == "NBIRTH":
            self.take_birth(message, metrics)
        elif not self.alive:
            raise ValueError("the node is not born")
        elif message["seq"] != self.next:
            raise ValueError(f"seq {message['seq']}, not {self.next}")
        self.next = (message["seq"] + 1) % 256
        device = levels[4] if len(levels) > 4 else None
        if kind == "DBIRTH":
            self.births.append((device, len(self.sessions)))
            self.device[device] = self.names(device, metrics)
        elif kind == "DDEATH":
            if self.device.pop(device, None) is None:
                raise ValueError("was not born")
            self.device_deaths.append(device)
        elif kind == "DDATA":
            self.take_data(device, metrics)
        elif kind == "NDATA":
            for metric in metrics:
                name, value, _ = self.data(None, self.node_names, metric)
                self.properties[None][name] = value, {}
        elif kind != "NBIRTH":
            raise ValueError(f"kind {kind}")

    def take_death(self, message, metrics):
        if "seq" in message or [metric["name"] for metric in metrics] != ["bdSeq"] or metrics[0]["datatype"] != INT64:
            raise ValueError("more or less than bdSeq")
        self.deaths.append(value_of(metrics[0]))
        if self.sessions and self.deaths[-1] != self.sessions[-1] and self.alive:
            raise ValueError(f"bdSeq {self.deaths[-1]}, not {self.sessions[-1]}")
        self.alive, self.device = False, {}

    def take_birth(self, message, metrics):
        if not 0 <= message["seq"] <= 255:
            raise ValueError(f"seq {message['seq']}")
        by_name = {metric["name"]: metric for metric in metrics}
        number = value_of(by_name["bdSeq"])
        if by_name["bdSeq"]["datatype"] != INT64 or by_name[REBIRTH]["datatype"] != TRUTH or value_of(by_name[REBIRTH]) is not False:
            raise ValueError("bdSeq or Rebirth is of another type or value")
        if "alias" in by_name[REBIRTH]:
            raise ValueError("Rebirth has an alias")
        if self.sessions:
            # The same of one that lives: it was asked. A broker that was away told of no death.
            next_one = (self.sessions[-1] + 1) % 256
            if number != next_one and not (self.alive and number == self.sessions[-1]):
                raise ValueError(f"bdSeq {number}, not {next_one}")
        self.sessions.append(number)
        self.alive, self.device, self.aliases = True, {}, {}
        self.node_names = self.names(None, metrics)

    def names(self, device, metrics):
        names, self.properties[device] = {}, {}
        for metric in metrics:
            name, kind, alias = metric["name"], metric["datatype"], metric.get("alias")
            value = value_of(metric)
            if "timestamp" not in metric or metric.get("is_historical"):
                raise ValueError(f"{name}: no timestamp, or history")
            if value is not None and VALUES[kind] not in metric:
                raise ValueError(f"{name}: data type {kind}")
            self.properties[device][name] = value, properties_of(metric)
            if name not in ("bdSeq", REBIRTH):
                if self.aliases.setdefault(alias, (device, name)) != (device, name) or alias is None:
                    raise ValueError(f"{name}: alias {alias}")
                names[alias] = name, kind
        if len(self.properties[device]) != len(metrics):
            raise ValueError("a name twice")
        return names

    def data(self, device, names, metric):
        """Name, value and time of a metric that has an alias."""
        if "name" in metric:
            raise ValueError("a name beside an alias")
        name, kind = names[metric["alias"]]
        if metric.get("datatype", kind) != kind:  # it should not be there, and there are readers that need it
            raise ValueError(f"{name}: data type {metric['datatype']}, not {kind}")
        value, when = value_of(metric), metric["timestamp"]
        if value is not None and VALUES[kind] not in metric:
            raise ValueError(f"{name}: not of data type {kind}")
        if not metric.get("is_historical", False):
            if when < self.newest.get((device, name), 0):
                raise ValueError(f"{name}: {when} is older than {self.newest[device, name]}")
            self.newest[device, name] = when
        return name, value, when

    def take_data(self, device, metrics):
        record = {}
        for metric in metrics:
            name, value, when = self.data(device, self.device[device], metric)
            is_history = metric.get("is_historical", False)
            record[name] = value, properties_of(metric)
            if name == "Record/seq":  # the last of each record
                self.records.setdefault(device, []).append((properties_of(metric)["epoch"], value, when, is_history, record))
                record = {}
        if record:
            raise ValueError("metrics behind the last record")
