#!/usr/bin/env python3
"""What Bursar costs beside PostgreSQL alone, on one database in one run: ratios, because times belong to the machine.

    python3 Tests/Benchmarks/bench.py --binary .build/release/bursar [--subscriptions 100000] [--seconds 5] [--only read,write,usage,wire,rest,sweep]

Prints; never fails on a time. Needs wrk and nginx-light (Debian) for the load; says so where they are missing.
"""

import argparse
import gzip
import http.client
import json
import os
import sys
import threading
import time
import urllib.parse

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Harness"))

import population
from bursar import Bursar, Client, free_port
from statements import Recorder, script
from tools import Nginx, has, pgbench, processor_seconds, resident_megabytes, wrk

CLIENTS = 32
TENANT = 1


def say(text=""):
    print(text, flush=True)


class Bench:
    def __init__(self, asked):
        self.asked = asked
        self.count = asked.subscriptions
        self.seconds = asked.seconds
        self.server = Bursar(asked.binary)
        self.server.environment["BURSAR_LOG_LEVEL"] = "error"
        self.lua = f"{self.server.folder}/load.lua"

    # The ground

    def prepare(self):
        server = self.server
        server.start()
        server.tenant("bench", "--sandbox-payments")
        self.key = server.key("bench", "--role", "operator")
        began = time.monotonic()
        self.fill("bench", TENANT, self.count)
        self.tenant = server.sql("select id from identity.tenants where slug = 'bench'")[0][0]
        say(f"{self.count:,} subscriptions made by SQL in {time.monotonic() - began:.0f} s; "
            f"database {server.sql('select pg_size_pretty(pg_database_size(current_database()))')[0][0]}")
        began = time.monotonic()
        well, bad, _ = server.doctor()
        say(f"bursar doctor over them: {'green' if well else 'RED: ' + '; '.join(bad[:3])} in {time.monotonic() - began:.1f} s")

    def fill(self, slug, number, count, due=0):
        self.server.sql(population.statements(slug, number, count, due), timeout=1800)
        self.server.sql("vacuum (analyze)", timeout=600)
        self.server.sql("checkpoint")

    def id(self, n):
        return population.subscription_id(TENANT, n)

    def sql_id(self, variable="n"):
        return population.uuid_sql(TENANT, "subscription", f":{variable}::bigint")

    def load(self, text):
        with open(self.lua, "w") as file:
            file.write(text)
        return self.lua

    # Noise

    def noise(self):
        lines = ["\\set n random(1, 1000000)", "select :n + 1;"]
        rates = [pgbench(self.server, lines, CLIENTS, self.seconds, self.server.folder, "noise")[0] for _ in range(2)]
        say(f"noise: the same pgbench twice: {rates[0]:,.0f} and {rates[1]:,.0f} a second ({abs(rates[0] - rates[1]) / max(rates):.1%} apart); "
            f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")

    # (a) Reading one

    def read(self):
        server = self.server
        sample = self.id(self.count // 2)
        with Recorder(server) as recorder:
            Client(server.port, self.key).request("GET", f"/v1/subscriptions/{sample}")
        unit = recorder.transaction_with("from credit_lots")
        own = population.uuid_text(TENANT, "subscription", self.count // 2)
        same = {self.tenant: f"'{self.tenant}'", own: self.sql_id(), "{" + own + "}": f"array[{self.sql_id()}]"}
        lines = [f"\\set n random(1, {self.count})", *script(unit, same)]
        rate, _ = pgbench(server, lines, CLIENTS, self.seconds, server.folder, "read")
        piped = [lines[0], "\\startpipeline", *lines[1:], "\\endpipeline"]
        piped_rate, _ = pgbench(server, piped, CLIENTS, self.seconds, server.folder, "read-pipelined")
        paths = self.write_paths(min(self.count, 20_000), 7)
        self.load(f"""
-- Written out beforehand: the client shares the processors with what is measured.
local requests = {{}}
init = function()
  wrk.headers["Authorization"] = "Bearer {self.key}"
  for line in io.lines("{paths}") do requests[#requests + 1] = wrk.format("GET", "/v1/subscriptions/" .. line) end
end
local at = 0
request = function()
  at = at % #requests + 1
  return requests[at]
end
""")
        url = f"http://127.0.0.1:{server.port}"
        wrk(url, CLIENTS, 1, self.lua)
        before = processor_seconds(server.process.pid)
        result = wrk(url, CLIENTS, self.seconds, self.lua)
        cost = (processor_seconds(server.process.pid) - before) / (result.rate * self.seconds) * 1e6
        wide = wrk(url, 64, self.seconds, self.lua)
        say(f"read   GET /v1/subscriptions/{{id}} c=32: {result.rate:,.0f}/s; pgbench, the same {len(unit)} statements: {rate:,.0f}/s "
            f"(pipelined {piped_rate:,.0f}/s)  ratio {result.rate / rate:.2f} (budget 0.80; of pipelined {result.rate / piped_rate:.2f})"
            f"{result.fault}")
        say(f"       p50 {result.p50:.1f} ms, p99 {result.p99:.1f} ms at c=32; p99 {wide.p99:.1f} ms at c=64 (budget 5 ms); "
            f"the server's own processor time {cost:.0f} µs a request{wide.fault}")

    def write_paths(self, count, step):
        """IDs that jump about the whole table."""
        path = f"{self.server.folder}/ids.txt"
        with open(path, "w") as file:
            for index in range(count):
                file.write(self.id(1 + index * 7919 * step % self.count) + "\n")
        return path

    # (b) Writing

    def write(self):
        server = self.server
        url = f"http://127.0.0.1:{server.port}"
        sample = self.count // 3
        own = population.uuid_text(TENANT, "subscription", sample)
        client = Client(server.port, self.key)
        with Recorder(server) as recorder:
            for action in ("suspend", "reactivate"):
                answer = client.request("POST", f"/v1/subscriptions/{self.id(sample)}/{action}", {"reason": "operator"})
                if answer.status != 200:
                    say(f"write  {action} was refused: {answer.status} {answer.code}")
                    return
        same = {self.tenant: f"'{self.tenant}'", own: self.sql_id(), "{" + own + "}": f"array[{self.sql_id()}]"}
        for kind in ("user", "account"):
            known = population.uuid_text(TENANT, kind, (sample - 1) // 10 + 1)
            same[known] = f"'{known}'"
        key = server.sql("select id from identity.api_keys limit 1")[0][0]
        same[key] = f"'{key}'"
        share = self.count // CLIENTS
        lines = [f"\\set n :client_id * {share} + random(1, {share})", "\\set first random(1000, 900000000000000)", "\\set second :first + 1"]
        flushes, piped = 0, lines[:]
        for part, sequence in [("insert into suspension_intervals", ":first"), ("update suspension_intervals", ":second")]:
            unit = recorder.transaction_with(part)
            flushes = len(unit)
            transaction = script(unit, same, fresh=[("sequence", sequence), ("version", sequence)])
            lines += transaction
            piped += ["\\startpipeline", *transaction, "\\endpipeline"]
        self.reset_suspensions()
        rate, latency = pgbench(server, lines, CLIENTS, self.seconds, server.folder, "write")
        self.reset_suspensions()
        piped_rate, _ = pgbench(server, piped, CLIENTS, self.seconds, server.folder, "write-pipelined")
        rate, piped_rate = rate * 2, piped_rate * 2
        self.reset_suspensions()
        result = self.lifecycle_load(url)
        say(f"write  suspend and reactivate c=32: {result.rate:,.0f}/s; pgbench, the same {flushes} statements in a transaction: {rate:,.0f}/s "
            f"(pipelined {piped_rate:,.0f}/s)  ratio {result.rate / rate:.2f} (budget 0.55 in two flushes; of pipelined {result.rate / piped_rate:.2f}){result.fault}")
        say(f"       p50 {result.p50:.1f} ms, p99 {result.p99:.1f} ms; pgbench average {latency / 2:.1f} ms a transaction")

    def lifecycle_load(self, url):
        # All of a round are suspended before the first is reactivated: two requests for one subscription never meet.
        paths = self.write_paths(min(4_000, self.count // 2), 1)
        self.load(f"""
local paths = {{}}
for line in io.lines("{paths}") do paths[#paths + 1] = line end
local at = -1
wrk.headers["Authorization"] = "Bearer {self.key}"
wrk.headers["Content-Type"] = "application/json"
request = function()
  at = at + 1
  local action = math.floor(at / #paths) % 2 == 0 and "/suspend" or "/reactivate"
  return wrk.format("POST", "/v1/subscriptions/" .. paths[at % #paths + 1] .. action, nil, '{{"reason":"operator"}}')
end
""")
        return wrk(url, CLIENTS, self.seconds, self.lua)

    def reset_suspensions(self):
        """As before the load: nobody suspended. The history keeps what happened."""
        self.server.sql(
            "set session_replication_role = replica;"
            "update subscriptions set state = 'active', suspension_reasons = '{}', suspended_at = null, delete_at = null where state = 'suspended';"
            "update suspension_intervals set reactivated_at = suspended_at where reactivated_at is null;"
            "delete from timers where kind = 'subscription_deletion'; vacuum analyze subscriptions; vacuum analyze timers;")

    # (c) Usage

    def usage(self):
        server = self.server
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 3600))
        event = {"specversion": "1.0", "type": "compute.hours", "time": now,
                 "data": {"product": "Virtual machine", "quantity": "1.25", "unit": "hour", "cost": {"amount": "0.0137", "currency": "CNY"}}}
        template = ",".join(
            json.dumps({**event, "id": f"e{n}", "source": "//bench/@", "subject": self.id(n % 20 + 101)}) for n in range(1_000))
        self.load(f"""
local parts = {{}}
for part in (([==[{template}]==]) .. "@"):gmatch("(.-)@") do parts[#parts + 1] = part end
local at = 0
wrk.headers["Authorization"] = "Bearer {self.key}"
wrk.headers["Content-Type"] = "application/cloudevents-batch+json"
request = function()
  at = at + 1
  return wrk.format("POST", "/v1/usage-events", nil, "[" .. table.concat(parts, at .. "-{os.getpid()}") .. "]")
end
""")
        lines = self.usage_script(now)
        rows, _ = pgbench(server, lines, 4, self.seconds, server.folder, "usage")
        result = wrk(f"http://127.0.0.1:{server.port}", 4, self.seconds, self.lua)
        say(f"usage  batches of 1,000 c=4: {result.rate * 1000:,.0f} events/s; pgbench inserting the same rows: {rows * 1000:,.0f}/s"
            f"  ratio {result.rate / rows:.2f} (budget 0.60; settlement runs meanwhile on our side){result.fault}")
        began = time.monotonic()
        while server.sql("select count(*) from work.settlement_queue") != [["0"]] and time.monotonic() - began < 120:
            time.sleep(0.2)
        left = server.sql("select count(*) from usage_records where settlement_id is null and id in (select record_id from usage_events)")[0][0]
        say(f"       all of it settled {time.monotonic() - began:.1f} s after the last batch" + ("" if left == "0" else f"; {left} are not"))

    def usage_script(self, now):
        def column(values, kind):
            return "'{" + ",".join(values) + f"}}'::{kind}[]"
        thousand = range(1_000)
        subscriptions = column([population.uuid_text(TENANT, "subscription", n % 20 + 101) for n in thousand], "uuid")
        record = "(select array_agg((lpad(to_hex(:batch::bigint), 16, '0') || lpad(to_hex(i), 16, '0'))::uuid) from generate_series(1, 1000) i)"
        month = now[:8] + "01"
        return [
            "\\set batch random(1, 1000000000000000000)",
            "begin;", f"set local app.tenant_id = '{self.tenant}';",
            "with incoming as (select * from unnest(array_fill('//pgbench/' || :batch::bigint, array[1000]), "
            f"{column([f'e{n}' for n in thousand], 'text')}, {subscriptions}, {record}, {column(['compute.hours'] * 1000, 'text')}, "
            f"{column([now] * 1000, 'timestamptz')}, {column([month] * 1000, 'date')}, {column(['Virtual machine'] * 1000, 'text')}, "
            f"{column(['NULL'] * 1000, 'text')}, {column(['1.25'] * 1000, 'numeric')}, {column(['hour'] * 1000, 'text')}, "
            f"{column(['0.0137'] * 1000, 'numeric')}, {column(['CNY'] * 1000, 'text')}) as i (source, event_id, subscription_id, record_id, meter, "
            "occurred_at, bill_month, product, resource, quantity, unit, cost, currency)), fresh as (insert into usage_events (tenant_id, source, event_id, "
            f"subscription_id, record_id, type, occurred_at, received_at) select '{self.tenant}', source, event_id, subscription_id, record_id, meter, "
            "occurred_at, now() from incoming on conflict (tenant_id, source, event_id) do nothing returning record_id, subscription_id), recorded as "
            "(insert into usage_records (tenant_id, id, subscription_id, product, meter, resource, occurred_at, bill_month, quantity, unit, cost, currency, "
            f"settlement_id) select '{self.tenant}', i.record_id, i.subscription_id, i.product, i.meter, i.resource, i.occurred_at, i.bill_month, i.quantity, "
            f"i.unit, i.cost, i.currency, '{self.tenant}' from incoming i join fresh f on f.record_id = i.record_id) select count(*) from fresh;",
            "commit;",
        ]

    # (d) The wire

    def wire(self):
        if not has("nginx"):
            say("wire   skipped: nginx is not installed (package nginx-light)")
            return
        nginx = Nginx(self.server.folder, free_port())
        try:
            time.sleep(0.3)
            rates = []
            for url in (nginx.url, f"http://127.0.0.1:{self.server.port}/healthz"):
                wrk(url, CLIENTS, 1)
                rates.append(wrk(url, CLIENTS, self.seconds))
        finally:
            nginx.close()
        say(f"wire   /healthz c=32: {rates[1].rate:,.0f}/s; nginx with a fixed reply, one worker: {rates[0].rate:,.0f}/s  ratio {rates[1].rate / rates[0].rate:.2f} "
            f"(budget 0.75){rates[1].fault}")

    # (e) Memory, start, pages, lists

    def rest(self):
        server = self.server
        server.terminate()
        began = time.monotonic()
        server.start()
        cold = time.monotonic() - began
        time.sleep(1)
        idle = resident_megabytes(server.process.pid)
        server.kill()
        began = time.monotonic()
        server.start()
        warm = time.monotonic() - began
        top = self.memory_under_load()
        say(f"memory {idle:.0f} MB idle (budget 60), at most {top:.0f} MB under load: 64 readers, then 32 writers (budget 120)")
        say(f"start  to ready on the existing database: {cold:.2f} s with PostgreSQL's own start, {warm:.2f} s when PostgreSQL runs already (budget 0.5)")
        self.lists()
        self.pages()

    def memory_under_load(self):
        top = [0.0]
        done = threading.Event()

        def watch():
            while not done.wait(0.05):
                top[0] = max(top[0], resident_megabytes(self.server.process.pid))
        watcher = threading.Thread(target=watch)
        watcher.start()
        url = f"http://127.0.0.1:{self.server.port}"
        paths = self.write_paths(5_000, 3)
        self.load(f"""
local paths = {{}}
for line in io.lines("{paths}") do paths[#paths + 1] = line end
local at = 0
wrk.headers["Authorization"] = "Bearer {self.key}"
request = function() at = at % #paths + 1 return wrk.format("GET", "/v1/subscriptions/" .. paths[at]) end
""")
        wrk(url, 64, self.seconds, self.lua)
        self.lifecycle_load(url)
        done.set()
        watcher.join()
        return top[0]

    def lists(self):
        client = Client(self.server.port, self.key)
        path, deep = "/v1/subscriptions?limit=100", None
        for page in range(400):
            answer = client.request("GET", path).json()
            if not answer["has_more"]:
                break
            path = f"/v1/subscriptions?limit=100&cursor={urllib.parse.quote(answer['next_cursor'])}"
            deep = (page + 2, path)
        times = []
        for wanted in ("/v1/subscriptions?limit=100", deep[1]):
            took = []
            for _ in range(60):
                began = time.monotonic()
                client.request("GET", wanted)
                took.append(time.monotonic() - began)
            times.append(sorted(took)[30] * 1000)
        say(f"lists  GET /v1/subscriptions?limit=100: page 1 in {times[0]:.1f} ms, page {deep[0]} in {times[1]:.1f} ms (median)")

    def pages(self):
        server = self.server
        done = server.command("user", "password", "--tenant", "bench", "--email", "operator@bench.example", "--role", "operator", check=False)
        if done.returncode != 0:
            say(f"pages  skipped: no sign-in ({done.stderr.strip()})")
            return
        cookie = sign_in(server.port, "operator@bench.example", done.stdout.split()[-1])
        if cookie is None:
            say("pages  skipped: the sign-in page took no password")
            return
        account = population.type_id("acc", population.uuid_text(TENANT, "account", 1))
        one = f"/accounts/{account}/subscriptions/{self.id(10)}"
        for name, path in [("operator's list", "/operator/subscriptions?limit=50"), ("operator", "/operator"), ("list of an account", f"/accounts/{account}/subscriptions"),
                           ("overview", one), ("pay again", one + "/pay"), ("history", one + "/history")]:
            connection = http.client.HTTPConnection("127.0.0.1", server.port)
            took = []
            for _ in range(40):
                began = time.monotonic()
                connection.request("GET", path, headers={"Cookie": cookie, "Accept-Encoding": "gzip", "Accept": "text/html"})
                response = connection.getresponse()
                body = response.read()
                took.append((time.monotonic() - began) * 1000)
            if response.status != 200:
                say(f"page   {name}: {path} answers {response.status}")
                continue
            plain = gzip.decompress(body) if response.getheader("Content-Encoding") == "gzip" else body
            say(f"page   {name}: {len(body):,} bytes gzip, {len(plain):,} plain; p50 {sorted(took)[20]:.1f} ms, p95 {sorted(took)[37]:.1f} ms (budget 20 ms)")

    # (f) The sweep

    def sweep(self):
        due = min(500, self.count // 4)
        found = []
        for number, (slug, count) in enumerate([("sweep-small", max(1_000, due * 2)), ("sweep-large", self.count)], 2):
            self.server.tenant(slug, "--sandbox")
            key = self.server.key(slug, "--role", "operator")
            self.fill(slug, number, count, due)
            client = Client(self.server.port, key, timeout=600)
            now = client.request("GET", "/v1/test-clock").json()["now"]
            day = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 86_400))
            began = time.monotonic()
            answer = client.request("POST", "/v1/test-clock/advance", {"to": day})
            took = time.monotonic() - began
            if answer.status != 200:
                say(f"sweep  {slug}: {answer.status} {answer.code} (clock at {now})")
                return
            found.append((count, took, answer.json()["ran"].get("lot_expiry")))
        (few, short, ran), (many, long, ran_too) = found
        say(f"sweep  {ran} due of {few:,}: {short:.2f} s; {ran_too} due of {many:,}: {long:.2f} s  ratio {long / short:.2f} (1.00 = costs what is due)")


def sign_in(port, email, password):
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", "/sign-in", headers={"Accept": "text/html"})
    response = connection.getresponse()
    page = response.read().decode(errors="replace")
    cookies = [value.split(";")[0] for name, value in response.getheaders() if name.lower() == "set-cookie"]
    fields = {"email": email, "password": password}
    for part in page.split("<input")[1:]:
        tag = part.split(">")[0]
        if 'type="hidden"' in tag and 'name="' in tag:
            fields[tag.split('name="')[1].split('"')[0]] = tag.split('value="')[1].split('"')[0] if 'value="' in tag else ""
    connection.request("POST", "/sign-in", body=urllib.parse.urlencode(fields), headers={
        "Content-Type": "application/x-www-form-urlencoded", "Cookie": "; ".join(cookies), "Origin": f"http://127.0.0.1:{port}"})
    response = connection.getresponse()
    response.read()
    cookies += [value.split(";")[0] for name, value in response.getheaders() if name.lower() == "set-cookie"]
    return "; ".join(cookies) if response.status in (302, 303) else None


def asked_for(description, **numbers):
    """What the command line says; every benchmark of this folder takes these."""
    options = argparse.ArgumentParser(description=description.splitlines()[0])
    options.add_argument("--binary", default=".build/release/bursar")
    options.add_argument("--seconds", type=int, default=5, help="of each measurement")
    options.add_argument("--keep", action="store_true")
    options.add_argument("--only")
    for name, fallback in numbers.items():
        options.add_argument(f"--{name}", type=int, default=fallback)
    return options.parse_args()


def run(bench, parts):
    """Prepares, measures between two looks at the machine's noise, and cleans up."""
    try:
        if not has("wrk"):
            say("wrk is not installed (package wrk): the load cannot be made, nothing is measured")
            return 0
        bench.prepare()
        bench.noise()
        for part in parts:
            try:
                getattr(bench, part)()
            except Exception as error:  # One measurement that does not come about leaves the others standing.
                say(f"{part:6} not measured: {type(error).__name__}: {error}")
                if os.environ.get("BENCH_TRACE"):
                    raise
        bench.noise()
    finally:
        bench.server.close(keep=bench.asked.keep)
    return 0


def main():
    asked = asked_for(__doc__, subscriptions=100_000)
    return run(Bench(asked), (asked.only or "read,write,usage,wire,rest,sweep").split(","))


if __name__ == "__main__":
    sys.exit(main())
