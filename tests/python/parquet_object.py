"""Writes a Parquet object into a bucket for tests of tools that cannot: parquet_object.py URL BUCKET NAME."""

import datetime as dt
import io
import os
import sys
from decimal import Decimal

os.environ["STORAGE_EMULATOR_HOST"] = sys.argv[1]

import pyarrow as pa
import pyarrow.parquet as pq
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage

from checks import PROJECT

table = pa.table(
    {
        "id": pa.array([10, 11], pa.int64()),
        "name": pa.array(["parquet 🌊", None], pa.string()),
        "amount": pa.array([Decimal("0.000000001"), None], pa.decimal128(38, 9)),
        "at": pa.array([dt.datetime(2024, 2, 29, 12, 0, 0, 1), None], pa.timestamp("us", tz="UTC")),
    }
)
sink = io.BytesIO()
pq.write_table(table, sink)
client = storage.Client(project=PROJECT, credentials=AnonymousCredentials())
client.create_bucket(sys.argv[2], location="EU").blob(sys.argv[3]).upload_from_string(sink.getvalue())
