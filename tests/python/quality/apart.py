"""Rows that `headwater quality run --quarantine` sets apart, judged by plain Python.

usage: apart.py make DIRECTORY   writes data.parquet, data.csv, suite.json
       apart.py check DIRECTORY  holds what was set apart against the data, value by value: of data.parquet both files, and
                                 quarantine alone; of data.csv the quarantine
"""

import json
import random
import re
import sys
from collections import Counter
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

ROWS, GROUP = 6_000, 500
STATUSES = ["new", "paid", "cancelled"]

SCHEMA = pa.schema(
    [
        pa.field("row", pa.int64(), nullable=False),
        ("id", pa.int32()),
        ("customer", pa.int64()),
        ("line", pa.string()),
        ("status", pa.string()),
        ("quantity", pa.int16()),
        ("price", pa.decimal128(12, 2)),
        ("at", pa.timestamp("us", "UTC")),
        ("shipped", pa.timestamp("us", "UTC")),
        ("tags", pa.list_(pa.string())),
        ("address", pa.struct([("city", pa.string()), ("zip", pa.int32())])),
        ("raw", pa.binary()),
        ("kind", pa.dictionary(pa.int32(), pa.string())),
    ]
)


def record(rng, row):
    at = datetime(2026, 1, 1, tzinfo=timezone.utc) + timedelta(minutes=row)
    return {
        "row": row,
        "id": row,
        "customer": row // 3,
        "line": f"line-{row % 3}",
        "status": STATUSES[row % 3],
        "quantity": 1 + row % 100,
        "price": Decimal(rng.randrange(1, 100_000)) / 100,
        "at": at,
        "shipped": None if row % 7 == 0 else at + timedelta(hours=1),
        "tags": None if row % 11 == 0 else [f"t{row % 4}"] * (row % 3),
        "address": None if row % 13 == 0 else {"city": f"city {row % 9}", "zip": row},
        "raw": bytes([row % 256]) * (row % 5),
        "kind": f"kind {row % 2}",
    }


def records():
    """Rows, the defects of which lie in some row groups and not in others."""
    rng = random.Random(11)
    rows = [record(rng, row) for row in range(ROWS)]
    # In the first group, at the ends of groups, and across groups; a value three times, and no value twice.
    for one, other in [(3, 4), (499, 500), (10, 5_999), (10, 2_700)]:
        rows[other]["id"] = rows[one]["id"]
    rows[20]["id"] = rows[21]["id"] = None
    for one, other in [(1_500, 1_501), (1_502, 4_000)]:
        rows[other]["customer"], rows[other]["line"] = rows[one]["customer"], rows[one]["line"]
    rows[1_503]["customer"] = rows[1_504]["customer"] = None
    for row in (3, 700, 2_999, 3_000):
        rows[row]["status"] = "lost"
    for row in (4, 1_506, 1_507, 1_508):
        rows[row]["quantity"] = 0
    rows[4_001]["shipped"] = rows[4_001]["at"] - timedelta(days=1)
    rows[4_002]["shipped"], rows[4_002]["at"] = rows[4_002]["at"], None
    for row in range(4_100, 4_400):
        rows[row]["price"] = Decimal("0.00")
    rows[4_200]["price"] = None
    return rows


def expectation(check, **more):
    return {"check": check, "on_fail": "quarantine", **more}


SUITE = {
    "api_version": "headwater.dev/quality/v1",
    "name": "orders",
    "expectations": [
        expectation({"not_null": {"column": "id"}}),
        expectation({"unique": {"columns": ["id"]}}),
        expectation({"unique": {"columns": ["customer", "line"]}}, id="line_unique"),
        expectation({"in_set": {"column": "status", "values": {"strings": STATUSES}}}),
        expectation(
            {"between": {"column": "quantity", "bounds": {"ints": {"min": 1, "max": 100}}}},
            id="quantity",
            where={"compare": {"column": "status", "op": "!=", "value": {"strings": ["cancelled"]}}},
        ),
        expectation({"compare": {"left": "shipped", "op": ">=", "right": "at"}}, id="shipped_later"),
        expectation({"between": {"column": "price", "bounds": {"decimals": {"min": "0.01"}}}}, id="price", mostly=0.5),
        # These set nothing apart: one is only recorded, the other would fail the run.
        {"check": {"matches": {"column": "line", "patterns": ["-0$"]}}, "on_fail": "record"},
        {"check": {"length": {"column": "status", "max": 4}}, "mostly": 0.1},
    ],
}


def reasons(rows):
    """Of each row, the expectations that it is against."""
    ids = Counter(r["id"] for r in rows if r["id"] is not None)
    lines = Counter((r["customer"], r["line"]) for r in rows if r["customer"] is not None and r["line"] is not None)
    for r in rows:
        found = {
            "not_null.id": r["id"] is None,
            "unique.id": ids[r["id"]] > 1,
            "line_unique": lines[r["customer"], r["line"]] > 1,
            "in_set.status": r["status"] not in STATUSES,
            "quantity": r["status"] != "cancelled" and not 1 <= r["quantity"] <= 100,
            "shipped_later": r["shipped"] is not None and r["at"] is not None and r["shipped"] < r["at"],
            "price": r["price"] is not None and r["price"] < Decimal("0.01"),
        }
        yield [name for name, against in found.items() if against]


def make(directory):
    table = pa.Table.from_pylist(records(), schema=SCHEMA)
    # Pages of few rows, so that some are skipped and others are read in part.
    pq.write_table(table, directory / "data.parquet", row_group_size=GROUP, data_page_size=512, compression="zstd")
    flat = table.drop_columns(["tags", "address", "raw"])
    flat = flat.set_column(flat.schema.get_field_index("kind"), "kind", flat["kind"].cast(pa.string()))
    pa.csv.write_csv(flat, directory / "data.csv")
    (directory / "suite.json").write_text(json.dumps(SUITE))


def check(directory):
    rows = records()
    expected = [(row, why) for row, why in zip(rows, reasons(rows))]
    apart = [(row, why) for row, why in expected if why]
    others = [row for row, why in expected if not why]
    assert 300 < len(apart) < 400 and len({tuple(why) for _, why in apart}) > 6, Counter(tuple(w) for _, w in apart)

    for name in ("quarantine.parquet", "alone.parquet"):
        found = pq.read_table(directory / name)
        assert found.schema.remove(len(SCHEMA)).equals(SCHEMA), found.schema
        assert found.schema.field(len(SCHEMA)).equals(
            pa.field("_headwater_reasons", pa.list_(pa.field("element", pa.string(), nullable=False)), nullable=False)
        ), found.schema
        compare(name, [(r, r.pop("_headwater_reasons")) for r in found.to_pylist()], apart)
    accepted = pq.read_table(directory / "accepted.parquet")
    assert accepted.schema.equals(SCHEMA), accepted.schema
    compare("accepted.parquet", accepted.to_pylist(), others)
    # Of CSV, the columns' types are guessed: the rows and their reasons are the same.
    of_csv = pq.read_table(directory / "of_csv.parquet").to_pylist()
    compare("of_csv.parquet", [(r["row"], r["_headwater_reasons"]) for r in of_csv], [(r["row"], w) for r, w in apart])
    left = [path.name for path in directory.iterdir() if re.search(r"\.new$", path.name)]
    assert not left, left
    print(json.dumps({"apart": len(apart), "others": len(others)}))


def compare(name, found, expected):
    assert len(found) == len(expected), (name, len(found), len(expected))
    for one, other in zip(found, expected):
        assert one == other, (name, one, other)


{"make": make, "check": check}[sys.argv[1]](Path(sys.argv[2]))
