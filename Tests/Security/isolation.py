"""Check 35: everything of one tenant, asked for by the people and the keys of another, by every way there is.

What tenant B sees (its API's lists and objects, its pages) is gathered; then every role of tenant A, with a session and with a key, names B's IDs in paths, queries, bodies,
headers, lists of events, filters, sorts and cursors. The answers must be those of an ID that names nothing, byte for byte but for the request's own name; B's rows must be what they
were; and no word of B's may stand in anything that A was sent, in its mails, its files or the log."""

import json
import re
import time
import uuid

from bursar import Client
from visitor import Visitor

IDENTIFIER = re.compile(r"\b([a-z]{2,4})_[0-9a-hjkmnp-tv-z]{26}\b")
OWN = re.compile(rb'"request_id":"[^"]*"|"instance":"[^"]*"|<time .*?</time>|datetime="[^"]*"|csrf" value="[^"]*"|key" value="[^"]*"', re.S)
ROLES = ("operator", "account_admin", "finance", "reader", "service_admin", "enterprise_admin")
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def run(demo, report):
    report.guard(35, everything, demo, report)


def everything(demo, report):
    theirs = Theirs(demo)
    untried = {name for path in theirs.document["paths"] for name in re.findall(r"{(\w+_id)}", path) if not theirs.kinds.get(kind(name))} - NONE_THERE
    report.check(len(theirs.identifiers) > 30 and len(theirs.words) > 5 and not untried, "35 what another tenant sees is known",
                 f"{len(theirs.identifiers)} IDs of {len(theirs.kinds)} kinds; {sorted(untried)}")
    before, asked = theirs.quiet(), Asked(demo, theirs)
    callers = [("key of the operator", demo.api())]
    callers += [(f"key of {role}", key) for role, key in account_keys(demo)]
    for name, client in callers:
        asked.paths(name, client)
        asked.lists(name, client)
        asked.bodies(name, client)
    report.check(not asked.wrong, "35 no key finds anything by another tenant's ID, in paths, queries, filters, cursors, bodies, headers", f"{asked.count} requests; {asked.wrong[:3]}")
    asked.wrong, count = [], asked.count
    for role in ROLES:
        person, visitor = demo.person(role), Visitor(demo.port)
        if visitor.sign_in(person["email"], person["password"]).status != 303:
            raise RuntimeError(f"{role} could not sign in")
        asked.pages(role, visitor)
    report.check(not asked.wrong, "35 nor does any person, on any page or with any form", f"{asked.count - count} requests; {asked.wrong[:3]}")
    changed = [name for name, value in theirs.fingerprint().items() if before[name] != value]
    report.check(not changed, "35 and nothing of the other tenant's has changed", changed)
    report.check(not asked.leaks, "35 no word of theirs stood in any answer", asked.leaks[:3])
    canary(demo, theirs, report)


def alone(demo, theirs, report):
    """Without row security, for as long as this takes: the statements themselves name their tenant, so that each of the two walls holds alone."""
    bypass(demo, "bypassrls")
    try:
        # The wall is really out of the way: what the server has open sees everybody's rows.
        seen = demo.sql("select count(distinct tenant_id) from accounts", role="bursar_app")[0][0]
        before, asked = theirs.quiet(), Asked(demo, theirs)
        for name, client in [("key of the operator", demo.api()), next(account_keys(demo))]:
            asked.paths(name, client)
            asked.lists(name, client)
            asked.bodies(name, client)
        visitor, person = Visitor(demo.port), demo.person("operator")
        visitor.sign_in(person["email"], person["password"])
        asked.pages("operator", visitor)
        for path in ("/operator", "/operator/accounts", "/operator/subscriptions", "/operator/audit", "/operator/partners", "/operator/mails", "/operator/remittances", "/operator/jobs", "/operator/offers", "/operator/identity",
                     "/operator/settings", "/operator/status", "/operator/api-keys", "/subscriptions", "/search?q=Canary", "/operator/search?q=Canary"):
            asked.leak(path, visitor.get(path))
        changed = [name for name, value in theirs.fingerprint().items() if before[name] != value]
    finally:
        bypass(demo, "nobypassrls")
    report.check(int(seen) > 1 and not asked.wrong and not asked.leaks and not changed, "35 and it is the same with row security out of the way: every statement names its tenant", f"{asked.count} requests; {(asked.wrong + asked.leaks + changed)[:4]}")


