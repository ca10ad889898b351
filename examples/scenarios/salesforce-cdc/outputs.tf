output "tables" {
  description = "The tables of each object: every change, and the records as they are."
  value = {
    for object, tables in headwater_cdc_stream.crm.entities :
    object => [for table in [tables.changelog, tables.current] : "${headwater_bigquery_dataset.changes.dataset_id}.${table}"]
  }
}

output "topic" {
  description = "What other readers may subscribe to."
  value       = headwater_cdc_stream.crm.topic
}

output "dead_letters" {
  description = "Puts messages that could not be applied back, once the reason is mended."
  value       = "headwater stream replay-dead-letters --spec ${headwater_cdc_stream.crm.spec_url}"
}

output "spec" {
  description = "What the workers execute."
  value       = headwater_cdc_stream.crm.spec_url
}
