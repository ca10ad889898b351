# Pulled by workers; what they cannot handle goes to a topic of its own.
resource "headwater_pubsub_topic" "dead" {
  name = "account-changes-dead"
}

resource "headwater_pubsub_subscription" "workers" {
  name                         = "account-changes-workers"
  topic                        = headwater_pubsub_topic.changes.id
  ack_deadline_seconds         = 60
  enable_exactly_once_delivery = true
  expiration_ttl               = "never"
  filter                       = "attributes.object = \"Account\""
  retry_policy                 = { minimum_backoff = "5s", maximum_backoff = "5m" }
  dead_letter_policy = {
    dead_letter_topic     = headwater_pubsub_topic.dead.id
    max_delivery_attempts = 10
  }
}
