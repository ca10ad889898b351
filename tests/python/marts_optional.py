"""An org that has everything that is optional, and that nobody has tidied: made of the raw tables of one that is neither.

    marts_optional.py --endpoint URL --project P --raw D --into D --as-of T [--seed N]

Writes all raw tables into another dataset, with: Event, UserRole, OpportunityContactRole and OpportunityFieldHistory, the last of
them consistent with the opportunities; fields that only some extracts have; superseded and deleted versions of records; owners,
managers, accounts and products that are not there. Prints the variables with which the marts are compiled over it, as JSON.
"""

import argparse
import datetime as dt
import io
import json
import random
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
from google.cloud import bigquery

from marts import Warehouse
from marts_definitions import FORMULAS

UTC = dt.timezone.utc
STAGES = ["Prospecting", "Qualification", "Needs Analysis", "Value Proposition", "Negotiation/Review", "Closed Won", "Closed Lost"]
TYPES = {str: "STRING", bool: "BOOL", int: "INT64", Decimal: "NUMERIC", dt.date: "DATE", dt.datetime: "TIMESTAMP"}
ARROW = {
    "STRING": pa.string(),
    "BOOL": pa.bool_(),
    "INT64": pa.int64(),
    "NUMERIC": pa.decimal128(38, 9),
    "DATE": pa.date32(),
    "TIMESTAMP": pa.timestamp("us", "UTC"),
}


class Maker:
    def __init__(self, given):
        self.random = random.Random(given.seed)
        self.warehouse = Warehouse(given.endpoint, given.project)
        self.raw, self.into = given.raw, f"{given.project}.{given.into}"
        self.as_of = dt.datetime.fromisoformat(given.as_of)
        self.schemas = {}

    def chance(self, share):
        return self.random.random() < share

    def identifier(self, prefix, number):
        return f"{prefix}OPT{number:09d}AAA"

    def moment(self, first, last):
        """A whole second between two moments."""
        return first + dt.timedelta(seconds=self.random.randrange(max(1, int((last - first).total_seconds()))))

    def read(self, name):
        return self.warehouse.table(self.raw, name).to_pylist()

    def copy(self, name):
        self.warehouse.client.query_and_wait(
            f"CREATE OR REPLACE TABLE `{self.into}.{name}` AS SELECT * FROM `{self.warehouse.project}.{self.raw}.{name}`"
        )
        self.schemas[name] = [field.name for field in self.warehouse.client.get_table(f"{self.into}.{name}").schema]

    def write(self, name, rows, like=None, **types):
        """Loads rows as a table: of the types of the raw table `like` and of these."""
        of = {}
        if like:
            table = self.warehouse.client.get_table(f"{self.warehouse.project}.{self.raw}.{like}")
            of = {field.name: field.field_type for field in table.schema}
            names = {"BOOLEAN": "BOOL", "INTEGER": "INT64", "BIGNUMERIC": "NUMERIC", "TIME": "STRING"}
            of = {column: names.get(kind, kind) for column, kind in of.items()}
        of |= {column: TYPES[kind] for column, kind in types.items()}
        text = lambda value: value.isoformat() if isinstance(value, dt.time) else value
        columns = {
            column: pa.array([text(row.get(column)) for row in rows], type=ARROW[kind]) for column, kind in of.items()
        }
        file = io.BytesIO()
        pq.write_table(pa.table(columns), file)
        file.seek(0)
        schema = [bigquery.SchemaField(column, kind) for column, kind in of.items()]
        config = bigquery.LoadJobConfig(source_format="PARQUET", schema=schema, write_disposition="WRITE_TRUNCATE")
        self.warehouse.client.load_table_from_file(file, f"{self.into}.{name}", job_config=config).result()
        self.schemas[name] = list(of)

    def untidy(self, rows, change, share=0.02):
        """Adds superseded versions, and deleted ones as an extract with `deletes = "flag"` keeps them."""
        more = []
        for row in rows:
            if self.chance(share):
                older = row | {"SystemModstamp": row["SystemModstamp"] - dt.timedelta(days=1)}
                more.append(older | change)
            if self.chance(share / 2):
                more.append(row | {"SystemModstamp": row["SystemModstamp"] + dt.timedelta(hours=1), "IsDeleted": True})
            if self.chance(share / 2):
                # Stamped alike: that it was deleted is the later news.
                more.append(row | {"IsDeleted": True})
        self.random.shuffle(rows)
        return rows + more


