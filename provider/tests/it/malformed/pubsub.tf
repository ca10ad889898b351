#! name | starting with a letter, without `goog`
resource "headwater_pubsub_topic" "name_goog" {
  name = "google-changes"
}

#! message_retention_duration | from `10m` to `744h`
resource "headwater_pubsub_topic" "retention" {
  name                       = "account-changes"
  message_retention_duration = "800h"
}

#! message_retention_duration | is not a duration
resource "headwater_pubsub_topic" "retention_days" {
  name                       = "account-changes"
  message_retention_duration = "7 days"
}

#! schema_settings.schema | projects/PROJECT/schemas/SCHEMA
resource "headwater_pubsub_topic" "schema" {
  name            = "account-changes"
  schema_settings = { schema = "account" }
}

#! message_storage_policy.allowed_persistence_regions | at least 1
resource "headwater_pubsub_topic" "no_regions" {
  name                   = "account-changes"
  message_storage_policy = { allowed_persistence_regions = [] }
}

#! message_storage_policy.allowed_persistence_regions | europe-west1
resource "headwater_pubsub_topic" "regions" {
  name                   = "account-changes"
  message_storage_policy = { allowed_persistence_regions = ["EU"] }
}

#! kms_key_name | projects/PROJECT/locations/LOCATION/keyRings/RING/cryptoKeys/KEY
resource "headwater_pubsub_topic" "key" {
  name         = "account-changes"
  kms_key_name = "my-key"
}

#! labels["team"] | lowercase letters
resource "headwater_pubsub_topic" "label" {
  name   = "account-changes"
  labels = { team = "CRM" }
}

#! timeouts.create | `1h30m`
resource "headwater_pubsub_topic" "timeout" {
  name     = "account-changes"
  timeouts = { create = "soon" }
}
