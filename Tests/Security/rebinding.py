#!/usr/bin/env python3
"""A name that means one address when it is asked first and another later: check 47.

    python3 Tests/Security/rebinding.py --binary .build/debug/bursar

Runs itself again in network and mount namespaces of its own (root only), where the only interface is a loopback: public addresses stand on it beside
127.0.0.1, /etc/resolv.conf names a server of this script's, and no packet leaves the machine. Prints one JSON line: what each name led to, or why nothing
was tried. Standard library only.
"""

import argparse
import fcntl
import ipaddress
import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import uuid

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Harness"))

from bursar import Bursar, Client

PUBLIC4, PUBLIC6, NAMESERVER = "93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "127.0.0.53"
A, AAAA = 1, 28
# What each name says at first and what it says from then on; both at once is one reply with several addresses.
NAMES = {
    "four.rebind.example": {A: ([PUBLIC4], ["127.0.0.1"])},
    "six.rebind.example": {AAAA: ([PUBLIC6], ["::1"])},
    "mapped.rebind.example": {AAAA: ([PUBLIC6], ["::ffff:127.0.0.1"])},
    "mixed.rebind.example": {A: ([PUBLIC4], ["127.0.0.1"]), AAAA: ([PUBLIC6], ["::1"])},
    "inside.rebind.example": {A: ([PUBLIC4], ["10.0.0.5"])},
}


def available():
    """Why it cannot be tried here, or nothing."""
    if os.geteuid() != 0:
        return "needs root"
    if not shutil.which("unshare"):
        return "needs unshare"
    done = subprocess.run(["unshare", "-m", "-n", "true"], capture_output=True, text=True)
    return done.stderr.strip() or "no namespaces here" if done.returncode else None


def begin(binary):
    """The findings of a run inside, as a dictionary; `skipped` says why there is none."""
    why = available()
    if why:
        return {"skipped": why}
    done = subprocess.run(
        ["unshare", "-m", "-n", sys.executable, os.path.abspath(__file__), "--binary", os.path.abspath(binary), "--inside"],
        capture_output=True, text=True, timeout=300)
    if done.returncode:
        raise RuntimeError(done.stderr[-600:])
    return json.loads(done.stdout.splitlines()[-1])


# Inside


def interface():
    """Loopback up, with the public addresses on it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, 0x8914, struct.pack("16sh14s", b"lo", 0x1 | 0x8 | 0x40, b""))
        address = struct.pack("16sHH4s8s", b"lo:1", socket.AF_INET, 0, ipaddress.ip_address(PUBLIC4).packed, b"")
        fcntl.ioctl(control, 0x8916, address)
        mask = struct.pack("16sHH4s8s", b"lo:1", socket.AF_INET, 0, b"\xff" * 4, b"")
        fcntl.ioctl(control, 0x891C, mask)
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, 0x8916, struct.pack("16sIi", ipaddress.ip_address(PUBLIC6).packed, 128, socket.if_nametoindex("lo")))


def resolver(folder):
    """This namespace's own /etc/resolv.conf and nsswitch.conf."""
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    for name, text in [("resolv.conf", f"nameserver {NAMESERVER}\noptions timeout:1 attempts:2\n"), ("nsswitch.conf", "hosts: files dns\npasswd: files\ngroup: files\n")]:
        own = f"{folder}/{name}"
        with open(own, "w") as file:
            file.write(text)
        os.chmod(own, 0o644)
        if not os.path.exists(f"/etc/{name}"):
            continue
        subprocess.run(["mount", "--bind", own, os.path.realpath(f"/etc/{name}")], check=True)


