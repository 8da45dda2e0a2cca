"""People and roles in a real browser: an invitation and its withdrawal, another role, a hand-over begun and called off, a service administrator
reviewed, a partner set and removed with its history, the audit log; with JavaScript and without, in both languages."""

import uuid

from flows import Flows


class Members(Flows):
    def run(self, browser):
        for locale in ("en-US", "zh-CN"):
            self.mode = f"{'with' if self.scripts else 'without'} JavaScript, {locale}"
            context = browser.new_context(locale=locale, java_script_enabled=self.scripts)
            page = self.sign_in(context, self.demo.person("account_admin"))
            for flow in (self.invite_and_withdraw, self.hand_over_and_cancel, self.review_details, self.partner, self.audit_log):
                try:
                    flow(page)
                except Exception as error:
                    self.check(False, flow.__name__.replace("_", " "), f"{type(error).__name__}: {str(error)[:300]}")
            context.close()

    def invite_and_withdraw(self, page):
        account = self.account()
        email = f"browser-{uuid.uuid4().hex[:8]}@example.com"
        page.goto(f"{self.demo.base}/accounts/{account}/members")
        page.locator(f"main a[href$='/{account}/members/invite']").first.click()
        page.fill("input[name=email]", "nobody")
        status = self.submit(page)
        self.check(status == 422 and page.locator("input[name=email][aria-invalid=true]").count() == 1, "members: a wrong address is refused beside the field", str(status))
        page.fill("input[name=email]", email)
        self.check(page.locator("select[name=role]").input_value() == "", "members: no role is chosen beforehand")
        status = self.submit(page)
        self.check(status == 422 and page.locator("select[name=role][aria-invalid=true]").count() == 1 and page.locator("[role=alert] a[href='#field-role']").count() == 1
                   and page.locator("input[name=email]").input_value() == email, "members: without a role nobody is invited", str(status))
        page.select_option("select[name=role]", "reader")
        self.submit(page)
        members = self.get(f"/v1/members?account_id={account}&state=invited")["data"]
        self.check(len(members) == 1 and members[0]["user"]["email"] == email and email in page.inner_text("main"), "members: invited and listed")
        self.submit(page, f"main form[action$='{members[0]['id']}/resend'] button")
        self.check(self.get(f"/v1/members/{members[0]['id']}")["invitation"]["sends"] == 2, "members: the invitation is sent again")
        page.goto(f"{self.demo.base}/accounts/{account}/members/{members[0]['id']}?role=finance")
        self.submit(page)
        self.check(self.get(f"/v1/members/{members[0]['id']}")["role"] == "finance", "members: another role after comparing")
        page.goto(f"{self.demo.base}/accounts/{account}/members/{members[0]['id']}/remove")
        self.submit(page)
        self.check(not self.get(f"/v1/members?account_id={account}&state=invited")["data"], "members: the invitation is withdrawn")

    def hand_over_and_cancel(self, page):
        account = self.account()
        name = self.get(f"/v1/accounts/{account}")["name"]
        page.goto(f"{self.demo.base}/accounts/{account}/handover")
        page.fill("input[name=email]", f"heir-{uuid.uuid4().hex[:8]}@example.com")
        page.fill("input[name=confirm_name]", "another name")
        status = self.submit(page)
        self.check(status == 422, "hand-over: another name starts nothing", str(status))
        page.fill("input[name=confirm_name]", name)
        self.submit(page)
        self.check(self.get(f"/v1/accounts/{account}/handover")["state"] == "pending", "hand-over: started")
        page.goto(f"{self.demo.base}/accounts/{account}/handover")
        self.submit(page, "main form[action$='/handover/cancel'] button")
        self.check(self.get(f"/v1/accounts/{account}/handover")["state"] == "cancelled", "hand-over: called off")

    def review_details(self, page):
        subscription = self.subscription(self.account(), "prepaid", "1000.00")
        page.goto(self.url(subscription, "/edit"))
        page.fill("input[name=service_administrator_email]", "service@demo.test")
        self.submit(page, "main form[method=get] button[type=submit]")
        self.check("service@demo.test" in page.inner_text("main ul.effects"), "edit details: the review says who gains access")
        self.submit(page)
        self.check(self.now(subscription)["service_administrator"]["email"] == "service@demo.test", "edit details: handed over")

    def partner(self, page):
        subscription = self.subscription(self.account(), "prepaid", "1000.00")
        page.goto(self.url(subscription, "/partner"))
        before = page.locator("#history tbody tr").count()
        check = "main form[method=get] button[type=submit]"
        page.fill("input[name=code]", f"PT-{uuid.uuid4().hex[:8]}")
        status = self.submit(page, check)
        self.check(status == 422 and page.locator("[aria-invalid=true]").count() == 1, "partner: an unknown ID is refused beside the field", str(status))
        page.fill("input[name=code]", "PT-1002")
        self.submit(page, check)
        self.check("华信云服务有限公司" in page.inner_text(".found-name") and not self.now(subscription)["partner"], "partner: the company is shown before it is set")
        self.submit(page)
        self.check(self.now(subscription)["partner"]["code"] == "PT-1002", "partner: set")
        page.goto(self.url(subscription, "/partner"))
        self.submit(page, "main form[action$='/partner/remove'] button")
        self.check(not self.now(subscription)["partner"], "partner: removed")
        page.goto(self.url(subscription, "/partner"))
        rows = page.locator("#history tbody tr").all_inner_texts()
        self.check(before == 0 and len(rows) == 2 and all("华信云服务有限公司" in row for row in rows), "partner: both are in the history")

    def audit_log(self, page):
        subscription = self.subscription(self.account(), "prepaid", "1000.00")
        page.goto(self.url(subscription, "/history"))
        page.locator("main a[href*='/audit?object_id=']").first.click()
        self.check(page.locator("main tbody tr").count() >= 2 and page.locator(".chip").count() == 1, "audit log: of one object, from its history")
        page.select_option("select[name=actor_kind]", "timer")
        self.submit(page, "main form.filters button[type=submit]")
        self.check(page.locator("main tbody tr").count() == 0, "audit log: filtered by who")
