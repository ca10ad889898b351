#! name | 3 to 255 | letter
resource "headwater_pubsub_topic" "name_short" {
  name = "ab"
}

#! name | without `goog`
resource "headwater_pubsub_topic" "name_google" {
  name = "google-changes"
}

#! project | id of a Google Cloud project
resource "headwater_pubsub_topic" "project" {
  name    = "changes"
  project = "Acme Data"
}

#! message_retention_duration | `10m` to `744h` | got `1m`
resource "headwater_pubsub_topic" "retention_short" {
  name                       = "changes"
  message_retention_duration = "1m"
}

#! message_retention_duration | duration | 20m
resource "headwater_pubsub_topic" "retention_words" {
  name                       = "changes"
  message_retention_duration = "a week"
}

#! labels["headwater-managed"] | `headwater-`
resource "headwater_pubsub_topic" "label_reserved" {
  name   = "changes"
  labels = { headwater-managed = "false" }
}

#! schema_settings.schema | id of a schema | headwater_pubsub_schema
resource "headwater_pubsub_topic" "schema_id" {
  name            = "changes"
  schema_settings = { schema = "account-change" }
}

#! schema_settings.encoding | `JSON`, `BINARY`
resource "headwater_pubsub_topic" "encoding" {
  name            = "changes"
  schema_settings = { schema = "projects/acme-data/schemas/change", encoding = "XML" }
}

#! allowed_persistence_regions | europe-west1
resource "headwater_pubsub_topic" "persistence_regions" {
  name                   = "changes"
  message_storage_policy = { allowed_persistence_regions = ["Europe"] }
}

#! allowed_persistence_regions | at least 1
resource "headwater_pubsub_topic" "persistence_regions_none" {
  name                   = "changes"
  message_storage_policy = { allowed_persistence_regions = [] }
}

#! kms_key_name | cryptoKeys
resource "headwater_pubsub_topic" "kms" {
  name         = "changes"
  kms_key_name = "my-key"
}

#! type | `AVRO`, `PROTOCOL_BUFFER`
resource "headwater_pubsub_schema" "type" {
  name       = "change"
  type       = "JSON_SCHEMA"
  definition = "{}"
}

#! definition | not an Avro record | not JSON | jsonencode
resource "headwater_pubsub_schema" "not_json" {
  name       = "change"
  type       = "AVRO"
  definition = "record Change {}"
}

#! definition | `type` must be `record`
resource "headwater_pubsub_schema" "not_record" {
  name       = "change"
  type       = "AVRO"
  definition = jsonencode({ type = "string" })
}

#! definition | `fields[0]` lacks
resource "headwater_pubsub_schema" "field_without_type" {
  name       = "change"
  type       = "AVRO"
  definition = jsonencode({ type = "record", name = "Change", fields = [{ name = "id" }] })
}

#! topic | id of a topic | headwater_pubsub_topic
resource "headwater_pubsub_subscription" "topic" {
  name  = "workers"
  topic = "changes"
}

#! ack_deadline_seconds | 10 to 600 | got 5
resource "headwater_pubsub_subscription" "ack_deadline" {
  name                 = "workers"
  topic                = "projects/acme-data/topics/changes"
  ack_deadline_seconds = 5
}

#! expiration_ttl | `never` | `24h`
resource "headwater_pubsub_subscription" "expiration" {
  name           = "workers"
  topic          = "projects/acme-data/topics/changes"
  expiration_ttl = "1h"
}

#! max_delivery_attempts | 5 to 100
resource "headwater_pubsub_subscription" "dead_letter" {
  name               = "workers"
  topic              = "projects/acme-data/topics/changes"
  dead_letter_policy = { dead_letter_topic = "projects/acme-data/topics/dead", max_delivery_attempts = 3 }
}

#! dead_letter_topic | required
resource "headwater_pubsub_subscription" "dead_letter_topic" {
  name               = "workers"
  topic              = "projects/acme-data/topics/changes"
  dead_letter_policy = { max_delivery_attempts = 5 }
}

