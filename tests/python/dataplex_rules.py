"""The specification that `headwater quality dataplex-rules` prints, in Google's hands: parsed strictly, made a scan, and run.

    dataplex_rules.py URL SPECIFICATION TABLE
"""

import json
import sys
import time
from pathlib import Path

from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import dataplex_v1 as dataplex
from google.protobuf.json_format import ParseDict, ParseError

from checks import PROJECT, REGION, check, equal, main, raises

URL, SPEC, TABLE = sys.argv[1:]
CLIENT = dataplex.DataScanServiceClient(
    credentials=AnonymousCredentials(), transport="rest", client_options=ClientOptions(api_endpoint=URL)
)
TEXT = json.loads(Path(SPEC).read_text())


def parsed(spec):
    return dataplex.DataQualitySpec.wrap(ParseDict(spec, dataplex.DataQualitySpec.pb()(), ignore_unknown_fields=False))


@check
def it_is_googles_message():
    spec = parsed(TEXT)
    equal(len(spec.rules), len(TEXT["rules"]))
    for rule in spec.rules:
        assert type(rule).pb(rule).WhichOneof("rule_type"), rule
    wrong = json.loads(json.dumps(TEXT))
    wrong["rules"][0]["ignoreNulls"] = True
    with raises(ParseError, "ignoreNulls"):
        parsed(wrong)


@check
def it_runs():
    project, dataset, table = TABLE.split(".")
    resource = f"//bigquery.googleapis.com/projects/{project}/datasets/{dataset}/tables/{table}"
    wanted = dataplex.DataScan(data={"resource": resource}, data_quality_spec=parsed(TEXT))
    parent = f"projects/{PROJECT}/locations/{REGION}"
    name = CLIENT.create_data_scan(parent=parent, data_scan=wanted, data_scan_id="printed").result(timeout=30).name
    job = CLIENT.run_data_scan(name=name).job.name
    view = dataplex.GetDataScanJobRequest.DataScanJobView.FULL
    for _ in range(600):
        found = CLIENT.get_data_scan_job(request={"name": job, "view": view})
        if found.state not in (found.State.PENDING, found.State.RUNNING):
            break
        time.sleep(0.05)
    equal(found.state, found.State.SUCCEEDED, found.message)
    equal(len(found.data_quality_result.rules), len(TEXT["rules"]))
    failed = [rule.rule.name for rule in found.data_quality_result.rules if not rule.passed]
    equal(failed, [], "the table is as the suite expects")
    CLIENT.delete_data_scan(name=name).result(timeout=30)


main()
