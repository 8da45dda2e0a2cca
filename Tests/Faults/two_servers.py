#!/usr/bin/env python3
"""Two servers on one database: whatever is asked of both is done once, and whoever was away too long writes nothing.

    python3 Tests/Faults/two_servers.py --binary .build/debug/bursar [--keep]

Standard library only. Prints `N passed, N failed` at the end; exit code 1 when something failed.
"""

import argparse
import datetime
import json
import os
import signal
import socket
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Harness"))

from bursar import Bursar, Client, Tally

ITEMS = 240
# RunOperation.leaseSeconds.
LEASE = 30
PAYMENT = {"method": "sandbox", "amount": {"amount": "1000.00", "currency": "CNY"}}


class Second(Bursar):
    """Another server on the first one's database; it answers on two loops."""

    def __init__(self, first):
        url = f"postgresql:///bursar?host={first.sockets}&port=5432&user=bursar_app"
        super().__init__(first.binary, {"BURSAR_DATABASE_URL": url, "BURSAR_LOOPS": "2"})

    def close(self, keep=False):
        self.data = "/nonexistent"
        super().close(keep)


def together(*calls):
    """What each answers; all begin at the same moment."""
    answers = [None] * len(calls)
    gate = threading.Barrier(len(calls))

    def run(index):
        gate.wait()
        answers[index] = calls[index]()

    threads = [threading.Thread(target=run, args=(index,)) for index in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def until(holds, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.02)
    return False


class Ground:
    """A tenant with accounts and subscriptions, made through the API."""

    def __init__(self, server, slug, *options):
        server.tenant(slug, *options)
        self.key = server.key(slug, "--role", "operator")
        self.client = Client(server.port, self.key)
        self.number = 0

    def post(self, path, body, client=None):
        self.number += 1
        answer = (client or self.client).request("POST", path, body, key=f"ground-{self.number}")
        if answer.status not in (200, 201, 202):
            raise RuntimeError(f"{path}: {answer.status} {answer.body[:300]}")
        return answer.json()

    def account(self):
        return self.post("/v1/accounts", {
            "kind": "standard", "name": "Harbour", "currency": "CNY", "time_zone": "Asia/Shanghai", "locale": "en",
            "administrator": {"email": f"admin{self.number}@example.com"}})["id"]

    def prepaid(self, count):
        account = self.account()
        return [self.post("/v1/subscriptions", {"account_id": account, "offer": "prepaid", "name": f"Number {n}", "payment": PAYMENT})["id"]
                for n in range(count)]


def same_key(a, b, ground, tally):
    paths = [f"/v1/subscriptions/{id}/payments" for id in ground.prepaid(10)]
    clients = [Client(a.port, ground.key), Client(b.port, ground.key)]
    before = int(a.sql("select count(*) from payments")[0][0])
    alike = 0
    for number in range(30):
        path = paths[number % len(paths)]
        left, right = together(*(lambda c=c: c.request("POST", path, PAYMENT, key=f"twice-{number}") for c in clients))
        replayed = [answer.headers.get("Idempotent-Replayed") for answer in (left, right)]
        alike += left.status == right.status == 200 and left.body == right.body and sorted(map(str, replayed)) == ["None", "true"]
    made = int(a.sql("select count(*) from payments")[0][0]) - before
    tally.check(alike == 30, "one key sent to both at once: both answers alike, one of them a replay", f"{alike} of 30")
    tally.check(made == 30, "one key sent to both at once: one payment each", f"{made} payments for 30 keys")
    return paths[0], left_of(clients[0], paths[0])


def left_of(client, path):
    return client.request("POST", path, PAYMENT, key="twice-0").body


def lost_answers(a, b, ground, tally):
    """The connection is cut after the request has been sent; the same is asked again of the other server."""
    paths = [f"/v1/subscriptions/{id}/payments" for id in ground.prepaid(4)]
    before = int(a.sql("select count(*) from payments")[0][0])
    body, done = json.dumps(PAYMENT).encode(), 0
    for number in range(20):
        path = paths[number % len(paths)]
        with socket.create_connection(("127.0.0.1", a.port)) as cut:
            cut.sendall(
                f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {ground.key}\r\nIdempotency-Key: lost-{number}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
            time.sleep(0.002 * (number % 5))
        answer = Client(b.port, ground.key).request("POST", path, PAYMENT, key=f"lost-{number}")
        done += answer.status == 200
    made = int(a.sql("select count(*) from payments")[0][0]) - before
    tally.check(done == 20 and made == 20, "a lost answer is asked again of the other server: done once", f"{done} answers, {made} payments")


def restart(b, ground, path, first_answer, tally):
    b.kill()
    b.start()
    answer = Client(b.port, ground.key).request("POST", path, PAYMENT, key="twice-0")
    tally.check(
        answer.status == 200 and answer.headers.get("Idempotent-Replayed") == "true" and answer.body == first_answer,
        "after kill -9 and a new start a key has its first answer", str(answer.status))


def usage(a, b, ground, tally):
    """Events of every subscription come to both servers, each event to both; both settle."""
    ids = ground.prepaid(8)
    # To the microsecond: the beginning of this second may lie before the last one was active.
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    def batch(number):
        return [{"specversion": "1.0", "id": f"e{number}-{n}", "source": "/two", "type": "cost", "subject": id, "time": now,
                 "data": {"product": "Compute", "quantity": "1", "unit": "hour", "cost": {"amount": "1.01", "currency": "CNY"}}}
                for n, id in enumerate(ids)]
    media, accepted = "application/cloudevents-batch+json", 0
    for number in range(15):
        answers = together(*(
            lambda s=s: Client(s.port, ground.key).request("POST", "/v1/usage-events", batch(number), media=media).json() for s in (a, b)))
        accepted += sum(answer["accepted"] for answer in answers)
    tally.check(accepted == 15 * len(ids), "an event that comes to both servers is accepted once", f"{accepted} of {15 * len(ids)}")
    quiet = until(lambda: a.sql("select count(*) from work.settlement_queue")[0][0] == "0")
    posted = a.sql("select coalesce(sum(posted_minor), 0) from bill_lines")[0][0]
    tally.check(quiet and posted == str(15 * len(ids) * 101), "both settle: each event is charged once", f"{posted} minor units")


def deadlines(a, b, sandbox, tally):
    """The clock is moved past every deadline on both servers at once."""
    ids = sandbox.prepaid(15)
    for id in ids:
        sandbox.post(f"/v1/subscriptions/{id}/suspend", {"reason": "requested"})
    to = {"to": "2030-01-01T00:00:00Z"}
    statuses = []
    def advance(server, key):
        answer = Client(server.port, sandbox.key, timeout=60).request("POST", "/v1/test-clock/advance", to, key=key)
        statuses.append((answer.status, answer.code))
    together(lambda: advance(a, "advance-a"), lambda: advance(b, "advance-b"))
    fine = all(status == 200 or code == "test_clock_advancing" for status, code in statuses) and any(status == 200 for status, _ in statuses)
    tally.check(fine, "an advance on both at once: one moves the clock", str(statuses))
    rows = a.sql("select count(*), count(distinct subscription_id) from transition_events where to_state = 'deleted'")
    certificates = a.sql("select count(*) from deletion_certificates")[0][0]
    tally.check(rows[0] == ["15", "15"] and certificates == "15", "each deadline runs once", f"{rows[0]} and {certificates} certificates")
    waiting = a.sql("select count(*) - count(distinct (tenant_id, kind, cause_id, email)) from mails")[0][0]
    tally.check(waiting == "0", "no letter is asked for twice", f"{a.sql('select count(*) from mails')[0][0]} letters")


def begin(ground, ids, key):
    items = [{"id": id, "idempotency_key": f"{key}-{n}"} for n, id in enumerate(ids)]
    answer = ground.client.request("POST", "/v1/subscriptions/actions", {"action": "suspend", "mode": "each", "items": items}, key=key)
    if answer.status != 202 or not answer.headers.get("Operation-Location"):
        raise RuntimeError(f"no long work: {answer.status} {answer.body[:200]}")
    return answer.json()["id"]


def held(server):
    """A lease that is held, with most of it left and nothing open in the database: its worker is between two pieces."""
    row = server.sql(
        "select (select count(*) from work.operation_queue where lease_until > now() + interval '25 s' and attempt > 0), "
        "(select count(*) from pg_stat_activity where usename = 'bursar_app' and xact_start is not null and backend_xid is not null), "
        "(select coalesce(sum(done), 0) from operations where state = 'running')")[0]
    return row[0] == "1" and row[1] == "0" and int(row[2]) > 0


def lease_left(server):
    """Seconds that the work's lease still lasts."""
    return float(server.sql("select coalesce(max(extract(epoch from lease_until - now())), 0) from work.operation_queue")[0][0])


def long_work(a, b, ground, tally):
    """One works, is stopped past its lease, and comes back after another has taken over. Nobody ends the lease: it is waited for."""
    ids = ground.many
    b.terminate()
    id = begin(ground, ids, "work")
    frozen = False
    for _ in range(400):
        os.kill(a.process.pid, signal.SIGSTOP)
        if held(a):
            frozen = True
            break
        os.kill(a.process.pid, signal.SIGCONT)
        time.sleep(0.01)
    tally.check(frozen, "the worker is stopped while it holds the lease")
    b.start()
    client = Client(b.port, ground.key)
    progress = lambda: client.request("GET", f"/v1/operations/{id}").json()
    before, left = progress()["progress"]["finished"], lease_left(a)
    # To the last second: a look then still finds the work where it stood.
    time.sleep(max(0, left - 1))
    waiting = progress()["progress"]["finished"] == before and lease_left(a) > 0
    tally.check(waiting and left > 10, "nobody takes over while the lease lasts", f"{before} of {len(ids)} for {left - 1:.0f} s")
    began = time.monotonic()
    taken = until(lambda: progress()["progress"]["finished"] > before, 20)
    late = time.monotonic() - began
    # It comes back in the middle of the other's work.
    os.kill(a.process.pid, signal.SIGCONT)
    tally.check(taken, "after the lease the other server takes over", f"{late:.1f} s after its last second began")
    done = until(lambda: progress()["state"] == "done", 60)
    result = progress()
    tally.check(done and result["progress"]["done"] == len(ids), "every item is done once and said so", json.dumps(result["progress"]))
    told = until(lambda: a.log_lines("operation left to another"), 10)
    tally.check(bool(told), "the stale worker's write is refused by the fence")
    doubled(a, ids, "suspended", tally)


def killed_work(a, b, ground, tally):
    """The worker is killed in the middle; the other goes on where it stopped."""
    ids = ground.many
    for id in ids:
        ground.post(f"/v1/subscriptions/{id}/reactivate", {"reason": "requested"})
    id = begin(ground, ids, "again")
    client = Client(a.port, ground.key)
    progress = lambda: client.request("GET", f"/v1/operations/{id}").json()
    until(lambda: progress()["progress"]["finished"] > 0, 20)
    # Whether or not it was the worker: what it left behind is taken over once its lease is over.
    b.kill()
    b.start()
    done = until(lambda: progress()["state"] == "done", LEASE + 60)
    tally.check(done and progress()["progress"]["done"] == len(ids), "after kill -9 the work goes on where it stopped", json.dumps(progress()["progress"]))
    doubled(a, ids, "suspended twice", tally, 2)


def doubled(server, ids, word, tally, times=1):
    rows = server.sql(
        "select count(*), count(distinct subscription_id) from transition_events e join subscriptions s on s.tenant_id = e.tenant_id "
        "and s.id = e.subscription_id and s.name like 'Many %' where e.to_state = 'suspended'")[0]
    tally.check(rows == [str(len(ids) * times), str(len(ids))], f"each of {len(ids)} is {word}, none more often", str(rows))


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--binary", required=True)
    options.add_argument("--keep", action="store_true")
    options = options.parse_args()
    tally = Tally()
    secrets = {"BURSAR_SECRETS_KEY": "ab" * 32}
    a = Bursar(options.binary, secrets)
    b = None
    try:
        a.start()
        live = Ground(a, "live", "--sandbox-payments")
        sandbox = Ground(a, "sandbox", "--sandbox")
        account = live.account()
        live.many = [None] * ITEMS

        def make(part):
            client = Client(a.port, live.key)
            for n in range(part, ITEMS, 6):
                answer = client.request("POST", "/v1/subscriptions", {
                    "account_id": account, "offer": "prepaid", "name": f"Many {n}", "payment": PAYMENT}, key=f"many-{n}")
                live.many[n] = answer.json()["id"]

        together(*(lambda part=part: make(part) for part in range(6)))
        b = Second(a)
        b.environment.update(secrets)
        b.start()
        path, answer = same_key(a, b, live, tally)
        restart(b, live, path, answer, tally)
        lost_answers(a, b, live, tally)
        usage(a, b, live, tally)
        deadlines(a, b, sandbox, tally)
        long_work(a, b, live, tally)
        killed_work(a, b, live, tally)
        well, bad, findings = a.doctor()
        tally.check(well, "doctor is green", "; ".join(bad[:3]) if bad else f"{findings} findings")
    finally:
        if a.process is not None and a.process.poll() is None:
            os.kill(a.process.pid, signal.SIGCONT)
        if b is not None:
            b.close(options.keep)
        a.close(options.keep)
    return tally.close()


if __name__ == "__main__":
    sys.exit(main())
