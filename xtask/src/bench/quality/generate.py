"""Orders of a shop, as Parquet: ROWS rows of 20 columns in row groups of 250,000, the same for the same seed.

Customers, merchants, products and quantities are skewed as in life, some values are missing, and of each sort of defect that
the suite looks for there are a few: one row in some ten thousand, and rows that were delivered twice.

usage: generate.py FILE ROWS SEED
"""

import os
import sys

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

GROUP = 250_000
MERCHANTS = 3_000
PRODUCTS = 60_000
STATUSES = np.array(["paid", "shipped", "delivered", "new", "cancelled"])
COUNTRIES = np.array(
    "DE US FR GB IT ES NL PL AT CH BE SE DK NO FI IE PT CZ HU RO GR CA AU JP BR MX IN ZA TR KR NZ".split()
)
CURRENCIES = np.array(["EUR", "USD", "GBP", "CHF", "PLN", "SEK", "JPY", "BRL"])
WORDS = "please leave with the neighbour ring twice gift wrap no invoice inside call before back door evening".split()
DAY = 86_400_000_000
# Microseconds since 1970: 2025-01-01, and how long the data goes on.
START, SPAN = 1_735_689_600_000_000, 360 * DAY


def skewed(rng, n, of, power):
    """Ranks below `of`: the low ones often."""
    return np.minimum((of * rng.random(n) ** power).astype(np.int64), of - 1)


def some(rng, n, rate):
    """Rows, about so many of all, at least one."""
    return rng.choice(n, size=max(1, int(n * rate)), replace=False)


def customers(rng, count):
    """Each customer's e-mail address, phone number and country."""
    domains = np.array(["mail.example", "shop.example", "post.example.net", "inbox.example.com"])
    names = np.array(["anna", "ben", "chloe", "david", "emma", "felix", "grace", "hugo", "ida", "jan"])
    numbers = np.arange(count).astype(str)
    emails = np.char.add(np.char.add(names[rng.integers(0, 10, count)], np.char.add(".", numbers)), "@")
    emails = np.char.add(emails, domains[rng.integers(0, 4, count)])
    countries = skewed(rng, count, len(COUNTRIES), 2.5)
    american = np.isin(COUNTRIES[countries], ["US", "CA"])
    prefix = np.where(american, "+1", "+49")
    phones = np.char.add(prefix, rng.integers(1_000_000_000, 9_999_999_999, count).astype(str))
    return pa.array(emails), pa.array(phones), countries


def with_nulls(rng, values, rate, n):
    """The values, some of them missing."""
    return pa.array(values, mask=rng.random(n) < rate)


def spoil(array, rows, values):
    """The array with these values in these rows."""
    mask = np.zeros(len(array), dtype=bool)
    mask[rows] = True
    order = np.argsort(rows)
    replacements = pa.array([values[i % len(values)] for i in order], type=array.type)
    return pc.replace_with_mask(array, mask, replacements)


