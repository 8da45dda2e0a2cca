#!/usr/bin/env python3
"""Kills the server while it advances a tenant's clock over hundreds of deadlines, and asks for the same advance again until it answers: then everything is as it is
at a twin whose advance nobody disturbed.

    python3 Tests/Faults/clock.py --binary .build/debug/bursar [--kills 3] [--accounts 40] [--seed N] [--keep]

The twin has the same data on a server and a database of its own. Each kill costs the fifteen seconds that a killed advance holds its lease; they are waited for.
Standard library only. Prints `N passed, N failed` at the end; exit code 1 when something failed.
"""

import argparse
import collections
import http.client
import os
import random
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Harness"))

from bursar import Bursar, Client, Psql, Tally
from checker import uuid_of

# Both clocks stand here while the data is made, so that the twins agree to the microsecond. A Tuesday.
START, END = "2035-01-02T09:00:00Z", "2035-04-13T09:00:00Z"
ZONES = ["Asia/Shanghai", "UTC", "Europe/Berlin", "America/New_York"]
# Counted by hand, of one account: six payments; fourteen Mondays; the trial's month that ends; four suspended (two at once, one used up, the trial), of which three are told 30, 14, 7 and 1
# days ahead and the trial, with its fifteen days, 14, 7 and 1; their four deletions, and four orders that nobody paid.
LETTERS = {"invitation": 1, "payment_received": 6, "balance_notice": 14, "credit_expiring": 1, "suspended": 4, "deletion_countdown": 15, "deleted": 4, "lapsed": 4}
TENANT = "tenant_id = (select id from identity.tenants where slug = 'twin')"


class Twin:
    """A sandbox tenant with an order for every kind of deadline, on a server of its own."""

    def __init__(self, binary):
        self.server = Bursar(binary)
        # Number of an account or a subscription, by the ID that the database has for it.
        self.names = {}
        self.failure = None

    def open(self):
        self.server.start()
        self.server.tenant("twin", "--sandbox")
        self.key = self.server.key("twin", "--role", "operator")
        self.post("/v1/test-clock/advance", {"to": START}, "start")

    def post(self, path, body, key, client=None, media="application/json"):
        answer = (client or Client(self.server.port, self.key)).request("POST", path, body, key=key, media=media)
        if answer.status not in (200, 201):
            raise RuntimeError(f"{path}: {answer.status} {answer.body[:300]}")
        return answer.json()

    def some(self, numbers):
        client = Client(self.server.port, self.key)
        try:
            for number in numbers:
                self.account(number, client)
        except Exception as error:
            self.failure = error

    def account(self, number, client):
        """Ten subscriptions: a trial, two suspended, one used up, one half used, one untouched, four that nobody ever pays."""
        account = self.post("/v1/accounts", {
            "kind": "standard", "name": f"Account {number}", "currency": "CNY", "time_zone": ZONES[number % len(ZONES)], "locale": "en",
            "administrator": {"email": f"admin{number}@example.com"}}, f"account-{number}", client)["id"]
        self.names[uuid_of(account)] = f"account {number}"
        ids = []
        for place, (offer, paid) in enumerate([("trial", "1.00")] + [("prepaid", "1000.00")] * 5 + [("prepaid", None)] * 4):
            body = {"account_id": account, "offer": offer, "name": f"Number {number}-{place}"}
            if paid:
                body["payment"] = {"method": "sandbox", "amount": {"amount": paid, "currency": "CNY"}}
            ids.append(self.post("/v1/subscriptions", body, f"order-{number}-{place}", client)["id"])
            self.names[uuid_of(ids[-1])] = f"subscription {number}-{place}"
        for place in (1, 2):
            self.post(f"/v1/subscriptions/{ids[place]}/suspend", {"reason": "requested"}, f"suspend-{number}-{place}", client)
        events = [{"specversion": "1.0", "id": f"{number}-{place}", "source": "/clock", "type": "cost", "subject": ids[place], "time": START, "data": {
            "product": "Compute", "quantity": "1", "unit": "hour", "cost": {"amount": cost, "currency": "CNY"}}}
            for place, cost in [(0, "12.345"), (3, "1000.00"), (4, "500.055")]]
        answer = self.post("/v1/usage-events", events, f"use-{number}", client, media="application/cloudevents-batch+json")
        if answer["accepted"] != len(events):
            raise RuntimeError(f"usage of account {number}: {answer}")

    # What is there afterwards

    def settled(self):
        """Waits until no usage is left to settle and no event to write letters of; these are two works of the server that do not wait for each other."""
        end = time.monotonic() + 60
        left = "select (select count(*) from work.settlement_queue) + (select count(*) from outbox_events where letters_at is null)"
        while self.server.sql(left) != [["0"]] and time.monotonic() < end:
            time.sleep(0.1)

    def rows(self, statement):
        """The rows of a statement with every ID replaced by what it stands for; how often each is there."""
        named = lambda value: self.names.get(value, value)
        return collections.Counter(tuple(named(value) for value in row) for row in self.server.sql(f"set timezone = 'UTC'; {statement.format(tenant=TENANT)}"))

    def state(self):
        return {name: self.rows(statement) for name, statement in WHOLE.items()}


