"""A browser without a screen: cookies, forms, redirects that are looked at before they are followed. Standard library only."""

import html.parser
import http.client
import re
import urllib.parse


class Forms(html.parser.HTMLParser):
    """The forms of a page (method, action, fields), its links, and what a strict policy forbids."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.forms, self.links, self.inline = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        named = dict(attributes)
        self.inline += [f"<{tag} {name}>" for name in named if name.startswith("on") or name == "style"]
        if tag == "style" or tag == "script" and "src" not in named:
            self.inline.append(f"<{tag}>")
        if tag == "a" and named.get("href"):
            self.links.append(named["href"])
        if tag == "form":
            self.forms.append({"method": named.get("method", "get").lower(), "action": named.get("action", ""), "fields": []})
        elif tag in ("input", "textarea", "select") and named.get("name") and self.forms:
            self.forms[-1]["fields"].append((named["name"], named.get("value") or "", named.get("type", tag)))


class Page:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body
        self.text = body.decode("utf-8", "replace")

    @property
    def forms(self):
        return Forms(self.text)

    def form(self, action):
        """The fields of the first POST form whose address ends so, as a dictionary."""
        for form in self.forms.forms:
            if form["method"] == "post" and urllib.parse.urlsplit(form["action"]).path.endswith(action):
                return {name: value for name, value, _ in form["fields"]}
        return None


class Visitor:
    def __init__(self, port, headers=None, source=None):
        """`source` is an address of the loopback network to come from, as another client."""
        self.port, self.jar, self.always = port, {}, headers or {}
        self.source = (source, 0) if source else None

    def request(self, method, path, fields=None, headers=None, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60, source_address=self.source)
        sent = {**self.always, **(headers or {})}
        if self.jar:
            sent.setdefault("Cookie", "; ".join(f"{name}={value}" for name, value in self.jar.items()))
        if fields is not None:
            body = urllib.parse.urlencode(fields).encode()
            sent.setdefault("Content-Type", "application/x-www-form-urlencoded")
        connection.request(method, path, body=body, headers=sent)
        response = connection.getresponse()
        page = Page(response.status, response.headers, response.read())
        connection.close()
        for line in response.headers.get_all("Set-Cookie") or []:
            name, value = line.split(";")[0].split("=", 1)
            if re.search(r"max-age=0\b", line.lower()) or not value:
                self.jar.pop(name, None)
            else:
                self.jar[name] = value
        return page

    def get(self, path, **more):
        return self.request("GET", path, **more)

    def post(self, path, fields, **more):
        return self.request("POST", path, fields=fields, **more)

    def sign_in(self, email, password, **more):
        fields = self.get("/sign-in").form("/sign-in")
        return self.post("/sign-in", {**fields, "email": email, "password": password}, **more)

    @property
    def session(self):
        return next((value for name, value in self.jar.items() if "bursar_session" in name), None)
