"""Holds the database against what clients were told. Pure comparison: rows in, complaints out, so that it can be shown to fail."""


class Findings:
    """The rows that promises are about, as the superuser sees them."""

    def __init__(self, payments, notes, events, subscriptions):
        self.payments, self.notes, self.events, self.subscriptions = payments, notes, events, subscriptions


PAYMENTS = "select command_key, subscription_id, amount_minor from payments"
NOTES = "select note, subscription_id, type, from_state, to_state from transition_events where note is not null"
EVENTS = "select source, event_id, count(*) from usage_events e join usage_records r on r.tenant_id = e.tenant_id and r.id = e.record_id group by 1, 2"
SUBSCRIPTIONS = "select id, state from subscriptions"

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def uuid_of(type_id):
    """`sub_01j…` as the database writes it."""
    value = 0
    for character in type_id.split("_")[1]:
        value = value * 32 + ALPHABET.index(character)
    digits = f"{value:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def read(ask):
    """`ask` runs a statement and gives rows of strings. One snapshot is not needed: nobody writes any more."""
    return Findings(ask(PAYMENTS), ask(NOTES), ask(EVENTS), ask(SUBSCRIPTIONS))


def complaints(findings, promises):
    """Every way in which the database breaks a promise, by name."""
    found = {"payment lost": [], "payment doubled": [], "payment of another amount": [], "payment nobody was told of": [],
             "payment taken though declined": [], "transition lost": [], "transition doubled": [], "usage event lost": [], "usage event doubled": [],
             "subscription lost": [], "subscription nobody was told of": []}
    check_payments(findings, promises, found)
    check_transitions(findings, promises, found)
    counts = {(source, event): int(count) for source, event, count in findings.events}
    for event in promises.events:
        seen = counts.get(event, 0)
        if seen != 1:
            found["usage event lost" if seen == 0 else "usage event doubled"].append("/".join(event))
    rows = {row[0] for row in findings.subscriptions}
    told = {uuid_of(subscription) for subscription in promises.subscriptions.values()}
    found["subscription lost"] += sorted(told - rows)
    if not promises.unanswered:
        found["subscription nobody was told of"] += sorted(rows - told)
    return {name: rows for name, rows in found.items() if rows}


def check_payments(findings, promises, found):
    by_key = {}
    for key, subscription, minor in findings.payments:
        by_key.setdefault(key, []).append((subscription, int(minor)))
    for key, (subscription, minor) in promises.payments.items():
        rows = by_key.get(key, [])
        if not rows:
            found["payment lost"].append(key)
        elif len(rows) > 1:
            found["payment doubled"].append(key)
        elif rows[0] != (uuid_of(subscription), minor):
            found["payment of another amount"].append(key)
    found["payment taken though declined"] += [key for key in promises.declined if key in by_key]
    if not promises.unanswered:
        found["payment nobody was told of"] += [key for key in by_key if key not in promises.payments and key not in promises.declined]


def check_transitions(findings, promises, found):
    by_note = {}
    for note, subscription, kind, _, _ in findings.notes:
        by_note.setdefault(note, []).append((subscription, kind))
    for key, (subscription, action) in promises.transitions.items():
        rows = by_note.get(key, [])
        wanted = ("subscription.suspended", "subscription.reason_added") if action == "suspend" else (
            "subscription.reactivated", "subscription.reason_lifted")
        steps = [row for row in rows if row[0] == uuid_of(subscription) and row[1] in wanted]
        if not steps:
            found["transition lost"].append(key)
        elif len(steps) > 1:
            found["transition doubled"].append(key)
