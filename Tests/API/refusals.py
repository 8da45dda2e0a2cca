#!/usr/bin/env python3
"""Gathers what the tests saw refused (lines of operation, status and code) into Web/api/refusals.json, which /docs/api and the document show."""

import collections
import json
import os
import sys


def main():
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "Web", "api")
    codes = collections.defaultdict(lambda: collections.defaultdict(set))
    with open(sys.argv[1]) as lines:
        for line in lines:
            operation, status, code = line.split()
            codes[operation][status].add(code)
    sorted_codes = {o: {s: sorted(codes[o][s]) for s in sorted(codes[o])} for o in sorted(codes)}
    with open(os.path.join(folder, "refusals.json"), "w") as file:
        rows = (f"{json.dumps(o)}: {json.dumps(c)}" for o, c in sorted_codes.items())
        file.write("{\n" + ",\n".join(rows) + "\n}\n")
    print(f"{len(codes)} operations")


if __name__ == "__main__":
    main()
