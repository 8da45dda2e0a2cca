"""Receivers that nobody would wish for, beside one that is well: on bare sockets, because no library would answer like this. Used by webhooks.py."""

import email.utils
import socket
import threading
import time

from bursar import Bursar, Client

# Seconds that a receiver has; the server's standard, and the most, is 20.
TIMEOUT = 3
KEPT = 64 * 1024


class Raw:
    """Takes one connection after the other and leaves each to `manner`, which writes whatever it likes."""

    def __init__(self, manner):
        self.manner, self.calls, self.running = manner, [], True
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}/hook"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while self.running:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        """Reads one request and keeps when it came, how many bytes were answered, and when the server hung up."""
        call = {"came": time.monotonic(), "at": time.time(), "id": None, "sent": 0, "ended": None}
        try:
            with connection, connection.makefile("rb") as stream:
                length = 0
                stream.readline()
                while (line := stream.readline().decode().strip()):
                    name, _, value = line.partition(":")
                    if name.lower() == "webhook-id":
                        call["id"] = value.strip()
                    if name.lower() == "content-length":
                        length = int(value)
                if call["id"] is None:
                    return
                stream.read(length)
                self.calls.append(call)
                for piece in self.manner(len(self.calls)):
                    connection.sendall(piece)
                    call["sent"] += len(piece)
                # A pause or an end shows at the next write only, so whoever sends no more waits for the end here.
                connection.settimeout(30)
                while connection.recv(65_536):
                    pass
        except OSError:
            pass
        finally:
            call["ended"] = time.monotonic()

    def close(self):
        self.running = False
        self.socket.close()


class Mute:
    """A port that takes no connection, or takes them and never says a word."""

    def __init__(self, is_full):
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.socket.listen(0 if is_full else 128)
        address = self.socket.getsockname()
        self.url = f"http://127.0.0.1:{address[1]}/hook"
        self.others = []
        # The room for connections that nobody takes is used up by these.
        for _ in range(4 if is_full else 0):
            other = socket.socket()
            other.setblocking(False)
            other.connect_ex(address)
            self.others.append(other)

    def close(self):
        for other in [self.socket, *self.others]:
            other.close()


OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"


def well(_):
    # One request for each connection is all that is read here.
    yield b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"


def dripping(_):
    yield OK + b"\r\n"
    while True:
        time.sleep(1)
        yield b"."


def dripping_head(_):
    yield OK
    for number in range(1_000):
        time.sleep(1)
        yield b"X-%d: y\r\n" % number


def endless(_):
    yield OK + b"\r\n"
    while True:
        yield "长".encode() * 20_000


def huge_head(_):
    yield OK
    while True:
        yield b"X-Filler: " + b"x" * 60_000 + b"\r\n"


def huge_line(_):
    yield OK + b"X-Filler: "
    while True:
        yield b"x" * 65_536


def interim(_):
    """Never the answer, always that it will come."""
    while True:
        yield b"HTTP/1.1 102 Processing\r\nX-Filler: %s\r\n\r\n" % (b"x" * 500)


def no_http(_):
    yield b"220 mail.example.com ESMTP\r\n" * 3


class Later:
    """Asks, by a date, to be left alone for a while; then all is well. And a date that is past, which asks for nothing."""

    def __init__(self, seconds):
        self.seconds, self.named = seconds, None

    def __call__(self, number):
        if number > 1:
            yield from well(number)
            return
        self.named = int(time.time()) + self.seconds
        date = email.utils.formatdate(self.named, usegmt=True)
        yield f"HTTP/1.1 503 Busy\r\nRetry-After: {date}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()


def memory(process):
    with open(f"/proc/{process}/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS:")) // 1024


def run(tally, binary):
    server = Bursar(binary, {
        "BURSAR_WEBHOOK_LOOPBACK": "yes", "BURSAR_WEBHOOK_TIMEOUT": str(TIMEOUT), "BURSAR_WEBHOOK_RETRIES": ",".join(["1"] * 50)})
    later, past = Later(9), Later(-3_600)
    receivers = {
        "well": Raw(well), "dripping": Raw(dripping), "dripping head": Raw(dripping_head), "endless": Raw(endless),
        "huge head": Raw(huge_head), "huge line": Raw(huge_line), "interim": Raw(interim), "no http": Raw(no_http),
        "later": Raw(later), "past": Raw(past), "silent": Mute(False), "full": Mute(True)}
    try:
        server.start()
        server.tenant("hooks", "--sandbox")
        hostile(tally, server, Client(server.port, server.key("hooks", "--role", "operator")), receivers, later, past)
    finally:
        for one in receivers.values():
            one.close()
        server.close()


def hostile(tally, server, client, receivers, later, past):
    def ask(method, path, body=None):
        answer = client.request(method, path, body, key=None if method == "GET" else f"{path}-{time.monotonic_ns()}")
        if answer.status >= 300:
            raise RuntimeError(f"{path}: {answer.status} {answer.body[:300]}")
        return answer.json()

    ids = {name: ask("POST", "/v1/webhook-endpoints", {"url": one.url, "description": name})["id"] for name, one in receivers.items()}
    before = memory(server.process.pid)
    # Everybody is told everything: an account a step, twelve endpoints each.
    slowest, arrived, good = 0.0, 0, receivers["well"]
    for number in range(12):
        began = time.monotonic()
        ask("POST", "/v1/accounts", {
            "kind": "standard", "name": f"Account {number}", "currency": "CNY", "time_zone": "Asia/Shanghai", "locale": "en",
            "administrator": {"email": f"admin{number}@example.com"}})
        wanted = int(server.sql("select count(*) from outbox_events")[0][0])
        while len(good.calls) < wanted and time.monotonic() - began < 20:
            time.sleep(0.02)
        arrived = len(good.calls)
        slowest = max(slowest, time.monotonic() - began)
        time.sleep(max(0.0, 0.7 - (time.monotonic() - began)))
    events = int(server.sql("select count(*) from outbox_events")[0][0])
    tally.check(arrived == events >= 12 and slowest < TIMEOUT, f"a receiver that is well has each of {events} events on time beside {len(ids) - 1} that are not", f"the slowest after {slowest:.2f} s")
    tally.check(len({call["id"] for call in good.calls}) == len(good.calls), "and each once")
    end = time.monotonic() + 12
    while time.monotonic() < end and not all(len(receivers[name].calls) > 1 for name in ("later", "past", "dripping")):
        time.sleep(0.1)
    time.sleep(TIMEOUT + 2)
    grown = memory(server.process.pid) - before
    tally.check(grown < 100, "endless heads and bodies do not fill the server's memory", f"{grown} MB more")
    log = {name: ask("GET", f"/v1/webhook-deliveries?endpoint_id={id}&limit=100")["data"] for name, id in ids.items()}
    for name, wanted in [("dripping", "timed_out"), ("dripping head", "timed_out"), ("silent", "timed_out"), ("full", "timed_out"),
                         ("huge head", "broken"), ("huge line", "broken"), ("interim", "broken"), ("no http", "broken")]:
        tried = [one for one in log[name] if one["error"] is not None]
        took = [one["duration_ms"] / 1000 for one in tried]
        longest = max(took, default=0)
        right = tried and {one["error"] for one in tried} == {wanted} and longest < TIMEOUT + 1.5
        right = right and (wanted != "timed_out" or min(took) >= TIMEOUT - 0.1) and all(one["status"] == "waiting" for one in tried)
        tally.check(right, f"{name}: {wanted}, tried again later", f"{len(tried)} messages, {longest:.1f} s at most, {sorted({str(one['error']) for one in log[name]})}")
    held = [call["ended"] - call["came"] for name in ("dripping", "dripping head") for call in receivers[name].calls if call["ended"]]
    tally.check(held and max(held) < TIMEOUT + 2.5, "whoever drips is hung up on", f"after {max(held, default=0):.1f} s at the latest")
    kept = [ask("GET", f"/v1/webhook-deliveries/{one['id']}") for one in log["endless"][:3]]
    cut = [len(one["response_body"] or "") for one in kept]
    # Three bytes a character; the one that the cut goes through is shown as what it is.
    tally.check(kept and all(one["status"] == "succeeded" for one in kept) and set(cut) == {KEPT // 3 + 1}, "an endless reply has arrived, and 64 KiB of it are kept", str(cut))
    sent = max(call["sent"] for name in ("endless", "huge head", "huge line", "interim") for call in receivers[name].calls)
    tally.check(sent < 16 << 20, "and no more is read", f"{sent >> 10} KiB written at most, most of it into the kernel's buffers")
    again(tally, receivers["later"].calls, later)
    first, second = attempts(receivers["past"].calls)
    tally.check(second is not None and second["at"] - first["at"] < 5, "Retry-After with a date that is past asks for nothing", f"{second and second['at'] - first['at']:.1f} s")


def attempts(calls):
    """The first message, and the same one again."""
    again = [call for call in calls if call["id"] == calls[0]["id"]]
    return (again + [None, None])[:2]


def again(tally, calls, later):
    first, second = attempts(calls)
    waited = second["at"] - first["at"] if second else None
    tally.check(
        second is not None and later.named <= second["at"] < later.named + 4, "Retry-After with a date: not before it, and soon after",
        f"asked to wait {later.named - first['at']:.1f} s, waited {waited and round(waited, 1)} s")
