"""google-cloud-run (over REST) against the local cloud: worker pools."""

import sys

from google.api_core import exceptions
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import run_v2

from checks import PROJECT, REGION, check, equal, main, raises

CLIENT = run_v2.WorkerPoolsClient(
    credentials=AnonymousCredentials(), transport="rest", client_options=ClientOptions(api_endpoint=sys.argv[1])
)
PARENT = f"projects/{PROJECT}/locations/{REGION}"


def pool(instances=0, **settings):
    container = run_v2.Container(image="headwater", args=["version"], env=[run_v2.EnvVar(name="A", value="1")])
    return run_v2.WorkerPool(
        template=run_v2.WorkerPoolRevisionTemplate(containers=[container]),
        scaling=run_v2.WorkerPoolScaling(manual_instance_count=instances),
        **settings,
    )


@check
def lives():
    made = CLIENT.create_worker_pool(parent=PARENT, worker_pool=pool(), worker_pool_id="crm").result(timeout=30)
    equal(made.name, f"{PARENT}/workerPools/crm")
    equal(made.terminal_condition.state, run_v2.Condition.State.CONDITION_SUCCEEDED)
    equal((made.reconciling, made.generation, made.scaling.manual_instance_count), (False, 1, 0))
    equal(made.template.containers[0].env[0].value, "1")
    equal(CLIENT.get_worker_pool(name=made.name), made)
    equal([found.uid for found in CLIENT.list_worker_pools(parent=PARENT)], [made.uid])
    wanted = pool(1, name=made.name, labels={"team": "crm"}, etag=made.etag)
    changed = CLIENT.update_worker_pool(worker_pool=wanted).result(timeout=30)
    equal((changed.generation, dict(changed.labels), changed.scaling.manual_instance_count), (2, {"team": "crm"}, 1))
    with raises(exceptions.Conflict, "etag"):
        CLIENT.update_worker_pool(worker_pool=pool(2, name=made.name, etag=made.etag)).result(timeout=30)
    gone = CLIENT.delete_worker_pool(name=made.name).result(timeout=30)
    assert gone.delete_time is not None
    with raises(exceptions.NotFound, "crm"):
        CLIENT.get_worker_pool(name=made.name)


@check
def refuses():
    with raises(exceptions.BadRequest, "worker_pool_id"):
        CLIENT.create_worker_pool(parent=PARENT, worker_pool=pool(), worker_pool_id="No_Name")
    with raises(exceptions.BadRequest, "template"):
        CLIENT.create_worker_pool(parent=PARENT, worker_pool=run_v2.WorkerPool(), worker_pool_id="x")


main()
