"""Lets Great Expectations judge: each suite of a directory over its table, on the pandas engine. Writes `NAME.judge.json`: by the
expectation's id what it answered, or the error that it raised.

    judge.py DIRECTORY
"""

import contextlib
import io
import json
import logging
import math
import pickle
import sys
import warnings
from pathlib import Path

warnings.simplefilter("ignore")

import great_expectations as gx  # noqa: E402
import pandas as pd  # noqa: E402
from great_expectations.core import ExpectationSuite  # noqa: E402
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration  # noqa: E402

KEPT = (
    "observed_value", "element_count", "unexpected_count", "unexpected_percent", "missing_count", "missing_percent",
    "unexpected_percent_total", "unexpected_percent_nonmissing", "partial_unexpected_list", "partial_missing_list", "details",
)  # fmt: skip


def jsonable(value):
    """What `to_json_dict` leaves of numpy's and pandas' own."""
    if isinstance(value, dict):
        return {str(k): jsonable(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [jsonable(v) for v in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)


def raised(info):
    """The message of an exception, if there was one: flat, or one for each metric."""
    if "raised_exception" in info:
        return info["exception_message"] if info["raised_exception"] else None
    messages = [one["exception_message"] for one in info.values() if one["raised_exception"]]
    return messages[0] if messages else None


def answer(result):
    """What is compared of a result."""
    document = result.to_json_dict()
    error = raised(document["exception_info"])
    if error is not None:
        return {"raised": str(error)[:300]}
    found = document["result"]
    return {"success": bool(result.success), **{k: jsonable(found[k]) for k in KEPT if k in found}}


def main():
    directory = Path(sys.argv[1])
    logging.disable(logging.CRITICAL)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    source = context.data_sources.add_pandas("judge")
    asset = source.add_dataframe_asset("table").add_batch_definition_whole_dataframe("whole")
    judged = 0
    for path in sorted(directory.glob("*.suite.json")):
        at = str(path).removesuffix(".suite.json")
        typed = pickle.loads(Path(f"{at}.typed.pickle").read_bytes())
        suite, answers = ExpectationSuite(name=Path(at).name), {}
        for one in json.loads(path.read_text())["expectations"]:
            kwargs = one["kwargs"] | typed.get(one["id"], {})
            try:
                made = ExpectationConfiguration(type=one["type"], kwargs=kwargs, id=one["id"]).to_domain_obj()
            except Exception as error:
                answers[one["id"]] = {"raised": f"does not load: {error}"[:300]}
                continue
            suite.expectations.append(made)
        batch = asset.get_batch({"dataframe": pd.read_parquet(f"{at}.parquet")})
        with contextlib.redirect_stderr(io.StringIO()):
            results = batch.validate(suite, result_format="COMPLETE").results
        answers |= {result.expectation_config.id: answer(result) for result in results}
        judged += len(answers)
        Path(f"{at}.judge.json").write_text(json.dumps(answers, ensure_ascii=False, allow_nan=False))
    print(json.dumps({"judged": judged}))


main()
