# SPDX-License-Identifier: Apache-2.0
"""An agency on this machine that answers as a test says, at the time that a rehearsing gateway tells."""

import http.server
import threading
import urllib.parse
from datetime import datetime


def time_in(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


class Agency:
    """`answer(path, query, now)` gives the body of what is asked for, None where there is nothing, or a
    whole number, the status of an error page. Bodies have a tag; no length is told for those that are
    `cut(path, now)`: only that the connection ends."""

    def __init__(self, answer, cut=lambda path, now: False):
        self.asked = []  # (time, address, status) in the order of arrival
        lock = threading.Lock()
        agency = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                address = urllib.parse.urlparse(self.path)
                now = time_in(self.headers["Rehearsal-Time"])
                query = urllib.parse.parse_qs(address.query)
                with lock:
                    body = answer(address.path, query, now)
                status = 200 if isinstance(body, (str, bytes)) else body or 404
                body = body.encode() if isinstance(body, str) else body if isinstance(body, bytes) else b""
                tag = f'"{hash(body):x}"'
                if status == 200 and self.headers.get("If-None-Match") == tag:
                    status, body = 304, b""
                agency.asked.append((now, self.path, status))
                self.send_response(status)
                if status == 200:
                    self.send_header("ETag", tag)
                if cut(address.path, now) and status == 200:
                    self.send_header("Connection", "close")
                    self.close_connection = True
                elif status != 304:
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.base = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def end(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(10)