def bypass(demo, word):
    """A session keeps the plans that it has made, with row security or without: the server has to open others."""
    demo.sql(f"alter role bursar_app {word}; select pg_terminate_backend(pid) from pg_stat_activity where usename = 'bursar_app'")
    end = time.monotonic() + 30
    while demo.api().request("GET", "/v1/accounts?limit=1").status != 200 and time.monotonic() < end:
        time.sleep(0.1)


def account_keys(demo):
    api = demo.api()
    for role in ("account_admin", "finance", "reader"):
        body = {"account_id": demo.account, "role": role, "name": f"Matrix {role}"}
        made = api.request("POST", "/v1/api-keys", body, key=uuid.uuid4().hex).json()
        yield role, Client(demo.port, made.get("secret") or made["key"], timeout=120)


class Theirs:
    """Every ID and every name that tenant B's operator comes across, in the API and on pages."""

    def __init__(self, demo):
        self.demo, self.api = demo, demo.api(1)
        self.tenant = demo.sql(f"select id from identity.tenants where slug = '{demo.notes['tenants'][1]['slug']}'")[0][0]
        self.identifiers, self.kinds, self.cursors = set(), {}, {}
        self.words = self.mark()
        self.document = self.api.request("GET", "/openapi.json").json()
        todo = [path for path, operations in self.document["paths"].items() if "get" in operations and path.startswith("/v1/") and "{" not in path]
        for path in todo:
            self.read(f"{path}?limit=25" if self.takes(path, "limit") else path)
            self.cursor(path)
        for template, operations in self.document["paths"].items():
            names = re.findall(r"{(\w+)}", template)
            if "get" in operations and names and all(self.kinds.get(kind(name)) for name in names):
                for place in range(min(3, len(self.kinds[kind(names[0])]))):
                    self.read(re.sub(r"{(\w+)}", lambda found: sorted(self.kinds[kind(found[1])])[min(place, len(self.kinds[kind(found[1])]) - 1)], template))
        visitor, person = Visitor(demo.port), demo.person("operator", 1)
        visitor.sign_in(person["email"], person["password"])
        for path in ("/operator", "/operator/accounts", "/operator/subscriptions", "/operator/audit", "/operator/partners", "/operator/mails", "/operator/remittances", "/profile/sessions"):
            self.note(visitor.get(path).text)

    def mark(self):
        """A word that nobody else has, in whatever of theirs has a name; and the addresses that only they have."""
        word = f"Canary{uuid.uuid4().hex[:10]}"

        def post(path, body, headers=None):
            answer = self.api.request("POST", path, body, key=uuid.uuid4().hex, headers=headers)
            # Two parts of a run mark the same tenant: its draft is there then.
            if answer.status not in (200, 201, 202) and answer.code != "policy_draft_exists":
                raise RuntimeError(f"{path}: {answer.status} {answer.body[:200]}")
            self.note(answer.body.decode())
            return answer.json()

        account = post("/v1/accounts", {"kind": "standard", "name": word, "currency": "CNY", "time_zone": "UTC", "locale": "en",
                                        "administrator": {"email": f"{word.lower()}@example.com", "first_name": word, "last_name": word}})["id"]
        ordered = post("/v1/subscriptions", {"account_id": account, "offer": "prepaid", "name": word})["id"]
        post("/v1/partners", {"code": word[:12], "company_name": word})
        post("/v1/members", {"account_id": account, "email": f"{word.lower()}2@example.com", "role": "reader"})
        post(f"/v1/accounts/{account}/notes", {"body": word})
        post(f"/v1/accounts/{account}/identity-requests", {"company_name": word, "registration_number": "91310000MA1K", "legal_representative": word})
        post("/v1/offers/prepaid/drafts", {"currency": "USD"})
        post("/v1/subscriptions/actions", {"action": "suspend", "mode": "each", "items": [{"id": ordered, "note": word}]}, {"Prefer": "respond-async"})
        post("/v1/api-keys", {"account_id": account, "role": "reader", "name": word})
        return {word, word.lower()} | self.addresses(1) - self.addresses(0)

    def addresses(self, tenant):
        return {row[0] for row in self.demo.sql("select email from users where tenant_id = "
                                                f"(select id from identity.tenants where slug = '{self.demo.notes['tenants'][tenant]['slug']}')")}

    def takes(self, path, name):
        return any(one["name"] == name for one in self.document["paths"][path]["get"].get("parameters", []))

    def read(self, target):
        answer = self.api.request("GET", target)
        if answer.status == 200:
            self.note(answer.body.decode("utf-8", "replace"))

    def cursor(self, path):
        if self.takes(path, "cursor"):
            answer = self.api.request("GET", f"{path}?limit=1")
            if answer.status == 200 and answer.json().get("next_cursor"):
                self.cursors[path] = answer.json()["next_cursor"]

    def note(self, text):
        for found in IDENTIFIER.finditer(text):
            if found[1] not in ("ten", "req"):
                self.identifiers.add(found[0])
                self.kinds.setdefault(found[1], set()).add(found[0])

    def quiet(self):
        """The fingerprint, once the server has done what it does by itself after what was made: letters, long work."""
        before, end = self.fingerprint(), time.monotonic() + 30
        while time.monotonic() < end:
            time.sleep(2)
            now = self.fingerprint()
            if now == before:
                break
            before = now
        return before

    def fingerprint(self):
        """Every table's rows of this tenant as one number."""
        tables = self.demo.sql("select quote_ident(n.nspname) || '.' || quote_ident(c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace "
                               "where n.nspname in ('public', 'identity') and c.relkind in ('r', 'p') and c.relname not in ('sessions', 'sign_ins', 'api_key_uses') "
                               "and exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id')")
        text = " union all ".join(f"select '{name}', count(*)::text || coalesce(sum(hashtextextended(t::text, 0)::numeric), 0)::text from {name} t where tenant_id = '{self.tenant}'"
                                  for (name,) in tables)
        return dict(self.demo.sql(text))


