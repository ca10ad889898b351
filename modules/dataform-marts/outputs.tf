output "id" {
  description = "The Dataform repository: `projects/PROJECT/locations/REGION/repositories/NAME`."
  value       = headwater_dataform_project.this.id
}

output "actions" {
  description = "The compiled graph, by `DATASET.NAME`: what is made, from what, by which file, and a fingerprint of it."
  value       = headwater_dataform_project.this.actions
}

output "tables" {
  description = "The tables and views that are made, by `DATASET.NAME`: `projects/PROJECT/datasets/DATASET/tables/TABLE`, which a suite takes as its `table`."
  value       = { for name, action in headwater_dataform_project.this.actions : name => action.table if action.table != null }
}

output "source_hash" {
  description = "SHA-256 of the folder's files and of what the compilation overrides: when it changes, so may the marts."
  value       = headwater_dataform_project.this.source_hash
}
