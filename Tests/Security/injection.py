"""SQL injection with sqlmap: check 38. Every parameter of the lists and of the forms' pages, the key, the cookie and the usual headers, within a bounded time."""

import os
import re
import shutil
import subprocess
import sys
import tempfile

from visitor import Visitor

LISTS = ["q", "sort", "cursor", "account_id", "state", "status", "limit", "kind", "from", "cols", "format"]


def run(demo, report):
    report.guard(38, mapped, demo, report)


def program():
    beside = os.path.join(os.path.dirname(sys.executable), "sqlmap")
    return beside if os.path.exists(beside) else shutil.which("sqlmap")


def mapped(demo, report):
    sqlmap = program()
    if not sqlmap:
        report.check(False, "38 sqlmap is installed", "PyPI's sqlmap, see .ci/packages")
        return
    document = demo.api().request("GET", "/openapi.json").json()["paths"]
    visitor, person = Visitor(demo.port), demo.person("operator")
    visitor.sign_in(person["email"], person["password"])
    cookie = f"bursar_session={visitor.session}"
    targets = []
    for path in ("/v1/subscriptions", "/v1/accounts", "/v1/orders", "/v1/payments", "/v1/notifications", "/v1/audit-events", "/v1/search"):
        names = [one["name"] for one in document[path]["get"].get("parameters", []) if one["in"] == "query" and one["name"] in LISTS]
        targets.append((f"{demo.base}{path}?" + "&".join(f"{name}=1" for name in names), ["-H", f"Authorization: Bearer {demo.sandbox['operator_key']}"]))
    targets.append((f"{demo.base}/operator/subscriptions?q=1&state=active&sort=name&cursor=x", ["--cookie", cookie]))
    targets.append((f"{demo.base}/operator/search?q=1", ["--cookie", cookie]))
    targets.append((f"{demo.base}/v1/me", ["-H", "Authorization: Bearer bsk_test_x*"]))
    targets.append((f"{demo.base}/subscriptions", ["--cookie", "bursar_session=x*"]))
    wide = os.environ.get("BURSAR_SECURITY_WIDE")
    found, asked, cut = [], 0, 0
    with tempfile.TemporaryDirectory() as folder:
        for url, more in targets:
            command = [sqlmap, "-u", url, *more, "--batch", "--level", "3" if wide else "1", "--risk", "2" if wide else "1", "--dbms", "PostgreSQL", "--technique", "BEUST" if wide else "BEU", "--threads", "4",
                       "--flush-session", "--output-dir", folder, "--disable-coloring", "--ignore-code", "400,401,404,422,429", "--time-sec", "3", "--skip-waf", "--smart" if not wide else "--keep-alive"]
            try:
                text = subprocess.run(command, capture_output=True, text=True, timeout=1800 if wide else 90, stdin=subprocess.DEVNULL).stdout
            except subprocess.TimeoutExpired as error:
                text, cut = (error.stdout or b"").decode("utf-8", "replace"), cut + 1
            asked += len(re.findall(r"testing for SQL injection|(?:parameter|header) '[^']*'(?: does not| appear)", text))
            if re.search(r"is vulnerable|identified the following injection|appears to be .*injectable", text):
                found.append(url)
            if not text.strip():
                found.append(f"sqlmap said nothing of {url}")
    report.check(not found and asked > 10, "38 sqlmap finds nothing to inject into", f"{len(targets)} addresses, {asked} parameters and headers, {cut} cut by time; {found[:2]}")
