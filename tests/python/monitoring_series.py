"""google-api-python-client, which follows Google's descriptions of the APIs, against the local cloud: the time series of a
subscription grow while nobody acknowledges, and fall when somebody does.
"""

import base64
import datetime
import importlib.resources
import sys
import time

from google.auth.credentials import AnonymousCredentials
from googleapiclient.discovery import build_from_document
from googleapiclient.errors import HttpError

from checks import PROJECT, check, equal, main

PARENT = f"projects/{PROJECT}"
BACKLOG = "pubsub.googleapis.com/subscription/num_undelivered_messages"
AGE = "pubsub.googleapis.com/subscription/oldest_unacked_message_age"
SUBSCRIPTION = f"{PARENT}/subscriptions/watched"


def service(api):
    text = (importlib.resources.files("googleapiclient") / f"discovery_cache/documents/{api}.json").read_text()
    client = build_from_document(text, credentials=AnonymousCredentials(), client_options={"api_endpoint": sys.argv[1] + "/"})
    return client.projects()


MONITORING, PUBSUB = service("monitoring.v3"), service("pubsub.v1")


def refused(call, status, *texts):
    try:
        call.execute()
    except HttpError as error:
        equal(error.resp.status, status, str(error))
        for text in texts:
            assert text in str(error), f"{text!r} is not in: {error}"
        return
    raise AssertionError("it was not refused")


def now():
    return datetime.datetime.now(datetime.timezone.utc)


def stamp(at):
    return at.isoformat().replace("+00:00", "Z")


def asked(metric, minutes=10, subscription="watched", **parameters):
    """A call for the last minutes of a subscription's series."""
    end = now()
    of = f'metric.type = "{metric}" AND resource.type = "pubsub_subscription" AND resource.labels.subscription_id = "{subscription}"'
    given = {"filter": of, "interval_startTime": stamp(end - datetime.timedelta(minutes=minutes)), "interval_endTime": stamp(end)}
    return MONITORING.timeSeries().list(name=PARENT, **{**given, **parameters})


def series(metric, **parameters):
    """The one series, or none yet."""
    answer = asked(metric, **parameters).execute()
    found = answer.get("timeSeries", [])
    assert len(found) <= 1, answer
    return found[0] if found else None


def newest(metric):
    found = series(metric)
    return int(found["points"][0]["value"]["int64Value"]) if found else None


def until(what, holds):
    begun = time.monotonic()
    while not holds(seen := newest(what)):
        assert time.monotonic() - begun < 60, f"{what} is still {seen}"
        time.sleep(0.2)
    return seen


def publish(*texts):
    messages = [{"data": base64.b64encode(text.encode()).decode()} for text in texts]
    PUBSUB.topics().publish(topic=f"{PARENT}/topics/watched", body={"messages": messages}).execute()


@check
def backlog_and_age_grow_and_fall():
    PUBSUB.topics().create(name=f"{PARENT}/topics/watched", body={}).execute()
    PUBSUB.subscriptions().create(name=SUBSCRIPTION, body={"topic": f"{PARENT}/topics/watched", "ackDeadlineSeconds": 600}).execute()
    until(BACKLOG, lambda count: count == 0)
    equal(newest(AGE), 0, "nothing waits")
    begun = time.monotonic()
    publish("one", "two", "three")
    until(BACKLOG, lambda count: count == 3)
    took = time.monotonic() - begun
    assert took < 20, f"the newest point is {took} s behind"

    received = PUBSUB.subscriptions().pull(subscription=SUBSCRIPTION, body={"maxMessages": 2}).execute()["receivedMessages"]
    publish("four")
    until(BACKLOG, lambda count: count == 4)
    grown = until(AGE, lambda age: age is not None and age >= 6)
    assert grown <= time.monotonic() - begun + 1, f"an age of {grown} s"

    ids = [message["ackId"] for message in received]
    PUBSUB.subscriptions().acknowledge(subscription=SUBSCRIPTION, body={"ackIds": ids}).execute()
    until(BACKLOG, lambda count: count == 2)
    PUBSUB.subscriptions().seek(subscription=SUBSCRIPTION, body={"time": stamp(now() + datetime.timedelta(seconds=1))}).execute()
    until(BACKLOG, lambda count: count == 0)
    equal(newest(AGE), 0, "nothing waits again")


