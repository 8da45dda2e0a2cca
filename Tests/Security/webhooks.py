"""Webhooks: checks 46 to 50, against receivers of this script's own. Where this server's program has no webhooks, nothing is checked and the table says so."""

import base64
import hashlib
import hmac
import http.server
import socket
import threading
import time
import uuid

import rebinding
from bursar import Bursar, Client

PRIVATE = ["127.0.0.1", "127.1", "2130706433", "0x7f.1", "0x7f000001", "0177.0.0.1", "0", "0.0.0.0", "[::]", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "[64:ff9b::10.0.0.1]", "[2002:7f00:1::]",
           "[2002:a00:1::1]", "[2001:0:7f00:1::]", "[2001:0:0:0:0:0:80ff:fffe]", "169.254.169.254", "[fe80::1]", "[fc00::1]", "[fd00:ec2::254]", "10.0.0.1", "172.16.0.1", "192.168.0.1", "100.64.0.1", "192.0.0.1", "198.18.0.1",
           "224.0.0.1", "255.255.255.255", "240.0.0.1", "localhost", "localhost.", "LOCALHOST", "127.0.0.1.", "①②⑦.0.0.1", "[ff02::1]", "192.0.2.1"]


class Receiver(http.server.ThreadingHTTPServer):
    """Keeps what it is sent; `manner` says how it answers."""
    daemon_threads = True

    def __init__(self, manner="well", to=None):
        self.manner, self.to, self.got = manner, to, []
        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/hook"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.server.got.append((time.time(), dict((name.lower(), value) for name, value in self.headers.items()), body))
        manner = self.server.manner
        try:
            if manner == "redirect":
                self.send_response(302)
                self.send_header("Location", self.server.to)
                self.end_headers()
            elif manner == "huge":
                self.send_response(200)
                self.end_headers()
                for _ in range(2000):
                    self.wfile.write(b"x" * 65536)
            elif manner == "drip":
                self.send_response(200)
                self.end_headers()
                for _ in range(120):
                    self.wfile.write(b"x")
                    self.wfile.flush()
                    time.sleep(1)
            else:
                self.send_response(200)
                self.end_headers()
        except OSError:
            self.server.got.append((time.time(), {"cut": "yes"}, b""))

    do_GET = do_POST

    def log_message(self, *words):
        pass


def run(demo, report):
    if "/v1/webhook-endpoints" not in demo.api().request("GET", "/openapi.json").json()["paths"]:
        print("      46 to 50: this program has no webhooks", flush=True)
        return
    report.guard(46, at_save, demo, report)
    server = Bursar(demo.binary, {"BURSAR_WEBHOOK_LOOPBACK": "yes"})
    try:
        server.start()
        server.tenant("hooks", "--sandbox")
        api = Client(server.port, server.key("hooks", "--role", "operator"))
        report.guard(48, delivered, api, report)
    finally:
        server.close()
    report.guard(47, names, demo, report)
    report.guard(47, rebound, demo, report)


def endpoint(api, url):
    return api.request("POST", "/v1/webhook-endpoints", {"url": url}, key=uuid.uuid4().hex)


def at_save(demo, report):
    api = demo.api()
    taken = [host for host in PRIVATE for url in (f"http://{host}/hook", f"https://{host}/hook") if endpoint(api, url).status not in (400, 422)]
    report.check(not taken, "46 no private address is saved, however it is written", f"{len(PRIVATE)} ways of writing; {taken}")
    odd = ["ftp://example.com/", "file:///etc/passwd", "gopher://example.com/", "http://user:password@example.com/", "http://example.com:22/", "http://example.com:6379/", "//example.com/", "http:///x", "javascript:alert(1)", "http://exa mple.com/",
           "http://example.com\r\nHost: x/", "http://example.com:99999/", "http://127.0.0.1#@example.com/", "http://example.com@127.0.0.1/", "http://[::1%25lo]/"]
    taken = [url for url in odd if endpoint(api, url).status not in (400, 422)]
    report.check(not taken, "48 only http and https, and the ports that are open to it", taken)
    # What got past the save, by whatever way, is looked at again before it is called.
    catch = Receiver()
    made = endpoint(api, "https://example.com/hook")
    if made.status == 201:
        port = catch.server_address[1]
        demo.sql(f"update webhook_endpoints set url = 'http://127.0.0.1:{port}/hook' where url = 'https://example.com/hook'")
        api.request("POST", f"/v1/webhook-endpoints/{made.json()['id']}/test", {}, key=uuid.uuid4().hex)
        time.sleep(4)
    report.check(made.status == 201 and not catch.got, "46 and none is called when it stands in the table anyway", f"{made.status} {len(catch.got)}")
    catch.shutdown()
    demo.sql("update webhook_endpoints set state = 'disabled', disabled_reason = 'requested', disabled_at = now() where state = 'enabled'")


