#!/usr/bin/env python3
"""A provider's control plane in one file: it orders, pays, suspends, reactivates, reports usage, cancels, recovers, checks entitlement and
verifies the webhooks that it is sent.

    BURSAR_URL=http://127.0.0.1:8080 BURSAR_KEY=bsk_test_… python3 lifecycle.py

Written from /docs/api alone, with Python's standard library. The key is an operator's of a sandbox tenant; the
server runs with BURSAR_WEBHOOK_LOOPBACK=yes, so that it may tell this machine.
"""

import base64
import datetime
import hashlib
import hmac
import http.server
import json
import os
import random
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid


class Refused(Exception):
    """The server's answer to what it does not do: match on `code`, show `detail`."""

    def __init__(self, status, problem):
        super().__init__(f"{status} {problem.get('code')}: {problem.get('detail')} (request {problem.get('request_id')})")
        self.status, self.code, self.problem = status, problem.get("code"), problem


class Bursar:
    def __init__(self, url, key, attempts=5):
        self.url, self.key, self.attempts = url.rstrip("/"), key, attempts

    def get(self, path, **query):
        return self.call("GET", path, query=query)

    def post(self, path, body=None, key=None, media="application/json", **query):
        """Without `key` a new one is made. Whoever may be restarted in between keeps the key with the order it belongs to."""
        return self.call("POST", path, body, key or str(uuid.uuid4()), media, query)

    def call(self, method, path, body=None, key=None, media="application/json", query=None):
        url = self.url + path + ("?" + urllib.parse.urlencode(query) if query else "")
        headers = {"Authorization": f"Bearer {self.key}", "Accept-Language": "en"}
        if key:
            headers["Idempotency-Key"] = key
        data = None
        if body is not None:
            headers["Content-Type"], data = media, json.dumps(body).encode()
        for attempt in range(self.attempts):
            wait = 0.2 * 2**attempt
            try:
                with urllib.request.urlopen(urllib.request.Request(url, data, headers, method=method), timeout=30) as answer:
                    self.replayed = answer.headers.get("Idempotent-Replayed") == "true"
                    return json.loads(answer.read() or b"null")
            except urllib.error.HTTPError as error:
                problem = json.loads(error.read() or b"{}")
                if error.code not in (429, 503) and problem.get("code") != "idempotency_key_in_use":
                    raise Refused(error.code, problem) from None
                wait = float(error.headers.get("Retry-After") or wait)
            except (urllib.error.URLError, TimeoutError, ConnectionError):
                # Nobody knows whether it was done. With the same key it is done once, however often it is asked.
                pass
            if attempt + 1 < self.attempts:
                time.sleep(wait * (1 + random.random() / 4))
        raise Refused(503, {"code": "unreachable", "detail": f"no answer after {self.attempts} attempts"})

    def all(self, path, **query):
        """Every row of a list, page by page."""
        page = self.get(path, limit=100, **query)
        yield from page["data"]
        while page["has_more"]:
            page = self.get(path, limit=100, cursor=page["next_cursor"], **query)
            yield from page["data"]


def money(amount, currency="CNY"):
    return {"amount": amount, "currency": currency}


def verified(body, headers, secrets, now=None, tolerance=300):
    """The event of a webhook, or None when it is not from the server (Standard Webhooks).

    `secrets` holds every `whsec_…` that is valid: two while one replaces the other. Compare the event's `webhook-id` with those seen
    before: the same event may come more than once.
    """
    headers = {name.lower(): value for name, value in headers.items()}
    message, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not stamp.isascii() or not stamp.isdigit() or abs((time.time() if now is None else now) - int(stamp)) > tolerance:
        return None
    signed = f"{message}.{stamp}.".encode() + body
    for secret in secrets:
        code = hmac.new(base64.b64decode(secret.removeprefix("whsec_")), signed, hashlib.sha256).digest()
        expected = "v1," + base64.b64encode(code).decode()
        if any(hmac.compare_digest(expected.encode(), given.encode()) for given in headers.get("webhook-signature", "").split(" ")):
            return json.loads(body)
    return None


# What is expected of each step is said as a check, so that a run is a test.

def check(holds, words):
    print(f"{'ok   ' if holds else 'FAIL '} {words}", flush=True)
    if not holds:
        raise SystemExit(1)


