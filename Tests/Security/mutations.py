#!/usr/bin/env python3
"""Proves the tests: puts one fault at a time into a copy of the program or its database, and demands that what should see it goes red.

    python3 Tests/Security/mutations.py [--only database,program] [--names a,b] [--here]

Slow, so not in CI: each fault of the program is a build. `--here` works in this very folder instead of a copy, for a checkout that is made for it. Prints `N passed, N failed`;
a fault that nothing saw is a failure.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
here = os.path.dirname(os.path.abspath(__file__))
root = os.path.abspath(os.path.join(here, "..", ".."))
sys.path.insert(0, os.path.join(here, "..", "Harness"))

from bursar import Bursar, Tally

# Seen by `bursar doctor`, which asks every invariant.
DATABASE = {
    "a policy is dropped": ("drop policy one_tenant on accounts", "create policy one_tenant on accounts using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid) "
                            "with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)"),
    "a policy has one half only": ("drop policy one_tenant on users; create policy one_tenant on users for select using (true)",
                                   "drop policy one_tenant on users; create policy one_tenant on users using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid) "
                                   "with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)"),
    "a second policy lets everybody in": ("create policy second on payments using (true)", "drop policy second on payments"),
    "row security is not forced": ("alter table subscriptions no force row level security", "alter table subscriptions force row level security"),
    "row security is off": ("alter table mails disable row level security", "alter table mails enable row level security"),
    "a definer function": ("create function peek() returns bigint language sql security definer as 'select count(*) from accounts'", "drop function peek()"),
    "a view with its owner's eyes": ("create view peek as select * from accounts", "drop view peek"),
    "a materialised view": ("create materialized view peek as select * from accounts", "drop materialized view peek"),
    "a unique index over all tenants": ("create unique index peek on partners (code, tenant_id)", "drop index peek"),
    "a table without a tenant": ("create table peek (id uuid primary key)", "drop table peek"),
    "the app role may truncate": ("grant truncate on payments to bursar_app", "revoke truncate on payments from bursar_app"),
    "the app role may change the ledger": ("grant update (amount_minor) on ledger_transfers to bursar_app", "revoke update (amount_minor) on ledger_transfers from bursar_app"),
    "the app role passes row security by": ("alter role bursar_app bypassrls", "alter role bursar_app nobypassrls"),
}


class Fault:
    """Text for text in one file; `suite` is the filter of the Swift tests that must see it, or `walls` of security.py. What is seen has to be the `sign` itself: a word of the
    failure that says why, so that a test that fails for another reason proves nothing."""

    def __init__(self, file, before, after, suite, sign):
        self.file, self.before, self.after, self.suite, self.sign = file, before, after, suite, sign


SOURCES = "Sources/App"
PROGRAM = {
    "an idempotency key is not compared": Fault(
        f"{SOURCES}/Platform/Commands/IdempotencyKey.swift", "guard hash == requestHash else", "guard hash.count == requestHash.count else",
        "PaymentTests", "idempotency_key_reused"),
    "a lease is ignored": Fault(
        f"{SOURCES}/Features/Mail/SendLetters.swift", "and status = 'waiting' and next_attempt_at <= \\(now) ", "and status = 'waiting' ",
        "DeliveryTests", "caught.count"),
    "a fence is ignored": Fault(
        f"{SOURCES}/Features/Operations/RunOperation.swift", "and attempt = \\(claim.attempt) returning true", "returning true",
        "LongWorkTests", "Lost"),
    "a subscription is not locked": Fault(
        f"{SOURCES}/Features/Subscriptions/StoreSubscription.swift", "and id = \\(id) for no key update\"", "and id = \\(id)\"",
        "RaceTests", "RaceTests.swift"),
    "a transition is not audited": Fault(
        f"{SOURCES}/Platform/Commands/History.swift",
        "        audit(\n            type.rawValue, object: (\"subscription\", subscription.id.uuid), account: subscription.accountID, reason: reason,\n"
        "            from: from?.rawValue, to: to.rawValue, details: details,\n"
        "            // Nothing stays with a subscription that was deleted before (L3): what is said of it later is its account's.\n"
        "            detailsOf: from == .deleted ? subscription.accountID.uuid : nil)\n",
        "        if type != .reactivated { audit(\n            type.rawValue, object: (\"subscription\", subscription.id.uuid), account: subscription.accountID, reason: reason,\n"
        "            from: from?.rawValue, to: to.rawValue, details: details,\n"
        "            // Nothing stays with a subscription that was deleted before (L3): what is said of it later is its account's.\n"
        "            detailsOf: from == .deleted ? subscription.accountID.uuid : nil) }\n",
        "RaceTests", "transition_left_audit_and_outbox"),
    "a reader may pay": Fault(
        "Sources/Billing/Permissions/Permission.swift", "case .pay: [.accountAdministrator, .finance,", "case .pay: [.accountAdministrator, .finance, .reader,",
        "RoleMatrixTests", "agree with the table"),
    "a statement names no tenant": Fault(
        f"{SOURCES}/Features/Partners/Partners.swift", "where tenant_id = \\(context.tenant.id) and id = \\(id)", "where id = \\(id)", "walls", "35 and it is the same"),
    "a unique index is dropped": Fault(
        "SQL/migrations/0001_foundation.sql", "create unique index subscriptions_one_trial on", "create index subscriptions_one_trial on", "DatabaseGuardTests", "second trial"),
    "a lot may fall below zero": Fault(
        "SQL/migrations/0001_foundation.sql", "    check (kind not in ('credit_lot') or balance_minor >= 0),\n", "", "DatabaseGuardTests", "credit_lot"),
    "a lot's last instant counts": Fault(
        "Sources/Billing/Credit/CreditLot.swift", "effectiveAt <= now && now < expiresAt", "effectiveAt <= now && now <= expiresAt", "CreditTests", "just before its expiry"),
    "it is said before it is committed": Fault(
        "Sources/Postgres/Pools/Transaction.swift",
        "        let batch = try await flush([Command(kind: .control(.commit), phase: .commit)])\n"
        "        if let failure { throw outcome(of: failure, in: batch) }\n"
        "        guard batch.lastTag == \"COMMIT\" else {\n"
        "            throw PostgresError.misuse(\"the server rolled back a transaction that reported no error\")\n"
        "        }\n",
        "        _ = try await flush([])\n"
        "        if let failure { throw failure }\n"
        "        _ = connection.send([Command(kind: .control(.commit), phase: .commit)], .inside, timeout: timeout)\n",
        "WritePoolTests", "deferred constraint"),
    "wrong rounding": Fault(
        "Sources/Values/ExactDecimal.swift", "package func rounded(toScale target: Int) -> ExactDecimal {",
        "package func rounded(toScale given: Int) -> ExactDecimal {\n        let target = max(0, given - 1)", "ValuesTests|BillingTests", "round"),
}


def database(binary, tally):
    """Each fault in a server's own database, looked at by doctor, and taken away again: red with it, green without."""
    server = Bursar(binary)
    try:
        server.start()
        server.tenant("faults", "--sandbox")
        well, bad, _ = server.doctor()
        tally.check(well, "doctor is green to begin with", "; ".join(bad[:2]))
        for name, (fault, cure) in DATABASE.items():
            server.sql(fault)
            sick, told, _ = server.doctor()
            server.sql(cure)
            well, bad, _ = server.doctor()
            tally.check(not sick and told and well, f"{name}: doctor says so", "; ".join(told[:1] if not sick else bad[:1])[:160] or "nobody saw it")
    finally:
        server.close()


