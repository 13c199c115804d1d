# SPDX-License-Identifier: Apache-2.0
"""A platform of HJ 212-2017 as far as a gateway needs it, with a reader of frames of its own: it keeps what it is told,
knows a frame that comes again by its number (QN) and what is told again by CN and DataTime, and acknowledges. It can
say nothing, say it late, refuse, cut a connection and ask. Written from the facts that public frames show; of the
standard's text only the check of annex A and its example were at hand. All values are synthetic."""

import contextlib
import re
import socket
import threading
import time

CHECKS = ("hj212", "modbus", "hj212-swapped", "modbus-swapped")
DATA = ("2011", "2051", "2061", "2031")


def check_of(segment, kind="hj212"):
    """Four digits: by annex A the register loses its low byte before each byte enters, by Modbus it does not."""
    register = 0xFFFF
    for byte in segment:
        register = ((register >> 8) if kind.startswith("hj212") else register) ^ byte
        for _ in range(8):
            register = (register >> 1) ^ (0xA001 if register & 1 else 0)
    digits = f"{register:04X}"
    return digits[2:] + digits[:2] if kind.endswith("swapped") else digits


assert check_of(b"123456789") == "2F80" and check_of(b"123456789", "modbus") == "4B37"


def framed(segment, kind="hj212"):
    return b"##%04d" % len(segment) + segment + check_of(segment, kind).encode() + b"\r\n"


class Frame:
    """What a segment says: its head, and the fields of its groups."""

    def __init__(self, segment):
        head, content = re.fullmatch(r"(.*?);CP=&&(.*)&&", segment.decode("ascii")).groups()
        self.head = dict(field.split("=", 1) for field in head.split(";"))
        self.groups = [dict(field.split("=", 1) for field in group.split(",")) for group in content.split(";") if group]
        self.fields = {name: value for group in self.groups for name, value in group.items()}
        self.content, self.number, self.cn = content, self.head["QN"], self.head["CN"]
        self.wants_answer = int(self.head["Flag"]) & 1 == 1
        assert int(self.head["Flag"]) >> 2 == 1, "of HJ 212-2017"
        assert re.fullmatch(r"\d{17}", self.number), self.number


class Platform:
    def __init__(self, mn=None, password="123456", check="hj212"):
        """Without `mn` it takes whoever comes first, with his password."""
        self.mn, self.password, self.check = mn, password, check
        self.lock = threading.Lock()
        self.frames = []     # (connection, frame) of data, as they came, those that come again too
        self.other = []      # frames of all other kinds
        self.told = {}       # {(CN, DataTime): {code-field: text}}, the newest
        self.again = []      # (connection, frame) of what was told before, in a frame of another number
        self.resent = []     # numbers that came again
        self.answered = {}   # {number of a request: frames of data under it}
        self.strange = []    # what no frame is made of, or none of ours
        self.silent_for = 0  # so many frames more are not acknowledged
        self.late_for = 0    # so many frames more are acknowledged late, after so many seconds
        self.late_by = 0.0
        self.cut_after = None  # frames, with the acknowledgement of the last unsaid
        self.refuses = {}    # {CN: ExeRtn}
        self.ignores = set() # CNs of which it takes no notice
        self.needs_login = False
        self.connection, self.connections, self.listener, self.port = None, 0, None, None
        self.numbers = 0
        self.start()

    def start(self):
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", self.port or 0))
        self.port = self.listener.getsockname()[1]
        self.listener.listen()
        threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()

    def stop(self):
        """Nobody listens any more, and whoever is connected is cut off."""
        listener, self.listener = self.listener, None
        if listener is not None:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        self.cut()

    def cut(self):
        connection = self.connection
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def accept(self, listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self.connection = connection
            self.connections += 1
            threading.Thread(target=self.serve, args=(connection, self.connections), daemon=True).start()

    def serve(self, connection, number):
        rest = b""
        with contextlib.suppress(OSError), connection:
            while some := connection.recv(65536):
                rest += some
                while len(rest) >= 6:
                    size = int(rest[2:6])
                    if len(rest) < size + 12:
                        break
                    segment, digits, rest = rest[6:6 + size], rest[6 + size:10 + size], rest[12 + size:]
                    self.take(connection, number, segment, digits.decode())
        if self.connection is connection:
            self.connection = None

    def take(self, connection, number, segment, digits):
        if len(segment) > 1024 or digits != check_of(segment, self.check):
            self.strange.append((segment, digits))
            return  # without a word, as they do
        frame = Frame(segment)
        if self.mn is None:
            self.mn, self.password = frame.head["MN"], frame.head["PW"]
        if frame.head["MN"] != self.mn or frame.head["PW"] != self.password:
            self.strange.append((segment, digits))
            return
        if frame.cn in self.ignores:
            return
        if frame.cn not in DATA:
            with self.lock:
                self.other.append(frame)
            if frame.cn == "9021":
                self.say(connection, frame.number, "9011", "QnRtn=1")
            return
        with self.lock:
            self.frames.append((number, frame))
            if frame.number in self.answered:
                self.answered[frame.number].append(frame)
            elif frame.cn not in self.refuses:
                self.keep(number, frame)
        if not frame.wants_answer:
            return
        if self.cut_after is not None:
            self.cut_after -= 1
            if self.cut_after <= 0:
                self.cut_after = None
                self.stop()
                raise OSError
        if self.silent_for > 0:
            self.silent_for -= 1
            return
        if self.late_for > 0:
            self.late_for -= 1
            time.sleep(self.late_by)
        if frame.cn in self.refuses:
            self.say(connection, frame.number, "9012", f"ExeRtn={self.refuses[frame.cn]}")
        else:
            self.say(connection, frame.number, "9014", "")

    def keep(self, connection, frame):
        if frame.number in (other.number for _, other in self.frames[-50:-1]):
            self.resent.append(frame.number)
            return
        key = frame.cn, frame.fields["DataTime"]
        values = {name: value for name, value in frame.fields.items() if name != "DataTime"}
        known = self.told.setdefault(key, {})
        if known and values.items() <= known.items():
            self.again.append((connection, frame))
        known.update(values)

    def say(self, connection, number, cn, content, st="91", flag=4, password=None):
        segment = (f"QN={number};ST={st};CN={cn};PW={password or self.password};MN={self.mn};Flag={flag};"
                   f"CP=&&{content}&&").encode()
        connection.sendall(framed(segment, self.check))

    def ask(self, cn, content="", password=None):
        """Asks; gives the number of the request."""
        self.numbers += 1
        number = f"20231101{self.numbers:09d}"
        with self.lock:
            self.answered[number] = []
        self.say(self.connection, number, cn, content, st="22", flag=5, password=password)
        return number

    def replies(self, number):
        """{CN: the frame's fields} of what is no data."""
        with self.lock:
            return {frame.cn: frame.fields for frame in self.other if frame.number == number}
