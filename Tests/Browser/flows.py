"""What people do, from the first click to the result, with JavaScript and without; the API is asked whether it happened."""

import uuid
from datetime import datetime, timedelta


def minor(amount):
    return {"method": "sandbox", "amount": {"amount": amount, "currency": "CNY"}}


class Flows:
    def __init__(self, demo, sign_in, tally, scripts):
        self.demo, self.sign_in, self.tally = demo, sign_in, tally
        self.scripts = scripts
        self.mode = "with JavaScript" if scripts else "without JavaScript"
        self.api = demo.api()

    # Ground

    def post(self, path, body, status=201):
        answer = self.api.request("POST", path, body, key=uuid.uuid4().hex)
        if answer.status != status:
            raise RuntimeError(f"POST {path}: {answer.status} {answer.body[:300]!r}")
        return answer.json()

    def get(self, path):
        return self.api.request("GET", path).json()

    def account(self, kind="standard", enrollment=None):
        administrator = self.demo.person("account_admin" if kind == "standard" else "enterprise_admin")
        body = {"kind": kind, "name": f"Flows {uuid.uuid4().hex[:6]}", "currency": "CNY", "time_zone": "Asia/Shanghai", "locale": "zh-Hans",
                "administrator": {"email": administrator["email"]}}
        if enrollment:
            body["enrollment_id"] = enrollment
        return self.post("/v1/accounts", body)["id"]

    def subscription(self, account, offer, amount=None):
        body = {"account_id": account, "offer": offer, "name": f"Flow {uuid.uuid4().hex[:6]}"}
        if amount:
            body["payment"] = minor(amount)
        return self.post("/v1/subscriptions", body)

    def url(self, subscription, tail=""):
        return f"{self.demo.base}/accounts/{subscription['account_id']}/subscriptions/{subscription['id']}{tail}"

    def now(self, subscription):
        return self.get(f"/v1/subscriptions/{subscription['id']}")

    def check(self, holds, name, detail=""):
        self.tally.check(holds, f"{name}, {self.mode}", detail)

    def submit(self, page, selector="main form[method=post] button[type=submit]"):
        """The status of the page that follows."""
        with page.expect_navigation() as landing:
            page.locator(selector).first.click()
        return landing.value.status if landing.value else 0

    # The flows

    def run(self, browser):
        for role, flows in [
            ("account_admin", [self.pay, self.pay_too_little, self.upgrade, self.edit]),
            ("enterprise_admin", [self.cancel_and_recover]), ("operator", [self.suspend_and_reactivate, self.advance_clock]),
        ]:
            context = browser.new_context(locale="en-US", java_script_enabled=self.scripts)
            page = self.sign_in(context, self.demo.person(role))
            for flow in flows:
                try:
                    flow(page)
                except Exception as error:
                    self.check(False, flow.__name__.replace("_", " "), f"{type(error).__name__}: {str(error)[:300]}")
            context.close()

    def pay(self, page):
        subscription = self.subscription(self.account(), "prepaid", "1000.00")
        page.goto(self.url(subscription, "/pay"))
        page.fill("input[name=amount]", "1,234.50")
        self.submit(page, "main form[method=get] button[name=method][value=sandbox]")
        self.check("/pay/review" in page.url and "1,234.50" in page.inner_text("main"), "pay again: the review says how much")
        self.check(len(self.now(subscription)["credit"]["lots"]) == 1, "pay again: the review moves nothing")
        form = page.locator("main form[method=post]")
        fields = {field.get_attribute("name"): field.input_value() for field in form.locator("input[name]").all()}
        action = self.demo.base + form.get_attribute("action")
        status = self.submit(page)
        paid = page.url
        self.check(status == 200 and "/pay/done" in paid, "pay again: the result has an address of its own", f"{status} {paid[-60:]}")
        for _ in range(2):
            page.reload()
        self.check(len(self.now(subscription)["credit"]["lots"]) == 2, "pay again: a refresh pays nothing")
        again = page.request.post(action, form=fields, max_redirects=0, headers={"Origin": self.demo.base})
        lots = self.now(subscription)["credit"]["lots"]
        self.check(
            len(lots) == 2 and paid.endswith(again.headers.get("location", "nowhere")), "pay again: the same form sent again finds the first payment",
            f"{again.status}, {len(lots)} lots")
        page.go_back()
        lots = self.now(subscription)["credit"]["lots"]
        self.check(len(lots) == 2 and page.url == paid, "pay again: Back leads to what was paid, not to a review of another payment", page.url[-80:])

    def pay_too_little(self, page):
        subscription = self.subscription(self.account(), "prepaid", "1000.00")
        page.goto(self.url(subscription, "/pay"))
        page.fill("input[name=amount]", "999.99")
        status = self.submit(page, "main form[method=get] button[type=submit]")
        field = page.locator("input[name=amount]")
        self.check(
            status == 422 and field.get_attribute("aria-invalid") == "true" and field.input_value() == "999.99",
            "pay again: 999.99 is refused beside the field, which keeps it", str(status))
        self.check(len(self.now(subscription)["credit"]["lots"]) == 1, "pay again: nothing is taken")

    def upgrade(self, page):
        trial = self.subscription(self.account(), "trial", "1.00")
        page.goto(self.url(trial))
        page.locator(f"a[href*='{trial['id']}/upgrade']").first.click()
        page.fill("input[name=amount]", "1000")
        self.submit(page, "main form[method=get] button[name=method][value=sandbox]")
        self.submit(page)
        after = self.now(trial)
        self.check("/done" in page.url and after["offer"] == "prepaid" and after["state"] == "active", "upgrade now: the trial is prepaid", after["offer"])

    def edit(self, page):
        subscription = self.subscription(self.account(), "prepaid", "1000.00")
        page.goto(self.url(subscription, "/edit"))
        form = "main form[method=get] button[type=submit]"
        page.fill("input[name=name]", "")
        status = self.submit(page, form)
        self.check(status == 422, "edit details: an empty name is refused", str(status))
        page.fill("input[name=name]", "研发 <b>& Tests</b>")
        page.fill("input[name=service_administrator_email]", "service@demo.test")
        self.submit(page, form)
        self.check(self.now(subscription)["name"] == subscription["name"], "edit details: the review saves nothing")
        self.submit(page)
        after = self.now(subscription)
        self.check(after["name"] == "研发 <b>& Tests</b>" and after["service_administrator"]["email"] == "service@demo.test", "edit details: both are stored")
        self.check("研发 <b>& Tests</b>" in page.inner_text("main") and page.locator("main b").count() == 0, "edit details: the page shows the name as text")

    def cancel_and_recover(self, page):
        enrollment = next(one for one in self.get("/v1/enrollments")["data"] if one["currency"] == "CNY")
        subscription = self.subscription(self.account("enterprise", enrollment["id"]), "enterprise")
        page.goto(self.url(subscription, "/cancel"))
        page.fill("input[name=confirm_name]", "something else")
        status = self.submit(page)
        self.check(status == 422 and self.now(subscription)["state"] == "active", "cancel: another name cancels nothing", str(status))
        page.fill("input[name=confirm_name]", subscription["name"])
        self.submit(page)
        after = self.now(subscription)
        self.check(after["state"] == "suspended" and after["suspension_reasons"] == ["cancelled"] and after["delete_at"], "cancel: the typed name cancels, with a date")
        page.goto(self.url(subscription))
        recover = page.locator(f"main a[href*='{subscription['id']}/reactivate']").first
        words = [recover.inner_text().strip()]
        self.submit(page, f"main a[href*='{subscription['id']}/reactivate']")
        words.append(page.locator("main form[method=post] button[type=submit]").inner_text().strip())
        self.submit(page)
        self.check(self.now(subscription)["state"] == "active" and words == ["Recover", "Recover"] and "Reactivate" not in page.inner_text("main"),
                   "cancel: recovered with two clicks, and called so", str(words))

    def suspend_and_reactivate(self, page):
        subscription = self.subscription(self.account(), "prepaid", "1000.00")
        page.goto(self.url(subscription, "/suspend"))
        if page.locator("select[name=reason]").count():
            page.select_option("select[name=reason]", "operator")
        page.fill("[name=note]", "Seen in the browser")
        page.fill("input[name=confirm_name]", "not its name")
        refused = self.submit(page)
        self.check(refused == 422 and self.now(subscription)["state"] == "active" and page.input_value("[name=note]") == "Seen in the browser",
                   "operator: another name suspends nothing, and the note stays", str(refused))
        page.fill("input[name=confirm_name]", subscription["name"])
        self.submit(page)
        after = self.now(subscription)
        self.check(after["state"] == "suspended" and "operator" in after["suspension_reasons"], "operator: suspended", str(after["suspension_reasons"]))
        page.goto(self.url(subscription, "/reactivate"))
        if page.locator("select[name=reason]").count():
            page.select_option("select[name=reason]", "operator")
        self.submit(page)
        self.check(self.now(subscription)["state"] == "active", "operator: reactivated")
        page.goto(self.url(subscription, "/history"))
        self.check("Seen in the browser" in page.inner_text("main"), "operator: the history shows the note")

    def advance_clock(self, page):
        now = datetime.fromisoformat(self.get("/v1/test-clock")["now"].replace("Z", "+00:00"))
        to = (now + timedelta(hours=6)).replace(microsecond=0).strftime("%Y-%m-%dT%H:%M:%SZ")
        page.goto(f"{self.demo.base}/operator/test-clock")
        page.fill("input[name=to]", to)
        self.submit(page, "main form[method=get]:has(input[name=to]) button[type=submit]")
        self.check(self.get("/v1/test-clock")["now"] != to, "test clock: the preview moves nothing")
        self.submit(page)
        self.check(self.get("/v1/test-clock")["now"] == to, "test clock: advanced to the instant", self.get("/v1/test-clock")["now"])
        page.goto(f"{self.demo.base}/operator/test-clock?to=2020-01-01")
        self.check(page.locator("[aria-invalid=true]").count() == 1, "test clock: there is no way back")
