"""The edge: checks 51, 52, 54, 55, 56, 59."""

import re
import socket
import statistics
import time

from bursar import Client
from visitor import Visitor

CHUNKED = b"Transfer-Encoding: chunked\r\n"


def run(demo, report):
    for number, part in [(55, methods), (51, smuggling), (52, headers), (56, forwarded), (59, public), (54, slow)]:
        report.guard(number, part, demo, report)


def raw(port, data, wait=15):
    """What comes back until the server closes, and whether it did."""
    with socket.create_connection(("127.0.0.1", port), timeout=wait) as link:
        answer, closed = b"", False
        try:
            link.sendall(data)
            while piece := link.recv(65536):
                answer += piece
            closed = True
        except ConnectionError:
            closed = True
        except OSError:
            pass
        return answer, closed


def post(lines, body=b""):
    return b"POST /v1/usage-events HTTP/1.1\r\nHost: x\r\n" + lines + b"\r\n" + body


def get(lines):
    return b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + lines + b"\r\n"


def methods(demo, report):
    bad = []
    for method in ("TRACE", "TRACK", "CONNECT", "FOO", "PROPFIND", "DEBUG", "PURGE", "MOVE"):
        answer, _ = raw(demo.port, f"{method} /healthz HTTP/1.1\r\nHost: x\r\nX-Echo: me\r\nConnection: close\r\n\r\n".encode())
        if not any(code in answer[:40] for code in (b" 405", b" 400", b" 501")) or b"X-Echo" in answer:
            bad.append(f"{method}: {answer[:40]}")
    report.check(not bad, "55 methods that nobody serves are refused and echo nothing", bad)


def smuggling(demo, report):
    """Each ends with 400 (or 501) and a closed connection: what follows it is never taken for a request."""
    second = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
    cases = [post(b"Content-Length: 5\r\n" + CHUNKED, b"0\r\n\r\n"), post(CHUNKED + b"Content-Length: 5\r\n", b"0\r\n\r\n")]
    cases += [post(b"Content-Length: 5\r\nContent-Length: 6\r\n", b"hello"), post(b"Content-Length: 5\r\nContent-Length: 5\r\n", b"hello"), post(b"Content-Length: 5, 5\r\n", b"hello")]
    cases += [post(b"Transfer-Encoding: " + coding + b"\r\n", b"0\r\n\r\n") for coding in
              (b"xchunked", b"chunked, chunked", b"gzip, chunked", b"chunked, identity", b"identity", b"chunk", b"\x0bchunked", b"chunked;q=1", b"\"chunked\"", b"chunked\x00", b"", b",chunked")]
    cases += [post(b"Transfer-Encoding : chunked\r\n", b"0\r\n\r\n"), post(b"Transfer-Encoding\t: chunked\r\n", b"0\r\n\r\n"), post(b" Transfer-Encoding: chunked\r\n", b"0\r\n\r\n"), post(b"Transfer-Encoding:\r\n chunked\r\n", b"0\r\n\r\n"),
              post(b"X: y\r\n\tTransfer-Encoding: chunked\r\n", b"0\r\n\r\n"), post(CHUNKED + b"Transfer-Encoding: identity\r\n", b"0\r\n\r\n"), post(CHUNKED + CHUNKED, b"0\r\n\r\n")]
    cases += [post(b"Content-Length: " + length + b"\r\n", b"hello") for length in (b"+5", b"-5", b"5 5", b"0x5", b"5a", b"5.0", b"", b"99999999999999999999", b"\xd9\xa5")]
    cases += [post(b"Content-Length : 5\r\n", b"hello"), post(b"Content-Length\x00: 5\r\n", b"hello"), post(b"Content_Length: 5\r\nContent-Length: 4x\r\n", b"hello")]
    cases += [post(CHUNKED, body) for body in (b"5;ext=1\r\nhello\r\n0\r\n\r\n", b"5 \r\nhello\r\n0\r\n\r\n", b"0x5\r\nhello\r\n0\r\n\r\n", b"+5\r\nhello\r\n0\r\n\r\n", b"-5\r\nhello\r\n0\r\n\r\n", b"5\nhello\n0\n\n", b"5\r\nhello0\r\n\r\n",
                                               b"3\r\nhello\r\n0\r\n\r\n", b"fffffffffffffffff\r\n", b"\r\n5\r\nhello\r\n0\r\n\r\n", b"0\r\nX: y\r\n\r\n", b"5\rhello\r0\r\r", b"g\r\n")]
    cases += [b"GET /healthz HTTP/1.1\nHost: x\n\n", b"GET /healthz HTTP/1.1\r\nHost: x\nX: y\r\n\r\n", get(b"X: a\r\n b\r\n"), get(b"X : a\r\n"), get(b"X y: a\r\n"), get(b": a\r\n"), get(b"X: a\rb\r\n"), get(b"X: a\x00b\r\n"),
              get(b"nocolon\r\n"), get(b"Host: y\r\n"), b"GET /healthz HTTP/1.1\r\n\r\n", b"GET  /healthz HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /healthz HTTP/1.1 \r\nHost: x\r\n\r\n", b"GET /healthz HTTP/9.9\r\nHost: x\r\n\r\n",
              b"GET /healthz\r\nHost: x\r\n\r\n", b"GET http://y/healthz HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /heal\x00thz HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /%00 HTTP/1.1\r\nHost: x\r\n\r\n"]
    bad = []
    for number, case in enumerate(cases):
        answer, closed = raw(demo.port, case + second, wait=20)
        heads = len(re.findall(rb"HTTP/1\.1 \d{3} ", answer))
        refused = answer[9:12] in (b"400", b"501", b"505", b"413", b"408")
        if not refused or heads != 1 or not closed:
            bad.append(f"{number} {case[:110]!r}: {answer[:20]!r}, {heads} answers{'' if closed else ', left open'}")
    report.check(not bad and len(cases) >= 60, "51 what two servers may read differently is refused and ends the connection", f"{len(cases)} cases; {bad[:3]}")