class Names:
    """A name server that answers by the table; `late` turns every name over."""

    def __init__(self):
        self.late, self.asked = False, []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((NAMESERVER, 53))
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            query, client = self.socket.recvfrom(4096)
            at, labels = 12, []
            while query[at]:
                labels.append(query[at + 1:at + 1 + query[at]].decode())
                at += 1 + query[at]
            kind = struct.unpack("!H", query[at + 1:at + 3])[0]
            name = ".".join(labels).lower()
            self.asked.append((name, kind, self.late))
            found = NAMES.get(name, {}).get(kind, ([], []))[self.late]
            records = b"".join(
                b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 0, len(packed)) + packed for packed in (ipaddress.ip_address(one).packed for one in found))
            flags = 0x8180 if name in NAMES else 0x8183
            self.socket.sendto(query[:2] + struct.pack("!HHHHH", flags, 1, len(found), 0, 0) + query[12:at + 5] + records, client)


class Listener:
    """Counts every connection to port 80 of one address, and answers it."""

    def __init__(self, address):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.contacts, self.messages = 0, []
        self.socket = socket.socket(family)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        self.socket.bind((address, 80))
        self.socket.listen(64)
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            connection, _ = self.socket.accept()
            self.contacts += 1
            with connection, connection.makefile("rb") as stream:
                try:
                    connection.settimeout(5)
                    headers, length = {}, 0
                    stream.readline()
                    while (line := stream.readline().decode().strip()):
                        headers[line.partition(":")[0].lower()] = line.partition(":")[2].strip()
                    stream.read(int(headers.get("content-length", "0")))
                    self.messages.append((headers.get("host"), headers.get("webhook-id")))
                    connection.sendall(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
                except OSError:
                    pass


def inside(binary):
    folder = tempfile.mkdtemp(prefix="bursar-names-")
    os.chmod(folder, 0o755)
    interface()
    resolver(folder)
    names = Names()
    public = [Listener(PUBLIC4), Listener(PUBLIC6)]
    private = [Listener("127.0.0.1"), Listener("::1")]
    # As it is run for others: loopback is not allowed.
    server = Bursar(binary)
    try:
        server.start()
        server.tenant("names", "--sandbox")
        key = server.key("names", "--role", "operator")

        def ask(method, path, body=None):
            answer = Client(server.port, key).request(method, path, body, key=uuid.uuid4().hex if body is not None else None)
            if answer.status >= 300:
                raise RuntimeError(f"{path}: {answer.status} {answer.body[:200]}")
            return answer.json()

        def told(endpoints):
            """What became of one test each."""
            made = {name: ask("POST", f"/v1/webhook-endpoints/{id}/test", {})["id"] for name, id in endpoints.items()}
            found, end = {}, time.monotonic() + 40
            while time.monotonic() < end and len(found) < len(made):
                for name, id in made.items():
                    one = ask("GET", f"/v1/webhook-deliveries/{id}")
                    if one["status"] == "succeeded" or one["error"]:
                        found[name] = one["error"] or one["status"]
                time.sleep(0.1)
            return found

        endpoints = {name: ask("POST", "/v1/webhook-endpoints", {"url": f"http://{name}/hook"})["id"] for name in NAMES}
        first = told(endpoints)
        names.late = True
        # The server keeps what a name meant for a minute: one that is started anew has to ask again, as one that waits would.
        server.terminate()
        server.start()
        second = told(endpoints)
        refused = [sum(one.contacts for one in side) for side in (public, private)]
        # That the names do lead to this machine now is seen where it is allowed.
        server.terminate()
        server.environment["BURSAR_WEBHOOK_LOOPBACK"] = "yes"
        server.start()
        control = told({name: endpoints[name] for name in ("four.rebind.example", "six.rebind.example")})
    finally:
        server.close()
        shutil.rmtree(folder, ignore_errors=True)
    print(json.dumps({
        "first": first, "second": second, "control": control, "public": refused[0], "private": refused[1],
        "allowed": sum(one.contacts for one in private),
        "asked": sorted({f"{name} {'A' if kind == A else 'AAAA' if kind == AAAA else kind} {'late' if late else 'early'}" for name, kind, late in names.asked if name in NAMES})}))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", required=True)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.inside:
        inside(asked.binary)
    else:
        print(json.dumps(begin(asked.binary), indent=1))


if __name__ == "__main__":
    main()
