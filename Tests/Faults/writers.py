"""Writers that know what they were promised.

Each chooses an Idempotency-Key first, writes the intention down, and sends it under the same key until a definite answer comes. What was acknowledged
is kept in `Promises`, and the checker holds the database against it.
"""

import http.client
import random
import threading
import time
import uuid

from bursar import Client

UNDECIDED = (OSError, http.client.HTTPException)


class Promises:
    """What clients were told, and what they asked for."""

    def __init__(self):
        self.lock = threading.Lock()
        # key -> (subscription or None, minor units)
        self.payments = {}
        # Keys of payments that the gateway did not take (the sandbox refuses a few amounts): no money may ever be booked for them.
        self.declined = set()
        # key -> (subscription, type of the step)
        self.transitions = {}
        # (source, id)
        self.events = set()
        # key -> subscription
        self.subscriptions = {}
        self.keys_sent = set()
        self.requests = 0
        self.retries = 0
        self.replays = 0
        self.refusals = {}
        self.faults = []
        self.unanswered = []
        self.in_flight = 0

    def paid(self, key, subscription, minor, payment):
        """Takes down what the answer says of the payment; true when the money was taken."""
        with self.lock:
            if payment["status"] == "succeeded":
                self.payments[key] = (subscription, minor)
                return True
            self.declined.add(key)
            return False

    def refused(self, what, answer):
        with self.lock:
            name = f"{what} {answer.status} {answer.code}"
            self.refusals[name] = self.refusals.get(name, 0) + 1

    def summary(self):
        return (
            f"{self.requests} requests, {self.retries} repeated under the same key, {self.replays} of them answered from the stored answer; "
            f"acknowledged: {len(self.payments)} payments, {len(self.declined)} not taken, {len(self.transitions)} transitions, "
            f"{len(self.subscriptions)} subscriptions, {len(self.events)} usage events")


class Account:
    def __init__(self, tenant, account_id):
        self.tenant, self.id = tenant, account_id


class Tenant:
    """A tenant as the writers see it."""

    def __init__(self, slug, key, is_sandbox):
        self.slug, self.key, self.is_sandbox = slug, key, is_sandbox
        self.accounts = []
        # Any writer pays for these and brings usage of them: [(subscription, activated_at)]
        self.subscriptions = []


def account_body(name):
    return {
        "kind": "standard", "name": name, "currency": "CNY", "time_zone": "Asia/Shanghai", "locale": "zh-Hans",
        "administrator": {"email": f"{uuid.uuid4().hex[:12]}@example.org", "first_name": "Li", "last_name": "Na"},
    }


def payment_body(minor):
    return {"method": "sandbox", "amount": {"amount": f"{minor // 100}.{minor % 100:02d}", "currency": "CNY"}}


