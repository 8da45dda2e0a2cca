"""Input: checks 37, 38, 39, 41, 42, 44, 45, 53."""

import json
import uuid

from bursar import Client
from visitor import Visitor

SQL = ["'", "''", "\" or 1=1 --", "'; drop table subscriptions; --", "1) or (1=1", "\\'; select pg_sleep(9); --", "$$", "%", "_", "|| pg_sleep(9)", "/**/union/**/select/**/null"]
SCRIPT = ["<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "'><svg/onload=alert(1)>", "javascript:alert(1)", "</textarea><script>x</script>",
          "{{7*7}}", "${7*7}", "<!--", "]]>", "&lt;b&gt;", "\u202eevil", "<a href=\"javascript:alert(1)\">x</a>", "%3Cscript%3E", "</title><script>x</script>"]
ODD = ["\x00", "\ud800", "a" * 1_000_000, "\u202e\u2066", "\r\nX: y", "\x1b[31m", "\ufeff", "🏴" * 70]


def run(demo, tally):
    api = Client(demo.port, demo.sandbox["operator_key"], timeout=120)
    account = api.request("GET", "/v1/accounts?limit=1").json()["data"][0]
    subscription = next(one for one in api.request("GET", "/v1/subscriptions?limit=100&state=active").json()["data"] if one["offer"] == "prepaid")
    lists = [path for path, operations in api.request("GET", "/openapi.json").json()["paths"].items()
             if "get" in operations and "{" not in path and path.startswith("/v1/")]
    document = api.request("GET", "/openapi.json").json()["paths"]
    bad = []
    count = 0
    for path in lists:
        for parameter in document[path]["get"].get("parameters", []):
            for text in SQL + SCRIPT[:4]:
                if parameter["in"] != "query":
                    continue
                count += 1
                answer = api.request("GET", f"{path}?{parameter['name']}={quote(text)}")
                if answer.status >= 500 or b"syntax" in answer.body or b"pg_" in answer.body and b"pg_" not in text.encode():
                    bad.append(f"{path} {parameter['name']}={text}: {answer.status}")
    tally.check(not bad, "38 no parameter of a list is read as SQL", f"{count} requests; {bad[:3]}")
    before = subscription["state"]
    bad = []
    for text in SQL + SCRIPT + ODD:
        for body in ({"name": text}, {"service_administrator_email": text}):
            answer = api.request("PATCH", f"/v1/subscriptions/{subscription['id']}", body)
            if answer.status >= 500 or (answer.status not in (200, 400, 413, 422)):
                bad.append(f"{text[:20]!r}: {answer.status}")
    tally.check(not bad, "45 odd texts are kept or refused with words", str(bad[:3]))
    extra(api, account, subscription, tally)
    stored(demo, api, account, subscription, tally)
    shapes(demo, api, subscription, tally)
    logs(demo, api, tally)
    after = api.request("GET", f"/v1/subscriptions/{subscription['id']}").json()["state"]
    tally.check(after == before, "and the subscription is what it was", after)


def quote(text):
    import urllib.parse
    return urllib.parse.quote(text, safe="")


def extra(api, account, subscription, tally):
    bad = []
    for name, value in [("tenant_id", str(uuid.uuid4())), ("state", "active"), ("balance", "1000"), ("role", "operator"), ("price", "0"), ("is_operator", True),
                        ("outstanding", {"amount": "0.00", "currency": "CNY"}), ("delete_at", None), ("credit", None)]:
        for method, path, body in [("PATCH", f"/v1/subscriptions/{subscription['id']}", {"name": "Same"}), ("PATCH", f"/v1/accounts/{account['id']}", {"name": account["name"]}),
                                   ("POST", "/v1/partners", {"code": "X1", "company_name": "X"})]:
            answer = api.request(method, path, {**body, name: value})
            if answer.status != 400:
                bad.append(f"{method} {path} {name}: {answer.status}")
    tally.check(not bad, "37 fields that nobody asked for are refused", str(bad[:3]))


def stored(demo, api, account, subscription, tally):
    """What was stored comes back as text: no tag of it is a tag of the page, and no cell of a file is a formula."""
    person = demo.person("operator")
    visitor = Visitor(demo.port)
    visitor.sign_in(person["email"], person["password"])
    unescaped = []
    for text in SCRIPT + ["=cmd|'/c calc'!A0", "+1+1", "-1", "@SUM(1)", "\tx"]:
        answer = api.request("PATCH", f"/v1/subscriptions/{subscription['id']}", {"name": text})
        if answer.status != 200:
            continue
        for path in (f"/accounts/{subscription['account_id']}/subscriptions", f"/accounts/{subscription['account_id']}/subscriptions/{subscription['id']}"):
            page = visitor.get(path)
            if page.status != 200 or any(tag in page.text for tag in ("<script>alert", "<img src=x", "<svg/onload", "<script>x", "<a href=\"javascript")) or page.forms.inline:
                unescaped.append(f"{text} on {path}: {page.status}")
    tally.check(not unescaped, "39 stored texts stay texts on pages", str(unescaped[:3]))
    api.request("PATCH", f"/v1/subscriptions/{subscription['id']}", {"name": "=1+1"})
    page = visitor.get(f"/accounts/{subscription['account_id']}/subscriptions/{subscription['id']}/usage.csv")
    cells = [cell for line in page.text.lstrip("\ufeff").splitlines() for cell in line.split(",")]
    formulas = [cell for cell in cells if cell[:1] in "=@+" and cell or cell[:1] == "-" and not cell[1:].replace(".", "").isdigit()]
    tally.check(page.status == 200 and not formulas, "41 no cell of a file is a formula", str(formulas[:3]))
    disposition = page.headers.get("Content-Disposition", "")
    tally.check("attachment" in disposition and "\n" not in disposition, "42 a file's name is a name", disposition)


def shapes(demo, api, subscription, tally):
    path = f"/v1/subscriptions/{subscription['id']}"
    bad = []
    for name, body, wanted in [
        ("nested", b"[" * 10_000, 400), ("a key twice", b'{"name":"a","name":"b"}', 400), ("no JSON", b"{", 400), ("a number beyond", b'{"name":1e999}', 400), ("two values", b'{} {}', 400),
        ("bad UTF-8", b'{"name":"\xff"}', 400), ("a lone surrogate", b'{"name":"\\ud800"}', 400), ("a list", b"[]", 422), ("2 MB", b'{"name":"' + b"a" * 2_000_000 + b'"}', 413),
    ]:
        answer = Client(demo.port, demo.sandbox["operator_key"]).request("PATCH", path, body)
        if answer.status != wanted:
            bad.append(f"{name}: {answer.status}")
    tally.check(not bad, "53 broken JSON is refused as such", str(bad))
    answer = api.request("PATCH", path, b'{"name":"x"}', media="text/plain")
    tally.check(answer.status == 415, "9 and what is no JSON is not read as JSON", str(answer.status))


def logs(demo, api, tally):
    for text in ("a\\nb", "x\x1b[31m", "\"}{\""):
        api.request("GET", "/v1/subscriptions?q=" + quote(text), headers={"User-Agent": text.replace("\x1b", ""), "X-Request-Id": "bad id"})
    broken = []
    with open(f"{demo.folder}/server.log", errors="replace") as log:
        for line in log:
            try:
                json.loads(line)
            except ValueError:
                broken.append(line[:80])
    tally.check(not broken, "44 every line of the log is one JSON object", str(broken[:2]))