@check
def shapes():
    found = series(BACKLOG)
    points = found.pop("points")
    resource = {"type": "pubsub_subscription", "labels": {"project_id": PROJECT, "subscription_id": "watched"}}
    equal(found, {"metric": {"type": BACKLOG}, "resource": resource, "metricKind": "GAUGE", "valueType": "INT64", "unit": "1"})
    ends = [point["interval"]["endTime"] for point in points]
    equal([point["interval"]["startTime"] for point in points], ends, "a point of a gauge has no extent")
    equal(ends, sorted(set(ends), reverse=True), "the newest is the first")
    equal({int(point["value"]["int64Value"]) for point in points} >= {0, 2, 3, 4}, True, "what was is shown still")
    equal("points" in series(BACKLOG, view="HEADERS"), False)
    equal(asked(BACKLOG, subscription="other").execute(), {"unit": "1"}, "no such subscription")
    equal(series(AGE)["unit"], "s")

    # The same, page by page.
    call, paged = asked(BACKLOG, pageSize=2), []
    while call is not None:
        answer = call.execute()
        paged += [point for one in answer["timeSeries"] for point in one["points"]]
        call = MONITORING.timeSeries().list_next(call, answer)
    equal(paged[-len(points):], points)


@check
def aligned():
    most = series(BACKLOG, aggregation_alignmentPeriod="600s", aggregation_perSeriesAligner="ALIGN_MAX")
    equal([point["value"] for point in most["points"]], [{"int64Value": "4"}])
    last = series(BACKLOG, aggregation_alignmentPeriod="60s", aggregation_perSeriesAligner="ALIGN_NEXT_OLDER")
    equal(last["points"][0]["value"], {"int64Value": "0"})
    mean = series(BACKLOG, aggregation_alignmentPeriod="600s", aggregation_perSeriesAligner="ALIGN_MEAN")
    equal(mean["valueType"], "DOUBLE")
    assert 0 < mean["points"][0]["value"]["doubleValue"] < 4, mean
    refused(asked(BACKLOG, aggregation_perSeriesAligner="ALIGN_MAX"), 400, "alignmentPeriod")
    refused(asked(BACKLOG, aggregation_alignmentPeriod="60s", aggregation_perSeriesAligner="ALIGN_RATE"), 400, "GAUGE")
    refused(asked(BACKLOG, aggregation_alignmentPeriod="60s", aggregation_perSeriesAligner="ALIGN_STDDEV"), 501)
    refused(asked(BACKLOG, aggregation_crossSeriesReducer="REDUCE_SUM"), 501, "REDUCE_SUM")


@check
def what_may_not_be_asked():
    end = stamp(now())
    for parameters, status, text in [
        ({"filter": ""}, 400, "filter"),
        ({"filter": 'resource.type = "pubsub_subscription"'}, 400, "single metric type"),
        ({"filter": f'metric.type = "{BACKLOG}" AND color = "red"'}, 400, "color"),
        ({"filter": f'metric.type = "{BACKLOG}" AND resource.type = "gce_instance"'}, 400, "valid combination"),
        ({"filter": f'metric.type = "{BACKLOG}" AND resource.labels.zone = "a"'}, 400, "resource.labels.zone"),
        ({"filter": 'metric.type = "custom.googleapis.com/orders"'}, 404, "Cannot find metric(s)"),
        ({"filter": 'metric.type = "run.googleapis.com/container/instance_count"'}, 501, "instance_count"),
        ({"interval_endTime": "2026-01-01T00:00:00Z", "interval_startTime": end}, 400, "later than the end time"),
        ({"interval_endTime": ""}, 400, "interval.end_time"),
        ({"orderBy": "time"}, 400, "order_by"),
    ]:
        refused(asked(BACKLOG, **parameters), status, text)


@check
def descriptors():
    all_of = MONITORING.metricDescriptors()
    listed = all_of.list(name=PARENT, filter='metric.type = starts_with("pubsub.googleapis.com/")').execute()["metricDescriptors"]
    equal([one["type"] for one in listed], [BACKLOG, AGE])
    got = all_of.get(name=f"{PARENT}/metricDescriptors/{AGE}").execute()
    equal(got, listed[1])
    equal((got["metricKind"], got["valueType"], got["unit"], got["monitoredResourceTypes"]), ("GAUGE", "INT64", "s", ["pubsub_subscription"]))
    equal(all_of.list(name=PARENT, filter='metric.type = starts_with("custom.googleapis.com/")').execute(), {})


main()
