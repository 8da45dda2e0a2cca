"""The enterprise portal from the first click to the result, in both languages, with JavaScript and without; clicks are counted (experience 3c)."""

import uuid


class Enterprise:
    def __init__(self, demo, sign_in, tally, scripts):
        self.demo, self.sign_in, self.tally, self.scripts = demo, sign_in, tally, scripts
        self.api = demo.api()

    def check(self, holds, name, detail=""):
        self.tally.check(holds, f"enterprise: {name}, {self.locale}, {'with' if self.scripts else 'without'} JavaScript", detail)

    def run(self, browser):
        for self.locale in ("en-US", "zh-CN"):
            context = browser.new_context(locale=self.locale, java_script_enabled=self.scripts)
            page = self.sign_in(context, self.demo.person("enterprise_admin"))
            self.enrollment = next(one for one in self.get("/v1/enrollments")["data"] if one["number"] == "E-80417")
            self.home = f"{self.demo.base}/enrollments/{self.enrollment['id']}"
            for step in (self.create, self.move, self.cancel_and_recover_many, self.departments):
                try:
                    step(page)
                except Exception as error:
                    self.check(False, step.__name__.replace("_", " "), f"{type(error).__name__}: {str(error)[:300]}")
            context.close()

    def get(self, path):
        return self.api.request("GET", path).json()

    def click(self, page, selector):
        """One click that leads to another page."""
        self.clicks += 1
        with page.expect_navigation():
            page.locator(selector).first.click()

    def begin(self, page):
        page.goto(self.home)
        self.clicks = 0

    def create(self, page):
        self.begin(page)
        self.click(page, "main a[href$='/subscriptions/new']")
        name = f"Flow {uuid.uuid4().hex[:6]}"
        page.select_option("select[name=department_id]", index=1)
        page.fill("input[name=name]", name)
        page.fill("input[name=monthly]", "1,200")
        self.click(page, "main form[method=get] button[type=submit]")
        self.check(page.locator("table.review").count() == 1, "create: the quota's effect is shown before")
        self.click(page, "main form[method=post] button[type=submit]")
        self.check("/made" in page.url and name in page.inner_text("main"), "create: the result has its IDs", page.url)
        self.check(self.clicks <= 5, "create: within five steps", str(self.clicks))
        self.made = page.url.split("/")[-2]

    def move(self, page):
        subscription = self.get(f"/v1/subscriptions/{self.made}")
        page.goto(f"{self.demo.base}/accounts/{subscription['account_id']}/subscriptions/{self.made}")
        self.clicks = 0
        self.click(page, "main a[href$='/move']")
        page.select_option("select[name=department_id]", index=0)
        self.click(page, "main form[method=get] button[type=submit]")
        self.click(page, "main form[method=post] button[type=submit]")
        after = self.get(f"/v1/subscriptions/{self.made}")
        self.check(after["department_id"] != subscription["department_id"], "move: it counts to the other department")
        stays = self.get(f"/v1/subscriptions/{self.made}/departments")["data"]
        self.check(len(stays) == 2 and stays[1]["to"] == stays[0]["from"], "move: until and from are one instant")

    def cancel_and_recover_many(self, page):
        page.goto(f"{self.home}/subscriptions?q={self.made}")
        self.clicks = 0
        page.check(f"input[name=id][value={self.made}]")
        self.click(page, "button[name=action][value=cancel]")
        page.fill("input[name=confirm_count]", "7")
        self.click(page, "main form[method=post] button[type=submit]")
        self.check(page.locator("[aria-invalid=true]").count() == 1, "cancel many: another count cancels nothing")
        page.fill("input[name=confirm_count]", "1")
        self.click(page, "main form[method=post] button[type=submit]")
        after = self.get(f"/v1/subscriptions/{self.made}")
        self.check(after["suspension_reasons"] == ["cancelled"] and "/many/done" in page.url, "cancel many: done, each with its verdict", page.url)
        self.clicks = 0
        self.click(page, "main a[href*='action=reactivate']")
        self.click(page, "main form[method=post] button[type=submit]")
        self.check(self.get(f"/v1/subscriptions/{self.made}")["state"] == "active" and self.clicks == 2, "recover: two clicks", str(self.clicks))

    def departments(self, page):
        self.begin(page)
        self.click(page, "main a[href$='/departments/new']")
        self.click(page, "main form[method=post] button[type=submit]")
        self.check(page.locator("[aria-invalid=true]").count() >= 1, "departments: an empty name is refused beside the field")
        name = f"Group {uuid.uuid4().hex[:6]}"
        page.fill("input[name=name]", name)
        page.fill("input[name=quota]", "5000")
        self.click(page, "main form[method=post] button[type=submit]")
        self.check(name in page.inner_text("h1"), "departments: added")
        self.click(page, "main a[href$='/edit']")
        page.fill("input[name=cost_centre]", "CC-9")
        self.click(page, "main form[method=post] button[type=submit]")
        self.check("CC-9" in page.inner_text("main"), "departments: changed")
        self.click(page, "main a[href$='/delete']")
        page.fill("input[name=confirm_name]", name)
        self.click(page, "main form[method=post] button[type=submit]")
        self.check(name not in page.inner_text("main table"), "departments: an empty one is removed under its name")
        address = page.url.split("?")[0]
        rows, sums = page.locator("main tbody tr").count(), page.locator("main tfoot").inner_text()
        dearest = page.locator("th[aria-sort=descending]").count() == 1 and page.locator("main tbody svg.bar").count() == rows
        self.check(rows > 1 and dearest, "departments: a list with a bar in each row, the dearest first", f"{rows} rows")
        page.goto(f"{address}?sort=name&limit=25&q=no-such-department")
        empty = page.locator("main tbody").count() == 0 and page.locator(".empty").count() == 1
        page.goto(f"{address}?sort=name&cols=term")
        same = page.locator("main tfoot").inner_text().split()[-1] in sums
        self.check(empty and same, "departments: narrowed and with other columns, the sum is still the agreement's", sums)
        status = page.goto(f"{address}?quota=nonsense").status
        self.check(status == 422 and page.locator("select[name=quota][aria-invalid=true]").count() == 1, "departments: a filter that is none is said beside it", str(status))
