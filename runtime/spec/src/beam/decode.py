# The messages of a stream as rows of its changelogs, and those that are none as dead letters. What is read how, and what is
# refused with which words, is as in the applier of `runtime/stream`; a test holds the two together.
import base64
import binascii
import datetime
import json
import re

import apache_beam as beam
from apache_beam.typehints.row_type import RowTypeConstraint


class Poison(Exception):
    def __init__(self, code, reason):
        super().__init__(reason)
        self.code, self.reason = code, reason


def malformed(reason):
    return Poison("malformed", reason)


def incomplete(what):
    return Poison("incomplete", "the message has no " + what)


# JSON, whose values keep the text that they came in: no digit of a number is lost.
def no_constant(text):
    raise ValueError(text)


class Number(str):
    pass


def parsed(text):
    try:
        return json.loads(text, parse_int=Number, parse_float=Number, parse_constant=no_constant)
    except (ValueError, RecursionError):
        raise malformed("the message is not the expected JSON") from None


BLANK = re.compile(r"[ \t\n\r]*")


def members(text):
    # The members of an object that was parsed before, each with its text; None when it is no object.
    decoder = json.JSONDecoder()
    at = BLANK.match(text, 0).end()
    if text[at] != "\x7b":
        return None
    out, at = [], BLANK.match(text, at + 1).end()
    while text[at] != "}":
        if text[at] == ",":
            at = BLANK.match(text, at + 1).end()
        name, at = json.decoder.scanstring(text, at + 1)
        at = BLANK.match(text, at).end()
        at = BLANK.match(text, at + 1).end()
        begin = at
        _, at = decoder.raw_decode(text, at)
        out.append((name, text[begin:at]))
        at = BLANK.match(text, at).end()
    return out


def member(text, name):
    found = [value for own, value in members(text) or [] if own == name]
    return found[-1] if found else None


def at_path(value, steps):
    for step in steps:
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and step < len(value) else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
        if value is None:
            return None
    return value


def text_at(text, steps):
    for step in steps:
        if isinstance(step, int):
            value = json.loads(text, parse_int=Number, parse_float=Number)
            if not isinstance(value, list) or step >= len(value):
                return None
            decoder = json.JSONDecoder()
            inner, at = [], BLANK.match(text, 0).end() + 1
            for _ in range(step + 1):
                at = BLANK.match(text, at).end()
                begin = at
                _, at = decoder.raw_decode(text, at)
                inner.append(text[begin:at])
                at = BLANK.match(text, at).end() + 1
            text = inner[step]
        else:
            text = member(text, step)
        if text is None:
            return None
    return text


def scalar(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Number) and not (re.fullmatch("0|-?[1-9][0-9]*", value) and -(1 << 63) <= int(value) < 1 << 64):
        # As a double, in its shortest form.
        return re.sub(r"e([+-])0?", lambda mark: "e" + mark[1].strip("+"), repr(float(value)))
    return str(value) if isinstance(value, str) else None


# Values in the types of their columns, as BigQuery takes them in Protobuf.
WHOLE = re.compile(r"[+-]?[0-9]+")
REAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
NOT_FINITE = re.compile(r"[+-]?(inf|infinity|nan)", re.I)
DATE = re.compile(r"([0-9]{1,4})-([0-9]{1,2})-([0-9]{1,2})")
TIME = re.compile(r"([0-9]{1,2}):([0-9]{1,2})(?::([0-9]{1,2})(?:\.([0-9]+))?)?")
POINT = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})([T ])([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]+))?"
    r"(Z|z|[+-][0-9]{2}(?::?[0-9]{2})?)?"
)
EPOCH = datetime.date(1970, 1, 1).toordinal()
DAY = 86_400_000_000


def whole(text):
    if WHOLE.fullmatch(text):
        number = int(text)
        return number if -(1 << 63) <= number < 1 << 63 else None
    if REAL.fullmatch(text):
        number = float(text)
        # Beyond 2^53 a double no longer says which whole number is meant.
        if abs(number) < 9_007_199_254_740_992.0 and number == int(number):
            return int(number)
    return None


