"""Seeded nonsense at every operation of the API and every form of the portal: checks 45 and 58. A failure names its seed and its case; the same seed makes the same requests."""

import http.client
import os
import random
import re
import uuid

from bursar import Client
from isolation import templates
from visitor import Visitor

ATOMS = ["", " ", "0", "-1", "1e999", "NaN", "null", "true", "[]", "{}", "'", "\"", "\\", "%", "\x00", "\ud800", "\u202e", "\ufeff", "\r\n", "🏴‍☠️", "á" * 300, "a" * 5000, "2026-02-30T25:61:00Z", "9999-12-31T23:59:59Z", "0000-00-00",
         "-0", "9223372036854775808", "1.0000000001", "٣", "sub_00000000000000000000000000", "acc_zzzzzzzzzzzzzzzzzzzzzzzzzz", "../..", "$(id)", "${jndi:ldap://x}", "<script>", "=1+1", "CNY", "XXX", "en", "tlh", "Mars/Olympus"]
TRACES = re.compile(rb"PostgresError|SQLSTATE|syntax error at|relation \"|fatalError|Fatal error|\.swift:\d|Swift\.|libpq|stack trace|violates \w+ constraint", re.I)


def run(demo, report):
    report.guard(58, nonsense, demo, report)


def nonsense(demo, report):
    seed = int(os.environ.get("BURSAR_SECURITY_SEED", random.SystemRandom().randrange(1 << 32)))
    most = int(os.environ.get("BURSAR_SECURITY_CASES", "3000"))
    dice = random.Random(seed)
    client = Client(demo.port, demo.sandbox["operator_key"], timeout=60)
    document = client.request("GET", "/openapi.json").json()
    operations = [(method, path, operation) for path, every in document["paths"].items() for method, operation in every.items() if path.startswith("/v1/") and method in ("get", "post", "put", "patch", "delete")
                  and not path.endswith("/test-clock/advance")]
    known = known_identifiers(client, document)
    statuses, bad = {}, []
    for case in range(most):
        method, path, operation = dice.choice(operations)
        target = re.sub(r"{(\w+)}", lambda found: dice.choice(known.get(found[1], ["x"]) if dice.random() < 0.7 else [quote(dice.choice(ATOMS)) or "x"]), path)
        target += "?" + "&".join(f"{one['name']}={quote(dice.choice(ATOMS))}" for one in operation.get("parameters", []) if one["in"] == "query" and dice.random() < 0.4)
        body = None
        if "requestBody" in operation:
            schema = next(iter(operation["requestBody"]["content"].values()))["schema"]
            body = made(schema, document, dice, 0) if dice.random() < 0.9 else dice.choice([b"", b"{", b"\xff\xfe", b"[1,2", b"{}{}", b"nul", b'{"a":' * 500])
        media = next(iter(operation.get("requestBody", {}).get("content", {"application/json": 0}))) if dice.random() < 0.95 else "text/plain"
        headers = {name: dice.choice(ATOMS[:14]).encode("utf-8", "ignore").decode("latin-1", "ignore").strip("\r\n\x00 ") for name in ("If-Match", "Accept-Language", "X-Request-Id") if dice.random() < 0.1}
        try:
            sent = body if isinstance(body, bytes) or body is None else encoded(body)
            answer = client.request(method.upper(), target.rstrip("?"), sent, key=uuid.UUID(int=dice.getrandbits(128)).hex, media=media, headers={k: "".join(c for c in v if c.isprintable()) for k, v in headers.items()})
        except (OSError, http.client.HTTPException, ValueError) as error:
            bad.append(f"case {case} {method} {target[:80]}: {type(error).__name__} {error}")
            client.close()
            continue
        statuses[answer.status // 100] = statuses.get(answer.status // 100, 0) + 1
        if answer.status >= 500 or TRACES.search(answer.body):
            bad.append(f"case {case} {method} {target[:120]} {str(body)[:200]}: {answer.status} {answer.body[:200]!r}")
    report.check(not bad, "45, 58 nonsense at every operation is never a 500 and shows nothing of the inside", f"seed {seed}, {most} cases, {statuses}; {bad[:2]}")
    forms(demo, report, dice, seed, most // 4)


def known_identifiers(client, document):
    known = {}
    for path, every in document["paths"].items():
        name = {"/v1/subscriptions": "subscription_id", "/v1/accounts": "account_id", "/v1/enrollments": "enrollment_id", "/v1/partners": "partner_id", "/v1/orders": "order_id", "/v1/payments": "payment_id",
                "/v1/notifications": "notification_id", "/v1/remittances": "remittance_id", "/v1/identity-requests": "identity_request_id"}.get(path)
        if name:
            known[name] = [one["id"] for one in client.request("GET", f"{path}?limit=5").json().get("data", [])] or ["x"]
    known["offer"] = ["trial", "prepaid", "enterprise"]
    return known


def made(schema, document, dice, depth):
    """What a schema asks for, with faults sprinkled in."""
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].split("/")[-1]]
    if dice.random() < 0.15 or depth > 5:
        return dice.choice([*ATOMS, None, 0, -1, 10 ** 30, True, [], {}, [None] * 50, {"a": {"b": []}}])
    for union in ("oneOf", "anyOf"):
        if union in schema:
            return made(dice.choice(schema[union]), document, dice, depth + 1)
    kind = schema.get("type")
    kind = dice.choice(kind) if isinstance(kind, list) else kind
    if "enum" in schema:
        return dice.choice(schema["enum"])
    if kind == "object":
        body = {name: made(one, document, dice, depth + 1) for name, one in schema.get("properties", {}).items() if name in schema.get("required", []) or dice.random() < 0.5}
        return {**body, dice.choice(["tenant_id", "__proto__", "id", "état"]): 1} if dice.random() < 0.05 else body
    if kind == "array":
        return [made(schema.get("items", {}), document, dice, depth + 1) for _ in range(dice.randrange(4))]
    if kind in ("integer", "number"):
        return dice.choice([0, 1, 7, -1, 2 ** 31, 2 ** 63, 1.5])
    if kind == "boolean":
        return dice.choice([True, False])
    return dice.choice(["Name", "1.00", "CNY", "2026-01-01", "someone@example.com", *ATOMS])


