"""Signing in and the profile in a real browser: the page asked for, a wrong password, a forgotten one, details, look, the second step with its
recovery codes, sessions; with JavaScript and without, in both languages."""

import base64
import hashlib
import hmac
import struct
import time
import uuid

from flows import Flows


def totp(secret, later=0):
    """The six digits of RFC 6238 that an authenticator app would show."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.new(key, struct.pack(">Q", int(time.time()) // 30 + later), hashlib.sha1).digest()
    start = digest[19] & 15
    return f"{(struct.unpack('>I', digest[start:start + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"


class SignIn(Flows):
    def run(self, browser):
        self.person = self.demo.person("finance")
        for self.locale in ("en-US", "zh-CN"):
            self.language = "zh-Hans" if self.locale.startswith("zh") else "en"
            self.mode = f"{'with' if self.scripts else 'without'} JavaScript, {self.locale}"
            self.browser = browser
            context = browser.new_context(locale=self.locale, java_script_enabled=self.scripts)
            page = context.new_page()
            for step in (self.forgot, self.enter, self.details, self.look, self.sessions, self.second_step):
                try:
                    step(page)
                except Exception as error:
                    self.check(False, step.__name__.replace("_", " "), f"{type(error).__name__}: {str(error)[:300]}")
            context.close()

    def give(self, page, password):
        page.fill("input[name=email]", self.person["email"])
        page.fill("input[name=password]", password)
        return self.submit(page)

    def forgot(self, page):
        page.goto(f"{self.demo.base}/sign-in")
        with page.expect_navigation():
            page.locator("main a[href='/forgot-password']").click()
        status = self.submit(page)
        self.check(status == 422 and page.locator("[aria-invalid=true]").count() == 1, "forgot password: no address is refused beside the field", str(status))
        said = []
        for email in (f"nobody-{uuid.uuid4().hex[:8]}@example.com", self.person["email"]):
            page.goto(f"{self.demo.base}/forgot-password")
            page.fill("input[name=email]", email)
            self.submit(page)
            said.append(page.inner_text("main"))
        self.check(page.url.endswith("/forgot-password/sent") and said[0] == said[1], "forgot password: the same is said to everybody", page.url)

    def enter(self, page):
        asked = "/profile/sessions?from=bookmark"
        page.goto(self.demo.base + asked)
        self.check("/sign-in" in page.url and page.get_attribute("html", "lang") == self.language, "sign-in: asked for first, in the reader's language", page.url)
        status = self.give(page, "not the password")
        self.check(
            status == 422 and page.input_value("input[name=email]") == self.person["email"] and not page.input_value("input[name=password]"),
            "sign-in: a wrong password is refused, the address stays", str(status))
        self.give(page, self.person["password"])
        self.check(page.url == self.demo.base + asked, "sign-in: on to the page that was asked for", page.url)

    def details(self, page):
        page.goto(f"{self.demo.base}/profile")
        with page.expect_navigation():
            page.locator("main a[href='/profile/details']").click()
        page.fill("input[name=phone]", "x" * 500)
        status = self.submit(page)
        self.check(
            status == 422 and page.locator("[aria-invalid=true]").count() == 1 and page.input_value("input[name=phone]") == "x" * 500,
            "profile: a phone number too long is refused and kept", str(status))
        company = f"研发 <b>& {uuid.uuid4().hex[:6]}</b>"
        page.fill("input[name=company]", company)
        page.fill("input[name=phone]", "+86 10 1234 5678")
        self.submit(page)
        text = page.inner_text("main")
        self.check(page.url.startswith(f"{self.demo.base}/profile") and company in text and "+86 10 1234 5678" in text, "profile: details are saved and shown", page.url)

    def look(self, page):
        other = "en" if self.language == "zh-Hans" else "zh-Hans"
        for language, zone, theme in ((other, "America/New_York", "dark"), ("", "", "")):
            page.goto(f"{self.demo.base}/profile/preferences")
            page.select_option("select[name=language]", language)
            page.select_option("select[name=time_zone]", zone)
            page.select_option("select[name=theme]", theme)
            self.submit(page)
            dark = "theme-dark" in (page.get_attribute("html", "class") or "")
            shown = "America/New_York" in page.locator("main").inner_text()
            self.check(
                page.get_attribute("html", "lang") == (language or self.language) and dark == (theme == "dark") and shown == bool(zone),
                f"preferences: {'another language, zone and theme hold' if language else 'back to what the browser says'}",
                f"{page.get_attribute('html', 'lang')} {page.get_attribute('html', 'class')}")

    def sessions(self, page):
        elsewhere = self.browser.new_context(locale=self.locale)
        other = self.sign_in(elsewhere, self.person)
        page.goto(f"{self.demo.base}/profile/sessions")
        # Those of other flows are open as well.
        self.check(page.locator("main tbody tr").count() >= 2, "sessions: every one of them is listed")
        self.submit(page, "main form[action$='/end-others'] button")
        self.check(page.locator("main tbody tr").count() == 1, "sessions: the others are ended", str(page.locator("main tbody tr").count()))
        other.goto(f"{self.demo.base}/profile")
        self.check("/sign-in" in other.url, "sessions: an ended one is asked to sign in", other.url)
        elsewhere.close()

    def second_step(self, page):
        page.goto(f"{self.demo.base}/profile/two-step")
        self.submit(page)
        secret = page.input_value("#two-step-secret").replace(" ", "")
        self.check(page.locator("svg.qr path").count() == 1 and page.locator("svg.qr title").count() == 1 and len(secret) == 32, "two steps: a picture and its text", secret)
        wrong = f"{(int(totp(secret)) + 500_000) % 1_000_000:06}"
        page.fill("input[name=code]", wrong)
        status = self.submit(page)
        self.check(status == 422 and page.input_value("#two-step-secret").replace(" ", "") == secret, "two steps: a wrong code is refused, the secret stays", str(status))
        page.fill("input[name=code]", totp(secret))
        self.submit(page)
        codes = page.locator("ul.codes li").all_inner_texts()
        self.check(page.url.endswith("/recovery-codes") and len(set(codes)) == 10, "two steps: a right one turns them on, with ten recovery codes", page.url)
        self.submit(page)
        for name, code in (("the next code", lambda: totp(secret, 1)), ("a recovery code", lambda: codes[0])):
            page.context.clear_cookies()
            page.goto(f"{self.demo.base}/profile/two-step")
            self.give(page, self.person["password"])
            self.check("/sign-in/code" in page.url, f"two steps: {name} is asked for after the password", page.url)
            page.fill("input[name=code]", code())
            self.submit(page)
            self.check(page.url == f"{self.demo.base}/profile/two-step", f"two steps: {name} lets in, to the page asked for", page.url)
        self.submit(page, "main form[action$='/two-step/off'] button")
        self.check(page.locator("main form[action='/profile/two-step']").count() == 1, "two steps: off again")
