resource "headwater_pubsub_topic_iam_member" "publishes" {
  topic  = headwater_pubsub_topic.changes.id
  role   = "roles/pubsub.publisher"
  member = headwater_service_account.runner.member
}
