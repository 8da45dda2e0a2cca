"""Every page that a person can reach by links, held against the rules of the house."""

import re
from urllib.parse import parse_qsl, urldefrag, urljoin, urlsplit

from axe_playwright_python.sync_playwright import Axe

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
BYTES, REQUESTS, ELEMENTS, SHIFT = 40_000, 4, 1_500, 0.02
OBSERVER = """window.__shift = 0;
new PerformanceObserver(l => { for (const e of l.getEntries()) if (!e.hadRecentInput) window.__shift += e.value })
  .observe({type: 'layout-shift', buffered: true});"""
LOOK = """() => ({
  lang: document.documentElement.lang, title: document.title.trim(), h1: document.querySelectorAll('h1').length,
  elements: document.querySelectorAll('*').length, shift: window.__shift || 0, text: document.body.innerText,
  prose: (() => { const all = document.body.cloneNode(true); all.querySelectorAll('code, pre').forEach(e => e.replaceWith('x')); return all.textContent })(),
  inline: document.querySelectorAll('[onclick],[onload],[onchange],[style],style,script:not([src])').length,
  th: document.querySelectorAll('table th:not([scope])').length,
  svg: [...document.querySelectorAll('svg[role=img]')].filter(s => !s.querySelector('title')).length,
  small: [...document.querySelectorAll('button,input:not([type=hidden]),select,summary,a.btn,[role=button]')].filter(e => {
    const r = e.getBoundingClientRect();
    return r.width && (r.width < 24 || r.height < 24) && e.type !== 'checkbox' && e.type !== 'radio' }).map(e => e.outerHTML.slice(0, 80)) })"""
FOCUS = """(() => { const e = document.activeElement; if (!e || e === document.body) return true;
  const s = getComputedStyle(e); return s.outlineStyle !== 'none' || s.boxShadow !== 'none' })()"""
WIDE = "document.documentElement.scrollWidth > innerWidth + 1"
# A key of the strings file that was printed instead of its words, or a value that never arrived.
# The documents of the API name places of a path, in code; nowhere else may one be seen.
PUBLIC = ("/docs/", "/problems")
RAW = re.compile(r"\{[a-z_]+\}|\bOptional\(|\bnil\b|\b(?:undefined|NaN)\b")
# Two texts that were put together with a mark of each; `2001:db8::1` and an ellipsis are neither.
TWICE = re.compile(r"：\s*[:：]|:\s*：|:\s+:|(?<![0-9A-Fa-f\[:])::(?![0-9a-f/])|[A-Za-z]{5,}::|。\s*[。.]|(?<![.A-Za-z])\.[ \t]*。|(?<!\.)\.\.(?!\.)|[?？!！]\s*[。：]|[，,]\s*[，。]")


def shape(url):
    """Addresses that differ in IDs and values only have one shape."""
    parts = urlsplit(url)
    path = re.sub(r"/[a-z]{3}_[0-9a-z]{26}", "/:id", parts.path)
    path = re.sub(r"^/(problems|docs/api/objects)/[^/]+", r"/\1/:name", path)
    return path + "?" + "&".join(sorted({name for name, _ in parse_qsl(parts.query)}))


def around(text, match):
    """What was found, with the words before it."""
    return match and repr(text[max(0, match.start() - 30):match.end() + 5])


