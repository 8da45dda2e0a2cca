#!/usr/bin/env python3
"""How fast a control plane is told whether a subscription may be used, beside pgbench running the same SQL: one by one, and a thousand at once.

    python3 Tests/Benchmarks/entitlement.py --binary .build/release/bursar [--subscriptions 100000] [--seconds 5]

Prints; never fails on a time.
"""

import json
import sys

sys.dont_write_bytecode = True

import population
from bench import CLIENTS, TENANT, Bench, asked_for, run, say
from bursar import Client
from statements import Recorder, script
from tools import pgbench, processor_seconds, wrk


class Entitlement(Bench):
    def measure(self):
        self.one()
        self.many()

    def one(self):
        server = self.server
        at = self.count // 2
        with Recorder(server) as recorder:
            Client(server.port, self.key).request("GET", f"/v1/subscriptions/{self.id(at)}/entitlement")
        unit = recorder.transaction_with("s.suspension_reasons")
        same = {self.tenant: f"'{self.tenant}'", population.uuid_text(TENANT, "subscription", at): self.sql_id()}
        lines = [f"\\set n random(1, {self.count})", *script(unit, same)]
        rate, _ = pgbench(server, lines, CLIENTS, self.seconds, server.folder, "entitlement")
        paths = self.write_paths(min(self.count, 20_000), 7)
        self.load(f"""
local paths = {{}}
for line in io.lines("{paths}") do paths[#paths + 1] = "/v1/subscriptions/" .. line .. "/entitlement" end
local at = 0
wrk.headers["Authorization"] = "Bearer {self.key}"
request = function()
  at = at % #paths + 1
  return wrk.format("GET", paths[at])
end
""")
        url = f"http://127.0.0.1:{server.port}"
        wrk(url, CLIENTS, 1, self.lua)
        before = processor_seconds(server.process.pid)
        result = wrk(url, CLIENTS, self.seconds, self.lua)
        cost = (processor_seconds(server.process.pid) - before) / (result.rate * self.seconds) * 1e6
        say(f"entitlement  GET /v1/subscriptions/{{id}}/entitlement c={CLIENTS}: {result.rate:,.0f}/s; pgbench, the same {len(unit)} statements: {rate:,.0f}/s  "
            f"ratio {result.rate / rate:.2f}; p50 {result.p50:.1f} ms, p99 {result.p99:.1f} ms; {cost:.0f} µs of the server's own processor time{result.fault}")

    def many(self):
        server = self.server
        thousand = [self.id(1 + n * 7919 % self.count) for n in range(1_000)]
        body = json.dumps({"subscription_ids": thousand})
        self.load(f"""
wrk.method = "POST"
wrk.headers["Authorization"] = "Bearer {self.key}"
wrk.headers["Content-Type"] = "application/json"
wrk.body = [==[{body}]==]
""")
        uuids = ",".join(population.uuid_text(TENANT, "subscription", 1 + n * 7919 % self.count) for n in range(1_000))
        lines = ["begin read only;", f"set local app.tenant_id = '{self.tenant}';",
                 f"select s.id, s.state, s.suspension_reasons from subscriptions s where s.tenant_id = '{self.tenant}' and s.id = any('{{{uuids}}}'::uuid[]);", "commit;"]
        rate, _ = pgbench(server, lines, 4, self.seconds, server.folder, "entitlements")
        result = wrk(f"http://127.0.0.1:{server.port}/v1/entitlements", 4, self.seconds, self.lua)
        say(f"             POST /v1/entitlements, 1,000 IDs c=4: {result.rate * 1000:,.0f} verdicts/s; pgbench selecting the same rows: {rate * 1000:,.0f}/s  "
            f"ratio {result.rate / rate:.2f}; p99 {result.p99:.1f} ms{result.fault}")


if __name__ == "__main__":
    sys.exit(run(Entitlement(asked_for(__doc__, subscriptions=100_000)), ["measure"]))
