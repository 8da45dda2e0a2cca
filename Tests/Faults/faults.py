#!/usr/bin/env python3
"""Kills the server and its PostgreSQL again and again while people pay, suspend, upgrade and bring usage; then looks whether every
acknowledged write is there exactly once and every invariant holds.

    python3 Tests/Faults/faults.py --binary .build/debug/bursar [--kills 20] [--writers 12] [--seed N] [--keep]

Standard library only. Prints `N passed, N failed` at the end; exit code 1 when something failed.
"""

import argparse
import os
import random
import signal
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Harness"))

import checker
import drain
import outage
from bursar import Bursar, Psql, Tally
from writers import Promises, Tenant, Writer

IN_FLIGHT_AT_LEAST = 8
OPEN = """select count(*) filter (where backend_xid is not null), count(*) from pg_stat_activity
 where usename = 'bursar_app' and xact_start is not null and state in ('active', 'idle in transaction', 'idle in transaction (aborted)')
 and application_name not like '%reports%'"""


class Clock(threading.Thread):
    """Moves the sandbox tenant's clock by a minute now and then, so that advances are killed too."""

    def __init__(self, writer):
        super().__init__(name="clock", daemon=True)
        self.writer = writer
        self.stop_asked = threading.Event()
        self.advances = 0

    def run(self):
        while not self.stop_asked.wait(0.6):
            client = self.writer.client
            try:
                now = client.request("GET", "/v1/test-clock").json()
                seconds = time.mktime(time.strptime(now["now"][:19], "%Y-%m-%dT%H:%M:%S")) + 60
                to = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.localtime(seconds))
                if client.request("POST", "/v1/test-clock/advance", {"to": to}).status == 200:
                    self.advances += 1
            except Exception:  # A killed server; the sweeper resumes what it had begun.
                client.close()


class Killer:
    """Ends the server or PostgreSQL at random moments, each while enough writers wait for an answer."""

    def __init__(self, server, promises, chance):
        self.server, self.promises, self.random = server, promises, chance
        self.look = None
        self.kills = {"server": 0, "PostgreSQL": 0}
        self.hit_open = {"server": 0, "PostgreSQL": 0}
        self.in_flight_least = None
        self.recoveries = {"server": [], "PostgreSQL": []}

    def open_transactions(self):
        """(with writes, all) of the app's transactions that are open at this moment."""
        for _ in range(50):
            if self.look is None:
                self.look = Psql(self.server)
            lines = self.look.ask(OPEN.replace("\n", " "))
            if lines:
                written, every = lines[0].split("|")
                return int(written), int(every)
            self.look.close()
            self.look = None
            time.sleep(0.05)
        return 0, 0

    def wait_for_load(self):
        end = time.monotonic() + 30
        while time.monotonic() < end:
            if self.promises.in_flight >= IN_FLIGHT_AT_LEAST:
                return self.promises.in_flight
            time.sleep(0.001)
        raise RuntimeError("the writers never had enough requests in flight")

    def strike(self, target):
        self.open_transactions()
        time.sleep(self.random.uniform(0.3, 1.2))
        in_flight = self.wait_for_load()
        if target == "server":
            # A stopped process sends nothing more: what it had open then is open at its death, however long the look takes.
            os.kill(self.server.process.pid, signal.SIGSTOP)
            in_flight = self.promises.in_flight
            if in_flight < IN_FLIGHT_AT_LEAST:
                os.kill(self.server.process.pid, signal.SIGCONT)
                return False
            written, _ = self.open_transactions()
            self.server.kill()
        else:
            written, _ = self.open_transactions()
            in_flight = self.promises.in_flight
            if in_flight < IN_FLIGHT_AT_LEAST:
                return False
            self.server.kill_postgres()
            self.look.close()
            self.look = None
        self.kills[target] += 1
        self.hit_open[target] += 1 if written else 0
        self.in_flight_least = min(in_flight, self.in_flight_least or in_flight)
        self.recover(target)
        return True

    def recover(self, target):
        began = time.monotonic()
        if target == "server":
            self.server.start()
        else:
            time.sleep(0.02)
            self.server.wait_ready()
        self.recoveries[target].append(time.monotonic() - began)

    def run(self, kills):
        while sum(self.kills.values()) < kills:
            target = "server" if self.kills["server"] <= self.kills["PostgreSQL"] else "PostgreSQL"
            self.strike(target)
        if self.look:
            self.look.close()


