"""Compares what the same suites say over files and pushed down to BigQuery: all must be equal, but for what BigQuery cannot say.
With `dataplex` it is scans of Dataplex that are compared, whose results hold no values.

    engines.py DIRECTORY [pushed|dataplex]
"""

import json
import sys
from collections import Counter
from pathlib import Path

from compare import FIELDS, answer, same

# What BigQuery cannot say, by a part of the reason that it gives for it.
UNSAYABLE = (
    "have no order",
    "whose text in Python",
    "pandas' names of types",
    "distributions are judged by the engine arrow",
    # Numbers whose sums or squares floating-point numbers do not hold are an error in GoogleSQL, not an infinity.
    "out of range",
    "overflow",
)
# What Dataplex cannot say besides, or does not show.
NO_RULES = ("about the table's columns",)
VALUES = ("partial_unexpected_list",)
SHOWN = 20


def key(value):
    return json.dumps(value, sort_keys=True)


def alike(field, here, there, answers):
    """Whether a field is the same. Rows of a table have no order: what is shown of many may be any of them."""
    if field != "partial_unexpected_list" or not isinstance(here, list) or not isinstance(there, list):
        return same(here, there) or near(here, there)
    if any(a.get("unexpected_count", 0) > SHOWN for a in answers):
        return len(here) == len(there) == SHOWN
    rest = list(there)
    for value in here:
        found = next((i for i, other in enumerate(rest) if same(value, other)), None)
        if found is None:
            return False
        rest.pop(found)
    return not rest


def near(here, there):
    """Sums of floating-point numbers depend on the order in which they are added."""
    numbers = isinstance(here, float) and isinstance(there, (int, float)) and not isinstance(there, bool)
    return numbers and abs(here - there) <= 1e-9 * max(abs(here), abs(there))


def main():
    directory = Path(sys.argv[1])
    engine = sys.argv[2] if len(sys.argv) > 2 else "pushed"
    scans = engine == "dataplex"
    # Rules over numbers that overflow fail a whole scan: they are not asked.
    unasked = ("pandas' names of types", "out of range", "overflow")
    reasons = (*(r for r in UNSAYABLE if r not in unasked), *NO_RULES) if scans else UNSAYABLE
    uncounted = 0
    cases, rounding, unsayable, wrong = 0, 0, Counter(), []
    for path in sorted(directory.glob("*.suite.json")):
        at = str(path).removesuffix(".suite.json")
        suite = json.loads(path.read_text())
        files, tables = (
            {r["expectation_config"]["id"]: answer(r) for r in json.loads(Path(f"{at}.{of}.json").read_text())["results"]}
            for of in ("ours", engine)
        )
        for expectation in suite["expectations"]:
            if scans and expectation["id"] not in tables:
                continue
            cases += 1
            here, there = files[expectation["id"]], tables[expectation["id"]]
            if "raised" in there:
                reason = next((r for r in reasons if r in there["raised"]), None)
                if reason:
                    unsayable[reason] += 1
                elif "raised" not in here:
                    wrong.append((Path(at).name, expectation, ["raised"], here, there))
                continue
            both = (here.get("observed_value"), there.get("observed_value"))
            if here.get("success") != there.get("success") and both[0] != both[1] and near(*both):
                # A bound lies between two sums that differ in their last digit.
                rounding += 1
                continue
            fields = [f for f in FIELDS if not alike(f, here.get(f), there.get(f), (here, there))]
            counts = ("element_count", "unexpected_count", "missing_count")
            if scans and any(count in here and count not in there for count in counts):
                # The query that counts is longer than Dataplex takes: the rule's own word, without counts.
                uncounted += 1
                fields = [f for f in fields if f == "success"]
            elif scans:
                # The most common values are observed as values.
                shown = (*VALUES, "observed_value") if "most_common" in expectation["type"] else VALUES
                fields = [f for f in fields if f not in shown]
            if "raised" in here or fields:
                wrong.append((Path(at).name, expectation, fields, here, there))
    for name, expectation, fields, here, there in wrong[:20]:
        print(f"\n{name} {expectation['type']} {json.dumps(expectation['kwargs'], ensure_ascii=False)}")
        print(f"  differ {fields}\n  file     {here}\n  BigQuery {there}")
    stale = [reason for reason in reasons if reason not in unsayable]
    if uncounted * 10 > cases:
        raise SystemExit(f"{uncounted} of {cases} cases have no counts")
    print(json.dumps({"cases": cases, "uncounted": uncounted, "unsayable": dict(unsayable), "rounding": rounding, "wrong": len(wrong), "stale": stale}))
    raise SystemExit(bool(wrong or stale))


main()
