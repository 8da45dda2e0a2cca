#!/usr/bin/env python3
"""The disk under PostgreSQL runs full while people pay, and has room again later: refusals that say when to come again, and nothing acknowledged is lost.

    python3 Tests/Faults/disk_full.py --binary .build/debug/bursar [--keep]

The folder is a small tmpfs, which only root may mount; without that the run says so and passes nothing. Standard library only. Prints `N passed, N failed`.
"""

import argparse
import http.client
import os
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Harness"))

from bursar import Bursar, Client, Tally
from writers import account_body, payment_body

MEGABYTES = 300
REFUSALS_ENOUGH = 12


class Payer(threading.Thread):
    """Pays under one key after the other, and keeps what it was told."""

    def __init__(self, port, key, subscription, number, stop):
        super().__init__(daemon=True)
        self.client, self.subscription, self.number, self.stop = Client(port, key, timeout=60), subscription, number, stop
        self.acknowledged, self.refused, self.wrong, self.reads = set(), [], [], 0

    def run(self):
        turn = 0
        while not self.stop.is_set():
            turn += 1
            name = f"disk-{self.number}-{turn}"
            try:
                answer = self.client.request("POST", f"/v1/subscriptions/{self.subscription}/payments", payment_body(100_000), key=name)
                if answer.status == 200:
                    self.acknowledged.add(name)
                elif answer.status == 503 and answer.headers.get("Retry-After"):
                    self.refused.append(name)
                    time.sleep(0.1)
                else:
                    self.wrong.append(f"{answer.status} {answer.code}")
                read = self.client.request("GET", f"/v1/subscriptions/{self.subscription}")
                self.reads += read.status == 200
                if read.status != 200 and not (read.status == 503 and read.headers.get("Retry-After")):
                    self.wrong.append(f"read: {read.status} {read.code}")
            except (OSError, http.client.HTTPException) as error:
                self.wrong.append(f"{type(error).__name__}: {error}")
                self.client.close()


def mount(folder):
    os.makedirs(folder)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m,mode=755", "tmpfs", folder], capture_output=True, text=True)
    return done.returncode == 0, done.stderr.strip()


def fill(path, leave):
    """Takes all room but `leave` bytes."""
    block = b"\0" * 1_048_576
    with open(path, "wb", buffering=0) as file:
        try:
            while file.write(block):
                pass
        except OSError:
            pass
        file.truncate(max(0, file.tell() - leave))


def subscriptions(client, count):
    made = []
    for number in range(count):
        account = client.request("POST", "/v1/accounts", account_body(f"Account {number}"), key=f"account-{number}").json()["id"]
        body = {"account_id": account, "offer": "prepaid", "name": f"Subscription {number}", "payment": payment_body(100_000)}
        made.append(client.request("POST", "/v1/subscriptions", body, key=f"subscription-{number}").json()["id"])
    return made


def run(server, tally):
    ballast = f"{server.data}/ballast"
    server.start()
    process = server.process.pid
    server.tenant("acme", "--sandbox-payments")
    client = Client(server.port, server.key("acme", "--role", "operator"))
    stop = threading.Event()
    payers = [Payer(server.port, client.key, subscription, number, stop) for number, subscription in enumerate(subscriptions(client, 6))]
    for payer in payers:
        payer.start()
    time.sleep(1)
    fill(ballast, leave=512 * 1_024)
    before = sum(len(payer.acknowledged) for payer in payers)
    # The log has room for a while in the segment that it has; then nothing can be promised any more.
    end = time.monotonic() + 60
    while sum(len(payer.refused) for payer in payers) < REFUSALS_ENOUGH and time.monotonic() < end:
        time.sleep(0.1)
    alive = Client(server.port, timeout=30).request("GET", "/healthz").status
    os.unlink(ballast)
    began = time.monotonic()
    server.wait_ready(120)
    back = time.monotonic() - began
    # Until somebody has paid again; no longer than it takes.
    resumed = sum(len(payer.acknowledged) for payer in payers)
    end = time.monotonic() + 60
    while sum(len(payer.acknowledged) for payer in payers) < resumed + 6 and time.monotonic() < end:
        time.sleep(0.1)
    stop.set()
    for payer in payers:
        payer.join(90)
    refused = [name for payer in payers for name in payer.refused]
    wrong = [fault for payer in payers for fault in payer.wrong]
    acknowledged = set().union(*(payer.acknowledged for payer in payers))
    tally.check(len(refused) >= REFUSALS_ENOUGH, "the disk ran full", f"{len(refused)} refusals, {before} payments before it")
    tally.check(not wrong, "every refusal was a 503 that says when to come again", str(wrong[:3]) if wrong else "")
    tally.check(alive == 200 and server.process.poll() is None and server.process.pid == process, "the server process lived through it")
    tally.check(sum(len(payer.acknowledged) for payer in payers) > resumed, "with room again people pay again", f"ready {back:.1f} s after there was room")
    settle(server, Client(server.port, client.key), payers, acknowledged, refused, tally)


def settle(server, client, payers, acknowledged, refused, tally):
    stored = [row[0] for row in server.sql("select command_key from payments where command_key like '%disk-%'")]
    names = [key[key.index("disk-"):] for key in stored]
    lost = acknowledged - set(names)
    tally.check(not lost, "no acknowledged payment is lost", f"{len(acknowledged)} acknowledged" if not lost else str(sorted(lost)[:3]))
    tally.check(len(names) == len(set(names)), "none is there twice", f"{len(names)} stored")
    again = refused[:10]
    answers = []
    for name in again:
        subscription = payers[int(name.split("-")[1])].subscription
        answers.append(client.request("POST", f"/v1/subscriptions/{subscription}/payments", payment_body(100_000), key=name).status)
    count = int(server.sql(f"select count(*) from payments where command_key ~ '({'|'.join(again)})$'")[0][0])
    tally.check(answers == [200] * len(again) and count == len(again), "what was refused is done once when asked again under its key", f"{count} of {len(again)}")
    well, bad, findings = server.doctor()
    tally.check(well, "doctor is green", "; ".join(bad[:3]) or f"{findings} findings")


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--binary", default=".build/debug/bursar")
    options.add_argument("--keep", action="store_true", help="leave the folder behind")
    asked = options.parse_args()
    tally, server = Tally(), Bursar(asked.binary)
    mounted, why = mount(server.data)
    if not mounted:
        print(f"SKIPPED: a tmpfs cannot be mounted here ({why}); a full disk was NOT tried", flush=True)
        server.close()
        return tally.close()
    try:
        run(server, tally)
    except Exception as error:  # The closing line has to say that it failed.
        tally.check(False, "the run came to its end", f"{type(error).__name__}: {error}")
    finally:
        if server.process is not None:
            server.terminate()
        server.kill_postgres()
        time.sleep(0.2)
        if not asked.keep:
            subprocess.run(["umount", "-l", server.data], check=False)
        server.close(keep=asked.keep)
    return tally.close()


if __name__ == "__main__":
    sys.exit(main())
