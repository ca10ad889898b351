output "connection" {
  description = "The connection, `projects/PROJECT/secrets/SECRET`: what a stream takes, too. Whoever takes it waits for the grants on its secret."
  value       = local.connection
  depends_on  = [headwater_secret_iam_member.readers]
}

output "name" {
  description = "The pipeline's name, by which `headwater runs list` finds its runs."
  value       = headwater_salesforce_extract.this.name
}

output "spec_url" {
  description = "Where the pipeline's spec lies: what `headwater run --spec` takes."
  value       = headwater_salesforce_extract.this.spec_url
}

output "schemas" {
  description = "The tables' columns by object, as the org says: what `dataform-marts` takes as `salesforce_schemas`."
  value       = headwater_salesforce_extract.this.schemas
}

output "tables" {
  description = "The tables by object: `projects/PROJECT/datasets/DATASET/tables/TABLE`."
  value       = { for object, settings in headwater_salesforce_extract.this.objects : object => "${var.dataset}/tables/${settings.table}" }
}
