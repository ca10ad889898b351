"""google-cloud-dataplex (over REST) against the local cloud: data scans."""

import sys

from google.api_core import exceptions
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import dataplex_v1 as dataplex

from checks import PROJECT, REGION, check, equal, main, raises

CLIENT = dataplex.DataScanServiceClient(
    credentials=AnonymousCredentials(), transport="rest", client_options=ClientOptions(api_endpoint=sys.argv[1])
)
PARENT = f"projects/{PROJECT}/locations/{REGION}"
TABLE = f"//bigquery.googleapis.com/projects/{PROJECT}/datasets/d/tables/t"


def scan(**settings):
    return dataplex.DataScan(data={"resource": TABLE}, **settings)


@check
def quality_scans():
    rules = [
        {"non_null_expectation": {}, "column": "id", "dimension": "COMPLETENESS", "threshold": 0.5, "name": "id-set"},
        {
            "statistic_range_expectation": {"statistic": "MEAN", "min_value": "1"},
            "column": "amount",
            "dimension": "VALIDITY",
        },
        {"sql_assertion": {"sql_statement": "SELECT 1 FROM ${data()}"}, "dimension": "VALIDITY"},
    ]
    wanted = scan(
        labels={"team": "crm"},
        execution_spec={"trigger": {"schedule": {"cron": "TZ=Europe/Berlin 0 6 * * *"}}},
        data_quality_spec={"rules": rules, "sampling_percent": 12.5},
    )
    made = CLIENT.create_data_scan(parent=PARENT, data_scan=wanted, data_scan_id="orders").result(timeout=30)
    equal(made.name, f"{PARENT}/dataScans/orders")
    equal((made.type_, made.state), (dataplex.DataScanType.DATA_QUALITY, dataplex.State.ACTIVE))
    equal(made.data_quality_spec, wanted.data_quality_spec)
    basic = CLIENT.get_data_scan(name=made.name)
    equal(len(basic.data_quality_spec.rules), 0, "the basic view has no rules")
    full = CLIENT.get_data_scan(request={"name": made.name, "view": dataplex.GetDataScanRequest.DataScanView.FULL})
    equal(full.data_quality_spec, wanted.data_quality_spec)
    equal([found.uid for found in CLIENT.list_data_scans(parent=PARENT)], [made.uid])
    change = scan(name=made.name, description="new")
    changed = CLIENT.update_data_scan(data_scan=change, update_mask={"paths": ["description"]}).result(timeout=30)
    equal((changed.description, changed.data_quality_spec), ("new", wanted.data_quality_spec))
    with raises(exceptions.BadRequest, "immutable"):
        moved = dataplex.DataScan(name=made.name, data={"resource": TABLE + "2"})
        CLIENT.update_data_scan(data_scan=moved, update_mask={"paths": ["data"]})
    with raises(exceptions.MethodNotImplemented, "run"):
        CLIENT.run_data_scan(name=made.name)
    CLIENT.delete_data_scan(name=made.name).result(timeout=30)
    with raises(exceptions.NotFound, "orders"):
        CLIENT.get_data_scan(name=made.name)


@check
def profile_scans():
    wanted = scan(data_profile_spec={"include_fields": {"field_names": ["a"]}})
    made = CLIENT.create_data_scan(parent=PARENT, data_scan=wanted, data_scan_id="profile").result(timeout=30)
    equal(made.type_, dataplex.DataScanType.DATA_PROFILE)
    equal(list(made.data_profile_spec.include_fields.field_names), ["a"])
    CLIENT.delete_data_scan(name=made.name).result(timeout=30)


@check
def errors():
    with raises(exceptions.BadRequest, "exactly one of"):
        CLIENT.create_data_scan(parent=PARENT, data_scan=scan(), data_scan_id="none")
    with raises(exceptions.BadRequest, "data_scan_id"):
        CLIENT.create_data_scan(parent=PARENT, data_scan=scan(data_profile_spec={}), data_scan_id="Bad_Id")
    with raises(exceptions.NotFound):
        CLIENT.get_data_scan(name=f"{PARENT}/dataScans/none")


main()
