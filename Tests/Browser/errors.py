"""Error pages: the right status, words and a way out; nothing of the inside."""

import os

INSIDE = ["postgres", "select ", "sql", "stack", "swift", "fatal", "/sources/"]


def run(demo, browser, sign_in, tally):
    for locale, lang in [("en-US", "en"), ("zh-CN", "zh-Hans")]:
        context = browser.new_context(locale=locale)
        page = sign_in(context, demo.person("reader"))
        api = demo.api()
        subscriptions = api.request("GET", f"/v1/subscriptions?limit=100&account_id={demo.account}").json()["data"]
        prepaid = next(one for one in subscriptions if one["offer"] == "prepaid" and one["state"] == "active")
        foreign = demo.api(1).request("GET", "/v1/subscriptions?limit=1").json()["data"][0]
        own = f"/accounts/{demo.account}/subscriptions/{prepaid['id']}"
        for name, path, status in [
            ("an address that leads nowhere", "/nowhere", 404), ("another tenant's subscription", f"/accounts/{foreign['account_id']}/subscriptions/{foreign['id']}", 404),
            ("an operator's page for a reader", "/operator", (403, 404)), ("paying as a reader", own + "/pay", 403), ("a malformed ID", "/accounts/acc_x/subscriptions", 404),
        ]:
            look(page, demo.base + path, status, lang, f"{name}, {lang}", tally)
        context.close()
    context = browser.new_context(locale="en-US")
    page = sign_in(context, demo.person("account_admin"))
    deleted = [one for one in subscriptions if one["state"] == "deleted"]
    if deleted:
        look(page, f"{demo.base}/accounts/{demo.account}/subscriptions/{deleted[0]['id']}/pay", (404, 409, 410), "en", "paying for a deleted subscription", tally)
    answer = page.request.post(f"{demo.base}{own}/edit", form={"name": "Stolen", "csrf": "x" * 43})
    tally.check(answer.status == 403, "a form without its token is refused", str(answer.status))
    answer = page.request.post(f"{demo.base}/sign-in", form={"email": "a@b.example", "password": "x"}, headers={"Origin": "https://evil.example"})
    tally.check(answer.status == 403, "a form from another site is refused", str(answer.status))
    away(demo, page, own, tally)
    context.close()


def away(demo, page, own, tally):
    """PostgreSQL gone: a page that says so, and all is well when it is back."""
    settings = f"{demo.cluster}/bursar.conf"
    os.rename(settings, settings + ".away")
    try:
        demo.kill_postgres()
        look(page, demo.base + own, 503, "en", "PostgreSQL away", tally)
    finally:
        os.rename(settings + ".away", settings)
    demo.wait_ready(60)
    response = page.goto(demo.base + own)
    tally.check(response.status == 200, "PostgreSQL back: the same page, still signed in", str(response.status))


def look(page, url, status, lang, name, tally):
    response = page.goto(url)
    allowed = status if isinstance(status, tuple) else (status,)
    text = page.inner_text("body")
    faults = []
    if response.status not in allowed:
        faults.append(f"answers {response.status}")
    if page.locator("h1").count() != 1 or page.locator("main a[href]").count() < 1:
        faults.append("no heading or no way out")
    if page.get_attribute("html", "lang") != lang:
        faults.append(f"lang {page.get_attribute('html', 'lang')}")
    faults += [f"says '{word}'" for word in INSIDE if word in text.lower()]
    if response.status == 503 and not response.headers.get("retry-after"):
        faults.append("no Retry-After")
    tally.check(not faults, f"error page: {name}", "; ".join(faults) or str(response.status))
