"""What a stream of Salesforce's changes wrote, compared with the org: its events read by grpcio and fastavro, its records as it
exports them, the tables read by google-cloud-bigquery.

Every change of the org has to be in the changelog, once and with the values that its event told; the rest of the changelog is
the snapshot, in which each record is as it was at some time since it was noted. The current table has to be the org's records
as they are now.
"""

import datetime as dt
import json
import time
import urllib.request
from collections import defaultdict
from decimal import Decimal

from eventbus import URL, control, decoded, events, schema

UTC = dt.timezone.utc
EPOCH = dt.datetime(1970, 1, 1, tzinfo=UTC)
SYSTEM = {"Id", "IsDeleted"}
SHOWN = 25


# The org


def export(entity, deleted=False):
    """The records by id, with the values that they have."""
    with urllib.request.urlopen(f"{URL}/_control/export?object={entity}&all={str(deleted).lower()}") as answer:
        rows = (json.loads(line) for line in answer)
        return {row["Id"]: {name: value for name, value in row.items() if value not in (None, "")} for row in rows}


def entities():
    return [member["object"] for member in control("events", {})["members"]]


def flat(compound, part):
    """The name that a part of a compound field has by itself: BillingAddress.City is BillingCity, Name.LastName is LastName."""
    return part if compound == "Name" else compound.removesuffix("Address") + part


def fields_of(schema_json):
    """The fields of an event by their place; those of compound ones by the place in them."""
    records, fields = {}, []
    for field in schema_json["fields"]:
        kinds = field["type"] if isinstance(field["type"], list) else [field["type"]]
        of = None
        for kind in kinds:
            if isinstance(kind, dict) and kind["type"] == "record":
                records[kind["name"]] = kind
            kind = records.get(kind, kind) if isinstance(kind, str) else kind
            if isinstance(kind, dict) and kind["type"] == "record":
                of = [part["name"] for part in kind["fields"]]
        fields.append((field["name"], of))
    return fields


def named(maps, fields):
    """The fields that bit maps name."""
    out = set()
    for entry in maps:
        parent, _, bits = entry.rpartition("-")
        for at, bit in enumerate(reversed(bin(int(bits, 16))[2:])):
            if bit == "1":
                name, parts = fields[int(parent) if parent else at]
                out.add(flat(name, parts[at]) if parent else name)
    return out


class Change:
    """One record's part of an event."""

    __slots__ = ("kind", "at", "transaction", "origin", "user", "changed", "nulled", "diffs", "values")

    def __init__(self, header, fields, values):
        self.kind, self.at = header["changeType"], EPOCH + dt.timedelta(milliseconds=header["commitTimestamp"])
        self.transaction, self.origin, self.user = header["transactionKey"], header["changeOrigin"], header["commitUser"]
        self.changed, self.nulled, self.diffs = (named(header[name], fields) for name in ("changedFields", "nulledFields", "diffFields"))
        self.values = values


def history():
    """The changes by entity, record and (commit number, sequence number); and how many events told them."""
    changes = defaultdict(lambda: defaultdict(dict))
    known, count = {}, control("events", {})["events"]
    said = time.monotonic()
    for number, received in enumerate(events("/data/ChangeEvents", count, timeout=3600)):
        schema_id = received.event.schema_id
        fields = known.get(schema_id) or known.setdefault(schema_id, fields_of(schema(schema_id)))
        event = decoded(received.event)
        header = event.pop("ChangeEventHeader")
        values = {}
        for name, value in event.items():
            if isinstance(value, dict):
                values |= {flat(name, part): v for part, v in value.items() if v is not None}
            elif value is not None:
                values[name] = value
        change = Change(header, fields, values)
        for record in header["recordIds"]:
            key = (header["commitNumber"], header["sequenceNumber"])
            of = changes[header["entityName"]][record]
            assert key not in of, f"{record} changed twice at {key}"
            of[key] = change
        if time.monotonic() - said > 5:
            said = time.monotonic()
            print(f"    {number + 1} of {count} events read", flush=True)
    return changes, count


# Values, as the table's column has them


def told(kind, value):
    """The value of an event."""
    if value is None:
        return None
    if kind in ("NUMERIC", "BIGNUMERIC"):
        return Decimal(repr(value))
    if kind == "TIMESTAMP":
        return EPOCH + dt.timedelta(milliseconds=value)
    if kind == "DATE":
        return (EPOCH + dt.timedelta(milliseconds=value)).date()
    if kind == "TIME":
        return (EPOCH + dt.timedelta(milliseconds=value)).time()
    return value


