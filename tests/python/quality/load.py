"""Loads the judge's tables into BigQuery, each with the types that its columns are meant to have.

    load.py URL DATASET DIRECTORY
"""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

TYPES = {
    "int": "INT64", "small": "INT64", "huge": "INT64", "float": "FLOAT64", "wild": "FLOAT64", "single": "FLOAT64",
    "decimal": "NUMERIC", "precise": "NUMERIC", "bool": "BOOL", "text": "STRING", "code": "STRING", "date": "DATE",
    "civil": "DATETIME", "instant": "TIMESTAMP", "zoned": "TIMESTAMP", "time": "TIME", "binary": "BYTES",
}  # fmt: skip


def main():
    url, dataset, directory = sys.argv[1:]
    options = ClientOptions(api_endpoint=url)
    client = bigquery.Client(project="test-project", credentials=AnonymousCredentials(), client_options=options)
    made = bigquery.Dataset(f"test-project.{dataset}")
    made.location = "EU"
    client.create_dataset(made, exists_ok=True)

    def load(path):
        about = json.loads(path.read_text())["meta"]["table"]
        config = bigquery.LoadJobConfig(
            source_format="PARQUET",
            schema=[bigquery.SchemaField(name, TYPES[kind]) for name, kind in about["kinds"].items()],
            write_disposition="WRITE_TRUNCATE",
        )
        name = path.name.removesuffix(".suite.json")
        with open(path.parent / f"{name}.parquet", "rb") as file:
            done = client.load_table_from_file(file, f"test-project.{dataset}.{name}", job_config=config).result()
        assert done.output_rows == about["rows"], (name, done.output_rows, about["rows"])

    paths = sorted(Path(directory).glob("*.suite.json"))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(load, paths))
    print(json.dumps({"loaded": len(paths)}))


main()
