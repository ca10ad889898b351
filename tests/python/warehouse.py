"""What the scripts for google-cloud-bigquery share: the client, a dataset, and reading a table's rows."""

import sys
from decimal import Decimal  # noqa: F401 (for the scripts)

from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from checks import PROJECT

URL = sys.argv[1]
CLIENT = bigquery.Client(
    project=PROJECT, credentials=AnonymousCredentials(), client_options=ClientOptions(api_endpoint=URL)
)
FIELD = bigquery.SchemaField


def dataset(name):
    """A new dataset in the location of the tests."""
    new = bigquery.Dataset(f"{PROJECT}.{name}")
    new.location = "EU"
    return CLIENT.create_dataset(new)


def rows(table, order="id"):
    """A table's rows as dicts, by a query."""
    found = CLIENT.query_and_wait(f"SELECT * FROM `{table}` ORDER BY {order}")
    return [dict(row) for row in found]


def column_types(table):
    """Name and type of each column, as the API gives them."""
    return [(field.name, field.field_type) for field in CLIENT.get_table(table).schema]

