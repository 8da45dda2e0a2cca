"""What the server really sends for a request, taken from PostgreSQL's own log, and the same as a pgbench script."""

import os
import re
import time

UUID = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")
NUMBER = re.compile(r"\$(\d+)")
VALUE = re.compile(r"\$\d+ = (NULL|'(?:[^']|'')*')")


class Recorder:
    """Between `with` and its end every statement of the app role goes to the log, with its values."""

    def __init__(self, server):
        self.server = server
        self.path = f"{server.cluster}/bench-statements.log"
        self.log = f"{server.data}/postgres.log"
        self.statements = []

    def settings(self, on):
        change = "set" if on else "reset"
        for name, value in [("log_statement", "all"), ("log_parameter_max_length", "-1"), ("log_error_verbosity", "default")]:
            self.server.sql(f"alter system {change} {name}" + (f" = '{value}'" if on else ""))
        self.server.sql("select pg_reload_conf()")
        time.sleep(0.3)

    def __enter__(self):
        self.settings(True)
        self.start = os.path.getsize(self.log)
        return self

    def __exit__(self, *_):
        time.sleep(0.2)
        self.settings(False)
        with open(self.log, errors="replace") as log:
            log.seek(self.start)
            text = log.read()
        # The lines of a longer statement follow behind a tabulator.
        for entry in re.split(r"\n(?!\t)", text):
            found = re.match(r"[-\d]+ [:.\d]+ \w+ \[(\d+)\] bursar_app (LOG|DETAIL):\s+(.*)", entry, re.S)
            if not found:
                continue
            process, kind, rest = found.groups()
            rest = rest.strip().replace("\n\t", "\n")
            if kind == "LOG":
                said = re.match(r"(?:statement|execute [^:]*): (.*)", rest, re.S)
                if said:
                    self.statements.append([process, said.group(1), []])
            elif rest.lower().startswith("parameters:"):
                for statement in reversed(self.statements):
                    if statement[0] == process:
                        statement[2] = [None if v == "NULL" else v[1:-1].replace("''", "'") for v in VALUE.findall(rest)]
                        break

    def transaction_with(self, part):
        """The statements of the transaction in which `part` occurs, from BEGIN to COMMIT."""
        for at, (process, text, _) in enumerate(self.statements):
            if part not in text:
                continue
            own = [entry for entry in self.statements if entry[0] == process]
            place = next(i for i, entry in enumerate(own) if entry is self.statements[at])
            begin = max(i for i in range(place, -1, -1) if own[i][1].lower().startswith("begin"))
            end = next(i for i in range(place, len(own)) if own[i][1].lower().startswith("commit"))
            return own[begin:end + 1]
        raise RuntimeError(f"the server sent nothing with '{part}'")


def literal(value):
    return "null" if value is None else "'" + value.replace("'", "''") + "'"


def script(statements, same, fresh=()):
    """The transaction as pgbench text: `same` maps values to expressions; a UUID that is neither in it nor in `fresh`'s way is a new one each time."""
    lines, drawn = [], {}
    everything = [value for _, _, values in statements for value in values if value is not None and UUID.match(value) and value not in same]
    for value in everything:
        # Made in one statement and named in another: drawn once for the transaction.
        if everything.count(value) > 1 and value not in drawn:
            name = f"made{len(drawn)}"
            drawn[value] = f"md5('{name}' || :{name}::bigint)::uuid"
            lines.append(f"\\set {name} random(1, 9000000000000000000)")
    for _, text, values in statements:
        numbered = {}
        for index, value in enumerate(values, 1):
            if value in same:
                numbered[index] = same[value]
            elif value in drawn:
                numbered[index] = drawn[value]
            elif value is not None and UUID.match(value):
                numbered[index] = "gen_random_uuid()"
            else:
                numbered[index] = literal(value)
        for column, expression in fresh:
            place = column_number(text, column)
            if place:
                numbered[place] = expression
        line = NUMBER.sub(lambda found: numbered.get(int(found.group(1)), found.group(0)), text)
        lines.append(" ".join(line.split()) + ";")
    return lines


def column_number(text, column):
    """The parameter that an INSERT gives to the column, or an UPDATE sets it to."""
    found = re.search(rf"\b{column} = \$(\d+)", text.split(" where ")[0])
    if found:
        return int(found.group(1))
    insert = re.match(r"insert into \w+ \(([^)]*)\)\s+values \((.*)\)", text, re.S)
    if insert:
        columns = [name.strip() for name in insert.group(1).split(",")]
        values = [value.strip() for value in insert.group(2).split(",")]
        if column in columns and len(columns) == len(values):
            parameter = NUMBER.fullmatch(values[columns.index(column)])
            return int(parameter.group(1)) if parameter else None
    return None
