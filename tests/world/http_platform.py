# SPDX-License-Identifier: Apache-2.0
"""A platform that is posted to over HTTP: it wants a token, keeps what it acknowledged, and has its troubles, one after
the other, as a test plans them. All that it is given is synthetic."""

import socket
import threading

TOKEN = "a-token-of-the-platform"


class Platform:
    """`token`: None takes whoever comes. `troubles`: what is done with the requests to come, each a status ("507"), or
    silent   nothing is said until the other side has gone
    cut      the connection ends in the midst of the request
    closed   it ends before an answer, and nothing was kept
    kept     it ends before an answer, but what was sent is kept
    half     one direction is closed, and nothing said
    good     acknowledged, as when nothing is planned
    """

    def __init__(self, token=TOKEN, port=0, answer=None):
        self.token, self.lock, self.troubles = token, threading.Lock(), []
        self.answer = answer or (lambda method, path, body: ("204 No Content", b""))
        self.kept = []  # (path, body, headers) in the order of arrival
        self.met = []  # the troubles that were had
        self.wrong_tokens = 0
        self.listener = socket.create_server(("127.0.0.1", port))
        self.port = self.listener.getsockname()[1]
        self.open, self.is_stopped = set(), False
        threading.Thread(target=self.accept, daemon=True).start()

    def stop(self):
        self.is_stopped = True
        self.listener.close()
        with self.lock:
            for connection in self.open:
                connection.close()

    def plan(self, *troubles):
        with self.lock:
            self.troubles.extend(troubles)

    def messages(self):
        with self.lock:
            return list(self.kept)

    def accept(self):
        while not self.is_stopped:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with self.lock:
            self.open.add(connection)
        try:
            with connection, connection.makefile("rb") as reader:
                while self.serve_one(connection, reader):
                    pass
        except (OSError, ValueError):
            pass
        finally:
            with self.lock:
                self.open.discard(connection)

    def serve_one(self, connection, reader):
        """Answers whether the connection goes on."""
        line = reader.readline().decode("latin-1")
        if not line:
            return False
        method, path, _ = line.split(" ", 2)
        headers = {}
        while (header := reader.readline().decode("latin-1").strip()):
            name, _, value = header.partition(": ")
            headers[name.lower()] = value
        with self.lock:
            if self.token is not None and headers.get("authorization") != f"Bearer {self.token}":
                self.wrong_tokens += 1
                trouble = "401"
            else:
                trouble = self.troubles.pop(0) if self.troubles else "good"
                if trouble != "good":
                    self.met.append(trouble)
        if trouble == "cut":
            reader.read(10)
            return False
        body = reader.read(int(headers.get("content-length", 0)))
        if trouble == "silent":
            reader.read(1)
            return False
        if trouble == "closed":
            return False
        if trouble == "half":
            connection.shutdown(socket.SHUT_WR)
            reader.read(1)
            return False
        if trouble in ("good", "kept"):
            with self.lock:
                status, said = self.answer(method, path, body)
                if status[0] == "2":
                    self.kept.append((path, body, headers))
            if trouble == "kept":
                return False
        else:
            status, said = f"{trouble} as planned", b"as planned"
        more = "Retry-After: 1\r\n" if trouble == "429" else ""
        connection.sendall(f"HTTP/1.1 {status}\r\n{more}Content-Length: {len(said)}\r\n\r\n".encode() + said)
        return True