def day(year, month, of_month):
    try:
        return datetime.date(year, month, of_month).toordinal() - EPOCH
    except ValueError:
        return None


def micros(text):
    # Microseconds since 1970 of RFC 3339 and its relatives; without a zone, UTC is meant.
    found = POINT.fullmatch(text)
    if not found:
        return None
    year, month, of_month, _, hour, minute, second, fraction, zone = found.groups()
    days = day(int(year), int(month), int(of_month))
    if days is None or int(hour) > 23 or int(minute) > 59 or int(second) > 59:
        return None
    seconds = days * 86_400 + int(hour) * 3600 + int(minute) * 60 + int(second)
    if zone and zone not in "Zz":
        hours, minutes = int(zone[1:3]), int(zone[3:].lstrip(":") or 0)
        if hours > 23 or minutes > 59:
            return None
        seconds -= (hours * 3600 + minutes * 60) * (-1 if zone[0] == "-" else 1)
    return seconds * 1_000_000 + int(((fraction or "") + "000000")[:6])


FIRST_DAY = datetime.date.min.toordinal() - EPOCH
LAST_DAY = datetime.date.max.toordinal() - EPOCH


def date(days):
    if not FIRST_DAY <= days <= LAST_DAY:
        raise ValueError("it is out of range")
    return days


