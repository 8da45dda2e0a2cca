"""The operator's desk: from an order number to the answer, view as and out again, whole accounts, partners, terms, identities, jobs and switches;
in both languages, with JavaScript and without. The API is asked whether it happened."""

import re
import uuid

from flows import Flows

LOCALES = {True: "en-US", False: "zh-CN"}


class Desk(Flows):
    def run(self, browser):
        context = browser.new_context(locale=LOCALES[self.scripts], java_script_enabled=self.scripts)
        page = self.sign_in(context, self.demo.person("operator"))
        for flow in [self.answer_from_an_order, self.note, self.view_as, self.whole_account, self.partner, self.terms, self.identity, self.machinery]:
            try:
                flow(page)
            except Exception as error:
                self.check(False, flow.__name__.replace("_", " "), f"{type(error).__name__}: {str(error)[:300]}")
        context.close()

    def open(self, page, path):
        answer = page.goto(self.demo.base + path)
        return answer.status if answer else 0

    def answer_from_an_order(self, page):
        subscription = self.subscription(self.account(), "prepaid", "1000.00")
        self.open(page, "/operator")
        page.locator("main input[type=search]").first.fill(subscription["order_id"])
        self.submit(page, "main form[role=search] button[type=submit]")
        text = page.inner_text("main")
        self.check(f"/operator/orders/{subscription['order_id']}" in page.url and subscription["name"] in text and "1,000.00" in text,
                   "desk: an order number pasted in the search is answered on one page", page.url)

    def note(self, page):
        account = self.account()
        self.open(page, f"/operator/accounts/{account}")
        self.submit(page, "form[action$='/notes'] button[type=submit]")
        self.check(page.locator(".field--wrong textarea").count() == 1, "desk: an empty note is refused beside its field")
        page.fill("textarea[name=body]", "Asked about the <order>")
        self.submit(page, "form[action$='/notes'] button[type=submit]")
        self.check("Asked about the <order>" in page.inner_text("main"), "desk: a note stands on the account")
        self.submit(page, "form[action$='/erase'] button[type=submit]")
        self.check("Asked about" not in page.inner_text("main"), "desk: an erased note is gone")

    def view_as(self, page):
        subscription = self.subscription(self.account(), "prepaid", "1000.00")
        account = subscription["account_id"]
        self.open(page, f"/operator/accounts/{account}/view-as")
        self.submit(page)
        self.check(page.locator("#field-reason[aria-invalid=true]").count() == 1, "view as: needs a reason")
        page.fill("input[name=reason]", "Ticket 12")
        self.submit(page)
        self.check(page.locator(".strip--view").count() == 1 and page.locator("body.side-account").count() == 1,
                   "view as: the portal with its banner")
        page.goto(self.url(subscription, "/suspend"))
        status = self.submit(page)
        self.check(status == 403 and self.now(subscription)["state"] == "active", "view as: changes nothing", str(status))
        self.check(self.open(page, "/operator") == 404, "view as: the desk is not there meanwhile")
        self.submit(page, "form[action='/view-as/end'] button")
        self.check(f"/operator/accounts/{account}" in page.url and "Ticket 12" in page.inner_text("main"),
                   "view as: its button ends it, and the account's page tells of it", page.url)

    def whole_account(self, page):
        account = self.account()
        subscriptions = [self.subscription(account, "prepaid", "1000.00") for _ in range(2)]
        name = self.get(f"/v1/accounts/{account}")["name"]
        self.open(page, f"/operator/accounts/{account}/suspend?reason=overdue")
        self.submit(page)
        self.check(page.locator("#field-confirm_name[aria-invalid=true]").count() == 1, "whole account: the name is typed first")
        page.fill("input[name=confirm_name]", name)
        self.submit(page)
        states = [self.now(one)["suspension_reasons"] for one in subscriptions]
        self.check(states == [["overdue"], ["overdue"]], "whole account: each subscription is suspended", str(states))
        self.open(page, f"/operator/accounts/{account}/lift?reason=overdue")
        self.submit(page)
        self.check([self.now(one)["state"] for one in subscriptions] == ["active", "active"], "whole account: lifted from each")

    def partner(self, page):
        code = f"P-{uuid.uuid4().hex[:8]}"
        self.open(page, "/operator/partners/new")
        page.fill("input[name=code]", code)
        page.fill("input[name=company_name]", "Contoso")
        self.submit(page)
        page.fill("input[name=company_name]", "Contoso China")
        self.submit(page, f"form[action='{page.url.removeprefix(self.demo.base)}'] button[type=submit]")
        self.check("Contoso China" in page.inner_text("h1"), "partner: added and renamed")
        self.submit(page, "form[action$='/retire'] button")
        self.check(self.api.request("GET", f"/v1/partners/check?code={code}").status == 404, "partner: a retired one is found no more")

    def terms(self, page):
        currency = "CHF" if self.scripts else "SEK"
        self.open(page, "/operator/offers")
        page.select_option("select[name=offer]", "prepaid")
        page.fill("main input[name=currency]", currency)
        self.submit(page, "main form[action='/operator/offers'] button[type=submit]")
        page.fill("input[name=retention_days]", "soon")
        self.submit(page, "form[action^='/operator/policy-drafts/'] button[type=submit]")
        self.check(page.input_value("input[name=retention_days]") == "soon", "terms: what cannot be read is kept and refused")
        page.fill("input[name=retention_days]", "45")
        self.submit(page, "form[action^='/operator/policy-drafts/'] button[type=submit]")
        page.locator("a[href$='/publish']").first.click()
        page.wait_for_load_state()
        page.fill("input[name=confirm_name]", re.search(rf"[“]([^”]*{currency}[^”]*)[”]", page.content()).group(1))
        self.submit(page)
        policies = self.get(f"/v1/offers/prepaid/policies?currency={currency}")["data"]
        self.check(policies[0]["retention_days"] == 45, "terms: drafted and published")

    def identity(self, page):
        account = self.account()
        request = self.post(f"/v1/accounts/{account}/identity-requests", {"company_name": "Harbour", "registration_number": "9131"})["id"]
        self.open(page, "/operator/identity")
        self.check(request in page.content(), "identity: the queue shows who asks")
        self.open(page, f"/operator/identity/{request}")
        page.fill("textarea[name=reason]", "Papers seen")
        self.submit(page, "button[value=verify]")
        self.check(self.get(f"/v1/accounts/{account}")["identity_verified"], "identity: verified with a reason")

    def machinery(self, page):
        for path in ("jobs", "jobs?state=waiting", "status", "settings"):
            self.check(self.open(page, f"/operator/{path}") == 200, f"desk: /operator/{path} opens")
        self.submit(page, "form[action='/operator/settings'] button[type=submit]")
        self.check(page.locator(".banner--good").count() == 1, "settings: saved")
