output "tables" {
  description = "The tables, with how many columns each has."
  value = {
    for object, columns in headwater_salesforce_extract.crm.schemas :
    "${headwater_bigquery_dataset.raw.dataset_id}.${headwater_salesforce_extract.crm.objects[object].table}" => length(columns)
  }
}

output "spec" {
  description = "What the runtime executes."
  value       = headwater_salesforce_extract.crm.spec_url
}

output "runs" {
  description = "Shows what the runs did."
  value       = "headwater runs list --lake ${headwater_storage_bucket.lake.url} --pipeline ${headwater_salesforce_extract.crm.name}"
}

output "marts" {
  description = "The marts, and where each is written."
  value = {
    for name, action in headwater_dataform_project.marts.actions : name => action.file
    if startswith(name, "salesforce_marts.") && action.table != null
  }
}
