#!/usr/bin/env python3
"""What every signed-in page costs in a tenant of a million subscriptions, and whether a statement of one reads a whole big table.

    python3 Tests/Benchmarks/pages.py --binary .build/release/bursar [--subscriptions 1000000] [--rounds 40] [--keep]

The pages are read from `PageRoute.swift`, so a new one is measured without being named here. Times are the server's own (Server-Timing); the
budgets are those of architecture section 10: 20 ms at the 95th percentile, 40 kB gzip, 4 requests, page 400 of a list as dear as page 1.
Prints; never fails on a time. Ends with 1 when a statement scans a big table from end to end.
"""

import argparse
import gzip
import html
import http.client
import os
import re
import sys
import time
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(HERE, "..", "Harness"))

import population
from bursar import Bursar
from crowd import statements as crowd
from tools import say_load

TENANT = 1
BIG = 5_000
BUDGET = 20.0


def say(text=""):
    print(text, flush=True)


class Visitor:
    """A signed-in person's browser, without its screen."""

    def __init__(self, port, cookie):
        self.port, self.cookie = port, cookie
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def get(self, path):
        """(status, server milliseconds, gzip bytes, text, location)"""
        headers = {"Cookie": self.cookie, "Accept-Encoding": "gzip", "Accept": "text/html", "Accept-Language": "zh-CN"}
        try:
            self.connection.request("GET", path, headers=headers)
            response = self.connection.getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException):
            self.connection.close()
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
            return 0, 0.0, 0, "", None
        timing = sum(float(value) for value in re.findall(r"dur=([\d.]+)", response.getheader("Server-Timing") or ""))
        text = gzip.decompress(body) if response.getheader("Content-Encoding") == "gzip" else body
        return response.status, timing, len(body), text.decode(errors="replace"), response.getheader("Location")


