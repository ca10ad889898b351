data "headwater_pubsub_subscription" "workers" {
  name = "account-changes-workers"
}
