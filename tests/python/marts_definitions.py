"""The Salesforce marts a second time: in Python and pandas, from the definitions in dataform/README.md, over the raw tables.

Nothing is shared with the SQL: rows are worked on as Python's objects, decimals as `Decimal`, and a day's history is played event
by event. A function for each mart; `MARTS` says which there are and what each needs.
"""

import datetime as dt
import re
import zoneinfo
from collections import Counter, defaultdict
from decimal import ROUND_HALF_UP, Decimal, getcontext

import pandas as pd

# More digits than any product of two NUMERICs has.
getcontext().prec = 80

NOBODY = "No Manager Assigned"
NINE = Decimal("1e-9")
ONE = Decimal(1)


def nine(value):
    """BigQuery's NUMERIC: nine decimals, half away from zero."""
    return None if value is None else value.quantize(NINE, ROUND_HALF_UP)


def times(a, b):
    return None if a is None or b is None else nine(a * b)


def percent_of(amount, percent):
    product = times(amount, percent)
    return None if product is None else nine(product / 100)


def whole(value):
    return None if value is None else value.quantize(ONE, ROUND_HALF_UP)


def total(values):
    return sum((value for value in values if value is not None), Decimal(0))


def mean(values):
    values = [value for value in values if value is not None]
    return sum(values) / len(values) if values else None


def most(values):
    return max((value for value in values if value is not None), default=None)


def none(value):
    """Pandas' many names of nothing, as one."""
    return None if value is None or value is pd.NaT or value != value else value


def column(values):
    return pd.Series([none(value) for value in values], dtype=object)


def field(name, object_name):
    """The Salesforce field that a column is named after."""
    if re.fullmatch(rf"{object_name}_(id|name|description)", name):
        name = name.rpartition("_")[2]
    return "".join(part.capitalize() for part in name.split("_"))


# Of what is only counted, the fields that it is counted by.
STAMPS = ["Id", "IsDeleted", "CreatedDate", "LastModifiedDate", "SystemModstamp"]
COUNTED = {
    "Event": [*STAMPS, "ActivityDate", "ActivityDateTime"],
    "Lead": [*STAMPS, "ConvertedDate", "IsConverted"],
    "Task": [*STAMPS, "ActivityDate", "IsClosed"],
}


class Org:
    """The raw tables, cleaned; and the variables with which the marts were compiled."""

    def __init__(self, read, variables):
        """`read(object, fields)`: the raw table as a frame of these fields, or of all that it has (None); None if it is not there."""
        self.read = read
        self.variables = variables
        self.zone = zoneinfo.ZoneInfo(variables.get("time_zone") or "UTC")
        self.frozen = bool(variables.get("as_of"))
        self.now = dt.datetime.fromisoformat(variables["as_of"]) if self.frozen else dt.datetime.now(dt.timezone.utc)
        self.today = self.day(self.now)
        self.cleaned = {}

    def day(self, time):
        return None if none(time) is None else time.astimezone(self.zone).date()

    def has(self, object_name):
        return self.table(object_name) is not None

    def table(self, object_name, happened=False):
        """The latest version of each record that is not deleted, by id; of what happens, without what comes after `as_of`."""
        key = (object_name, happened)
        if key not in self.cleaned:
            self.cleaned[key] = self.clean(self.read(object_name, COUNTED.get(object_name)), happened)
        return self.cleaned[key]

    def clean(self, frame, happened):
        if frame is None:
            return None
        newest = [name for name in ("SystemModstamp", "LastModifiedDate", "IsDeleted") if name in frame]
        if "SystemModstamp" not in newest:
            newest = ["CreatedDate"]
        frame = frame[frame["Id"].notna()]
        if not frame["Id"].is_unique:
            frame = frame.sort_values(newest, ascending=False, na_position="last", kind="stable").drop_duplicates("Id")
        if "IsDeleted" in frame:
            frame = frame[[deleted is not True for deleted in frame["IsDeleted"]]]
        if happened and self.frozen:
            frame = frame[[none(time) is None or time <= self.now for time in frame["CreatedDate"]]]
        return frame.set_index("Id", drop=False).rename_axis(None)

    def added(self, object_name):
        """{column: field} of what is passed through."""
        given = self.variables.get(f"{object_name}_pass_through_columns") or ""
        found = {}
        for part in filter(None, map(str.strip, given.split(","))):
            name, _, alias = re.sub(r"\s+as\s+", " AS ", part, flags=re.I).partition(" AS ")
            found[alias or name.removesuffix("__c").lower()] = name
        return found


