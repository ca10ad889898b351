terraform import headwater_bigquery_dataset_iam_member.writes "projects/acme-data/datasets/salesforce_raw roles/bigquery.dataEditor serviceAccount:headwater-runner@acme-data.iam.gserviceaccount.com"
