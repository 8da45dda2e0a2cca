"""People and their secrets over time: checks 1, 2, 4, 5, 6, 20, 21, 23, 24, 25, 26, 27, 29, 30, 31, 33."""

import base64
import hashlib
import hmac
import os
import re
import statistics
import struct
import threading
import time
import urllib.parse
import uuid

from bursar import Bursar, Client
from visitor import Visitor

LONG = "correct horse battery staple " * 5
# What is tried first among those of twelve characters and more, from the usual lists.
COMMON = [
    "123456789012", "1234567890123", "password1234", "passwordpassword", "qwertyuiop123", "qwerty123456", "1q2w3e4r5t6y", "adminadmin123", "iloveyou1234",
    "111111111111", "abcabcabcabc", "abcdefghijkl", "zxcvbnm12345", "letmein12345", "welcome12345", "administrator", "administrator1", "000000000000",
    "asdfghjkl123", "Password123!", "P@ssw0rd1234", "1qaz2wsx1qaz", "123123123123", "987654321098", "woaini123456", "changeme1234", "qazwsxqazwsx", "football1234",
]
SHORT = ["123456", "password", "qwerty", "iloveyou", "dragon", "monkey", "abc123", "letmein", "trustno1", "sunshine1", "hunter2", "11-letters!"]


def run(demo, report):
    for number, part in [(20, new_passwords), (1, step_up), (2, spread), (4, ends_by_itself), (5, ended), (26, second_step), (29, asked_again), (30, reset),
                         (23, from_elsewhere), (31, no_default), (33, narrow_keys), (6, over_https), (25, alike), (24, many_at_once)]:
        report.guard(number, part, demo, report)
        demo.sql("update identity.sign_ins set failures = 0, locked_until = null")


def signed_in(demo, role="account_admin", **more):
    visitor, person = Visitor(demo.port, **more), demo.person(role)
    page = visitor.sign_in(person["email"], person["password"])
    if page.status != 303:
        raise RuntimeError(f"{role} could not sign in: {page.status}")
    return visitor


def somebody(demo):
    """A person of her own with a password that the command line made: nobody else is signed out by what is done to her."""
    email = f"guarded-{uuid.uuid4().hex[:8]}@example.com"
    account = demo.account
    said = demo.command("user", "password", "--tenant", demo.sandbox["slug"], "--email", email, "--role", "reader", "--account", account).stdout
    password = said.strip().split("\t")[2]
    visitor = Visitor(demo.port)
    if visitor.sign_in(email, password).status != 303:
        raise RuntimeError("the new person could not sign in")
    return email, password, visitor


def is_in(visitor):
    page = visitor.get("/profile")
    return page.status == 200


def change_password(visitor, old, new):
    fields = visitor.get("/profile/password").form("/profile/password")
    return visitor.post("/profile/password", {**fields, "current_password": old, "password": new, "password_again": new})


def new_passwords(demo, report):
    email, password, visitor = somebody(demo)
    tried, taken = COMMON + SHORT + [email, email.split("@")[0] + "1234"], []
    for word in tried:
        if change_password(visitor, password, word).status != 422:
            taken.append(word)
            password = word
    report.check(not taken, "21 common passwords, short ones and one's own address are refused", f"{len(tried)} tried; {taken}")
    for length in (12, 64, 128):
        new = (LONG + uuid.uuid4().hex)[-length:]
        page = change_password(visitor, password, new)
        report.check(page.status == 303, f"20 a password of {length} characters is taken", page.status)
        password = new if page.status == 303 else password
    other = Visitor(demo.port)
    changed = password[:72] + ("x" if password[72] != "x" else "y") + password[73:]
    report.check(other.sign_in(email, changed).status == 422, "20 and its 73rd character counts")
    report.check(other.sign_in(email, password[:72]).status == 422, "20 and its beginning alone is not enough")
    report.check(other.sign_in(email, password.swapcase()).status == 422, "20 and its case counts")
    report.check(other.sign_in(email, password).status == 303, "20 and itself opens the door")


