"""sqlalchemy-bigquery and the DB-API of google-cloud-bigquery against the local cloud: reflection, DDL, the ORM, expressions."""

import datetime as dt
from decimal import Decimal

import sqlalchemy as sa
from google.cloud.bigquery import dbapi
from sqlalchemy import orm
from sqlalchemy_bigquery import STRUCT, TIMESTAMP

from checks import check, equal, main, raises
from warehouse import CLIENT, PROJECT, bigquery, dataset

DATASET = dataset("alchemy").dataset_id
# With a client of the user's own, the dialect leaves the default dataset to it.
CLIENT.default_query_job_config = bigquery.QueryJobConfig(default_dataset=f"{PROJECT}.{DATASET}")
ENGINE = sa.create_engine(
    f"bigquery://{PROJECT}/{DATASET}?user_supplied_client=true", connect_args={"client": CLIENT}
)


class Base(orm.DeclarativeBase):
    pass


class Account(Base):
    __tablename__ = "accounts"
    __table_args__ = {
        "bigquery_description": "What we know of accounts",
        "bigquery_clustering_fields": ["industry"],
    }
    id: orm.Mapped[str] = orm.mapped_column(sa.String(18), primary_key=True, comment="The record's id")
    name: orm.Mapped[str] = orm.mapped_column(sa.String, nullable=False)
    industry: orm.Mapped[str | None] = orm.mapped_column(sa.String)
    revenue: orm.Mapped[Decimal | None] = orm.mapped_column(sa.Numeric(18, 2))
    employees: orm.Mapped[int | None] = orm.mapped_column(sa.Integer)
    active: orm.Mapped[bool | None] = orm.mapped_column(sa.Boolean)
    since: orm.Mapped[dt.date | None] = orm.mapped_column(sa.Date)
    changed_at: orm.Mapped[dt.datetime | None] = orm.mapped_column(TIMESTAMP)


NOW = dt.datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=dt.timezone.utc)
ACCOUNTS = [
    Account(id="001A", name='Acme, "Inc."', industry="Mining", revenue=Decimal("10.25"), employees=3, active=True,
            since=dt.date(2020, 2, 29), changed_at=NOW),
    Account(id="001B", name="Grünwald & Söhne", industry="Energy", revenue=Decimal("99.99"), employees=40, active=False,
            since=dt.date(1999, 12, 31), changed_at=NOW - dt.timedelta(days=400)),
    Account(id="001C", name="Nordlys\n100%", industry="Energy", revenue=None, employees=None, active=None, since=None,
            changed_at=None),
]


@check
def tables_are_created_with_their_options():
    Base.metadata.create_all(ENGINE)
    Base.metadata.create_all(ENGINE)
    table = CLIENT.get_table(f"{DATASET}.accounts")
    equal(table.description, "What we know of accounts")
    equal(table.clustering_fields, ["industry"])
    equal(table.schema[0].mode, "REQUIRED")
    equal(table.schema[0].description, "The record's id")


@check
def rows_go_in_by_the_orm_and_come_out():
    with orm.Session(ENGINE) as session:
        session.add_all(ACCOUNTS)
        session.commit()
    with orm.Session(ENGINE) as session:
        accounts = session.scalars(sa.select(Account).order_by(Account.id)).all()
        equal([a.name for a in accounts], ['Acme, "Inc."', "Grünwald & Söhne", "Nordlys\n100%"])
        equal(accounts[0].revenue, Decimal("10.25"))
        equal(accounts[0].changed_at, NOW)
        equal(accounts[1].since, dt.date(1999, 12, 31))
        equal((accounts[2].employees, accounts[2].active), (None, None))


@check
def expressions_mean_what_sqlalchemy_means():
    a = Account.__table__.c
    with ENGINE.connect() as connection:
        by_industry = sa.select(
            a.industry,
            sa.func.count().label("n"),
            sa.func.sum(a.revenue).label("revenue"),
            sa.func.max(sa.func.coalesce(a.employees, 0)).label("most"),
        ).group_by(a.industry).order_by(sa.desc("n"))
        equal([tuple(r) for r in connection.execute(by_industry)],
              [("Energy", 2, Decimal("99.99"), 40), ("Mining", 1, Decimal("10.25"), 3)])
        found = sa.select(a.id).where(a.id.in_(["001A", "001C", "nobody"]), a.name.like("%\\%%") | a.active).order_by(a.id)
        equal(list(connection.scalars(found)), ["001A", "001C"])
        ranked = sa.select(a.id, sa.func.row_number().over(partition_by=a.industry, order_by=a.id.desc()).label("rank")).subquery()
        equal(list(connection.scalars(sa.select(ranked.c.id).where(ranked.c.rank == 1).order_by(ranked.c.id))), ["001A", "001C"])
        year = sa.select(sa.extract("year", a.since)).where(a.id == "001A")
        equal(connection.scalar(year), 2020)
        page = sa.select(a.id).order_by(a.id).limit(1).offset(1)
        equal(connection.scalar(page), "001B")
        case = sa.select(sa.case((a.employees > 10, "large"), else_="small")).order_by(a.id)
        equal(list(connection.scalars(case)), ["small", "large", "small"])
        equal(connection.scalar(sa.select(sa.func.array_length(sa.func.array_agg(a.id)))), 3)
        equal(connection.scalar(sa.text("SELECT COUNT(*) FROM accounts WHERE industry = :i"), {"i": "Energy"}), 2)


