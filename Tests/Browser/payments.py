"""Paying by bank transfer from the first click to the credit, what declined, waiting and expired look like, and ordering a subscription: in both
languages, with JavaScript and without."""

import re
import uuid

from flows import Flows


class Payments(Flows):
    def __init__(self, demo, sign_in, tally, scripts, language):
        super().__init__(demo, sign_in, tally, scripts)
        self.language = language
        self.mode = f"{self.mode}, {language}"

    def run(self, browser):
        customer = browser.new_context(locale=self.language, java_script_enabled=self.scripts)
        desk = browser.new_context(locale=self.language, java_script_enabled=self.scripts)
        page = self.sign_in(customer, self.demo.person("account_admin"))
        operator = self.sign_in(desk, self.demo.person("operator"))
        for flow in (lambda: self.transfer(page, operator), lambda: self.endings(page), lambda: self.order(page), lambda: self.bank(operator)):
            try:
                flow()
            except Exception as error:
                self.check(False, "a flow of payments came to its end", f"{type(error).__name__}: {str(error)[:400]}")
        customer.close()
        desk.close()

    def transfer(self, page, operator):
        subscription = self.subscription(self.account(), "prepaid", "1000.00")
        self.typed_transfer(page, subscription)
        clicks = 0
        page.goto(self.url(subscription))
        for selector in (f"main a[href*='{subscription['id']}/pay']", ".suggestions a[href*='method=bank_transfer'] >> nth=1",
                         "main form[method=post] button[type=submit]"):
            self.submit(page, selector)
            clicks += 1
        text = page.inner_text("main")
        field = page.locator("input#reference")
        reference = field.input_value() if field.count() else ""
        self.check(re.fullmatch(r"RF\d\d( \d{4}){3}", reference) is not None, "bank transfer: its reference is shown", f"{reference!r} {text[:200]}")
        # Without JavaScript the reference stands in a field whose text is chosen by the same click.
        page.locator("[data-copy=reference]" if self.scripts else "input#reference").first.click()
        clicks += 1
        self.check(clicks == 4, "bank transfer: four clicks from the subscription to the copied reference", str(clicks))
        page.reload()
        waiting = page.url
        payment = waiting.split("/")[-1].split("?")[0]
        self.check(self.get(f"/v1/payments/{payment}")["status"] == "pending", "bank transfer: it waits")
        operator.goto(f"{self.demo.base}/operator/remittances/new")
        operator.fill("input[name=bank_number]", uuid.uuid4().hex)
        operator.fill("input[name=amount]", "2000")
        operator.fill("input[name=words]", f"thanks {reference}")
        self.submit(operator)
        self.submit(operator, "main table a.btn[href*='/match']")
        self.submit(operator)
        lots = self.now(subscription)["credit"]["lots"]
        self.check(len(lots) == 2 and self.get(f"/v1/payments/{payment}")["status"] == "succeeded", "bank transfer: confirmed, it is credit",
                   f"{len(lots)} lots")

    def typed_transfer(self, page, subscription):
        """An amount of one's own: the button of a way leads to the review, and a mistake comes back beside the field, with every way still there."""
        page.goto(self.url(subscription, "/pay"))
        button = "main form[method=get] button[name=method][value=bank_transfer]"
        page.fill("input[name=amount]", "999.99")
        status = self.submit(page, button)
        self.check(status == 422 and page.locator("input[name=amount]").input_value() == "999.99" and page.locator(button).count() == 1,
                   "bank transfer: too little is said, and kept", str(status))
        page.fill("input[name=amount]", "10000")
        self.submit(page, button)
        self.check("/pay/review" in page.url and "10,000.00" in page.inner_text("main") and page.locator("input[name=method][value=bank_transfer]").count() == 1,
                   "bank transfer: the review says how much, and by which way", page.url)
        page.go_back()
        page.locator("input[name=amount]").press("Enter")
        page.wait_for_url("**/pay/review**")
        self.check("method=bank_transfer" in page.url, "bank transfer: the Enter key takes the first way", page.url)

    def endings(self, page):
        subscription = self.subscription(self.account(), "prepaid", "1000.00")
        for amount, status in (("1004.02", "declined"), ("1004.08", "pending")):
            page.goto(self.url(subscription, f"/pay/review?amount={amount}&method=sandbox"))
            self.submit(page)
            payment = page.url.split("/")[-1].split("?")[0]
            self.check("/payments/" in page.url and self.get(f"/v1/payments/{payment}")["status"] == status, f"a payment that is {status} has its page",
                       page.url)
        self.submit(page)
        self.check(self.get(f"/v1/payments/{payment}")["status"] == "cancelled", "a payment that waits can be given up")
        page.goto(f"{self.demo.base}/accounts/{subscription['account_id']}/payments")
        self.check(page.locator("main tbody tr").count() == 3, "the account's payments are listed")

    def order(self, page):
        account = self.account()
        page.goto(f"{self.demo.base}/accounts/{account}/subscriptions")
        self.submit(page, "main a[href$='/subscriptions/new']")
        page.select_option("select[name=offer]", "prepaid")
        get = "main form[method=get] button[type=submit]"
        self.submit(page, get)
        name = f"Ordered {uuid.uuid4().hex[:6]}"
        self.submit(page, get)
        self.check(page.locator("[role=alert]").count() == 1, "new subscription: a name that is missing is said")
        page.fill("input[name=name]", name)
        self.submit(page, get)
        self.submit(page, get)
        self.submit(page, "main p > a[href*='/payment']")
        page.select_option("select[name=method]", "sandbox")
        page.fill("input[name=amount]", "2000")
        self.submit(page, get)
        self.check(name in page.inner_text("main"), "new subscription: the answers are shown once more", page.url)
        self.submit(page)
        self.check("/ordered" in page.url and name in page.inner_text("h1"), "new subscription: it is ordered, with its numbers", page.url)
        found = self.get(f"/v1/subscriptions?account_id={account}")["data"]
        self.check(len(found) == 1 and found[0]["state"] == "active", "new subscription: it runs", str(len(found)))

    def bank(self, operator):
        operator.goto(f"{self.demo.base}/operator/bank-accounts?currency=CNY")
        self.check("CNY" in operator.inner_text("main"), "bank accounts are shown")
        operator.fill("input[name=pending_days]", "0")
        status = self.submit(operator)
        self.check(status == 422 and operator.locator("[role=alert]").count() == 1, "a bank account that cannot be is refused", str(status))
        operator.fill("input[name=pending_days]", "14")
        status = self.submit(operator)
        self.check(status == 200, "a bank account is saved", str(status))