KINDS = {"account_id": "acc", "subscription_id": "sub", "enrollment_id": "enr", "department_id": "dep", "order_id": "ord", "partner_id": "par", "payment_id": "pay", "api_key_id": "key",
         "audit_id": "aud", "member_id": "mem", "notification_id": "mai", "remittance_id": "rem", "policy_draft_id": "drf", "note_id": "nte", "identity_request_id": "idr",
         "session_id": "ses", "object_id": "sub", "operation_id": "opr", "event_id": "evt", "webhook_endpoint_id": "whe", "webhook_delivery_id": "whd"}
# What the other tenant of the demo has none of: a deadline that failed, a transfer, an endpoint of webhooks. Their routes are tried by RouteIsolationTests.
NONE_THERE = {"job_id", "remittance_id", "webhook_endpoint_id", "webhook_delivery_id"}


def kind(name):
    return KINDS.get(name, name)


def unknown(identifier):
    """An ID of the same kind that names nothing: the end is another."""
    prefix, rest = identifier.split("_")
    turned = "".join(ALPHABET[(ALPHABET.index(letter) + 7 + place) % 32] for place, letter in enumerate(rest[14:]))
    return f"{prefix}_{rest[:14]}{turned}"


class Asked:
    def __init__(self, demo, theirs):
        self.demo, self.theirs = demo, theirs
        self.count, self.wrong, self.leaks = 0, [], []

    def answer(self, client, method, target, body=None, headers=None):
        self.count += 1
        for _ in range(100):
            key = uuid.uuid4().hex if method == "POST" else None
            answer = client.request(method, target, body, key=key, headers=headers)
            if answer.status != 429:
                break
            time.sleep(min(5, int(answer.headers.get("Retry-After", "1"))))
        self.leak(f"{method} {target}", answer)
        return answer

    def leak(self, name, answer):
        text = answer.body.decode("utf-8", "replace")
        found = [word for word in self.theirs.words if word in text] + [one for one in self.theirs.identifiers if one in text and one not in name]
        if found:
            self.leaks.append(f"{name}: {found[:2]}")

    def same(self, name, found, nothing, named, unnamed, statuses=(404,)):
        """The same status, the same body but for what was asked, and so the same length."""
        one, two = (OWN.sub(b"", answer.body).replace((answer.headers.get("X-Request-Id") or "-").encode(), b"") for answer in (found, nothing))
        for identifier, stand_in in zip(named, unnamed):
            one, two = one.replace(identifier.encode(), b"*"), two.replace(stand_in.encode(), b"*")
        if found.status != nothing.status or found.status not in statuses or one != two:
            apart = next((place for place, pair in enumerate(zip(one, two)) if pair[0] != pair[1]), 0)
            self.wrong.append(f"{name}: {found.status} and {nothing.status}, {one[max(0, apart - 60):apart + 60]!r} and {two[max(0, apart - 60):apart + 60]!r}")

    def paths(self, who, client):
        """Every route and method whose path names something, also those that the route does not have."""
        for template, operations in self.theirs.document["paths"].items():
            names = re.findall(r"{(\w+)}", template)
            if not template.startswith("/v1/") or not any(self.theirs.kinds.get(kind(name)) for name in names):
                continue
            named = [sorted(self.theirs.kinds.get(kind(name), {"prepaid"}))[0] if name != "offer" else "prepaid" for name in names]
            stand_ins = [unknown(one) if "_" in one else one for one in named]
            fill = lambda values: re.sub(r"{\w+}", lambda _, rest=iter(values): next(rest), template)
            for method in ("get", "post", "put", "patch", "delete"):
                statuses = (404, 403) if method in operations else (405,)
                for query in ("", "?dry_run=true"):
                    body = {} if method in ("post", "put", "patch") else None
                    found, nothing = (self.answer(client, method.upper(), fill(values) + query, body) for values in (named, stand_ins))
                    self.same(f"{who}: {method} {template}{query}", found, nothing, named, stand_ins, statuses)

    def lists(self, who, client):
        """Every filter and every search with each kind of ID, their cursors, and sorts that are none."""
        words = [next(iter(self.theirs.words))] if self.theirs.words else []
        for path, operations in self.theirs.document["paths"].items():
            if "get" not in operations or "{" in path or not path.startswith("/v1/"):
                continue
            for parameter in operations["get"].get("parameters", []):
                if parameter["in"] != "query" or parameter["name"] in ("limit", "format", "cols", "bom", "dry_run", "from", "to"):
                    continue
                for values in list(self.theirs.kinds.values()):
                    one = sorted(values)[0]
                    found, nothing = (self.answer(client, "GET", f"{path}?{parameter['name']}={value}") for value in (one, unknown(one)))
                    self.same(f"{who}: {path}?{parameter['name']}", found, nothing, [one], [unknown(one)], (200, 400, 403, 404, 422))
                for word in words if parameter["name"] == "q" else []:
                    self.answer(client, "GET", f"{path}?q={quote(word)}")
            if path in self.theirs.cursors:
                self.answer(client, "GET", f"{path}?limit=100&cursor={self.theirs.cursors[path]}")
            if self.theirs.takes(path, "limit"):
                self.answer(client, "GET", f"{path}?limit=100")

    def bodies(self, who, client):
        """Each field of each body that takes an ID, and texts that name somebody of theirs; also as a header."""
        for path, operations in self.theirs.document["paths"].items():
            for method, operation in operations.items():
                content = operation.get("requestBody", {}).get("content", {}) if isinstance(operation, dict) else {}
                schema = self.resolved(next(iter(content.values()), {}).get("schema", {}))
                if "{" in path:
                    continue
                for field in schema.get("properties", {}):
                    if kind(field) in self.theirs.kinds:
                        one = sorted(self.theirs.kinds[kind(field)])[0]
                        body = self.sample(schema)
                        found, nothing = (self.answer(client, method.upper(), path + "?dry_run=true" * self.is_dry(operation), {**body, field: value}) for value in (one, unknown(one)))
                        self.same(f"{who}: {method} {path} {field}", found, nothing, [one], [unknown(one)], (400, 403, 404, 409, 422))
        sub = sorted(self.theirs.kinds.get("sub", {"sub_0"}))[0]
        for one in (sub, unknown(sub)):
            event = {"specversion": "1.0", "id": "matrix", "source": "/x", "type": "cost", "subject": one, "time": "2026-01-01T00:00:00Z",
                     "data": {"product": "x", "quantity": "1", "unit": "x", "cost": {"amount": "1.00", "currency": "CNY"}}}
            self.count += 1
            answer = client.request("POST", "/v1/usage-events", [event], key=uuid.uuid4().hex, media="application/cloudevents-batch+json")
            self.leak("usage", answer)
            if answer.status == 200 and answer.json().get("accepted"):
                self.wrong.append(f"{who}: usage for {one} was accepted")
        items = [{"id": sub, "idempotency_key": "a" * 20}]
        answer = self.answer(client, "POST", "/v1/subscriptions/actions", {"action": "suspend", "reason": "requested", "items": items})
        if answer.status == 200 and b'"status":200' in answer.body:
            self.wrong.append(f"{who}: an action on many took theirs")
        for header in ("X-Tenant-Id", "Bursar-Account", "If-Match", "X-Account-Id", "Tenant"):
            self.answer(client, "GET", "/v1/accounts", headers={header: self.theirs.tenant if "Tenant" in header else sub})

    def is_dry(self, operation):
        return any(one["name"] == "dry_run" for one in operation.get("parameters", []))

    def resolved(self, schema):
        while "$ref" in schema:
            schema = self.theirs.document["components"]["schemas"][schema["$ref"].split("/")[-1]]
        return schema

    def sample(self, schema):
        """A body of the right shape for what a schema asks for."""
        texts = {"kind": "standard", "currency": "CNY", "time_zone": "UTC", "locale": "en", "offer": "prepaid", "role": "reader", "email": "matrix@example.com", "mode": "each"}
        body = {}
        for name in schema.get("required", []):
            one = self.resolved(schema["properties"].get(name, {}))
            body[name] = texts.get(name) or (one.get("enum") or ["Matrix"])[0] if one.get("type") in ("string", None) else self.sample(one) if one.get("type") == "object" else []
        return body

    def pages(self, role, visitor):
        """Every page whose address names something of theirs, and every form below it."""
        token = (visitor.get("/help").form("/sign-out") or {}).get("csrf", "")
        for template in templates():
            method, path = template.split(" ")
            names = re.findall(r"{(\w+)}", path)
            if not names or not any(self.theirs.kinds.get(kind(name)) for name in names):
                continue
            named = [sorted(self.theirs.kinds.get(kind(name), {"prepaid"}))[0] if "_id" in name else "prepaid" for name in names]
            stand_ins = [unknown(one) if "_" in one else one for one in named]
            fill = lambda values: re.sub(r"{\w+}", lambda _, rest=iter(values): next(rest), path)
            answers = []
            for values in (named, stand_ins):
                form = {"csrf": token, "idempotency_key": uuid.uuid4().hex, "email": "matrix@example.com", "name": "Matrix", "amount": "1.00", "role": "reader", "reason": "requested"}
                self.count += 1
                page = visitor.get(fill(values)) if method == "GET" else visitor.post(fill(values), form)
                self.leak(f"{role}: {method} {fill(values)}", page)
                answers.append(page)
            self.same(f"{role}: {template}", *answers, named, stand_ins, (404, 303) if "/profile/" in path else (404,))


