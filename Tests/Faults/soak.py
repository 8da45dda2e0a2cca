#!/usr/bin/env python3
"""A long day: a server with a population under a mixed load, looked at from outside all the while. What it holds must not grow, and nothing may fail.

    python3 Tests/Faults/soak.py --binary .build/release/bursar [--minutes 60] [--subscriptions 2000] [--keep]

Reads, entitlement, batches of usage, payments, suspensions, pages and files of somebody signed in, webhooks to a receiver that counts them, and a second tenant
whose test clock moves by a day again and again. Every few seconds it samples memory and descriptors of the server and of PostgreSQL's processes, the gauges of
/metrics, WAL and temporary files; the last third of the run is compared with the second. Standard library only.
Prints figures, and `N passed, N failed` at the end; exit code 1 when something failed.
"""

import argparse
import collections
import datetime
import http.client
import os
import random
import re
import sys
import threading
import time
import urllib.parse
import uuid

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "Harness"), os.path.join(HERE, "..", "Benchmarks")]

import population
from bursar import Bursar, Client, Tally
from receiver import Listener
from writers import account_body, payment_body

LIVE, MOVING = "live", "moving"
NUMBER = 1
MEGABYTE = 1024 * 1024
# What may come on top of the second third: a tenth, and what an allocator or a cache may take by chance.
SLACK = {"server": 8 * MEGABYTE, "backends": 16 * MEGABYTE}
DESCRIPTORS = 8
BATCH = "application/cloudevents-batch+json"


class Counter:
    """Is told of events, and remembers how many."""

    def __init__(self):
        self.count = 0
        self.port = Listener(self.take).port

    def take(self, headers, body):
        self.count += 1
        return 204


class Load:
    """What all workers did: answers by kind and status, and the ones that should not be."""

    def __init__(self):
        self.lock = threading.Lock()
        self.stop = threading.Event()
        self.statuses = collections.defaultdict(collections.Counter)
        # What was not as it should be, and when.
        self.wrong = []

    def note(self, kind, status, wanted, words=""):
        with self.lock:
            self.statuses[kind][status] += 1
            if status not in wanted:
                self.wrong.append((time.monotonic(), status, f"{kind}: {status} {words}"))

    @property
    def answers(self):
        with self.lock:
            return sum(sum(counts.values()) for counts in self.statuses.values())


class Worker(threading.Thread):
    """One connection that asks for one kind of thing, with a pause after each."""

    def __init__(self, kind, story, pause, step):
        super().__init__(name=kind, daemon=True)
        self.kind, self.story, self.pause, self.step = kind, story, pause, step
        self.random = random.Random(f"{kind} {uuid.uuid4()}")
        self.turn = 0
        self.client = Client(story.server.port, story.keys[MOVING if kind == "clock" else LIVE], timeout=120)

    def run(self):
        while not self.story.load.stop.is_set():
            try:
                self.step(self)
            except (OSError, http.client.HTTPException) as error:
                self.client.close()
                self.story.load.note(self.kind, type(error).__name__, (), str(error)[:100])
            self.turn += 1
            self.story.load.stop.wait(self.pause)
        self.client.close()

    def ask(self, method, path, body=None, wanted=(200,), **more):
        if method == "POST" and "key" not in more:
            more["key"] = f"soak-{uuid.uuid4().hex}"
        answer = self.client.request(method, path, body, **more)
        self.story.load.note(self.kind, answer.status, wanted, f"{path.split('?')[0]} {answer.code or ''}")
        return answer

    def anyone(self):
        return population.subscription_id(NUMBER, self.random.randint(1, self.story.count))


def now():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def usage(subscriptions, source, at, cost):
    batch = uuid.uuid4().hex
    return [
        {"specversion": "1.0", "id": f"{batch}-{index}", "source": source, "type": "cost", "subject": subscription, "time": at, "data": {
            "product": "Virtual machine", "quantity": "1.25", "unit": "hour", "cost": {"amount": cost, "currency": "CNY"}}}
        for index, subscription in enumerate(subscriptions)]


# What the workers do, one step each


def read(worker):
    path = [f"/v1/subscriptions/{worker.anyone()}", "/v1/subscriptions?limit=50", f"/v1/subscriptions/{worker.anyone()}/outlook", "/v1/accounts?limit=50",
            f"/v1/subscriptions/{worker.anyone()}/billing-history", "/v1/notifications?limit=20"][worker.turn % 6]
    worker.ask("GET", path)