def prepaid(bursar):
    me = bursar.get("/v1/me")
    check(me["role"] == "operator", f"the key is an operator's of {me['tenant']['name']}")
    account = bursar.post("/v1/accounts", {
        "kind": "standard", "name": "Harbour Logistics", "currency": "CNY", "time_zone": "Asia/Shanghai", "locale": "zh-Hans",
        "administrator": {"email": f"admin-{uuid.uuid4().hex[:8]}@example.com", "first_name": "Mei", "last_name": "Lin"}})
    wish = {
        "account_id": account["id"], "offer": "prepaid", "name": "Warehouse telemetry",
        "payment": {"method": "sandbox", "amount": money("1000.00")}}
    tried = bursar.post("/v1/subscriptions", wish, dry_run="true")
    check(tried["dry_run"] and not list(bursar.all("/v1/subscriptions", account_id=account["id"])), "a dry run orders nothing")
    key = str(uuid.uuid4())
    subscription = bursar.post("/v1/subscriptions", wish, key)
    check(subscription["state"] == "active", "a subscription is ordered and paid for")
    again = bursar.post("/v1/subscriptions", wish, key)
    check(again["id"] == subscription["id"] and bursar.replayed, "asked again after a lost answer, it is the same one")

    path = f"/v1/subscriptions/{subscription['id']}"
    paid = bursar.post(f"{path}/payments", {"method": "sandbox", "amount": money("2000.00")})
    check(paid["credit"]["remaining"] == money("3000.00"), "a second payment adds to the credit")
    try:
        bursar.post(f"{path}/payments", {"method": "sandbox", "amount": money("1.00")})
        check(False, "a payment below the minimum is refused")
    except Refused as refused:
        check(refused.status == 422 and refused.code == "payment_below_minimum", "a payment below the minimum is refused")

    suspended = bursar.post(f"{path}/suspend", {"reason": "requested", "note": "Stock-taking"})
    check(suspended["suspension_reasons"] == ["requested"], "it is suspended on request")
    check(not bursar.get(f"{path}/entitlement")["entitled"], "suspended, it may not be used")
    check(bursar.post(f"{path}/reactivate", {"reason": "requested"})["state"] == "active", "it is reactivated")
    check(bursar.get(f"{path}/entitlement")["entitled"], "active, it may be used")
    return subscription["id"]


def usage(bursar, subscription):
    # The tenant's time, which a sandbox tenant moves by hand.
    now = bursar.get("/v1/me")["clock"]["now"]
    events = [{
        "specversion": "1.0", "id": str(uuid.uuid4()), "source": "/meters/warehouse", "type": "cost", "subject": subscription,
        "time": now, "data": {"product": "Compute", "quantity": "2", "unit": "hour", "cost": money("12.34")}} for _ in range(3)]
    media = "application/cloudevents-batch+json"
    first = bursar.post("/v1/usage-events", events, media=media)
    check((first["accepted"], first["rejected"]) == (3, 0), "three usage events are accepted")
    second = bursar.post("/v1/usage-events", events, media=media)
    check((second["accepted"], second["duplicate"]) == (0, 3), "sent again, they are duplicates and cost nothing")
    wrong = bursar.post("/v1/usage-events", [dict(events[0], id=str(uuid.uuid4()), data={"product": "Compute"})], media=media)
    check(wrong["results"][0]["code"] is not None, f"a broken event has its own verdict: {wrong['results'][0]['code']}")


