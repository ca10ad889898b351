# Suites of expectations, where their verdicts go, and who is told.

locals {
  arguments = ["table", "expectations", "description", "partition_filter", "max_bytes_billed", "schedule", "alert", "labels"]
}

resource "headwater_dq_suite" "suites" {
  for_each = var.suites

  name             = each.key
  lake             = var.lake
  runtime          = var.runtime
  table            = each.value.table
  expectations     = each.value.expectations
  results          = var.results
  description      = try(each.value.description, null)
  partition_filter = try(each.value.partition_filter, null)
  max_bytes_billed = try(each.value.max_bytes_billed, var.max_bytes_billed)
  # What a suite says counts, also that it has none.
  schedule                  = try(each.value.schedule, var.schedule)
  alert                     = try(each.value.alert, var.alert)
  labels                    = length(merge(var.labels, try(each.value.labels, {}))) == 0 ? null : merge(var.labels, try(each.value.labels, {}))
  delete_results_on_destroy = var.disposable
}

resource "headwater_pubsub_subscription" "subscribers" {
  for_each = var.subscribers

  name                       = "${basename(var.alert.topic)}-${each.key}"
  topic                      = var.alert.topic
  ack_deadline_seconds       = 60
  expiration_ttl             = "never"
  message_retention_duration = "168h"
  filter                     = each.value.filter
  retry_policy               = { minimum_backoff = "10s", maximum_backoff = "10m" }
  labels                     = length(var.labels) == 0 ? null : var.labels

  push_config = each.value.push_endpoint == null ? null : {
    push_endpoint = each.value.push_endpoint
    oidc_token    = each.value.service_account_email == null ? null : { service_account_email = each.value.service_account_email }
  }
}
