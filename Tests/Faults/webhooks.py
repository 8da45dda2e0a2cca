#!/usr/bin/env python3
"""Webhooks to a receiver that drops, delays and fails, from a server that is killed while it sends; then to receivers that no server deserves.

    python3 Tests/Faults/webhooks.py --binary .build/debug/bursar [--events 10000] [--kills 50] [--keep]

Each event arrives, none under two IDs, each signed; what happened to one object can be put in order by its sequence. Replies that drip, never end or never
come (receivers.py) are cut and hold nobody else up. Standard library only.
Prints `N passed, N failed` at the end; exit code 1 when something failed.
"""

import argparse
import base64
import collections
import hashlib
import hmac
import http.client
import json
import os
import random
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Harness"))

import receivers
from bursar import Bursar, Client, Tally
from receiver import Listener


class Receiver:
    """Keeps every message that it takes; loses, refuses and delays as often as it is told to."""

    def __init__(self):
        self.lock = threading.Lock()
        self.taken = []
        self.asked = 0
        self.faults = 0.0
        self.secret = b""
        self.unsigned = 0
        self.port = Listener(self.answer).port

    def answer(self, headers, body):
        fate = self.take(headers, body)
        if fate == "late":
            time.sleep(random.uniform(0.05, 0.4))
        return None if fate == "dropped" else 500 if fate == "failed" else 204

    def take(self, headers, body):
        """One in ten is lost, one in ten refused, one in ten answered late: after it was read, as real receivers do, or before."""
        id, stamp = headers["webhook-id"], headers["webhook-timestamp"]
        code = hmac.new(self.secret, f"{id}.{stamp}.".encode() + body, hashlib.sha256).digest()
        good = f"v1,{base64.b64encode(code).decode()}" in headers["webhook-signature"].split(" ")
        draw = random.random()
        fate = "taken"
        if draw < self.faults:
            fate = ("dropped", "failed", "late")[int(draw / self.faults * 3)]
        kept = fate in ("taken", "late") or random.random() < 0.5
        with self.lock:
            self.asked += 1
            self.unsigned += not good
            if kept:
                self.taken.append((id, json.loads(body)))
        return fate

    def messages(self):
        with self.lock:
            return list(self.taken)


def wait(holds, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.2)
    return holds()