def step_up(demo, report):
    email, password, visitor = somebody(demo)
    demo.sql(f"update identity.sessions s set authenticated_at = null from identity.sign_ins i where i.email = '{email}' and s.user_id = i.user_id")
    before = visitor.session
    page = visitor.get("/re-authenticate?return_to=/profile")
    fields = page.form("/re-authenticate")
    page = visitor.post("/re-authenticate", {**fields, "password": password})
    old = Visitor(demo.port)
    old.jar = dict(visitor.jar, bursar_session=before)
    report.check(page.status == 303 and visitor.session != before and is_in(visitor), "1 the identifier changes when the password is said again", page.status)
    report.check(not is_in(old), "1 and the one before is worth nothing")


def spread(demo, report):
    """Session tokens without passwords: through the provider's console links, which begin sessions the same way."""
    count = int(os.environ.get("BURSAR_SECURITY_TOKENS", "2000"))
    api, person = demo.api(), demo.person("reader")
    tokens = []
    for number in range(count):
        answer = api.request("POST", "/v1/portal-sessions", {"user_email": person["email"], "path": "/subscriptions"}, key=f"spread-{uuid.uuid4().hex}")
        if answer.status == 429:
            demo.sql("delete from work.key_quotas") if demo.sql("select to_regclass('work.key_quotas')")[0][0] else time.sleep(int(answer.headers.get("Retry-After", "1")))
            continue
        visitor = Visitor(demo.port)
        visitor.get(urllib.parse.urlsplit(answer.json()["url"]).path)
        tokens.append(visitor.session)
    demo.sql(f"delete from identity.sessions s using identity.sign_ins i where i.email = '{person['email']}' and s.user_id = i.user_id")
    raw = [base64.urlsafe_b64decode(token + "=") for token in tokens]
    counts = [0] * 256
    for byte in b"".join(raw):
        counts[byte] += 1
    expected = sum(counts) / 256
    chi = sum((seen - expected) ** 2 / expected for seen in counts)
    # 255 degrees of freedom: chance goes beyond 360 once in a hundred thousand runs.
    report.check(len(set(tokens)) == len(tokens) > count * 0.9 and all(len(one) == 32 for one in raw), "2 session identifiers are unique and hold 256 bits", len(tokens))
    report.check(150 < chi < 380, "2 and their bytes are evenly spread", f"chi² {chi:.0f} for 255")


def ends_by_itself(demo, report):
    visitor = signed_in(demo)
    rows = demo.sql("select round(extract(epoch from expires_at - created_at)) from identity.sessions order by created_at desc limit 1")
    report.check(rows[0][0] == str(12 * 3600), "4 a session is over after twelve hours", rows)

    def after(change):
        visitor = signed_in(demo)
        demo.sql(f"update identity.sessions set {change} where id = (select id from identity.sessions order by created_at desc limit 1)")
        return is_in(visitor)
    report.check(after("seen_at = now() - interval '29 minutes'"), "4 29 idle minutes are not the end")
    report.check(not after("seen_at = now() - interval '31 minutes'"), "4 31 are")
    report.check(not after("expires_at = now() - interval '1 second'"), "4 and so are twelve hours, however busy")


def ended(demo, report):
    email, password, visitor = somebody(demo)
    other = Visitor(demo.port)
    other.sign_in(email, password)
    page = change_password(visitor, password, password := uuid.uuid4().hex)
    report.check(page.status == 303 and is_in(visitor) and not is_in(other), "5 a new password ends her other sessions, and not this one")
    other.sign_in(email, password)
    page = visitor.get("/profile/sessions")
    action = next(form["action"] for form in page.forms.forms if re.fullmatch(r"/profile/sessions/ses_\w+/end", form["action"]))
    visitor.post(action, page.form(action))
    report.check(not is_in(other) and is_in(visitor), "5 a session ends in the list of sessions")
    began = time.monotonic()
    demo.command("user", "password", "--tenant", demo.sandbox["slug"], "--email", email)
    while is_in(visitor) and time.monotonic() - began < 10:
        time.sleep(0.1)
    report.check(not is_in(visitor), "5 and by whoever runs the server")


