"""google-cloud-storage against the local cloud: buckets, their settings, versions, errors."""

import os
import sys

os.environ["STORAGE_EMULATOR_HOST"] = sys.argv[1]

from google.api_core import exceptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage

from checks import PROJECT, check, equal, main, raises

CLIENT = storage.Client(project=PROJECT, credentials=AnonymousCredentials())


def names():
    return [bucket.name for bucket in CLIENT.list_buckets() if bucket.name.startswith("b-")]


@check
def create_get_list_delete():
    for name in ["b-two", "b-one"]:
        CLIENT.create_bucket(name, location="europe-west1")
    equal(names(), ["b-one", "b-two"])
    bucket = CLIENT.get_bucket("b-one")
    equal((bucket.location, bucket.location_type, bucket.storage_class), ("EUROPE-WEST1", "region", "STANDARD"))
    equal(CLIENT.create_bucket("b-multi", location="EU").location_type, "multi-region")
    assert bucket.time_created is not None and bucket.metageneration == 1
    for name in ["b-one", "b-two", "b-multi"]:
        CLIENT.get_bucket(name).delete()
    equal(names(), [])
    equal(CLIENT.lookup_bucket("b-one"), None)


@check
def errors():
    CLIENT.create_bucket("b-taken")
    with raises(exceptions.Conflict):
        CLIENT.create_bucket("b-taken")
    for name in ["UPPER", "a", "under..dots", "sp ace"]:
        with raises(exceptions.BadRequest):
            CLIENT.create_bucket(name)
    with raises(exceptions.NotFound, "bucket"):
        CLIENT.get_bucket("b-none")
    with raises(exceptions.NotFound):
        CLIENT.bucket("b-none").blob("x").upload_from_string(b"x")
    with raises(exceptions.NotFound, "b-taken/none"):
        CLIENT.bucket("b-taken").blob("none").download_as_bytes()
    CLIENT.bucket("b-taken").blob("x").upload_from_string(b"x")
    with raises(exceptions.Conflict, "not empty"):
        CLIENT.bucket("b-taken").delete()
    CLIENT.bucket("b-taken").delete(force=True)
    with raises(exceptions.NotFound):
        CLIENT.bucket("b-taken").delete()


@check
def settings():
    bucket = CLIENT.bucket("b-settings")
    bucket.labels = {"team": "data", "env": "test"}
    bucket.storage_class = "NEARLINE"
    bucket.iam_configuration.uniform_bucket_level_access_enabled = True
    bucket.iam_configuration.public_access_prevention = "enforced"
    bucket.add_lifecycle_delete_rule(age=30)
    bucket.create(location="EU")
    read = CLIENT.get_bucket("b-settings")
    equal(read.labels, {"team": "data", "env": "test"})
    equal(read.storage_class, "NEARLINE")
    equal(read.iam_configuration.uniform_bucket_level_access_enabled, True)
    equal(read.iam_configuration.public_access_prevention, "enforced")
    equal([dict(rule) for rule in read.lifecycle_rules], [{"action": {"type": "Delete"}, "condition": {"age": 30}}])
    read.labels = {"team": "platform"}
    read.add_lifecycle_set_storage_class_rule("COLDLINE", age=10)
    read.patch()
    again = CLIENT.get_bucket("b-settings")
    equal(again.labels, {"team": "platform"})
    equal(len(list(again.lifecycle_rules)), 2)
    equal(again.storage_class, "NEARLINE")
    assert again.metageneration > bucket.metageneration
    with raises(exceptions.PreconditionFailed):
        again.patch(if_metageneration_match=bucket.metageneration)
    again.clear_lifecycle_rules()
    again.patch()
    equal(list(CLIENT.get_bucket("b-settings").lifecycle_rules), [])
    again.delete()


@check
def versions():
    bucket = CLIENT.bucket("b-versions")
    bucket.versioning_enabled = True
    bucket.create(location="EU")
    blob = bucket.blob("v")
    generations = []
    for text in [b"one", b"two", b"three"]:
        blob.upload_from_string(text)
        generations.append(blob.generation)
    equal(generations, sorted(set(generations)))
    listed = list(CLIENT.list_blobs(bucket, versions=True))
    equal([b.generation for b in listed], generations)
    equal(bucket.blob("v", generation=generations[0]).download_as_bytes(), b"one")
    equal(bucket.blob("v").download_as_bytes(), b"three")
    bucket.blob("v").delete()
    equal(bucket.get_blob("v"), None)
    equal(bucket.blob("v", generation=generations[2]).download_as_bytes(), b"three")
    with raises(exceptions.Conflict):
        bucket.delete()
    for generation in generations:
        bucket.blob("v", generation=generation).delete()
    bucket.delete()


@check
def policies():
    bucket = CLIENT.create_bucket("b-policy", location="EU")
    policy = bucket.get_iam_policy(requested_policy_version=3)
    policy.version = 3
    policy.bindings.append({"role": "roles/storage.objectViewer", "members": {"user:ada@example.com"}})
    bucket.set_iam_policy(policy)
    read = bucket.get_iam_policy(requested_policy_version=3)
    equal([b["members"] for b in read.bindings if b["role"] == "roles/storage.objectViewer"], [{"user:ada@example.com"}])
    equal(bucket.test_iam_permissions(["storage.objects.get"]), ["storage.objects.get"])
    bucket.delete()


@check
def a_call_that_is_not_served_is_named():
    with raises(exceptions.MethodNotImplemented, "hmacKeys"):
        list(CLIENT.list_hmac_keys())


main()