def median(values):
    return sorted(values)[len(values) // 2] if values else 0.0


def prepare(server, promises, seed, writers):
    """Two tenants, their keys, accounts and about forty subscriptions, all through the API."""
    server.start()
    server.tenant("sandbox", "--sandbox")
    server.tenant("live", "--sandbox-payments")
    tenants = [Tenant("sandbox", server.key("sandbox", "--role", "operator"), True), Tenant("live", server.key("live", "--role", "operator"), False)]
    threads = [Writer(n, server, tenants[n % 2], promises, seed * 1000 + n) for n in range(writers)]
    for tenant, writer in zip(tenants, threads):
        writer.prepare(accounts=5, subscriptions=3)
    for writer in threads:
        writer.own = [writer.create_subscription(writer.tenant.accounts[n], "prepaid", 100_000) for n in range(2)]
        writer.tenant.subscriptions += writer.own
    return tenants, threads


def finish(server, threads, clock):
    clock.stop_asked.set()
    for thread in threads:
        thread.stop_asked.set()
    for thread in [*threads, clock]:
        thread.join(90)
    # Usage that waits for its second try, and a clock that was killed while it moved, get their turn.
    end = time.monotonic() + 45
    while time.monotonic() < end:
        waiting = server.sql("select (select count(*) from work.settlement_queue), (select count(*) from test_clocks where advancing_to is not null)")
        if waiting == [["0", "0"]]:
            return
        time.sleep(0.2)


def report(server, promises, killer, tally):
    print(f"      {promises.summary()}")
    if promises.refusals:
        print("      refused: " + ", ".join(f"{name} ×{count}" for name, count in sorted(promises.refusals.items())))
    total = sum(killer.kills.values())
    hits = sum(killer.hit_open.values())
    print(
        f"      {total} kills ({killer.kills['server']} server, {killer.kills['PostgreSQL']} PostgreSQL), each with at least {killer.in_flight_least} "
        f"requests in flight; {hits} hit an open transaction that had written ({killer.hit_open['server']} server, {killer.hit_open['PostgreSQL']} "
        f"PostgreSQL)")
    for target, times in killer.recoveries.items():
        if times:
            print(f"      ready again after a kill of {target}: median {median(times):.2f} s, longest {max(times):.2f} s")
    tally.check(hits > 0, "kills hit open transactions", f"{hits} of {total}")
    tally.check((killer.in_flight_least or 0) >= IN_FLIGHT_AT_LEAST, f"every kill met {IN_FLIGHT_AT_LEAST} or more requests in flight")
    tally.check(promises.retries > 0, "writers had to repeat requests", str(promises.retries))
    tally.check(not promises.unanswered, "every request got a definite answer", "; ".join(promises.unanswered[:3]))
    tally.check(not promises.faults, "no 500, and every 503 said when to come back", "; ".join(promises.faults[:3]))
    faults = server.log_lines('"msg":"fault"')
    tally.check(not faults, "the server logged no fault of its own", faults[0].strip() if faults else "")


def check(server, promises, tally):
    findings = checker.read(server.sql)
    broken = checker.complaints(findings, promises)
    for name in ["payment lost", "payment doubled", "payment of another amount", "payment nobody was told of",
                 "payment taken though declined", "transition lost", "transition doubled", "usage event lost", "usage event doubled", "subscription lost", "subscription nobody was told of"]:
        tally.check(name not in broken, f"no {name}", ", ".join(broken.get(name, [])[:3]))
    acknowledged = sum(minor for _, minor in promises.payments.values())
    stored = sum(int(row[2]) for row in findings.payments)
    tally.check(acknowledged == stored, "the sum of acknowledged payments is the sum stored", f"{acknowledged / 100:.2f} and {stored / 100:.2f}")
    transferred = int(server.sql("select coalesce(sum(amount_minor), 0) from ledger_transfers where debit_kind = 'payments'")[0][0])
    tally.check(transferred == stored, "the ledger says the same", f"{transferred / 100:.2f}")
    failed = server.sql("select (select count(*) from timers where attempts > 0), (select count(*) from work.settlement_queue)")
    tally.check(failed == [["0", "0"]], "no timer has failed and no settlement waits", f"{failed[0][0]} timers, {failed[0][1]} settlements")
    stuck = server.sql("select count(*) from test_clocks where advancing_to is not null")
    tally.check(stuck == [["0"]], "no advance of a test clock is left half done")
    well, bad, count = server.doctor()
    tally.check(well, "bursar doctor is green", "; ".join(bad[:4]) or f"{count} findings")


def controls(server, promises, tally):
    """What cannot fail proves nothing: each promise is broken on purpose, in the database itself, and must be seen."""
    payment = next(iter(promises.payments))
    note = next(iter(promises.transitions))
    source, event = next(iter(promises.events))
    breaks = [
        ("a deleted payment", "payment lost",
         f"delete from payments where command_key = '{payment}'"),
        ("a payment of one fen more", "payment of another amount",
         f"update payments set amount_minor = amount_minor + 1 where command_key = '{payment}'"),
        ("a payment booked twice", "payment nobody was told of",
         f"""insert into payments select tenant_id, gen_random_uuid(), account_id, subscription_id, order_id, amount_minor, debt_paid_minor, currency, method,
             principal_id, 'again-' || command_key, paid_at from payments where command_key = '{payment}'"""),
        ("a declined payment that was booked", "payment taken though declined",
         f"""insert into payments select tenant_id, gen_random_uuid(), account_id, subscription_id, order_id, amount_minor, debt_paid_minor, currency, method,
             principal_id, '{next(iter(promises.declined))}', paid_at from payments where command_key = '{payment}'"""),
        ("a step missing in a history", "transition lost",
         f"delete from transition_events where note = '{note}'"),
        ("a lost usage event", "usage event lost",
         f"delete from usage_events where source = '{source}' and event_id = '{event}'"),
    ]
    for what, name, statement in breaks:
        def ask(question):
            # Undone at the end, so that each control starts from the whole truth; the replica role leaves foreign keys aside.
            return server.sql(f"begin; set local session_replication_role = replica; {statement}; {question}; rollback;")
        seen = checker.complaints(checker.read(ask), promises)
        tally.check(list(seen) == [name], f"control: {what} is seen", f"as {name}" if name in seen else f"saw {seen}")
    server.sql("update ledger_accounts set balance_minor = balance_minor + 1 where (kind, owner_id) in (select kind, owner_id from ledger_accounts "
               "where kind = 'credit_lot' limit 1)")
    well, bad, _ = server.doctor()
    tally.check(not well and bad, "control: one fen too much on one lot turns doctor red", bad[0] if bad else "")
    server.sql("update ledger_accounts a set balance_minor = balance_minor - 1 from (select tenant_id, kind, owner_id, sum(d) as total from (select tenant_id, "
               "credit_kind as kind, credit_owner_id as owner_id, amount_minor as d from ledger_transfers union all select tenant_id, debit_kind, "
               "debit_owner_id, -amount_minor from ledger_transfers) s group by 1, 2, 3) t where t.tenant_id = a.tenant_id and t.kind = a.kind and "
               "t.owner_id = a.owner_id and a.balance_minor <> t.total")
    well, bad, _ = server.doctor()
    tally.check(well, "doctor is green again when it is put right", "; ".join(bad[:2]))


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--binary", default=".build/debug/bursar")
    options.add_argument("--kills", type=int, default=20)
    options.add_argument("--writers", type=int, default=12)
    options.add_argument("--seed", type=int, default=random.SystemRandom().randint(1, 999_999))
    options.add_argument("--keep", action="store_true", help="leave the data folder behind")
    asked = options.parse_args()
    print(f"faults: {asked.kills} kills, {asked.writers} writers, seed {asked.seed}", flush=True)
    tally, promises = Tally(), Promises()
    server = Bursar(asked.binary)
    began = time.monotonic()
    try:
        tenants, threads = prepare(server, promises, asked.seed, asked.writers)
        clock = Clock(Writer(99, server, tenants[0], promises, asked.seed))
        for thread in [*threads, clock]:
            thread.start()
        killer = Killer(server, promises, random.Random(asked.seed))
        killer.run(asked.kills)
        time.sleep(0.5)
        finish(server, threads, clock)
        report(server, promises, killer, tally)
        print(f"      the sandbox tenant's clock was advanced {clock.advances} times meanwhile")
        check(server, promises, tally)
        controls(server, promises, tally)
        outage.run(server, tenants, promises, tally, asked.seed)
        drain.run(server, tenants, promises, tally, asked.seed)
    except Exception as error:  # Whatever it was, the closing line has to say that it failed.
        tally.check(False, "the run came to its end", f"{type(error).__name__}: {error}")
        if os.environ.get("FAULTS_TRACE"):
            raise
    finally:
        server.close(keep=asked.keep)
    print(f"      {time.monotonic() - began:.0f} s, seed {asked.seed}")
    return tally.close()


if __name__ == "__main__":
    sys.exit(main())
