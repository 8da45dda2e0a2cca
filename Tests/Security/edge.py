"""The edge: checks 52, 54, 55, 56, 59."""

import socket
import time

from bursar import Client


def run(demo, tally):
    client = Client(demo.port)
    bad = []
    for method in ("TRACE", "CONNECT", "FOO", "PROPFIND"):
        answer = raw(demo.port, f"{method} /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        if not any(code in answer[:40] for code in (b" 405", b" 400", b" 501")):
            bad.append(f"{method}: {answer[:40]}")
    tally.check(not bad, "55 methods that nobody serves are refused", str(bad))
    many = "".join(f"X-{n}: y\r\n" for n in range(150))
    answer = raw(demo.port, f"GET /healthz HTTP/1.1\r\nHost: x\r\n{many}\r\n".encode())
    tally.check(b" 431" in answer[:40], "52 more than a hundred headers are refused", str(answer[:40]))
    answer = raw(demo.port, b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 40_000 + b"\r\n\r\n")
    tally.check(b" 431" in answer[:40], "52 and so is one of 40 kB", str(answer[:40]))
    answer = client.request("GET", "/metrics", headers={"X-Forwarded-For": "8.8.8.8"})
    tally.check(answer.status == 200, "56 a forwarded address is not believed", str(answer.status))
    public = [path for path in ("/.git/config", "/.env", "/debug", "/server-status", "/SQL/roles.sql", "/strings/en.json", "/../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/admin", "/images/")
              if client.request("GET", path).status == 200]
    tally.check(not public, "59 nothing is served that was not meant to be", str(public))
    slow(demo, tally)


def raw(port, data):
    with socket.create_connection(("127.0.0.1", port), timeout=15) as link:
        link.sendall(data)
        answer = b""
        try:
            while piece := link.recv(65536):
                answer += piece
                if b"\r\n\r\n" in answer:
                    break
        except OSError:
            pass
        return answer


def slow(demo, tally):
    """Two hundred connections that never finish their header: others are served, and these are closed."""
    held = []
    for _ in range(200):
        link = socket.create_connection(("127.0.0.1", demo.port), timeout=20)
        link.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        held.append(link)
    began = time.monotonic()
    worst = 0.0
    while time.monotonic() - began < 5:
        for link in held:
            try:
                link.sendall(b"y")
            except OSError:
                pass
        asked = time.monotonic()
        Client(demo.port).request("GET", "/healthz", headers={"Connection": "close"})
        worst = max(worst, time.monotonic() - asked)
        time.sleep(0.2)
    tally.check(worst < 1, "54 two hundred trickles hold nobody up", f"slowest answer {worst * 1000:.0f} ms")
    time.sleep(max(0, 14 - (time.monotonic() - began)))
    still = 0
    for link in held:
        try:
            link.settimeout(2)
            while link.recv(4096):
                pass
        except socket.timeout:
            still += 1
        except OSError:
            pass
        link.close()
    tally.check(still == 0, "54 and are closed within seconds", f"{still} left open")
