"""Writes suites of a few expectations each out of the judge's large ones, by Great Expectations itself: `NAME-N.part.json` beside
`NAME.suite.json`, over the same table. Left out is what no query can answer, and what Great Expectations itself does not take.

    split.py DIRECTORY
"""

import json
import sys
from pathlib import Path

from great_expectations.core import ExpectationSuite
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

SIZE, PARTS = 3, 2
# The order of rows, and estimates of a distribution.
NOT_IN_SQL = {
    "expect_column_values_to_be_increasing",
    "expect_column_values_to_be_decreasing",
    "expect_column_kl_divergence_to_be_less_than",
}


def loaded(one):
    if one["type"] in NOT_IN_SQL:
        return None
    try:
        return ExpectationConfiguration(type=one["type"], kwargs=one["kwargs"], id=one["id"]).to_domain_obj()
    except Exception:
        return None


def main():
    directory = Path(sys.argv[1])
    written = 0
    for path in sorted(directory.glob("*.suite.json")):
        usable = [it for it in map(loaded, json.loads(path.read_text())["expectations"]) if it]
        for part in range(PARTS):
            name = f"{path.name.removesuffix('.suite.json')}-{part}"
            suite = ExpectationSuite(name=name)
            suite.expectations.extend(usable[part * SIZE : (part + 1) * SIZE])
            if suite.expectations:
                (directory / f"{name}.part.json").write_text(json.dumps(suite.to_json_dict()))
                written += 1
    print(json.dumps({"written": written}))


main()