#! retry_policy.maximum_backoff | `0s` to `10m`
resource "headwater_pubsub_subscription" "backoff" {
  name         = "workers"
  topic        = "projects/acme-data/topics/changes"
  retry_policy = { maximum_backoff = "1h" }
}

#! filter | 1 to 256
resource "headwater_pubsub_subscription" "filter" {
  name   = "workers"
  topic  = "projects/acme-data/topics/changes"
  filter = ""
}

#! push_endpoint | https://example.com/path
resource "headwater_pubsub_subscription" "push_endpoint" {
  name        = "workers"
  topic       = "projects/acme-data/topics/changes"
  push_config = { push_endpoint = "example.com/hook" }
}

#! service_account_email | e-mail address
resource "headwater_pubsub_subscription" "push_account" {
  name  = "workers"
  topic = "projects/acme-data/topics/changes"
  push_config = {
    push_endpoint = "https://example.com/hook"
    oidc_token    = { service_account_email = "pusher" }
  }
}

#! `bigquery_config` conflicts with `push_config`
resource "headwater_pubsub_subscription" "two_deliveries" {
  name            = "workers"
  topic           = "projects/acme-data/topics/changes"
  push_config     = { push_endpoint = "https://example.com/hook" }
  bigquery_config = { table = "acme-data.raw.changes" }
}

#! bigquery_config.table | PROJECT.DATASET.TABLE
resource "headwater_pubsub_subscription" "table" {
  name            = "workers"
  topic           = "projects/acme-data/topics/changes"
  bigquery_config = { table = "raw.changes" }
}

#! bigquery_config.use_table_schema | conflicts | set one of the two
resource "headwater_pubsub_subscription" "two_schemas" {
  name  = "workers"
  topic = "projects/acme-data/topics/changes"
  bigquery_config = {
    table            = "acme-data.raw.changes"
    use_topic_schema = true
    use_table_schema = true
  }
}

#! bigquery_config.drop_unknown_fields | needs `use_topic_schema`
resource "headwater_pubsub_subscription" "drop_unknown" {
  name            = "workers"
  topic           = "projects/acme-data/topics/changes"
  bigquery_config = { table = "acme-data.raw.changes", drop_unknown_fields = true }
}

#! enable_exactly_once_delivery | conflicts with `push_config` | pull
resource "headwater_pubsub_subscription" "exactly_once_push" {
  name                         = "workers"
  topic                        = "projects/acme-data/topics/changes"
  enable_exactly_once_delivery = true
  push_config                  = { push_endpoint = "https://example.com/hook" }
}

#! cloud_storage_config.max_duration | `1m` to `10m`
resource "headwater_pubsub_subscription" "max_duration" {
  name                 = "workers"
  topic                = "projects/acme-data/topics/changes"
  cloud_storage_config = { bucket = "acme-lake", max_duration = "1h" }
}

#! cloud_storage_config.bucket | lowercase letters
resource "headwater_pubsub_subscription" "bucket_url" {
  name                 = "workers"
  topic                = "projects/acme-data/topics/changes"
  cloud_storage_config = { bucket = "gs://acme-lake" }
}

#! name | letters, digits, hyphens and underscores
resource "headwater_secret" "name" {
  name = "crm.token"
}

#! replica_locations | europe-west1
resource "headwater_secret" "replicas" {
  name              = "crm-token"
  replica_locations = ["EU"]
}

#! `rotation` needs `topics`
resource "headwater_secret" "rotation" {
  name     = "crm-token"
  rotation = { next_rotation_time = "2027-01-01T00:00:00Z" }
}

#! expire_time | 2027-01-01T00:00:00Z
resource "headwater_secret" "expires" {
  name        = "crm-token"
  expire_time = "next year"
}

#! secret | id of a secret | headwater_secret.NAME.id
resource "headwater_secret_version" "secret" {
  secret                 = "crm-token"
  secret_data_wo         = "not-to-be-printed"
  secret_data_wo_version = 1
}

