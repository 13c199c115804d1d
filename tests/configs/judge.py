#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Lets python3-jsonschema judge the corpus by the schema that `twinsky schema` prints.

Every accepted file must validate. A refused file must not, unless the first line of its .txt says
why a schema cannot see the problem: "# check alone: ..." (what only the reader can judge) or
"# not JSON" (the text cannot be read as JSON at all; then Python must agree). Folders with conf.d are
about merging and are left to the reader.
"""
import json
import pathlib
import subprocess
import sys

import jsonschema

HERE = pathlib.Path(__file__).resolve().parent


def without_comments(text):
    """JSON with comments as JSON: comments become blanks, texts stay."""
    out, at = [], 0
    while at < len(text):
        if text[at] == '"':
            end = at + 1
            while end < len(text) and text[end] != '"':
                end += 2 if text[end] == "\\" else 1
            out.append(text[at:end + 1])
            at = end + 1
        elif text.startswith("//", at):
            end = text.find("\n", at)
            at = len(text) if end < 0 else end
        elif text.startswith("/*", at):
            end = text.find("*/", at + 2)
            if end < 0:
                raise ValueError("comment not closed")
            at = end + 2
        else:
            out.append(text[at])
            at += 1
    return "".join(out)


def unique(pairs):
    keys = [key for key, _ in pairs]
    if len(set(keys)) != len(keys):
        raise ValueError("duplicate key")
    return dict(pairs)


def finite(text):
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError("number too large")
    return number


def refuse(text):
    raise ValueError(text)


def load(path):
    text = path.read_bytes().decode("utf-8-sig")
    value = json.loads(without_comments(text), object_pairs_hook=unique, parse_float=finite,
                       parse_constant=refuse)
    json.dumps(value, ensure_ascii=False).encode("utf-8")  # refuses lone surrogates
    return value


def main(program):
    printed = subprocess.run([program, "schema"], check=True, capture_output=True).stdout
    schema = json.loads(printed)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    wrong, seen = [], {"accepted": 0, "by schema": 0, "check alone": 0, "not JSON": 0}

    shipped = [HERE.parents[1] / "config/twinsky.json", *(HERE.parents[1] / "config/examples").glob("*.json")]
    for path in sorted([*(HERE / "accepted").glob("*.json"), *shipped]):
        seen["accepted"] += 1
        for error in validator.iter_errors(load(path)):
            wrong.append(f"{path.name}: accepted, but the schema says: {error.message[:200]}")

    for path in sorted((HERE / "refused").glob("*.json")):
        mark = path.with_suffix(".txt").read_text("utf-8").split("\n", 1)[0]
        try:
            value = load(path)
        except (ValueError, RecursionError) as error:
            seen["not JSON"] += 1
            if mark != "# not JSON":
                wrong.append(f"{path.name}: Python cannot read it ({error}), its .txt does not say so")
            continue
        is_valid = validator.is_valid(value)
        seen["check alone" if is_valid else "by schema"] += 1
        if mark == "# not JSON":
            wrong.append(f"{path.name}: Python reads it, though its .txt says it is no JSON")
        elif is_valid and not mark.startswith("# check alone: "):
            wrong.append(f"{path.name}: refused, but the schema accepts it")
        elif not is_valid and mark.startswith("#"):
            wrong.append(f"{path.name}: its .txt says {mark!r}, but the schema refuses it too")

    print(", ".join(f"{name}: {count}" for name, count in seen.items()))
    print("\n".join(wrong))
    return 1 if wrong or min(seen.values()) < 5 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