def memory(demo):
    with open(f"/proc/{demo.process.pid}/status") as file:
        return int(next(line for line in file if line.startswith("VmRSS")).split()[1]) / 1024


def headers(demo, report):
    answer, _ = raw(demo.port, get(b"".join(b"X-%d: y\r\n" % number for number in range(150))))
    report.check(b" 431" in answer[:40], "52 more than a hundred headers are refused", answer[:40])
    answer, _ = raw(demo.port, get(b"X: " + b"y" * 40_000 + b"\r\n"))
    report.check(b" 431" in answer[:40], "52 and so is one of 40 kB", answer[:40])
    before = memory(demo)
    many = get(b"".join(b"X-%d: %s\r\n" % (number, b"y" * 300) for number in range(3000)))
    for _ in range(300):
        raw(demo.port, many)
    report.check(memory(demo) - before < 50, "52 and three hundred of a megabyte leave memory as it was", f"{before:.0f} MiB before, {memory(demo):.0f} after")


def forwarded(demo, report):
    """Whoever comes straight in is where she comes from, whatever she says."""
    said = {"X-Forwarded-For": "8.8.8.8", "X-Real-IP": "8.8.8.8", "Forwarded": "for=8.8.8.8;proto=https;host=evil.example", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https", "X-Forwarded-Prefix": "/evil",
            "X-Original-URL": "/metrics", "X-Rewrite-URL": "/metrics", "X-HTTP-Method-Override": "DELETE"}
    person, visitor = demo.person("reader"), Visitor(demo.port, headers=said, source="127.0.0.44")
    page = visitor.sign_in(person["email"], person["password"])
    kept = demo.sql("select address from identity.sessions order by created_at desc limit 1")[0][0]
    report.check(kept == "127.0.0.44", "56 a session's address is the connection's, not a header's", kept)
    text = page.text + str(page.headers) + visitor.get("/help").text
    report.check("evil" not in text and "Secure" not in str(page.headers.get_all("Set-Cookie")), "56 forwarded hosts and schemes change nothing", page.headers.get("Location"))
    stranger = Visitor(demo.port, headers={"X-Forwarded-For": "127.0.0.1"}, source="127.0.0.45").get("/metrics")
    report.check(stranger.status in (403, 404), "56 nor does one open what only some addresses may read", stranger.status)
    client = Client(demo.port, demo.sandbox["operator_key"])
    answer = client.request("GET", "/v1/me", headers=said)
    report.check(answer.status == 200 and answer.json().get("object") == "me", "56 nor another address or method", answer.status)