#! secret_data_wo_version | at least 1
resource "headwater_secret_version" "version" {
  secret                 = "projects/acme-data/secrets/crm-token"
  secret_data_wo         = "not-to-be-printed"
  secret_data_wo_version = 0
}

#! retire | `DESTROY`, `DISABLE`, `KEEP`
resource "headwater_secret_version" "retire" {
  secret                 = "projects/acme-data/secrets/crm-token"
  secret_data_wo         = "not-to-be-printed"
  secret_data_wo_version = 1
  retire                 = "FORGET"
}

#! annotations["owner:team"] | starting and ending with a letter or digit
resource "headwater_secret" "annotation" {
  name        = "crm-token"
  annotations = { "owner:team" = "crm" }
}

#! secret_data_wo | required
resource "headwater_secret_version" "no_payload" {
  secret                 = "projects/acme-data/secrets/crm-token"
  secret_data_wo_version = 1
}

#! schedule | five fields
resource "headwater_scheduler_job" "cron" {
  name        = "nightly"
  schedule    = "@daily at noon"
  http_target = { uri = "https://example.com" }
}

#! schedule | never fires
resource "headwater_scheduler_job" "never" {
  name        = "nightly"
  schedule    = "0 0 30 2 *"
  http_target = { uri = "https://example.com" }
}

#! time_zone | IANA
resource "headwater_scheduler_job" "time_zone" {
  name        = "nightly"
  schedule    = "0 0 * * *"
  time_zone   = "Berlin"
  http_target = { uri = "https://example.com" }
}

#! Exactly one of `http_target`, `pubsub_target`
resource "headwater_scheduler_job" "no_target" {
  name     = "nightly"
  schedule = "0 0 * * *"
}

#! `pubsub_target` conflicts with `http_target`
resource "headwater_scheduler_job" "two_targets" {
  name          = "nightly"
  schedule      = "0 0 * * *"
  http_target   = { uri = "https://example.com" }
  pubsub_target = { topic = "projects/acme-data/topics/changes", data = "x" }
}

#! pubsub_target | publishes nothing | pubsub_target.data
resource "headwater_scheduler_job" "nothing" {
  name          = "nightly"
  schedule      = "0 0 * * *"
  pubsub_target = { topic = "projects/acme-data/topics/changes" }
}

#! http_target.body | GET | POST
resource "headwater_scheduler_job" "get_with_body" {
  name        = "nightly"
  schedule    = "0 0 * * *"
  http_target = { uri = "https://example.com", http_method = "GET", body = "x" }
}

#! http_target.headers["User-Agent"] | Cloud Scheduler does not set itself
resource "headwater_scheduler_job" "own_header" {
  name        = "nightly"
  schedule    = "0 0 * * *"
  http_target = { uri = "https://example.com", headers = { User-Agent = "acme" } }
}

#! http_target.uri | http or https
resource "headwater_scheduler_job" "uri" {
  name        = "nightly"
  schedule    = "0 0 * * *"
  http_target = { uri = "ftp://example.com" }
}

#! `http_target.oidc_token` conflicts with `http_target.oauth_token`
resource "headwater_scheduler_job" "two_tokens" {
  name     = "nightly"
  schedule = "0 0 * * *"
  http_target = {
    uri         = "https://example.com"
    oauth_token = { service_account_email = "a@acme-data.iam.gserviceaccount.com" }
    oidc_token  = { service_account_email = "a@acme-data.iam.gserviceaccount.com" }
  }
}

#! retry_config.retry_count | 0 to 5
resource "headwater_scheduler_job" "retries" {
  name         = "nightly"
  schedule     = "0 0 * * *"
  http_target  = { uri = "https://example.com" }
  retry_config = { retry_count = 10 }
}

#! attempt_deadline | `15s` to `30m`
resource "headwater_scheduler_job" "deadline" {
  name             = "nightly"
  schedule         = "0 0 * * *"
  attempt_deadline = "1h"
  http_target      = { uri = "https://example.com" }
}
