"""Limits: check 60, in races and in floods."""

import threading
import time
import uuid

from bursar import Client


def run(demo, report):
    report.guard(60, fifty_at_once, demo, report)
    report.guard(60, flood, demo, report)


def at_once(count, act):
    gate, results = threading.Barrier(count), []

    def one(number):
        gate.wait()
        try:
            results.append(act(number))
        except Exception as error:
            results.append(type(error).__name__)
    threads = [threading.Thread(target=one, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def fifty_at_once(demo, report):
    api = demo.api()
    account = api.request("POST", "/v1/accounts", {"kind": "standard", "name": "Race", "currency": "CNY", "time_zone": "UTC", "locale": "en",
                                                   "administrator": {"email": f"race-{uuid.uuid4().hex[:6]}@example.com"}}, key=uuid.uuid4().hex).json()["id"]
    pay = lambda amount: {"method": "sandbox", "amount": {"amount": amount, "currency": "CNY"}}

    def post(path, body, key=None):
        return Client(demo.port, demo.sandbox["operator_key"], timeout=120).request("POST", path, body, key=key or uuid.uuid4().hex).status
    trials = at_once(50, lambda n: post("/v1/subscriptions", {"account_id": account, "offer": "trial", "name": f"Trial {n}", "payment": pay("1.00")}))
    report.check(trials.count(201) == 1 and trials.count(409) == 49, "60 of fifty trials at once for one account there is one", {one: trials.count(one) for one in set(trials)})
    made = api.request("POST", "/v1/subscriptions", {"account_id": account, "offer": "prepaid", "name": "Race", "payment": pay("1000.00")}, key=uuid.uuid4().hex).json()["id"]
    key = uuid.uuid4().hex
    at_once(50, lambda n: post(f"/v1/subscriptions/{made}/payments", pay("1000.00"), key))
    received = len(api.request("GET", f"/v1/payments?subscription_id={made}&limit=100").json()["data"])
    report.check(received == 2, "60 fifty payments under one key are one payment", f"{received} with the first")
    stops = at_once(50, lambda n: post(f"/v1/subscriptions/{made}/suspend", {"reason": "requested"}))
    events = [one["type"] for one in api.request("GET", f"/v1/subscriptions/{made}/events?limit=100").json()["data"]]
    done = sum("suspended" in one for one in events)
    report.check(done == 1 and set(stops) <= {200, 409}, "60 of fifty who suspend at once one does", f"{done} in its history; {({one: stops.count(one) for one in set(stops)})}")


def flood(demo, report):
    """One key asks as fast as it can until it is told to wait; another key of another tenant is served meanwhile."""
    made = demo.api().request("POST", "/v1/api-keys", {"account_id": demo.account, "role": "reader", "name": "Flood", "rate_limit": 300}, key=uuid.uuid4().hex).json()
    mine, other = Client(demo.port, made.get("secret") or made["key"]), demo.api(1)
    answer, worst, count = mine.request("GET", "/v1/me"), 0.0, 1
    if not any(name.lower().startswith("ratelimit") for name in answer.headers):
        report.check(False, "60 answers say what is left of the key's quota", "no RateLimit header")
        return
    began = time.monotonic()
    while answer.status == 200 and count < 20_000 and time.monotonic() - began < 60:
        answer = mine.request("GET", "/v1/me")
        count += 1
        if count % 50 == 0:
            asked = time.monotonic()
            fair = other.request("GET", "/v1/me").status
            worst = max(worst, time.monotonic() - asked) if fair == 200 else 99
    report.check(answer.status == 429 and int(answer.headers.get("Retry-After", "0")) > 0, "60 a key that asks too often is told so, and when to come again", f"{answer.status} after {count}")
    report.check(worst < 1, "60 and nobody else waits", f"slowest {worst * 1000:.0f} ms")
