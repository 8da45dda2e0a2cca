#!/usr/bin/env python3
"""A rolling upgrade: two servers on one database behind nginx, under load; each is stopped and started again, one after the other. No request may fail.

    python3 Tests/Faults/rolling.py --binary .build/debug/bursar [--new OTHER-BINARY] [--clients 8] [--keep]

Standard library and nginx. Prints `N passed, N failed` at the end.
"""

import argparse
import http.client
import os
import shutil
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Harness"))

from bursar import Bursar, Client, Tally, free_port
from writers import account_body, payment_body

# The two lines that matter: connections that nginx keeps end before the server's drain does, and what could not be sent goes to the other server.
NGINX = """
daemon off;
{user}
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log warn;
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    upstream bursar {{
        server 127.0.0.1:{first} fail_timeout=1s;
        server 127.0.0.1:{second} fail_timeout=1s;
        keepalive 16;
        keepalive_timeout 2s;
    }}
    server {{
        listen 127.0.0.1:{port};
        location = /metrics {{ deny all; }}
        location / {{
            proxy_pass http://bursar;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $host;
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_set_header X-Forwarded-Proto $scheme;
            proxy_next_upstream error timeout;
        }}
    }}
}}
"""


class Visitor(threading.Thread):
    """Pays, reads and opens pages without a pause; whatever is not the answer it should get is a failure."""

    def __init__(self, port, key, subscription, number, stop):
        super().__init__(daemon=True)
        self.client, self.subscription, self.number, self.stop = Client(port, key, timeout=60), subscription, number, stop
        self.answered, self.paid, self.failed, self.slowest = 0, 0, [], 0.0

    def run(self):
        while not self.stop.is_set():
            turn = self.answered % 4
            began = time.monotonic()
            try:
                if turn == 0:
                    answer = self.client.request(
                        "POST", f"/v1/subscriptions/{self.subscription}/payments", payment_body(100_000), key=f"roll-{self.number}-{self.answered}")
                    if answer.status == 200 and answer.json()["payment"]["status"] == "succeeded":
                        self.paid += 1
                elif turn == 1:
                    answer = self.client.request("GET", "/sign-in", headers={"Authorization": ""})
                else:
                    answer = self.client.request("GET", f"/v1/subscriptions/{self.subscription}")
                if answer.status != 200:
                    self.failed.append(f"{answer.status} {answer.code} after {time.monotonic() - began:.2f} s")
            except (OSError, http.client.HTTPException) as error:
                self.failed.append(f"{type(error).__name__}: {error}")
                self.client.close()
            self.slowest = max(self.slowest, time.monotonic() - began)
            self.answered += 1


def start_nginx(folder, ports):
    os.makedirs(folder, exist_ok=True)
    port = free_port()
    user = "user root;" if os.geteuid() == 0 else ""
    with open(f"{folder}/nginx.conf", "w") as file:
        file.write(NGINX.format(folder=folder, user=user, port=port, first=ports[0], second=ports[1]))
    process = subprocess.Popen(["nginx", "-e", f"{folder}/nginx.log", "-c", f"{folder}/nginx.conf"], stdin=subprocess.DEVNULL)
    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            if Client(port, timeout=5).request("GET", "/healthz", headers={"Connection": "close"}).status == 200:
                return process, port
        except (OSError, http.client.HTTPException):
            time.sleep(0.05)
    process.kill()
    raise RuntimeError("nginx was not ready in time")


def roll(servers, new, tally, visitors):
    for name, server in zip(("first", "second"), servers):
        before = sum(visitor.answered for visitor in visitors)
        code = server.terminate()
        meanwhile = sum(visitor.answered for visitor in visitors) - before
        tally.check(code == 0 and meanwhile > 0, f"the {name} server ends with 0 while the other works", f"{meanwhile} answered meanwhile")
        if new:
            server.binary = os.path.abspath(new)
        server.start("--drain", "3")
        # nginx tries a server that was away again after a second.
        time.sleep(2)


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--binary", default=".build/debug/bursar")
    options.add_argument("--new", help="the program to upgrade to; without it, the same")
    options.add_argument("--clients", type=int, default=8)
    options.add_argument("--keep", action="store_true")
    asked = options.parse_args()
    if not shutil.which("nginx"):
        os.environ["PATH"] += ":/usr/sbin:/usr/local/sbin"
    if not shutil.which("nginx"):
        print("SKIPPED: nginx is not installed, the rolling upgrade was not tried\n0 passed, 0 failed")
        return 0
    tally, nginx, servers = Tally(), None, []
    keeper = Bursar(asked.binary)
    stop = threading.Event()
    try:
        # Keeps the database that the two others share; no request goes to it.
        keeper.start()
        keeper.tenant("acme", "--sandbox-payments")
        key = keeper.key("acme", "--role", "operator")
        environment = {
            "BURSAR_DATABASE_URL": f"postgresql://bursar_app@/bursar?host={keeper.sockets}&port=5432", "BURSAR_SECRETS_KEY": "ab" * 32,
            "BURSAR_TRUSTED_PROXIES": "127.0.0.1",
        }
        for _ in range(2):
            servers.append(Bursar(asked.binary, environment))
            servers[-1].start("--drain", "3")
        nginx, port = start_nginx(f"{keeper.folder}/nginx", [server.port for server in servers])
        client = Client(port, key)
        subscriptions = []
        for number in range(asked.clients):
            account = client.request("POST", "/v1/accounts", account_body(f"Account {number}"), key=f"account-{number}").json()["id"]
            body = {"account_id": account, "offer": "prepaid", "name": f"Subscription {number}", "payment": payment_body(100_000)}
            made = client.request("POST", "/v1/subscriptions", body, key=f"subscription-{number}")
            subscriptions.append(made.json()["id"])
        visitors = [Visitor(port, key, subscriptions[n], n, stop) for n in range(asked.clients)]
        for visitor in visitors:
            visitor.start()
        time.sleep(1)
        roll(servers, asked.new, tally, visitors)
        stop.set()
        for visitor in visitors:
            visitor.join(90)
        failed = [failure for visitor in visitors for failure in visitor.failed]
        answered = sum(visitor.answered for visitor in visitors)
        tally.check(not failed and answered > 0, "no request failed", f"{answered} answered, the slowest after {max(v.slowest for v in visitors):.2f} s"
                    if not failed else f"{len(failed)} of {answered}: {failed[:4]}")
        taken = int(keeper.sql("select count(*) from payments where command_key like '%roll-%'")[0][0])
        paid = sum(visitor.paid for visitor in visitors)
        tally.check(taken == paid and paid > 0, "every acknowledged payment is there once", f"{paid} acknowledged, {taken} stored")
        well, bad, _ = keeper.doctor()
        tally.check(well, "doctor is green", "; ".join(bad[:3]))
    except Exception as error:  # The closing line has to say that it failed.
        tally.check(False, "the run came to its end", f"{type(error).__name__}: {error}")
    finally:
        stop.set()
        if nginx:
            nginx.terminate()
            nginx.wait(30)
        for server in servers:
            server.close(keep=asked.keep)
        keeper.close(keep=asked.keep)
    return tally.close()


if __name__ == "__main__":
    sys.exit(main())
