#! dataset_id | letters, digits and underscores
resource "headwater_bigquery_dataset" "dataset_id" {
  dataset_id = "salesforce-raw"
}

#! project | id of a Google Cloud project
resource "headwater_bigquery_dataset" "project" {
  dataset_id = "raw"
  project    = "Acme Data"
}

#! default_table_expiration_ms | at least 3600000
resource "headwater_bigquery_dataset" "expiration" {
  dataset_id                  = "raw"
  default_table_expiration_ms = 60
}

#! delete | duration | 20m
resource "headwater_bigquery_dataset" "timeouts" {
  dataset_id = "raw"
  timeouts   = { delete = "soon" }
}
