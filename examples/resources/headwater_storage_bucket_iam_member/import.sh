terraform import headwater_storage_bucket_iam_member.keeps_the_lake "acme-lake roles/storage.objectUser serviceAccount:headwater-runner@acme-data.iam.gserviceaccount.com"

# With a condition: its title stands at the end.
terraform import headwater_storage_bucket_iam_member.auditor "acme-lake roles/storage.objectViewer user:auditor@example.com until the audit is over"
