"""In a real browser: checks 11, 17, 39. Needs chromium and playwright."""

import uuid

# Each runs when it is taken for markup, in one of the places where a text may stand.
SCRIPTS = [
    "<script>alert({n})</script>", "<ScRiPt>alert({n})</sCrIpT>", "\"><script>alert({n})</script>", "'><script>alert({n})</script>", "</title><script>alert({n})</script>",
    "</textarea><script>alert({n})</script>", "</style><script>alert({n})</script>", "</script><script>alert({n})</script>", "--><script>alert({n})</script>", "]]><script>alert({n})</script>",
    "<img src=x onerror=alert({n})>", "\"><img src=x onerror=alert({n})>", "'><img src=x onerror=alert({n})>", "<svg onload=alert({n})>", "<svg/onload=alert({n})>", "<svg><script>alert({n})</script></svg>",
    "<body onload=alert({n})>", "<iframe srcdoc='<script>alert({n})</script>'>", "<iframe src=javascript:alert({n})>", "<object data=javascript:alert({n})>", "<embed src=javascript:alert({n})>",
    "<a href=javascript:alert({n})>x</a>", "<form action=javascript:alert({n})><button>x</button></form>", "<input autofocus onfocus=alert({n})>", "\" autofocus onfocus=alert({n}) x=\"", "' autofocus onfocus=alert({n}) x='",
    "<details open ontoggle=alert({n})>", "<video><source onerror=alert({n})></video>", "<audio src=x onerror=alert({n})>", "<marquee onstart=alert({n})>", "<math href=javascript:alert({n})>x</math>",
    "<base href=//evil.example/>", "<meta http-equiv=refresh content='0;javascript:alert({n})'>", "<link rel=stylesheet href=//evil.example/x.css>", "<style>@import '//evil.example/x.css'</style>",
    "javascript:alert({n})", "data:text/html,<script>alert({n})</script>", "&lt;script&gt;alert({n})&lt;/script&gt;", "\\u003cscript\\u003ealert({n})\\u003c/script\\u003e", "<noscript><p title=\"</noscript><img src=x onerror=alert({n})>\">",
]


def run(demo, report):
    from playwright.sync_api import sync_playwright
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        try:
            report.guard(39, stored, demo, browser, report)
            report.guard(17, back, demo, browser, report)
        finally:
            browser.close()


def sign_in(demo, context, role):
    person, page = demo.person(role), context.new_page()
    page.goto(f"{demo.base}/sign-in")
    page.fill("input[name=email]", person["email"])
    page.fill("input[name=password]", person["password"])
    with page.expect_navigation():
        page.press("input[name=password]", "Enter")
    return page


