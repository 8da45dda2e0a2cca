"""Check 35 with one of its two walls down: row security is out of the way while the statements are asked for another tenant's objects."""

from isolation import Theirs, alone


def run(demo, report):
    report.guard(35, lambda: alone(demo, Theirs(demo), report))
