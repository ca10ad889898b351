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

#! allow_non_incremental_definition | needs `max_staleness`
resource "headwater_bigquery_materialized_view" "stale" {
  dataset                          = "projects/acme-data/datasets/raw"
  table_id                         = "top"
  query                            = "SELECT id FROM raw.orders ORDER BY id LIMIT 10"
  allow_non_incremental_definition = true
}

#! partition_type | no partitions | partition_by
resource "headwater_bigquery_materialized_view" "partitions" {
  dataset        = "projects/acme-data/datasets/raw"
  table_id       = "daily"
  query          = "SELECT day, COUNT(*) AS n FROM raw.orders GROUP BY day"
  partition_type = "MONTH"
}
