"""Compares our answers with the judge's, case by case. What differs must be in the list of differences, and each entry of that
list must still be true of a case.

    compare.py DIRECTORY [--ours SUFFIX] [--show N]
"""

import argparse
import datetime as dt
import json
import math
from collections import Counter
from pathlib import Path

from differences import DIFFERENCES, Case

# Of results, what is compared; what comes in no order of its own is compared as a set.
FIELDS = (
    "success", "observed_value", "element_count", "unexpected_count", "unexpected_percent", "missing_count", "missing_percent",
    "unexpected_percent_total", "unexpected_percent_nonmissing", "partial_unexpected_list", "partial_missing_list",
)  # fmt: skip
SETS = ("partial_missing_list",)


def instant(text):
    """A date or time that a text says, or none."""
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.astimezone(dt.timezone.utc) if found.tzinfo else found


def same(ours, theirs):
    """Whether two values are the same: numbers by their value to 12 digits, times by their instant, all else by what is written."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return ours.keys() == theirs.keys() and all(same(ours[k], theirs[k]) for k in ours)
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs) and all(map(same, ours, theirs))
    if isinstance(ours, bool) or isinstance(theirs, bool):
        return ours is theirs
    if isinstance(ours, str) and isinstance(theirs, (int, float)):
        # A decimal, which JSON cannot hold exactly: ours is its text.
        try:
            ours = float(ours)
        except ValueError:
            return False
    if isinstance(ours, (int, float)) and isinstance(theirs, (int, float)):
        return ours == theirs or math.isclose(ours, theirs, rel_tol=1e-12, abs_tol=1e-300)
    if isinstance(ours, str) and isinstance(theirs, str) and ours != theirs:
        a, b = instant(ours), instant(theirs)
        return a is not None and b is not None and type(a) is type(b) and (a.tzinfo is None) == (b.tzinfo is None) and a == b
    return type(ours) is type(theirs) and ours == theirs


def answer(result):
    """Our result as the judge's are kept."""
    info = result["exception_info"]
    if info["raised_exception"]:
        return {"raised": info["exception_message"]}
    return {"success": result["success"], **result["result"]}


def differing(ours, theirs):
    """The fields in which two answers differ."""
    if "raised" in ours or "raised" in theirs:
        return [] if "raised" in ours and "raised" in theirs else ["raised"]

    def differs(field):
        a, b = ours.get(field), theirs.get(field)
        if field in SETS and a is not None and b is not None:
            a, b = sorted(a, key=str), sorted(b, key=str)
        return not same(a, b)

    return [field for field in FIELDS if differs(field)]


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("directory", type=Path)
    arguments.add_argument("--ours", default="ours")
    arguments.add_argument("--show", type=int, default=20)
    options = arguments.parse_args()
    types, used, unexplained = Counter(), Counter(), []
    equal = 0
    for path in sorted(options.directory.glob("*.suite.json")):
        at = str(path).removesuffix(".suite.json")
        suite, theirs = json.loads(path.read_text()), json.loads(Path(f"{at}.judge.json").read_text())
        document = json.loads(Path(f"{at}.{options.ours}.json").read_text())
        ours = {r["expectation_config"]["id"]: answer(r) for r in document["results"]}
        for expectation in suite["expectations"]:
            name = expectation["id"]
            types[expectation["type"]] += 1
            have = ours.get(name, {"absent": True})
            fields = ["absent"] if "absent" in have else differing(have, theirs[name])
            case = Case(Path(at).name, expectation, suite["meta"]["table"], have, theirs[name])
            explained = {}
            for entry in DIFFERENCES:
                if fields and entry.holds(case):
                    explained |= {field: entry.name for field in fields if field in entry.fields and field not in explained}
            used.update(set(explained.values()))
            rest = [field for field in fields if field not in explained]
            equal += not fields
            if rest:
                unexplained.append((case, rest))
    for case, rest in unexplained[: options.show]:
        print(f"\n{case.table} {case.kind} {json.dumps(case.kwargs, ensure_ascii=False)} {case.kinds()}")
        print(f"  differ {rest}\n  ours   {case.ours}\n  judge  {case.theirs}")
    stale = [entry.name for entry in DIFFERENCES if entry.name not in used]
    if unexplained:
        print(f"\n{len(unexplained)} unexplained: {dict(Counter(case.kind for case, _ in unexplained))}")
    if stale:
        print(f"\nno longer true of any case, take them out of the list: {stale}")
    summary = {"cases": types.total(), "equal": equal, "types": len(types), "explained": dict(used.most_common())}
    print(json.dumps(summary | {"unexplained": len(unexplained), "stale": len(stale)}))
    raise SystemExit(bool(unexplained or stale))


if __name__ == "__main__":
    main()
