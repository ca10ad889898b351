"""google-cloud-dataform (over REST) against the local cloud: repositories, files, configurations, errors."""

import sys

from google.api_core import exceptions
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import dataform_v1 as dataform

from checks import PROJECT, REGION, check, equal, main, raises

CLIENT = dataform.DataformClient(
    credentials=AnonymousCredentials(), transport="rest", client_options=ClientOptions(api_endpoint=sys.argv[1])
)
PARENT = f"projects/{PROJECT}/locations/{REGION}"


def create(name, **settings):
    return CLIENT.create_repository(
        parent=PARENT, repository_id=name, repository=dataform.Repository(**settings)
    )


@check
def repositories():
    made = create(
        "remote",
        display_name="Größe",
        labels={"team": "crm"},
        git_remote_settings={
            "url": "https://git.example.com/x.git",
            "default_branch": "trunk",
            "authentication_token_secret_version": f"projects/{PROJECT}/secrets/t/versions/1",
        },
    )
    equal(made.name, f"{PARENT}/repositories/remote")
    equal(made.git_remote_settings.effective_default_branch, "trunk")
    assert made.create_time.timestamp() > 0
    equal(CLIENT.get_repository(name=made.name), made)
    equal([found.name for found in CLIENT.list_repositories(parent=PARENT)], [made.name])
    changed = CLIENT.update_repository(
        repository={"name": made.name, "display_name": "new"}, update_mask={"paths": ["display_name", "labels"]}
    )
    equal((changed.display_name, dict(changed.labels)), ("new", {}))
    equal(changed.git_remote_settings, made.git_remote_settings)
    CLIENT.delete_repository(name=made.name)
    equal(list(CLIENT.list_repositories(parent=PARENT)), [])


@check
def pages():
    for index in range(5):
        create(f"page{index}")
    found = list(CLIENT.list_repositories(request={"parent": PARENT, "page_size": 2}))
    equal([repository.name[-5:] for repository in found], [f"page{index}" for index in range(5)])
    for repository in found:
        CLIENT.delete_repository(name=repository.name)


@check
def files():
    name = create("files").name
    operation = dataform.CommitRepositoryChangesRequest.FileOperation
    write = lambda text: operation(write_file=operation.WriteFile(contents=text.encode()))
    metadata = {"author": {"name": "A", "email_address": "a@example.com"}, "commit_message": "one"}
    CLIENT.commit_repository_changes(
        request={
            "name": name,
            "commit_metadata": metadata,
            "file_operations": {"definitions/a.sqlx": write("SELECT 1"), "workflow_settings.yaml": write("ü")},
        }
    )
    read = CLIENT.read_repository_file(request={"name": name, "path": "workflow_settings.yaml"})
    equal(read.contents.decode(), "ü")
    entries = CLIENT.query_repository_directory_contents(request={"name": name})
    equal([entry.directory or entry.file for entry in entries], ["definitions", "workflow_settings.yaml"])
    history = list(CLIENT.fetch_repository_history(request={"name": name}))
    equal([(entry.commit_message, entry.author.name) for entry in history], [("one", "A")])
    with raises(exceptions.NotFound, "b.sqlx"):
        CLIENT.read_repository_file(request={"name": name, "path": "b.sqlx"})
    with raises(exceptions.BadRequest, "HEAD"):
        CLIENT.commit_repository_changes(
            request={"name": name, "commit_metadata": metadata, "required_head_commit_sha": "0" * 40}
        )
    CLIENT.delete_repository(name=name)


@check
def configurations():
    name = create("configured").name
    release = CLIENT.create_release_config(
        parent=name,
        release_config_id="prod",
        release_config={
            "git_commitish": "main",
            "cron_schedule": "0 6 * * *",
            "time_zone": "Europe/Berlin",
            "code_compilation_config": {"vars": {"as_of": ""}, "schema_suffix": "prod"},
        },
    )
    equal(release.code_compilation_config.vars["as_of"], "")
    workflow = CLIENT.create_workflow_config(
        parent=name,
        workflow_config_id="daily",
        workflow_config={
            "release_config": release.name,
            "invocation_config": {
                "included_tags": ["daily"],
                "query_priority": dataform.InvocationConfig.QueryPriority.BATCH,
                "included_targets": [{"name": "t", "schema": "s"}],
            },
        },
    )
    equal(workflow.invocation_config.query_priority, dataform.InvocationConfig.QueryPriority.BATCH)
    equal([found.name for found in CLIENT.list_release_configs(parent=name)], [release.name])
    equal([found.name for found in CLIENT.list_workflow_configs(parent=name)], [workflow.name])
    equal(CLIENT.get_workflow_config(name=workflow.name), workflow)
    changed = CLIENT.update_release_config(
        release_config={"name": release.name, "disabled": True}, update_mask={"paths": ["disabled"]}
    )
    assert changed.disabled and changed.git_commitish == "main"
    with raises(exceptions.BadRequest, "nested resources"):
        CLIENT.delete_repository(name=name)
    CLIENT.delete_repository(request={"name": name, "force": True})
    with raises(exceptions.NotFound):
        CLIENT.get_release_config(name=release.name)


@check
def errors():
    create("taken")
    with raises(exceptions.Conflict, "taken"):
        create("taken")
    with raises(exceptions.NotFound, "none"):
        CLIENT.get_repository(name=f"{PARENT}/repositories/none")
    with raises(exceptions.BadRequest, "repository_id"):
        create("no way")
    with raises(exceptions.BadRequest, "git_commitish"):
        CLIENT.create_release_config(parent=f"{PARENT}/repositories/taken", release_config_id="r", release_config={})
    with raises(exceptions.MethodNotImplemented, "workspaces"):
        list(CLIENT.list_workspaces(parent=f"{PARENT}/repositories/taken"))
    CLIENT.delete_repository(name=f"{PARENT}/repositories/taken")


main()
