"""SIGTERM under load: whoever was let in gets an answer, and the process ends with 0."""

import http.client
import signal
import threading
import time

from bursar import Client
from writers import payment_body


class Visitor(threading.Thread):
    """One request on one new connection, again and again, until nobody listens any more."""

    def __init__(self, server, tenant, number):
        super().__init__(daemon=True)
        self.server, self.tenant, self.number = server, tenant, number
        self.answered = 0
        self.failed = []
        self.is_refused = False

    def run(self):
        subscription, _ = self.tenant.subscriptions[self.number % len(self.tenant.subscriptions)]
        while not self.is_refused:
            client = Client(self.server.port, self.tenant.key, timeout=30)
            client.connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
            try:
                client.connection.connect()
            except OSError:
                self.is_refused = True
                return
            try:
                if self.number % 2:
                    path, body = f"/v1/subscriptions/{subscription}/payments", payment_body(100_000)
                    answer = client.request("POST", path, body, key=f"drain-{self.number}-{self.answered}", headers={"Connection": "close"})
                else:
                    answer = client.request("GET", f"/v1/subscriptions/{subscription}", headers={"Connection": "close"})
                if answer.status != 200:
                    self.failed.append(f"{answer.status} {answer.code}")
                self.answered += 1
            except (OSError, http.client.HTTPException) as error:
                self.failed.append(f"{type(error).__name__}: {error}")
            finally:
                client.close()


def run(server, tenants, promises, tally, seed):
    server.terminate()
    server.start("--drain", "1")
    visitors = [Visitor(server, tenants[n % 2], n) for n in range(12)]
    for visitor in visitors:
        visitor.start()
    time.sleep(0.7)
    server.process.send_signal(signal.SIGTERM)
    asked = time.monotonic()
    time.sleep(0.3)
    unready = server.ready_status()
    before = sum(visitor.answered for visitor in visitors)
    code = server.process.wait(60)
    took = time.monotonic() - asked
    for visitor in visitors:
        visitor.join(60)
    answered = sum(visitor.answered for visitor in visitors)
    failed = [failure for visitor in visitors for failure in visitor.failed]
    tally.check(unready == 503, "SIGTERM: /readyz says no at once, requests go on", f"{answered - before} answered while draining")
    tally.check(not failed, "SIGTERM: no request that was let in failed", f"{answered} answered" if not failed else f"{len(failed)} failed: {failed[:3]}")
    tally.check(code == 0, "SIGTERM: exit code 0", f"{took:.1f} s after the signal" if code == 0 else str(code))
    server.start()
    well, bad, _ = server.doctor()
    tally.check(well, "after the drain: doctor is green", "; ".join(bad[:3]))
