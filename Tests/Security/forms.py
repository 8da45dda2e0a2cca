"""Pages and forms: checks 7, 8, 10, 11, 12, 14, 15, 18, 19, 40."""

import urllib.parse

from bursar import Client
from visitor import Visitor

POLICY = ["default-src 'none'", "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'"]
# Everybody's, with or without a session: a document for programs, which may be kept and has no page around it.
PUBLIC = {"/openapi.json"}
# What reading may change: when a session and its person were last seen.
READING_CHANGES = {"identity.sessions", "identity.sign_ins"}


def run(demo, tally):
    before = fingerprint(demo)
    pages = {}
    for role in ("operator", "account_admin", "enterprise_admin", "reader"):
        visitor = Visitor(demo.port)
        person = demo.person(role)
        visitor.sign_in(person["email"], person["password"])
        pages[role] = (visitor, crawl(visitor))
    look(pages, tally)
    changed = [name for name, count in fingerprint(demo).items() if before.get(name) != count and name not in READING_CHANGES]
    tally.check(not changed, "8 no page that is only read changes a row", ", ".join(changed))
    for role, (visitor, seen) in pages.items():
        cross_site(demo, visitor, pages, seen, role, tally)
    changed = [name for name, count in fingerprint(demo).items() if before.get(name) != count and name not in READING_CHANGES]
    tally.check(not changed, "7 nothing of all that changed a row", ", ".join(changed))
    policy_everywhere(demo, tally)
    redirects(demo, tally)


def fingerprint(demo):
    """Every table's rows as one number; the superuser sees them all. Usage settles by itself, so its tables are only looked at before it moves."""
    tables = demo.sql("select quote_ident(n.nspname) || '.' || quote_ident(c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace "
                      "where n.nspname in ('public', 'identity') and c.relkind = 'r'")
    text = " union all ".join(f"select '{name}', count(*)::text || coalesce(sum(hashtextextended(t::text, 0)::numeric), 0)::text from {name} t"
                              for (name,) in tables)
    return dict(demo.sql(text))


def crawl(visitor, limit=150):
    """Pages by address, breadth first, one of each shape of address."""
    todo, seen, shapes = ["/"], {}, {}
    while todo and len(seen) < limit:
        path = todo.pop(0)
        if path in seen:
            continue
        page = visitor.get(path, headers={"Accept-Language": "en"})
        seen[path] = page
        if page.status == 303:
            todo.append(page.headers["Location"])
            continue
        if "html" not in page.headers.get("Content-Type", ""):
            continue
        for link in page.forms.links:
            parts = urllib.parse.urlsplit(urllib.parse.urljoin(path, link))
            if parts.netloc or parts.scheme or "lang=" in link or "theme=" in link or "sign-" in link:
                continue
            shape = "/".join("*" if "_" in piece else piece for piece in parts.path.split("/")) + "?" + "&".join(
                sorted(name for name, _ in urllib.parse.parse_qsl(parts.query)))
            if shapes.setdefault(shape, 0) < 2:
                shapes[shape] += 1
                todo.append(parts._replace(fragment="").geturl())
    return seen


def look(pages, tally):
    inline, bare, uncached, typeless = [], [], [], []
    count = 0
    for visitor, seen in pages.values():
        for path, page in seen.items():
            count += 1
            policy = page.headers.get("Content-Security-Policy", "")
            if any(word not in policy for word in POLICY) or "unsafe" in policy:
                bare.append(path)
            if page.headers.get("X-Content-Type-Options") != "nosniff" or page.headers.get("Referrer-Policy") not in ("same-origin", "no-referrer"):
                bare.append(path)
            kind = page.headers.get("Content-Type", "")
            if path in PUBLIC:
                if page.status != 200 or not kind.startswith("application/") or page.headers.get("Set-Cookie"):
                    typeless.append(path)
                continue
            if page.status == 200 and "html" in kind:
                inline += [f"{path} {what}" for what in page.forms.inline]
                if "charset=utf-8" not in kind:
                    typeless.append(path)
            elif page.status == 200 and "Content-Disposition" not in page.headers and "text/html" not in kind:
                typeless.append(path)
            if page.status == 200 and "no-store" not in page.headers.get("Cache-Control", ""):
                uncached.append(path)
    tally.check(not bare, "10, 12, 14, 15 every page carries the policy", f"{count} pages; {bare[:3]}")
    tally.check(not inline, "11 no inline script, style or handler", str(inline[:3]))
    tally.check(not uncached, "16 no page that is only theirs may be stored", str(uncached[:3]))
    tally.check(not typeless, "14, 19 types are said, downloads are named", str(typeless[:3]))


