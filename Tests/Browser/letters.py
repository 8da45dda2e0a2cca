"""The letters about an account in a real browser: the list, one letter with its words, and sent again; with JavaScript and without, in both languages."""

import re

from flows import Flows


class Letters(Flows):
    def run(self, browser):
        for locale in ("en-US", "zh-CN"):
            self.mode = f"{'with' if self.scripts else 'without'} JavaScript, {locale}"
            context = browser.new_context(locale=locale, java_script_enabled=self.scripts)
            try:
                self.again(self.sign_in(context, self.demo.person("account_admin")))
            except Exception as error:
                self.check(False, "letters", f"{type(error).__name__}: {str(error)[:300]}")
            context.close()

    def again(self, page):
        page.goto(f"{self.demo.base}/accounts/{self.demo.account}/notifications?status=sent&kind=payment_received")
        rows = page.locator("main tbody tr").count()
        self.check(rows >= 1 and page.locator(".chip").count() == 2, "letters: filtered by what became of them and by kind", str(rows))
        with page.expect_navigation():
            page.locator("main tbody a.row-link").first.click()
        words, first = page.inner_text(".letter >> nth=0"), page.url
        self.check(len(words) > 40 and page.locator("h1").count() == 1, "letters: one of them shows its words", " ".join(words[:60].split()))
        self.submit(page, "main form[action$='/resend'] button")
        self.check(page.url != first and page.locator(".banner").filter(has_text=re.compile("The mail waits: it leaves|邮件正在等待：配置邮件服务器后即会发出")).count() == 1, "letters: sent again, as one of its own", page.url)
        page.goto(first)
        self.check(page.inner_text(".letter >> nth=0") == words, "letters: the first one stays as it was")
