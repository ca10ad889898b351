"""What terraform made (conformance/made.rs says what), in the hands of google-cloud-pubsub and google-cloud-dataform."""

import sys
import threading

from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import dataform_v1 as dataform
from google.cloud import pubsub_v1

from checks import PROJECT, REGION, check, equal, main
from pubsub_server import SUBSCRIBER, subscription_path, topic_path


@check
def messages_are_published_and_streamed():
    options = pubsub_v1.types.PublisherOptions(enable_message_ordering=True)
    publisher = pubsub_v1.PublisherClient(publisher_options=options)
    topic = topic_path("changes")
    sent = [("1", "Account"), ("2", "Contact"), ("3", "Account"), ("4", "Account")]
    futures = [publisher.publish(topic, text.encode(), ordering_key="a", object=kind) for text, kind in sent]
    equal(len({future.result(timeout=60) for future in futures}), 4, "ids")

    got, complete = [], threading.Event()

    def receive(message):
        got.append((message.data.decode(), message.attributes["object"]))
        message.ack_with_response().result(timeout=60)
        if len(got) == 3:
            complete.set()

    stream = SUBSCRIBER.subscribe(subscription_path("workers"), receive)
    assert complete.wait(60), f"only {got} came"
    stream.cancel()
    stream.result(timeout=60)
    equal(got, [("1", "Account"), ("3", "Account"), ("4", "Account")], "in order, and only what the filter lets through")


@check
def dataform_lists():
    client = dataform.DataformClient(
        credentials=AnonymousCredentials(), transport="rest", client_options=ClientOptions(api_endpoint=sys.argv[1])
    )
    parent = f"projects/{PROJECT}/locations/{REGION}"
    [repository] = client.list_repositories(parent=parent)
    equal((repository.name, repository.display_name), (f"{parent}/repositories/marts", "Marts"))
    [release] = client.list_release_configs(parent=repository.name)
    equal((release.name, release.git_commitish), (f"{repository.name}/releaseConfigs/production", "main"))
    [workflow] = client.list_workflow_configs(parent=repository.name)
    equal((workflow.name, workflow.release_config), (f"{repository.name}/workflowConfigs/daily", release.name))


main()