def code_of(secret, step=0):
    counter = struct.pack(">Q", int(time.time()) // 30 + step)
    digest = hmac.new(secret, counter, hashlib.sha1).digest()
    place = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[place:place + 4])[0] & 0x7FFFFFFF) % 1_000_000:06d}"


def second_step(demo, report):
    email, password, visitor = somebody(demo)
    visitor.post("/profile/two-step", visitor.get("/profile/two-step").form("/profile/two-step"))
    page = visitor.get("/profile/two-step/setup")
    text = re.search(r'id="two-step-secret"[^>]*value="([^"]+)"|value="([^"]+)"[^>]*id="two-step-secret"', page.text)
    secret = base64.b32decode(re.sub(r"\s", "", text[1] or text[2]).upper() + "=" * (-len(re.sub(r"\s", "", text[1] or text[2])) % 8))
    used = code_of(secret)
    page = visitor.post("/profile/two-step/setup", {**page.form("/profile/two-step/setup"), "code": used})
    codes = re.findall(r"\b[a-z2-7]{4}(?:-[a-z2-7]{4}){3}\b", visitor.get("/profile/two-step/recovery-codes").text)
    report.check(page.status == 303 and len(set(codes)) == 10, "27 ten recovery codes are shown", f"{page.status} {len(codes)}")

    def enter(code):
        one = Visitor(demo.port)
        one.sign_in(email, password)
        page = one.get("/sign-in/code")
        fields = page.form("/sign-in/code")
        status = one.post("/sign-in/code", {**fields, "code": code}).status if fields else page.status
        demo.sql("update identity.second_factors set failures = 0, locked_until = null")
        return status, one
    report.check(enter(used)[0] == 422, "26 the code that was used does not work again")
    report.check(enter(code_of(secret, -4))[0] == 422 and enter(code_of(secret, 4))[0] == 422, "26 nor one of two minutes ago or ahead")
    fresh = code_of(secret, 1)
    status, one = enter(fresh)
    report.check(status == 303 and is_in(one), "26 the next one works", status)
    report.check(enter(fresh)[0] == 422, "26 once")
    report.check(enter(codes[0])[0] == 303 and enter(codes[0])[0] == 422, "27 a recovery code works once")
    kept = demo.sql("select string_agg(c::text, ' ') from identity.recovery_codes c")[0][0]
    plain = [code for code in codes if code in kept or code.replace("-", "") in kept]
    report.check(not plain, "27 and only hashes are stored", plain)


def asked_again(demo, report):
    """What changes who gets in, or where money goes, asks for the password when that was said more than five minutes ago."""
    kept = []
    for role, paths in {
        "operator": ["/operator/api-keys/new", "/operator/bank-accounts", "/profile/password"],
        "account_admin": ["/profile/email", "/profile/two-step", "/profile/two-step/off", "/profile/two-step/recovery-codes"]
        + [f"/accounts/{demo.account}/{tail}" for tail in ("api-keys/new", "members/invite", "handover")],
    }.items():
        visitor = signed_in(demo, role)
        token = visitor.get("/help").form("/sign-out")["csrf"]
        for path in paths:
            demo.sql("update identity.sessions set authenticated_at = now() - interval '6 minutes'")
            form = {"csrf": token, "idempotency_key": uuid.uuid4().hex, "currency": "CNY", "account_holder": "X", "bank_name": "X", "account_number": "1", "pending_days": "3",
                    "contact_email": "other@example.com", "email": "other@example.com", "role": "reader", "name": "x", "current_password": "wrong", "password": "x" * 20, "password_again": "x" * 20}
            page = visitor.post(path, form)
            asks = page.status == 303 and "/re-authenticate" in page.headers.get("Location", "") or path == "/profile/password" and page.status == 422
            if not asks:
                kept.append(f"POST {path}: {page.status} {page.headers.get('Location', '')}")
    report.check(not kept, "29 whoever changes addresses, factors, keys, members or bank accounts is asked again", kept)


