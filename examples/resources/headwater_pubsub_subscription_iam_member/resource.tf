resource "headwater_pubsub_subscription_iam_member" "reads" {
  subscription = headwater_pubsub_subscription.workers.id
  role         = "roles/pubsub.subscriber"
  member       = headwater_service_account.runner.member
}
