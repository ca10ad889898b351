resource "headwater_bigquery_dataset" "raw" {
  dataset_id  = "salesforce_raw"
  location    = "EU"
  description = "Salesforce objects as they are."
}
