"""simple-salesforce against the simulator of an org: logins, describe, SOQL, records, Bulk API 2.0, limits, errors."""

import csv
import datetime as dt
import io
import json
import os
import sys
import tempfile
import urllib.request
from decimal import Decimal

import requests
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce, exceptions, format_soql
from simple_salesforce.bulk2 import ColumnDelimiter, LineEnding

from checks import check, equal, main, raises

URL = sys.argv[1].rstrip("/")
KEY, SECRET = os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"]
VERSION = "62.0"


class ToTheSimulator(HTTPAdapter):
    """The library writes https:// and a host of Salesforce's; this turns any such address into the simulator's."""

    def send(self, request, **options):
        path = request.url.split("/", 3)[3]
        request.url = f"{URL}/{path}"
        return super().send(request, **options)


def session():
    new = requests.Session()
    new.mount("https://", ToTheSimulator())
    return new


def login(**credentials):
    return Salesforce(version=VERSION, session=session(), **credentials)


def control(what, body=None):
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(f"{URL}/_control/{what}", data) as answer:
        return answer.read().decode()


def truth(name):
    """An object's live records as the org holds them, by id."""
    # Not splitlines: texts have other separators in them, such as U+2028.
    records = [json.loads(line) for line in control(f"export?object={name}").split("\n") if line]
    return {record["Id"]: record for record in records}


def plain(record):
    return {name: value for name, value in record.items() if name != "attributes"}


SF = login(consumer_key=KEY, consumer_secret=SECRET, domain="acme.my")


@check
def logins():
    equal((SF.auth_type, f"http://{SF.sf_instance}"), ("client-credentials", URL))
    for credentials, code in [
        ({"consumer_key": KEY, "consumer_secret": "wrong"}, "invalid_client"),
        ({"consumer_key": "nobody", "consumer_secret": SECRET}, "invalid_client_id"),
    ]:
        with raises(exceptions.SalesforceAuthenticationFailed, f"code: {code}"):
            login(domain="acme.my", **credentials)
    direct = login(session_id=SF.session_id, instance_url="https://acme.my.salesforce.com")
    equal(direct.query("SELECT COUNT() FROM User")["totalSize"], len(truth("User")))
    with raises(exceptions.SalesforceAuthenticationFailed, "INVALID_LOGIN"):
        login(username="nobody@example.com", password="wrong", security_token="")
    assert SF.oauth2("userinfo")["organization_id"].startswith("00D")


@check
def describe():
    objects = {o["name"]: o for o in SF.describe()["sobjects"]}
    for name in ["User", "Account", "Contact", "Lead", "Opportunity", "OpportunityLineItem", "Product2", "Task", "Case",
                 "Campaign"]:
        assert objects[name]["queryable"] is True, name
    of_accounts = objects["Account"]
    equal((of_accounts["keyPrefix"], of_accounts["labelPlural"], of_accounts["custom"]), ("001", "Accounts", False))
    account = SF.Account.describe()
    fields = {f["name"]: f for f in account["fields"]}
    for name, kind in [("Id", "id"), ("Name", "string"), ("ParentId", "reference"), ("AnnualRevenue", "currency"),
                       ("BillingAddress", "address"), ("SystemModstamp", "datetime"), ("Interests__c", "multipicklist")]:
        equal(fields[name]["type"], kind, name)
    revenue = fields["AnnualRevenue"]
    equal((revenue["precision"], revenue["scale"], revenue["soapType"]), (18, 0, "xsd:double"))
    equal(fields["ParentId"]["referenceTo"], ["Account"])
    equal(fields["BillingCity"]["compoundFieldName"], "BillingAddress")
    equal((fields["External_Key__c"]["externalId"], fields["External_Key__c"]["unique"]), (True, True))
    assert [v["value"] for v in fields["Region__c"]["picklistValues"]] == ["AMER", "EMEA", "APAC", "LATAM"]
    equal(SF.Account.metadata()["objectDescribe"]["name"], "Account")
    with raises(exceptions.SalesforceResourceNotFound, "NOT_FOUND"):
        SF.Nothing__c.describe()


