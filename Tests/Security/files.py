"""Files and letters: checks 14, 41, 42, 43."""

import asyncio
import csv
import email
import email.policy
import io
import re
import threading
import time
import urllib.parse
import uuid
import zipfile

from bursar import Bursar, Client, free_port
from visitor import Visitor

FORMULAS = ["=cmd|'/c calc'!A0", "+1+1", "-1+1", "@SUM(1)", "\t=1+1", "＝1+1", "=HYPERLINK(\"http://evil.example\")"]


def run(demo, report):
    report.guard(41, formulas, demo, report)
    report.guard(42, names, demo, report)
    report.guard(43, letters, demo, report)


def begins_a_formula(cell):
    if not cell or re.fullmatch(r"-?[\d.,]+", cell):
        return False
    return cell[0] in "=+-@\t\r＝＋－＠" or cell.lstrip(" \t")[:1] in ("=", "@")


def formulas(demo, report):
    """Every text that somebody may type begins with a formula; every file that holds it is opened."""
    api = demo.api()

    def post(path, body, method="POST"):
        answer = api.request(method, path, body, key=uuid.uuid4().hex if method == "POST" else None)
        return answer.json() if answer.status < 300 else {}
    stored = 0
    for number, text in enumerate(FORMULAS):
        account = post("/v1/accounts", {"kind": "standard", "name": text, "currency": "CNY", "time_zone": "Asia/Shanghai", "locale": "en",
                                        "administrator": {"email": f"formula{number}-{uuid.uuid4().hex[:6]}@example.com", "first_name": text, "last_name": text}})
        if not account:
            continue
        made = post("/v1/subscriptions", {"account_id": account["id"], "offer": "prepaid", "name": text,
                                          "payment": {"method": "sandbox", "amount": {"amount": "1000.00", "currency": "CNY"}}})
        post("/v1/partners", {"code": f"F{uuid.uuid4().hex[:6]}", "company_name": text})
        stored += bool(made)
        if made:
            event = {"specversion": "1.0", "id": uuid.uuid4().hex, "source": "/meters/x", "type": "cost", "subject": made["id"], "time": api.request("GET", "/v1/me").json()["clock"]["now"],
                     "data": {"product": text.strip() or "x", "quantity": "1", "unit": text.strip()[:20] or "x", "cost": {"amount": "1.00", "currency": "CNY"}}}
            api.request("POST", "/v1/usage-events", [event], media="application/cloudevents-batch+json")
            last = (account["id"], made["id"])
    report.check(stored >= 4, "41 names that begin as formulas are stored as they are", f"{stored} of {len(FORMULAS)}")
    time.sleep(3)
    visitor = Visitor(demo.port)
    person = demo.person("operator")
    visitor.sign_in(person["email"], person["password"])
    account, subscription = last
    base = f"/accounts/{account}/subscriptions/{subscription}"
    bad, unnamed, count = [], [], 0
    sheets = ["/operator/audit?format=csv", f"{base}/usage.csv", f"{base}/focus.csv", f"{base}/billing-history.csv", f"/accounts/{account}/usage.csv", f"/accounts/{account}/focus.csv",
              f"/accounts/{account}/audit?format=csv"]
    sheets += [f"{page}?format={kind}" for page in ("/operator/accounts", "/operator/subscriptions", "/operator/partners", f"/accounts/{account}/subscriptions", f"/accounts/{account}/orders")
               for kind in ("csv", "xlsx")]
    sheets += [f"{path}?format={kind}&limit=100" for path in ("/v1/accounts", "/v1/subscriptions", "/v1/partners", "/v1/orders") for kind in ("csv", "xlsx")]
    for path in sheets:
        answer = api.request("GET", path) if path.startswith("/v1/") else visitor.get(path)
        kind = answer.headers.get("Content-Type", "")
        if answer.status != 200 or not ("csv" in kind or "sheet" in kind):
            bad.append(f"{path}: {answer.status} {kind}") if answer.status != 404 and answer.status != 400 else None
            continue
        count += 1
        if "attachment" not in answer.headers.get("Content-Disposition", ""):
            unnamed.append(path)
        if "csv" in kind:
            rows = csv.reader(io.StringIO(answer.body.decode("utf-8-sig")))
            bad += [f"{path}: {cell[:40]!r}" for row in rows for cell in row if begins_a_formula(cell)]
        else:
            book = zipfile.ZipFile(io.BytesIO(answer.body))
            bad += [f"{path}: {name} holds a formula" for name in book.namelist() if name.startswith("xl/worksheets/") and b"<f>" in book.read(name)]
            bad += [f"{path}: a link" for name in book.namelist() if name.startswith("xl/worksheets/") and b"<hyperlink " in book.read(name)]
    report.check(not bad and count >= 10, "41 no cell of any file is a formula, CSV or workbook", f"{count} files; {bad[:4]}")
    report.check(not unnamed, "14 every file is a named attachment", unnamed)


