"""Lets Great Expectations' own loader read validation results, `NAME.result.json`, and holds them against the suites that it wrote,
`NAME.part.json`: the same name, and the same expectations in the same order.

    accepted.py DIRECTORY
"""

import json
import sys
from pathlib import Path

from great_expectations.core.expectation_validation_result import expectationSuiteValidationResultSchema as schema


def main():
    directory = Path(sys.argv[1])
    accepted, answered = 0, 0
    for path in sorted(directory.glob("*.result.json")):
        name = path.name.removesuffix(".result.json")
        wanted = json.loads((directory / f"{name}.part.json").read_text())["expectations"]
        result = schema.load(json.loads(path.read_text()))
        found = result["results"]
        kinds = sorted(one["type"] for one in wanted)
        assert sorted(one["expectation_config"]["type"] for one in found) == kinds, (name, kinds, found)
        statistics = result["statistics"]
        assert statistics["evaluated_expectations"] == len(wanted), (name, statistics)
        assert statistics["successful_expectations"] == sum(one["success"] for one in found), (name, statistics)
        assert result["success"] == all(one["success"] for one in found), name
        accepted += 1
        answered += sum(not one.get("exception_info", {}).get("raised_exception") for one in found)
    print(json.dumps({"accepted": accepted, "answered": answered}))


main()
