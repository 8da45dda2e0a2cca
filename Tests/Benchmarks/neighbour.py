#!/usr/bin/env python3
"""A noisy neighbour: one tenant at full speed over many connections, and what another one's requests take meanwhile, beside what they take alone.

    python3 Tests/Benchmarks/neighbour.py --binary .build/release/bursar [--seconds 5] [--connections 64]

The load is made on the same machine, at the lowest priority, so the processors are shared with it; a real neighbour lives elsewhere.
Prints; never fails on a time.
"""

import json
import os
import subprocess
import sys
import time

sys.dont_write_bytecode = True

import population
from bench import TENANT, Bench, asked_for, run, say
from bursar import Client
from tools import WrkResult, wrk

QUIET = 2
BUDGET = 2.0


class Neighbour(Bench):
    def prepare(self):
        super().prepare()
        self.server.tenant("quiet", "--sandbox-payments")
        self.quiet_key = self.server.key("quiet", "--role", "operator")
        self.fill("quiet", QUIET, 1_000)
        made = Client(self.server.port, self.key).request(
            "POST", "/v1/api-keys", {"name": "within limits", "role": "operator", "rate_limit": 600})
        self.limited_key = made.json()["key"]

    def measure(self):
        url = f"http://127.0.0.1:{self.server.port}"
        read = self.script("read", self.quiet_key, "GET", f"/v1/subscriptions/{population.subscription_id(QUIET, 500)}")
        write = self.script(
            "write", self.quiet_key, "POST", f"/v1/subscriptions/{population.subscription_id(QUIET, 501)}/suspend", {"reason": "operator"})
        neighbours = [
            ("reads beyond its quota of 600 a minute", self.script("limited", self.limited_key, "GET", f"/v1/subscriptions/{self.id(7)}")),
            ("reads, with a quota that never ends", self.script("reads", self.key, "GET", f"/v1/subscriptions/{self.id(7)}")),
            ("lists of 100, with a quota that never ends", self.script("lists", self.key, "GET", "/v1/subscriptions?limit=100")),
            ("writes, with a quota that never ends", self.script(
                "writes", self.key, "POST", f"/v1/subscriptions/{self.id(8)}/payments?dry_run=true",
                {"amount": {"amount": "1000.00", "currency": "CNY"}, "method": "sandbox"})),
        ]
        for name, script in (("reading", read), ("writing", write)):
            wrk(url, 2, 1, script)
            alone = wrk(url, 2, self.seconds, script)
            say(f"neighbour  quiet tenant {name}, 2 connections, alone: p50 {alone.p50:.2f} ms, p99 {alone.p99:.2f} ms{alone.fault}")
            for what, noise in neighbours:
                beside, loud = self.beside(url, script, noise)
                say(f"           beside {self.asked.connections} connections of {what}: p50 {beside.p50:.2f} ms, p99 {beside.p99:.2f} ms = "
                    f"{beside.p99 / alone.p99:.1f} times (budget {BUDGET:.0f}); the neighbour gets {loud.rate:,.0f}/s, p99 {loud.p99:.0f} ms{beside.fault}")
            again = wrk(url, 2, self.seconds, script)
            say(f"           alone once more: p99 {again.p99:.2f} ms")

    def beside(self, url, script, noise):
        command = ["nice", "-n", "19", "wrk", "-t", "1", "-c", str(self.asked.connections), "-d", f"{self.seconds + 3}s", "--latency", "-s", noise, url]
        loud = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        time.sleep(2)
        result = wrk(url, 2, self.seconds, script)
        return result, WrkResult(loud.communicate(timeout=self.seconds + 60)[0])

    def script(self, name, key, method, path, body=None):
        lua = f"{self.server.folder}/{name}.lua"
        with open(lua, "w") as file:
            file.write(f"""
wrk.method = "{method}"
wrk.path = "{path}"
wrk.headers["Authorization"] = "Bearer {key}"
wrk.headers["Content-Type"] = "application/json"
""" + (f"wrk.body = [==[{json.dumps(body)}]==]\n" if body else ""))
        return lua


if __name__ == "__main__":
    sys.exit(run(Neighbour(asked_for(__doc__, subscriptions=20_000, connections=64)), ["measure"]))
