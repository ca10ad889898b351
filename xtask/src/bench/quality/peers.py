"""The suite of the bench by other means, each in a process of its own; what is there is decoded, judged and counted.

usage: peers.py decode|polars|pandera|great_expectations FILE SUITE [ENGINE]
       peers.py reasons FILE

Prints one JSON object: for each expectation that judges rows how many rows are against it, for the others what was observed.
The suite's file says sets, patterns and bounds; how each is computed is written by hand, as its author would for speed.
"""

import json
import sys

QUANTILE = 0.95


def decode(path, suite):
    """All columns, batch by batch."""
    import pyarrow.parquet as pq

    rows = 0
    for batch in pq.ParquetFile(path).iter_batches(batch_size=65_536):
        rows += batch.num_rows
    return {"rows": rows}


def reasons(path, suite):
    """Of a file of rows that were set apart, how often each reason is given; by no name, how many rows there are."""
    import polars as pl

    frame = pl.read_parquet(path)
    counts = frame["_headwater_reasons"].explode().value_counts()
    return dict(counts.iter_rows()) | {"": frame.height}


def values(check):
    """The only set or interval of a check."""
    (found,) = (check.get("values") or check["bounds"]).values()
    return found


def polars_expression(kind, check):
    """Whether a row is against a check; null where it is not judged."""
    import polars as pl

    column = pl.col(check["column"]) if "column" in check else None
    if kind == "not_null":
        return column.is_null()
    if kind == "in_set":
        return ~column.is_in(values(check))
    if kind == "between":
        return ~column.is_between(*polars_bounds(check))
    if kind == "matches":
        return ~column.str.contains(check["patterns"][0])
    if kind == "not_matches":
        return column.str.contains(check["patterns"][0])
    if kind == "length":
        return ~column.str.len_chars().is_between(check["min"], check["max"])
    if kind == "compare":
        return ~(pl.col(check["left"]) >= pl.col(check["right"]))
    if kind == "unique" and len(check["columns"]) == 1:
        return pl.col(check["columns"][0]).is_duplicated()
    if kind == "unique":
        return pl.struct(check["columns"]).is_duplicated()
    raise ValueError(kind)


def polars_bounds(check):
    import datetime
    from decimal import Decimal

    (family,) = check["bounds"]
    read = {
        "ints": int,
        "floats": float,
        "decimals": Decimal,
        "dates": datetime.date.fromisoformat,
        "timestamps": datetime.datetime.fromisoformat,
    }[family]
    return read(values(check)["min"]), read(values(check)["max"])


def polars_where(where):
    """The rows that an expectation means."""
    import polars as pl

    if "in" in where:
        return pl.col(where["in"]["column"]).is_in(values(where["in"]))
    (value,) = where["compare"]["value"]["strings"]
    return pl.col(where["compare"]["column"]) != value


def polars_expressions(suite):
    """Each expectation as one expression."""
    import polars as pl

    expressions = {}
    for expectation in suite["expectations"]:
        ((kind, check),) = expectation["check"].items()
        if kind == "row_count":
            expression = pl.len()
        elif kind == "statistic":
            column = pl.col(check["column"])
            expression = column.mean() if check["statistic"] == "mean" else column.std()
        elif kind == "quantile":
            expression = pl.col(check["column"]).quantile(QUANTILE, "nearest").cast(pl.Float64)
        else:
            against = polars_expression(kind, check)
            if "where" in expectation:
                against = against & polars_where(expectation["where"])
            expression = against.sum()
        expressions[expectation["id"]] = expression
    return expressions


def polars(path, suite):
    """One query over the file, by the engine that is asked for."""
    import polars as pl

    engine = sys.argv[4]
    frame = pl.scan_parquet(path).select(**polars_expressions(suite)).collect(engine=engine)
    return frame.row(0, named=True)


def pandera(path, suite):
    """A schema of pandera, whose checks return a column each, evaluated lazily: all failures are gathered."""
    import pandera.polars as pa
    import polars as pl

    checks = []
    for expectation in suite["expectations"]:
        ((kind, check),) = expectation["check"].items()
        name = expectation["id"]
        if kind in ("row_count", "statistic", "quantile"):
            checks.append(pa.Check(aggregate_of(expectation), name=name))
        else:
            good = ~polars_expression(kind, check)
            if "where" in expectation:
                good = good | ~polars_where(expectation["where"])
            checks.append(pa.Check(row_check(good.fill_null(True)), name=name))
    schema = pa.DataFrameSchema(checks=checks)
    counts = {e["id"]: 0 for e in suite["expectations"] if next(iter(e["check"])) not in ("row_count", "statistic", "quantile")}
    needed = {c for e in suite["expectations"] for c in columns(e)}
    try:
        schema.validate(pl.read_parquet(path, columns=sorted(needed)), lazy=True)
    except pa.errors.SchemaErrors as errors:
        for error in errors.schema_errors:
            name = error.check.name
            if name in counts:
                output = error.check_output.select(pl.last().not_().sum())
                counts[name] = (output.collect() if isinstance(output, pl.LazyFrame) else output).item()
    return counts


def row_check(good):
    return lambda data: data.lazyframe.select(good.alias("good"))