def take(frame, fields):
    """{column: values} of {column: field}; of fields that the org does not have, nothing."""
    return {name: frame[api] if api in frame else pd.Series(None, frame.index, dtype=object) for name, api in fields.items()}


def own(names, object_name):
    """{column: field} of columns that bear their fields' names; `field:column` if they do not."""
    pairs = (name.partition(":") for name in names.split())
    return {(alias or name): field(name, object_name) for name, _, alias in pairs}


def join(frame, ids, fields):
    """{column: values} of {column: field}, from the records with these ids."""
    found = frame.reindex(ids)
    return {name: column(values) for name, values in take(found, fields).items()}


def made(columns):
    return pd.DataFrame({name: pd.Series(list(values), dtype=object) for name, values in columns.items()})


OPPORTUNITY = own(
    "opportunity_id opportunity_name account_id contact_id campaign_id owner_id opportunity_description stage_name type next_step"
    " lead_source amount probability expected_revenue total_opportunity_quantity close_date is_closed is_won forecast_category"
    " forecast_category_name fiscal fiscal_quarter fiscal_year has_open_activity has_opportunity_line_item has_overdue_task"
    " synced_quote_id last_activity_date last_referenced_date last_viewed_date record_type_id created_by_id created_date"
    " last_modified_by_id last_modified_date is_deleted system_modstamp",
    "opportunity",
)


def status(won, closed, category):
    if won is True:
        return "Won"
    if won is False and closed is True:
        return "Lost"
    if closed is False and (category or "").lower() in ("pipeline", "forecast", "bestcase"):
        return "Pipeline"
    return "Other"


