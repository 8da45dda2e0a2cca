"""Somebody who is told of events: a small HTTP server that keeps what it is sent and answers as it is told to. Standard library only."""

import base64
import hashlib
import hmac
import http.server
import socket
import threading
import time


def signature(secret, headers, body):
    """What `webhook-signature` has to hold for this body, by the Standard Webhooks specification."""
    text = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    code = hmac.new(base64.b64decode(secret.removeprefix("whsec_")), text, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(code).decode()}"


class Message:
    def __init__(self, path, headers, body):
        self.path, self.headers, self.body, self.at = path, headers, body, time.time()

    def is_signed(self, secret):
        """With this secret, and just now."""
        return signature(secret, self.headers, self.body) in self.headers["webhook-signature"].split(" ") and abs(int(self.headers["webhook-timestamp"]) - self.at) < 300


class Listener(http.server.ThreadingHTTPServer):
    """A receiver under load: `take` says what becomes of each message, by a status or None, which loses the connection."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, take):
        class Taker(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *words):
                pass

            def do_POST(self):
                status = take(self.headers, self.rfile.read(int(self.headers["Content-Length"])))
                if status is None:
                    self.close_connection = True
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

        super().__init__(("127.0.0.1", 0), Taker)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def port(self):
        return self.server_address[1]

    def handle_error(self, request, address):
        pass


class Receiver(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, status=204, reply=b""):
        self.status, self.reply, self.got = status, reply, []
        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/hook"

    def wait(self, count, seconds=20):
        """Whether so many messages have come by then."""
        end = time.monotonic() + seconds
        while len(self.got) < count and time.monotonic() < end:
            time.sleep(0.05)
        return len(self.got) >= count

    def close(self):
        self.shutdown()
        self.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        status, reply = self.server.status, self.server.reply
        self.server.got.append(Message(self.path, {name.lower(): value for name, value in self.headers.items()}, body))
        try:
            self.send_response(status)
            self.send_header("Content-Type", "text/plain; charset=utf-8")
            if status != 204:
                self.send_header("Content-Length", str(len(reply)))
            self.end_headers()
            if status != 204:
                self.wfile.write(reply)
        except OSError:
            pass

    def log_message(self, *words):
        pass