def held(kind, value):
    """The value of a record as the org exports it; its decimals travel as doubles."""
    if value is None:
        return None
    if kind in ("NUMERIC", "BIGNUMERIC"):
        return Decimal(repr(float(value)))
    if kind == "TIMESTAMP":
        return dt.datetime.fromisoformat(value)
    if kind == "DATE":
        return dt.date.fromisoformat(value)
    if kind == "TIME":
        return dt.time.fromisoformat(value.removesuffix("Z"))
    return int(value) if kind in ("INTEGER", "INT64") else value


# The tables


class Tables:
    def __init__(self, cloud, project, dataset):
        import grpc
        from google.api_core.client_options import ClientOptions
        from google.auth.credentials import AnonymousCredentials
        from google.cloud import bigquery
        from google.cloud import bigquery_storage_v1 as storage
        from google.cloud.bigquery_storage_v1.services.big_query_read.transports import BigQueryReadGrpcTransport

        self.dataset = f"{project}.{dataset}"
        self.client = bigquery.Client(project, AnonymousCredentials(), client_options=ClientOptions(api_endpoint=cloud))
        channel = grpc.insecure_channel(cloud.removeprefix("http://"), options=[("grpc.max_receive_message_length", -1)])
        self.read = storage.BigQueryReadClient(transport=BigQueryReadGrpcTransport(channel=channel))

    def columns(self, table):
        return {field.name: field.field_type for field in self.client.get_table(f"{self.dataset}.{table}").schema}

    def rows(self, table):
        """A table's rows. Of BIGNUMERIC, Arrow has more digits than Decimal shows: the value is the same."""
        found = self.client.list_rows(f"{self.dataset}.{table}")
        for batch in found.to_arrow_iterable(bqstorage_client=self.read):
            yield from batch.to_pylist()


class Differences:
    def __init__(self):
        self.count = 0

    def add(self, *what):
        self.count += 1
        if self.count <= SHOWN:
            print("    differs:", *what, flush=True)


def patched(before, difference):
    """A long text after a unified difference."""
    lines = before.splitlines()
    body = difference.splitlines()[3:]
    at = int(difference.splitlines()[2].split()[1].split(",")[0].lstrip("-")) - 1
    gone = [line[1:] for line in body if line[:1] == "-"]
    assert lines[at : at + len(gone)] == gone, "a difference is not one to the text before it"
    return "\n".join(lines[:at] + [line[1:] for line in body if line[:1] == "+"] + lines[at + len(gone) :])


def lived(baseline, changes):
    """A record's states: as it was noted, and after each of its changes; `None` while it is not there."""
    state = dict(baseline) if baseline is not None else None
    memory = state
    states = [state]
    for key in sorted(changes):
        change = changes[key]
        if change.kind == "DELETE":
            memory, state = state or memory, None
        elif change.kind in ("CREATE", "UNDELETE"):
            state = dict(change.values)
        else:
            state = dict(state or memory or {})
            for name, value in change.values.items():
                state[name] = patched(state.get(name, ""), value) if name in change.diffs else value
            for name in change.nulled:
                state.pop(name, None)
        states.append(state)
    return states


def same_text(a, b):
    return a == b or (isinstance(a, str) and isinstance(b, str) and a.splitlines() == b.splitlines())


