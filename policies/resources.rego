# What the policies over a plan (`terraform show -json`) have in common: which resources there will be, and which will go.
# OPA: `opa eval --data policies --input plan.json data.headwater.plan.deny`; Conftest: `conftest test --policy policies
# --namespace headwater.plan plan.json`.
package headwater.plan

import rego.v1

# Resources of a plan that there will be and that it makes or changes.
changed contains resource if {
	some resource in input.resource_changes
	some action in resource.change.actions
	action in {"create", "update"}
}

# Resources that a plan destroys, be it to make them anew.
destroyed contains resource if {
	some resource in input.resource_changes
	"delete" in resource.change.actions
}

# An attribute whose value only the apply will know.
unknown(resource, name) if object.get(object.get(resource.change, "after_unknown", {}), name, false) == true

labels(values) := object.get(values, "labels", {}) if is_object(object.get(values, "labels", {}))

labels(values) := {} if not is_object(object.get(values, "labels", {}))
