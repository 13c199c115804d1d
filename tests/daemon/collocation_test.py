#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A week of EPA's collocation through the whole daemon gives the statistics of the expected file.
Usage: collocation_test.py TWINSKY WORLD [test …]"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import gateway
from gateway import HERE

sys.path.insert(0, os.path.join(HERE, "..", "world"))
import collocation  # noqa: E402


class Collocation(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="collocation")
        self.addCleanup(folder.cleanup)
        self.directory = pathlib.Path(folder.name)
        self.broker = gateway.Broker(folder.name)
        self.addCleanup(self.broker.stop)

    def run_twinsky(self, *words):
        return subprocess.run([gateway.Gateway.binary, *map(str, words)], capture_output=True, text=True,
                              check=True).stdout

    def test_a_week_ends_with_the_figures_of_the_expected_file(self):
        with collocation.rehearsed(gateway.Gateway.binary, self.broker.port, self.directory) as file:
            for column, quantity, *_ in collocation.QUANTITIES:
                record = collocation.published(self.broker.port, quantity)
                wanted = collocation.expected(column)
                found, wrong = collocation.differences(record, wanted)
                self.assertEqual(wrong, [], (quantity, found, wanted))
            lines = self.run_twinsky("export", "--config", file, "--stream", f"sensor/{collocation.SENSOR}",
                                     "--format", "json").splitlines()
            page = self.directory / "page.html"
            self.run_twinsky("report", collocation.SENSOR, "--config", file, "--at",
                             collocation.text_of(collocation.END), "--output", page)
        # Every minute is there, in its place, and every value.
        # (From the end of the week on, time runs as usual.)
        rows = [row for row in map(json.loads, lines) if collocation.time_in(row["time"]) < collocation.END]
        minutes = list(collocation.minutes())
        self.assertEqual(len(rows), len(minutes))
        for number, (row, values) in enumerate(zip(rows, minutes)):
            since = collocation.time_in(row["time"]) - collocation.START
            self.assertEqual(since.total_seconds() // 60, number)
            for (_, quantity, *_), value in zip(collocation.QUANTITIES, values):
                if value:
                    self.assertAlmostEqual(row[quantity], float(value), delta=1e-6)
                else:
                    self.assertIsNone(row[quantity])
        text = page.read_text(encoding="utf-8")
        self.assertNotIn("<script", text)
        self.assertFalse(re.search(r'(src|href)="(?!#)', text), "the page needs nothing else")
        for part in ("<svg", "O₃", "burdens-creek"):
            self.assertIn(part, text)


if __name__ == "__main__":
    gateway.main()
