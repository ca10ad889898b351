"""A plan as Terraform tells it (`terraform show -json`), read into changes of which everything may be shown.

https://developer.hashicorp.com/terraform/internals/json-format. Nothing sensitive leaves this module.
"""

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, field

from values import Difference, Secrets, differences, masked

# What can happen to a resource, the worst first: this is the order in which a reader sees it.
KINDS = ("destroy", "replace", "forget", "update", "create", "import", "move", "read", "deferred")
DESTRUCTIVE = ("destroy", "replace")

_ACTIONS = {
    ("delete",): "destroy",
    ("delete", "create"): "replace",
    ("create", "delete"): "replace",
    ("forget",): "forget",
    ("create", "forget"): "replace",
    ("forget", "create"): "replace",
    ("update",): "update",
    ("create",): "create",
    ("read",): "read",
    ("no-op",): None,
}

_REASONS = {
    "replace_because_tainted": "its last apply failed, it is tainted",
    "replace_because_cannot_update": "it cannot be changed in place",
    "replace_by_request": "asked for with -replace",
    "replace_by_triggers": "by replace_triggered_by",
    "delete_because_no_resource_config": "it is not in the configuration",
    "delete_because_wrong_repetition": "count or for_each was added or removed",
    "delete_because_count_index": "its index is beyond count",
    "delete_because_each_key": "its key is not in for_each",
    "delete_because_no_module": "its module is not in the configuration",
    "delete_because_no_move_target": "where it is moved to is not in the configuration",
    "read_because_config_unknown": "its configuration is known after apply",
    "read_because_dependency_pending": "what it depends on is changed first",
    "read_because_check_nested": "it belongs to a check",
    "instance_count_unknown": "how many there are is known after apply",
    "resource_config_unknown": "its configuration is known after apply",
    "provider_config_unknown": "its provider's configuration is known after apply",
    "absent_prereq": "what it depends on is deferred",
    "deferred_prereq": "what it depends on is deferred",
}


class Unreadable(Exception):
    """A plan that is not one."""


@dataclass
class Change:
    """What happens to one resource."""

    address: str
    kind: str
    notes: list
    differences: list
    forced: list = field(default_factory=list)

    def forces(self, difference: Difference):
        """Whether this part is why the resource is replaced."""
        path = list(difference.path)
        return any(path[: len(forced)] == forced or forced[: len(path)] == path for forced in self.forced)

    def canonical(self):
        """What a reviewer decides on. Of what goes, that it goes: its attributes may have changed since and decide nothing."""
        parts = [] if self.kind in ("destroy", "forget") else [part.canonical() for part in self.differences]
        return [self.kind, self.address, self.notes, parts]


class Plan:
    """A plan: `changes`, worst first; `outputs`; `drift`, which is what changed outside of Terraform; and failed `checks`."""

    def __init__(self, document):
        version = str(document.get("format_version", "")) if isinstance(document, dict) else ""
        if not version.startswith("1."):
            raise Unreadable(f"this is no plan that `terraform show -json` wrote: its format_version is {version!r}")
        self.secrets = secrets = Secrets()
        _collect(document, secrets)
        changes = [_resource(one, secrets) for one in document.get("resource_changes") or []]
        for deferred in document.get("deferred_changes") or []:
            change = _resource(deferred.get("resource_change") or {}, secrets, kind="deferred")
            change.notes.append(_reason(deferred.get("reason")))
            changes.append(change)
        for invoked in document.get("action_invocations") or []:
            trigger = (invoked.get("lifecycle_action_trigger") or {}).get("triggering_resource_address")
            note = f"an action is invoked by a change of {trigger}" if trigger else "an action is invoked"
            changes.append(Change(secrets.without(invoked.get("address", "?")), "update", [secrets.without(note)], []))
        self.changes = sorted((one for one in changes if one), key=lambda one: (KINDS.index(one.kind), one.address))
        drift = [_resource(one, secrets) for one in document.get("resource_drift") or []]
        self.drift = sorted((one for one in drift if one and one.differences), key=lambda one: one.address)
        self.outputs = _outputs(document, secrets)
        self.checks = _checks(document, secrets)

    def counts(self):
        """How many resources there are of each kind, worst first."""
        counted = Counter(change.kind for change in self.changes)
        return {kind: counted[kind] for kind in KINDS if counted[kind]}

    def changes_anything(self):
        """Whether an apply would do something; to read is nothing."""
        return bool(self.outputs) or any(change.kind != "read" for change in self.changes)

    def fingerprint(self):
        """Equal for two plans in which a reviewer is shown the same, whenever they were made and in whatever order."""
        content = {
            "changes": sorted((change.canonical() for change in self.changes), key=json.dumps),
            "outputs": sorted((change.canonical() for change in self.outputs), key=json.dumps),
        }
        return "v1:" + hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _reason(word):
    return _REASONS.get(word, str(word or "").replace("_", " "))


