"""Writes the judge's cases into a directory: for each table `NAME.parquet`, `NAME.suite.json` as Great Expectations writes suites,
and `NAME.typed.pickle` with the arguments that JSON cannot hold; and `batch.jsonl`, what our program is to run.

    generate.py DIRECTORY [--cases N] [--seed N]
"""

import argparse
import json
import pickle
import random
import uuid
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq

from cases import CASES, Typed, case
from tables import table

EACH = 20


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("directory", type=Path)
    arguments.add_argument("--cases", type=int, default=2500)
    arguments.add_argument("--seed", type=int, default=20240229)
    options = arguments.parse_args()
    options.directory.mkdir(parents=True, exist_ok=True)
    rng = random.Random(options.seed)
    made, index = Counter(), 0
    batch = []
    while made.total() < options.cases:
        this = table(index, rng)
        index += 1
        expectations, typed = [], {}
        # The types that have the fewest cases so far come first, so that each is covered.
        for kind in sorted(CASES, key=lambda k: (made[k], rng.random())):
            if len(expectations) == EACH or made.total() == options.cases:
                break
            kwargs = case(kind, rng, this)
            if kwargs is None:
                continue
            made[kind] += 1
            name = str(uuid.UUID(int=rng.getrandbits(128), version=4))
            held = {k: v.values for k, v in kwargs.items() if isinstance(v, Typed)}
            if held:
                typed[name] = held
            kwargs = {k: v.json() if isinstance(v, Typed) else v for k, v in kwargs.items()}
            expectations.append({"type": kind, "kwargs": kwargs, "meta": {}, "id": name})
        about = {
            "kinds": this.kinds,
            "gaps": [c for c in this.kinds if None in this.values[c]],
            "rows": this.rows,
            "typed": list(typed),
        }
        suite = {"name": this.name, "expectations": expectations, "meta": {"great_expectations_version": "1.24.1", "table": about}}
        at = options.directory / this.name
        pq.write_table(this.arrow(), f"{at}.parquet", row_group_size=rng.choice([1, 7, 1000]))
        Path(f"{at}.suite.json").write_text(json.dumps(suite, ensure_ascii=False, allow_nan=False))
        Path(f"{at}.typed.pickle").write_bytes(pickle.dumps(typed))
        batch.append({"suite": f"{at}.suite.json", "path": f"{at}.parquet", "output": f"{at}.ours.json"})
    lines = "".join(json.dumps(line) + "\n" for line in batch)
    (options.directory / "batch.jsonl").write_text(lines)
    print(json.dumps({"tables": index, "cases": made.total(), "types": len(made), "fewest": min(made.values())}))


main()
