# What pipelines stand on: a lake, a dataset for each layer, topics, an identity for each kind of work, and the runtime.

locals {
  layers = {
    raw        = "Records as they are in Salesforce, loaded by extracts."
    live       = "Records as they are and every change of them, kept by streams."
    staging    = "Records renamed and typed, each once, without deleted ones."
    marts      = "What people and dashboards read."
    assertions = "What is wrong with the marts: views that are empty while nothing is."
    ops        = "Verdicts of quality suites."
  }

  # Parquet files are what a table was loaded from. Specs, states and records of runs end otherwise and are what pipelines go on from.
  parquet = [".parquet"]
  lake_rules = concat(
    var.lake.cold_after_days == null ? [] : [{
      action        = "SetStorageClass"
      storage_class = var.lake.cold_class
      condition     = { age = var.lake.cold_after_days, matches_suffix = local.parquet }
    }],
    var.lake.delete_after_days == null ? [] : [{
      action        = "Delete"
      storage_class = null
      condition     = { age = var.lake.delete_after_days, matches_suffix = local.parquet }
    }],
  )
}

resource "headwater_storage_bucket" "lake" {
  name                     = var.lake.name
  location                 = var.location
  public_access_prevention = "enforced"
  lifecycle_rules          = length(local.lake_rules) == 0 ? null : local.lake_rules
  kms_key_name             = var.kms_keys.storage
  labels                   = var.labels
  force_destroy            = var.disposable
}

resource "headwater_storage_bucket" "further" {
  for_each = var.buckets

  name                     = each.value.name
  location                 = var.location
  storage_class            = each.value.storage_class
  versioning               = each.value.versioning
  public_access_prevention = "enforced"
  retention_policy         = each.value.retention_period == null ? null : { period = each.value.retention_period }
  lifecycle_rules          = length(each.value.lifecycle_rules) == 0 ? null : each.value.lifecycle_rules
  kms_key_name             = var.kms_keys.storage
  labels                   = merge(var.labels, each.value.labels)
  force_destroy            = var.disposable
}

# Who has access is granted member by member (grants.tf), so that what other configurations grant stays.
resource "headwater_bigquery_dataset" "layers" {
  for_each = local.layers

  dataset_id                 = var.datasets[each.key]
  location                   = var.location
  description                = each.value
  default_kms_key_name       = var.kms_keys.tables
  labels                     = merge(var.labels, { layer = each.key })
  delete_contents_on_destroy = var.disposable
}

resource "headwater_pubsub_topic" "topics" {
  for_each = toset(["batch", "streaming", "status", "alerts"])

  name                       = "${var.name}-${each.key}"
  message_retention_duration = var.topic_retention
  kms_key_name               = var.kms_keys.topics
  labels                     = var.labels
}

resource "headwater_service_account" "accounts" {
  for_each = {
    runtime = "Executes extracts and suites."
    stream  = "Keeps tables up to date by streams."
    marts   = "Builds the marts."
  }

  account_id   = "${var.name}-${each.key}"
  display_name = "Headwater: ${each.key}"
  description  = each.value
}

resource "headwater_runtime" "main" {
  name            = var.name
  region          = var.region
  image           = var.runtime.image
  build           = var.runtime.build
  cpu             = var.runtime.cpu
  memory          = var.runtime.memory
  max_retries     = var.runtime.max_retries
  task_timeout    = var.runtime.task_timeout
  env             = length(var.runtime.env) == 0 ? null : var.runtime.env
  service_account = headwater_service_account.accounts["runtime"].email
  vpc_access      = var.runtime.vpc_access
  kms_key_name    = var.kms_keys.runtime
  labels          = var.labels
}