def enterprise(bursar):
    now = datetime.date.fromisoformat(bursar.get("/v1/me")["clock"]["now"][:10])
    administrator = {"email": f"ea-{uuid.uuid4().hex[:8]}@example.com", "first_name": "Ada", "last_name": "Berg"}
    enrollment = bursar.post("/v1/enrollments", {
        "number": f"EA-{uuid.uuid4().hex[:8]}", "name": "Northern Rail agreement", "currency": "CNY", "commitment": money("100000.00"),
        "starts_on": now.replace(day=1).isoformat(), "ends_on": now.replace(year=now.year + 3, day=1).isoformat()})
    account = bursar.post("/v1/accounts", {
        "kind": "enterprise", "name": "Northern Rail", "currency": "CNY", "time_zone": "Asia/Shanghai", "locale": "en",
        "administrator": administrator, "enrollment_id": enrollment["id"]})
    subscription = bursar.post("/v1/subscriptions", {"account_id": account["id"], "offer": "enterprise", "name": "Timetable"})
    path = f"/v1/subscriptions/{subscription['id']}"
    cancelled = bursar.post(f"{path}/cancel", {"reason": "The project ended"})
    check(cancelled["suspension_reasons"] == ["cancelled"], "an enterprise subscription is cancelled")
    check(cancelled["delete_at"] is not None, f"its data is kept until {cancelled['delete_at']}")
    recovered = bursar.post(f"{path}/reactivate", {"reason": "cancelled"})
    check(recovered["state"] == "active" and recovered["delete_at"] is None, "and it is recovered before that")


class Receiver(http.server.ThreadingHTTPServer):
    """Somebody who is told of events: keeps what came and answers 204. A program of yours would use the server that it has."""

    daemon_threads = True

    def __init__(self):
        self.kept = []
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}/hooks"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def message(self, type, after=0, seconds=20):
        """The headers and the body of the first message of a type that has come, waited for until then."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for headers, body in self.kept[after:]:
                if json.loads(body)["type"] == type:
                    return headers, body
            time.sleep(0.05)
        check(False, f"{type} is told")


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.server.kept.append((dict(self.headers.items()), self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *words):
        pass


def webhooks(bursar, subscription):
    """Listens for one account, and verifies what the server really sends. The server has to allow it: BURSAR_WEBHOOK_LOOPBACK=yes."""
    receiver = Receiver()
    path = f"/v1/subscriptions/{subscription}"
    endpoint = bursar.post("/v1/webhook-endpoints", {"url": receiver.url, "account_id": bursar.get(path)["account_id"]})
    secret = endpoint["secret"]
    check(secret.startswith("whsec_") and "secret" not in bursar.get(f"/v1/webhook-endpoints/{endpoint['id']}"), "an endpoint is made, and its secret shown once")

    bursar.post(f"{path}/suspend", {"reason": "requested"})
    headers, body = receiver.message("subscription.suspended")
    sent = int(headers["webhook-timestamp"])
    event = verified(body, headers, [secret])
    check(event is not None, "the suspension is told, and verified")
    check(event["data"]["id"] == subscription and event["id"] == headers["webhook-id"], "it names its subscription and its own ID")
    check(bursar.get(f"/v1/events/{event['id']}") == event, "the list of events says the same")

    check(verified(body, headers, [secret], sent + 300) == event, "it holds for five minutes")
    check(verified(body, headers, [secret], sent + 301) is None, "and not for longer")
    check(verified(body, headers, [secret], sent - 301) is None, "nor from the future")
    check(verified(body + b" ", headers, [secret], sent) is None, "not when a byte was changed")
    check(verified(body, headers, ["whsec_" + base64.b64encode(bytes(32)).decode()], sent) is None, "not with another secret")
    for name, value in [("webhook-id", "evt_other"), ("webhook-timestamp", str(sent + 1)), ("webhook-signature", "v1,AAAA")]:
        check(verified(body, dict(headers, **{name: value}), [secret], sent) is None, f"not with another {name}")
    unsigned = {name: value for name, value in headers.items() if name.lower() != "webhook-signature"}
    check(verified(body, unsigned, [secret], sent) is None, "not without a signature")

    fresh, before = bursar.post(f"/v1/webhook-endpoints/{endpoint['id']}/rotate-secret")["secret"], len(receiver.kept)
    bursar.post(f"{path}/reactivate", {"reason": "requested"})
    headers, body = receiver.message("subscription.reactivated", before)
    check(all(verified(body, headers, [one]) is not None for one in (fresh, secret)), "while one secret replaces the other, either verifies")
    bursar.call("DELETE", f"/v1/webhook-endpoints/{endpoint['id']}", key=str(uuid.uuid4()))
    receiver.shutdown()


if __name__ == "__main__":
    server = Bursar(os.environ["BURSAR_URL"], os.environ["BURSAR_KEY"])
    prepaid_subscription = prepaid(server)
    usage(server, prepaid_subscription)
    enterprise(server)
    webhooks(server, prepaid_subscription)
    print("done")