def templates():
    """The portal's addresses, from the program's own list."""
    import os
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "Sources", "App", "Features", "Portal", "PageRoute.swift")
    with open(source) as file:
        return re.findall(r'case \w+ = "((?:GET|POST) [^"]+)"', file.read())


def quote(text):
    import urllib.parse
    return urllib.parse.quote(text, safe="")


def canary(demo, theirs, report):
    """What lies about afterwards: A's own tables and mails by the app's eyes, downloads, the log."""
    mine = demo.sql(f"select id from identity.tenants where slug = '{demo.notes['tenants'][0]['slug']}'")[0][0]
    tables = demo.sql("select quote_ident(c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'public' and c.relkind in ('r', 'p') "
                      "and exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id')")
    found = []
    pattern = "|".join(re.escape(word) for word in sorted(theirs.words)[:60]).replace("'", "''")
    for (table,) in tables:
        rows = demo.sql(f"select count(*) from {table} t where tenant_id = '{mine}' and t::text ~ '{pattern}'")
        if rows[0][0] != "0":
            found.append(f"{table}: {rows[0][0]}")
    report.check(not found, "35 no word of theirs stands in any row, mail or event of ours", f"{len(tables)} tables; {found}")
    with open(f"{demo.folder}/server.log", errors="replace") as log:
        text = log.read()
    people = [word for word in theirs.words | theirs.addresses(0) if word in text]
    report.check(not people, "35 nor does anybody's stand in the log", people[:3])
