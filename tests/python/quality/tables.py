"""Tables of the judge: every type that a suite meets, with what is hard about it. The same seed makes the same tables."""

import datetime as dt
import math
import unicodedata
import zoneinfo
from decimal import Decimal

import pyarrow as pa

UTC = dt.timezone.utc
BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")

# The kinds of columns, and their types in the file.
TYPES = {
    "int": pa.int64(),
    "small": pa.int32(),
    "huge": pa.int64(),
    "float": pa.float64(),
    "wild": pa.float64(),
    "single": pa.float32(),
    "decimal": pa.decimal128(18, 2),
    "precise": pa.decimal128(38, 9),
    "bool": pa.bool_(),
    "text": pa.string(),
    "code": pa.dictionary(pa.int32(), pa.string()),
    "date": pa.date32(),
    "civil": pa.timestamp("us"),
    "instant": pa.timestamp("us", "UTC"),
    "zoned": pa.timestamp("us", "Europe/Berlin"),
    "time": pa.time64("us"),
    "binary": pa.binary(),
}
NUMBERS = ("int", "small", "huge", "float", "wild", "single", "decimal", "precise")
TEXTS = ("text", "code")
TIMES = ("date", "civil", "instant", "zoned")

# Upper and lower case, composed and combining letters, letters that change length in another case, letters beyond the basic
# plane, spaces, line ends, what looks like a number, a date, a truth value or nothing, and characters that patterns mean.
WORDS = [
    "acme", "Acme", "ACME", "", " ", " acme", "é", unicodedata.normalize("NFD", "é"), "Straße", "STRASSE", "İstanbul", "Ωmega", "日本語",
    "🦀", "👩‍👩‍👧", "a\nb", "tab\there", "12", "12.0", "007", "-1", "1e3", "2024-02-29", "2023-02-29", "31/12/1999", "2024-02-29T12:30:00",
    "nan", "None", "null", "true", "a_b", "100%", "it's", 'say "hi"', "back\\slash", "a.b", "ab", "abc", "x@example.com", "X@EXAMPLE.COM",
    '{"a": 1}', "[1, 2", "{'a': 1}", '"text"',
]  # fmt: skip
CODES = ["new", "paid", "Paid", "shipped", "zurück"]
HUGE = [2**53, 2**53 + 1, 2**53 - 1, -(2**53) - 1, 2**62, 2**63 - 1, -(2**63), 9007199254740993, 0, 1]
NAMES = ["id", "Amount", "qty", "Straße", "first name", "ORDER", "a_b", "naïve", "x1", "Ünïcode", "select", "note"]


def value(kind, rng):
    """A value of a kind."""
    match kind:
        case "int":
            return rng.choice([0, 1, 2, 3, 5, 5, 10, -1, -7, 100, rng.randint(-50, 50)])
        case "small":
            return rng.choice([0, 1, 1, 2, 3, 7, -4, 2**31 - 1, -(2**31)])
        case "huge":
            return rng.choice(HUGE)
        case "float":
            return rng.choice([0.0, 0.5, 1.0, 1.5, -2.25, 3.0, 1e-9, 0.1, 0.2, 0.30000000000000004, rng.uniform(-5, 5)])
        case "wild":
            return rng.choice([math.nan, math.inf, -math.inf, 0.0, -0.0, 1.0, 2.5, 1e308, -1e308, 5e-324])
        case "single":
            return rng.choice([0.0, 0.5, 1.25, -3.0, 100.0, 0.1])
        case "decimal":
            return Decimal(rng.choice([0, 10, 110, 110, 999, -50, 100000000001, rng.randint(-500, 500)])).scaleb(-2)
        case "precise":
            return Decimal(rng.choice(["0", "0.1", "0.000000001", "-12345678901234567890.123456789", "99999999999999999999999999999", "1.5"]))
        case "bool":
            return rng.random() < 0.6
        case "text":
            return rng.choice(WORDS)
        case "code":
            return rng.choice(CODES)
        case "date":
            return rng.choice([dt.date(2024, 2, 29), dt.date(2023, 12, 31), dt.date(1970, 1, 1), dt.date(1900, 1, 1), dt.date(2024, 1, rng.randint(1, 9))])
        case "civil":
            return rng.choice([dt.datetime(2024, 3, 31, 2, 30), dt.datetime(1969, 12, 31, 23, 59, 59, 999999), dt.datetime(2024, 1, rng.randint(1, 9), 12)])
        case "instant" | "zoned":
            # Among them the hour that happens twice in Berlin.
            when = [
                dt.datetime(2024, 10, 27, 0, 30, tzinfo=UTC),
                dt.datetime(2024, 10, 27, 1, 30, tzinfo=UTC),
                dt.datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
                dt.datetime(2024, 1, rng.randint(1, 9), 12, tzinfo=UTC),
            ]
            return rng.choice(when)
        case "time":
            return rng.choice([dt.time(0), dt.time(12, 30), dt.time(23, 59, 59, 999999), dt.time(6, rng.randint(0, 59))])
        case "binary":
            return rng.choice([b"", b"a", b"A", b"\x00\xff", b"abc"])
    raise ValueError(kind)


class Table:
    """A table: its columns' names with their kinds, and their values as Python has them."""

    def __init__(self, name, kinds, values):
        self.name, self.kinds, self.values = name, kinds, values
        self.rows = len(next(iter(values.values())))

    def of(self, *kinds):
        """The columns of these kinds."""
        return [column for column, kind in self.kinds.items() if kind in kinds]

    def present(self, column):
        """Its values that are there."""
        return [v for v in self.values[column] if v is not None and v == v]

    def arrow(self):
        """For the file."""
        return pa.table({column: pa.array(self.values[column], TYPES[kind]) for column, kind in self.kinds.items()})


def shape(index, rng):
    """How many rows, and which part of the values is absent; the first tables are the corners."""
    corners = [(0, 0), (1, 0), (1, 1), (7, 1), (2, 0), (30, 0)]
    if index % 20 < len(corners):
        return corners[index % 20]
    return rng.randint(2, 40), rng.choice([0, 0, 0.1, 0.3, 0.8])


def table(index, rng):
    """One table: a column of some kinds, twice where columns are compared; every kind comes up again and again."""
    rows, absent = shape(index, rng)
    kinds = list(TYPES)
    chosen = [kinds[(index * 5 + i) % len(kinds)] for i in range(5)]
    chosen += [rng.choice(["int", "text", "float"]), rng.choice(["decimal", "date", "instant", "code"])]
    chosen += [chosen[0], chosen[5]]
    names = rng.sample(NAMES, len(chosen))
    columns = dict(zip(names, chosen))
    values = {name: [None if rng.random() < absent else value(kind, rng) for _ in range(rows)] for name, kind in columns.items()}
    # Columns of one kind agree in many rows, and some columns are in order or without doubles.
    for this, other in ((names[0], names[7]), (names[5], names[8])):
        values[other] = [values[this][row] if rng.random() < 0.5 else values[other][row] for row in range(rows)]
    if rng.random() < 0.3 and chosen[5] == "int":
        values[names[5]] = rng.sample(range(-500, 500), rows)
    return Table(f"t{index:03}", columns, values)