class Writer(threading.Thread):
    def __init__(self, number, server, tenant, promises, seed):
        super().__init__(name=f"writer {number}", daemon=True)
        self.number, self.server, self.tenant, self.promises = number, server, tenant, promises
        self.random = random.Random(seed)
        self.client = Client(server.port, tenant.key, timeout=30)
        self.stop_asked = threading.Event()
        # Suspended and reactivated by this writer alone, so that every such step is its own.
        self.own = []

    # One request, until a definite answer

    def settle(self, what, method, path, body, key, media="application/json"):
        """The first definite answer under this key; None when the run ends without one."""
        promises = self.promises
        with promises.lock:
            promises.keys_sent.add(key)
        began = time.monotonic()
        tries = 0
        while True:
            answer = None
            with promises.lock:
                promises.requests += 1
                promises.retries += 1 if tries else 0
                promises.in_flight += 1
            try:
                answer = self.client.request(method, path, body, key=key, media=media)
            except UNDECIDED:
                pass
            finally:
                with promises.lock:
                    promises.in_flight -= 1
            tries += 1
            if answer is not None:
                if answer.status == 500:
                    with promises.lock:
                        promises.faults.append(f"{what}: 500 {answer.body[:200]!r}")
                elif answer.status == 503 and not answer.headers.get("Retry-After"):
                    with promises.lock:
                        promises.faults.append(f"{what}: 503 without Retry-After")
                running = answer.status == 409 and answer.code == "idempotency_key_in_use"
                if answer.status < 500 and answer.status != 429 and not running:
                    if answer.headers.get("Idempotent-Replayed") == "true":
                        with promises.lock:
                            promises.replays += 1
                    return answer
            if time.monotonic() - began > 60:
                with promises.lock:
                    last = f"{answer.status} {answer.code}" if answer is not None else "no answer"
                    promises.unanswered.append(f"{what} ({last})")
                return None
            # A short pause: a client that honours Retry-After to the second would leave too few in flight.
            time.sleep(self.random.uniform(0.01, 0.08))

    def fresh_key(self, what):
        return f"{what}-{self.number}-{uuid.uuid4().hex}"

    # The operations

    def create_account(self):
        answer = self.settle("account", "POST", "/v1/accounts", account_body(f"Account {uuid.uuid4().hex[:8]}"), self.fresh_key("acc"))
        if answer is None or answer.status != 201:
            if answer is not None:
                self.promises.refused("account", answer)
            return None
        return Account(self.tenant, answer.json()["id"])

    def create_subscription(self, account, offer, minor):
        key = self.fresh_key("sub")
        body = {"account_id": account.id, "offer": offer, "name": f"{offer} {key[-6:]}", "payment": payment_body(minor)}
        answer = self.settle("subscription", "POST", "/v1/subscriptions", body, key)
        if answer is None:
            return None
        if answer.status != 201:
            self.promises.refused(f"{offer} subscription", answer)
            return None
        found = answer.json()
        with self.promises.lock:
            self.promises.subscriptions[key] = found["id"]
        if not self.promises.paid(key, found["id"], minor, found["payment"]):
            return None
        return (found["id"], found["activated_at"])

    def pay(self):
        subscription, _ = self.random.choice(self.tenant.subscriptions)
        # One in twenty ends as the sandbox declines it or leaves it waiting.
        refused = self.random.random() < 0.05
        minor = self.random.choice([100_402, 200_403, 300_408]) if refused else self.random.randint(100_000, 500_000)
        key = self.fresh_key("pay")
        answer = self.settle("payment", "POST", f"/v1/subscriptions/{subscription}/payments", payment_body(minor), key)
        if answer is None:
            return
        if answer.status == 200:
            self.promises.paid(key, subscription, minor, answer.json()["payment"])
        else:
            self.promises.refused("payment", answer)

    def suspend_and_reactivate(self):
        subscription, _ = self.random.choice(self.own)
        for action, step in [("suspend", "subscription.suspended"), ("reactivate", "subscription.reactivated")]:
            key = self.fresh_key(action)
            body = {"reason": "operator", "note": key}
            answer = self.settle(action, "POST", f"/v1/subscriptions/{subscription}/{action}", body, key)
            if answer is None:
                return
            if answer.status == 200:
                with self.promises.lock:
                    self.promises.transitions[key] = (subscription, action)
            else:
                self.promises.refused(action, answer)

    def trial_and_upgrade(self):
        account = self.create_account()
        if account is None:
            return
        trial = self.create_subscription(account, "trial", 100)
        if trial is None:
            return
        minor = self.random.randint(100_000, 300_000)
        key = self.fresh_key("upgrade")
        answer = self.settle("upgrade", "POST", f"/v1/subscriptions/{trial[0]}/upgrade", {"payment": payment_body(minor)}, key)
        if answer is None:
            return
        if answer.status == 200:
            self.promises.paid(key, trial[0], minor, answer.json()["payment"])
        else:
            self.promises.refused("upgrade", answer)

    def use(self):
        """Forty events over a few subscriptions, of which some were sent before."""
        source = f"//meter/{self.number}"
        batch = uuid.uuid4().hex
        events = []
        for index in range(40):
            subscription, at = self.random.choice(self.tenant.subscriptions)
            events.append({
                "specversion": "1.0", "id": f"{batch}-{index}", "source": source, "type": "compute.hours", "subject": subscription, "time": at,
                "data": {"product": "Virtual machine", "quantity": "1.25", "unit": "hour", "cost": {"amount": "0.0137", "currency": "CNY"}},
            })
        answer = self.settle("usage", "POST", "/v1/usage-events", events, self.fresh_key("use"), media="application/cloudevents-batch+json")
        if answer is None:
            return
        if answer.status != 200:
            self.promises.refused("usage", answer)
            return
        with self.promises.lock:
            for result in answer.json()["results"]:
                if result["verdict"] in ("accepted", "duplicate"):
                    self.promises.events.add((source, result["id"]))
                else:
                    name = f"usage event {result['code']}"
                    self.promises.refusals[name] = self.promises.refusals.get(name, 0) + 1

    def prepare(self, accounts, subscriptions):
        for _ in range(accounts):
            account = self.create_account()
            if account is None:
                raise RuntimeError(f"no account could be made: {self.promises.refusals} {self.promises.unanswered}")
            self.tenant.accounts.append(account)
            for _ in range(subscriptions):
                made = self.create_subscription(account, "prepaid", 100_000)
                if made is None:
                    raise RuntimeError(f"no subscription could be made: {self.promises.refusals} {self.promises.unanswered}")
                self.tenant.subscriptions.append(made)

    def run(self):
        operations = [(self.pay, 55), (self.suspend_and_reactivate, 20), (self.use, 12), (self.new_subscription, 8), (self.trial_and_upgrade, 5)]
        while not self.stop_asked.is_set():
            operation = self.random.choices([o for o, _ in operations], [w for _, w in operations])[0]
            operation()
        self.client.close()

    def new_subscription(self):
        made = self.create_subscription(self.random.choice(self.tenant.accounts), "prepaid", self.random.randint(100_000, 200_000))
        if made is not None and len(self.tenant.subscriptions) < 200:
            self.tenant.subscriptions.append(made)
