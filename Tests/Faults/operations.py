#!/usr/bin/env python3
"""Looks at a server as the people who run it do: the service manager's socket, metrics, alert rules, the unit, logs, doctor, events
as they happen in a shell, and how it ends.

    python3 Tests/Faults/operations.py --binary .build/debug/bursar

Standard library only. promtool (`.ci/install test` unpacks it) and systemd-analyze are asked where they are there. Prints `N passed, N failed` at the end.
"""

import argparse
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True
here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(here, "..", "Harness"))

from bursar import Bursar, Client, Tally
from receiver import Receiver

DEPLOY = os.path.join(here, "..", "..", ".deploy")
os.environ["PATH"] = f"{os.path.abspath(os.path.join(here, '..', '..', '.build/tools/prometheus/usr/bin'))}:{os.environ['PATH']}"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


class Ear(threading.Thread):
    """Takes every datagram at once, as a service manager does: what nobody takes fills the socket, and what comes then is dropped."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)
        os.chmod(path, 0o777)
        self.heard = []

    def run(self):
        while True:
            try:
                self.heard.append(self.socket.recv(4096).decode())
            except OSError:
                return

    def hears(self, wanted, count=1, seconds=30):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if sum(said.startswith(wanted) for said in self.heard) >= count:
                return True
            time.sleep(0.05)
        return False


def tool(words, text=None):
    """(did well, its words); None when it is not installed."""
    if not shutil.which(words[0]):
        print(f"      {words[0]} is not installed: skipped", flush=True)
        return None
    done = subprocess.run(words, input=text, capture_output=True, text=True, timeout=120)
    return done.returncode == 0, (done.stdout + done.stderr).strip()


def rules(tally):
    for words in (["promtool", "check", "rules", f"{DEPLOY}/alerts.yml"], ["promtool", "test", "rules", f"{DEPLOY}/alerts.test.yml"]):
        said = tool(words)
        if said:
            tally.check(said[0], " ".join(words[:3]), said[1][-300:] if not said[0] else "")
    with open(f"{DEPLOY}/alerts.yml") as file:
        alerts = re.findall(r"- alert: (\w+)", file.read())
    with open(f"{DEPLOY}/alerts.test.yml") as file:
        tried = file.read()
    untried = [name for name in alerts if f'alertname="{name}"' not in tried]
    tally.check(len(alerts) >= 8 and not untried, "every alert is tried loud", f"{len(alerts)} alerts" if not untried else str(untried))


def unit(tally):
    """systemd reads the unit; the program's path is replaced by one that is there."""
    with open(f"{DEPLOY}/bursar.service") as file:
        text = file.read()
    wanted = ["Type=notify", "DynamicUser=yes", "ProtectSystem=strict", "NoNewPrivileges=yes", "CapabilityBoundingSet=", "MemoryDenyWriteExecute=yes",
              "Restart=on-failure", "LimitNOFILE=", "WatchdogSec="]
    missing = [line for line in wanted if not any(have.startswith(line) for have in text.splitlines())]
    tally.check(not missing, "the unit is hardened and watched", str(missing) if missing else "")
    folder = tempfile.mkdtemp(prefix="bursar-unit-")
    try:
        with open(f"{folder}/bursar.service", "w") as file:
            file.write(text.replace("/usr/local/bin/bursar serve", "/bin/true"))
        said = tool(["systemd-analyze", "verify", f"{folder}/bursar.service"])
        if said:
            tally.check(said[0] and "Unknown" not in said[1], "systemd-analyze verify", said[1][-300:])
    finally:
        shutil.rmtree(folder)


def notified(binary, tally):
    """Started as systemd starts it: ready, signs of life, the end."""
    server = Bursar(binary)
    ear = Ear(f"{server.folder}/notify")
    ear.start()
    try:
        server.environment.update({"NOTIFY_SOCKET": f"{server.folder}/notify", "WATCHDOG_USEC": "400000", "BURSAR_LOG_LEVEL": "debug"})
        server.start("--drain", "1")
        tally.check(ear.hears("READY=1"), "the service manager hears READY=1 when connections are taken")
        tally.check(ear.hears("WATCHDOG=1", count=3), "and signs of life after it")
        measure(server, tally)
        doctor(server, tally)
        code = server.terminate()
        tally.check(ear.hears("STOPPING=1") and code == 0, "and STOPPING=1 at the end, which is 0", str(code))
        logs(server, tally)
        impatient(server, tally)
    finally:
        ear.socket.close()
        server.close()


def measure(server, tally):
    server.tenant("acme", "--sandbox-payments")
    client = Client(server.port, server.key("acme", "--role", "operator"))
    answer = client.request("GET", "/v1/me", headers={"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"})
    tally.check(answer.status == 200 and (answer.headers.get("traceparent") or "").startswith(f"00-{TRACE}-"), "the caller's trace goes on")
    metrics = client.request("GET", "/metrics")
    text = metrics.body.decode()
    said = tool(["promtool", "check", "metrics"], text)
    if said:
        tally.check(said[0], "promtool check metrics", said[1][-300:])
    tally.check(metrics.status == 200 and "bursar_http_request_duration_seconds_bucket{" in text and "bursar_build_info{" in text, "/metrics",
                f"{len(text.splitlines())} lines")
    ready = client.request("GET", "/readyz")
    checks = ready.json().get("checks", {})
    tally.check(ready.status == 200 and {"draining", "database", "migrations"} <= set(checks), "/readyz says what it looked at", str(sorted(checks)))