def cross_site(demo, visitor, pages, seen, role, tally):
    """Every form of every page, posted as another site, without its token, and with somebody else's."""
    stranger = next(other for name, (other, _) in pages.items() if name != role)
    foreign = next((form["csrf"] for page in [stranger.get("/subscriptions")] if (form := page.form("/sign-out"))), "x" * 43)
    forms = {}
    for page in seen.values():
        for form in page.forms.forms if "html" in page.headers.get("Content-Type", "") else []:
            if form["method"] == "post" and "sign-out" not in form["action"]:
                forms.setdefault(form["action"], {name: value for name, value, _ in form["fields"]})
    let_in = []
    for action, fields in forms.items():
        bare = {name: value for name, value in fields.items() if name != "csrf"}
        for name, sent, headers in [
            ("no token", bare, {}), ("another's token", {**fields, "csrf": foreign}, {}), ("another site", fields, {"Origin": "https://evil.example"}),
            ("another site", fields, {"Sec-Fetch-Site": "cross-site"}),
        ]:
            page = visitor.post(action, sent, headers=headers)
            if page.status != 403:
                let_in.append(f"{action} with {name}: {page.status}")
    tally.check((forms or role == "reader") and not let_in, f"7 {len(forms)} forms of {role}: none counts without its own token, from its own site", str(let_in[:3]))


def policy_everywhere(demo, tally):
    client = Client(demo.port, demo.sandbox["operator_key"])
    bad = []
    for method, path in [("GET", "/nowhere"), ("GET", "/v1/nowhere"), ("DELETE", "/v1/me"), ("GET", "/healthz"), ("GET", "/openapi.json"), ("POST", "/sign-in")]:
        answer = client.request(method, path)
        policy = answer.headers.get("Content-Security-Policy", "")
        if any(word not in policy for word in POLICY):
            bad.append(f"{method} {path}")
    tally.check(not bad, "10 and so do refusals and the API", str(bad))
    answer = client.request("GET", "/v1/me", headers={"Origin": "https://evil.example"})
    tally.check("Access-Control-Allow-Origin" not in answer.headers, "18 no other site's script may read the API")


def redirects(demo, tally):
    person = demo.person("account_admin")
    away = []
    for target in ("//evil.example", "/\\evil.example", "https:evil.example", "https://evil.example/", "/%0d%0aSet-Cookie:x=1", "\r\nX: y", "javascript:alert(1)",
                   "/%2f%2fevil.example", "/.//evil.example", "///evil.example", "/\t/evil.example", "data:text/html,x"):
        visitor = Visitor(demo.port)
        page = visitor.get("/sign-in?" + urllib.parse.urlencode({"return_to": target}))
        fields = page.form("/sign-in")
        page = visitor.post("/sign-in", {**fields, "email": person["email"], "password": person["password"], "return_to": target})
        location = page.headers.get("Location", "")
        parts = urllib.parse.urlsplit(location.replace("\\", "/"))
        if page.status != 303 or parts.netloc or parts.scheme or location.startswith("//") or "\n" in location or "Set-Cookie" in str(page.headers.get("X")):
            away.append(f"{target!r}: {page.status} {location}")
    tally.check(not away, "40 sign-in leads to this site's pages only", str(away[:3]))