def same(date, today, months):
    """Whether a date lies in the same month (months=1) or quarter (3) as today."""
    return date is not None and (date.year, (date.month - 1) // months) == (today.year, (today.month - 1) // months)


def opportunity_enhanced(org):
    raw = org.table("Opportunity", happened=True)
    frame = made(take(raw, OPPORTUNITY | org.added("opportunity")))
    created, closes = column(map(org.day, frame["created_date"])), column(frame["close_date"])
    for name, dates in (("created", created), ("closed", closes)):
        for part, months in (("month", 1), ("quarter", 3)):
            frame[f"is_{name}_this_{part}"] = column(same(date, org.today, months) for date in dates)
    days = lambda later, earlier: None if later is None or earlier is None else (later - earlier).days
    frame["days_since_created"] = column(days(org.today, date) for date in created)
    frame["days_to_close"] = column(map(days, closes, created))
    closed = [value is True for value in frame["is_closed"]]
    frame["days_open"] = column(
        to_close if shut else since
        for shut, to_close, since in zip(closed, frame["days_to_close"], frame["days_since_created"])
    )
    frame["status"] = column(map(status, frame["is_won"], frame["is_closed"], frame["forecast_category"]))
    frame["is_lost"] = column(shut and won is not True for shut, won in zip(closed, frame["is_won"]))
    frame["is_open"] = column(not shut for shut in closed)
    frame["forecast_amount"] = column(map(percent_of, frame["amount"], frame["probability"]))
    for name in ("created_%s_this_month", "created_%s_this_quarter", "closed_%s_this_month", "closed_%s_this_quarter"):
        flags = frame[f"is_{name.replace('_%s', '')}"]
        frame[name % "amount"] = column(amount if flag else Decimal(0) for flag, amount in zip(flags, frame["amount"]))
        frame[name % "count"] = column(int(flag) for flag in flags)
    return made(dict(frame.items()) | people(org, frame) | accounts(org, frame) | first_contact(org, frame) | formulas(org, raw))


def accounts(org, frame):
    fields = own("account_number account_source industry account_name number_of_employees type:account_type", "account")
    return join(org.table("Account"), frame["account_id"], fields | org.added("account"))


def people(org, frame):
    users = org.table("User")
    fields = {"id": "Id", "name": "Name", "role_id": "UserRoleId", "city": "City", "state": "State"}
    of = lambda who, names: {f"opportunity_{who}_{name}": fields[name] for name in names}
    suffixed = lambda suffix: {f"{name}_{suffix}": api for name, api in org.added("user").items()}
    owner = join(users, frame["owner_id"], of("owner", fields) | suffixed("owner") | {"manager": "ManagerId"})
    manager = join(users, owner.pop("manager"), of("manager", ["id", "name", "city", "state"]) | suffixed("manager"))
    role = {}
    if org.has("UserRole"):
        names = {"position": "Name", "developer_name": "DeveloperName", "parent_role_id": "ParentRoleId"}
        wanted = {f"opportunity_owner_{name}": api for name, api in (names | {"rollup_description": "RollupDescription"}).items()}
        role = join(org.table("UserRole"), owner["opportunity_owner_role_id"], wanted)
    return owner | manager | role


def first_contact(org, frame):
    if not org.has("Contact"):
        return {}
    first = {}
    if org.has("OpportunityContactRole"):
        roles = org.table("OpportunityContactRole")
        roles = roles[[primary is True for primary in roles["IsPrimary"]]].sort_values(["CreatedDate", "Id"])
        first = dict(zip(roles["OpportunityId"], roles["ContactId"]))
    ids = [first.get(key) or otherwise for key, otherwise in zip(frame["opportunity_id"], frame["contact_id"])]
    fields = {f"primary_contact_{name}": api for name, api in (("id", "Id"), ("name", "Name"), ("title", "Title"), ("email", "Email"))}
    return join(org.table("Contact"), ids, fields)


def net(org, row):
    rate = nine((row["Discount__c"] or Decimal(0)) / 100)
    return times(row["Amount"] or Decimal(0), 1 - rate)


def outlook(org, row):
    if row["CloseDate"] is None:
        return "never"
    if (row["CloseDate"] - org.today).days > 30:
        return "far"
    return {"Closed Won": "won", "Closed Lost": "lost"}.get(row["StageName"], "near: " + (row["StageName"] or "")).upper()


def reminder(org, row):
    """A month later; of a month's last day, the last day of the next month."""
    close = row["CloseDate"]
    if close is None:
        return None
    following = (close.replace(day=28) + dt.timedelta(days=4)).replace(day=1)
    last = (following.replace(day=28) + dt.timedelta(days=4)).replace(day=1) - dt.timedelta(days=1)
    ends = (close + dt.timedelta(days=1)).month != close.month
    return last if ends or close.day > last.day else following.replace(day=close.day)


def price_of_three(org, row):
    amount = row["Amount"]
    return None if amount is None else nine(amount / 3).quantize(Decimal("0.1"), ROUND_HALF_UP)


def thousands(org, row):
    """Of what is negative, away from zero."""
    amount = -(row["Amount"] or Decimal(0))
    return nine(amount / 1000).to_integral_value("ROUND_UP")


def is_urgent(org, row):
    open_long = row["CloseDate"] is not None and (org.today - row["CloseDate"]).days > 30
    return (row["IsClosed"] is not True and open_long) or "call" in (row["NextStep"] or "")


# {column: (Salesforce's formula, the same as a person would compute it)}
FORMULAS = {
    "net_amount": ("Amount * (1 - Discount__c)", net),
    "outlook": (
        "IF(ISBLANK(CloseDate), 'never', IF(CloseDate - TODAY() > 30, 'far', "
        'UPPER(CASE(StageName, "Closed Won", "won", "Closed Lost", "lost", "near: " & TEXT(StageName)))))',
        outlook,
    ),
    "reminder": ("ADDMONTHS(CloseDate, 1)", reminder),
    "price_of_three": ({"formula": "ROUND(Amount / 3, 1)", "blanks": "blanks"}, price_of_three),
    "thousands": ("/* down */ CEILING(-Amount / 1000)", thousands),
    "is_urgent": (
        "(NOT(IsClosed) && BLANKVALUE(TODAY() - CloseDate, 0) > 30) || CONTAINS(NextStep, 'call')",
        is_urgent,
    ),
}


def formulas(org, raw):
    if not org.variables.get("opportunity_formula_columns"):
        return {}
    rows = records(raw, ["Amount", "Discount__c", "CloseDate", "StageName", "IsClosed", "NextStep"])
    return {name: column(make(org, row) for row in rows) for name, (_, make) in FORMULAS.items()}


def contact_enhanced(org):
    frame = org.table("Contact")
    mine = own(
        "contact_id contact_name account_id department contact_description email individual_id is_deleted:contact_is_deleted"
        " last_activity_date lead_source mailing_city mailing_country mailing_country_code mailing_postal_code mailing_state"
        " mailing_state_code mailing_street master_record_id mobile_phone owner_id:contact_owner_id phone reports_to_id title",
        "contact",
    )
    theirs = own(
        "account_name account_number account_source annual_revenue:account_annual_revenue account_description"
        " industry:account_industry is_deleted:account_is_deleted number_of_employees:account_number_of_employees"
        " owner_id:account_owner_id parent_id:account_parent_id rating:account_rating type:account_type",
        "account",
    )
    return made(
        take(frame, mine | org.added("contact"))
        | join(org.table("Account"), frame["AccountId"], theirs | org.added("account"))
        | join(org.table("User"), frame["OwnerId"], {"contact_owner_name": "Name"} | org.added("user"))
    )


SUMS = {
    "Won": ("bookings", "closed"),
    "Lost": ("lost", "closed"),
    "Pipeline": ("pipeline", "created"),
}


SUMMED = [
    *(f"{when}_{what}_this_{part}" for when in ("created", "closed") for what in ("amount", "count") for part in ("month", "quarter")),
    *("status", "amount", "probability", "forecast_amount", "days_to_close", "days_since_created"),
]


def aggregate(rows):
    """What is summed up over opportunities: rows are {column: value}."""
    of = {name: [row for row in rows if row["status"] == name] for name in SUMS}
    values = lambda name, key: [row[key] for row in of[name]]
    found = {}
    for part in ("month", "quarter"):
        for name, (word, when) in SUMS.items():
            amounts, counts = values(name, f"{when}_amount_this_{part}"), values(name, f"{when}_count_this_{part}")
            label = {"Won": "bookings_{}_closed_this_", "Lost": "lost_{}_this_", "Pipeline": "pipeline_{}_this_"}[name] + part
            amount, count = ("created_amount", "count_created") if name == "Pipeline" else ("amount", "count")
            found[label.format(amount)] = whole(total(amounts))
            found[label.format(count)] = sum(counts)
        forecast = map(percent_of, values("Pipeline", f"created_amount_this_{part}"), values("Pipeline", "probability"))
        found[f"pipeline_created_forecast_amount_this_{part}"] = whole(total(forecast))
    for name, (word, _) in SUMS.items():
        found[f"total_number_{word}"] = len(of[name])
        found[f"total_{word}_amount"] = whole(total(values(name, "amount")))
    found["total_pipeline_forecast_amount"] = whole(total(values("Pipeline", "forecast_amount")))
    found["avg_bookings_amount"] = whole(nine(mean(values("Won", "amount"))))
    found["avg_pipeline_opp_amount"] = whole(nine(mean(values("Pipeline", "amount"))))
    found["largest_booking"] = most(values("Won", "amount"))
    found["largest_deal_in_pipeline"] = most(values("Pipeline", "amount"))
    for name, source, status_name in (
        ("avg_days_to_close", "days_to_close", "Won"),
        ("avg_days_open", "days_since_created", "Pipeline"),
    ):
        found[name] = mean(values(status_name, source))
    return found


def win_percentages(sums, nothing, digits):
    found = {}
    for name, won, lost in (
        ("win_percent_this_month", "bookings_amount_closed_this_month", "lost_amount_this_month"),
        ("win_percent_this_quarter", "bookings_amount_closed_this_quarter", "lost_amount_this_quarter"),
        ("total_win_percent", "total_bookings_amount", "total_lost_amount"),
    ):
        both = sums[won] + sums[lost]
        share = nine(100 * sums[won] / both) if both > 0 else nothing
        found[name] = share if share is None or digits is None else share.quantize(digits, ROUND_HALF_UP)
    return found


def records(frame, names=None):
    """The rows as {column: value}, of these columns only or of all."""
    names = list(names or frame.columns)
    return [dict(zip(names, row)) for row in zip(*(frame[name] for name in names))]


def by_owner(org):
    """(user, id of an existing manager or None, sums) of every user."""
    users = org.table("User")
    of = defaultdict(list)
    for row in records(org.enhanced, ["opportunity_owner_id", *SUMMED]):
        of[row["opportunity_owner_id"]].append(row)
    existing = set(users["Id"])
    for user in records(users):
        yield user, user["ManagerId"] if user["ManagerId"] in existing else None, aggregate(of.get(user["Id"], []))


def owner_performance(org):
    return pd.DataFrame(
        [
            {"owner_id": user["Id"], "owner_name": user["Name"], "owner_city": user.get("City"), "owner_state": user.get("State")}
            | {"manager_id": manager}
            | sums
            | win_percentages(sums, Decimal(0), None)
            for user, manager, sums in by_owner(org)
        ],
        dtype=object,
    )


def manager_performance(org):
    reports = defaultdict(list)
    for _, manager, sums in by_owner(org):
        reports[manager].append(sums)
    users, rows = {user["Id"]: user for user in records(org.table("User"))}, []
    roles = {} if not org.has("UserRole") else dict(zip(org.table("UserRole")["Id"], org.table("UserRole")["Name"]))
    for manager, owners in reports.items():
        user = users.get(manager, {"Id": NOBODY, "Name": NOBODY})
        row = {"manager_id": user["Id"], "manager_name": user["Name"], "manager_city": user.get("City")}
        row |= {"manager_state": user.get("State"), "number_of_direct_reports": len(owners)}
        if org.has("UserRole"):
            row["manager_position"] = roles.get(user.get("UserRoleId"))
        sums = {
            name: (most if name.startswith("largest") else total)([sums[name] for sums in owners]) or 0
            for name in owners[0]
            if not name.startswith("avg")
        }
        rows.append(row | sums | win_percentages(sums, Decimal(0), Decimal("0.01")))
    return pd.DataFrame(rows, dtype=object)


def sales_snapshot(org):
    sums = aggregate(records(org.enhanced, SUMMED))
    return pd.DataFrame([{"snapshot_date": org.today} | sums | win_percentages(sums, None, Decimal("0.01"))], dtype=object)


def daily_activity(org):
    opportunities, counts = records(org.enhanced, ["created_date", "close_date", "status", "amount"]), {}
    counts["opportunities_created"] = Counter(org.day(row["created_date"]) for row in opportunities)
    amounts = {name: defaultdict(list) for name in ("opportunities_created_amount", "opportunities_won_amount")}
    amounts |= {name: defaultdict(list) for name in ("opportunities_lost_amount", "pipeline_amount")}
    counts |= {"opportunities_won": Counter(), "opportunities_lost": Counter()}
    for row in opportunities:
        amounts["opportunities_created_amount"][org.day(row["created_date"])].append(row["amount"])
        name = {"Won": "opportunities_won", "Lost": "opportunities_lost", "Pipeline": "pipeline"}.get(row["status"])
        if name:
            amounts[f"{name}_amount"][row["close_date"]].append(row["amount"])
        if name in counts:
            counts[name][row["close_date"]] += 1
    began = [row["created_date"] for row in opportunities]
    if org.has("Lead"):
        leads = records(org.table("Lead", happened=True))
        began += [row["CreatedDate"] for row in leads]
        counts["leads_created"] = Counter(org.day(row["CreatedDate"]) for row in leads)
        counts["leads_converted"] = Counter(row["ConvertedDate"] for row in leads if row["IsConverted"] is True)
    if org.has("Task"):
        tasks = records(org.table("Task", happened=True))
        counts["tasks_completed"] = Counter(row["ActivityDate"] for row in tasks if row["IsClosed"] is True)
    if org.has("Event"):
        events = records(org.table("Event", happened=True))
        counts["events_completed"] = Counter(row["ActivityDate"] or org.day(row["ActivityDateTime"]) for row in events)
    first = org.day(min((time for time in began if none(time) is not None), default=org.now))
    days = [first + dt.timedelta(days=index) for index in range((org.today - first).days + 1)]
    return made(
        {"date_day": days}
        | {name: [found[day] for day in days] for name, found in counts.items()}
        | {name: [whole(total(found.get(day, []))) for day in days] for name, found in amounts.items()}
    )


def opportunity_line_item_enhanced(org):
    frame = org.table("OpportunityLineItem", happened=True)
    names = own(
        "opportunity_line_item_id opportunity_line_item_name opportunity_line_item_description opportunity_id created_date"
        " last_modified_date service_date pricebook_entry_id product_2_id list_price quantity unit_price total_price discount"
        " has_quantity_schedule has_revenue_schedule",
        "opportunity_line_item",
    )
    found = take(frame, names | org.added("opportunity_line_item"))
    of = defaultdict(list)
    for key, time, parent in zip(frame["Id"], frame["CreatedDate"], frame["OpportunityId"]):
        of[parent].append((time, key))
    place = {key: (index, len(items)) for items in of.values() for index, (_, key) in enumerate(sorted(items), 1)}
    found["line_item_index"], found["total_line_items"] = zip(*(place[key] for key in frame["Id"]))
    enhanced = org.enhanced.set_index("opportunity_id", drop=False)
    parents = {"opportunity_status": "status", "opportunity_close_date": "close_date", "opportunity_account_id": "account_id"}
    parents |= {"opportunity_owner_id": "opportunity_owner_id", "probability": "probability"}
    found |= join(enhanced, frame["OpportunityId"], parents)
    found["forecast_revenue"] = map(percent_of, frame["TotalPrice"], found.pop("probability"))
    if org.has("Product2"):
        names = own("product_2_name product_code product_2_description", "product_2")
        names |= own(
            "external_id:product_external_id family:product_family is_active:product_is_active is_archived:product_is_archived"
            " is_deleted:product_is_deleted number_of_quantity_installments:product_number_of_quantity_installments"
            " quantity_installment_period:product_quantity_installment_period"
            " quantity_schedule_type:product_quantity_schedule_type"
            " quantity_unit_of_measure:product_quantity_unit_of_measure"
            " number_of_revenue_installments:product_number_of_revenue_installments"
            " revenue_installment_period:product_revenue_installment_period revenue_schedule_type:product_revenue_schedule_type",
            "product_2",
        )
        found |= join(org.table("Product2"), frame["Product2Id"], names | org.added("product_2"))
    return made(found)


def product_revenue(org):
    of = defaultdict(list)
    names = ["product_2_id", "opportunity_id", "opportunity_status", "quantity", "total_price", "forecast_revenue"]
    for row in records(org.items, names):
        if row["opportunity_status"] is not None:
            of[row["product_2_id"]].append(row)
    rows = []
    for product in records(org.table("Product2")):
        items = of.get(product["Id"], [])
        row = {"product_2_id": product["Id"], "product_2_name": product["Name"], "product_code": product["ProductCode"]}
        row |= {"product_family": product["Family"], "number_of_line_items": len(items)}
        row["number_of_opportunities"] = len({item["opportunity_id"] for item in items})
        for name in SUMS:
            mine = [item for item in items if item["opportunity_status"] == name]
            row[f"{name.lower()}_quantity"] = total(item["quantity"] for item in mine)
            row[f"{name.lower()}_revenue"] = total(item["total_price"] for item in mine)
            if name == "Pipeline":
                row["pipeline_forecast_revenue"] = total(item["forecast_revenue"] for item in mine)
        rows.append(row)
    return pd.DataFrame(rows, dtype=object)


TOLD = {
    "StageName": "stage_name",
    "Amount": "amount",
    "Probability": "probability",
    "CloseDate": "close_date",
    "ForecastCategoryName": "forecast_category_name",
    "NextStep": "next_step",
    "Owner": "owner_id",
}
READ = {"Amount": lambda text: nine(Decimal(text)), "CloseDate": lambda text: dt.date.fromisoformat(text[:10])}
READ["Probability"] = READ["Amount"]


def told(name, text):
    """A value as the history's text says it."""
    return READ.get(name, str)(text) if text else None


def history_events(org):
    """{opportunity: [(time, id, field, old, new)]} in the order in which they happened."""
    events, is_id = defaultdict(list), re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?")
    frame = org.table("OpportunityFieldHistory")
    names = ("OpportunityId", "CreatedDate", "Id", "Field", "OldValue", "NewValue")
    for parent, time, key, name, old, new in zip(*(frame[name] for name in names)):
        if name in TOLD and (name != "Owner" or is_id.fullmatch(new or old or "")):
            events[parent].append((time, key, name, old, new))
    for of in events.values():
        of.sort(key=lambda event: event[:2])
    return events


def opportunity_daily_history(org):
    events, frame = history_events(org), org.enhanced
    stages = defaultdict(lambda: [None, None])
    for stage, *flags in zip(frame["stage_name"], frame["is_closed"], frame["is_won"]):
        stages[stage] = [flag if before is None else before or bool(flag) for flag, before in zip(flags, stages[stage])]
    start = dt.date.fromisoformat(org.variables.get("opportunity_history_start_date") or "2020-01-01")
    one, last, rows = dt.timedelta(days=1), org.today - dt.timedelta(days=1), []
    label = {start + one * index: f"-{start + one * index:%Y%m%d}" for index in range((last - start).days + 1)}
    for record in zip(frame["opportunity_id"], frame["created_date"], *(frame[name] for name in TOLD.values())):
        (key, time, *values), of = record, events.get(record[0], [])
        state = dict(zip(TOLD, values))
        for _, _, name, old, _ in reversed(of):
            state[name] = told(name, old)
        created = changed = org.day(time)
        at, date, fresh = 0, created, True
        while date <= last:
            while at < len(of) and org.day(of[at][0]) <= date:
                state[of[at][2]], changed = told(of[at][2], of[at][4]), max(created, org.day(of[at][0]))
                at, fresh = at + 1, True
            if date >= start:
                if fresh:
                    flags = stages[state["StageName"]] if state["StageName"] is not None else (None, None)
                    now = (*state.values(), *flags, percent_of(state["Amount"], state["Probability"]))
                    fresh = False
                rows.append((key + label[date], key, date, *now, (date - created).days, (date - changed).days))
                date += one
            else:
                # Nothing is told before the first day: on to the last event before it, or to it.
                date = start
                if at < len(of) and org.day(of[at][0]) < start:
                    date = max(created, org.day(of[at][0]))
    names = ["opportunity_day_id", "opportunity_id", "date_day", *TOLD.values(), "is_closed", "is_won", "forecast_amount"]
    names += ["days_since_created", "days_since_changed"]
    return dict(zip(names, map(list, zip(*rows)))) if rows else {name: [] for name in names}


# {mart: (what computes it, its key, the objects without which it is not there)}
MARTS = {
    "opportunity_enhanced": (lambda org: org.enhanced, ["opportunity_id"], []),
    "owner_performance": (owner_performance, ["owner_id"], []),
    "manager_performance": (manager_performance, ["manager_id"], []),
    "sales_snapshot": (sales_snapshot, ["snapshot_date"], []),
    "contact_enhanced": (contact_enhanced, ["contact_id"], ["Contact"]),
    "daily_activity": (daily_activity, ["date_day"], []),
    "opportunity_line_item_enhanced": (lambda org: org.items, ["opportunity_line_item_id"], ["OpportunityLineItem"]),
    "product_revenue": (product_revenue, ["product_2_id"], ["OpportunityLineItem", "Product2"]),
    "opportunity_daily_history": (
        opportunity_daily_history,
        ["opportunity_id", "date_day"],
        ["OpportunityFieldHistory"],
    ),
}


def compute(org):
    """{mart: (columns, key)} of every mart that the org has the objects for."""
    org.enhanced = opportunity_enhanced(org)
    org.items = opportunity_line_item_enhanced(org) if org.has("OpportunityLineItem") else None
    return {name: (make(org), key) for name, (make, key, needs) in MARTS.items() if all(map(org.has, needs))}
