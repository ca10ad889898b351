terraform import headwater_project_iam_member.runs_jobs "acme-data roles/bigquery.jobUser serviceAccount:headwater-runner@acme-data.iam.gserviceaccount.com"
