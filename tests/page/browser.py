# SPDX-License-Identifier: Apache-2.0
"""A real browser for tests in Python: browser.mjs obeys, this asks."""

import json
import os
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))


class Browser:
    def __init__(self):
        self.process = subprocess.Popen(["node", os.path.join(HERE, "browser.mjs")], text=True, cwd=HERE,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __getattr__(self, name):
        return lambda **values: self.ask(name, **values)

    def ask(self, name, **values):
        self.process.stdin.write(json.dumps({"do": name, **values}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError("the browser has ended")
        answer = json.loads(line)
        if "failed" in answer:
            raise AssertionError(answer["failed"])
        return answer["is"]

    def end(self):
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()
