"""Lets Great Expectations' own loader read validation results, `NAME.result.json`, and holds them against the suites that it wrote,
`NAME.part.json`: as many expectations, nearly all of the same types.

    accepted.py DIRECTORY
"""

import json
import sys
from collections import Counter
from pathlib import Path

from great_expectations.core.expectation_validation_result import expectationSuiteValidationResultSchema as schema


def main():
    directory = Path(sys.argv[1])
    accepted, answered, alike, all_kinds = 0, 0, 0, 0
    for path in sorted(directory.glob("*.result.json")):
        name = path.name.removesuffix(".result.json")
        wanted = json.loads((directory / f"{name}.part.json").read_text())["expectations"]
        applied = json.loads((directory / f"{name}.applied.json").read_text())["expectations"]
        result = schema.load(json.loads(path.read_text()))
        found = result["results"]
        # Of two types that mean the same (a type, or one of a list of types), a result may name the other.
        kinds = Counter(one["type"] for one in wanted)
        alike += (kinds & Counter(one["expectation_config"]["type"] for one in found)).total()
        all_kinds += kinds.total()
        assert len(found) == len(applied), (name, len(found), len(applied))
        statistics = result["statistics"]
        assert statistics["evaluated_expectations"] == len(found), (name, statistics)
        assert statistics["successful_expectations"] == sum(one["success"] for one in found), (name, statistics)
        assert result["success"] == all(one["success"] for one in found), name
        accepted += 1
        answered += sum(not one.get("exception_info", {}).get("raised_exception") for one in found)
    assert alike >= 0.9 * all_kinds, (alike, all_kinds)
    print(json.dumps({"accepted": accepted, "answered": answered, "alike": alike, "expectations": all_kinds}))


main()