class Pages:
    def __init__(self, asked):
        self.asked = asked
        self.server = Bursar(asked.binary, folder=asked.folder)
        self.server.environment["BURSAR_LOG_LEVEL"] = "error"
        self.worst = []

    # Ground

    def prepare(self):
        server, count = self.server, self.asked.subscriptions
        server.start()
        if self.asked.folder:
            return
        server.tenant("pages", "--sandbox-payments")
        began = time.monotonic()
        server.sql(population.statements("pages", TENANT, count), timeout=3600)
        server.sql(crowd("pages", TENANT, count), timeout=3600)
        server.sql("vacuum (analyze)", timeout=1200)
        server.sql("checkpoint")
        size = server.sql("select pg_size_pretty(pg_database_size(current_database()))")[0][0]
        say(f"{count:,} subscriptions made by SQL in {time.monotonic() - began:.0f} s; database {size}")

    def password(self, email, *options):
        done = self.server.command("user", "password", "--tenant", "pages", "--email", email, *options)
        return done.stdout.split()[-1]

    def people(self):
        """(name, cookie, what the path's places are for her)"""
        def account(n):
            return population.type_id("acc", population.uuid_text(TENANT, "account", n))

        def subscription(n):
            return population.subscription_id(TENANT, n)
        enrollment = self.server.sql("select id from enrollments order by created_at limit 1")[0][0]
        department = self.server.sql("select id from departments order by name limit 1")[0][0]
        shared = {"enrollment_id": population.type_id("enr", enrollment), "department_id": population.type_id("dep", department)}
        found = []
        for name, email, places, options in [
            ("operator", "operator@pages.example", {"account_id": account(2), "subscription_id": subscription(30_000 if self.asked.subscriptions >= 40_000 else 11)},
             ["--role", "operator"]),
            ("admin of 50", "person1@pages.example.org", {"account_id": account(1), "subscription_id": subscription(1)}, []),
            ("admin of 10,000", "person2@pages.example.org", {"account_id": account(2), "subscription_id": subscription(1_500)}, []),
            ("enterprise admin of 100,000", "enterprise@pages.example.org",
             {"account_id": account(2_001), "subscription_id": subscription(20_001)}, []),
        ]:
            cookie = sign_in(self.server.port, email, self.password(email, *options))
            if cookie is None:
                say(f"       {name} could not sign in")
                continue
            found.append((name, Visitor(self.server.port, cookie), {**shared, **places}))
        return found

    # What there is to visit

    def paths(self, places):
        source = os.path.join(HERE, "..", "..", "Sources", "App", "Features", "Portal", "PageRoute.swift")
        with open(source) as file:
            routes = re.findall(r'case (\w+) = "GET ([^"]*)"', file.read())
        for name, template in routes:
            names = re.findall(r"\{(\w+)\}", template)
            if not all(place in places for place in names) or re.search(r"\.(csv|json|jsonl|xlsx)$", template):
                continue
            path = template
            for place in names:
                path = path.replace("{" + place + "}", places[place])
            yield name, path
            if name in ("payReview", "upgradeReview"):
                yield name, path + "?amount=1000"
            if name in ("subscriptions", "mySubscriptions", "enrollmentSubscriptions", "operatorSubscriptions"):
                for query in ("limit=50", "limit=50&sort=name", "limit=50&state=suspended", "limit=50&q=Subscription+7", "limit=50&state=deleted&sort=name",
                              "limit=50&offer=trial", "limit=50&q=person9%40pages.example.org", "q=nothing+like+it", "limit=50&offer=prepaid&state=active"):
                    yield name, f"{path}?{query}"
            if name in ("operatorAccounts", "orders"):
                for query in ("limit=50", "limit=50&sort=name", "limit=50&q=Customer+7"):
                    yield name, f"{path}?{query}"
            if name == "operatorAccounts":
                # People: an address, whole and from its beginning, which everybody's has; a name from its beginning, which everybody has; a Chinese
                # one, which some have; nobody's.
                for words in ("person77@pages.example.org", "person7", "person", "Wei", "wei chen", "Chen Wei", "陈伟", "陈", "王", "nobody at all"):
                    yield name, f"{path}?limit=50&q={urllib.parse.quote_plus(words)}"

    # Measuring

    def measure(self):
        people = self.people()
        for name, visitor, places in people:
            say(f"\n{name}")
            for route, path in self.paths(places):
                self.page(name, visitor, route, path)
            self.deep(name, visitor, places)
        say()
        late = [line for line in self.worst if line[0] > BUDGET]
        say(f"over the budget of {BUDGET:.0f} ms: {len(late)} of {len(self.worst)} pages" + ("" if not late else ":"))
        for took, name, path in sorted(late, reverse=True):
            say(f"       {took:7.1f} ms  {name}: {short(path)}")
        return people

    def page(self, name, visitor, route, path):
        status, _, size, text, location = visitor.get(path)
        if status in (303, 403, 404, 409, 422, 428):
            return
        if status != 200:
            say(f"  {route:24} {status} {short(path)}")
            return
        took = sorted(visitor.get(path)[1] for _ in range(self.asked.rounds))
        p50, p95 = took[len(took) // 2], took[int(len(took) * 0.95) - 1]
        requests = 1 + len(set(re.findall(r'(?:src|href)="(/assets/[^"]+)"', text)))
        marks = ("" if p95 <= BUDGET else "  LATE") + ("" if size <= 40_000 else "  HEAVY") + ("" if requests <= 4 else "  REQUESTS")
        say(f"  {route:24} p50 {p50:6.1f} ms  p95 {p95:6.1f} ms  {size:6,} B gzip  {requests} requests  {short(path)}{marks}")
        self.worst.append((p95, name, path))

    def deep(self, name, visitor, places):
        """Page 400 beside page 1, by the links that the pages show."""
        start = next((path for route, path in self.paths(places) if route in ("operatorSubscriptions", "enrollmentSubscriptions", "subscriptions")
                      and visitor.get(path)[0] == 200), None)
        if start is None:
            return
        path, page = start, 1
        while page < 400:
            following = re.search(r'href="([^"]*)" rel="next"', visitor.get(path)[3])
            if not following:
                break
            path, page = html.unescape(following.group(1)), page + 1
        times = []
        for wanted in (start, path):
            took = sorted(visitor.get(wanted)[1] for _ in range(self.asked.rounds))
            times.append(took[len(took) // 2])
        say(f"  page 1 {times[0]:.1f} ms, page {page} {times[1]:.1f} ms (median)  {short(start)}")

    # Plans

    def plans(self):
        """Every statement of every page once more, with PostgreSQL's own account of how it went about it."""
        server = self.server
        for setting, value in [("session_preload_libraries", "auto_explain"), ("auto_explain.log_min_duration", "0"), ("auto_explain.log_format", "text")]:
            server.sql(f"load 'auto_explain'; alter system set {setting} = '{value}'")
        server.sql("select pg_reload_conf()")
        server.terminate()
        server.start()
        log = f"{server.data}/postgres.log"
        big = {name for name, rows in server.sql("select relname, reltuples::bigint from pg_class where relkind = 'r'") if int(rows) > BIG}
        people = self.people()
        scans, seen = {}, 0
        for name, visitor, places in people:
            for route, path in self.paths(places):
                start = os.path.getsize(log)
                # A statement that is prepared gets a plan for all values from its sixth use on: that one is looked at too.
                if visitor.get(path)[0] not in (200, 303):
                    continue
                for _ in range(7):
                    visitor.get(path)
                time.sleep(0.02)
                with open(log, errors="replace") as file:
                    file.seek(start)
                    text = file.read()
                for entry in re.split(r"\n(?!\t)", text):
                    if "bursar_app LOG:" not in entry or "plan:" not in entry:
                        continue
                    seen += 1
                    for table in re.findall(r"Seq Scan on (\w+)", entry):
                        if table in big:
                            query = re.search(r"Query Text: (.*?)\n\t(?:Query Parameters|[A-Z]\w+[^\n]*\(cost)", entry, re.S)
                            words = " ".join((query.group(1) if query else entry).split())
                            scans.setdefault((table, words), (name, route, path))
        say(f"\n{seen:,} plans looked at; tables with more than {BIG:,} rows: {', '.join(sorted(big))}")
        say(f"sequential scans of them: {len(scans)}")
        for (table, words), (name, route, path) in sorted(scans.items()):
            say(f"       {table}: {name}, {route} {short(path)}\n         {words[:1200]}")
        return not scans


def short(path):
    return re.sub(r"_0[0-9a-z]{15}([0-9a-z]{10})", r"_…\1", path)[:110]


def sign_in(port, email, password):
    from bench import sign_in as ask
    return ask(port, email, password)


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--binary", default=".build/release/bursar")
    options.add_argument("--subscriptions", type=int, default=1_000_000)
    options.add_argument("--rounds", type=int, default=40)
    options.add_argument("--only", default="measure,plans")
    options.add_argument("--keep", action="store_true")
    options.add_argument("--folder", help="of an earlier run that was kept: its tenant is measured again")
    asked = options.parse_args()
    pages = Pages(asked)
    well = True
    try:
        pages.prepare()
        say_load(say)
        if "measure" in asked.only:
            pages.measure()
            say_load(say)
        if "plans" in asked.only:
            well = pages.plans()
    finally:
        pages.server.close(keep=asked.keep)
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