def group(rng, first, n, known, invoices):
    """One row group, of the rows from `first` on."""
    emails, phones, countries = known
    customer = skewed(rng, n, len(emails), 2.0)
    merchant = skewed(rng, n, MERCHANTS, 3.0)
    # A merchant's invoices have running numbers.
    order = np.argsort(merchant, kind="stable")
    starts = np.searchsorted(merchant[order], merchant[order])
    running = np.empty(n, dtype=np.int64)
    running[order] = np.arange(n) - starts
    number = running + invoices[merchant]
    invoices += np.bincount(merchant, minlength=MERCHANTS)
    product = skewed(rng, n, PRODUCTS, 2.0)
    created = START + (first + np.arange(n)) * (SPAN // 20_000_000) + rng.integers(0, 3_600_000_000, n)
    shipped = created + rng.integers(3_600_000_000, 5 * DAY, n)
    cents = np.round(np.exp(rng.normal(3.2, 0.9, n)) * 100).astype(np.int64) + 1
    order_id = 10_000_000 + (first + np.arange(n)) * 3 + rng.integers(0, 3, n)
    for column, rate in ((order_id, 2e-5), (number, 2e-5)):
        again = some(rng, n, rate)
        column[again] = column[again - 1]
        if column is number:
            merchant[again] = merchant[again - 1]
    country = pa.array(COUNTRIES[countries])
    sku = pc.binary_join_element_wise(
        pa.array(np.array(["ABC", "SHO", "BAG", "HAT", "TOY", "LMP"])[product % 6]),
        pc.utf8_lpad(pc.cast(pa.array(product), pa.string()), 5, "0"),
        "-",
    )
    notes = pa.array([" ".join(rng.choice(WORDS, 6)) for _ in range(500)])
    columns = {
        "order_id": pa.array(order_id),
        "merchant_id": pa.array(merchant.astype(np.int32)),
        "invoice_no": pc.binary_join_element_wise(
            pa.scalar("R"), pc.utf8_lpad(pc.cast(pa.array(number), pa.string()), 9, "0"), ""
        ),
        "customer_id": with_nulls(rng, customer, 1e-4, n),
        "email": emails.take(pa.array(customer, mask=rng.random(n) < 0.02)),
        "phone": phones.take(pa.array(customer, mask=rng.random(n) < 0.30)),
        "status": pa.array(STATUSES[skewed(rng, n, len(STATUSES), 1.5)]),
        "country": country.take(pa.array(customer)),
        "currency": pa.array(CURRENCIES[skewed(rng, n, len(CURRENCIES), 3.0)]),
        "sku": sku,
        "quantity": pa.array((1 + skewed(rng, n, 100, 5.0)).astype(np.int32)),
        "unit_price": pc.multiply(
            pa.array(cents).cast(pa.decimal128(19, 0)), pa.scalar("0.01", pa.string()).cast(pa.decimal128(3, 2))
        ).cast(pa.decimal128(12, 2)),
        "discount": with_nulls(rng, np.round(rng.random(n) * 0.5, 3), 0.05, n),
        "tax": pa.array(np.round(cents * 0.0019, 4)),
        "score": pa.array(rng.normal(50, 10, n)),
        "created_at": with_nulls(rng, created, 4e-5, n).cast(pa.timestamp("us", "UTC")),
        "shipped_at": with_nulls(rng, shipped, 0.2, n).cast(pa.timestamp("us", "UTC")),
        "delivery_date": with_nulls(rng, (shipped // DAY + 2).astype(np.int32), 0.25, n).cast(pa.date32()),
        "is_gift": pa.array(rng.random(n) < 0.07),
        "note": notes.take(pa.array(rng.integers(0, 500, n), mask=rng.random(n) < 0.85)),
    }
    defects = {
        "email": (1e-4, ["no address", "two@@example.com", "blank@"]),
        "phone": (5e-5, ["0049 30 1234567", "+0123456789", "n/a"]),
        "status": (5e-5, ["Paid", "unknown", ""]),
        "country": (5e-5, ["Germany", "XX"]),
        "currency": (3e-5, ["EURO", "€"]),
        "sku": (5e-5, ["ABC12345", "TST-00001", "abc-00001"]),
        "invoice_no": (2e-5, ["R1", "R0000000000000001"]),
        "quantity": (5e-5, [0, -1, 100_000]),
        "discount": (3e-5, [0.75, -0.1]),
    }
    for name, (rate, values) in defects.items():
        columns[name] = spoil(columns[name], some(rng, n, rate), values)
    early = some(rng, n, 4e-5)
    columns["shipped_at"] = spoil(columns["shipped_at"].cast(pa.int64()), early, list(created[early] - DAY)).cast(
        pa.timestamp("us", "UTC")
    )
    return pa.table(columns)


def main():
    path, rows, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    rng = np.random.default_rng(seed)
    known = customers(rng, max(1_000, rows // 6))
    invoices = np.zeros(MERCHANTS, dtype=np.int64)
    writer = None
    for first in range(0, rows, GROUP):
        table = group(rng, first, min(GROUP, rows - first), known, invoices)
        writer = writer or pq.ParquetWriter(path + ".new", table.schema, compression="zstd")
        writer.write_table(table, row_group_size=GROUP)
    writer.close()
    os.replace(path + ".new", path)


main()