def program(asked, tally):
    folder = root
    if not asked.here:
        folder = tempfile.mkdtemp(prefix="bursar-mutations-")
        shutil.copytree(root, folder, dirs_exist_ok=True, symlinks=True, ignore=shutil.ignore_patterns(".build", ".data"))
    try:
        for name, fault in PROGRAM.items():
            if asked.names and name not in asked.names.split(","):
                continue
            path, began = os.path.join(folder, fault.file), time.monotonic()
            with open(path) as file:
                text = file.read()
            if text.count(fault.before) == 0:
                tally.check(False, name, f"{fault.file} does not hold the text any more that the fault replaces")
                continue
            with open(path, "w") as file:
                file.write(text.replace(fault.before, fault.after))
            try:
                seen, told = red(folder, fault)
            finally:
                with open(path, "w") as file:
                    file.write(text)
            tally.check(seen, f"{name}: red", f"{told}, {time.monotonic() - began:.0f} s")
    finally:
        if not asked.here:
            shutil.rmtree(folder, ignore_errors=True)


def red(folder, fault):
    """Whether the suite fails with the fault. A fault that does not build proves nothing."""
    outside = fault.suite == "walls"
    built = subprocess.run(["swift", "build", *(["--product", "bursar"] if outside else ["--build-tests"])], cwd=folder, capture_output=True, text=True)
    if built.returncode != 0:
        return False, "it does not build: " + next((line for line in built.stdout.splitlines() if "error:" in line), "")[-200:]
    command = [sys.executable, "Tests/Security/security.py", "--only", fault.suite] if outside else ["swift", "test", "--skip-build", "--filter", fault.suite]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    complaints = [line for line in done.stdout.splitlines() if line.startswith(("FAIL", "✘ Test "))]
    signs = [line for line in complaints if fault.sign in line]
    if done.returncode == 0 or not complaints:
        return False, "nobody saw it"
    return bool(signs), signs[0][:200] if signs else f"red, but not because of “{fault.sign}”: {complaints[0][:200]}"


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--binary", default=".build/debug/bursar")
    options.add_argument("--only", default="database,program")
    options.add_argument("--names", default="")
    options.add_argument("--here", action="store_true")
    asked = options.parse_args()
    tally = Tally()
    if "database" in asked.only:
        database(asked.binary, tally)
    if "program" in asked.only:
        program(asked, tally)
    return tally.close()


if __name__ == "__main__":
    sys.exit(main())
