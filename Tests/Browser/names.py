"""Names as long as they may be, without a place to break: no page of the subscription, nor a list that names it, is wider than its screen (G30)."""

LONG = "W" * 130 + "ÄÖÜ" + "数据平台" * 10 + "x" * 23


class Names:
    def __init__(self, demo, sign_in, tally):
        self.demo, self.sign_in, self.tally = demo, sign_in, tally
        self.api = demo.api()

    def check(self, holds, name, detail=""):
        self.tally.check(holds, f"names: {name}", detail)

    def run(self, browser):
        assert len(LONG) == 196
        running = self.subscription("active")
        lapsing = self.subscription("suspended") or running
        account = f"/accounts/{running['account_id']}"
        own = f"{account}/subscriptions/{running['id']}"
        pages = [f"{account}/subscriptions", own, f"{own}/usage", f"{own}/billing-history", f"{own}/history", f"{own}/edit", f"{own}/suspend", f"{own}/pay",
                 f"{account}/notifications", f"{account}/orders", f"{account}/payments", f"{account}/members", "/subscriptions", "/help", "/search?q=WWW"]
        if lapsing is not running:
            pages.append(f"{account}/subscriptions/{lapsing['id']}")
        for subscription in {running["id"], lapsing["id"]}:
            renamed = self.api.request("PATCH", f"/v1/subscriptions/{subscription}", {"name": LONG})
            self.check(renamed.status == 200, "196 letters are a name", str(renamed.status))
        gone = self.certificate()
        desk = [f"/operator/accounts/{running['account_id']}", "/operator/subscriptions", "/operator/search?q=WWW", "/operator/jobs", "/operator/mails"] + gone
        for role, paths in (("account_admin", pages), ("operator", desk)):
            for width in (320, 1280):
                context = browser.new_context(viewport={"width": width, "height": 900})
                page = self.sign_in(context, self.demo.person(role))
                for path in paths:
                    answer = page.goto(self.demo.base + path)
                    wide = page.evaluate("document.documentElement.scrollWidth")
                    # What is cut by its box or sticks out of it is as bad as a page that scrolls.
                    out = page.evaluate(
                        """() => [...document.querySelectorAll('h1, h2, .crumbs a, .crumbs span, main p, dd, .banner, .btn')]
                        .filter(e => e.offsetParent && !e.closest('[role=region]') && e.getBoundingClientRect().right > innerWidth + 1)
                        .map(e => e.tagName + ': ' + e.innerText.slice(0, 40)).slice(0, 3)""")
                    self.check(answer.status == 200 and wide <= width and not out, f"{path.split('?')[0].split('/')[-1][:16] or '/'} of {role} fits {width} px",
                               f"{path} {answer.status} {wide} {out}")
                context.close()

    def subscription(self, state):
        found = self.api.request("GET", f"/v1/subscriptions?limit=100&state={state}&account_id={self.demo.account}").json()["data"]
        return found[0] if found else None

    def certificate(self):
        """The certificate of what had such a name while it lived: the page must not know it any more, and be as narrow."""
        for gone in self.api.request("GET", "/v1/subscriptions?limit=100&state=deleted").json()["data"]:
            if self.api.request("GET", f"/v1/subscriptions/{gone['id']}/deletion-certificate").status == 200:
                return [f"/accounts/{gone['account_id']}/subscriptions/{gone['id']}/certificate"]
        self.check(False, "the demo has a certificate")
        return []
