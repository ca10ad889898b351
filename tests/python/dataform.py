"""google-cloud-dataform (over REST) against the local cloud: repositories, files, workspaces, configurations, compilation results
and workflow invocations, errors."""

import sys
import time

from google.api_core import exceptions
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import dataform_v1 as dataform

from checks import PROJECT, REGION, check, equal, main, raises
from warehouse import CLIENT as BIGQUERY

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


SETTINGS = f"""
defaultProject: {PROJECT}
defaultDataset: shop
defaultAssertionDataset: shop_checks
defaultLocation: US
dataformCoreVersion: 3.0.62
"""
ORDERS = """config {
  type: "table",
  description: "Orders.",
  assertions: {uniqueKey: ["id"]}
}
SELECT id, id * 10 AS amount FROM UNNEST([1, 2, 3]) AS id
"""
SMALL = """config { type: "assertion" }
SELECT * FROM ${ref("orders")} WHERE amount > 15
"""
AFTER = """config { type: "table", dependencies: ["small"] }
SELECT 1 AS x
"""
SLOW = """config { type: "operations" }
SELECT COUNT(*) FROM UNNEST(GENERATE_ARRAY(1, 300000)) a, UNNEST(GENERATE_ARRAY(1, 300000)) b WHERE MOD(a * b, 7) = 3
"""
AUTHOR = {"name": "A", "email_address": "a@example.com"}


def workspace(repository, name, **files):
    made = CLIENT.create_workspace(parent=repository, workspace_id=name, workspace=dataform.Workspace())
    for path, text in files.items():
        write(made.name, path, text)
    return made.name


def write(name, path, text):
    CLIENT.write_file(request={"workspace": name, "path": path, "contents": text.encode()})


def project(repository, name, **definitions):
    """A workspace with a project of these definitions."""
    files = {f"definitions/{name}.sqlx": text for name, text in definitions.items()}
    return workspace(repository, name, **{"workflow_settings.yaml": SETTINGS, **files})


def ended(name):
    """An invocation at its end, with its actions by their names."""
    states = dataform.WorkflowInvocation.State
    until = time.monotonic() + 60
    while True:
        invocation = CLIENT.get_workflow_invocation(name=name)
        if invocation.state not in (states.RUNNING, states.CANCELING):
            actions = CLIENT.query_workflow_invocation_actions(request={"name": name, "page_size": 2})
            return invocation, {action.target.name: action for action in actions}
        assert time.monotonic() < until, f"still {invocation.state.name}"
        time.sleep(0.05)