def compare(tables, entity, baseline, changes, soft, differ):
    columns = {name: kind for name, kind in tables.columns(f"{entity}_changes").items() if not name.startswith("_")}
    own = [name for name in columns if name not in SYSTEM]
    noted = {id: {n: held(columns[n], row.get(n)) for n in own if row.get(n) is not None} for id, row in baseline.items()}
    for of in changes.values():
        for change in of.values():
            change.values = {n: told(columns[n], v) if n not in change.diffs else v for n, v in change.values.items() if n in columns}
    states = {id: lived(noted.get(id), changes.get(id, {})) for id in noted.keys() | changes.keys()}
    left = {(id, *key) for id, of in changes.items() for key in of}
    snapshot, rows, seen = set(), 0, set()
    for row in tables.rows(f"{entity}_changes"):
        rows += 1
        id, kind = row["_record_id"], row["_operation"]
        key = (id, row["_commit_number"], row["_sequence_number"])
        where = f"{entity}_changes {key} {kind}"
        if key in seen:
            differ.add(where, "is there twice")
        seen.add(key)
        if row["Id"] != id:
            differ.add(where, "has the Id", row["Id"])
        values = {name: row[name] for name in own if row[name] is not None}
        if kind == "SNAPSHOT":
            snapshot.add(id)
            if row["_commit_number"] != 0 or row.get("IsDeleted", False) is not False:
                differ.add(where, "is no row of a snapshot")
            if values not in [state for state in states.get(id, []) if state is not None]:
                differ.add(where, "never was like that:", values)
            continue
        if key not in left:
            differ.add(where, "was never told")
            continue
        left.remove(key)
        change = changes[id][key[1:]]
        told_of = (change.kind, change.at, change.transaction, change.origin, change.user)
        has = tuple(row[name] for name in ("_operation", "_commit_timestamp", "_transaction_key", "_origin", "_commit_user"))
        if has != told_of:
            differ.add(where, has, "instead of", told_of)
        # What cannot be deleted, such as a user, has no such column.
        if "IsDeleted" in row and row["IsDeleted"] is not {"UPDATE": None, "DELETE": True}.get(kind, False):
            differ.add(where, "has IsDeleted", row["IsDeleted"])
        if kind == "UPDATE":
            if set(row["_changed_fields"]) - SYSTEM != change.changed & set(own):
                differ.add(where, row["_changed_fields"], "changed instead of", change.changed)
            if set(row["_nulled_fields"]) != change.nulled & set(own):
                differ.add(where, row["_nulled_fields"], "nulled instead of", change.nulled)
        for name in values.keys() | change.values.keys():
            expected = change.values.get(name)
            if name in change.diffs:
                # A difference is completed from the record, which may have changed again by then.
                later = [state.get(name) for state in states[id] if state is not None]
                good = any(same_text(values.get(name), text) for text in later)
            else:
                good = values.get(name) == expected
            if not good:
                differ.add(where, name, values.get(name), "instead of", expected)
    for key in sorted(left)[:SHOWN]:
        differ.add(f"{entity}_changes", key, "is missing")
    differ.count += max(0, len(left) - SHOWN)
    for id in snapshot - states.keys():
        differ.add(entity, id, "is in the snapshot and never was")
    for id in states.keys() - snapshot:
        if all(state is not None for state in states[id]):
            differ.add(entity, id, "was there all the time and is not in the snapshot")
    known = snapshot | {id for id, of in changes.items() if any(c.kind in ("CREATE", "UNDELETE") for c in of.values())}
    current = check_current(tables, entity, states, changes, known, soft, differ)
    return len(seen) - len(snapshot), len(snapshot), current


def check_current(tables, entity, states, changes, known, soft, differ):
    """`known`: records of which something told all; of others a deletion leaves an id."""
    columns = tables.columns(entity)
    own = [name for name in columns if not name.startswith("_") and name not in SYSTEM]
    now = export(entity, deleted=True)
    rows, found = 0, set()
    for row in tables.rows(entity):
        rows += 1
        id, where = row["_record_id"], f"{entity} {row['_record_id']}"
        if id in found:
            differ.add(where, "is there twice")
        found.add(id)
        record = now.get(id)
        if record is None:
            differ.add(where, "is not in the org")
            continue
        deleted = record.get("IsDeleted", False)
        if deleted and not soft:
            differ.add(where, "is there though it was deleted")
        if (row["_deleted"], row.get("IsDeleted", deleted), row["Id"]) != (deleted, deleted, id):
            differ.add(where, "has", row["_deleted"], row.get("IsDeleted"), row["Id"], "and is deleted:", deleted)
        at = max(changes.get(id, {}), default=(0, 0))
        if (row["_commit_number"], row["_sequence_number"]) != at:
            differ.add(where, "stands at", row["_commit_number"], row["_sequence_number"], "instead of", at)
        # The platform's stamps of a deletion are told by no event.
        untold = {"LastModifiedDate", "LastModifiedById"} if deleted else set()
        for name in own if id in known else []:
            expected = held(columns[name], record.get(name))
            if row[name] != expected and name not in untold:
                differ.add(where, name, row[name], "instead of", expected)
            last = states[id][-1]
            if last is not None and not same_text(last.get(name), expected):
                differ.add(where, name, "is told to be", last.get(name), "and is", expected, "in the org itself")
    for id, record in now.items():
        if id not in found and (not record.get("IsDeleted") or (soft and id in changes)):
            differ.add(entity, id, "is missing")
    return rows
