resource "headwater_pubsub_topic" "changes" {
  name                       = "account-changes"
  message_retention_duration = "24h"
  labels                     = { team = "crm" }
}