@check
def workspaces():
    repository = create("spaces").name
    ann = workspace(repository, "ann", **{"definitions/a.sqlx": "SELECT 1\n", "b.md": "old\n"})
    equal([found.name for found in CLIENT.list_workspaces(parent=repository)], [ann])
    read = CLIENT.read_file(request={"workspace": ann, "path": "definitions/a.sqlx"})
    equal(read.file_contents, b"SELECT 1\n")
    CLIENT.make_directory(request={"workspace": ann, "path": "includes"})
    CLIENT.move_file(request={"workspace": ann, "path": "b.md", "new_path": "docs/b.md"})
    view = dataform.DirectoryContentsView.DIRECTORY_CONTENTS_VIEW_METADATA
    entries = list(CLIENT.query_directory_contents(request={"workspace": ann, "page_size": 2, "view": view}))
    equal([entry.directory or entry.file for entry in entries], ["definitions", "docs", "includes"])
    assert entries[0].metadata.update_time.timestamp() > 0
    found = CLIENT.search_files(request={"workspace": ann, "filter": 'path="docs/*"'})
    equal([result.file.path for result in found], ["docs/b.md"])
    states = dataform.FetchFileGitStatusesResponse.UncommittedFileChange.State
    changes = lambda: {
        change.path: change.state
        for change in CLIENT.fetch_file_git_statuses(request={"name": ann}).uncommitted_file_changes
    }
    equal(changes(), {"definitions/a.sqlx": states.ADDED, "docs/b.md": states.ADDED})
    CLIENT.commit_workspace_changes(request={"name": ann, "author": AUTHOR, "commit_message": "first"})
    equal(changes(), {})
    write(ann, "docs/b.md", "new\n")
    diff = CLIENT.fetch_file_diff(request={"workspace": ann, "path": "docs/b.md"}).formatted_diff
    assert "-old\n+new\n" in diff, diff
    CLIENT.reset_workspace_changes(request={"name": ann})
    equal(changes(), {})

    CLIENT.push_git_commits(request={"name": ann})
    history = list(CLIENT.fetch_repository_history(request={"name": repository}))
    equal([entry.commit_message for entry in history], ["first"])
    bob = workspace(repository, "bob")
    write(bob, "docs/b.md", "of bob\n")
    CLIENT.commit_workspace_changes(request={"name": bob, "author": AUTHOR})
    CLIENT.push_git_commits(request={"name": bob})
    distance = CLIENT.fetch_git_ahead_behind(request={"name": ann})
    equal((distance.commits_ahead, distance.commits_behind), (1, 0))
    write(ann, "docs/b.md", "of ann\n")
    CLIENT.commit_workspace_changes(request={"name": ann, "author": AUTHOR})
    with raises(exceptions.BadRequest, "pull first"):
        CLIENT.push_git_commits(request={"name": ann})
    with raises(exceptions.BadRequest, "conflict in: docs/b.md"):
        CLIENT.pull_git_commits(request={"name": ann, "author": AUTHOR})
    CLIENT.remove_directory(request={"workspace": ann, "path": "docs"})
    CLIENT.remove_file(request={"workspace": ann, "path": "definitions/a.sqlx"})
    with raises(exceptions.NotFound, "docs/b.md"):
        CLIENT.read_file(request={"workspace": ann, "path": "docs/b.md"})
    policy = {"bindings": [{"role": "roles/dataform.editor", "members": ["user:a@example.com"]}]}
    CLIENT.set_iam_policy(request={"resource": ann, "policy": policy})
    equal(CLIENT.get_iam_policy(request={"resource": ann}).bindings[0].role, "roles/dataform.editor")
    CLIENT.delete_workspace(name=ann)
    with raises(exceptions.NotFound, "workspaces/ann"):
        CLIENT.get_workspace(name=ann)
    CLIENT.delete_repository(request={"name": repository, "force": True})


@check
def compilation_results():
    repository = create("compiled").name
    dev = project(repository, "dev", orders=ORDERS, bad='SELECT * FROM ${ref("nowhere")}')
    CLIENT.install_npm_packages(request={"workspace": dev})
    compile = lambda **source: CLIENT.create_compilation_result(parent=repository, compilation_result=source)
    result = compile(workspace=dev)
    equal({error.path for error in result.compilation_errors}, {"definitions/bad.sqlx"})
    assert "nowhere" in result.compilation_errors[0].message
    CLIENT.remove_file(request={"workspace": dev, "path": "definitions/bad.sqlx"})
    result = compile(workspace=dev, code_compilation_config={"schema_suffix": "dev", "table_prefix": "x"})
    equal((list(result.compilation_errors), result.dataform_core_version), ([], "3.0.62"))
    equal(CLIENT.get_compilation_result(name=result.name), result)
    actions = list(CLIENT.query_compilation_result_actions(request={"name": result.name, "page_size": 1}))
    orders, unique = actions
    equal((orders.target.schema, orders.target.name), ("shop_dev", "x_orders"))
    equal((orders.canonical_target.schema, orders.canonical_target.name), ("shop", "orders"))
    equal(orders.relation.relation_type, dataform.CompilationResultAction.Relation.RelationType.TABLE)
    equal(orders.relation.relation_descriptor.description, "Orders.")
    equal((unique.assertion.parent_action, list(unique.assertion.dependency_targets)), (orders.target, [orders.target]))
    CLIENT.commit_workspace_changes(request={"name": dev, "author": AUTHOR})
    CLIENT.push_git_commits(request={"name": dev})
    release = CLIENT.create_release_config(
        parent=repository, release_config_id="prod", release_config={"git_commitish": "main"}
    )
    released = compile(release_config=release.name)
    equal(released.resolved_git_commit_sha, compile(git_commitish="main").resolved_git_commit_sha)
    CLIENT.update_release_config(
        release_config={"name": release.name, "release_compilation_result": released.name},
        update_mask={"paths": ["release_compilation_result"]},
    )
    listed = CLIENT.list_compilation_results(request={"parent": repository, "order_by": "create_time", "page_size": 2})
    equal([found.name for found in listed][2], released.name)
    with raises(exceptions.NotFound, "trunk"):
        compile(git_commitish="trunk")
    CLIENT.delete_repository(request={"name": repository, "force": True})


