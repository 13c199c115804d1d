# SPDX-License-Identifier: Apache-2.0
"""What gateway/sinks/asyncapi.json and the schemas that it names say, for tests: which channel a topic is,
and what is wrong with a message. The schemas that are published are open, since a later version may have more;
here they are closed, so that nothing goes out that they do not describe."""

import functools
import json
import os
import re

import jsonschema

SINKS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "gateway", "sinks")
DOCUMENT = "asyncapi.json"


@functools.cache
def read(name):
    with open(os.path.join(SINKS, name), encoding="utf-8") as file:
        return json.load(file)


def closed(schema):
    """The same without what leaves room for later versions."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {key: False if key in ("unevaluatedProperties", "additionalProperties") and value is True else
            {**closed(value), **({"word": False} if "word" in value else {})} if key == "$defs" else closed(value)
            for key, value in schema.items()}


def published(reference):
    """The validator of "payloads.schema.json#/$defs/info", as a subscriber has it."""
    name, _, pointer = reference.partition("#")
    return validator_of(read(name), pointer)


@functools.cache
def validator(reference):
    """The same, closed."""
    name, _, pointer = reference.partition("#")
    return validator_of(closed(read(name)), pointer)


def validator_of(schema, pointer):
    schema = {key: value for key, value in schema.items() if key != "$id"}
    if pointer:
        schema = {"$ref": "#" + pointer, "$defs": schema["$defs"]}
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def undescribed(schema, whole=None, path=""):
    """The properties of which a schema does not say what they are."""
    whole = whole or schema
    if isinstance(schema, list):
        for number, each in enumerate(schema):
            yield from undescribed(each, whole, f"{path}/{number}")
    if not isinstance(schema, dict):
        return
    for key, value in schema.items():
        yield from undescribed(value, whole, f"{path}/{key}")
        if key not in ("properties", "patternProperties") or not isinstance(value, dict):
            continue
        for name, each in value.items():
            target = each
            while isinstance(target, dict) and "description" not in target and "$ref" in target:
                target = functools.reduce(lambda place, step: place[step], target["$ref"].split("/")[1:], whole)
            if isinstance(target, dict) and "description" not in target:
                yield f"{path}/{key}/{name}"


class Contract:
    """`document`: another than the one that is published."""

    def __init__(self, document=None):
        self.document = document or read(DOCUMENT)
        self.operations = {}  # (action, channel): its bindings
        for operation in self.document["operations"].values():
            channel = operation["channel"]["$ref"].split("/")[-1]
            self.operations[operation["action"], channel] = operation["bindings"]["mqtt"]
        self.addresses = {name: re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(channel["address"])))
                          for name, channel in self.document["channels"].items()}

    def names(self, action):
        return {channel for of, channel in self.operations if of == action}

    def channels_of(self, topic, action="send"):
        return [name for name, address in self.addresses.items()
                if (action, name) in self.operations and address.fullmatch(topic)]

    def message(self, channel):
        (reference,) = self.document["channels"][channel]["messages"].values()
        return self.document["components"]["messages"][reference["$ref"].split("/")[-1]]

    def schema(self, channel):
        return validator(self.message(channel)["payload"]["schema"]["$ref"])

    def content(self, channel, payload):
        is_text = self.message(channel).get("contentType") == "text/plain"
        return payload if is_text else json.loads(payload)

    def problems(self, topic, payload):
        """What is wrong with what was said on a topic."""
        channels = self.channels_of(topic)
        if len(channels) != 1:
            return [f"{topic}: {len(channels)} channels are so: {', '.join(channels)}"]
        if not payload:
            return [] if self.operations["send", channels[0]]["retain"] else [f"{topic}: nothing is retained that could be cleared"]
        try:
            content = self.content(channels[0], payload)
        except json.JSONDecodeError as problem:
            return [f"{topic}: {problem}: {payload[:200]}"]
        return [f"{topic}: {error.json_path}: {error.message[:300]}" for error in self.schema(channels[0]).iter_errors(content)]

    def problems_of_sending(self, topic, payload, how):
        """What is wrong with how it was said, as MQTT 5 has it: `how` is (QoS, retained, expiry in seconds or None)."""
        qos, retained, expiry = how
        for channel in self.channels_of(topic):
            bound = self.operations["send", channel]
            expires = bound.get("messageExpiryInterval") if payload else None
            if qos != bound["qos"] and payload:
                yield f"{topic}: QoS {qos}, not {bound['qos']}"
            if retained != bound["retain"]:
                yield f"{topic}: {'retained' if retained else 'not retained'}"
            if (expiry is None) != (expires is None):
                yield f"{topic}: expires after {expiry} s, not {expires}"
            # What is left of it when it comes.
            elif isinstance(expires, int) and not 0 < expiry <= expires:
                yield f"{topic}: expires after {expiry} s, not {expires}"

    def check(self):
        """What is wrong with the document itself."""
        for name, channel in self.document["channels"].items():
            said = set(re.findall(r"\{(\w+)\}", channel["address"]))
            if said != set(channel.get("parameters", {})):
                yield f"{name}: other parameters than {channel['address']} has"
            if not {("send", name), ("receive", name)} & self.operations.keys():
                yield f"{name}: nothing is done with it"
            self.schema(name)
        for place, reference in references(self.document):
            if reference.startswith("#"):
                try:
                    functools.reduce(lambda at, step: at[step], reference.split("/")[1:], self.document)
                except KeyError:
                    yield f"{place}: {reference} leads nowhere"


def references(value, place=""):
    for key, each in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        if key == "$ref":
            yield place, each
        yield from references(each, f"{place}/{key}")
