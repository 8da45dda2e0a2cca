"""Sessions, cookies, passwords: checks 1, 2, 3, 5, 6, 9, 16, 17, 20, 23, 25, 31, 32, 33, 34."""

import os
import statistics
import subprocess
import time

from bursar import Bursar, Client
from visitor import Visitor


def run(demo, tally):
    person = demo.person("account_admin")
    before = Visitor(demo.port)
    before.get("/sign-in")
    planted = "A" * 43
    before.jar["bursar_session"] = planted
    page = before.sign_in(person["email"], person["password"])
    tally.check(page.status == 303 and before.session not in (None, planted), "1 a session gets a new identifier at sign-in")
    home = before.get("/")
    tally.check(home.status in (200, 303), "1 and is signed in", str(home.status))

    tokens = set()
    for _ in range(20):
        one = Visitor(demo.port)
        one.sign_in(person["email"], person["password"])
        tokens.add(one.session)
    tally.check(len(tokens) == 20 and all(len(token) >= 22 for token in tokens), "2 session tokens differ and hold 128 bits or more")

    old = before.session
    out = sign_out(before)
    stale = Visitor(demo.port)
    stale.jar["bursar_session"] = old
    tally.check(stale.get("/subscriptions").status == 303, "3 an old cookie is worth nothing after sign-out")
    tally.check("Clear-Site-Data" in out.headers, "17 sign-out clears what the browser kept")

    secure_cookies(demo, tally)
    visitor = Visitor(demo.port)
    visitor.sign_in(person["email"], person["password"])
    api = visitor.get("/v1/subscriptions")
    tally.check(api.status == 401, "9 the API ignores cookies", str(api.status))
    private = visitor.get("/subscriptions")
    tally.check("no-store" in private.headers.get("Cache-Control", ""), "16 private pages are not stored")
    passwords(demo, tally)
    keys(demo, tally)


def sign_out(visitor):
    page = visitor.get("/subscriptions")
    return visitor.post("/sign-out", page.form("/sign-out"))


def secure_cookies(demo, tally):
    """Behind HTTPS the cookies wear their strict names. The second server only answers the form; its people are its own."""
    server = Bursar(demo.binary, {"BURSAR_PUBLIC_URL": "https://portal.example"})
    try:
        server.start()
        page = Visitor(server.port).get("/sign-in")
        lines = [line for line in page.headers.get_all("Set-Cookie") or [] if "bursar_form" in line]
        wanted = all(line.startswith("__Host-") and "; Secure" in line and "HttpOnly" in line and "SameSite=" in line and "Path=/" in line
                     for line in lines)
        tally.check(lines and wanted, "6 secrets in cookies are __Host-, Secure, HttpOnly, SameSite", str(lines)[:120])
        hsts = page.headers.get("Strict-Transport-Security", "")
        tally.check("max-age=31536000" in hsts and "includeSubDomains" in hsts, "13 HSTS for a year, with subdomains")
        tally.check(server.sql("select count(*) from identity.sign_ins")[0][0] == "0", "31 a new server has no account at all")
    finally:
        server.close()


def passwords(demo, tally):
    reader = demo.person("reader")
    unknown, known = [], []
    for n in range(12):
        for email, times in ((f"nobody{n}@nowhere.test", unknown), (f"nobody{n}b@nowhere.test", known)):
            began = time.monotonic()
            Visitor(demo.port, source=f"127.3.0.{n + 1}").sign_in(email, "wrong password")
            times.append(time.monotonic() - began)
    statuses, bodies = [], set()
    for n in range(12):
        visitor = Visitor(demo.port, source="127.3.0.99")
        began = time.monotonic()
        page = visitor.sign_in(reader["email"], "wrong password", headers={"Accept-Language": "en"})
        if page.status == 422:
            known.append(time.monotonic() - began)
            bodies.add("combination" in page.text or page.status)
        statuses.append(page.status)
    nobody = Visitor(demo.port).sign_in("nobody@nowhere.test", "wrong password")
    tally.check(nobody.status == 422, "25 an unknown address is answered as a wrong password is", str(nobody.status))
    apart = abs(statistics.median(unknown) - statistics.median(known)) * 1000
    tally.check(apart < 50, "25 and takes about as long", f"medians {apart:.1f} ms apart; a machine at work cannot show 5 ms")
    tally.check(429 in statuses, "23 wrong passwords are slowed down", str(statuses))
    page = Visitor(demo.port, source="127.3.0.99").sign_in(reader["email"], reader["password"])
    tally.check(page.status == 429 and int(page.headers.get("Retry-After", "0")) > 0, "23 and the wait is said", str(page.status))
    weak = demo.sql("select count(*) from identity.sign_ins where password_hash is not null "
                    "and password_hash not like '$argon2id$v=19$m=19456,t=2,p=1$%'")
    tally.check(weak[0][0] == "0", "22 every stored password is argon2id, 19 MiB, two passes", weak[0][0])
    demo.sql("update identity.sign_ins set failures = 0, locked_until = null")


def keys(demo, tally):
    key = demo.sandbox["operator_key"]
    tally.check(len(key.split("_", 2)[2]) >= 22, "32 a key holds 128 bits or more")
    dump = subprocess.run([*demo.psql_command(program="pg_dump"), "-d", "bursar", "--data-only", "--inserts"], capture_output=True, timeout=600)
    tally.check(dump.returncode == 0 and key.encode() not in dump.stdout, "32 and a dump of the database does not hold it",
                f"{len(dump.stdout) / 1e6:.0f} MB read")
    client = Client(demo.port)
    for path in (f"/v1/accounts?api_key={key}", f"/v1/accounts?access_token={key}"):
        answer = client.request("GET", path)
        tally.check(answer.status == 401, "34 a key in the address opens nothing", str(answer.status))
    account = demo.sandbox["account_keys"][0]
    mine = Client(demo.port, account["key"])
    tally.check(mine.request("GET", "/v1/me").status == 200, "33 an account's key works")
    demo.sql("update identity.api_keys set revoked_at = now() where account_id is not null")
    time.sleep(1)
    tally.check(mine.request("GET", "/v1/me").status == 401, "33 and not a second after it was revoked")
    demo.sql("update identity.api_keys set revoked_at = null where account_id is not null")
