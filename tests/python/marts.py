"""Every Salesforce mart in BigQuery, compared row by row and value by value with a second implementation (marts_definitions).

    marts.py --endpoint URL --project P --raw D --marts D [--staging D] [--as-of T] [--variables FILE] [--corrupt]

`--variables`: the compilation's variables as a JSON object; `--as-of` stands above them. `--corrupt` changes one value of what was
read of each mart, which must be noticed. Prints a line of JSON; ends with 1 if anything differs. Averages may differ by 1e-9 of
themselves; everything else must be equal, and of the type that the table has.
"""

import argparse
import json
import os
import sys
import time
from decimal import Decimal

import grpc
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery
from google.cloud.bigquery_storage_v1 import BigQueryReadClient
from google.cloud.bigquery_storage_v1.services.big_query_read.transports import BigQueryReadGrpcTransport

from marts_definitions import Org, compute

SHOWN = 5
TOLERANCE = 1e-9


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    variable = lambda name, otherwise=None: os.environ.get(name, otherwise)
    parser.add_argument("--endpoint", default=variable("HEADWATER_ENDPOINT"), help="the local cloud")
    parser.add_argument("--project", default=variable("HEADWATER_PROJECT"))
    parser.add_argument("--raw", default="salesforce_raw")
    parser.add_argument("--marts", default="salesforce_marts")
    parser.add_argument("--staging", default="salesforce_staging")
    parser.add_argument("--as-of", default=None, help="the variable as_of")
    parser.add_argument("--variables", default=None, help="a file with the compilation's variables")
    parser.add_argument("--corrupt", action="store_true", help="change a value of each mart that was read")
    given = parser.parse_args()
    if not given.endpoint or not given.project:
        parser.error("--endpoint and --project, or HEADWATER_ENDPOINT and HEADWATER_PROJECT, must be given")
    return given


class Warehouse:
    """Reads whole tables through the Storage API."""

    def __init__(self, endpoint, project):
        self.project = project
        self.client = bigquery.Client(
            project=project, credentials=AnonymousCredentials(), client_options=ClientOptions(api_endpoint=endpoint)
        )
        channel = grpc.insecure_channel(
            endpoint.removeprefix("http://"), options=[("grpc.max_receive_message_length", -1)]
        )
        self.storage = BigQueryReadClient(transport=BigQueryReadGrpcTransport(channel=channel))

    def tables(self, dataset):
        return {table.table_id for table in self.client.list_tables(f"{self.project}.{dataset}")}

    def table(self, dataset, name, fields=None):
        table = self.client.get_table(f"{self.project}.{dataset}.{name}")
        selected = fields and [field for field in table.schema if field.name in fields]
        return self.client.list_rows(table, selected_fields=selected).to_arrow(bqstorage_client=self.storage)

    def keys(self, dataset, view, column):
        found = self.client.query(f"SELECT {column} FROM `{self.project}.{dataset}.{view}`")
        return sorted(found.to_arrow(bqstorage_client=self.storage).column(0).to_pylist())


def frame(table):
    """An Arrow table as a pandas frame of Python's objects."""
    return pd.DataFrame({name: pd.Series(table[name].to_pylist(), dtype=object) for name in table.column_names})


def unequal(have, expected):
    """Which rows of two columns differ; nothing equals nothing."""
    same = pc.equal(have, expected)
    if pa.types.is_floating(have.type):
        close = pc.less_equal(pc.abs(pc.subtract(have, expected)), pc.multiply(pc.abs(expected), TOLERANCE))
        same = pc.or_(same, close)
    both_null = pc.and_(have.is_null(), expected.is_null())
    return pc.invert(pc.or_(pc.fill_null(same, False), both_null))


def ordered(table, key):
    return table.take(pc.sort_indices(table, sort_keys=[(name, "ascending") for name in key]))