def texts(demo):
    """The forty strings into every field that keeps a text, through the API and through the portal's own forms; what was made of them."""
    api = demo.api()

    def send(method, path, body):
        answer = api.request(method, path, body, key=uuid.uuid4().hex if method == "POST" else None)
        return (answer.json() or {}) if answer.status < 300 else {}
    kept, pages = 0, []
    enterprise = demo.api().request("GET", "/v1/enrollments?limit=1").json()["data"][0]["id"]
    for number, shape in enumerate(SCRIPTS):
        text = shape.replace("{n}", str(number))
        account = send("POST", "/v1/accounts", {"kind": "standard", "name": text, "currency": "CNY", "time_zone": "Asia/Shanghai", "locale": "en",
                                                "administrator": {"email": f"script{number}-{uuid.uuid4().hex[:6]}@example.com", "first_name": text[:60], "last_name": text[:60]}}).get("id")
        if not account:
            continue
        subscription = send("POST", "/v1/subscriptions", {"account_id": account, "offer": "prepaid", "name": text, "payment": {"method": "sandbox", "amount": {"amount": "1000.00", "currency": "CNY"}}}).get("id")
        results = [
            subscription, send("PATCH", f"/v1/accounts/{account}/profile", {"company": text, "phone": text[:30]}), send("POST", "/v1/partners", {"code": f"X{uuid.uuid4().hex[:8]}", "company_name": text}),
            send("POST", f"/v1/accounts/{account}/notes", {"text": text}), send("POST", f"/v1/enrollments/{enterprise}/departments", {"name": text, "cost_centre": text[:60]}),
            send("POST", "/v1/api-keys", {"account_id": account, "role": "reader", "name": text[:60]}), send("POST", f"/v1/subscriptions/{subscription}/suspend", {"reason": "requested", "note": text}),
            send("POST", "/v1/remittances", {"bank_number": text[:60], "amount": {"amount": "1.00", "currency": "CNY"}, "reference_text": text, "payer": text}),
            send("PUT", "/v1/bank-accounts", {"currency": "CNY", "account_holder": text, "bank_name": text, "account_number": text[:60], "pending_days": 14}),
        ]
        kept += sum(bool(one) for one in results) + 1
        pages += [f"/operator/accounts/{account}", f"/operator/accounts/{account}/timeline"]
        if number % 4 == 0 and subscription:
            base = f"/accounts/{account}/subscriptions/{subscription}"
            pages += [base, f"{base}/history", f"{base}/edit", f"{base}/pay", f"/accounts/{account}/subscriptions", f"/accounts/{account}/orders", f"/accounts/{account}/notifications",
                      f"/accounts/{account}/members", f"/accounts/{account}/api-keys", f"/accounts/{account}/audit"]
    pages += ["/operator", "/operator/accounts", "/operator/subscriptions", "/operator/partners", "/operator/remittances", "/operator/bank-accounts", "/operator/mails", "/operator/audit", "/operator/search?q=%3Cscript%3E",
              f"/enrollments/{enterprise}/departments", f"/enrollments/{enterprise}", "/search?q=%22%3E%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E", "/subscriptions"]
    return kept, pages


def stored(demo, browser, report):
    kept, pages = texts(demo)
    report.check(kept > 200, "39 forty texts that are scripts elsewhere are kept in every field", f"{kept} kept")
    context = browser.new_context(locale="en-US")
    page = sign_in(demo, context, "operator")
    dialogs, breaches, strange, opened = [], [], [], 0
    page.on("dialog", lambda dialog: (dialogs.append(f"{page.url}: {dialog.message}"), dialog.dismiss()))
    page.on("console", lambda message: breaches.append(f"{page.url}: {message.text[:200]}") if "Content Security Policy" in message.text or "Refused to" in message.text else None)
    page.on("request", lambda request: strange.append(request.url) if "evil.example" in request.url else None)
    for path in pages:
        answer = page.goto(demo.base + path)
        opened += bool(answer and answer.status == 200)
        made = page.evaluate("document.querySelectorAll('script:not([src]), style, base, iframe, object, embed, marquee, [onerror], [onload], [onfocus], [ontoggle], [style]').length"
                             " + [...document.querySelectorAll('a[href], form[action]')].filter(e => /^(javascript|data):/i.test(e.getAttribute('href') || e.getAttribute('action'))).length")
        if made:
            strange.append(f"{path}: {made} elements of theirs")
    report.check(not dialogs and opened > 60, "39 and no page runs any of them", f"{opened} of {len(pages)} pages opened; {dialogs[:3]}")
    report.check(not strange, "39 nor makes an element or a request of one", strange[:3])
    report.check(not breaches, "11 and the browser reports no breach of the policy", breaches[:3])
    context.close()


def back(demo, browser, report):
    context = browser.new_context(locale="en-US")
    page = sign_in(demo, context, "account_admin")
    page.goto(f"{demo.base}/accounts/{demo.account}/subscriptions")
    private = page.inner_text("main")
    with page.expect_navigation():
        page.locator("form[action='/sign-out'] button").first.evaluate("button => button.form.submit()")
    page.go_back()
    page.wait_for_load_state()
    report.check("/sign-in" in page.url or page.inner_text("main") != private, "17 Back after sign-out shows nothing of before", page.url)
    context.close()
