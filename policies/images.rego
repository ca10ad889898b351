# What runs is what was reviewed: images are named by their digest, as a tag can be moved.
package headwater.plan

import rego.v1

deny contains message if {
	some resource in changed
	resource.type in {"headwater_cdc_stream", "headwater_runtime"}
	image := resource.change.after.image
	not regex.match(`@sha256:[0-9a-f]{64}$`, image)
	message := sprintf("%s: image %q is named by a tag; name it by its digest, as in …/headwater@sha256:…", [resource.address, image])
}
