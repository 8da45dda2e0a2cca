"""PostgreSQL gone for seconds and back: refusals that say when to come again, and then work as before, by the same server process."""

import http.client
import os
import time

import checker
from bursar import Client
from writers import Writer, payment_body


def run(server, tenants, promises, tally, seed):
    tenant = tenants[1]
    process = server.process.pid
    subscription, _ = tenant.subscriptions[0]
    settings = f"{server.cluster}/bursar.conf"
    # Without its settings PostgreSQL cannot start again, however often the server tries.
    os.rename(settings, settings + ".away")
    gone = []
    back = None
    try:
        server.kill_postgres()
        client = Client(server.port, tenant.key, timeout=30)
        deadline = time.monotonic() + 4
        while time.monotonic() < deadline:
            for method, path, body, key in [
                ("GET", f"/v1/subscriptions/{subscription}", None, None),
                ("POST", f"/v1/subscriptions/{subscription}/payments", payment_body(100_000), f"outage-{len(gone)}"),
                ("GET", "/readyz", None, None),
            ]:
                try:
                    answer = client.request(method, path, body, key=key)
                    gone.append((path, answer.status, answer.headers.get("Retry-After")))
                except (OSError, http.client.HTTPException) as error:
                    gone.append((path, str(error), None))
        alive = client.request("GET", "/healthz").status
    finally:
        os.rename(settings + ".away", settings)
    began = time.monotonic()
    api = [entry for entry in gone if entry[0] != "/readyz"]
    wrong = [entry for entry in api if entry[1] != 503 or not entry[2]]
    tally.check(api and not wrong, "PostgreSQL away: requests answer 503 with Retry-After", f"{len(api)} requests" if not wrong else str(wrong[:3]))
    unready = [entry for entry in gone if entry[0] == "/readyz"]
    tally.check(unready and all(entry[1] == 503 for entry in unready), "PostgreSQL away: /readyz says no", f"{len(unready)} times")
    tally.check(alive == 200, "PostgreSQL away: /healthz says that the process lives")
    server.wait_ready(30)
    back = time.monotonic() - began
    writer = Writer(98, server, tenant, promises, seed)
    key = "outage-after"
    answer = writer.settle("payment after the outage", "POST", f"/v1/subscriptions/{subscription}/payments", payment_body(123_456), key)
    if answer is not None and answer.status == 200:
        promises.payments[key] = (subscription, 123_456)
    tally.check(
        answer is not None and answer.status == 200 and server.process.poll() is None and server.process.pid == process,
        "PostgreSQL back: the same process takes a payment", f"ready {back:.2f} s after PostgreSQL could start")
    broken = checker.complaints(checker.read(server.sql), promises)
    tally.check(not broken, "PostgreSQL back: nothing that was refused has happened", str(broken) if broken else "")