@check
def every_record_by_pages():
    # More than one page of 2,000.
    expected = truth("Account")
    assert len(expected) > 2000
    # Numbers as written: binary fractions would hide a wrong digit.
    exact = login(session_id=SF.session_id, instance_url=URL.replace("http:", "https:"))
    exact._parse_float = Decimal
    names = ["Id", "Name", "Description", "ParentId", "AnnualRevenue", "Annual_Contract_Value__c", "Score__c", "Is_Strategic__c",
             "Founded__c", "Support_Opens__c", "Interests__c", "Notes__c", "CreatedDate", "SystemModstamp", "IsDeleted"]
    result = exact.query_all(f"SELECT {', '.join(names)} FROM Account")
    equal(result["totalSize"], len(expected))
    numbers = {"AnnualRevenue", "Annual_Contract_Value__c", "Score__c"}
    for record in result["records"]:
        wanted = expected.pop(record["Id"])
        equal(record["attributes"]["url"], f"/services/data/v{VERSION}/sobjects/Account/{record['Id']}")
        for name in names:
            have, want = record[name], wanted[name]
            if name in numbers and want is not None:
                have, want = Decimal(have), Decimal(want)
            if name in ("CreatedDate", "SystemModstamp"):
                # REST writes +0000 where the export, as Bulk's CSV, writes Z.
                have = have.replace("+0000", "Z")
            equal(have, want, f"{record['Id']}.{name}")
    equal(expected, {}, "records that no page had")


@check
def pages_one_by_one():
    first = SF.query("SELECT Id FROM Account")
    equal((first["done"], len(first["records"])), (False, 2000))
    identifier = first["nextRecordsUrl"].rsplit("/", 1)[1]
    for second in [SF.query_more(identifier), SF.query_more(first["nextRecordsUrl"], identifier_is_url=True)]:
        equal((second["done"], len(first["records"]) + len(second["records"])), (True, first["totalSize"]))
        assert "nextRecordsUrl" not in second
    small = SF.query("SELECT Id FROM Account", headers={"Sforce-Query-Options": "batchSize=300"})
    equal((len(small["records"]), small["totalSize"]), (300, first["totalSize"]))
    ids = [record["Id"] for record in SF.query_all_iter("SELECT Id FROM Account ORDER BY CreatedDate DESC, Id")]
    equal(len(set(ids)), first["totalSize"])
    with raises(exceptions.SalesforceMalformedRequest, "INVALID_QUERY_LOCATOR"):
        SF.query_more("01gXX0000000000AAA-2000")