@check
def rows_are_changed_and_removed():
    with orm.Session(ENGINE) as session:
        session.execute(sa.update(Account).where(Account.id == "001C").values(employees=7, revenue=Decimal("0.5")))
        session.execute(sa.delete(Account).where(Account.id == "001B"))
        session.commit()
        equal(session.execute(sa.select(Account.id, Account.employees).order_by(Account.id)).all(), [("001A", 3), ("001C", 7)])


@check
def the_database_is_reflected():
    CLIENT.query_and_wait(
        f"CREATE TABLE {DATASET}.nested (id INT64 NOT NULL, tags ARRAY<STRING>, address STRUCT<city STRING, zip STRUCT<code INT64>>, at TIMESTAMP)"
        " PARTITION BY DATE(at)"
    )
    CLIENT.query_and_wait(f"CREATE VIEW {DATASET}.energetic AS SELECT id, name FROM {DATASET}.accounts WHERE industry = 'Energy'")
    inspector = sa.inspect(ENGINE)
    assert DATASET in inspector.get_schema_names()
    equal(sorted(inspector.get_table_names()), ["accounts", "nested"])
    equal(inspector.get_view_names(), ["energetic"])
    equal(inspector.has_table("accounts"), True)
    equal(inspector.has_table("nothing"), False)
    columns = {c["name"]: c for c in inspector.get_columns("accounts")}
    equal(columns["id"]["nullable"], False)
    equal(type(columns["revenue"]["type"]), sa.Numeric)
    nested = sa.Table("nested", sa.MetaData(), autoload_with=ENGINE)
    assert isinstance(nested.c.address.type, STRUCT), nested.c.address.type
    assert isinstance(nested.c.tags.type, sa.ARRAY), nested.c.tags.type
    with ENGINE.connect() as connection:
        connection.execute(sa.text("INSERT nested (id, tags, address, at) VALUES (1, ['a', 'b'], ('Oslo', STRUCT(150)), CURRENT_TIMESTAMP())"))
        row = connection.execute(sa.select(nested.c.tags, nested.c.address.city)).one()
        equal(tuple(row), (["a", "b"], "Oslo"))


@check
def errors_are_the_database_apis():
    with ENGINE.connect() as connection:
        with raises(sa.exc.DatabaseError, "Not found: Table"):
            connection.execute(sa.text("SELECT * FROM nobody"))
        with raises(sa.exc.DatabaseError, "Syntax error"):
            connection.execute(sa.text("SELEKT 1"))


@check
def the_database_api_by_itself():
    connection = dbapi.connect(CLIENT)
    cursor = connection.cursor()
    cursor.execute("SELECT %(a)s + 1 AS n, %(b)s AS t, %(c:INT64)s AS missing", {"a": 41, "b": "x'y\"", "c": None})
    equal([d[0] for d in cursor.description], ["n", "t", "missing"])
    equal(tuple(cursor.fetchone()), (42, "x'y\"", None))
    equal(cursor.fetchone(), None)
    cursor.executemany(f"INSERT {DATASET}.nested (id) VALUES (%s)", [(10,), (11,), (12,)])
    cursor.execute(f"SELECT id FROM {DATASET}.nested WHERE id >= %s ORDER BY id", (10,))
    cursor.arraysize = 2
    equal([r[0] for r in cursor.fetchmany()], [10, 11])
    equal([r[0] for r in cursor.fetchall()], [12])
    cursor.execute(f"DELETE FROM {DATASET}.nested WHERE id >= 10")
    equal(cursor.rowcount, 3)
    with raises(dbapi.ProgrammingError):
        cursor.execute("SELECT %(a)s", {"b": 1})
    connection.close()


@check
def tables_are_dropped():
    Base.metadata.drop_all(ENGINE)
    equal(sa.inspect(ENGINE).has_table("accounts"), False)


main()