def delivered(api, report):
    """One receiver that is well, one that sends elsewhere, one that never ends, one that drips: the first has its events on time."""
    target = Receiver()
    receivers = {"well": Receiver(), "redirect": Receiver("redirect", target.url), "huge": Receiver("huge"), "drip": Receiver("drip")}
    made = {name: endpoint(api, one.url).json() for name, one in receivers.items()}
    for name in ("drip", "huge", "redirect", "well"):
        api.request("POST", f"/v1/webhook-endpoints/{made[name]['id']}/test", {}, key=uuid.uuid4().hex)
    began = time.time()
    well = receivers["well"]
    while not well.got and time.time() - began < 15:
        time.sleep(0.05)
    report.check(bool(well.got), "49 a receiver that is well has its event while others hang", f"after {time.time() - began:.1f} s")
    signature(api, made["well"], well, report)
    time.sleep(max(0, 26 - (time.time() - began)))
    report.check(receivers["redirect"].got and not target.got, "48 a redirect is not followed", f"{len(receivers['redirect'].got)} sent, {len(target.got)} followed")
    kept = api.request("GET", "/v1/webhook-deliveries?limit=100").json()["data"]
    bodies = [len((api.request("GET", f"/v1/webhook-deliveries/{one['id']}").json().get("response_body") or "")) for one in kept]
    cut = [name for name in ("huge", "drip") if any("cut" in headers for _, headers, _ in receivers[name].got)]
    report.check(len(cut) == 2 and max(bodies) <= 65536, "49 endless, huge and dripping replies are cut", f"{cut}; longest kept {max(bodies)}")
    for one in receivers.values():
        one.shutdown()
    target.shutdown()


def signature(api, made, well, report):
    when, headers, body = well.got[0]

    def signed(secret, headers, body):
        text = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        return "v1," + base64.b64encode(hmac.new(base64.b64decode(secret.removeprefix("whsec_")), text, hashlib.sha256).digest()).decode()
    report.check(signed(made["secret"], headers, body) in headers["webhook-signature"].split(" "), "50 HMAC-SHA-256 over id, time and body")
    report.check(abs(int(headers["webhook-timestamp"]) - when) < 300, "50 its time is that of the sending, so that what is old can be refused")
    report.check(signed(made["secret"], headers, body + b" ") not in headers["webhook-signature"], "50 another body has another signature")
    rotated = api.request("POST", f"/v1/webhook-endpoints/{made['id']}/rotate-secret", {}, key=uuid.uuid4().hex)
    fresh = rotated.json().get("secret", "")
    before = len(well.got)
    api.request("POST", f"/v1/webhook-endpoints/{made['id']}/test", {}, key=uuid.uuid4().hex)
    began = time.time()
    while len(well.got) == before and time.time() - began < 15:
        time.sleep(0.05)
    _, headers, body = well.got[-1]
    both = headers["webhook-signature"].split(" ")
    report.check(fresh and signed(fresh, headers, body) in both and signed(made["secret"], headers, body) in both, "50 during a rotation both secrets sign", len(both))


def names(demo, report):
    """A name that resolves to a private address is not called, whatever it was when it was saved: `localtest.invalid` cannot be resolved, `localhost` can."""
    api, catch = demo.api(), Receiver()
    made = endpoint(api, "https://example.com/hook")
    port = catch.server_address[1]
    for host in ("localhost", "ip6-localhost", socket.gethostname()):
        demo.sql(f"update webhook_endpoints set state = 'enabled', disabled_reason = null, disabled_at = null, url = 'http://{host}:{port}/hook' where id = "
                 "(select id from webhook_endpoints order by created_at desc limit 1)")
        api.request("POST", f"/v1/webhook-endpoints/{made.json()['id']}/test", {}, key=uuid.uuid4().hex)
        time.sleep(3)
    report.check(not catch.got, "47 a name is judged by the address that is connected to", f"{len(catch.got)} contacts")
    catch.shutdown()


def rebound(demo, report):
    """Names that answer with a public address at first and with one of this machine later, from a name server of the script's own."""
    seen = rebinding.begin(demo.binary)
    if "skipped" in seen:
        print(f"      47: names that change are skipped here: {seen['skipped']}", flush=True)
        return
    first, second, control = (sorted(set(seen[part].values())) for part in ("first", "second", "control"))
    count = len(rebinding.NAMES)
    report.check(first == ["succeeded"] and seen["public"] == count == len(seen["first"]), "47 names that lead outside are told, over IPv4 and IPv6", f"{count} names, {seen['public']} contacts, {first}")
    report.check(second == ["address_refused"] and seen["private"] == 0 and len(seen["second"]) == count, "47 when they lead to this machine or a network inside (A, AAAA, mapped, both), nobody there is contacted",
                 f"{count} names, {seen['private']} contacts, {second}")
    late = [line for line in seen["asked"] if line.endswith("late")]
    report.check(len(late) == count * 2, "47 each name was asked for again, A and AAAA", late)
    report.check(control == ["succeeded"] and seen["allowed"] > 0, "47 they do lead here: where it is allowed they are contacted", f"{seen['allowed']} contacts, {control}")
