# SPDX-License-Identifier: Apache-2.0
"""The bytes of tests/cases/sparkplug/session.txt, which a unit test compares with what the gateway writes, are what
they are to mean (session.json, where npm's sparkplug-payload reads the same of them); and each rule of the standard by
which streams are judged finds what breaks it."""

import copy
import json
import os
import unittest

import sparkplug

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cases", "sparkplug")
KINDS = {"int_value": 0, "long_value": 0, "boolean_value": 0, "double_value": 1, "string_value": 2}


def session():
    """[(topic, QoS, retained, payload)]"""
    with open(os.path.join(FOLDER, "session.txt"), encoding="ascii") as file:
        lines = [line.split(" ") for line in file.read().splitlines() if not line.startswith("#")]
    return [(topic, int(qos), retained == "1", bytes.fromhex(payload)) for topic, qos, retained, payload in lines]


def varint(value):
    text = b""
    while value > 0x7F:
        text, value = text + bytes([value & 0x7F | 0x80]), value >> 7
    return text + bytes([value])


def encode(message, fields=None):
    """The other way round, for messages that are spoiled."""
    fields, text = fields or sparkplug.PAYLOAD, b""
    for number, (name, kind, _) in fields.items():
        values = message.get(name, [])
        for value in values if isinstance(values, list) else [values]:
            if kind in ("int", "bool"):
                text += varint(number << 3) + varint(int(value))
            elif kind == "double":
                text += varint(number << 3 | 1) + sparkplug.struct.pack("<d", value)
            else:
                body = value.encode() if kind == "text" else encode(value, sparkplug.MESSAGES[kind])
                text += varint(number << 3 | 2) + varint(len(body)) + body
    return text


def judged(messages):
    judge = sparkplug.Judge("twinsky", "mk-roof")
    for message in messages:
        judge.hear(*message)
    return judge