def aggregate_of(expectation):
    import polars as pl

    ((kind, check),) = expectation["check"].items()
    if kind == "row_count":
        return lambda data: check["min"] <= data.lazyframe.select(pl.len()).collect().item() <= check["max"]
    column = pl.col(check["column"])
    if kind == "quantile":
        expression = column.quantile(QUANTILE, "nearest").cast(pl.Float64)
        bounds = check["quantiles"][0]
    else:
        expression = column.mean() if check["statistic"] == "mean" else column.std()
        bounds = values(check)
    return lambda data: bounds["min"] <= data.lazyframe.select(expression).collect().item() <= bounds["max"]


def columns(expectation):
    """The columns that an expectation reads."""
    ((_, check),) = expectation["check"].items()
    found = [check[key] for key in ("column", "left", "right") if key in check] + check.get("columns", [])
    for part in expectation.get("where", {}).values():
        found.append(part["column"])
    return found


def great_expectations(path, suite):
    """A suite over a data frame of pandas; results with counts and a few values."""
    import great_expectations as gx
    import great_expectations.expectations as gxe
    import pandas as pd

    needed = sorted({c for e in suite["expectations"] for c in columns(e)})
    frame = pd.read_parquet(path, columns=needed)
    # Decimals are objects to pandas, which Great Expectations compares with no number.
    frame["unit_price"] = frame["unit_price"].astype(float)
    frame["delivery_date"] = pd.to_datetime(frame["delivery_date"])
    context = gx.get_context(mode="ephemeral")
    asset = context.data_sources.add_pandas("bench").add_dataframe_asset("orders")
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})
    theirs = gx.ExpectationSuite("orders")
    for expectation in suite["expectations"]:
        theirs.add_expectation(great_expectation(gxe, expectation))
    result = batch.validate(theirs, result_format="SUMMARY")
    counts = {}
    for one in result.results:
        found = one.result
        if "unexpected_count" in found:
            counts[one.expectation_config.meta["id"]] = found["unexpected_count"]
        if one.exception_info.get("raised_exception"):
            sys.exit(f"{one.expectation_config.meta['id']}: {one.exception_info}")
    return counts


def great_expectation(gxe, expectation):
    import pandas as pd

    ((kind, check),) = expectation["check"].items()
    common = {"meta": {"id": expectation["id"]}}
    if "mostly" in expectation:
        common["mostly"] = expectation["mostly"]
    if "where" in expectation:
        common["condition_parser"] = "pandas"
        where = expectation["where"]
        if "in" in where:
            common["row_condition"] = f'{where["in"]["column"]} in {values(where["in"])}'
        else:
            (value,) = where["compare"]["value"]["strings"]
            common["row_condition"] = f'{where["compare"]["column"]} != "{value}"'
    column = {"column": check.get("column"), **common}
    if kind == "not_null":
        return gxe.ExpectColumnValuesToNotBeNull(**column)
    if kind == "unique" and len(check["columns"]) == 1:
        return gxe.ExpectColumnValuesToBeUnique(column=check["columns"][0], **common)
    if kind == "unique":
        return gxe.ExpectCompoundColumnsToBeUnique(column_list=check["columns"], **common)
    if kind == "in_set":
        return gxe.ExpectColumnValuesToBeInSet(value_set=values(check), **column)
    if kind == "between":
        (family,) = check["bounds"]
        read = {"decimals": float, "dates": pd.Timestamp, "timestamps": pd.Timestamp}.get(family, lambda x: x)
        bounds = {f"{end}_value": read(values(check)[end]) for end in ("min", "max")}
        return gxe.ExpectColumnValuesToBeBetween(**bounds, **column)
    if kind == "matches":
        return gxe.ExpectColumnValuesToMatchRegex(regex=check["patterns"][0], **column)
    if kind == "not_matches":
        return gxe.ExpectColumnValuesToNotMatchRegex(regex=check["patterns"][0], **column)
    if kind == "length":
        return gxe.ExpectColumnValueLengthsToBeBetween(min_value=check["min"], max_value=check["max"], **column)
    if kind == "compare":
        return gxe.ExpectColumnPairValuesAToBeGreaterThanB(
            column_A=check["left"], column_B=check["right"], or_equal=True, ignore_row_if="either_value_is_missing", **common
        )
    if kind == "row_count":
        return gxe.ExpectTableRowCountToBeBetween(min_value=check["min"], max_value=check["max"], **common)
    if kind == "quantile":
        (wanted,) = check["quantiles"]
        ranges = {"quantiles": [wanted["p"]], "value_ranges": [[wanted["min"], wanted["max"]]]}
        return gxe.ExpectColumnQuantileValuesToBeBetween(quantile_ranges=ranges, **column)
    number = {"mean": gxe.ExpectColumnMeanToBeBetween, "stdev": gxe.ExpectColumnStdevToBeBetween}[check["statistic"]]
    return number(min_value=values(check)["min"], max_value=values(check)["max"], **column)


def main():
    name, path = sys.argv[1], sys.argv[2]
    suite = None
    if len(sys.argv) > 3:
        with open(sys.argv[3]) as file:
            suite = json.load(file)
    ways = (decode, polars, pandera, great_expectations, reasons)
    (way,) = (way for way in ways if way.__name__ == name)
    print(json.dumps(way(path, suite)))


main()