def entitlement(worker):
    if worker.turn % 4 == 0:
        worker.ask("POST", "/v1/entitlements", {"subscription_ids": [worker.anyone() for _ in range(100)]}, key=None)
    else:
        worker.ask("GET", f"/v1/subscriptions/{worker.anyone()}/entitlement")


def report_usage(worker):
    # The hundred last are suspended and brought back meanwhile.
    names = [population.subscription_id(NUMBER, worker.random.randint(1, worker.story.count - 100)) for _ in range(50)]
    answer = worker.ask("POST", "/v1/usage-events", usage(names, "//soak", now(), "0.0137"), media=BATCH)
    if answer.status == 200 and answer.json()["accepted"] != 50:
        worker.story.load.note("usage", "refused", (), str([one["code"] for one in answer.json()["results"] if one["code"]][:3]))


def write(worker):
    subscription = population.subscription_id(NUMBER, worker.story.count - worker.random.randint(0, 49) * 2 - worker.number)
    for action in ("suspend", "reactivate"):
        worker.ask("POST", f"/v1/subscriptions/{subscription}/{action}", {"reason": "operator", "note": "soak"})
    worker.ask("POST", f"/v1/subscriptions/{worker.anyone()}/payments", payment_body(100_000 + worker.random.randint(0, 99) * 1_000))


