# A stream with `autoscaling` says itself how many workers it has.
resource "headwater_worker_pool_iam_member" "scales" {
  worker_pool = headwater_cdc_stream.crm.worker_pool
  role        = "roles/run.developer"
  member      = headwater_service_account.runner.member
}