def _resource(document, secrets, kind=None):
    change = document.get("change") or {}
    actions = tuple(change.get("actions") or ())
    if actions not in _ACTIONS:
        raise Unreadable(f"{document.get('address')}: the actions {list(actions)} are not known here; use a newer release")
    previous = document.get("previous_address")
    importing = change.get("importing")
    kind = kind or _ACTIONS[actions] or ("import" if importing is not None else "move" if previous else None)
    if kind is None:
        return None
    notes = []
    if actions in (("create", "forget"), ("forget", "create")):
        notes.append("the old one stays where it is and leaves the state")
    if previous and previous != document.get("address"):
        notes.append(f"moved from {previous}")
    if importing is not None:
        # By `id`, or by an identity of several attributes.
        by = importing.get("id") or json.dumps(importing.get("identity") or "known after apply", sort_keys=True)
        notes.append(f"imported by {by}")
    if document.get("deposed"):
        notes.append(f"the deposed object {document['deposed']}")
    if document.get("action_reason"):
        notes.append(_reason(document["action_reason"]))
    before = masked(change.get("before"), change.get("before_sensitive"), None, secrets)
    after = masked(change.get("after"), change.get("after_sensitive"), change.get("after_unknown"), secrets)
    return Change(
        address=secrets.without(str(document.get("address", "?"))),
        kind=kind,
        notes=[secrets.without(note) for note in notes],
        differences=[] if kind in ("move", "import") else differences(before, after or None),
        forced=change.get("replace_paths") or [],
    )


def _outputs(document, secrets):
    outputs = []
    for name, change in sorted((document.get("output_changes") or {}).items()):
        actions = tuple(change.get("actions") or ())
        if actions == ("no-op",):
            continue
        before = masked(change.get("before"), change.get("before_sensitive"), None, secrets)
        after = masked(change.get("after"), change.get("after_sensitive"), change.get("after_unknown"), secrets)
        outputs.append(Change(secrets.without(name), _ACTIONS.get(actions) or "update", [], differences(before, after)))
    return outputs


def _checks(document, secrets):
    failed = []
    for check in document.get("checks") or []:
        for instance in check.get("instances") or [check]:
            if instance.get("status") in ("fail", "error"):
                address = (instance.get("address") or check.get("address") or {}).get("to_display", "?")
                problems = [str(problem.get("message", "")) for problem in instance.get("problems") or []]
                failed.append((secrets.without(address), [secrets.without(problem) for problem in problems]))
    return failed


def _collect(document, secrets):
    """All that any mask of the plan hides, and the values of sensitive variables."""
    deferred = [one.get("resource_change") or {} for one in document.get("deferred_changes") or []]
    resources = [*(document.get("resource_changes") or []), *(document.get("resource_drift") or []), *deferred]
    for change in [one.get("change") or {} for one in resources] + list((document.get("output_changes") or {}).values()):
        secrets.collect(change.get("before"), change.get("before_sensitive"))
        secrets.collect(change.get("after"), change.get("after_sensitive"))
    declared = ((document.get("configuration") or {}).get("root_module") or {}).get("variables") or {}
    for name, variable in (document.get("variables") or {}).items():
        if (declared.get(name) or {}).get("sensitive"):
            secrets.add(variable.get("value"))
    for state in ((document.get("prior_state") or {}).get("values") or {}, document.get("planned_values") or {}):
        for output in (state.get("outputs") or {}).values():
            secrets.collect(output.get("value"), output.get("sensitive"))
        modules = [state.get("root_module") or {}]
        while modules:
            module = modules.pop()
            modules += module.get("child_modules") or []
            for resource in module.get("resources") or []:
                secrets.collect(resource.get("values"), resource.get("sensitive_values"))