class Rules(unittest.TestCase):
    def setUp(self):
        self.session = session()[1:]  # the will is said when the connection breaks
        self.kinds = [topic.split("/")[2] for topic, _, _, _ in self.session]

    def spoiled(self, place, change, **of_message):
        """What is found where the message at a place is another."""
        messages = list(self.session)
        topic, qos, retained, payload = messages[place]
        message = sparkplug.decode(payload)
        change(message)
        messages[place] = (of_message.get("topic", topic), of_message.get("qos", qos),
                           of_message.get("retained", retained), encode(message))
        return judged(messages).problems

    def place(self, kind, number=0):
        return [place for place, each in enumerate(self.kinds) if each == kind][number]

    def test_the_bytes_mean_what_they_are_to_mean(self):
        with open(os.path.join(FOLDER, "session.json"), encoding="utf-8") as file:
            expected = json.load(file)
        self.assertEqual([{"topic": topic, **sparkplug.decode(payload)} for topic, _, _, payload in session()], expected)

    def test_the_session_is_good(self):
        judge = judged(self.session)
        self.assertEqual(judge.problems, [])
        self.assertEqual(self.kinds, ["NBIRTH", "DBIRTH", "DBIRTH", "DDATA", "DDATA", "DDATA", "NDATA", "DDEATH", "NBIRTH",
                                      "DBIRTH", "NDEATH"])
        self.assertEqual((judge.sessions, judge.deaths), ([7, 7], [7]))
        will = sparkplug.decode(session()[0][3])
        self.assertEqual([(metric["name"], sparkplug.value_of(metric)) for metric in will["metrics"]], [("bdSeq", 7)])
        roof = judge.records["roof-pm"]
        self.assertEqual([(epoch, seq, is_history) for epoch, seq, _, is_history, _ in roof],
                         [("7f3a91c2", 100, True), ("7f3a91c2", 101, True), ("7f3a91c2", 102, False)])
        self.assertEqual(roof[0][4]["temperature"], (-3.4, {}))
        self.assertEqual(roof[1][4]["temperature"], (None, {"Quality": 0, "flag": 9, "fault": "no_response"}))
        self.assertEqual(roof[2][4]["pm2_5"], (500.0, {"Quality": 0, "flag": 3, "reason": "spike"}))
        self.assertEqual(roof[2][4]["pm2_5_corrected"], (431.2, {}))
        self.assertEqual(judge.records["hk-epd:mong-kok"][0][4]["no2"], (None, {"Quality": 0, "flag": 9, "text": '"<3"'}))
        self.assertEqual(judge.properties["hk-epd:mong-kok"]["Properties/position/latitude"], (22.3226, {}))
        self.assertEqual(judge.properties["hk-epd:mong-kok"]["Properties/licence"], ("as it is", {}))

    def test_the_encoder_of_this_test_changes_nothing(self):
        again = [(*message[:3], encode(sparkplug.decode(message[3]))) for message in self.session]
        self.assertEqual(judged(again).records, judged(self.session).records)

    def test_each_rule_finds_what_breaks_it(self):
        def change(metric, **members):
            return lambda message: message["metrics"][metric].update(members)

        def drop(metric, member):
            return lambda message: message["metrics"][metric].pop(member)

        def nothing(_):
            pass

        def add(metric):
            return lambda message: message["metrics"].append(copy.deepcopy(message["metrics"][metric]))

        node, device, data = self.place("NBIRTH"), self.place("DBIRTH"), self.place("DDATA", 1)
        death, gone, changed = self.place("NDEATH"), self.place("DDEATH"), self.place("NDATA")
        again = self.place("NBIRTH", 1)
        breaks = {
            "seq": (data, lambda message: message.update(seq=message["seq"] + 1)),
            "no seq": (data, lambda message: message.pop("seq")),
            "no timestamp": (device, lambda message: message.pop("timestamp")),
            "no bdSeq": (node, lambda message: message["metrics"].pop(0)),
            "another bdSeq in a rebirth": (again, change(0, long_value=9)),
            "another bdSeq in a death": (death, change(0, long_value=8)),
            "a death with seq": (death, lambda message: message.update(seq=1)),
            "Rebirth is true": (node, change(1, boolean_value=1)),
            "Rebirth has an alias": (node, change(1, alias=77)),
            "a birth without a data type": (device, drop(0, "datatype")),
            "a birth without a name": (device, drop(0, "name")),
            "a birth without an alias": (device, drop(0, "alias")),
            "a birth without a time": (device, drop(0, "timestamp")),
            "a birth of history": (device, change(0, is_historical=1)),
            "null with a value": (device, change(0, double_value=1.0)),
            "an alias twice": (device, change(0, alias=1)),
            "a name twice": (device, add(0)),
            "data with a name": (data, change(0, name="pm2_5")),
            "data with another data type": (data, change(0, datatype=4)),
            "data of nobody": (data, change(0, alias=99)),
            "data of another type": (data, lambda message: (message["metrics"][0].pop("double_value"),
                                                            message["metrics"][0].update(long_value=5))),
            "data without a value": (data, drop(0, "double_value")),
            "data without a time": (data, drop(0, "timestamp")),
            "a quality that there is not": (data, lambda message: message["metrics"][0]["properties"]["values"][0].update(int_value=64)),
            "a quality that is no Int32": (data, lambda message: message["metrics"][0]["properties"]["values"][0].update(type=4)),
            "keys without values": (data, lambda message: message["metrics"][0]["properties"]["values"].pop()),
            "a node's value that is not its": (changed, change(0, alias=8)),
        }
        for name, (place, spoil) in breaks.items():
            with self.subTest(name):
                self.assertTrue(self.spoiled(place, spoil))
        self.assertEqual(self.spoiled(data, nothing), [])
        self.assertTrue(self.spoiled(data, nothing, qos=1))
        self.assertTrue(self.spoiled(node, nothing, retained=True))
        self.assertTrue(self.spoiled(death, nothing, qos=0))
        self.assertTrue(self.spoiled(data, nothing, topic="spBv1.0/twinsky/DDATA/mk-roof"))
        self.assertTrue(self.spoiled(data, nothing, topic="spBv1.0/twinsky/DDATA/other/roof-pm"))
        # Data before the birth of their node, of their device, and after its death; what is older comes as the present.
        self.assertTrue(judged(self.session[1:]).problems)
        self.assertTrue(judged([self.session[0], *self.session[3:]]).problems)
        self.assertTrue(judged([*self.session[:gone + 1], self.session[data]]).problems)
        self.assertTrue(judged([*self.session[:data + 1], *self.session[data:]]).problems)
        present = sparkplug.decode(self.session[self.place("DDATA")][3])
        for metric in present["metrics"]:
            metric.pop("is_historical")
        present["metrics"].reverse()
        topic, qos, retained, _ = self.session[data]
        self.assertTrue(judged([*self.session[:self.place("DDATA")], (topic, qos, retained, encode(present))]).problems)
        for size in range(1, len(self.session[data][3])):
            cut = judged([*self.session[:data], (topic, qos, retained, self.session[data][3][:size])])
            self.assertTrue(cut.problems, size)


if __name__ == "__main__":
    unittest.main(verbosity=2)