def differences(have, columns, key):
    """How many values differ between what BigQuery has and {column: values}, and the first of them."""
    absent = sorted(set(columns) ^ set(have.column_names))
    if absent:
        return len(absent), [f"a column is on one side only: {name}" for name in absent]
    arrays = {
        name: pa.array(columns[name], type=have.schema.field(name).type, from_pandas=True) for name in have.column_names
    }
    expected = ordered(pa.table(arrays), key)
    have = ordered(have, key)
    if have.select(key).to_pydict() != expected.select(key).to_pydict():
        return keys_differ(have.select(key).to_pylist(), expected.select(key).to_pylist())
    count, first = 0, []
    for name in have.column_names if have.num_rows else []:
        against = unequal(have[name].combine_chunks(), expected[name].combine_chunks())
        wrong = pc.sum(against).as_py() or 0
        count += wrong
        if wrong and len(first) < SHOWN:
            at = pc.index(against, True).as_py()
            where = [str(have[part][at]) for part in key]
            first.append(f"{name} of {where}, one of {wrong}: have {have[name][at]}, expected {expected[name][at]}")
    return count, first


def keys_differ(have, expected):
    """Rows that are on one side only."""
    here, there = ({tuple(row.values()) for row in rows} for rows in (have, expected))
    more, less = sorted(here - there, key=str), sorted(there - here, key=str)
    count = len(more) + len(less) + abs(len(have) - len(here))
    return count, [f"only in BigQuery: {key}" for key in more[:SHOWN]] + [f"missing: {key}" for key in less[:SHOWN]]


def corrupted(table):
    """The table with another value in its middle row: of its last decimal, or else of its last column."""
    decimals = [field.name for field in table.schema if pa.types.is_decimal(field.type)]
    name = (decimals or table.column_names)[-1]
    values = table[name].to_pylist()
    at = len(values) // 2
    values[at] = (values[at] or 0) + Decimal("1e-9") if decimals else None
    place = table.schema.get_field_index(name)
    return table.set_column(place, name, pa.array(values, type=table.schema.field(name).type))


STAGING = {
    "Account": "account",
    "Contact": "contact",
    "Event": "event",
    "Lead": "lead",
    "Opportunity": "opportunity",
    "OpportunityLineItem": "opportunity_line_item",
    "OpportunityFieldHistory": "opportunity_history",
    "Product2": "product_2",
    "Task": "task",
    "User": "user",
    "UserRole": "user_role",
}
HAPPENS = {"Event", "Lead", "Opportunity", "OpportunityLineItem", "Task"}


def main():
    given, began = arguments(), time.monotonic()
    variables = {}
    if given.variables:
        with open(given.variables, encoding="utf-8") as file:
            variables = json.load(file)
    if given.as_of:
        variables["as_of"] = given.as_of
    warehouse = Warehouse(given.endpoint, given.project)
    there = warehouse.tables(given.raw)
    there -= {name for name, model in STAGING.items() if variables.get(f"{model}_enabled") == "false"}
    read = lambda name, fields: frame(warehouse.table(given.raw, name, fields)) if name in there else None
    org = Org(read, variables)
    report, problems = {"marts": {}, "staging": {}}, []
    for name, (columns, key) in compute(org).items():
        have = warehouse.table(given.marts, f"salesforce__{name}")
        if given.corrupt:
            have = corrupted(have)
        count, first = differences(have, dict(columns.items()), key)
        report["marts"][name] = {"rows": have.num_rows, "columns": have.num_columns, "differences": count}
        problems += [f"{name}: {text}" for text in first]
    for object_name, name in STAGING.items():
        if org.has(object_name):
            have = warehouse.keys(given.staging, f"stg_salesforce__{name}", f"{name}_id")
            expected = sorted(org.table(object_name, happened=object_name in HAPPENS)["Id"])
            report["staging"][name] = {"rows": len(have), "differences": int(have != expected)}
            problems += [f"staging {name}: {len(have)} rows, expected {len(expected)}"] if have != expected else []
    every = [*report["marts"].values(), *report["staging"].values()]
    report["rows"] = sum(mart["rows"] for mart in report["marts"].values())
    report["values"] = sum(mart["rows"] * mart["columns"] for mart in report["marts"].values())
    report["differences"] = sum(part["differences"] for part in every)
    report["unnoticed"] = [name for name, mart in report["marts"].items() if given.corrupt and mart["differences"] == 0]
    report["seconds"] = round(time.monotonic() - began, 1)
    print(json.dumps(report))
    for text in problems:
        print(text, file=sys.stderr)
    sys.exit(1 if report["differences"] else 0)


if __name__ == "__main__":
    main()
