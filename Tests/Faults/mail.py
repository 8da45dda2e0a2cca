#!/usr/bin/env python3
"""Mail over real SMTP: STARTTLS with a certificate of its own authority and a password, refusals, and a server that is killed while it sends.

    .venv/bin/python Tests/Faults/mail.py --binary .build/debug/bursar [--kills 8] [--keep]

Needs aiosmtpd and the openssl command. Prints `N passed, N failed` at the end; exit code 1 when something failed.
"""

import argparse
import asyncio
import collections
import email
import email.policy
import os
import random
import ssl
import subprocess
import sys
import threading
import time
import warnings

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

warnings.simplefilter("ignore")
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Harness"))

from bursar import Bursar, Client, Tally, free_port

USER, PASSWORD = "bursar", "a long secret, with spaces"


class Catcher:
    """Keeps every mail that it takes, with how it came."""

    def __init__(self):
        self.lock = threading.Lock()
        self.caught = []
        self.pause = 0.0
        self.refused = set()

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address in self.refused:
            return "550 5.1.1 no such person"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, server, session, envelope):
        await asyncio.sleep(random.uniform(0, self.pause))
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        with self.lock:
            self.caught.append((message, session.ssl is not None, bool(session.authenticated)))
        await asyncio.sleep(random.uniform(0, self.pause))
        return "250 2.0.0 taken"

    def messages(self):
        with self.lock:
            return list(self.caught)


def authenticate(server, session, envelope, mechanism, data):
    good = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=good, handled=True, message=None if good else "535 5.7.8 no")


def certificate(folder):
    """A certificate for localhost that vouches for itself."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
         "subjectAltName=DNS:localhost", "-keyout", f"{folder}/key.pem", "-out", f"{folder}/cert.pem"],
        check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{folder}/cert.pem", f"{folder}/key.pem")
    return f"{folder}/cert.pem", context


def wait(holds, seconds=30):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.1)
    return holds()


class Story:
    """A sandbox tenant whose accounts pay: each payment is a letter."""

    def __init__(self, server):
        server.tenant("post", "--sandbox")
        self.server = server
        self.client = Client(server.port, server.key("post", "--role", "operator"))
        self.number = 0

    def ask(self, path, body):
        self.number += 1
        answer = self.client.request("POST", path, body, key=f"mail-{self.number}")
        if answer.status >= 300:
            raise RuntimeError(f"{path}: {answer.status} {answer.body[:300]}")
        return answer.json()

    def account(self, address, locale="en"):
        # She can sign in already, so that no invitation goes along.
        self.server.command("user", "password", "--tenant", "post", "--email", address)
        return self.ask("/v1/accounts", {
            "kind": "standard", "name": "港口物流 & Söhne", "currency": "CNY", "time_zone": "Asia/Shanghai", "locale": locale,
            "administrator": {"email": address, "first_name": "Mei", "last_name": "Lin"}})["id"]

    def pay(self, account):
        amount = {"amount": "1000.00", "currency": "CNY"}
        return self.ask("/v1/subscriptions", {
            "account_id": account, "offer": "prepaid", "name": "仓库遥测", "payment": {"method": "sandbox", "amount": amount}})["id"]


def arrives_safely(tally, server, catcher, authority):
    story = Story(server)
    story.pay(story.account("mei@example.com", "zh-Hans"))
    tally.check(wait(lambda: len(catcher.messages()) == 1), "a payment's mail arrives", server.last_words())
    message, was_encrypted, was_known = catcher.messages()[0]
    tally.check(was_encrypted and was_known, "over STARTTLS, after signing in")
    tally.check(message["To"] == "mei@example.com" and str(message["From"]) == "Nördlich Cloud <billing@example.com>", "from and to whom it says",
                f"{message['From']} → {message['To']}")
    tally.check("¥1,000.00" in message["Subject"] and "仓库遥测" in message["Subject"], "its subject is Chinese", message["Subject"])
    kinds = [part.get_content_type() for part in message.iter_parts()]
    tally.check(kinds == ["text/plain", "text/html"], "text and HTML", str(kinds))
    text = message.get_body(("plain",)).get_content()
    tally.check("已收到您为 仓库遥测 支付的 ¥1,000.00" in text and "{" not in text, "the text is whole")
    tally.check("\r\n" in message.get_body(("html",)).get_content() or "<h1>" in message.get_body(("html",)).get_content(), "the HTML is whole")
    catcher.refused.add("gone@example.com")
    story.pay(story.account("gone@example.com"))
    tally.check(wait(lambda: server.sql("select count(*) from mails where status = 'refused' and smtp_reply like '550%'") == [["1"]]),
                "a refusal is final and keeps the server's words")
    return story


def certificates_hold(tally, server, catcher, story):
    """Without the authority's file the certificate does not hold: nothing leaves, and the mail says why."""
    server.terminate()
    known = server.environment.pop("BURSAR_SMTP_CA_FILE")
    server.start()
    story.client.close()
    before = len(catcher.messages())
    story.pay(story.account("careful@example.com"))
    rows = lambda: server.sql("select status, smtp_reply from mails where email = 'careful@example.com' and attempts > 0 and smtp_reply is not null")
    tally.check(wait(lambda: len(rows()) == 1), "a certificate that nobody vouches for is tried")
    tally.check(rows()[0][0] == "waiting" and len(catcher.messages()) == before, "and gets no mail", str(rows()))
    server.terminate()
    server.environment["BURSAR_SMTP_CA_FILE"] = known
    server.start()
    story.client.close()
    server.sql("update mails set next_attempt_at = now() where status = 'waiting'")
    tally.check(wait(lambda: len(catcher.messages()) == before + 1), "once it is vouched for, the mail leaves")


