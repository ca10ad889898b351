data "headwater_bigquery_table" "countries" {
  table = "acme-shared.reference.countries"
}

output "countries" {
  value = "${data.headwater_bigquery_table.countries.rows} rows as of ${data.headwater_bigquery_table.countries.modified_at}"
}