@check
def workflow_invocations():
    repository = create("invoked").name
    states, of_actions = dataform.WorkflowInvocation.State, dataform.WorkflowInvocationAction.State

    def invoke(workspace, **config):
        result = CLIENT.create_compilation_result(parent=repository, compilation_result={"workspace": workspace})
        equal(list(result.compilation_errors), [])
        invocation = {"compilation_result": result.name, "invocation_config": config}
        return CLIENT.create_workflow_invocation(parent=repository, workflow_invocation=invocation)

    good = project(repository, "good", orders=ORDERS)
    made = invoke(good)
    equal(made.state, states.RUNNING)
    invocation, actions = ended(made.name)
    equal((invocation.state, len(actions)), (states.SUCCEEDED, 2))
    timing = invocation.invocation_timing
    assert timing.end_time.ToDatetime() >= timing.start_time.ToDatetime()
    orders = actions["orders"]
    equal(orders.state, of_actions.SUCCEEDED)
    equal([row["n"] for row in BIGQUERY.query_and_wait("SELECT SUM(amount) AS n FROM shop.orders")], [60])
    job = BIGQUERY.get_job(orders.bigquery_action.job_id)
    equal(job.query, orders.bigquery_action.sql_script)
    equal(job.labels["dataform_workflow_execution_action_id_name"], "orders")
    equal(job.labels["dataform_repository_id"], "invoked")
    assert job.job_id in {listed.job_id for listed in BIGQUERY.list_jobs()}

    failing = project(repository, "failing", orders=ORDERS, small=SMALL, after=AFTER)
    target = {"database": PROJECT, "schema": "shop", "name": "after"}
    invocation, actions = ended(
        invoke(failing, included_targets=[target], transitive_dependencies_included=True).name
    )
    equal(invocation.state, states.FAILED)
    expected = {"orders": of_actions.SUCCEEDED, "small": of_actions.FAILED, "after": of_actions.SKIPPED}
    equal({name: action.state for name, action in actions.items()}, expected)
    equal(actions["small"].failure_reason, "Assertion failed: query returned 2 row(s).")

    slow = invoke(project(repository, "slow", slow=SLOW))
    CLIENT.cancel_workflow_invocation(request={"name": slow.name})
    invocation, actions = ended(slow.name)
    equal((invocation.state, actions["slow"].state), (states.CANCELLED, of_actions.CANCELLED))
    with raises(exceptions.BadRequest, "is not running"):
        CLIENT.cancel_workflow_invocation(request={"name": slow.name})
    listed = CLIENT.list_workflow_invocations(request={"parent": repository, "page_size": 2, "order_by": "name"})
    equal({found.name for found in listed} >= {made.name, slow.name}, True)
    with raises(exceptions.BadRequest, "tag"):
        invoke(good, included_tags=["none"])
    CLIENT.delete_workflow_invocation(name=slow.name)
    with raises(exceptions.NotFound, "workflowInvocations"):
        CLIENT.get_workflow_invocation(name=slow.name)
    with raises(exceptions.BadRequest, "nested resources"):
        CLIENT.delete_repository(name=repository)
    CLIENT.delete_repository(request={"name": repository, "force": True})


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
    with raises(exceptions.MethodNotImplemented, "config"):
        CLIENT.get_config(name=f"{PARENT}/config")
    with raises(exceptions.NotFound, "workspaces/none"):
        CLIENT.get_workspace(name=f"{PARENT}/repositories/taken/workspaces/none")
    CLIENT.delete_repository(name=f"{PARENT}/repositories/taken")


main()
