resource "headwater_project_iam_member" "runs_jobs" {
  role   = "roles/bigquery.jobUser"
  member = headwater_service_account.runner.member
}
