"""google-api-python-client, which follows Google's descriptions of the APIs, against the local cloud: alert policies, notification
channels, dashboards and log-based metrics.
"""

import importlib.resources
import sys

from google.auth.credentials import AnonymousCredentials
from googleapiclient.discovery import build_from_document
from googleapiclient.errors import HttpError

from checks import PROJECT, check, equal, main

PARENT = f"projects/{PROJECT}"
FILTER = 'metric.type="pubsub.googleapis.com/subscription/num_undelivered_messages" AND resource.type="pubsub_subscription"'


def service(api):
    text = (importlib.resources.files("googleapiclient") / f"discovery_cache/documents/{api}.json").read_text()
    client = build_from_document(text, credentials=AnonymousCredentials(), client_options={"api_endpoint": sys.argv[1] + "/"})
    return client.projects()


V3, V1, LOGGING = service("monitoring.v3"), service("monitoring.v1"), service("logging.v2")


def refused(call, status, *texts):
    try:
        call.execute()
    except HttpError as error:
        equal(error.resp.status, status, str(error))
        for text in texts:
            assert text in str(error), f"{text!r} is not in: {error}"
        return
    raise AssertionError("it was not refused")


def policy(**settings):
    threshold = {"filter": FILTER, "comparison": "COMPARISON_GT", "thresholdValue": 10, "duration": "300s"}
    condition = {"displayName": "backlog", "conditionThreshold": {**threshold, **settings.pop("threshold", {})}}
    return {"displayName": "late", "combiner": "OR", "conditions": [condition], **settings}


@check
def policies():
    all_of = V3.alertPolicies()
    made = all_of.create(name=PARENT, body=policy(severity="ERROR", userLabels={"team": "crm"})).execute()
    name = made["name"]
    assert name.startswith(f"{PARENT}/alertPolicies/") and name.rsplit("/", 1)[1].isdigit(), name
    assert made["conditions"][0]["name"].startswith(f"{name}/conditions/"), made
    equal(made["enabled"], True, "what is not said is on")
    assert made["creationRecord"]["mutateTime"] == made["mutationRecord"]["mutateTime"], made
    equal(all_of.get(name=name).execute(), made)
    equal(all_of.list(name=PARENT, pageSize=1).execute(), {"alertPolicies": [made]})

    body = {"displayName": "later", "enabled": False, "severity": "CRITICAL"}
    changed = all_of.patch(name=name, updateMask="display_name,enabled", body=body).execute()
    equal((changed["displayName"], changed["enabled"], changed["severity"]), ("later", False, "ERROR"), "only what the mask names")
    equal(changed["conditions"], made["conditions"], "conditions keep their names")
    whole = all_of.patch(name=name, body=policy()).execute()
    assert "severity" not in whole and whole["enabled"], whole
    all_of.delete(name=name).execute()
    refused(all_of.get(name=name), 404, name)
    refused(all_of.list(name=PARENT, filter='display_name="x"'), 501, "filter")


@check
def what_a_policy_may_not_be():
    all_of = V3.alertPolicies()
    for body, text in [
        (policy(threshold={"duration": "30s"}), "only multiples of 1 minute are supported"),
        (policy(threshold={"duration": "86400s"}), "23 hours and 30 minutes"),
        (policy(threshold={"filter": 'metric.type="a"'}), "resource type"),
        (policy(threshold={"filter": 'metric.type="a" AND resource.type=b'}), "in quotes"),
        (policy(threshold={"comparison": "COMPARISON_GE"}), "only COMPARISON_GT and COMPARISON_LT"),
        (policy(threshold={"duration": "0s", "evaluationMissingData": "EVALUATION_MISSING_DATA_NO_OP"}), "non-zero duration"),
        (policy(threshold={"aggregations": [{"perSeriesAligner": "ALIGN_SUM"}]}), "alignment_period"),
        (policy(alertStrategy={"autoClose": "600s"}), "at least 30 minutes"),
        (policy(alertStrategy={"notificationRateLimit": {"period": "300s"}}), "LogMatch"),
        (policy(conditions=[]), "one to six conditions"),
        (policy(combiner="COMBINE_UNSPECIFIED"), "combiner"),
        (policy(displayName=""), "display_name"),
        (policy(userLabels={"Team": "x"}), "user_labels"),
        (policy(conditions=[{"displayName": "x", "conditionMatchedLog": {"filter": "a"}}]), "notification_rate_limit"),
        (policy(conditions=[{"displayName": "x"}]), "exactly one condition type"),
        (policy(conditions=[{"displayName": "x", "conditionPrometheusQueryLanguage": {"query": "a", "evaluationInterval": "7s"}}]), "30 seconds"),
    ]:  # fmt: skip
        refused(all_of.create(name=PARENT, body=body), 400, text)
    nobody = f"{PARENT}/notificationChannels/1"
    refused(all_of.create(name=PARENT, body=policy(notificationChannels=[nobody])), 404, nobody)
    equal(all_of.list(name=PARENT).execute(), {})