def users(maker):
    roles = [maker.identifier("00E", number) for number in range(8)]
    maker.write(
        "UserRole",
        [
            {"Id": key, "Name": f"Role {number}", "DeveloperName": f"role_{number}", "SystemModstamp": maker.as_of}
            | {"ParentRoleId": roles[number // 2] if number else None, "RollupDescription": f"of role {number}"}
            for number, key in enumerate(roles)
        ],
        **dict.fromkeys(("Id", "Name", "DeveloperName", "ParentRoleId", "RollupDescription"), str),
        SystemModstamp=dt.datetime,
    )
    rows = maker.read("User")
    for row in rows:
        row |= {"City": maker.random.choice(["Köln", "Oslo", None]), "State": maker.random.choice(["NRW", None])}
        row["UserRoleId"] = maker.random.choice([*roles, "00E000000000000AAA", None])
        if maker.chance(0.05):
            row["ManagerId"] = "005000000000000AAA"  # has left
    maker.write("User", rows, "User", City=str, State=str, UserRoleId=str)
    return [row["Id"] for row in rows]


def events(maker, owners):
    rows = []
    for number in range(3000):
        begins = maker.moment(maker.as_of - dt.timedelta(days=900), maker.as_of + dt.timedelta(days=20))
        all_day = maker.chance(0.3)
        rows.append(
            {"Id": maker.identifier("00U", number), "IsDeleted": False, "OwnerId": maker.random.choice(owners)}
            | {"ActivityDate": begins.date() if all_day or maker.chance(0.2) else None, "Subject": f"Event {number}"}
            | {"ActivityDateTime": None if all_day else begins, "CreatedDate": begins - dt.timedelta(days=9)}
            | {"LastModifiedDate": begins, "SystemModstamp": begins}
        )
    texts = dict.fromkeys(("Id", "OwnerId", "Subject"), str)
    times = dict.fromkeys(("ActivityDateTime", "CreatedDate", "LastModifiedDate", "SystemModstamp"), dt.datetime)
    maker.write("Event", maker.untidy(rows, {}), IsDeleted=bool, ActivityDate=dt.date, **texts, **times)


def opportunities(maker, owners):
    """Opportunities, some of them odd, with the history of how they came to be so."""
    contacts = [row["Id"] for row in maker.read("Contact")]
    rows, roles, changes = maker.read("Opportunity"), [], []
    for row in rows:
        row["ForecastCategoryName"] = row["ForecastCategory"]
        row["ContactId"] = maker.random.choice(contacts) if maker.chance(0.3) else None
        for name, value in (
            ("OwnerId", "00G000000000000AAA"),  # a queue
            ("AccountId", "001000000000000AAA"),  # deleted
            ("Probability", None),
            ("IsWon", None),
            ("IsClosed", None),
            ("StageName", None),
            ("CloseDate", row["CreatedDate"].date() - dt.timedelta(days=3)),
            ("CloseDate", None),
            ("Amount", Decimal("-100.5")),
        ):
            if maker.chance(0.01):
                row[name] = value
        if row["CreatedDate"] > maker.as_of - dt.timedelta(days=400) or maker.chance(0.2):
            changes += history(maker, row, owners)
        for place in range(maker.random.choice((0, 0, 1, 3))):
            made = maker.moment(row["CreatedDate"], row["CreatedDate"] + dt.timedelta(days=5))
            roles.append(
                {"Id": maker.identifier("00K", len(roles)), "IsDeleted": False, "OpportunityId": row["Id"]}
                | {"ContactId": maker.random.choice(contacts), "Role": "Decision Maker", "IsPrimary": maker.chance(0.6)}
                | {"CreatedDate": made, "LastModifiedDate": made, "SystemModstamp": made}
            )
    rows = maker.untidy(rows, {"StageName": "Prospecting", "Amount": Decimal(7), "IsClosed": False, "IsWon": False})
    maker.write("Opportunity", rows, "Opportunity", ForecastCategoryName=str, ContactId=str)
    texts = dict.fromkeys(("Id", "OpportunityId", "ContactId", "Role"), str)
    times = dict.fromkeys(("CreatedDate", "LastModifiedDate", "SystemModstamp"), dt.datetime)
    maker.write("OpportunityContactRole", maker.untidy(roles, {}), IsDeleted=bool, IsPrimary=bool, **texts, **times)
    texts = dict.fromkeys(("Id", "OpportunityId", "Field", "OldValue", "NewValue", "CreatedById"), str)
    again = [change for change in changes if maker.chance(0.01)]
    maker.write("OpportunityFieldHistory", changes + again, IsDeleted=bool, CreatedDate=dt.datetime, **texts)


def history(maker, row, owners):
    """Changes that lead to what the opportunity is now; some of them after `as_of`, and some on the day of its creation."""
    changes = []

    def add(at, name, old, new):
        text = lambda value: None if value is None else str(value)
        number = maker.random.randrange(10**9)
        changes.append(
            {"Id": maker.identifier("017", number), "IsDeleted": False, "OpportunityId": row["Id"], "CreatedDate": at}
            | {"Field": name, "OldValue": text(old), "NewValue": text(new), "CreatedById": maker.random.choice(owners)}
        )

    add(row["CreatedDate"], "created", None, None)
    close = row["CloseDate"] or maker.as_of.date()
    for name, field, other in (
        ("StageName", "StageName", lambda: maker.random.choice(STAGES)),
        ("Amount", "Amount", lambda: maker.random.choice([None, Decimal(maker.random.randrange(10**7)) / 100])),
        ("Probability", "Probability", lambda: Decimal(maker.random.randrange(101))),
        ("CloseDate", "CloseDate", lambda: close - dt.timedelta(days=maker.random.randrange(90))),
        ("ForecastCategoryName", "ForecastCategoryName", lambda: maker.random.choice(["Pipeline", "BestCase", None])),
        ("NextStep", "NextStep", lambda: maker.random.choice(["call", "größer\nnext", None])),
        ("Owner", "OwnerId", lambda: maker.random.choice(owners)),
        ("Budget__c", "Secret__c", lambda: "something else"),
    ):
        count = maker.random.choice((0, 0, 1, 2, 4))
        last = maker.as_of + dt.timedelta(days=9)
        times = sorted(maker.moment(row["CreatedDate"], max(last, row["CreatedDate"])) for _ in range(count))
        if count and maker.chance(0.1):
            times[0] = row["CreatedDate"]
        values = [other() for _ in range(count)] + [row[field]]
        for at, old, new in zip(times, values, values[1:]):
            if name == "Owner":
                add(at, name, "Somebody's Name", "Somebody Else")
            add(at, name, old, new)
    return changes


def variables(maker, given):
    return {
        "raw_dataset": given.into,
        "as_of": given.as_of,
        "time_zone": "Europe/Berlin",
        "salesforce_schemas": json.dumps(
            {
                name: {field: {"Discount__c": "percent"}.get(field, "") for field in fields}
                for name, fields in maker.schemas.items()
            }
        ),
        "opportunity_history_start_date": str(maker.as_of.date() - dt.timedelta(days=given.days)),
        "opportunity_pass_through_columns": "Discount__c, Signed_At__c AS signed_at",
        "account_pass_through_columns": "Region__c AS account_region, Annual_Contract_Value__c",
        "user_pass_through_columns": "TimeZoneSidKey AS time_zone",
        "product_2_pass_through_columns": "Weight__c AS product_weight",
        "opportunity_formula_columns": json.dumps({name: formula for name, (formula, _) in FORMULAS.items()}),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("--endpoint", "--project", "--into", "--as-of"):
        parser.add_argument(name, required=True)
    parser.add_argument("--raw", default="salesforce_raw")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--days", type=int, default=14, help="of the daily history")
    given = parser.parse_args()
    maker = Maker(given)
    dataset = bigquery.Dataset(maker.into)
    dataset.location = "EU"
    maker.warehouse.client.create_dataset(dataset, exists_ok=True)
    for name in ("Account", "Contact", "Lead", "OpportunityLineItem", "Product2", "Task"):
        maker.copy(name)
    owners = users(maker)
    events(maker, owners)
    opportunities(maker, owners)
    print(json.dumps(variables(maker, given)))


if __name__ == "__main__":
    main()