# What must be equal, to the instant. IDs that the server makes differ between the twins and are left out, and so is the real time that something was written at.
WHOLE = {
    "states": "select id, state, suspension_reasons, outstanding_minor, activated_at, suspended_at, delete_at, deleted_at, lapse_at, services_configured, version "
              "from subscriptions where {tenant}",
    "history": "select subscription_id, sequence, at, type, rule, actor_kind, reason, from_state, to_state from transition_events where {tenant}",
    # A settlement may take usage in one piece or in two.
    "ledger": "select account_id, subscription_id, purpose, debit_kind, credit_kind, posted_at, sum(amount_minor) from ledger_transfers where {tenant} "
              "group by 1, 2, 3, 4, 5, 6",
    "balances": "select kind, currency, sum(balance_minor), count(*) from ledger_accounts where {tenant} group by 1, 2",
    "orders": "select subscription_id, kind, status, amount_minor, created_at, completed_at from orders where {tenant}",
    "lots": "select subscription_id, source, amount_minor, effective_at, expires_at, expired_at from credit_lots where {tenant}",
    "certificates": "select subscription_id, deleted_at, rule, suspended_at, delete_at, reasons, erased, kept from deletion_certificates where {tenant}",
    "letters": "select kind, account_id, subscription_id, email, occurred_at, erased_at is null from mails where {tenant}",
    "audit": "select action, object_kind, case object_kind when 'subscription' then object_id end, account_id, at, actor_kind, reason, from_state, to_state "
             f"from audit_events where {{tenant}} and at >= '{START}' and action not like 'test_clock%'",
    "events": "select type, object_kind, case object_kind when 'subscription' then object_id end, account_id, sequence, occurred_at from outbox_events where {tenant}",
    "usage": "select subscription_id, count(*), sum(cost) from usage_records where {tenant} group by 1",
    "lines": "select subscription_id, bill_month, product, quantity, exact_amount, posted_minor, fixed_at from bill_lines where {tenant}",
    "deadlines": "select kind, subscription_id, due_at, attempts from timers where {tenant}",
    "notices": "select kind, account_id, subscription_id, due_at, attempts from notice_timers where {tenant}",
    "clock": "select now_at, advancing_to, advance_lease from test_clocks where {tenant}",
}


def differences(one, other):
    """Every kind of thing in which the two differ, with how much and the first of each."""
    found = {}
    for name in WHOLE:
        if one[name] != other[name]:
            missing, more = one[name] - other[name], other[name] - one[name]
            found[name] = f"{sum(missing.values())} missing, {sum(more.values())} too many: {[*missing][:2]} {[*more][:2]}"
    return found