@check
def soql():
    accounts, contacts = truth("Account"), truth("Contact")
    stamps = sorted(a["SystemModstamp"] for a in accounts.values())
    middle = stamps[len(stamps) // 2]
    some = next(a for a in accounts.values() if "'" in a["Name"] or '"' in a["Name"] or "\\" in a["Name"])

    def count(condition, records=accounts):
        return sum(1 for record in records.values() if condition(record))

    for where, expected in [
        (f"SystemModstamp >= {middle}", count(lambda a: a["SystemModstamp"] >= middle)),
        (f"SystemModstamp < {middle}", count(lambda a: a["SystemModstamp"] < middle)),
        ("AnnualRevenue = NULL", count(lambda a: a["AnnualRevenue"] is None)),
        ("AnnualRevenue > 1000000 AND Is_Strategic__c = TRUE",
         count(lambda a: a["AnnualRevenue"] and Decimal(a["AnnualRevenue"]) > 1_000_000 and a["Is_Strategic__c"])),
        ("Region__c IN ('EMEA', 'APAC')", count(lambda a: a["Region__c"] in ("EMEA", "APAC"))),
        ("NOT (Region__c = 'EMEA' OR Region__c = 'APAC')", count(lambda a: a["Region__c"] not in ("EMEA", "APAC"))),
        ("Founded__c < 2000-01-01", count(lambda a: a["Founded__c"] and a["Founded__c"] < "2000-01-01")),
        (format_soql("Name = {}", some["Name"]), count(lambda a: a["Name"].lower() == some["Name"].lower())),
        (format_soql("Name LIKE '{:like}%'", some["Name"][:4]),
         count(lambda a: a["Name"].lower().startswith(some["Name"][:4].lower()))),
        (f"Id IN ('{some['Id']}', '{some['Id'][:15]}')", 1),
    ]:
        equal(SF.query(f"SELECT COUNT() FROM Account WHERE {where}")["totalSize"], expected, where)
    related = SF.query("SELECT Id, Account.Name, Owner.Name FROM Contact WHERE AccountId != NULL ORDER BY Id LIMIT 5")["records"]
    equal(len(related), 5)
    for record in related:
        equal(record["Account"]["Name"], accounts[contacts[record["Id"]]["AccountId"]]["Name"])
    grouped = SF.query("SELECT Region__c, COUNT(Id) n FROM Account GROUP BY Region__c")["records"]
    equal({r["Region__c"]: r["n"] for r in grouped}.get("EMEA"), count(lambda a: a["Region__c"] == "EMEA"))


@check
def records():
    before = SF.query("SELECT COUNT() FROM Account")["totalSize"]
    name = "Ünïcode \"quoted\" 'name'\nsecond line 🌊"
    founded = "1999-12-31"
    created = SF.Account.create({"Name": name, "External_Key__c": "simple-1", "Founded__c": founded})
    equal((created["success"], created["errors"]), (True, []))
    id18 = created["id"]
    equal((len(id18), id18[:3]), (18, "001"))
    for identifier in (id18, id18[:15]):
        record = SF.Account.get(identifier)
        equal((record["Id"], record["Name"], record["Founded__c"]), (id18, name, founded))
    first = SF.Account.get(id18)
    assert first["CreatedDate"] == first["SystemModstamp"], "a new record has one time"
    equal(SF.Account.update(id18, {"Name": "changed", "Founded__c": None}), 204)
    second = SF.Account.get_by_custom_id("External_Key__c", "simple-1")
    equal((second["Id"], second["Name"], second["Founded__c"]), (id18, "changed", None))
    equal(second["CreatedDate"], first["CreatedDate"])
    # To the second, as in Salesforce.
    assert second["SystemModstamp"] >= first["SystemModstamp"], (first["SystemModstamp"], second["SystemModstamp"])
    assert SF.Account.upsert("External_Key__c/simple-1", {"Name": "upserted"}) in (200, 204)
    equal(SF.Account.get(id18)["Name"], "upserted")
    for data, code in [
        ({}, "REQUIRED_FIELD_MISSING"),
        ({"Name": "x", "Nme": "typo"}, "INVALID_FIELD"),
        ({"Name": "x", "AnnualRevenue": "a lot"}, "JSON_PARSER_ERROR"),
        ({"Name": "x", "External_Key__c": "simple-1"}, "DUPLICATE_VALUE"),
        ({"Name": "x" * 300}, "STRING_TOO_LONG"),
    ]:
        with raises(exceptions.SalesforceMalformedRequest, code):
            SF.Account.create(data)
    equal(SF.query("SELECT COUNT() FROM Account")["totalSize"], before + 1)
    equal(SF.Account.delete(id18), 204)
    with raises(exceptions.SalesforceResourceNotFound):
        SF.Account.get(id18)
    with raises(exceptions.SalesforceResourceNotFound):
        SF.Account.delete(id18)
    query = f"SELECT Id, IsDeleted, SystemModstamp FROM Account WHERE Id = '{id18}'"
    equal(SF.query(query)["totalSize"], 0)
    deleted = SF.query(query, include_deleted=True)["records"]
    equal([record["IsDeleted"] for record in deleted], [True])
    assert deleted[0]["SystemModstamp"] >= second["SystemModstamp"]
    now = dt.datetime.now(dt.timezone.utc)
    gone = SF.Account.deleted(now - dt.timedelta(days=1), now + dt.timedelta(minutes=1))
    assert id18 in [record["id"] for record in gone["deletedRecords"]], gone


def bulk_rows(pages, **dialect):
    pages = list(pages)
    return pages, [row for page in pages for row in csv.DictReader(io.StringIO(page, newline=""), **dialect)]


@check
def bulk_queries():
    fields = "Id, Name, Description, AnnualRevenue, Is_Strategic__c, Interests__c, Notes__c, Founded__c, SystemModstamp"
    pages, rows = bulk_rows(SF.bulk2.Account.query(f"SELECT {fields} FROM Account", max_records=1000, wait=0.05))
    expected = truth("Account")
    equal((len(rows), [page.split("\n", 1)[0].count(",") for page in pages]), (len(expected), [8] * (len(expected) // 1000 + 1)))
    for row in rows:
        record = expected.pop(row["Id"])
        for name, cell in row.items():
            want = record[name]
            if name == "AnnualRevenue" and want is not None:
                equal(Decimal(cell), Decimal(want), f"{row['Id']}.{name}")
            else:
                equal(cell, {None: "", True: "true", False: "false"}.get(want, want), f"{row['Id']}.{name}")
    equal(expected, {})
    SF.Contact.delete(next(iter(truth("Contact"))))
    for records, deleted in [(SF.bulk2.Contact.query, {"false"}), (SF.bulk2.Contact.query_all, {"false", "true"})]:
        _, rows = bulk_rows(records("SELECT Id, IsDeleted FROM Contact", wait=0.05))
        equal({row["IsDeleted"] for row in rows}, deleted)
    options = {"column_delimiter": ColumnDelimiter.PIPE, "line_ending": LineEnding.CRLF, "wait": 0.05}
    pages, rows = bulk_rows(SF.bulk2.Account.query("SELECT Id, Name FROM Account", **options), delimiter="|")
    equal({row["Id"]: row["Name"] for row in rows}, {i: a["Name"] for i, a in truth("Account").items()})
    assert pages[0].startswith('"Id"|"Name"\r\n'), pages[0][:40]
    with tempfile.TemporaryDirectory() as folder:
        parts = SF.bulk2.Account.download("SELECT Id FROM Account", folder, max_records=1500, wait=0.05)
        equal(sum(part["number_of_records"] for part in parts), len(truth("Account")))
        with open(parts[0]["file"]) as file:
            equal(len(file.readlines()), 1501)
    _, none = bulk_rows(SF.bulk2.Account.query("SELECT Id FROM Account WHERE Name = 'there is none'", wait=0.05))
    equal(none, [])


@check
def bulk_errors():
    for query, code in [
        ("SELECT Nme FROM Account", "INVALID_FIELD"),
        ("SELECT Id FROM Nothing__c", "INVALID_TYPE"),
        ("SELECT Region__c, COUNT(Id) FROM Account GROUP BY Region__c", "API_ERROR"),
        ("SELECT Id, BillingAddress FROM Account", "API_ERROR"),
    ]:
        try:
            with raises(exceptions.SalesforceMalformedRequest, code):
                list(SF.bulk2.Account.query(query, wait=0.05))
        except AssertionError as error:
            raise AssertionError(query) from error
    control("faults", [{"kind": "bulk_job_failed", "message": "InternalServerError: try later"}])
    with raises(exceptions.SalesforceOperationError, "InternalServerError: try later"):
        list(SF.bulk2.Account.query("SELECT Id FROM Account", wait=0.05))


@check
def limits():
    before = SF.limits()["DailyApiRequests"]
    SF.query("SELECT COUNT() FROM Account")
    after = SF.limits()["DailyApiRequests"]
    equal((after["Max"], before["Remaining"] - after["Remaining"]), (before["Max"], 2))
    usage = SF.api_usage["api-usage"]
    equal((usage.total, usage.used), (after["Max"], after["Max"] - after["Remaining"]))


@check
def errors():
    for query, code in [
        ("SELECT Id FROM", "MALFORMED_QUERY"),
        ("SELEKT Id FROM Account", "MALFORMED_QUERY"),
        ("SELECT Nme FROM Account", "INVALID_FIELD"),
        ("SELECT Id FROM Nothing__c", "INVALID_TYPE"),
        ("SELECT Id FROM Account WHERE Name = 5", "INVALID_FIELD"),
        ("SELECT Id FROM Account WHERE CreatedDate > '2024-01-01'", "INVALID_FIELD"),
    ]:
        with raises(exceptions.SalesforceMalformedRequest, code):
            SF.query(query)
    with raises(exceptions.SalesforceResourceNotFound, "NOT_FOUND"):
        SF.restful("no/such/resource")
    with raises(exceptions.SalesforceGeneralError, "501"):
        SF.search("FIND {x}")


@check
def sessions_end():
    direct = login(session_id=SF.session_id, instance_url=URL.replace("http:", "https:"))
    control("expire_sessions", {})
    with raises(exceptions.SalesforceExpiredSession, "INVALID_SESSION_ID"):
        direct.query("SELECT Id FROM Account LIMIT 1")
    # A client that can log in again does so by itself.
    equal(len(SF.query("SELECT Id FROM Account LIMIT 1")["records"]), 1)
    assert SF.session_id != direct.session_id


main()
