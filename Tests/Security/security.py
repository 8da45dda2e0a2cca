#!/usr/bin/env python3
"""Attacks a running Bursar from outside, check by check, by the numbers of the project's list of sixty.

    python3 Tests/Security/security.py --binary .build/debug/bursar [--only sessions,forms,input,edge]

Standard library only. What the Swift suites show better (isolation row by row, roles by routes, smuggling over raw sockets) is named at the end, not repeated.
Prints `N passed, N failed`.
"""

import argparse
import os
import sys

sys.dont_write_bytecode = True
here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(here, "..", "Harness"))
sys.path.insert(0, os.path.join(here, "..", "Browser"))

import edge
import forms
import hostile
import sessions
from bursar import Tally
from demo import Demo

ELSEWHERE = {
    "22, 26, 27": "AppTests: sign-in, one-time codes", "35, 36": "AppTests/Isolation: every table, every route, every role",
    "51, 52": "HTTPTests: raw-socket probes and seeded mutations", "60": "AppTests: parallel payments, trials and confirmations",
}


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--binary", default=".build/debug/bursar")
    options.add_argument("--only", default="sessions,forms,input,edge")
    options.add_argument("--keep", action="store_true")
    asked = options.parse_args()
    tally, demo = Tally(), Demo(asked.binary)
    try:
        print(f"      the demo was built and ready in {demo.start():.0f} s", flush=True)
        for name, part in [("sessions", sessions), ("forms", forms), ("input", hostile), ("edge", edge)]:
            if name in asked.only.split(","):
                part.run(demo, tally)
        well, bad, count = demo.doctor()
        tally.check(well, "doctor is green afterwards", "; ".join(bad[:3]) or f"{count} findings")
    finally:
        demo.close(asked.keep)
    for numbers, place in ELSEWHERE.items():
        print(f"      {numbers}: {place}")
    return tally.close()


if __name__ == "__main__":
    sys.exit(main())