@check
def channels():
    all_of = V3.notificationChannels()
    body = {"type": "slack", "displayName": "chat", "labels": {"channel_name": "#data", "auth_token": "xoxb-secret"}}
    made = all_of.create(name=PARENT, body=body).execute()
    equal(made["labels"], {"channel_name": "#data", "auth_token": "**********"}, "a secret is not shown")
    name = made["name"]
    changed = all_of.patch(name=name, updateMask="enabled", body={"enabled": False}).execute()
    equal((changed["enabled"], len(changed["mutationRecords"])), (False, 2))
    equal([found["name"] for found in all_of.list(name=PARENT).execute()["notificationChannels"]], [name])

    watched = V3.alertPolicies().create(name=PARENT, body=policy(notificationChannels=[name])).execute()
    refused(all_of.delete(name=name), 400, watched["name"])
    all_of.delete(name=name, force=True).execute()
    assert "notificationChannels" not in V3.alertPolicies().get(name=watched["name"]).execute()
    V3.alertPolicies().delete(name=watched["name"]).execute()
    refused(all_of.get(name=name), 404)
    for body, text in [
        ({"type": "pigeon", "displayName": "x"}, "no such type"),
        ({"type": "email", "displayName": "x"}, "email_address"),
        ({"type": "pubsub", "displayName": "x", "labels": {"topic": "alerts"}}, "topic"),
        ({"type": "email", "displayName": "x", "labels": {"email_address": "a@b", "number": "1"}}, "number"),
    ]:
        refused(all_of.create(name=PARENT, body=body), 400, text)


@check
def dashboards():
    all_of = V1.dashboards()
    tile = {"width": 6, "height": 4, "widget": {"text": {"content": "x", "format": "MARKDOWN"}}}
    body = {"displayName": "Data", "mosaicLayout": {"columns": 12, "tiles": [tile]}, "labels": {"team": "crm"}}
    name = f"{PARENT}/dashboards/data"
    equal(all_of.create(parent=PARENT, body={**body, "name": name}, validateOnly=True).execute()["name"], name)
    equal(all_of.list(parent=PARENT).execute(), {}, "it was only validated")
    made = all_of.create(parent=PARENT, body={**body, "name": name}).execute()
    equal(made["name"], name)
    refused(all_of.create(parent=PARENT, body={**body, "name": name}), 409)
    unnamed = all_of.create(parent=PARENT, body=body).execute()["name"]
    equal(len(all_of.list(parent=PARENT).execute()["dashboards"]), 2)
    changed = all_of.patch(name=name, body={"displayName": "New", "gridLayout": {}, "etag": made["etag"]}).execute()
    assert "mosaicLayout" not in changed and changed["etag"] != made["etag"], changed
    refused(all_of.patch(name=name, body={"displayName": "New", "gridLayout": {}, "etag": made["etag"]}), 409)
    for wrong, text in [
        ({"displayName": "x"}, "exactly one layout"),
        ({"gridLayout": {}}, "display_name"),
        ({"displayName": "x", "mosaicLayout": {"columns": 49}}, "between 1 and 48"),
        ({"displayName": "x", "mosaicLayout": {"columns": 4, "tiles": [tile]}}, "contained"),
    ]:
        refused(all_of.create(parent=PARENT, body=wrong), 400, text)
    for each in (name, unnamed):
        all_of.delete(name=each).execute()
    refused(all_of.get(name=name), 404)


@check
def log_based_metrics():
    all_of = LOGGING.metrics()
    body = {
        "name": "runs",
        "filter": 'jsonPayload.message="run finished"',
        "labelExtractors": {"pipeline": "EXTRACT(jsonPayload.pipeline)"},
        "metricDescriptor": {"metricKind": "DELTA", "valueType": "INT64", "labels": [{"key": "pipeline"}]},
    }
    made = all_of.create(parent=PARENT, body=body).execute()
    equal(made["metricDescriptor"]["type"], "logging.googleapis.com/user/runs")
    equal((made["name"], made["resourceName"]), ("runs", f"{PARENT}/metrics/runs"))
    refused(all_of.create(parent=PARENT, body=body), 409)
    name = f"{PARENT}/metrics/runs"
    usage = {
        "name": "runs",
        "filter": "severity>=ERROR",
        "valueExtractor": "EXTRACT(jsonPayload.percent)",
        "metricDescriptor": {"metricKind": "DELTA", "valueType": "DISTRIBUTION", "unit": "%"},
        "bucketOptions": {"explicitBuckets": {"bounds": [0, 50, 100]}},
    }
    changed = all_of.update(metricName=name, body=usage).execute()
    equal((changed["filter"], changed["createTime"]), ("severity>=ERROR", made["createTime"]))
    equal(changed["bucketOptions"], {"explicitBuckets": {"bounds": [0, 50, 100]}})
    equal(all_of.get(metricName=name).execute(), changed)
    equal(all_of.list(parent=PARENT).execute(), {"metrics": [changed]})
    for wrong, text in [
        ({"name": "x"}, "filter"),
        ({"name": "/x", "filter": "a"}, "not valid"),
        ({"name": "x", "filter": "a", "valueExtractor": "EXTRACT(b)"}, "DISTRIBUTION"),
        ({"name": "x", "filter": "a", "labelExtractors": {"b": "EXTRACT(b)"}}, "no label"),
    ]:
        refused(all_of.create(parent=PARENT, body=wrong), 400, text)
    all_of.delete(metricName=name).execute()
    refused(all_of.get(metricName=name), 404)


main()
