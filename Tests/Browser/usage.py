"""Usage, billing history and their files, as people use them, in both languages, with JavaScript and without (A4, A6, A7)."""

import csv
import io
import json
from decimal import Decimal


class Usage:
    def __init__(self, demo, sign_in, tally, scripts):
        self.demo, self.sign_in, self.tally = demo, sign_in, tally
        self.scripts = scripts
        self.mode = "with JavaScript" if scripts else "without JavaScript"
        self.api = demo.api()

    def check(self, holds, name, detail=""):
        self.tally.check(holds, f"usage: {name}, {self.mode}", detail)

    def run(self, browser):
        for locale in ("en-US", "zh-CN"):
            context = browser.new_context(locale=locale, java_script_enabled=self.scripts, accept_downloads=True)
            page = self.sign_in(context, self.demo.person("account_admin"))
            for flow in (self.overview, self.range, self.files, self.history, self.erasable, self.account):
                try:
                    flow(page, locale)
                except Exception as error:
                    self.check(False, f"{flow.__name__} in {locale}", f"{type(error).__name__}: {str(error)[:300]}")
            context.close()

    # Ground

    def subscriptions(self, **filters):
        query = "&".join(f"{name}={value}" for name, value in filters.items())
        return self.api.request("GET", f"/v1/subscriptions?limit=100&{query}").json()["data"]

    def own(self, **filters):
        """One of the administrator's subscriptions with a history."""
        return self.subscriptions(account_id=self.demo.account, **filters)[0]

    def url(self, subscription, tail=""):
        return f"{self.demo.base}/accounts/{subscription['account_id']}/subscriptions/{subscription['id']}{tail}"

    def download(self, page, link):
        with page.expect_download() as waiting:
            link.click()
        with open(waiting.value.path(), "rb") as file:
            return waiting.value.suggested_filename, file.read()

    def amounts(self, page, label):
        return [Decimal(text.split("\n")[0].replace(",", "").replace("−", "-")) for text in page.locator(f"td[data-label='{label}']").all_inner_texts()]

    # The flows

    def overview(self, page, locale):
        subscription = self.own(state="active", offer="prepaid")
        page.goto(self.url(subscription))
        text = page.inner_text("main")
        rate = "At this rate" if locale == "en-US" else "按当前速度"
        self.check(rate in text, f"the overview says how the credit ends, {locale}")
        self.check(text.count("version 1 of the terms" if locale == "en-US" else "条款第 1 版") >= 2, f"each consequence names rule and version, {locale}")
        page.locator(".sections a[href$='/usage']").click()
        self.check(page.url.endswith("/usage"), f"usage is one click away, {locale}")
        page.locator(".sections a[href$='/billing-history']").click()
        self.check(page.url.endswith("/billing-history"), f"billing history is one click away, {locale}")

    def range(self, page, locale):
        subscription = self.own(state="active", offer="prepaid")
        label = "Cost, CNY" if locale == "en-US" else "费用（CNY）"
        page.goto(self.url(subscription, "/usage"))
        costs = self.amounts(page, label)
        self.check(len(costs) > 2 and sum(costs[:-1]) == costs[-1], f"the rows add up to the total, {locale}", str(costs[-1:]))
        chart = page.locator("#usage-table tfoot td").last.text_content().replace(",", "")
        self.check(Decimal(chart) == costs[-1], f"the drawing's table has the same total, {locale}", chart)
        for grouping in ("resource", "day"):
            page.locator(f".choice-row a[href*='group_by={grouping}']").click()
            grouped = self.amounts(page, label)
            self.check(f"group_by={grouping}" in page.url and grouped[-1] == costs[-1], f"by {grouping} the total is the same, {locale}", str(grouped[-1:]))
        page.locator(".choice-row a[href*='days=30']").click()
        self.check("group_by=day" in page.url and "days=30" in page.url, f"another range keeps the grouping, {locale}", page.url[-60:])
        first, last = page.input_value("input[name=from]"), page.input_value("input[name=to]")
        page.fill("input[name=from]", last)
        page.fill("input[name=to]", first)
        with page.expect_navigation() as landing:
            page.locator("form.range button").click()
        self.check(landing.value.status == 422 and page.input_value("input[name=from]") == last, f"days the wrong way round are refused and kept, {locale}")
        self.check(page.locator("[role=alert] a[href='#field-to']").count() == 1, f"the summary leads to the field, {locale}")
        page.fill("input[name=from]", first)
        page.fill("input[name=to]", last)
        with page.expect_navigation() as landing:
            page.locator("form.range button").click()
        self.check(landing.value.status == 200 and f"from={first}" in page.url, f"days of one's own, {locale}")

    def files(self, page, locale):
        subscription = self.own(state="active", offer="prepaid")
        page.goto(self.url(subscription, "/usage"))
        label = "Cost, CNY" if locale == "en-US" else "费用（CNY）"
        total = self.amounts(page, label)[-1]
        name, data = self.download(page, page.locator("#download a[href*='usage.csv']"))
        text = data.decode("utf-8-sig")
        rows = list(csv.reader(io.StringIO(text, newline="")))
        self.check(data.startswith(b"\xef\xbb\xbf") and data.count(b"\r\n") == len(rows), f"CSV: mark and CRLF, {locale}")
        self.check(rows[0][2] == ("Product" if locale == "en-US" else "产品") and name.endswith("_en.csv" if locale == "en-US" else "_zh-Hans.csv"), f"CSV: header and name, {locale}", name)
        exact = sum(Decimal(row[7]) for row in rows[1:])
        self.check(abs(exact - total) < Decimal("0.1"), f"CSV: what is shown is what is in the file, {locale}", f"{exact} {total}")
        name, data = self.download(page, page.locator("#download a[href*='usage.json']"))
        self.check(len(json.loads(data)) == len(rows) - 1 and name.endswith(".json"), f"JSON: as many records, {locale}", name)
        name, data = self.download(page, page.locator("#download a[href*='focus.csv']"))
        header = data.decode().splitlines()[0].split(",")
        self.check("BilledCost" in header and "EffectiveCost" in header and name.startswith("focus_"), f"FOCUS: its columns, {locale}", name)

    def history(self, page, locale):
        subscription = self.own(state="active", offer="prepaid")
        page.goto(self.url(subscription, "/billing-history"))
        self.check(("It adds up" if locale == "en-US" else "账目相符") in page.inner_text("#proof"), f"history: it adds up, {locale}")
        months = page.locator("#months tbody tr")
        self.check("so far" in months.first.inner_text() if locale == "en-US" else "截至目前" in months.first.inner_text(), f"history: the running month on top, {locale}")
        month = months.nth(1).get_attribute("id")
        name, _ = self.download(page, months.nth(1).locator("a[href*='usage.csv']"))
        self.check(month in name, f"history: a month's own file, {locale}", name)
        name, data = self.download(page, page.locator("#months .tool"))
        rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
        adds_up = all(Decimal(row[2]) + Decimal(row[3]) - sum(map(Decimal, row[5:8])) + Decimal(row[8]) == Decimal(row[9]) for row in rows[1:])
        self.check(adds_up and len(rows) == months.count() + 1, f"history: every row of the file adds up, {locale}", name)

    def erasable(self, page, locale):
        subscription = self.own(state="suspended")
        page.goto(self.url(subscription))
        name, data = self.download(page, page.locator(".banner a[href$='everything.jsonl']"))
        lines = [json.loads(line) for line in data.decode().splitlines()]
        self.check(lines[0]["kind"] == "subscription" and lines[0]["name"] == subscription["name"], f"everything that will be erased, {locale}", name)

    def account(self, page, locale):
        subscription = self.own(state="active", offer="prepaid")
        page.goto(f"{self.demo.base}/accounts/{subscription['account_id']}/usage")
        name, data = self.download(page, page.locator("main tbody a[href*='usage.csv']").first)
        rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
        self.check(name.startswith("usage_acc_") and len({row[0] for row in rows[1:]}) >= 1, f"an account's month in one file, {locale}", name)