def encoded(body):
    import json
    return json.dumps(body).encode("utf-8")


def quote(text):
    import urllib.parse
    return urllib.parse.quote(text.encode("utf-8", "surrogatepass"), safe="")


def forms(demo, report, dice, seed, most):
    """The portal's addresses with broken names, queries and fields, as somebody who may see everything."""
    visitor, person = Visitor(demo.port), demo.person("operator")
    visitor.sign_in(person["email"], person["password"])
    token = visitor.get("/help").form("/sign-out")["csrf"]
    routes = [route for route in templates() if not any(word in route for word in ("sign-out", "end-others", "/end", "/profile/password", "/two-step", "test-clock", "view-as"))]
    known, bad, statuses = known_identifiers(demo.api(), demo.api().request("GET", "/openapi.json").json()), [], {}
    names = ["name", "email", "amount", "q", "sort", "cursor", "from", "to", "month", "reason", "note", "offer", "page", "lang", "theme", "return_to", "method", "role", "currency", "zone", "if_match", "department_id", "format", "cols"]
    for case in range(most):
        method, path = dice.choice(routes).split(" ")
        target = re.sub(r"{(\w+)}", lambda found: dice.choice(known.get(found[1], ["x"])) if dice.random() < 0.8 else quote(dice.choice(ATOMS)) or "x", path)
        fields = {name: dice.choice(ATOMS) for name in names if dice.random() < 0.3}
        if method == "GET":
            page = visitor.get(f"{target}?" + "&".join(f"{name}={quote(text)}" for name, text in fields.items() if name not in ("lang", "theme")))
        else:
            body = "&".join(f"{name}={quote(text)}" for name, text in {**fields, "csrf": token, "idempotency_key": uuid.UUID(int=dice.getrandbits(128)).hex}.items()).encode()
            page = visitor.request("POST", target, body=body, headers={"Content-Type": "application/x-www-form-urlencoded"})
        statuses[page.status // 100] = statuses.get(page.status // 100, 0) + 1
        if page.status >= 500 or TRACES.search(page.body):
            bad.append(f"case {case} {method} {target[:120]} {str(fields)[:200]}: {page.status}")
    report.check(not bad, "45, 58 nor is it in any form or address of a page", f"seed {seed}, {most} cases, {statuses}; {bad[:3]}")
