data "headwater_bigquery_dataset" "shared" {
  dataset = "acme-shared.reference"
}

output "shared_tables" {
  value = data.headwater_bigquery_dataset.shared.tables
}
