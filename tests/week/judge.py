# SPDX-License-Identifier: Apache-2.0
"""Compares every value that was published with the truth of its moment, and every null, gap and event
with what was the matter with the device then. Shares no line with the product or the world."""

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

DAY = 86_400
HONG_KONG = 8 * 3600
STAMPS = ("gateway", "sensor", "epoch", "seq", "ts", "time", "flag", "flags", "faults", "reasons", "meta", "amends",
          "corrections", "text", "clock")


def seconds(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def text_of(moment):
    return datetime.fromtimestamp(moment, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def truth_at(series, moment):
    """Straight lines between the points of a day in Hong Kong; a number is always the same."""
    if not isinstance(series, dict):
        return series
    points = sorted((int(time[:2]) * 3600 + int(time[3:]) * 60, value) for time, value in series["by_time"].items())
    second = (moment + HONG_KONG) % DAY
    later = next((at for at, (start, _) in enumerate(points) if start > second), 0)
    (start, before), (end, after) = points[later - 1], points[later]
    span, passed = (end - start) % DAY or DAY, (second - start) % DAY
    return before + (after - before) * passed / span


@dataclass
class Sensor:
    """One sensor of the configuration: what it should show, how fine, and how old that may be."""
    id: str
    device: dict             # of the scenario
    every: float             # seconds
    shows: dict              # quantity: (value of the scenario, half a step of what is sent and published)
    age: float = 0.2         # seconds between the measurement and the record's time
    warm_up: float = 0       # after power came
    own_pace: bool = False   # it speaks when it wants to
    failing: dict = field(default_factory=dict)  # quantity: the reason why it is never there
    needs: tuple = ()        # what fails with its temperature

    @property
    def troubles(self):
        return [(one["is"], seconds(one["from"]), seconds(one["to"])) for one in self.device.get("troubles", ())]


# Why there may be no value while that is going on.
REASONS = {"silent": {"no_response", "nack"}, "garbled": {"checksum", "truncated", "framing", "no_response"},
           "late": {"no_response"}, "off": {"no_response", "nack", "not_ready", "warming_up"}, "mute": {"no_response"},
           "temperature_failed": {"sensor_fault"}}
# What is not answering may be called lost.
UNHEARD = ("silent", "garbled", "off")


class Judge:
    """Complaints about one run."""

    def __init__(self, scenario, sensors, start, end):
        self.values = scenario["values"]
        self.sensors = {one.id: one for one in sensors}
        self.start, self.end = start, end
        self.complaints = []
        self.right = self.nulls = 0
        self.rain = [0.0]  # so far, minute by minute
        self.reasons = Counter()

    def complain(self, *what):
        self.complaints.append(" ".join(map(str, what)))

    def aftermath(self, sensor):
        """How long a trouble may still show after it is over: the back-off, and another warm-up."""
        return 75 + 3 * sensor.every + 2 * sensor.warm_up

    def reasons_at(self, sensor, moment):
        allowed = set()
        for what, begin, end in sensor.troubles:
            # What comes late is owed for a while.
            after = 15 + 2 * sensor.every if what in ("late", "mute", "temperature_failed") else self.aftermath(sensor)
            if begin - sensor.age <= moment <= end + after:
                allowed |= REASONS[what]
                if what in UNHEARD and sensor.warm_up:
                    allowed.add("warming_up")
        if sensor.warm_up and moment <= self.start + 2 * sensor.warm_up + 15:
            allowed |= {"warming_up", "not_ready"}
        return allowed

    def is_right(self, sensor, quantity, value, moment):
        _, step = sensor.shows[quantity]
        around = [self.true(sensor, quantity, moment + shift * sensor.age / 8) for shift in range(-8, 2)]
        return min(around) - step <= value <= max(around) + step

    def true(self, sensor, quantity, moment):
        name, _ = sensor.shows[quantity]
        if quantity != "rain_total":
            return truth_at(self.values[name], moment)
        # A counter that begins anew with its power.
        cuts = [end for what, _, end in sensor.troubles if what == "off" and end <= moment]
        return self.rain_until(name, moment) - self.rain_until(name, max(cuts, default=self.start))

    def rain_until(self, name, moment):
        """Of the rate, in mm/h, since the run began: the mean of each minute's ends."""
        minutes = max(0, moment - self.start) / 60
        while len(self.rain) <= minutes + 1:
            begin = self.start + 60 * (len(self.rain) - 1)
            both = truth_at(self.values[name], begin) + truth_at(self.values[name], begin + 60)
            self.rain.append(self.rain[-1] + both / 120)
        whole = int(minutes)
        return self.rain[whole] + (minutes - whole) * (self.rain[whole + 1] - self.rain[whole])

    def look_at(self, sensor, record):
        moment = record["ts"] / 1000
        for quantity, value in record.items():
            if quantity in STAMPS or quantity.startswith("n_") or quantity.endswith("_cf1"):
                continue
            if quantity not in sensor.shows and quantity not in sensor.failing:
                self.complain(sensor.id, record["time"], quantity, "is nothing that it measures")
            elif value is None:
                self.look_at_null(sensor, record, quantity, moment)
            elif quantity in sensor.failing:
                self.complain(sensor.id, record["time"], quantity, value, "is no measurement")
            elif record.get("flags", {}).get(quantity) == 4 and self.has_failed(sensor, quantity, moment):
                self.nulls += 1
            elif not self.is_right(sensor, quantity, value, moment):
                self.complain(sensor.id, record["time"], quantity, value, "and not",
                              self.true(sensor, quantity, moment))
            else:
                self.right += 1

    def has_failed(self, sensor, quantity, moment):
        return quantity in sensor.needs and any(
            what == "temperature_failed" and begin <= moment <= end for what, begin, end in sensor.troubles)

    def look_at_null(self, sensor, record, quantity, moment):
        reason = record.get("faults", {}).get(quantity)
        self.nulls += 1
        self.reasons[sensor.id, reason] += 1
        if sensor.failing.get(quantity) == reason and reason:
            return
        allowed = self.reasons_at(sensor, moment)
        if reason == "sensor_fault" and not self.has_failed(sensor, quantity, moment):
            allowed -= {"sensor_fault"}
        if reason not in allowed:
            self.complain(sensor.id, record["time"], quantity, "is null for", reason, "and may be for", sorted(allowed))

    def look_at_all(self, records, ledger):
        """`records`: by sensor, each once; `ledger`: rows as they were published."""
        missing = defaultdict(int)
        for row in ledger:
            missing[row["stream"]] += row["count"]
            sensor = self.sensors.get(row["stream"].removeprefix("sensor/"))
            if sensor is None:
                self.complain("ledger:", row)
            elif row["cause"] not in self.reasons_at(sensor, seconds(row["start"])) | (
                    self.reasons_at(sensor, seconds(row["end"]))):
                self.complain("ledger:", sensor.id, row["cause"], row["start"], row["end"], row["count"])
        for sensor in self.sensors.values():
            mine = [one for one in records.get(sensor.id, ()) if self.start <= one["ts"] / 1000 <= self.end]
            for record in mine:
                self.look_at(sensor, record)
            samples = len({one["ts"] for one in mine if "amends" not in one}) + missing["sensor/" + sensor.id]
            wanted = (self.end - self.start) / sensor.every
            slack = 3 + 2 * sensor.warm_up / sensor.every + len(sensor.troubles)
            if abs(samples - wanted) > slack:
                self.complain(sensor.id, f"has {samples} samples and gaps, not {wanted:.0f}")

    def look_at_events(self, events):
        told = defaultdict(list)
        for event in events:
            if event["event"] in ("sensor_lost", "sensor_fault", "sensor_back"):
                told[event["subject"]].append((event["ts"] / 1000, event["event"], event["message"]))
        for subject, its in told.items():
            sensor = self.sensors[subject]
            for moment, what, message in its:
                kinds = {"sensor_lost": UNHEARD, "sensor_fault": ("temperature_failed",)}.get(
                    what, (*UNHEARD, "temperature_failed"))
                if not any(kind in kinds and begin <= moment <= end + self.aftermath(sensor) + 60
                           for kind, begin, end in sensor.troubles):
                    self.complain(subject, text_of(moment), what, message, "but it answers")
            if [what == "sensor_back" for _, what, _ in its] != [False, True] * (len(its) // 2):
                self.complain(subject, "is not lost and back by turns:", its)

    def look_at_laser(self, sensor, worked, lead):
        """It worked `lead` seconds for each sample, a moment more for the wake, and nothing else."""
        cycles = (self.end - self.start) / sensor.every
        cuts = sum(what == "off" for what, _, _ in sensor.troubles)
        if not cycles * lead <= worked <= (cycles + 1) * (lead + 4) + cuts * sensor.every:
            self.complain(sensor.id, f"was on for {worked:.0f} s, {worked / cycles:.1f} s a sample")
