#!/usr/bin/env python3
"""One connection to the database, two hundred tenants, and clients and connections that go away in the middle: nobody reads a word of another's.

    python3 Tests/Security/pool.py --binary .build/debug/bursar [--requests 50000] [--tenants 200] [--seed 1]

Prints `N passed, N failed`.
"""

import argparse
import http.client
import os
import random
import socket
import sys
import threading
import time
import uuid

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Harness"))

from bursar import Bursar, Client, Tally


class Tenant:
    def __init__(self, server, number):
        self.word = f"Canary{uuid.uuid4().hex[:12]}"
        slug = f"pool-{number}"
        server.tenant(slug, "--sandbox")
        self.key = server.key(slug, "--role", "operator")

    def fill(self, port):
        answer = Client(port, self.key, timeout=60).request("POST", "/v1/accounts", {"kind": "standard", "name": self.word, "currency": "CNY", "time_zone": "UTC", "locale": "en", "administrator": {
            "email": f"{self.word.lower()}@example.com"}}, key=uuid.uuid4().hex)
        self.account = answer.json()["id"]


def worker(server, tenants, count, dice, counts, foreign, lock):
    # One address has its share of connections: each worker keeps one, and asks for one tenant after the other.
    client = Client(server.port)
    for _ in range(count):
        tenant = dice.choice(tenants)
        path = dice.choice(["/v1/accounts", f"/v1/accounts/{tenant.account}", "/v1/me", "/v1/orders", "/v1/search?q=Canary", f"/v1/accounts/{dice.choice(tenants).account}"])
        way, status, body = dice.random(), 0, b""
        try:
            if way < 0.06:
                # Asks and goes.
                with socket.create_connection(("127.0.0.1", server.port), timeout=10) as link:
                    link.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {tenant.key}\r\n\r\n".encode())
                    time.sleep(dice.random() * 0.01)
            elif way < 0.12:
                body = {"name": f"{tenant.word} again"}
                answer = Client(server.port, tenant.key).request("PATCH", f"/v1/accounts/{tenant.account}?dry_run=true", body)
                status, body = answer.status, answer.body
            else:
                client.key = tenant.key
                answer = client.request("GET", path)
                status, body = answer.status, answer.body
        except (OSError, http.client.HTTPException):
            status = -1
        words = {piece[:18].decode("ascii", "replace") for piece in body.split(b"Canary")[1:]} if isinstance(body, bytes) else set()
        strange = [word for word in words if word[:12] != tenant.word[6:18] and word[:1] != '"']
        with lock:
            counts[status] = counts.get(status, 0) + 1
            if strange:
                foreign.append(f"{path}: {strange[0]}")


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--binary", default=".build/debug/bursar")
    options.add_argument("--requests", type=int, default=50_000)
    options.add_argument("--tenants", type=int, default=200)
    options.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    asked = options.parse_args()
    tally, dice = Tally(), random.Random(asked.seed)
    server = Bursar(asked.binary, {"BURSAR_READ_CONNECTIONS": "1", "BURSAR_WRITE_CONNECTIONS": "1"})
    try:
        server.start()
        tenants = [Tenant(server, number) for number in range(asked.tenants)]
        for tenant in tenants:
            tenant.fill(server.port)
        # Who asks how often is another test's matter.
        server.sql("update identity.api_keys set rate_limit = 100000")
        counts, foreign, lock, done = {}, [], threading.Lock(), threading.Event()

        def kill():
            """Cancels, ends and times out whatever the database is at."""
            while not done.wait(dice.random() * 2):
                act = dice.choice(["pg_cancel_backend(pid)", "pg_cancel_backend(pid)", "pg_terminate_backend(pid)"])
                try:
                    server.sql(f"select {act} from pg_stat_activity where usename = 'bursar_app'")
                except RuntimeError:
                    pass
        killer = threading.Thread(target=kill)
        killer.start()
        began = time.monotonic()
        threads = [threading.Thread(target=worker, args=(server, tenants, asked.requests // 16, random.Random(dice.random()), counts, foreign, lock)) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        done.set()
        killer.join()
        total = sum(counts.values())
        tally.check(not foreign, f"none of {total} answers to {asked.tenants} tenants over one connection holds another's word", f"seed {asked.seed}, {time.monotonic() - began:.0f} s, {dict(sorted(counts.items()))}; {foreign[:2]}")
        tally.check(counts.get(200, 0) > total * 0.5 and counts.get(404, 0) > 0, "most are answered, and another's account is not found", counts.get(200))
        tally.check(not [status for status in counts if status == 500], "and none is a 500", counts.get(500))
        well, bad, _ = server.doctor()
        tally.check(well, "doctor is green afterwards", "; ".join(bad[:2]))
    finally:
        server.close()
    return tally.close()


if __name__ == "__main__":
    sys.exit(main())
