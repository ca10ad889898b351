# Schedules start the job with a pipeline's arguments.
resource "headwater_runtime_iam_member" "starts" {
  runtime = headwater_runtime.main.id
  role    = "roles/run.jobsExecutorWithOverrides"
  member  = headwater_service_account.runner.member
}