def kills_make_no_second_letter(tally, server, catcher, story, kills):
    catcher.pause = 0.15
    before = len(catcher.messages())
    count = 60
    accounts = [story.account(f"reader{number}@example.com") for number in range(count)]
    for account in accounts:
        story.pay(account)
    for _ in range(kills):
        time.sleep(random.uniform(0.2, 0.9))
        server.kill()
        server.start()
        # What the dead server held is free when its lease runs out; nobody waits ten minutes for that here.
        server.sql("update mails set next_attempt_at = now() where status = 'waiting'")
    catcher.pause = 0
    done = lambda: server.sql("select count(*) from mails where status <> 'sent' and email like 'reader%'") == [["0"]]
    tally.check(wait(done, 90), f"after {kills} kills everything is sent", str(server.sql("select status, count(*) from mails group by 1")))
    rows = server.sql("select message_id, email from mails where email like 'reader%'")
    known = {row[0]: row[1] for row in rows}
    tally.check(len(rows) == count and len(known) == count, f"{count} letters, each with one Message-ID")
    arrived = collections.Counter(str(message["Message-ID"]).strip("<>") for message, _, _ in catcher.messages()[before:])
    tally.check(set(arrived) == set(known), "each arrived, and nothing else did", f"{len(arrived)} of {len(known)}")
    people = collections.defaultdict(set)
    for message, _, _ in catcher.messages()[before:]:
        people[str(message["To"])].add(str(message["Message-ID"]))
    tally.check(all(len(ids) == 1 for ids in people.values()), "nobody got two letters for one cause",
                f"{sum(arrived.values()) - len(arrived)} came a second time as the same letter")
    well, bad, _ = server.doctor()
    tally.check(well, "the doctor finds nothing", "; ".join(bad))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", required=True)
    parser.add_argument("--kills", type=int, default=8)
    parser.add_argument("--keep", action="store_true")
    arguments = parser.parse_args()
    tally, catcher, port = Tally(), Catcher(), free_port()
    server = Bursar(arguments.binary)
    authority, context = certificate(server.folder)
    with open(f"{server.folder}/password", "w") as file:
        file.write(PASSWORD + "\n")
    controller = Controller(
        catcher, hostname="localhost", port=port, tls_context=context, require_starttls=True, auth_required=True, authenticator=authenticate)
    server.environment.update({
        "BURSAR_SMTP_URL": f"smtp://localhost:{port}", "BURSAR_SMTP_USER": USER, "BURSAR_SMTP_PASSWORD_FILE": f"{server.folder}/password",
        "BURSAR_SMTP_CA_FILE": authority, "BURSAR_MAIL_FROM": "Nördlich Cloud <billing@example.com>"})
    try:
        controller.start()
        server.start()
        story = arrives_safely(tally, server, catcher, authority)
        certificates_hold(tally, server, catcher, story)
        kills_make_no_second_letter(tally, server, catcher, story, arguments.kills)
    finally:
        controller.stop()
        server.close(keep=arguments.keep)
    return tally.close()


if __name__ == "__main__":
    sys.exit(main())