def fill(twins, accounts):
    threads = [threading.Thread(target=twin.some, args=(range(part, accounts, 4),)) for twin in twins for part in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for twin in twins:
        if twin.failure:
            raise twin.failure


class Advance(threading.Thread):
    """Asks for the one advance, under the one key, until it is answered."""

    def __init__(self, twin):
        super().__init__(daemon=True)
        self.twin, self.answer, self.asked, self.refused, self.seconds = twin, None, 0, collections.Counter(), 0

    def run(self):
        began = time.monotonic()
        while self.answer is None:
            self.asked += 1
            try:
                answer = Client(self.twin.server.port, self.twin.key, timeout=300).request("POST", "/v1/test-clock/advance", {"to": END}, key="advance")
            except (OSError, http.client.HTTPException):
                time.sleep(0.1)
                continue
            if answer.status in (409, 503):
                self.refused[answer.code] += 1
                time.sleep(0.3)
            else:
                self.answer, self.seconds = answer, time.monotonic() - began


def kill(twin, advance, kills, chance):
    """Ends the server so many times, each time a moment after the clock has moved on; answers (how often the advance was under way, how far the clock had come)."""
    hit, stood = 0, []
    look = Psql(twin.server)
    clock = lambda: look.ask("select now_at, advancing_to is not null from test_clocks")[0].split("|")
    try:
        before = clock()[0]
        for _ in range(kills):
            end = time.monotonic() + 60
            while clock()[0] == before and advance.answer is None and time.monotonic() < end:
                time.sleep(0.02)
            time.sleep(chance.uniform(0.05, 0.5))
            twin.server.kill()
            before, running = clock()
            hit += running == "t"
            stood.append(before[:10])
            twin.server.start()
    finally:
        look.close()
    return hit, stood


def controls(state, tally):
    """The comparison sees a letter that was written twice, a certificate that is missing, a posting, a step or an audit event too many."""
    for name in ("letters", "certificates", "ledger", "history", "audit"):
        broken = {**state, name: collections.Counter(state[name])}
        row = next(iter(broken[name]))
        broken[name][row] += 1
        twice = differences(state, broken)
        del broken[name][row]
        tally.check(name in twice and name in differences(state, broken), f"control: of the {name} one too many and one too few are seen")


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--binary", default=".build/debug/bursar")
    options.add_argument("--kills", type=int, default=3)
    options.add_argument("--accounts", type=int, default=40, help="each with ten subscriptions")
    options.add_argument("--seed", type=int, default=random.SystemRandom().randint(1, 999_999))
    options.add_argument("--keep", action="store_true")
    asked = options.parse_args()
    print(f"clock: {asked.kills} kills, {asked.accounts * 10} subscriptions, seed {asked.seed}", flush=True)
    tally, began = Tally(), time.monotonic()
    twins = [Twin(asked.binary), Twin(asked.binary)]
    calm, struck = twins
    try:
        for twin in twins:
            twin.open()
        fill(twins, asked.accounts)
        for twin in twins:
            twin.settled()
        print(f"      the data was made in {time.monotonic() - began:.0f} s", flush=True)
        alike = differences(calm.state(), struck.state())
        tally.check(not alike, "the twins are alike to begin with", str(alike) if alike else "")
        advances = [Advance(twin) for twin in twins]
        for advance in advances:
            advance.start()
        hit, stood = kill(struck, advances[1], asked.kills, random.Random(asked.seed))
        # A fast machine may be through before the last one.
        tally.check(hit >= max(1, asked.kills - 1), f"{asked.kills} kills, in the middle of the advance", f"{hit} of them, the clock at {', '.join(stood)}")
        for advance in advances:
            advance.join(300)
        answers = [advance.answer for advance in advances]
        tally.check(all(answer is not None and answer.status == 200 for answer in answers), "both advances are answered in the end",
                    f"asked {advances[1].asked} times under one key, refused {dict(advances[1].refused)}; "
                    f"{[answer and answer.status for answer in answers]} after {advances[0].seconds:.0f} and {advances[1].seconds:.0f} s")
        again = Client(struck.server.port, struck.key).request("POST", "/v1/test-clock/advance", {"to": END}, key="advance")
        tally.check(again.headers.get("Idempotent-Replayed") == "true" and answers[1] is not None and again.body == answers[1].body,
                    "asked once more, the key has its answer")
        states = [twin.state() for twin in twins]
        found = differences(*states)
        for name in WHOLE:
            tally.check(name not in found, f"{name} are as the twin's", found.get(name) or f"{sum(states[1][name].values())} rows")
        deleted = sum(count for row, count in states[1]["states"].items() if row[1] == "deleted")
        tally.check(deleted == asked.accounts * 8 and sum(states[1]["certificates"].values()) == deleted,
                    "what was to be deleted is, with a certificate each", f"{deleted} of {asked.accounts * 10}")
        kinds = collections.Counter(row[0] for row in states[1]["letters"].elements())
        tally.check(kinds == {kind: count * asked.accounts for kind, count in LETTERS.items()}, "every letter is there once", str(dict(kinds)))
        controls(states[1], tally)
        for name, twin in zip(("the twin", "the struck one"), twins):
            well, bad, count = twin.server.doctor()
            tally.check(well, f"doctor is green at {name}", "; ".join(bad[:3]) or f"{count} findings")
    except Exception as error:  # Whatever it was, the closing line has to say that it failed.
        tally.check(False, "the run came to its end", f"{type(error).__name__}: {error}")
    finally:
        for twin in twins:
            twin.server.close(asked.keep)
    print(f"      {time.monotonic() - began:.0f} s, seed {asked.seed}")
    return tally.close()


if __name__ == "__main__":
    sys.exit(main())
