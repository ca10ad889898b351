resource "headwater_storage_bucket_iam_member" "keeps_the_lake" {
  bucket = headwater_storage_bucket.lake.id
  role   = "roles/storage.objectUser"
  member = headwater_service_account.runner.member
}

# For a time only.
resource "headwater_storage_bucket_iam_member" "auditor" {
  bucket = headwater_storage_bucket.lake.id
  role   = "roles/storage.objectViewer"
  member = "user:auditor@example.com"

  condition = {
    title      = "until the audit is over"
    expression = "request.time < timestamp(\"2027-04-01T00:00:00Z\")"
  }
}