def names(demo, report):
    """What comes back in a header keeps to its line: addresses, languages, request names, files."""
    client, bad = Client(demo.port, demo.sandbox["operator_key"]), []
    for text in ("x%0d%0aX-Evil:%201", "x%0aX-Evil:%201", "%0d%0a%0d%0a<script>", "x%E5%98%8D%E5%98%8AX-Evil:1", "%00", "x;filename=evil.html"):
        for path in (f"/sign-in?return_to=/{text}", f"/sign-in?lang={text}", f"/{text}", f"/v1/accounts?q={text}&format=csv", f"/v1/subscriptions/{text}/usage.csv", f"/problems/{text}",
                     f"/portal-sessions/{text}", f"/docs/api/{text}", f"/re-authenticate?return_to=/{text}"):
            answer = client.request("GET", path)
            if "X-Evil" in answer.headers or answer.status >= 500 or any("\n" in value or "\r" in value for value in answer.headers.values()):
                bad.append(f"{path}: {answer.status}")
    for name in ("X-Request-Id", "Accept-Language", "traceparent", "Idempotency-Key", "If-None-Match"):
        answer = client.request("GET", "/v1/me", headers={name: "a\tX-Evil: 1" * 3})
        if "X-Evil" in answer.headers or answer.status >= 500:
            bad.append(f"{name}: {answer.status}")
    report.check(not bad, "42 no line break reaches a header of an answer", bad[:3])


class Sink:
    def __init__(self):
        self.mails = []

    async def handle_DATA(self, server, session, envelope):
        self.mails.append((list(envelope.rcpt_tos), email.message_from_bytes(envelope.content, policy=email.policy.default), envelope.content))
        return "250 ok"


def letters(demo, report):
    """Line breaks in whatever a letter is made of: refused, or one letter to one person with no header more."""
    from aiosmtpd.controller import Controller
    sink = Sink()
    mail = Controller(sink, hostname="127.0.0.1", port=free_port())
    mail.start()
    server = Bursar(demo.binary, {"BURSAR_SMTP_URL": f"smtp://127.0.0.1:{mail.port}", "BURSAR_SMTP_TLS": "off", "BURSAR_MAIL_FROM": "billing@example.com"})
    try:
        server.start()
        server.tenant("letters", "--sandbox")
        api = Client(server.port, server.key("letters", "--role", "operator"))
        asked, refused = [], 0
        for number, text in enumerate(["a\r\nBcc: evil@example.com", "a\nBcc: evil@example.com\n\nbody", "a\r\n.\r\nMAIL FROM:<x@y>", "\u2028Bcc: evil@example.com", "a\x0bBcc: evil@example.com", "=?utf-8?q?a=0ABcc:_evil@example.com?="]):
            body = {"kind": "standard", "name": text, "currency": "CNY", "time_zone": "UTC", "locale": "en",
                    "administrator": {"email": f"reader{number}@example.com", "first_name": text, "last_name": text}}
            answer = api.request("POST", "/v1/accounts", body, key=uuid.uuid4().hex)
            if answer.status != 201:
                refused += 1
                body.update(name="Plain", administrator={"email": f"reader{number}@example.com"})
                answer = api.request("POST", "/v1/accounts", body, key=uuid.uuid4().hex)
            account = answer.json()["id"]
            answer = api.request("POST", "/v1/members", {"account_id": account, "email": f"invited{number}@example.com", "role": "reader"}, key=uuid.uuid4().hex)
            asked.append(answer.status)
            for address in (f"x{number}@example.com\r\nBcc: evil@example.com", f"x{number}@example.com, evil@example.com", f"<x{number}@example.com>\nevil@example.com", f"x{number}@example.com\r\nRCPT TO:<evil@example.com>"):
                answer = api.request("POST", "/v1/members", {"account_id": account, "email": address, "role": "reader"}, key=uuid.uuid4().hex)
                refused += answer.status in (400, 422)
                if answer.status < 300:
                    report.check(False, "43 an address with more in it is refused", address)
        deadline = time.monotonic() + 40
        while len(sink.mails) < asked.count(201) and time.monotonic() < deadline:
            time.sleep(0.2)
        wrong = [str(to) for to, message, _ in sink.mails if len(to) != 1 or "evil@example.com" in to or message["Bcc"] or len(message.get_all("Subject", [])) != 1
                 or len(message.get_all("To", [])) != 1 or "evil@example.com" in str(message["To"])]
        report.check(sink.mails and not wrong, "43 one letter to one person, with no header more", f"{len(sink.mails)} letters, {refused} refused; {wrong[:2]}")
    finally:
        server.close()
        mail.stop()
