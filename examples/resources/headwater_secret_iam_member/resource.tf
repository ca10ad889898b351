resource "headwater_secret_iam_member" "signs_in" {
  secret = headwater_salesforce_connection.crm.id
  role   = "roles/secretmanager.secretAccessor"
  member = headwater_service_account.runner.member
}