def public(demo, report):
    client = Client(demo.port)
    paths = ("/.git/config", "/.git/HEAD", "/.env", "/debug", "/debug/pprof", "/server-status", "/SQL/roles.sql", "/strings/en.json", "/../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/admin", "/images/", "/assets/", "/static/", "/backup.sql",
             "/Package.swift", "/Web/strings/en.json", "/api/", "/actuator", "/phpinfo.php", "/.well-known/", "/v1/", "/swagger.json", "/..%2f..%2fetc/passwd", "/assets/..%2f..%2fstrings/en.json", "//etc/passwd", "/.DS_Store")
    found = [path for path in paths if client.request("GET", path).status == 200]
    report.check(not found, "59 nothing is served that was not meant to be", found)
    elsewhere = Visitor(demo.port, source="127.0.0.46").get("/metrics")
    report.check(elsewhere.status in (401, 403, 404), "59 the metrics are for named addresses", elsewhere.status)


class Held:
    """Connections that are slow in one way or another, and how others fare meanwhile."""

    def __init__(self, demo, count, begin, drip):
        self.demo, self.drip, self.links = demo, drip, []
        for number in range(count):
            link = socket.socket()
            # Not one address, whose share of connections is bounded, but forty.
            link.bind((f"127.4.0.{number % 40 + 1}", 0))
            link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            link.settimeout(20)
            link.connect(("127.0.0.1", demo.port))
            link.sendall(begin)
            link.setblocking(False)
            self.links.append(link)
        self.began = time.monotonic()

    def watch(self, seconds):
        """The 99th percentile of others' answers while bytes drip."""
        took, end = [], time.monotonic() + seconds
        while time.monotonic() < end:
            for link in self.links:
                try:
                    if self.drip:
                        link.send(self.drip)
                except OSError:
                    pass
            for _ in range(10):
                asked = time.monotonic()
                Client(self.demo.port).request("GET", "/help", headers={"Connection": "close"})
                took.append(time.monotonic() - asked)
            time.sleep(0.2)
        return statistics.quantiles(took, n=100)[98]

    def open(self, until):
        """How many are still open so many seconds after they began."""
        time.sleep(max(0, until - (time.monotonic() - self.began)))
        still = 0
        for link in self.links:
            try:
                link.settimeout(1 if still < 5 else 0.01)
                while link.recv(65536):
                    pass
            except (socket.timeout, BlockingIOError):
                still += 1
            except OSError:
                pass
            link.close()
        return still


def slow(demo, report):
    """Four hundred at once, three ways, all at the same time as people who only want their pages."""
    kinds = [("headers that never end", get(b"X-Slow: ")[:-2], b"y", 16), ("bodies that never end", post(b"Content-Type: application/json\r\nContent-Length: 100000\r\n"), b"y", 36)]
    for name, begin, drip, until in kinds:
        held = Held(demo, 400, begin, drip)
        p99 = held.watch(5)
        report.check(p99 < 1, f"54 400 {name} hold nobody up", f"others' p99 {p99 * 1000:.0f} ms")
        still = held.open(until)
        report.check(still == 0, "54 and are closed within seconds", f"{still} left open after {until} s")
    large = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n"
    held = Held(demo, 400, large, b"")
    before, p99 = memory(demo), held.watch(5)
    report.check(p99 < 1, "54 400 who do not read what they asked for hold nobody up", f"others' p99 {p99 * 1000:.0f} ms")
    report.check(memory(demo) < before + 400, "54 and do not fill memory", f"{before:.0f} MiB, then {memory(demo):.0f}")
    for link in held.links:
        link.close()
