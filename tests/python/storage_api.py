"""What the scripts for google-cloud-bigquery-storage share: clients on a channel without TLS, and reading a session."""

import grpc
from google.cloud import bigquery_storage_v1 as storage
from google.cloud.bigquery_storage_v1 import types
from google.cloud.bigquery_storage_v1.services.big_query_read.transports import BigQueryReadGrpcTransport
from google.cloud.bigquery_storage_v1.services.big_query_write.transports import BigQueryWriteGrpcTransport

from checks import PROJECT
from warehouse import URL

CHANNEL = grpc.insecure_channel(
    URL.removeprefix("http://"),
    options=[("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)],
)
READ = storage.BigQueryReadClient(transport=BigQueryReadGrpcTransport(channel=CHANNEL))
WRITE = storage.BigQueryWriteClient(transport=BigQueryWriteGrpcTransport(channel=CHANNEL))
ARROW, AVRO = types.DataFormat.ARROW, types.DataFormat.AVRO


def path(table):
    """The name of `dataset.table` in the Storage APIs."""
    dataset, name = table.split(".")
    return f"projects/{PROJECT}/datasets/{dataset}/tables/{name}"


def session(table, data_format=ARROW, streams=1, least=0, **options):
    """A new read session of a table with these read options."""
    wanted = types.ReadSession(table=path(table), data_format=data_format, read_options=options)
    request = types.CreateReadSessionRequest(
        parent=f"projects/{PROJECT}", read_session=wanted, max_stream_count=streams, preferred_min_stream_count=least
    )
    return READ.create_read_session(request=request)


def responses(stream, offset=0):
    """The answers of ReadRows, without the client's own resumption."""
    return list(READ._transport.read_rows(types.ReadRowsRequest(read_stream=stream, offset=offset)))
