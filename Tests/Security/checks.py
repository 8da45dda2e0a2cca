"""The sixty checks: number, chapter of ASVS 5.0, what must hold, and what runs it, or why it does not apply. `security.py --table` prints them for README.md."""

import dataclasses


@dataclasses.dataclass
class Check:
    number: int
    asvs: str
    title: str
    parts: str
    reason: str = ""

    @property
    def command(self):
        words = [f"security.py --only {name}" for name in self.parts.split() if name in PARTS]
        words += [f"swift test --filter '{SUITES[name]}'" for name in self.parts.split() if name in SUITES]
        return " and ".join(words)


# The parts of security.py, in the order of a run.
PARTS = ["sessions", "people", "forms", "input", "files", "isolation", "walls", "injection", "screen", "limits", "webhooks", "fuzz", "edge"]

# Suites in Swift that show more of a check than can be seen from outside.
SUITES = {
    "two-step": "TwoStepTests", "reset": "PasswordResetTests", "roles": "RoleMatrixTests|PageMatrixTests", "tables": "RouteIsolationTests|TableIsolationTests",
    "probes": "ProbeTests", "races": "RaceTests",
}


def check(number, asvs, title, parts="", reason=""):
    return Check(number, asvs, title, parts, reason)


CHECKS = [
    check(1, "7.2.4", "The session's identifier changes at sign-in and when the password is said again", "sessions people"),
    check(2, "7.2.3", "Session identifiers: unique, 256 bits, evenly spread", "sessions people"),
    check(3, "7.4.1", "An old cookie is worth nothing after sign-out", "sessions"),
    check(4, "7.3.1-2", "Sessions end after 30 idle minutes and after 12 hours", "people"),
    check(5, "7.4.2-5", "A new password, an end in the list and a command end sessions within a second", "people"),
    check(6, "3.3.1-4", "Cookies over https: __Host-, Secure, HttpOnly, SameSite, Path=/", "sessions people"),
    check(7, "3.5.1", "Forms without token, with another's, from another site: 403", "forms"),
    check(8, "3.5.3", "No GET changes a row", "forms"),
    check(9, "3.5.2", "The API ignores cookies and takes JSON only", "sessions input"),
    check(10, "3.4.3", "The content policy on every answer, refusals too", "forms"),
    check(11, "3.4.3", "Nothing inline; the browser reports no breach of the policy", "forms screen"),
    check(12, "3.4.6", "Nobody may frame a page", "forms"),
    check(13, "3.4.1", "HSTS for a year, with subdomains", "sessions"),
    check(14, "3.4.4 3.2.1", "nosniff; downloads are attachments", "forms files"),
    check(15, "3.4.5", "Referrer-Policy", "forms"),
    check(16, "14.3.2", "Private pages are not stored", "sessions forms"),
    check(17, "14.3.1", "Clear-Site-Data at sign-out; Back shows nothing", "sessions screen"),
    check(18, "3.4.2", "No other origin may read", "forms"),
    check(19, "4.1.1", "Types with their charset", "forms"),
    check(20, "6.2.1 6.2.8-9", "Passwords: 12 or more, long ones whole, no folding of case", "people"),
    check(21, "6.2.4 6.2.11", "Common passwords and one's own address are refused", "people"),
    check(22, "11.4.2", "Stored passwords are argon2id", "sessions"),
    check(23, "6.3.1 6.1.1", "Guessing is slowed, and locks nobody out who comes from elsewhere", "sessions people"),
    check(24, "15.2.2", "A hundred sign-ins at once: bounded memory, others are served", "people"),
    check(25, "6.3.8", "Known and unknown addresses look and last alike", "sessions people"),
    check(26, "6.5.1 6.5.5", "A code works once, and not after its time", "people two-step"),
    check(27, "6.5.2", "Recovery codes are hashed and work once", "people two-step"),
    check(28, "6.3.3", "Passkeys", reason="the product signs in with passwords and codes; there are no passkeys to replay"),
    check(29, "7.5.1", "Addresses, second steps, keys, members and bank accounts ask for the password again", "people"),
    check(30, "6.4.3 6.5.5", "The reset link: once, ten minutes, keeps the second step, ignores Host", "people reset"),
    check(31, "6.3.2", "No account that everybody knows", "sessions people"),
    check(32, "11.5.1 13.3", "Keys: 256 bits, shown once, not in a dump", "sessions"),
    check(33, "8.2.1", "Read-only, ended and revoked keys", "sessions people"),
    check(34, "14.2.1", "No key in an address", "sessions"),
    check(35, "8.2.2 8.4.1", "Another tenant's objects, by every way there is", "isolation walls tables"),
    check(36, "8.2.1", "Roles and routes are the documented table", "roles"),
    check(37, "15.3.3 8.2.3", "Fields that nobody asked for", "input"),
    check(38, "1.2.4", "SQL injection", "input injection"),
    check(39, "1.2.1-3", "Stored texts stay texts: no dialog in a browser", "input screen"),
    check(40, "1.2.2 3.7.2", "Redirects stay on this site", "forms"),
    check(41, "1.3.3", "No formula in a downloaded cell, CSV and workbook", "input files"),
    check(42, "1.2.1", "No line break in a header or a file's name", "input files"),
    check(43, "1.3.11", "No line break in mail: one mail, no header more", "files"),
    check(44, "16.4.1", "The log stays one JSON object a line", "input"),
    check(45, "1.1.1 2.2.1", "Odd texts are kept or refused, never 500", "input fuzz"),
    check(46, "1.3.6 13.2.4", "No webhook to a private address, at save and at connect", "webhooks"),
    check(47, "1.3.6", "A name that changes its address", "webhooks"),
    check(48, "15.3.2", "No redirect of a webhook is followed", "webhooks"),
    check(49, "16.5.2", "Endless and huge replies are cut", "webhooks"),
    check(50, "9.1.1", "Webhook signatures", "webhooks"),
    check(51, "4.2.1", "Request smuggling", "edge probes"),
    check(52, "15.2.2", "Too many or too long headers; memory stays flat", "edge probes"),
    check(53, "5.2.1", "Bodies too large, too deep or not JSON", "input"),
    check(54, "15.2.2", "Slow headers, bodies and readers, 400 at once", "edge"),
    check(55, "13.4.4", "Methods that nobody serves", "edge"),
    check(56, "4.1.3 15.3.4", "Forwarded headers are not believed", "edge"),
    check(57, "12.1.1-2", "TLS", reason="TLS ends at the proxy in front; the server itself speaks plain HTTP on loopback"),
    check(58, "16.5.1", "Seeded nonsense at every operation: no 500, no trace in a body", "fuzz"),
    check(59, "13.4.1-5", "Nothing public that was not meant to be", "edge"),
    check(60, "2.4.1 2.3.4", "The rate limit, and fifty at once take exactly one", "limits races"),
]


def markdown():
    lines = ["| # | ASVS 5.0 | holds | run by |", "|---|---|---|---|"]
    lines += [f"| {one.number} | {one.asvs} | {one.title} | {('not applicable: ' + one.reason) if one.reason else '`' + one.command.replace('|', '.') + '`'} |" for one in CHECKS]
    return "\n".join(lines)
