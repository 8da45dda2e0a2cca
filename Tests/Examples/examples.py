#!/usr/bin/env python3
"""Runs the example programs against a real server, as anybody would who read /docs/api.

    python3 Tests/Examples/examples.py --binary .build/debug/bursar

Prints `N passed, N failed` at the end.
"""

import argparse
import os
import subprocess
import sys

sys.dont_write_bytecode = True
here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(here, "..", "Harness"))

from bursar import Bursar, Tally


def run(tally, name, words, environment):
    try:
        done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=180)
        output, code = done.stdout + done.stderr, done.returncode
    except subprocess.TimeoutExpired as late:
        output, code = f"not done after {late.timeout} s", 1
    steps = [line for line in output.splitlines() if line.startswith("ok ")]
    for line in steps:
        tally.check(True, f"{name}: {line[6:]}")
    tally.check(code == 0 and "done" in output.split(), f"{name} does everything", output[-600:] if code else f"{len(steps)} steps")


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--binary", default=".build/debug/bursar")
    asked = options.parse_args()
    # The examples listen on this machine.
    tally, server = Tally(), Bursar(asked.binary, {"BURSAR_WEBHOOK_LOOPBACK": "yes"})
    try:
        server.command("migrate", check=False)
        server.start()
        server.tenant("examples", "--sandbox", "--sandbox-payments", "--currency", "CNY")
        environment = dict(
            server.environment, BURSAR_URL=f"http://127.0.0.1:{server.port}", BURSAR_KEY=server.key("examples", "--role", "operator"))
        run(tally, "Python", [sys.executable, os.path.join(here, "lifecycle.py")], environment)
        compiled = os.path.join(os.path.dirname(server.binary), "lifecycle-example")
        run(tally, "Swift", [compiled], environment)
    finally:
        server.close()
    return tally.close()


if __name__ == "__main__":
    sys.exit(main())
