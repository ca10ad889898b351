resource "headwater_bigquery_dataset_iam_member" "writes" {
  dataset = headwater_bigquery_dataset.raw.id
  role    = "roles/bigquery.dataEditor"
  member  = headwater_service_account.runner.member
}
