# Whoever deploys a runtime that acts as this account.
resource "headwater_service_account_iam_member" "deploys" {
  service_account = headwater_service_account.runner.id
  role            = "roles/iam.serviceAccountUser"
  member          = "group:platform@acme.com"
}
