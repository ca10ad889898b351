"""Writes for each suite of the cases what of it is to be asked of Dataplex: all but what BigQuery could not compute over the rows,
since one such rule takes the results of all rules of a scan with it. And the list of runs.

    scannable.py DIRECTORY DATASET
"""

import json
import sys
from pathlib import Path

FAILS = ("out of range", "overflow")


def beyond(result):
    value = result["result"].get("observed_value")
    if result["expectation_config"]["type"] != "expect_column_sum_to_be_between" or value is None:
        return False
    return abs(float(value)) > 9e28


def main():
    directory, dataset = Path(sys.argv[1]), sys.argv[2]
    batch, left_out = [], 0
    for path in sorted(directory.glob("*.suite.json")):
        at = str(path).removesuffix(".suite.json")
        suite = json.loads(path.read_text())
        results = json.loads(Path(f"{at}.pushed.json").read_text())["results"]
        info = {r["expectation_config"]["id"]: r["exception_info"] for r in results}
        fails = {id for id, i in info.items() if i["raised_exception"] and any(f in i["exception_message"] for f in FAILS)}
        # A sum that is no NUMERIC any more, which push-down adds up in halves.
        fails |= {r["expectation_config"]["id"] for r in results if beyond(r)}
        left_out += len(fails)
        suite["expectations"] = [e for e in suite["expectations"] if e["id"] not in fails]
        Path(f"{at}.scan.json").write_text(json.dumps(suite))
        table = f"test-project.{dataset}.{Path(at).name}"
        batch.append({"suite": f"{at}.scan.json", "table": table, "output": f"{at}.dataplex.json"})
    (directory / "scans.jsonl").write_text("".join(json.dumps(line) + "\n" for line in batch))
    print(json.dumps({"suites": len(batch), "left_out": left_out}))


main()