def reset(demo, report):
    email, password, visitor = somebody(demo)
    other = Visitor(demo.port)

    def ask():
        fields = other.get("/forgot-password").form("/forgot-password")
        page = other.post("/forgot-password", {**fields, "email": email}, headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"})
        rows = demo.sql(f"select coalesce(secret_path, ''), to_jsonb(m)::text from mails m where email = '{email}' and kind = 'password_reset' order by queued_at desc limit 1")
        return page.status, rows
    status, rows = ask()
    report.check(rows and "evil.example" not in rows[0][1], "30 the letter knows nothing of the Host header", status)
    lifetime = demo.sql("select round(extract(epoch from expires_at - created_at)) from identity.one_time_links where purpose = 'password_reset' order by created_at desc limit 1")
    report.check(int(lifetime[0][0]) <= 600, "30 the link lasts ten minutes at most", lifetime)
    path = rows[0][0]
    new = uuid.uuid4().hex

    def use():
        one = Visitor(demo.port)
        fields = one.get(path).form(path)
        return one.post(path, {**fields, "password": new, "password_again": new}).status if fields else 0
    first, second = use(), use()
    report.check(first == 303 and second != 303 and not is_in(visitor), "30 and works once, and ends what was open", f"{first} {second}")


def from_elsewhere(demo, report):
    """An address of the loopback network is another client; the owner of an attacked account still gets in from hers."""
    person = demo.person("finance")
    statuses = [attempt(demo, person["email"], "wrong password!", "127.0.0.66") for _ in range(12)]
    report.check(429 in statuses, "23 a guesser has to wait", statuses)
    mine = attempt(demo, person["email"], person["password"], "127.0.0.77")
    report.check(mine == 303, "23 and the owner, from another address, does not", mine)


def attempt(demo, email, password, source):
    visitor = Visitor(demo.port, source=source)
    return visitor.sign_in(email, password).status


def no_default(demo, report):
    pairs = [(f"{name}@{host}", word) for name in ("admin", "root", "administrator", "operator", "test") for host in ("localhost", "bursar.local") for word in ("admin", "password")]
    opened = [pair for number, pair in enumerate(pairs) if attempt(demo, *pair, f"127.0.1.{number + 1}") == 303]
    report.check(not opened, "31 none of twenty pairs that everybody tries opens anything", opened)


def narrow_keys(demo, report):
    api = demo.api()

    def key(**fields):
        body = {"account_id": demo.account, "role": "account_admin", "name": f"Narrow {uuid.uuid4().hex[:6]}", **fields}
        answer = api.request("POST", "/v1/api-keys", body, key=uuid.uuid4().hex)
        if answer.status != 201:
            raise RuntimeError(f"no key: {answer.status} {answer.body[:300]}")
        made = answer.json()
        return made["id"], Client(demo.port, made["secret"] if "secret" in made else made["key"])
    _, reader = key(role="reader")
    write = lambda one: one.request("PATCH", f"/v1/accounts/{demo.account}/profile?dry_run=true", {"company": "X"}).status
    report.check(reader.request("GET", "/v1/me").status == 200 and write(reader) == 403, "33 a reader's key writes nothing", write(reader))
    identifier, mine = key()
    report.check(mine.request("GET", "/v1/me").status == 200, "33 a key works")
    demo.sql("update identity.api_keys set expires_at = now() - interval '1 second' where name like 'Narrow %' and role = 'account_admin'")
    time.sleep(1)
    report.check(mine.request("GET", "/v1/me").status == 401, "33 and not a second after its end")
    identifier, mine = key()
    mine.request("GET", "/v1/me")
    api.request("DELETE", f"/v1/api-keys/{identifier}")
    time.sleep(1)
    report.check(mine.request("GET", "/v1/me").status == 401, "33 nor a second after it was revoked")


def over_https(demo, report):
    server = Bursar(demo.binary, {"BURSAR_PUBLIC_URL": "https://portal.example"})
    try:
        server.start()
        server.tenant("secure")
        said = server.command("user", "password", "--tenant", "secure", "--email", "first@example.com", "--role", "operator").stdout
        visitor = Visitor(server.port)
        page = visitor.sign_in("first@example.com", said.strip().split("\t")[2])
        lines = [line for line in page.headers.get_all("Set-Cookie") or [] if "bursar_session" in line]
        wanted = all(line.startswith("__Host-bursar_session=") and "; Secure" in line and "HttpOnly" in line and "SameSite=" in line and "Path=/" in line
                     and "Domain" not in line for line in lines)
        report.check(page.status == 303 and lines and wanted, "6 the session's cookie over https is __Host-, Secure, HttpOnly, SameSite", re.sub(r"=[\w-]{43}", "=…", str(lines)))
    finally:
        server.close()


def alike(demo, report):
    """Known and unknown addresses by turns, each pair from an address of its own, so that nobody has to wait."""
    count = int(os.environ.get("BURSAR_SECURITY_SIGN_INS", "60"))
    reader = demo.person("reader")["email"]
    times, bodies = {True: [], False: []}, {True: set(), False: set()}
    for number in range(count):
        if number % 8 == 0:
            demo.sql("update identity.sign_ins set failures = 0, locked_until = null")
        for known in (number % 2 == 0, number % 2 == 1):
            visitor = Visitor(demo.port, source=f"127.1.{number // 200}.{number % 200 + 1}")
            email = reader if known else f"nobody{number:04}@demo.test"
            fields = visitor.get("/sign-in").form("/sign-in")
            began = time.monotonic()
            page = visitor.post("/sign-in", {**fields, "email": email, "password": "wrong password"}, headers={"Accept-Language": "en"})
            times[known].append(time.monotonic() - began)
            bodies[known].add((page.status, re.sub(r"\s+", " ", re.sub(r'value="[^"]*"|<time .*?</time>|[\w-]{43}', "", page.text))))
    demo.sql("update identity.sign_ins set failures = 0, locked_until = null")
    report.check(bodies[True] == bodies[False] and len(bodies[True]) == 1, "25 the answers are the same, letter by letter", [len(one) for one in bodies.values()])
    apart = abs(statistics.median(times[True]) - statistics.median(times[False])) * 1000
    # Machines at work cannot show five milliseconds; a hash that is not computed would show as tens of them.
    hashing = statistics.median(times[False]) * 1000
    report.check(apart < max(5, 0.2 * hashing), "25 and so are their times", f"medians {hashing:.1f} ms, {apart:.1f} ms apart, {count} each")


def many_at_once(demo, report):
    def memory():
        with open(f"/proc/{demo.process.pid}/status") as file:
            return int(next(line for line in file if line.startswith("VmRSS")).split()[1]) / 1024
    before, statuses, worst, peak = memory(), [], [], [0]
    threads = [threading.Thread(target=lambda n=n: statuses.append(attempt(demo, f"crowd{n}@nowhere.test", "wrong password", f"127.2.0.{n + 1}"))) for n in range(100)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        began = time.monotonic()
        Client(demo.port).request("GET", "/help", headers={"Connection": "close"})
        worst.append(time.monotonic() - began)
        peak[0] = max(peak[0], memory())
        time.sleep(0.02)
    for thread in threads:
        thread.join()
    report.check(len(statuses) == 100 and set(statuses) <= {422, 429, 503}, "24 a hundred sign-ins at once are all answered", {one: statuses.count(one) for one in set(statuses)})
    report.check(peak[0] - before <= 300, "24 with 300 MiB more at most", f"{before:.0f} MiB before, {peak[0]:.0f} at most")
    report.check(sorted(worst)[int(len(worst) * 0.99)] <= 1, "24 and others' pages within a second", f"slowest of {len(worst)}: {max(worst) * 1000:.0f} ms")