class Crawler:
    def __init__(self, browser, base, tally, each_shape=1, each_path=2):
        self.browser, self.base, self.tally, self.each_shape, self.each_path = browser, base, tally, each_shape, each_path
        self.axe = Axe()
        self.dark_seen = set()
        # What everybody sees alike is looked at once in each language.
        self.public_seen = set()
        self.sizes = []
        self.visited = 0

    def run(self, person, locale, context):
        page = context.new_page()
        page.add_init_script(OBSERVER)
        wire = context.new_cdp_session(page)
        wire.send("Network.enable")
        # Every page as if it were the first one.
        wire.send("Network.setCacheDisabled", {"cacheDisabled": True})
        net = {"bytes": 0, "requests": []}
        asked = {}
        wire.on("Network.requestWillBeSent", lambda event: asked.update({event["requestId"]: event["request"]["url"]}))

        def finished(event):
            url = urlsplit(asked.get(event["requestId"], "?"))
            # What the style sheet holds as a picture of its own is fetched from nowhere.
            if url.scheme != "data":
                net["bytes"] += event["encodedDataLength"]
                net["requests"].append(url.path)
        wire.on("Network.loadingFinished", finished)
        errors = []
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        todo, done, shapes, bad = [self.base + "/"], set(), {}, 0
        while todo:
            url = urldefrag(todo.pop(0))[0]
            parts = urlsplit(url)
            if url in done or parts.netloc != urlsplit(self.base).netloc or "sign-out" in url or "lang=" in parts.query or "theme=" in parts.query:
                continue
            done.add(url)
            if parts.path.startswith(PUBLIC):
                if (locale, url) in self.public_seen:
                    continue
                self.public_seen.add((locale, url))
            kind = shape(url)
            # A list has dozens of addresses that differ in their query alone: one of each kind, and two of a page in all.
            page_kind = "page " + shape(parts._replace(query="", fragment="").geturl())
            if shapes.get(kind, 0) >= self.each_shape or shapes.get(page_kind, 0) >= self.each_path:
                continue
            shapes[kind] = shapes.get(kind, 0) + 1
            shapes[page_kind] = shapes.get(page_kind, 0) + 1
            if parts.path.endswith((".csv", ".json", ".jsonl", ".xlsx")) or "format=" in parts.query:
                # A download is no page; what the browser does about it would be counted on the next one.
                answer = context.request.get(url)
                bad += self.complain(url, [f"answers {answer.status}"]) if answer.status != 200 else 0
                continue
            net.update(bytes=0, requests=[])
            errors.clear()
            try:
                response = page.goto(url, wait_until="load")
            except Exception as error:
                bad += self.complain(url, [f"navigation: {str(error)[:80]}"])
                continue
            if response is None or "html" not in response.headers.get("content-type", ""):
                # The browser's own dealings with a document that is no page must not be counted on the next one.
                page.goto("about:blank")
                page.wait_for_timeout(300)
                continue
            complaints = [f"answers {response.status}"] if response.status >= 400 else self.look(page, locale, net, errors, kind, shapes[kind] == 1)
            self.visited += 1
            if complaints:
                bad += self.complain(f"{person['role']} {locale} {url}", complaints)
            if response.status < 400:
                todo += [urljoin(url, link) for link in page.eval_on_selector_all("a[href]", "all => all.map(e => e.getAttribute('href'))")
                         if link and not link.startswith(("mailto:", "javascript:"))]
        page.close()
        self.tally.check(bad == 0, f"pages of {person['email']} ({person['role']}) in {locale}", f"{sum(shapes.values())} pages of {len(shapes)} kinds" if not bad else f"{bad} with faults")
        return shapes

    def complain(self, url, complaints):
        for complaint in complaints:
            print(f"      {complaint}  {url.replace(self.base, '')}", flush=True)
        return 1

    def look(self, page, locale, net, errors, kind, is_first):
        page.wait_for_timeout(60)
        seen = page.evaluate(LOOK)
        self.sizes.append((net["bytes"], kind))
        told = seen["prose"] if urlsplit(page.url).path.startswith(PUBLIC) else seen["text"]
        wanted = "zh-Hans" if locale.startswith("zh") else "en"
        rules = [
            (net["bytes"] <= BYTES, f"{net['bytes']} bytes"), (len(net["requests"]) <= REQUESTS, f"{len(net['requests'])} requests: {' '.join(net['requests'])}"),
            (seen["elements"] <= ELEMENTS, f"{seen['elements']} elements"), (seen["shift"] <= SHIFT, f"layout shift {seen['shift']:.3f}"),
            (not errors, f"console: {errors[0][:120] if errors else ''}"), (seen["title"], "no title"), (seen["lang"] == wanted, f"lang is {seen['lang']}"),
            (seen["h1"] == 1, f"{seen['h1']} h1"), (not seen["inline"], f"{seen['inline']} inline scripts, styles or handlers"),
            (not seen["th"], f"{seen['th']} th without scope"), (not seen["svg"], f"{seen['svg']} images without a title"),
            (not TWICE.search(told), f"punctuation twice: {around(told, TWICE.search(told))}"), (not seen["small"], f"target under 24 px: {seen['small'][:1]}"), (not RAW.search(told), f"raw text: {RAW.search(told)}"),
        ]
        complaints = [words for holds, words in rules if not holds]
        if is_first:
            complaints += self.look_closely(page, locale, kind)
        return complaints

    def look_closely(self, page, locale, kind):
        complaints = []
        schemes = ["light"] if (locale, kind) in self.dark_seen else ["light", "dark"]
        self.dark_seen.add((locale, kind))
        for scheme in schemes:
            page.emulate_media(color_scheme=scheme)
            found = self.axe.run(page, options={"runOnly": {"type": "tag", "values": TAGS}}).response["violations"]
            complaints += [f"axe {scheme} {one['id']}: {one['nodes'][0]['html'][:100]}" for one in found]
        page.emulate_media(color_scheme="light")
        page.set_viewport_size({"width": 320, "height": 640})
        if page.evaluate(WIDE):
            complaints.append("scrolls sideways at 320 px")
        page.set_viewport_size({"width": 1280, "height": 900})
        page.evaluate("document.activeElement && document.activeElement.blur()")
        for _ in range(5):
            page.keyboard.press("Tab")
            if not page.evaluate(FOCUS):
                complaints.append("a focus stop that does not show")
                break
        return complaints