class Story:
    """A sandbox tenant whose operator suspends and reactivates: each step is an event of its subscription."""

    def __init__(self, server, receiver):
        server.tenant("told", "--sandbox")
        self.server, self.key = server, server.key("told", "--role", "operator")
        self.client = Client(server.port, self.key)
        made = self.ask("POST", "/v1/webhook-endpoints", {"url": f"http://127.0.0.1:{receiver.port}/hooks"}, "endpoint")
        receiver.secret = base64.b64decode(made["secret"].removeprefix("whsec_"))
        account = self.ask("POST", "/v1/accounts", {
            "kind": "standard", "name": "港口物流", "currency": "CNY", "time_zone": "Asia/Shanghai", "locale": "en",
            "administrator": {"email": "mei@example.com"}}, "account")["id"]
        amount = {"amount": "1000.00", "currency": "CNY"}
        self.subscriptions = [
            self.ask("POST", "/v1/subscriptions", {
                "account_id": account, "offer": "prepaid", "name": f"Series {number}", "payment": {"method": "sandbox", "amount": amount}},
                f"subscription-{number}")["id"]
            for number in range(20)]

    def ask(self, method, path, body, key):
        """Asked again under the same key until there is an answer, as a program does whose server goes away."""
        for _ in range(600):
            try:
                answer = self.client.request(method, path, body, key=key)
                if answer.status < 300:
                    return answer.json()
                if answer.status not in (409, 503):
                    raise RuntimeError(f"{path}: {answer.status} {answer.body[:300]}")
            except (OSError, http.client.HTTPException):
                self.client.close()
            time.sleep(0.1)
        raise RuntimeError(f"{path} was never answered")

    def cause(self, events):
        for number in range(events):
            subscription = self.subscriptions[number // 2 % len(self.subscriptions)]
            verb = "reactivate" if number % 2 else "suspend"
            self.ask("POST", f"/v1/subscriptions/{subscription}/{verb}", {"reason": "requested"}, f"step-{number}")


def run(tally, server, receiver, events, kills):
    story = Story(server, receiver)
    receiver.faults = 0.3
    failure = []

    def work():
        try:
            story.cause(events)
        except Exception as error:
            failure.append(str(error))

    began = time.monotonic()
    writer = threading.Thread(target=work)
    writer.start()
    for _ in range(kills):
        time.sleep(random.uniform(0.4, 1.2))
        server.kill()
        server.start()
    writer.join()
    tally.check(not failure, f"{events} changes are made through {kills} kills", "; ".join(failure))
    count = lambda what: int(server.sql(what)[0][0])
    waiting = lambda: count("select count(*) from webhook_deliveries where status = 'waiting'") + count(
        "select count(*) from outbox_events where webhooks_due")
    done = wait(lambda: waiting() == 0, 60 + events // 10)
    seconds = time.monotonic() - began
    tally.check(done, "nothing waits in the end", str(server.sql("select status, error, count(*) from webhook_deliveries group by 1, 2")))
    tally.check(count("select count(*) from webhook_deliveries where status = 'failed'") == 0, "nothing is given up")
    # Every event after the endpoint was made: the account, the payments, and each step.
    told = {row[0]: row for row in server.sql(
        "select id, object_id, type, sequence from outbox_events where id in (select event_id from webhook_deliveries)")}
    every = count("select count(*) from outbox_events")
    messages = receiver.messages()
    arrived = collections.Counter(id for id, _ in messages)
    tally.check(len(told) == every >= events, f"each of {every} events is on its way", str(len(told)))
    tally.check(len(arrived) == every, f"each of {every} events arrived", str(len(arrived)))
    tally.check(receiver.unsigned == 0, "each attempt is signed")
    names = collections.defaultdict(set)
    for id, body in messages:
        names[(body["data"]["id"], body["type"], body["sequence"])].add(id)
    tally.check(len(names) == every and all(len(ids) == 1 for ids in names.values()), "no event came under two IDs")
    tally.check(all(id == body["id"] for id, body in messages), "the ID in the header is the one in the body")
    steps = collections.defaultdict(dict)
    for _, body in messages:
        if body["data"]["object"] == "subscription":
            steps[body["data"]["id"]][body["sequence"]] = body["type"]
    right = 0
    for subscription in story.subscriptions:
        history = [event["type"] for event in everything(story, f"/v1/subscriptions/{subscription}/events")]
        right += [steps[subscription][number] for number in sorted(steps[subscription])] == history[::-1]
    tally.check(right == len(story.subscriptions), "put in order by its sequence, what each object did is its history", str(right))
    well, bad, _ = server.doctor()
    tally.check(well, "the doctor finds nothing", "; ".join(bad))
    again = sum(arrived.values()) - len(arrived)
    print(f"{every} events, {kills} kills, {seconds:.0f} s: {receiver.asked} attempts, {again} came a second time under the same ID")


def everything(story, path):
    cursor, found = None, []
    while True:
        page = story.ask("GET", f"{path}?limit=100" + (f"&cursor={cursor}" if cursor else ""), None, None)
        found += page["data"]
        cursor = page["next_cursor"]
        if not cursor:
            return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", required=True)
    parser.add_argument("--events", type=int, default=300)
    parser.add_argument("--kills", type=int, default=4)
    parser.add_argument("--keep", action="store_true")
    arguments = parser.parse_args()
    tally, receiver = Tally(), Receiver()
    # The schedule of three days, run in a few seconds a step; the lease of a killed server's messages runs out accordingly.
    server = Bursar(arguments.binary, {
        "BURSAR_WEBHOOK_LOOPBACK": "yes", "BURSAR_WEBHOOK_TIMEOUT": "2", "BURSAR_WEBHOOK_RETRIES": ",".join(["1"] * 10 + ["2"] * 40)})
    try:
        server.start()
        run(tally, server, receiver, arguments.events, arguments.kills)
    finally:
        server.close(keep=arguments.keep)
    receivers.run(tally, arguments.binary)
    return tally.close()


if __name__ == "__main__":
    sys.exit(main())
