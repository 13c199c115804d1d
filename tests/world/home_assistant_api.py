# SPDX-License-Identifier: Apache-2.0
"""Home Assistant's websocket as far as a gateway needs it, written from the sources of home-assistant/core
(components/websocket_api, components/recorder/websocket_api.py and statistics.py): it asks for a token, refuses
commands with members that its version does not know, wants ids that rise, and keeps the statistics it is given.
The protocol below it is RFC 6455 on a socket. It can be unreachable, cut a connection in the midst of a message
and say anything else. All values are synthetic."""

import base64
import contextlib
import hashlib
import json
import re
import socket
import struct
import threading
import time

MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
NUMBER = (int, float)


class Closed(Exception):
    """The other side has gone, or we have."""


class Socket:
    """One websocket, the server's side."""

    def __init__(self, connection):
        self.connection = connection
        self.opened = False

    def shake_hands(self):
        head = b""
        while b"\r\n\r\n" not in head:
            head += self.take_some()
        self.request = head.decode("latin-1")
        key = re.search(r"(?mi)^Sec-WebSocket-Key: *(\S+)\r$", self.request)
        accept = base64.b64encode(hashlib.sha1(key[1].encode() + MAGIC).digest()).decode()
        self.connection.sendall(("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                 f"Sec-WebSocket-Accept: {accept}\r\n\r\n").encode())
        self.opened = True

    def take_some(self, most=65536):
        try:
            some = self.connection.recv(most)
        except OSError as problem:
            raise Closed from problem
        if not some:
            raise Closed
        return some

    def take(self, size):
        data = b""
        while len(data) < size:
            data += self.take_some(size - len(data))
        return data

    def say(self, text, opcode=1):
        data = text.encode() if isinstance(text, str) else text
        length = (bytes([len(data)]) if len(data) < 126 else
                  struct.pack(">BH", 126, len(data)) if len(data) < 65536 else struct.pack(">BQ", 127, len(data)))
        try:
            self.connection.sendall(bytes([0x80 | opcode]) + length + data)
        except OSError as problem:
            raise Closed from problem

    def hear(self):
        """The next message; whoever does not mask what it sends is no client."""
        text = b""
        while True:
            first, second = self.take(2)
            length = second & 0x7f
            if length >= 126:
                length = int.from_bytes(self.take(2 if length == 126 else 8), "big")
            if not second & 0x80:
                raise Closed
            mask = self.take(4)
            data = bytes(byte ^ mask[place % 4] for place, byte in enumerate(self.take(length)))
            if first & 0x0f == 8:
                raise Closed
            if first & 0x0f == 9:
                self.say(data, 10)
            if first & 0x0f in (0, 1):
                text += data
                if first & 0x80:
                    return text.decode()


def problem_with(members, value, where):
    """What a schema that allows nothing else has against an object; members: {name: (is required, check)}."""
    if not isinstance(value, dict):
        return f"expected a dictionary for {where}"
    for name in value:
        if name not in members:
            return f"extra keys not allowed @ {where}['{name}']. Got {value[name]!r}"
        if not members[name][1](value[name]):
            return f"expected another value for {where}['{name}']. Got {value[name]!r}"
    missing = [name for name, (required, _) in members.items() if required and name not in value]
    return f"required key not provided @ {where}['{missing[0]}']" if missing else None


def is_text(value):
    return isinstance(value, str)


def is_number(value):
    return isinstance(value, NUMBER) and not isinstance(value, bool)


def is_text_or_none(value):
    return value is None or is_text(value)


def metadata_members(version):
    """What the metadata of an import hold, by the version (year, month)."""
    members = {"has_sum": (True, lambda value: isinstance(value, bool)), "name": (True, is_text_or_none),
               "source": (True, is_text), "statistic_id": (True, is_text),
               "unit_of_measurement": (True, is_text_or_none)}
    if version < (2025, 11):
        return {**members, "has_mean": (True, lambda value: isinstance(value, bool))}
    must = version >= (2026, 11)
    return {**members, "mean_type": (must, lambda value: value in (0, 1, 2)), "unit_class": (must, is_text_or_none),
            **({} if must else {"has_mean": (False, lambda value: isinstance(value, bool))})}


ROW = {"start": (True, is_text), "mean": (False, is_number), "min": (False, is_number), "max": (False, is_number),
       "last_reset": (False, is_text_or_none), "state": (False, is_number), "sum": (False, is_number)}
# `unit_class`: what it converts.
CONVERTED = {"temperature": {"°C", "°F", "K"}, "pressure": {"Pa", "hPa", "mbar", "inHg"}, "unitless": {None, "%"},
             "speed": {"m/s", "km/h", "mm/h"}, "voltage": {"V", "mV"}, "concentration": {"\u03bcg/m³", "µg/m³"}}


class HomeAssistant:
    """The server: `statistics` is what it keeps, {statistic_id: {start: row}}; `messages` what came, each
    [connection, time, [(statistic_id, start, row), …]] as one question for metadata and the imports after it."""

    def __init__(self, token, version="2026.11.2", port=0, tls=None):
        self.token, self.version, self.state = token, version, "RUNNING"
        self.is_admin, self.recorder = True, {"recording": True, "thread_running": True, "migration_in_progress": False}
        self.statistics, self.metadata, self.messages, self.commands = {}, {}, [], []
        self.refused, self.connections, self.cut_after = [], 0, None
        self.error = None  # (code, message) of each import
        self.port, self.tls, self.listener, self.open = port, tls, None, set()
        self.lock = threading.Lock()
        self.start()

    def start(self):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen()
        self.port, self.listener = listener.getsockname()[1], listener
        threading.Thread(target=self.accept, args=(listener,), daemon=True).start()

    def stop(self):
        """As if somebody pulled the plug."""
        with self.lock:
            listener, self.listener = self.listener, None
            ended = [*self.open, *([listener] if listener is not None else [])]
        for each in ended:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        if listener is not None:
            listener.close()

    def accept(self, listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with self.lock:
                if self.listener is not listener:
                    connection.close()
                    return
                self.open.add(connection)
                self.connections += 1
                number = self.connections
            threading.Thread(target=self.serve, args=(connection, number), daemon=True).start()

    def serve(self, connection, number):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with contextlib.suppress(Closed, OSError), contextlib.closing(connection):
            if self.tls is None:
                self.converse(Socket(connection), number)
            else:
                with self.tls.wrap_socket(connection, server_side=True) as secured:
                    self.converse(Socket(secured), number)
        with self.lock:
            self.open.discard(connection)

    def converse(self, client, number):
        client.shake_hands()
        client.say(json.dumps({"type": "auth_required", "ha_version": self.version}))
        answer = json.loads(client.hear())
        if answer != {"type": "auth", "access_token": self.token}:
            self.refused.append(answer)
            client.say(json.dumps({"type": "auth_invalid", "message": "Invalid access token or password"}))
            return
        client.say(json.dumps({"type": "auth_ok", "ha_version": self.version}))
        newest = 0
        while True:
            command = json.loads(client.hear())
            if self.cut_after is not None and command["type"] == "recorder/import_statistics":
                self.cut_after -= 1
                if self.cut_after < 0:
                    self.cut_after = None
                    self.stop()
                    raise Closed
            with self.lock:
                self.commands.append(command)
                reply = ({"type": "result", "success": False, "error": {"code": "id_reuse", "message": "must increase"}}
                         if command["id"] <= newest else self.reply_to(command, number))
            newest = command["id"]
            client.say(json.dumps({"id": command["id"], **reply}))

    def reply_to(self, command, number):
        kind = command["type"]
        if kind == "ping":
            return {"type": "pong"}
        if kind == "get_config":
            return self.success({"state": self.state, "version": self.version, "components": ["sensor"] * 400})
        if kind == "recorder/info":
            return self.success({"backlog": 0, "max_backlog": 65000, "migration_is_live": False, **self.recorder})
        if kind == "recorder/get_statistics_metadata":
            self.messages.append([number, time.monotonic(), []])
            return self.success([self.metadata[id] for id in command["statistic_ids"] if id in self.metadata])
        if kind == "recorder/import_statistics":
            return self.import_statistics(command, number)
        return self.failure("unknown_command", "Unknown command.")

    @staticmethod
    def success(result):
        return {"type": "result", "success": True, "result": result}

    @staticmethod
    def failure(code, message):
        return {"type": "result", "success": False, "error": {"code": code, "message": message}}

    def import_statistics(self, command, number):
        if not self.is_admin:
            return self.failure("unauthorized", "Unauthorized")
        if self.error is not None:
            return self.failure(*self.error)
        year, month = (int(part) for part in self.version.split(".")[:2])
        metadata = command.get("metadata")
        problem = (problem_with(metadata_members((year, month)), metadata, "data['metadata']") or
                   next(filter(None, (problem_with(ROW, row, "data['stats']") for row in command["stats"])), None))
        extra = set(command) - {"id", "type", "metadata", "stats"}
        if problem or extra:
            return self.failure("invalid_format", problem or f"extra keys not allowed: {extra}")
        name = metadata["statistic_id"]
        if not re.fullmatch(r"sensor\.(?!_)[\da-z_]+(?<!_)", name) or metadata["source"] != "recorder":
            return self.failure("unknown_error", "Invalid statistic_id or source")
        unit_class = metadata.get("unit_class")
        if unit_class is not None and metadata["unit_of_measurement"] not in CONVERTED[unit_class]:
            return self.failure("home_assistant_error", "Unsupported unit")
        for row in command["stats"]:
            if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:00:00\+00:00", row["start"]):
                return self.failure("unknown_error", "Invalid timestamp")
        self.metadata[name] = {
            "statistic_id": name, "source": "recorder", "name": metadata["name"], "has_sum": metadata["has_sum"],
            "mean_type": metadata.get("mean_type", 1), "unit_class": unit_class,
            "statistics_unit_of_measurement": metadata["unit_of_measurement"],
            "display_unit_of_measurement": metadata["unit_of_measurement"]}
        kept = self.statistics.setdefault(name, {})
        for row in command["stats"]:
            kept[row["start"]] = row
            self.messages[-1][2].append((name, row["start"], json.dumps(row, sort_keys=True)))
        return self.success(None)