def doctor(server, tally):
    done = server.command("doctor", "--json", check=False)
    report = json.loads(done.stdout)
    odd = [f["name"] for f in report["findings"] if f["verdict"] not in ("OK", "WARN", "FAIL")]
    bare = [f["name"] for f in report["findings"] if f["verdict"] != "OK" and not (f.get("fix") and f.get("doc"))]
    tally.check(done.returncode == 0 and report["well"] and not odd, "doctor is well", "; ".join(f"{f['name']}: {f['detail']}" for f in report["findings"] if f["verdict"] == "FAIL") or f"{len(report['findings'])} findings")
    unreachable = server.command("doctor", "--json", "--database-url", "postgresql://bursar_app@127.0.0.1:1/bursar", check=False)
    found = json.loads(unreachable.stdout)["findings"] if unreachable.stdout.startswith("{") else []
    tally.check(unreachable.returncode == 1 and any(f["name"] == "database" and f["verdict"] == "FAIL" for f in found),
                "without a database doctor says so, and what it can see without one", f"{len(found)} findings")
    tally.check(not bare, "and whatever it finds has a fix and a place to read on", str(bare) if bare else "")


def logs(server, tally):
    with open(f"{server.folder}/server.log") as log:
        lines = [line for line in log if line.startswith("{")]
    read = [json.loads(line) for line in lines]
    traced = [line for line in read if line.get("trace_id") == TRACE]
    tally.check(bool(traced) and traced[0].get("tenant") == "acme" and traced[0].get("status") == 200, "the log knows the caller's trace", f"{len(read)} lines")
    tally.check(all(list(line)[:3] == ["time", "level", "msg"] for line in read), "every line is a JSON object with time, level and msg")
    personal = [line for line in lines if "@" in line or "bsk_" in line]
    tally.check(not personal, "no line holds an address or a key", personal[0] if personal else "")


def listening(binary, tally):
    """`bursar api listen` hands on what happens as a webhook would come, and ends as every program does when somebody presses Ctrl-C."""
    server, receiver = Bursar(binary), Receiver()
    try:
        server.start()
        server.tenant("acme", "--sandbox")
        key = server.key("acme", "--role", "operator")
        client, environment = Client(server.port, key), dict(server.environment, BURSAR_URL=f"http://127.0.0.1:{server.port}", BURSAR_KEY=key)

        def account(name):
            body = {"kind": "standard", "name": name, "currency": "CNY", "time_zone": "Asia/Shanghai", "locale": "en", "administrator": {"email": f"{name}@example.com"}}
            return client.request("POST", "/v1/accounts", body, key=name).json()["id"]

        account("before")
        chatter, words = [], [server.binary, "api", "listen", "--forward-to", receiver.url, "--interval", "1", "--events", "account.created"]
        # Whoever began this in the background of a shell has it ignore the signal that is tried here.
        heed = lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)
        ear = subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True, preexec_fn=heed)
        while not any("whsec_" in line for line in chatter) and (line := ear.stderr.readline()):
            chatter.append(line)
        secret = next((word for line in chatter for word in line.split() if word.startswith("whsec_")), "")
        made = account("now")
        came = receiver.wait(1)
        message = receiver.got[0] if came else None
        event = json.loads(message.body) if came else {}
        same = came and event == client.request("GET", f"/v1/events/{event['id']}").json()
        tally.check(came and event["type"] == "account.created" and event["data"]["id"] == made and same, "listen forwards what happens, as the list of events says it, and nothing from before", str(event)[:200])
        tally.check(came and len(secret) == 50 and message.is_signed(secret) and message.headers["webhook-id"] == event["id"] and "authorization" not in message.headers,
                    "signed with the secret that it printed, without the key")
        receiver.status = 500
        account("refused")
        receiver.wait(2)
        shown = [ear.stdout.readline() for _ in range(2)] if len(receiver.got) == 2 else []
        tally.check(len(shown) == 2 and shown[0].endswith("→ 204\n") and shown[1].endswith("→ 500\n") and event["id"] in shown[0], "each line says what was answered", "".join(shown).strip())
        ear.send_signal(signal.SIGINT)
        out, err = ear.communicate(timeout=20)
        # For a shell that is 130: interrupted, and not by a fault.
        tally.check(ear.returncode == -signal.SIGINT and not out and "fatal" not in err.lower() and len(receiver.got) == 2, "Ctrl-C ends it at once, quietly", f"{ear.returncode}: {(out + err)[-200:]}")
        done = subprocess.run(["timeout", "-s", "INT", "5", *words[:3], "--count", "1", "--since", "2020-01-01T00:00:00Z", "-o", "jsonl"], env=environment, capture_output=True, text=True)
        tally.check(done.returncode == 0 and json.loads(done.stdout)["event"]["object"] == "event", "with --count it ends by itself with 0", done.stderr[-200:])
    finally:
        receiver.close()
        server.close()


def impatient(server, tally):
    """A second signal does not wait for the drain."""
    server.start("--drain", "300")
    server.process.send_signal(signal.SIGTERM)
    end = time.monotonic() + 30
    while server.ready_status() != 503 and time.monotonic() < end:
        time.sleep(0.05)
    tally.check(server.process.poll() is None, "the first signal lets the server finish")
    server.process.send_signal(signal.SIGTERM)
    try:
        code = server.process.wait(100)
    except subprocess.TimeoutExpired:
        code = None
    tally.check(code not in (None, 0), "the second ends it at once", str(code))


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--binary", default=".build/debug/bursar")
    asked = options.parse_args()
    tally = Tally()
    rules(tally)
    unit(tally)
    notified(asked.binary, tally)
    listening(asked.binary, tally)
    return tally.close()


if __name__ == "__main__":
    sys.exit(main())
