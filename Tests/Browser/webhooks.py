"""Webhooks of an account in a real browser: made, tried, failing, understood, repaired, sent again, its secret replaced, switched off and deleted; in both
languages, with JavaScript and without. The receiver is this script's own and checks every signature."""

import os
import re
import time

from axe_playwright_python.sync_playwright import Axe

from crawl import TAGS, WIDE
from flows import Flows
from receiver import Receiver


class Webhooks(Flows):
    def __init__(self, demo, sign_in, tally, scripts, language):
        super().__init__(demo, sign_in, tally, scripts)
        self.language, self.axe = language, Axe()
        self.mode = f"{self.mode}, {language}"

    def run(self, browser):
        context = browser.new_context(locale=self.language, java_script_enabled=self.scripts)
        page = self.sign_in(context, self.demo.person("account_admin"))
        receiver = Receiver()
        try:
            account = self.account()
            self.make(page, account, receiver)
            self.secret_once(page)
            self.try_it(page, receiver)
            self.fail_and_find_out(page, receiver)
            self.repair_and_resend(page, receiver)
            self.rotate(page, receiver)
            self.switch_off_and_on(page, receiver)
            self.delete(page, account)
        except Exception as error:
            self.check(False, "the flow of webhooks came to its end", f"{type(error).__name__}: {str(error)[:400]}")
        receiver.close()
        context.close()

    def look(self, page, name):
        """Each page in both of its colours and at both widths: nothing for axe to say, nothing that runs off a telephone. BROWSER_PICTURES keeps what it saw."""
        if not self.scripts:
            return
        complaints, folder = [], os.environ.get("BROWSER_PICTURES")
        for width in (1280, 320):
            page.set_viewport_size({"width": width, "height": 800})
            for scheme in ("dark", "light"):
                page.emulate_media(color_scheme=scheme)
                found = self.axe.run(page, options={"runOnly": {"type": "tag", "values": TAGS}}).response["violations"] if width == 1280 else []
                complaints += [f"axe {scheme} {one['id']}: {one['nodes'][0]['html'][:100]}" for one in found]
                if folder:
                    page.screenshot(path=f"{folder}/webhook-{name}-{self.language}-{width}-{scheme}.png", full_page=True)
            if page.evaluate(WIDE):
                complaints.append(f"scrolls sideways at {width} px")
        page.set_viewport_size({"width": 1280, "height": 900})
        self.check(not complaints, f"webhooks: the page «{name}» is good to look at and to hear", "; ".join(complaints))

    def make(self, page, account, receiver):
        page.goto(f"{self.demo.base}/accounts/{account}/webhooks")
        self.look(page, "none")
        page.locator("main a[href$='/webhooks/new']").first.click()
        self.look(page, "form")
        page.fill("input[name=url]", "http://10.0.0.1/hook")
        status = self.submit(page)
        self.check(status == 422 and page.locator("[aria-invalid=true]").count() == 1, "webhooks: a private address is refused beside the field", str(status))
        self.look(page, "refused")
        page.fill("input[name=url]", receiver.url)
        page.fill("input[name=description]", "计费系统 billing")
        hidden = page.locator("main form[method=post] input[type=hidden]").all()
        sent = {one.get_attribute("name"): one.get_attribute("value") for one in hidden} | {"url": receiver.url, "description": "计费系统 billing"}
        form = page.url
        self.submit(page)
        self.look(page, "secret")
        # Words that are copied stand in a field with JavaScript and in text without it.
        found = re.search(r"whsec_[A-Za-z0-9+/=]+", page.content())
        self.secret = found[0] if found else ""
        made = self.get(f"/v1/webhook-endpoints?account_id={account}")["data"]
        self.check(len(made) == 1 and made[0]["url"] == receiver.url and len(self.secret) == 50, "webhooks: made, and its secret shown", self.secret[:8])
        # What Reload does on that page: the same form again.
        again = page.context.request.post(form, form=sent, headers={"Origin": self.demo.base})
        count = len(self.get(f"/v1/webhook-endpoints?account_id={account}")["data"])
        self.check(again.status == 200 and "whsec_" not in again.text() and count == 1, "webhooks: sent a second time, the form makes no other and shows no secret", f"{again.status}, {count}")
        self.id = made[0]["id"]
        self.one = f"{self.demo.base}/accounts/{account}/webhooks/{self.id}"

    def secret_once(self, page):
        page.locator("main a.btn--primary").click()
        here = page.url.split("?")[0] == self.one
        pages = [page.content()]
        for way in ("", "/edit", "/rotate", "/delete"):
            page.goto(self.one + way)
            pages.append(page.content())
        self.check(here and not any("whsec_" in text for text in pages), "webhooks: the secret is shown once and only once")
        self.check("secret" not in self.get(f"/v1/webhook-endpoints/{self.id}"), "webhooks: the API does not tell it either")

    def send_test(self, page):
        page.goto(self.one)
        self.submit(page, "main form[action$='/test'] button")

    def row(self, page, words, seconds=20):
        """The newest line of the log, once it says so; the page is loaded again as a person would."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            page.goto(self.one)
            text = page.locator("main tbody tr").first.inner_text()
            if words in text:
                return text
            time.sleep(0.3)
        return page.locator("main tbody tr").first.inner_text()

    def try_it(self, page, receiver):
        self.send_test(page)
        self.look(page, "tested")
        came = receiver.wait(1)
        message = receiver.got[0] if came else None
        self.check(came and message.is_signed(self.secret) and b"webhook_endpoint.test" in message.body, "webhooks: a test event arrives, signed with the secret that was shown")
        text = self.row(page, "HTTP 204")
        self.check("HTTP 204" in text and "webhook_endpoint.test" in text, "webhooks: the log says that it was delivered", text)
        self.look(page, "delivered")

    def fail_and_find_out(self, page, receiver):
        receiver.status, receiver.reply = 500, "数据库只读 the database is read-only".encode()
        before = len(receiver.got)
        self.send_test(page)
        receiver.wait(before + 1)
        text = self.row(page, "HTTP 500")
        self.check("HTTP 500" in text, "webhooks: the log says that the receiver failed", text)
        self.look(page, "failing")
        banner = page.locator(".banner--warn").inner_text()
        self.check("HTTP 500" in banner and page.locator(".banner--warn a[href*='/deliveries/']").count() == 1, "webhooks: the page says that nothing arrives, and leads to the cause", banner)
        # From the list to the cause: the endpoint, then its delivery.
        page.goto(self.one.rsplit("/", 1)[0])
        self.look(page, "list")
        text = page.inner_text("main tbody")
        self.check("50 %" in text and "1 of 2" in text or "50%" in text and "1/2" in text, "webhooks: the list says how many of the last day arrived", text)
        # The list is one like every other: narrowed by its form, said when it cannot be, taken home.
        page.select_option("select[name=state]", "failing")
        self.submit(page, "form.filters button[type=submit]")
        rows, links = page.locator("main tbody tr").count(), page.locator(".list-downloads a").count()
        found = self.get(f"/v1/webhook-endpoints?account_id={self.one.split('/')[-3]}&state=failing")["data"]
        self.check("state=failing" in page.url and rows == 1 and links == 3 and [one["id"] for one in found] == [self.id], "webhooks: the list is narrowed to where nothing arrives", f"{rows} {links}")
        self.look(page, "list-narrowed")
        status = page.goto(f"{self.one.rsplit('/', 1)[0]}?disabled_reason=lost").status
        self.check(status == 422 and page.locator("select[name=disabled_reason][aria-invalid=true]").count() == 1, "webhooks: a filter of the list that is none is said beside it", str(status))
        page.goto(self.one.rsplit("/", 1)[0])
        clicks = 0
        for selector in (f"main a[href*='{self.id}']", "main tbody tr a[href*='/deliveries/']"):
            self.submit(page, selector)
            clicks += 1
        text = page.inner_text("main")
        self.check("HTTP 500" in text and "the database is read-only" in text and "webhook_endpoint.test" in text and clicks <= 3,
                   "webhooks: why it failed, and the receiver's own words", f"{clicks} clicks; {text[:200]}")
        self.look(page, "delivery-failed")

    def repair_and_resend(self, page, receiver):
        receiver.status, receiver.reply = 200, "收到 thanks".encode()
        before, failed = len(receiver.got), receiver.got[-1]
        self.submit(page, "main form[action$='/resend'] button")
        came = receiver.wait(before + 1)
        message = receiver.got[-1]
        self.check(came and message.is_signed(self.secret) and message.headers["webhook-id"] == failed.headers["webhook-id"] and message.body == failed.body,
                   "webhooks: sent again, it is the same message")
        delivery = page.url.split("?")[0]
        end = time.monotonic() + 20
        while "thanks" not in page.inner_text("main") and time.monotonic() < end:
            time.sleep(0.3)
            page.goto(delivery)
        text = page.inner_text("main")
        self.check("HTTP 200" in text and "收到 thanks" in text, "webhooks: and it is delivered", text[:200])
        self.look(page, "delivery")
        # The log is a list like every other: narrowed by a form, said when it cannot be, taken home.
        page.goto(self.one)
        page.select_option("select[name=status]", "succeeded")
        with page.expect_navigation():
            page.locator("form.filters button[type=submit]").click()
        rows = page.locator("main tbody tr").count()
        listed = len(self.get(f"/v1/webhook-deliveries?endpoint_id={self.id}&status=succeeded&limit=100")["data"])
        self.check("status=succeeded" in page.url and rows == listed == 2 and page.locator(".chips .chip").count() == 1, "webhooks: the log is narrowed to what arrived", f"{rows} {listed}")
        self.look(page, "narrowed")
        links = page.locator(".list-downloads a").count()
        status = page.goto(f"{self.one}?status=lost").status
        self.check(links == 3 and status == 422 and page.locator("select[name=status][aria-invalid=true]").count() == 1, "webhooks: a filter that is none is said beside it", f"{links} {status}")
        self.look(page, "narrowed-wrongly")

    def rotate(self, page, receiver):
        page.goto(self.one)
        page.locator("main a[href$='/rotate']").click()
        self.look(page, "rotate")
        self.submit(page)
        found = re.search(r"whsec_[A-Za-z0-9+/=]+", page.content())
        fresh = found[0] if found else ""
        before = len(receiver.got)
        self.send_test(page)
        came = receiver.wait(before + 1)
        message = receiver.got[-1]
        both = came and fresh != self.secret and message.is_signed(fresh) and message.is_signed(self.secret)
        self.check(both and len(message.headers["webhook-signature"].split(" ")) == 2, "webhooks: while the secret is being replaced both sign", fresh[:8])
        self.secret = fresh

    def switch_off_and_on(self, page, receiver):
        page.goto(self.one)
        self.submit(page, "main form[action$='/switch'] button")
        self.look(page, "off")
        off = self.get(f"/v1/webhook-endpoints/{self.id}")
        self.check(off["state"] == "disabled" and off["disabled_reason"] == "requested" and page.locator("main form[action$='/test']").count() == 0, "webhooks: switched off, and nothing can be sent")
        self.submit(page, "main form[action$='/switch'] button")
        self.check(self.get(f"/v1/webhook-endpoints/{self.id}")["state"] == "enabled", "webhooks: and on again")
        receiver.status = 410
        self.send_test(page)
        end = time.monotonic() + 20
        while self.get(f"/v1/webhook-endpoints/{self.id}")["state"] == "enabled" and time.monotonic() < end:
            time.sleep(0.2)
        page.goto(self.one)
        banner = page.locator(".banner--bad")
        self.check(banner.count() == 1 and "410" in banner.inner_text(), "webhooks: a receiver that is gone is switched off, and the page says why")
        self.look(page, "gone")

    def delete(self, page, account):
        page.goto(self.one)
        page.locator("main a[href$='/delete']").click()
        page.fill("input[name=confirm_name]", "example.com")
        status = self.submit(page)
        self.check(status == 422, "webhooks: another name deletes nothing", str(status))
        self.look(page, "delete")
        page.fill("input[name=confirm_name]", self.get(f"/v1/webhook-endpoints/{self.id}")["url"].split("/")[2])
        self.submit(page)
        self.check(not self.get(f"/v1/webhook-endpoints?account_id={account}")["data"] and page.goto(self.one).status == 404, "webhooks: deleted")