def timestamp(at):
    date(at // DAY)
    return at


def decimal(text, before, after):
    # A decimal of at most so many digits before the point, without an exponent. BigQuery rounds what it does not keep.
    mantissa, mark, exponent = text.replace("E", "e").partition("e")
    if mark and not WHOLE.fullmatch(exponent):
        raise ValueError("it is not a number")
    sign, digits = ("-", mantissa[1:]) if mantissa[:1] == "-" else ("", mantissa.removeprefix("+"))
    integer, _, fraction = digits.partition(".")
    every = integer + fraction
    if not every or not re.fullmatch("[0-9]+", every):
        raise ValueError("it is not a number")
    point = len(integer) + int(exponent or 0)
    if not -400 <= point <= 400:
        if point < 0 or not every.strip("0"):
            return "0"
        raise ValueError("it has too many digits")
    if point <= 0:
        every, point = "0" * (1 - point) + every, 1
    every = every.ljust(point, "0")
    integer, fraction = every[:point].lstrip("0"), every[point:].rstrip("0")
    if len(integer) > before:
        raise ValueError("it has too many digits")
    fraction = fraction[: max(after, 9) + 1]
    return sign + (integer or "0") + ("." if fraction else "") + fraction


def of_text(text, kind):
    if kind == "STRING":
        return text
    if kind == "BOOL":
        if text not in ("true", "false"):
            raise ValueError("it is not true or false")
        return text == "true"
    if kind == "INT64":
        number = whole(text)
        if number is None:
            raise ValueError("it is not a whole number of 64 bits")
        return number
    if kind == "FLOAT64":
        if not REAL.fullmatch(text) and not NOT_FINITE.fullmatch(text):
            raise ValueError("it is not a number")
        return float(text)
    if kind == "NUMERIC":
        return decimal(text, 29, 9)
    if kind == "BIGNUMERIC":
        return decimal(text, 38, 38)
    if kind == "DATE":
        found = DATE.fullmatch(text[:10])
        days = day(*map(int, found.groups())) if found else None
        if days is None:
            raise ValueError("it is not a date")
        return date(days)
    if kind == "TIME":
        found = TIME.fullmatch(text.rstrip("Z"))
        hour, minute, second = (int(part or 0) for part in found.groups()[:3]) if found else (24, 0, 0)
        if hour > 23 or minute > 59 or second > 59:
            raise ValueError("it is not a time of day")
        return "%02d:%02d:%02d.%s" % (hour, minute, second, ((found.group(4) or "") + "000000")[:6])
    if kind == "TIMESTAMP":
        at = micros(text)
        if at is None:
            raise ValueError("it is not a point in time")
        return timestamp(at)
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("it is not base64") from None


def cell(text, kind):
    # A JSON value, given as its text; None is null.
    first = text[0]
    if first == '"':
        return of_text(json.loads(text), kind)
    if text == "null":
        return None
    if first in "[\x7b":
        # Only text holds what has parts.
        if kind == "STRING":
            return text
        raise ValueError("it is an object or a list")
    if text in ("true", "false"):
        if kind == "BOOL":
            return text == "true"
        if kind == "STRING":
            return text
        raise ValueError("it is true or false")
    if kind == "TIMESTAMP":
        # As a number, it is in milliseconds.
        number = whole(text)
        if number is None:
            raise ValueError("it is not a whole number of milliseconds")
        return timestamp(number * 1000)
    if kind == "DATE":
        number = whole(text)
        if number is None:
            raise ValueError("it is not a number of days")
        return date(number)
    if kind in ("BOOL", "BYTES", "TIME"):
        raise ValueError("it is a number")
    return of_text(text, kind)


# Messages as events: entity, record, what happened, position, time, fields with the texts of their values.
WHOLE_RECORD = ("CREATE", "SNAPSHOT")
OPERATIONS = {name.lower(): name for name in ("CREATE", "UPDATE", "DELETE", "UNDELETE", "SNAPSHOT")}


def event(entity, record, happened, commit, sequence, at, fields, nulled=(), transaction="", origin="", user=""):
    return dict(
        entity=entity, record=record, happened=happened, commit=commit, sequence=sequence, at=at, fields=fields,
        nulled=nulled, transaction=transaction, origin=origin, user=user,
    )


def of_salesforce(text, published, settings):
    message = parsed(text)
    shape = malformed("the message is not the expected JSON")
    if not isinstance(message, dict):
        raise shape
    texts = ("entity", "recordId", "changeType", "commitNumber", "commitTimestamp")
    if any(type(message.get(name)) is not str for name in texts):
        raise shape
    if type(message.get("sequenceNumber")) is not Number or whole(message["sequenceNumber"]) is None:
        raise shape
    optional = [message.get(name, "") for name in ("transactionKey", "changeOrigin", "commitUser")]
    nulled = message.get("nulledFields", [])
    if any(type(value) is not str for value in optional) or type(nulled) is not list:
        raise shape
    kind = message["changeType"]
    if kind.startswith("GAP_"):
        # What happened is not told here: the bridge reads the record again and sends it whole.
        return None
    if kind not in OPERATIONS.values():
        raise shape
    if not message["recordId"]:
        raise incomplete("recordId")
    commit, at = message["commitNumber"], micros(message["commitTimestamp"])
    if not WHOLE.fullmatch(commit) or whole(commit) is None:
        raise malformed("commitNumber is not a number of 64 bits")
    if at is None:
        raise malformed("commitTimestamp is not RFC 3339")
    fields = member(text, "fields")
    fields = members(fields) if fields is not None else []
    if fields is None:
        raise shape
    return event(
        message["entity"], message["recordId"], kind, int(commit), int(message["sequenceNumber"]), at, fields, nulled, *optional
    )


UNCHANGED = "__debezium_unavailable_value"


def number_of(value):
    if isinstance(value, str) and WHOLE.fullmatch(value):
        return whole(value)
    return None


def position_of(source):
    lsn = number_of(source.get("lsn"))
    if lsn is not None:
        return lsn, 0
    file, at = source.get("file"), number_of(source.get("pos"))
    if type(file) is str and at is not None:
        number = number_of(file.rpartition(".")[2])
        return None if number is None else ((number << 36) + at, number_of(source.get("row")) or 0)
    lsn = source.get("change_lsn") or source.get("commit_lsn")
    if type(lsn) is str:
        parts = lsn.split(":")
        if len(parts) < 3 or not all(re.fullmatch("[0-9a-fA-F]+", part) for part in parts[:3]):
            return None
        file, block, slot = (int(part, 16) for part in parts[:3])
        return (file << 32) + block, (slot << 16) + (number_of(source.get("event_serial_no")) or 0)
    scn = number_of(source.get("scn"))
    return None if scn is None else (scn, 0)


def of_debezium(text, published, settings):
    # A tombstone, which follows a delete for the sake of log compaction.
    if text in ("", "null"):
        return None
    document = parsed(text)
    envelope = document.get("payload") if isinstance(document, dict) else None
    inner = isinstance(document, dict) and "payload" in document
    envelope = envelope if inner else document
    envelope = envelope if isinstance(envelope, dict) else {}
    op = envelope.get("op")
    if type(op) is not str:
        raise incomplete("op: it is no change event of Debezium's")
    if op == "m":
        return None
    if op == "t":
        raise Poison("unsupported", "a truncation of the table cannot be applied record by record")
    if op not in "crud" or len(op) != 1:
        raise Poison("unknown_operation", "its op is not c, r, u, d, t or m")
    happened, side = {"c": "CREATE", "r": "SNAPSHOT", "u": "UPDATE", "d": "DELETE"}[op], "before" if op == "d" else "after"
    source = envelope.get("source")
    source = source if isinstance(source, dict) else {}
    table = source.get("table", source.get("collection"))
    if type(table) is not str:
        raise incomplete("source.table")
    row = envelope.get(side)
    if not isinstance(row, dict):
        raise incomplete(side)
    keys = settings["keys"].get(table)
    if not keys:
        raise Poison("unknown_entity", "the stream has no entity " + table)
    parts = [scalar(row.get(key)) for key in keys]
    for key, part in zip(keys, parts):
        if part is None:
            raise incomplete("value of the key " + key)
    fields = []
    if op != "d":
        image = member(member(text, "payload") if inner else text, "after")
        fields = [(name, value) for name, value in members(image) if row.get(name) != UNCHANGED]
    position = position_of(source)
    if position is None:
        raise incomplete("position in source")
    millis = next((ms for ms in (number_of(source.get("ts_ms")), number_of(envelope.get("ts_ms"))) if ms is not None), None)
    transaction = next((t for t in (source.get("txId"), source.get("gtid")) if isinstance(t, str)), "")
    origin = source.get("connector")
    return event(
        table, "|".join(part.replace("\\", "\\\\").replace("|", "\\|") for part in parts), happened, *position,
        published if millis is None else millis * 1000, fields, (), str(transaction), origin if type(origin) is str else "",
    )


def of_mapping(text, published, settings):
    document = parsed(text)

    def value(name, what):
        found = scalar(at_path(document, settings[name]["steps"]))
        if not found:
            raise incomplete("%s at %s" % (what, settings[name]["path"]))
        return found

    entity = value("entity", "entity") if settings.get("entity") else settings["only"]
    happened = "UPDATE"
    if settings.get("operation"):
        said = value("operation", "operation")
        happened = OPERATIONS.get(settings["operations"].get(said, said.lower()))
        if happened is None:
            raise Poison("unknown_operation", "its operation has no meaning in the mapping's `operations`")
    order = value("order", "order")
    commit = whole(order)
    commit = micros(order) if commit is None else commit
    sequence = 0
    if settings.get("sequence"):
        sequence = whole(value("sequence", "sequence"))
        if sequence is None:
            raise malformed("the value at %s is not a whole number" % settings["sequence"]["path"])
    at = published
    if settings.get("timestamp"):
        said = value("timestamp", "timestamp")
        at, millis = micros(said), whole(said)
        at = millis * 1000 if at is None and millis is not None else at
        if at is None:
            raise malformed("the value at %s is not a point in time" % settings["timestamp"]["path"])
    payload = text_at(text, settings["payload"]["steps"]) if settings.get("payload") else text
    fields = [] if happened == "DELETE" else members(payload) if payload is not None else None
    if fields is None:
        if happened != "UNDELETE":
            raise incomplete("object at " + (settings["payload"]["path"] if settings.get("payload") else "$"))
        fields = []
    record = value("key", "key")
    if commit is None:
        raise malformed("the value at %s is neither a whole number nor a time" % settings["order"]["path"])
    return event(entity, record, happened, commit, sequence, at, fields)


FORMATS = dict(salesforce=of_salesforce, debezium=of_debezium, mapping=of_mapping)


class Decode(beam.DoFn):
    def __init__(self, subscription, format, settings, drift, entities):
        self.subscription, self.format, self.settings, self.drift = subscription, format, settings, drift
        self.columns = {
            name: {column["field"]: column for column in entity["columns"]} for name, entity in entities.items()
        }
        # Salesforce's events have neither of the two among their fields, and say both otherwise.
        self.own = {
            name: [fields[own]["name"] if own in fields and fields[own]["salesforce"] else None for own in ("Id", "IsDeleted")]
            for name, fields in self.columns.items()
        }
        self.dropped = beam.metrics.Metrics.counter("headwater", "fields_dropped")
        self.dead = beam.metrics.Metrics.counter("headwater", "dead_letters")

    def process(self, message, timestamp=beam.DoFn.TimestampParam):
        try:
            try:
                text = message.payload.decode("utf-8")
            except UnicodeDecodeError:
                raise malformed("the message is not UTF-8") from None
            found = FORMATS[self.format](text, timestamp.micros, self.settings)
            if found is not None:
                yield found["entity"], self.row(found), message.payload, dict(message.attributes)
        except Poison as poison:
            self.dead.inc()
            attributes = dict(message.attributes)
            attributes["headwater-reason-code"] = poison.code
            attributes["headwater-reason"] = poison.reason.encode("utf-8")[:1024].decode("utf-8", "ignore")
            attributes["headwater-subscription"] = self.subscription
            yield beam.pvalue.TaggedOutput("dead_letters", beam.Row(payload=message.payload, attributes=attributes))

    def row(self, change):
        columns = self.columns.get(change["entity"])
        if columns is None:
            raise Poison("unknown_entity", "the stream has no entity " + change["entity"])
        cells, dropped = {}, 0
        for field, text in change["fields"]:
            column = columns.get(field)
            if column is None:
                if self.drift == "quarantine":
                    raise Poison("unknown_field", "the field %s has no column" % field)
                dropped += 1
                continue
            try:
                value = cell(text, column["type"])
            except ValueError as why:
                raise Poison("value", "the value of %s cannot be %s: %s" % (field, column["type"], why)) from None
            # In a whole record, what is not set is null. Of a column that is set more than once, the last time counts.
            if value is not None or change["happened"] not in WHOLE_RECORD:
                cells.pop(column["name"], None)
                cells[column["name"]] = value
        for field in change["nulled"]:
            if field in columns:
                cells.setdefault(columns[field]["name"], None)
        self.dropped.inc(dropped)
        id, deleted = self.own[change["entity"]]
        if id is not None:
            cells.setdefault(id, change["record"])
        if deleted is not None and change["happened"] != "UPDATE":
            cells.setdefault(deleted, change["happened"] == "DELETE")
        row = {
            "_record_id": change["record"],
            "_commit_number": change["commit"],
            "_sequence_number": change["sequence"],
            "_commit_timestamp": change["at"],
            "_operation": change["happened"],
            "_changed_fields": list(cells),
            "_nulled_fields": [name for name, value in cells.items() if value is None],
            "_transaction_key": change["transaction"] or None,
            "_origin": change["origin"] or None,
            "_commit_user": change["user"] or None,
        }
        row.update(cells)
        return row


def decode(messages, **settings):
    letter = RowTypeConstraint.from_fields([("payload", bytes), ("attributes", dict[str, str])])
    found = messages | "Events" >> beam.ParDo(Decode(**settings)).with_outputs("dead_letters", main="changes")
    typed = found.dead_letters | "Letters" >> beam.Map(lambda row: row).with_output_types(letter)
    return {"changes": found.changes, "dead_letters": typed}
