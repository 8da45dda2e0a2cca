#!/usr/bin/env python3
"""Attacks a running Bursar from outside, check by check, by the sixty numbers of README.md beside it.

    .venv/bin/python Tests/Security/security.py --binary .build/debug/bursar [--only sessions,people,…] [--suites] [--table]

Parts: sessions, people, forms, input, files, isolation, walls, injection, screen, limits, webhooks, fuzz, edge. `--suites` also runs the Swift suites that show more of a check than can be
seen from outside. BURSAR_SECURITY_TOKENS=10000, _SIGN_INS=500, _CASES=20000 and _WIDE=1 (sqlmap at level 3, risk 2) make it the long run of a release.
Needs playwright, aiosmtpd and sqlmap (PyPI) and chromium. One line for each check, one for each number, and `N passed, N failed`.
"""

import argparse
import importlib
import os
import subprocess
import sys
import time

sys.dont_write_bytecode = True
here = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [here, os.path.join(here, "..", "Harness"), os.path.join(here, "..", "Browser")]

import checks
from demo import Demo
from report import Report


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--binary", default=".build/debug/bursar")
    options.add_argument("--only", default=",".join(checks.PARTS))
    options.add_argument("--suites", action="store_true", help="the Swift suites too")
    options.add_argument("--table", action="store_true", help="print the sixty as README.md has them, and nothing else")
    options.add_argument("--keep", action="store_true")
    asked = options.parse_args()
    if asked.table:
        print(checks.markdown())
        return 0
    report, demo = Report(), Demo(asked.binary)
    with open(os.path.join(here, "README.md")) as file:
        report.check(checks.markdown() in file.read(), "README.md has the table of the sixty as it is here")
    try:
        print(f"      the demo was built and ready in {demo.start():.0f} s", flush=True)
        for name in checks.PARTS:
            if name in asked.only.split(","):
                began = time.monotonic()
                part(name, demo, report)
                print(f"      {name}: {time.monotonic() - began:.0f} s", flush=True)
        well, bad, count = demo.doctor()
        report.check(well, "doctor is green afterwards", "; ".join(bad[:3]) or f"{count} findings")
    finally:
        demo.close(asked.keep)
    if asked.suites:
        suites(report)
    report.table()
    return report.close()


def part(name, demo, report):
    try:
        importlib.import_module({"input": "hostile"}.get(name, name)).run(demo, report)
    except Exception as error:
        report.check(False, f"{name} ran to its end", f"{type(error).__name__}: {error}")


def suites(report):
    for name, pattern in checks.SUITES.items():
        numbers = ", ".join(str(one.number) for one in checks.CHECKS if name in one.parts.split())
        done = subprocess.run(["swift", "test", "--filter", pattern], capture_output=True, text=True)
        ran = "with 0 tests" not in done.stdout and "Test run with" in done.stdout
        last = next((line for line in reversed(done.stdout.splitlines()) if "Test run with" in line), done.stderr[-200:])
        report.check(done.returncode == 0 and ran, f"{numbers} the Swift suites of {name}", last[2:])


if __name__ == "__main__":
    sys.exit(main())
