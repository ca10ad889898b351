# What holds data is destroyed when it was said in an apply before: by the label `may_be_destroyed` with the value `yes`.
package headwater.plan

import rego.v1

holds_data := {"headwater_bigquery_dataset", "headwater_bigquery_table", "headwater_storage_bucket"}

deny contains message if {
	some resource in destroyed
	resource.type in holds_data
	object.get(labels(resource.change.before), "may_be_destroyed", "") != "yes"
	message := sprintf(
		"%s would be destroyed with what is in it; apply the label may_be_destroyed = \"yes\" first",
		[resource.address],
	)
}
