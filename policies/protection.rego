# What holds data keeps its protection: nothing in a repository of production takes data with it when it goes.
package headwater.plan

import rego.v1

unprotected := {
	"headwater_bigquery_dataset": {"deletion_protection": false, "delete_contents_on_destroy": true},
	"headwater_bigquery_table": {"deletion_protection": false},
	"headwater_salesforce_extract": {"delete_tables_on_destroy": true},
	"headwater_storage_bucket": {"force_destroy": true},
}

deny contains message if {
	some resource in changed
	some name, value in unprotected[resource.type]
	resource.change.after[name] == value
	not object.get(labels(resource.change.after), "may_be_destroyed", "") == "yes"
	message := sprintf("%s: %s is %v; leave it out, or say may_be_destroyed = \"yes\" in the labels", [resource.address, name, value])
}
