#!/usr/bin/env python3
"""What a second event loop brings: the same reads of one subscription each, 64 clients, with one loop and with two, in turns.

    python3 Tests/Benchmarks/loops.py --binary .build/release/bursar [--seconds 5] [--rounds 3]

Prints; never fails on a time. Needs wrk (Debian). Where the database and the load run on the same two processors, a second loop has little left to use:
what the server itself takes per request is printed beside the rate.
"""

import argparse
import os
import statistics
import sys

sys.dont_write_bytecode = True
here = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [here, os.path.join(here, "..", "Harness")]

from bursar import Bursar, Client
from tools import has, processor_seconds, resident_megabytes, say_load, wrk

PAYMENT = {"method": "sandbox", "amount": {"amount": "1000.00", "currency": "CNY"}}


def populate(server):
    """(key, paths) of two hundred subscriptions."""
    server.tenant("loops", "--sandbox-payments")
    key = server.key("loops", "--role", "operator")
    client = Client(server.port, key)
    account = client.request("POST", "/v1/accounts", {
        "kind": "standard", "name": "Harbour", "currency": "CNY", "time_zone": "Asia/Shanghai", "locale": "en",
        "administrator": {"email": "loops@example.com"}}, key="account").json()["id"]
    return key, [
        client.request("POST", "/v1/subscriptions", {
            "account_id": account, "offer": "prepaid", "name": f"Number {n}", "payment": PAYMENT}, key=f"s{n}").json()["id"]
        for n in range(200)]


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--binary", required=True)
    options.add_argument("--seconds", type=int, default=5)
    options.add_argument("--rounds", type=int, default=3)
    options = options.parse_args()
    if not has("wrk"):
        print("wrk is not installed (package wrk): nothing is measured")
        return
    server = Bursar(options.binary)
    try:
        server.start()
        key, ids = populate(server)
        script = f"{server.folder}/read.lua"
        with open(script, "w") as file:
            paths = ",".join(f'"/v1/subscriptions/{id}"' for id in ids)
            file.write(
                f'wrk.headers["Authorization"] = "Bearer {key}"\nlocal paths = {{{paths}}}\nlocal at = 0\n'
                'request = function() at = at % #paths + 1 return wrk.format("GET", paths[at]) end\n')
        say_load(print)
        found = {1: [], 2: []}
        for _ in range(options.rounds):
            for loops in found:
                server.terminate()
                server.start("--loops", str(loops), "--drain", "0")
                url = f"http://127.0.0.1:{server.port}"
                wrk(url, 64, 1, script)
                before = processor_seconds(server.process.pid)
                result = wrk(url, 64, options.seconds, script)
                cost = (processor_seconds(server.process.pid) - before) * 1e6 / max(1, result.rate * options.seconds)
                found[loops].append(result.rate)
                print(f"  {loops} {'loop ' if loops == 1 else 'loops'}: {result.rate:8.0f} reads/s, p50 {result.p50:.1f} ms, p99 {result.p99:.1f} ms, "
                      f"{cost:.0f} µs of processor each, {resident_megabytes(server.process.pid):.0f} MB{result.fault}")
        one, two = (statistics.median(found[loops]) for loops in (1, 2))
        print(f"two loops ÷ one loop, c=64 reads, median of {options.rounds}: {two / one:.2f} ({two:.0f} ÷ {one:.0f} a second)")
    finally:
        server.close()


if __name__ == "__main__":
    main()
