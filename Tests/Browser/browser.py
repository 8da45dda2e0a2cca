#!/usr/bin/env python3
"""The demo in a real browser: every page of every role in both languages, the flows with JavaScript and without, the error pages.

    .venv/bin/python Tests/Browser/browser.py --binary .build/debug/bursar [--only pages,flows,usage,lists,members,payments,desk,enterprise,letters,signin,webhooks,names,errors] [--roles operator,reader]

Needs chromium and fonts-noto-cjk (Debian), playwright and axe-playwright-python (PyPI). Prints `N passed, N failed` at the end.
"""

import argparse
import os
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Harness"))

from playwright.sync_api import sync_playwright

import errors
from bursar import Tally
from crawl import Crawler
from demo import Demo
from desk import Desk
from enterprise import Enterprise
from flows import Flows
from letters import Letters
from lists import Lists
from members import Members
from names import Names
from payments import Payments
from signin import SignIn
from usage import Usage
from webhooks import Webhooks


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--binary", default=".build/debug/bursar")
    options.add_argument("--only", default="pages,flows,usage,lists,members,payments,desk,enterprise,letters,signin,webhooks,names,errors")
    options.add_argument("--roles", help="of those who crawl; all unless said")
    options.add_argument("--chromium", default="/usr/bin/chromium")
    options.add_argument("--keep", action="store_true")
    asked = options.parse_args()
    # Webhooks go to a receiver of the flows' own.
    tally, demo = Tally(), Demo(asked.binary, {"BURSAR_WEBHOOK_LOOPBACK": "yes"})
    began = time.monotonic()

    def sign_in(context, person):
        page = context.new_page()
        page.goto(f"{demo.base}/sign-in")
        page.fill("input[name=email]", person["email"])
        page.fill("input[name=password]", person["password"])
        with page.expect_navigation():
            page.press("input[name=password]", "Enter")
        if "/sign-in" in page.url:
            raise RuntimeError(f"{person['email']} could not sign in: {page.inner_text('main')[:200]}")
        return page

    try:
        print(f"      the demo was built and ready in {demo.start():.0f} s", flush=True)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=asked.chromium, args=["--no-sandbox"])
            if "pages" in asked.only:
                pages(demo, browser, sign_in, tally, asked.roles)
            if "flows" in asked.only:
                for scripts in (True, False):
                    Flows(demo, sign_in, tally, scripts).run(browser)
            if "lists" in asked.only:
                for scripts in (True, False):
                    Lists(demo, sign_in, tally, scripts).run(browser)
            if "desk" in asked.only:
                for scripts in (True, False):
                    Desk(demo, sign_in, tally, scripts).run(browser)
            if "members" in asked.only:
                for scripts in (True, False):
                    Members(demo, sign_in, tally, scripts).run(browser)
            if "usage" in asked.only:
                for scripts in (True, False):
                    Usage(demo, sign_in, tally, scripts).run(browser)
            if "payments" in asked.only:
                for language in ("en-US", "zh-CN"):
                    for scripts in (True, False):
                        Payments(demo, sign_in, tally, scripts, language).run(browser)
            if "enterprise" in asked.only:
                for scripts in (True, False):
                    Enterprise(demo, sign_in, tally, scripts).run(browser)
            if "letters" in asked.only:
                for scripts in (True, False):
                    Letters(demo, sign_in, tally, scripts).run(browser)
            if "signin" in asked.only:
                for scripts in (True, False):
                    SignIn(demo, sign_in, tally, scripts).run(browser)
            if "webhooks" in asked.only:
                for language in ("en-US", "zh-CN"):
                    for scripts in (True, False):
                        Webhooks(demo, sign_in, tally, scripts, language).run(browser)
            if "names" in asked.only:
                Names(demo, sign_in, tally).run(browser)
            if "errors" in asked.only:
                errors.run(demo, browser, sign_in, tally)
            browser.close()
        well, bad, count = demo.doctor()
        tally.check(well, "bursar doctor is green afterwards", "; ".join(bad[:3]) or f"{count} findings")
    except Exception as error:  # Whatever it was, the closing line has to say that it failed.
        tally.check(False, "the run came to its end", f"{type(error).__name__}: {str(error)[:500]}")
        if os.environ.get("BROWSER_TRACE"):
            raise
    finally:
        demo.close(keep=asked.keep)
    print(f"      {time.monotonic() - began:.0f} s")
    return tally.close()


def pages(demo, browser, sign_in, tally, roles):
    crawler = Crawler(browser, demo.base, tally)
    people = [(user, tenant) for tenant in (0, 1) for user in demo.notes["tenants"][tenant]["users"]]
    for person, tenant in people:
        if roles and person["role"] not in roles.split(","):
            continue
        # The second tenant shows the same pages with other data; its operator in one language is enough.
        if tenant == 1 and person["role"] != "operator":
            continue
        # What finance, readers and service administrators see are the administrator's pages, which are walked in both languages.
        both = tenant == 0 and person["role"] in ("account_admin", "enterprise_admin", "operator")
        for locale in ("en-US", "zh-CN") if both else ("en-US",):
            context = browser.new_context(locale=locale, viewport={"width": 1280, "height": 900})
            try:
                sign_in(context, person).close()
                crawler.run(person, locale, context)
            except Exception as error:
                tally.check(False, f"pages of {person['email']} in {locale}", f"{type(error).__name__}: {str(error)[:300]}")
            context.close()
    sizes = sorted(crawler.sizes)
    if sizes:
        print(f"      {crawler.visited} pages; transferred cold: median {sizes[len(sizes) // 2][0]:,} bytes, most {sizes[-1][0]:,} ({sizes[-1][1]})")


if __name__ == "__main__":
    sys.exit(main())
