# Buckets, objects, service accounts and IAM members.

#! lifecycle_rules[0].action | `Delete` | `SetStorageClass`
resource "headwater_storage_bucket" "rule_action" {
  name            = "acme-lake"
  lifecycle_rules = [{ action = "Remove", condition = { is_live = false } }]
}

#! lifecycle_rules[0].storage_class | needs a `storage_class` | NEARLINE
resource "headwater_storage_bucket" "rule_without_class" {
  name            = "acme-lake"
  lifecycle_rules = [{ action = "SetStorageClass", condition = { age = 1 } }]
}

#! lifecycle_rules[0].storage_class | `Delete` has no `storage_class` | matches_storage_class
resource "headwater_storage_bucket" "rule_with_class" {
  name            = "acme-lake"
  lifecycle_rules = [{ action = "Delete", storage_class = "NEARLINE", condition = { age = 1 } }]
}

#! lifecycle_rules[0].condition | at least one condition | age = 30
resource "headwater_storage_bucket" "rule_without_condition" {
  name            = "acme-lake"
  lifecycle_rules = [{ action = "Delete", condition = {} }]
}

#! lifecycle_rules[0].condition.created_before | date | 2026-01-31
resource "headwater_storage_bucket" "rule_date" {
  name            = "acme-lake"
  lifecycle_rules = [{ action = "Delete", condition = { created_before = "last year" } }]
}

#! lifecycle_rules[0].condition.age | 0 to 36500 | got -1
resource "headwater_storage_bucket" "rule_age" {
  name            = "acme-lake"
  lifecycle_rules = [{ action = "Delete", condition = { age = -1, is_live = true } }]
}

#! AbortIncompleteMultipartUpload | `matches_prefix` | Leave the others out
resource "headwater_storage_bucket" "rule_abort" {
  name            = "acme-lake"
  lifecycle_rules = [{ action = "AbortIncompleteMultipartUpload", condition = { age = 1, is_live = true } }]
}

#! lifecycle_rules | spelling of its own | delete_after_days = 30
resource "headwater_storage_bucket" "rule_by_age" {
  name            = "acme-lake"
  lifecycle_rules = [{ action = "Delete", condition = { age = 30 } }]
}

#! conflicts with | delete_after_days
resource "headwater_storage_bucket" "rule_and_days" {
  name              = "acme-lake"
  delete_after_days = 3
  lifecycle_rules   = [{ action = "Delete", condition = { is_live = false } }]
}

#! retention_policy.period | duration from `1s`
resource "headwater_storage_bucket" "retention_period" {
  name             = "acme-lake"
  retention_policy = { period = "0s" }
}

#! soft_delete_retention | `168h` | `2160h` | got `24h`
resource "headwater_storage_bucket" "soft_delete" {
  name                  = "acme-lake"
  soft_delete_retention = "24h"
}

#! public_access_prevention | `inherited` | `enforced`
resource "headwater_storage_bucket" "public" {
  name                     = "acme-lake"
  public_access_prevention = "always"
}

#! cors[0].methods | `GET` | got "FETCH"
resource "headwater_storage_bucket" "cors_method" {
  name = "acme-lake"
  cors = [{ origins = ["*"], methods = ["FETCH"] }]
}

#! website | says nothing | main_page_suffix
resource "headwater_storage_bucket" "website" {
  name    = "acme-lake"
  website = {}
}

#! storage_class | autoclass | Leave `storage_class` out
resource "headwater_storage_bucket" "autoclass" {
  name          = "acme-lake"
  storage_class = "COLDLINE"
  autoclass     = {}
}

#! versioning | hierarchical namespace
resource "headwater_storage_bucket" "folders" {
  name                   = "acme-lake"
  hierarchical_namespace = true
  versioning             = true
}

#! kms_key_name | cryptoKeys
resource "headwater_storage_bucket" "kms" {
  name         = "acme-lake"
  kms_key_name = "my-key"
}

#! Exactly one of | `source` | `content`
resource "headwater_storage_object" "two_contents" {
  bucket  = "acme-lake"
  name    = "x"
  content = "x"
  source  = "x.txt"
}

#! Exactly one of | `content_wo`
resource "headwater_storage_object" "no_content" {
  bucket = "acme-lake"
  name   = "x"
}

#! content_wo_version | needs
resource "headwater_storage_object" "unversioned_secret" {
  bucket     = "acme-lake"
  name       = "x"
  content_wo = "not-to-be-printed"
}

#! name | 1 to 1024 | config/rules.json
resource "headwater_storage_object" "name" {
  bucket  = "acme-lake"
  name    = "/x"
  content = "x"
}

#! metadata["headwater-content"] | not start with `headwater-`
resource "headwater_storage_object" "metadata" {
  bucket   = "acme-lake"
  name     = "x"
  content  = "x"
  metadata = { headwater-content = "inline" }
}

#! account_id | 6 to 30 | headwater-runner
resource "headwater_service_account" "short" {
  account_id = "bot"
}

#! account_id | lowercase letters
resource "headwater_service_account" "address" {
  account_id = "runner@acme-data.iam.gserviceaccount.com"
}

#! display_name | 100 characters
resource "headwater_service_account" "display_name" {
  account_id   = "runner"
  display_name = "0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789"
}

#! role | roles/storage.objectViewer
resource "headwater_project_iam_member" "role" {
  role   = "bigquery.jobUser"
  member = "user:ada@example.com"
}

#! role | roles/storage.objectViewer | READER
resource "headwater_bigquery_dataset_iam_member" "old_role" {
  dataset = "projects/acme-data/datasets/raw"
  role    = "READER"
  member  = "user:ada@example.com"
}

#! member | `user:EMAIL` | `serviceAccount:EMAIL`
resource "headwater_storage_bucket_iam_member" "member_without_kind" {
  bucket = "acme-lake"
  role   = "roles/storage.objectViewer"
  member = "ada@example.com"
}

#! member | `allUsers`
resource "headwater_pubsub_topic_iam_member" "member_kind" {
  topic  = "projects/acme-data/topics/changes"
  role   = "roles/pubsub.publisher"
  member = "everybody:example.com"
}

#! member | `domain:DOMAIN`
resource "headwater_secret_iam_member" "member_domain" {
  secret = "projects/acme-data/secrets/crm"
  role   = "roles/secretmanager.secretAccessor"
  member = "domain:example"
}

#! secret | projects/PROJECT/secrets/SECRET
resource "headwater_secret_iam_member" "secret" {
  secret = "crm"
  role   = "roles/secretmanager.secretAccessor"
  member = "user:ada@example.com"
}

#! topic | projects/PROJECT/topics/TOPIC
resource "headwater_pubsub_topic_iam_member" "topic" {
  topic  = "changes"
  role   = "roles/pubsub.publisher"
  member = "user:ada@example.com"
}

#! dataset | projects
resource "headwater_bigquery_dataset_iam_member" "dataset" {
  dataset = "raw"
  role    = "roles/bigquery.dataViewer"
  member  = "user:ada@example.com"
}

#! condition.title | 1 to 100 characters
resource "headwater_project_iam_member" "untitled" {
  role      = "roles/bigquery.jobUser"
  member    = "user:ada@example.com"
  condition = { title = "", expression = "true" }
}

#! condition | basic role | predefined
resource "headwater_project_iam_member" "basic_role" {
  role      = "roles/editor"
  member    = "user:ada@example.com"
  condition = { title = "t", expression = "true" }
}

#! expression | required
resource "headwater_project_iam_member" "expressionless" {
  role      = "roles/bigquery.jobUser"
  member    = "user:ada@example.com"
  condition = { title = "t" }
}
