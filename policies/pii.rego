# What holds data says whether it holds personal data: a label `pii` of `none`, `indirect` (a pseudonym, an id) or `direct` (a name, an
# address). A table with direct personal data guards at least one column by a policy tag.
package headwater.plan

import rego.v1

classes := {"none", "indirect", "direct"}

classified := {
	"headwater_bigquery_dataset",
	"headwater_bigquery_table",
	"headwater_cdc_stream",
	"headwater_salesforce_extract",
}

deny contains message if {
	some resource in changed
	resource.type in classified
	not unknown(resource, "labels")
	not object.get(labels(resource.change.after), "pii", "") in classes
	message := sprintf("%s: labels.pii is to be one of %v; it says what personal data is in it", [resource.address, classes])
}

deny contains message if {
	some resource in changed
	resource.type == "headwater_bigquery_table"
	object.get(labels(resource.change.after), "pii", "") == "direct"
	count(guarded(resource.change.after)) == 0
	message := sprintf("%s: labels.pii is \"direct\", and no column has policy_tags", [resource.address])
}

guarded(values) := [column.name |
	some column in object.get(values, "columns", [])
	is_array(column.policy_tags)
	count(column.policy_tags) > 0
]
