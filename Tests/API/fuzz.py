#!/usr/bin/env python3
"""Requests of every kind against every operation of a running demo: no fault, no answer that the document does not know, no invalid input accepted.

    make fuzz          (.venv/bin/python Tests/API/fuzz.py --binary .build/debug/bursar [--examples 15] [--seed 7])

Needs schemathesis (PyPI, `.ci/install fuzz`). Prints `N passed, N failed` at the end: operations.
"""

import argparse
import os
import re
import subprocess
import sys

sys.dont_write_bytecode = True
here = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(here, "..", "Harness"), os.path.join(here, "..", "Browser")]

from demo import Demo

# Refusals that no schema can foretell are answers to valid data, too: the product's rules (409, 422), another version (412), and
# what depends on the rest of the request or on what is stored (400: a cursor, `month` beside `from`).
ACCEPTED = '["2xx", "3xx", 400, 401, 403, 404, 409, 412, 422, 429]'
REFUSED = '["4xx"]'


def things(demo):
    """IDs that exist, so that requests get further than 404."""
    api = demo.api()

    def first(path, field="id"):
        rows = api.request("GET", path).json().get("data", [])
        return rows[0][field] if rows else None

    def made(path, body):
        answer = api.request("POST", path, body, key=f"fuzz-{path}")
        return answer.json().get("id") if answer.status == 201 else None

    account, enrollment = demo.account, first("/v1/enrollments")
    found = {
        "account_id": account,
        "subscription_id": first(f"/v1/subscriptions?account_id={account}&state=active"),
        "enrollment_id": enrollment,
        "department_id": first(f"/v1/enrollments/{enrollment}/departments"),
        "partner_id": first("/v1/partners"),
        "order_id": first("/v1/orders"),
        "payment_id": first("/v1/payments"),
        "remittance_id": first("/v1/remittances"),
        "notification_id": first("/v1/notifications"),
        "audit_id": first("/v1/audit-events"),
        "member_id": first(f"/v1/members?account_id={account}"),
        "note_id": made(f"/v1/accounts/{account}/notes", {"body": "A note."}),
        # Never the key that asks: it is rotated and revoked on the way.
        "api_key_id": made("/v1/api-keys", {"account_id": account, "role": "reader", "name": "Fuzzed"}),
        "identity_request_id": first("/v1/identity-requests"),
        "policy_draft_id": made("/v1/offers/prepaid/drafts", {"currency": "EUR"}),
        "offer": "prepaid",
        "code": "payment_below_minimum",
    }
    return {name: value for name, value in found.items() if value}


def settings(demo, path):
    parameters = "\n".join(f'"path.{name}" = "{value}"' for name, value in things(demo).items())
    with open(path, "w") as file:
        file.write(
            "[checks]\n"
            f"positive_data_acceptance.expected-statuses = {ACCEPTED}\n"
            f"negative_data_rejection.expected-statuses = {REFUSED}\n"
            f"[parameters]\n{parameters}\n")


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--binary", default=".build/debug/bursar")
    options.add_argument("--examples", type=int, default=15)
    options.add_argument("--seed", default="7")
    options.add_argument("--schemathesis", default=os.path.join(os.path.dirname(sys.executable), "schemathesis"))
    asked = options.parse_args()
    demo = Demo(asked.binary)
    try:
        demo.start()
        config = f"{demo.folder}/schemathesis.toml"
        settings(demo, config)
        done = subprocess.run(
            [asked.schemathesis, "--config-file", config, "run", f"{demo.base}/openapi.json", "-H",
             f"Authorization: Bearer {demo.sandbox['operator_key']}", "--checks", "all", "--max-examples", str(asked.examples),
             "--workers", "1", "--seed", asked.seed, "--no-color"],
            capture_output=True, text=True, cwd=demo.folder, timeout=1_800)
        print(done.stdout)
        operations = int(re.search(r"(\d+) selected", done.stdout).group(1))
        names = set(re.findall(r"^_{3,} ((?:GET|POST|PUT|PATCH|DELETE) \S+) _{3,}$", done.stdout, re.M))
        failed = len(names) or (1 if done.returncode else 0)
        alive = demo.api().request("GET", "/v1/me").status == 200
        print(f"{operations - failed} passed, {failed + (0 if alive else 1)} failed")
        return 0 if failed == 0 and alive else 1
    finally:
        demo.close()


if __name__ == "__main__":
    sys.exit(main())