def visit(worker):
    """Somebody signed in by the console's way: pages in both languages, and the files behind them."""
    story = worker.story
    if worker.turn % 200 == 0:
        number = worker.random.randint(1, story.count // 10)
        worker.account = population.type_id("acc", population.uuid_text(NUMBER, "account", number))
        worker.subscription = population.subscription_id(NUMBER, (number - 1) * 10 + 1)
        asked = {"user_email": f"person{number}@{LIVE}.example.org", "path": f"/accounts/{worker.account}/subscriptions"}
        made = worker.ask("POST", "/v1/portal-sessions", asked, wanted=(201,))
        link = urllib.parse.urlsplit(made.json()["url"]).path
        entered = worker.ask("GET", link, wanted=(303,), headers={"Authorization": ""})
        cookies = [line.split(";")[0] for line in entered.headers.get_all("Set-Cookie") or []]
        worker.cookie = "; ".join(cookies)
    one, base = f"/accounts/{worker.account}/subscriptions/{worker.subscription}", f"/accounts/{worker.account}"
    path = [one, f"{base}/subscriptions", f"{one}/usage", f"{one}/billing-history", f"{one}/history", f"{base}/usage", f"{one}/usage.csv", f"{base}/subscriptions?format=xlsx"][worker.turn % 8]
    language = "" if "?" in path else f"?lang={'en' if worker.turn % 16 < 8 else 'zh-Hans'}"
    worker.ask("GET", path + language, headers={"Authorization": "", "Cookie": worker.cookie})


def move(worker):
    """A day further, with what falls due; and a new customer, who pays and uses, so that there is always something to fall due."""
    story = worker.story
    if worker.turn % 5 == 0:
        account = worker.ask("POST", "/v1/accounts", account_body(f"Customer {worker.turn}"), wanted=(201,)).json()["id"]
        for number in range(4):
            made = worker.ask("POST", "/v1/subscriptions", {
                "account_id": account, "offer": "prepaid", "name": f"Number {number}", "payment": payment_body(100_000)}, wanted=(201,)).json()
            if made.get("activated_at"):
                story.young.append(made["id"])
    moment = worker.ask("GET", "/v1/test-clock").json()["now"]
    if story.young:
        worker.ask("POST", "/v1/usage-events", usage(list(story.young)[-20:], "//soak/moving", moment, "97.505"), media=BATCH)
    day = datetime.datetime.fromisoformat(moment.replace("Z", "+00:00")) + datetime.timedelta(days=1)
    worker.ask("POST", "/v1/test-clock/advance", {"to": day.strftime("%Y-%m-%dT%H:%M:%SZ")})
    story.days += 1


class Story:
    def __init__(self, binary, count):
        self.server = Bursar(binary, {"BURSAR_WEBHOOK_LOOPBACK": "yes"})
        self.count, self.load, self.receiver = count, Load(), Counter()
        # When this program itself stood still, because the machine was held: what failed then says nothing of the server.
        self.stalls = []
        self.young, self.days, self.keys, self.samples = collections.deque(maxlen=200), 0, {}, []

    def prepare(self):
        server = self.server
        server.start()
        server.tenant(LIVE, "--sandbox-payments")
        server.tenant(MOVING, "--sandbox")
        for slug in (LIVE, MOVING):
            self.keys[slug] = server.key(slug, "--role", "operator")
        server.sql(population.statements(LIVE, NUMBER, self.count), timeout=1800)
        server.sql("vacuum (analyze)", timeout=600)
        for slug in (LIVE, MOVING):
            made = Client(server.port, self.keys[slug]).request(
                "POST", "/v1/webhook-endpoints", {"url": f"http://127.0.0.1:{self.receiver.port}/hook"}, key=f"hook-{slug}")
            if made.status != 201:
                raise RuntimeError(f"no webhook endpoint: {made.status} {made.body[:300]}")

    def begin(self):
        kinds = [("read", read, 4, 0.02), ("entitlement", entitlement, 3, 0.01), ("usage", report_usage, 2, 0.1), ("write", write, 2, 0.1),
                 ("page", visit, 3, 0.1), ("clock", move, 1, 2.0)]
        self.workers = []
        for kind, step, number, pause in kinds:
            for one in range(number):
                worker = Worker(kind, self, pause, step)
                worker.number = one
                self.workers.append(worker)
                worker.start()

    # Looking

    def sample(self, client):
        text = client.request("GET", "/metrics").body.decode()
        gauges = collections.defaultdict(float)
        for name, value in re.findall(r"^(\w+)(?:\{[^}]*\})? ([\d.e+-]+)$", text, re.M):
            gauges[name] += float(value)
        backends = self.server.postgres_processes()
        wal, temporary = self.server.sql(
            "select (select sum(size) from pg_ls_waldir()), (select sum(temp_bytes) from pg_stat_database)")[0]
        self.samples.append({
            "server": status(self.server.process.pid, "VmRSS"), "descriptors": len(os.listdir(f"/proc/{self.server.process.pid}/fd")),
            "backends": sum(status(process, "RssAnon") for process in backends), "processes": len(backends),
            "wal": int(float(wal)), "temporary": int(float(temporary or 0)), "waiting": gauges["bursar_db_pool_waiting"],
            "refused": gauges["bursar_db_pool_refused_total"], "lost": gauges["bursar_db_pool_lost_total"], "queued": gauges["bursar_queue_length"],
            "lag": gauges["bursar_settlement_lag_seconds"], "violations": gauges["bursar_invariant_violations"], "answers": self.load.answers,
        })

    def watch(self, minutes, interval):
        client = Client(self.server.port, timeout=60)
        began = said = time.monotonic()
        while (elapsed := time.monotonic() - began) < minutes * 60:
            self.sample(client)
            if time.monotonic() - said >= 60:
                said = time.monotonic()
                last = self.samples[-1]
                print(f"      {elapsed / 60:5.1f} min  server {last['server'] / MEGABYTE:.0f} MB, {last['descriptors']} descriptors; "
                      f"{last['processes']} PostgreSQL processes, {last['backends'] / MEGABYTE:.0f} MB of their own; WAL {last['wal'] / MEGABYTE:.0f} MB; "
                      f"queued {last['queued']:.0f}; {last['answers']:,} answers", flush=True)
            before = time.monotonic()
            time.sleep(interval)
            if time.monotonic() - before > interval + 3:
                self.stalls.append((before, time.monotonic()))

    def is_stalled(self, at):
        """An answer that was asked for then comes up to a timeout later."""
        return any(begin - 1 <= at <= end + 30 for begin, end in self.stalls)

    def settled(self, seconds=120):
        """Whether all usage has been settled and all events told."""
        end = time.monotonic() + seconds
        left = None
        while time.monotonic() < end:
            left = self.server.sql(
                "select (select count(*) from work.settlement_queue), (select count(*) from webhook_deliveries where status = 'waiting'), "
                "(select count(*) from outbox_events where webhooks_due)")[0]
            if left == ["0", "0", "0"]:
                return True, ""
            time.sleep(1)
        return False, f"usage, deliveries, events left: {left}"


def status(process, field):
    """A field of /proc/…/status in bytes; 0 where the process has gone."""
    try:
        with open(f"/proc/{process}/status") as file:
            return next(int(line.split()[1]) * 1024 for line in file if line.startswith(f"{field}:"))
    except (OSError, StopIteration):
        return 0


def judge(story, tally):
    samples, load = story.samples, story.load
    third = len(samples) // 3
    second, last = samples[third:2 * third], samples[-third:]
    mean = lambda rows, name: sum(row[name] for row in rows) / len(rows)
    for name, words in [("server", "the server's memory"), ("backends", "the memory of PostgreSQL's processes, beside what they share,")]:
        before, after = mean(second, name), mean(last, name)
        tally.check(after <= before * 1.1 + SLACK[name], f"{words} is level", f"{before / MEGABYTE:.1f} MB in the second third, {after / MEGABYTE:.1f} MB in the last")
    before, after = mean(second, "descriptors"), mean(last, "descriptors")
    tally.check(after <= before + DESCRIPTORS, "open descriptors are level", f"{before:.1f}, then {after:.1f}, {max(row['descriptors'] for row in samples)} at most")
    tally.check(samples[-1]["refused"] == 0 and samples[-1]["lost"] == 0, "no unit of work was refused and no session lost",
                f"{samples[-1]['refused']:.0f} and {samples[-1]['lost']:.0f}; {max(row['waiting'] for row in samples):.0f} waiting at most")
    tally.check(mean(last, "lag") <= 60, "usage is settled within a minute (M6a)", f"{mean(last, 'lag'):.1f} s on average, {max(row['lag'] for row in samples):.1f} at most")
    for kind, counts in sorted(load.statuses.items()):
        print(f"      {kind}: {', '.join(f'{count:,} × {status}' for status, count in counts.most_common())}", flush=True)
    wrong = [(status, words) for at, status, words in load.wrong if not story.is_stalled(at)]
    told = lambda rows: str(dict(collections.Counter(words for _, words in rows).most_common(5)))
    bad = [one for one in wrong if not isinstance(one[0], int) or one[0] >= 500]
    tally.check(not bad, "no 5xx and no lost connection", told(bad) if bad else f"{load.answers:,} answers")
    tally.check(not wrong, "every answer was the one that was wanted", told(wrong) if wrong else "")
    if story.stalls:
        held = sum(end - begin for begin, end in story.stalls)
        print(f"      the machine stood still {len(story.stalls)} times, {held:.0f} s in all; {len(load.wrong) - len(wrong)} answers of then are left out", flush=True)
    tally.check(story.days > 0 and not story.ended, "every worker worked to the end, and the clock moved", f"{story.days} days" + f"; ended early: {story.ended}" * bool(story.ended))
    print(f"      WAL {max(row['wal'] for row in samples) / MEGABYTE:.0f} MB at most; temporary files {samples[-1]['temporary'] / MEGABYTE:.1f} MB in all; "
          f"{max(row['queued'] for row in samples):.0f} queued at most; {story.receiver.count:,} webhooks", flush=True)


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--binary", default=".build/release/bursar")
    options.add_argument("--minutes", type=float, default=60)
    options.add_argument("--subscriptions", type=int, default=2_000)
    options.add_argument("--interval", type=float, default=5, help="seconds between two samples")
    options.add_argument("--keep", action="store_true")
    asked = options.parse_args()
    tally, story = Tally(), Story(asked.binary, max(200, asked.subscriptions // 10 * 10))
    try:
        story.prepare()
        story.begin()
        story.watch(asked.minutes, asked.interval)
        story.ended = [worker.kind for worker in story.workers if not worker.is_alive()]
        story.load.stop.set()
        for worker in story.workers:
            worker.join(130)
        judge(story, tally)
        settled, left = story.settled()
        tally.check(settled, "all usage is settled and every event told", left)
        well, bad, count = story.server.doctor()
        tally.check(well and not bad, "bursar doctor is content, every invariant among what it looks at", "; ".join(bad) or f"{count} findings")
        tally.check(story.samples[-1]["violations"] == 0, "the server itself has seen no invariant broken")
        errors = [line for line in story.server.log_lines('"level":"error"') if not story.stalls or '"status":503' not in line]
        tally.check(not errors, "no error in the log", errors[0][:200] if errors else "")
        code = story.server.terminate()
        tally.check(code == 0, "the server ends with 0", str(code))
    finally:
        story.server.close(asked.keep)
    return tally.close()


if __name__ == "__main__":
    sys.exit(main())
