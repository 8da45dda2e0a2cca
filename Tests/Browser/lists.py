"""Lists as people use them, in both languages, with JavaScript and without: filters, chips, sorting, columns, paging, downloads, the line for the shell."""

import csv
import io
import json
import subprocess
import zipfile
from decimal import Decimal
from xml.etree import ElementTree

WORDS = {
    "en-US": {"clear": "Clear all", "next": "Next", "previous": "Previous", "rows": "Rows 1–25", "order": "Order", "none": "No subscriptions match"},
    "zh-CN": {"clear": "清除全部", "next": "下一页", "previous": "上一页", "rows": "第 1–25 条", "order": "订单", "none": "没有符合条件的订阅"},
}


class Lists:
    def __init__(self, demo, sign_in, tally, scripts):
        self.demo, self.sign_in, self.tally, self.scripts = demo, sign_in, tally, scripts
        self.api = demo.api()

    def check(self, holds, name, detail=""):
        self.tally.check(holds, f"lists: {name}, {self.locale}, {'with' if self.scripts else 'without'} JavaScript", detail)

    def run(self, browser):
        for self.locale in ("en-US", "zh-CN"):
            context = browser.new_context(locale=self.locale, java_script_enabled=self.scripts)
            page = self.sign_in(context, self.demo.person("operator"))
            for step in (self.filters, self.sorting, self.sorting_cards, self.columns, self.paging, self.downloads, self.shell_line, self.search):
                try:
                    step(page)
                except Exception as error:
                    self.check(False, step.__name__, f"{type(error).__name__}: {str(error)[:300]}")
            context.close()

    def open(self, page, query=""):
        page.goto(f"{self.demo.base}/operator/subscriptions{query}")

    def names(self, page):
        return page.locator("tbody th .row-link").all_inner_texts()

    def filters(self, page):
        self.open(page)
        page.select_option("select[name=state]", "suspended")
        with page.expect_navigation():
            page.locator("form.filters button[type=submit]").click()
        chips = page.locator(".chips .chip").count()
        count = page.locator("tbody tr").count()
        listed = len(self.api.request("GET", "/v1/subscriptions?state=suspended&limit=100").json()["data"])
        self.check("state=suspended" in page.url and chips == 1 and count == min(listed, 25), "a filter stands in the address and as a chip", f"{chips} {count} {listed}")
        page.reload()
        self.check(page.locator("tbody tr").count() == count, "reload shows the same")
        with page.expect_navigation():
            page.locator(".chips .chip").first.click()
        self.check(page.locator(".chips").count() == 0, "a chip takes its filter away")
        self.open(page, "?q=no+such+name+at+all")
        words = WORDS[self.locale]
        self.check(words["none"] in page.inner_text("main") and words["clear"] in page.inner_text("main"), "nothing left is said, with the way back")

    def sorting(self, page):
        self.open(page)
        with page.expect_navigation():
            page.locator("thead a.sort").first.click()
        ascending = page.locator("th[aria-sort=ascending]").count()
        first = self.names(page)
        with page.expect_navigation():
            page.locator("thead a.sort").first.click()
        self.check(ascending == 1 and page.locator("th[aria-sort=descending]").count() == 1 and self.names(page) != first, "a heading sorts, and again the other way")

    def sorting_cards(self, page):
        """On a phone the rows are cards without headings: the order is a choice above them."""
        page.set_viewport_size({"width": 375, "height": 800})
        try:
            self.open(page, "?state=active")
            chosen = page.locator(".sort-form select")
            well = chosen.is_visible() and not page.locator("thead").is_visible()
            chosen.select_option("name")
            with page.expect_navigation():
                page.locator(".sort-form button").click()
            cards = self.names(page)
            well = well and "sort=name" in page.url and "state=active" in page.url and chosen.input_value() == "name"
            page.set_viewport_size({"width": 1280, "height": 900})
            self.check(well and not chosen.is_visible() and page.locator("th[aria-sort=ascending]").count() == 1 and self.names(page) == cards,
                       "cards are sorted by a choice that a wide page does not need", page.url)
        finally:
            page.set_viewport_size({"width": 1280, "height": 900})

    def columns(self, page):
        self.open(page, "?state=active")
        menu = page.locator("details.menu").first
        menu.locator("summary").click()
        menu.locator("input[value=order_id]").check()
        with page.expect_navigation():
            menu.locator("button[type=submit]").click()
        heads = page.locator("thead th").all_inner_texts()
        self.check(any(WORDS[self.locale]["order"] == head.strip() for head in heads) and "state=active" in page.url, "a column is chosen and the filter stays", str(heads))

    def paging(self, page):
        self.open(page)
        if page.locator("a[rel=next]").count() == 0:
            account = self.api.request("GET", "/v1/accounts?limit=1").json()["data"][0]["id"]
            import uuid
            for n in range(30):
                self.api.request("POST", "/v1/subscriptions", {"account_id": account, "offer": "prepaid", "name": f"Row {n}"}, key=uuid.uuid4().hex)
            self.open(page)
        first = page.inner_text("tbody")
        self.check(WORDS[self.locale]["rows"] in page.inner_text(".pager"), "the page says which rows it shows", " ".join(page.inner_text(".pager").split()))
        with page.expect_navigation():
            page.locator("a[rel=next]").click()
        second = page.inner_text("tbody")
        with page.expect_navigation():
            page.locator("a[rel=prev]").click()
        self.check(first != second and page.inner_text("tbody") == first, "forwards and back again is the same page")

    def downloads(self, page):
        self.open(page, "?state=active&limit=25")
        links = page.locator(".list-downloads a")
        bodies = []
        for index in range(links.count()):
            answer = page.request.get(self.demo.base + links.nth(index).get_attribute("href"))
            bodies.append((answer.headers.get("content-disposition", ""), answer.body()))
        listed = 0
        path = "/v1/subscriptions?state=active&limit=100"
        while path:
            answer = self.api.request("GET", path).json()
            listed += len(answer["data"])
            path = answer["has_more"] and f"/v1/subscriptions?state=active&limit=100&cursor={answer['next_cursor']}"
        by = {name.rsplit(".", 1)[-1].strip('"'): body for name, body in bodies}
        rows = list(csv.reader(io.StringIO(by["csv"].decode("utf-8-sig"))))
        self.check(by["csv"].startswith(b"\xef\xbb\xbf") and len(rows) == listed + 1, "CSV has every row that the filter leaves", f"{len(rows)} {listed}")
        self.check(len(json.loads(by["json"])["data"]) == listed, "JSON has the same rows")
        sheet = zipfile.ZipFile(io.BytesIO(by["xlsx"])).read("xl/worksheets/sheet1.xml").decode()
        self.check(sheet.count("<row ") == listed + 1, "Excel has the same rows", str(sheet.count("<row ")))
        self.workbook(rows, by["xlsx"])

    def workbook(self, rows, body):
        """Amounts are numbers with their decimals shown, dates are dates; read back they are what the CSV says, to the digit."""
        book = zipfile.ZipFile(io.BytesIO(body))
        space = {"s": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
        styles = ElementTree.fromstring(book.read("xl/styles.xml"))
        formats = {node.get("numFmtId"): node.get("formatCode") for node in styles.findall("s:numFmts/s:numFmt", space)}
        built_in = {"3": "#,##0", "4": "#,##0.00"}
        style = [formats.get(node.get("numFmtId"), built_in.get(node.get("numFmtId"), "")) for node in styles.findall("s:cellXfs/s:xf", space)]
        sheet = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))
        numbers, exact, shown = 0, True, set()
        for line, row in zip(rows, sheet.findall("s:sheetData/s:row", space)):
            for cell in row.findall("s:c", space):
                value = cell.find("s:v", space)
                if cell.get("t") or value is None:
                    continue
                letters = cell.get("r").rstrip("0123456789")
                index = 0
                for letter in letters:
                    index = index * 26 + ord(letter) - 64
                code = style[int(cell.get("s", "0"))]
                shown.add(code)
                if "yy" in code:
                    continue
                numbers += 1
                written = line[index - 1]
                decimals = len(written.partition(".")[2])
                exact = exact and Decimal(repr(float(value.text))) == Decimal(written)
                exact = exact and code == ("#,##0." + "0" * decimals if decimals else "#,##0")
        self.check(numbers > 0 and exact, "Excel has amounts as numbers with the decimals of the CSV", f"{numbers} {shown}")
        self.check("yyyy-mm-dd hh:mm:ss" in shown, "Excel has times as times", str(shown))

    def shell_line(self, page):
        self.open(page, "?state=active&sort=name")
        line = page.locator("#curl").input_value()
        done = subprocess.run(
            ["bash", "-c", line.replace("curl ", "printf '%s\\n' ", 1)], capture_output=True, text=True, env={"BURSAR_KEY": "k", "PATH": "/usr/bin:/bin"}, timeout=10)
        words = done.stdout.splitlines()
        path = words[-1].replace(self.demo.base, "") if words else ""
        answer = self.api.request("GET", path)
        self.check("Authorization: Bearer k" in words and answer.status == 200 and len(answer.json()["data"]) > 0, "the line for the shell asks the same", line)

    def search(self, page):
        """The box that stands on every page: what it names exactly is opened, anything else is listed."""
        one = self.api.request("GET", "/v1/subscriptions?limit=1&state=active").json()["data"][0]
        self.open(page)
        box = page.locator("header input[type=search]")
        if self.scripts:
            page.keyboard.press("/")
            self.check(box.evaluate("e => document.activeElement === e"), "the stroke leads into the search")
        box.fill(one["id"])
        with page.expect_navigation():
            box.press("Enter")
        self.check(one["id"] in page.url, "an exact ID opens what it names", page.url)
