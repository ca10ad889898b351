data "headwater_pubsub_topic" "changes" {
  name = "account-changes"
}
