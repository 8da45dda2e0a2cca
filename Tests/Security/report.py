"""The tally of the sixty: every check begins with its numbers («38 no parameter …»), and the closing table has one line for each of them."""

import re

from bursar import Tally
from checks import CHECKS


class Report(Tally):
    def __init__(self):
        super().__init__()
        self.results = {}

    def check(self, holds, name, detail=""):
        numbers = re.match(r"\d+(, \d+)*", name)
        for number in numbers[0].split(", ") if numbers else []:
            self.results.setdefault(int(number), []).append(bool(holds))
        return super().check(holds, name, str(detail)[:600])

    def guard(self, number, part, *arguments):
        """A part that breaks off is a failure of its number, not the end of the run."""
        try:
            part(*arguments)
        except Exception as error:
            self.check(False, f"{number} {part.__name__.strip('<>').replace('_', ' ')} broke off", f"{type(error).__name__}: {error}")

    def table(self):
        for check in CHECKS:
            seen = self.results.get(check.number)
            if check.reason:
                verdict = "n.a."
            elif seen is None:
                verdict = "not run"
            else:
                verdict = f"ok {len(seen)}" if all(seen) else f"FAIL {seen.count(False)} of {len(seen)}"
            print(f"{check.number:>2}  {check.asvs:<14} {verdict:<12} {check.title}; {check.reason or check.command}", flush=True)
