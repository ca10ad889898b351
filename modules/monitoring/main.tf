# Who is told, what is counted of the runtime's logs, and what is watched for.

locals {
  project = split("/", var.runtime)[1]
  job     = basename(var.runtime)
  metric  = replace(var.name, "-", "_")

  # What the runtime writes with the end of each run, and of Salesforce's requests; see the README.
  logs = "resource.type = \"cloud_run_job\" AND resource.labels.job_name = \"${local.job}\""

  channels = toset(concat(
    [for channel in headwater_monitoring_notification_channel.emails : channel.id],
    [for channel in headwater_monitoring_notification_channel.topics : channel.id],
    var.channels,
  ))

  labels = length(var.labels) == 0 ? null : var.labels
}

resource "headwater_monitoring_notification_channel" "emails" {
  for_each = var.emails

  display_name = "${var.name}: ${each.key} by mail"
  type         = "email"
  labels       = { email_address = each.value }
  user_labels  = local.labels
}

resource "headwater_monitoring_notification_channel" "topics" {
  for_each = var.topics

  display_name = "${var.name}: ${each.key} by Pub/Sub"
  type         = "pubsub"
  labels       = { topic = each.value }
  user_labels  = local.labels
}

data "headwater_project" "this" {
  count = var.grants_on_topics && length(var.topics) > 0 ? 1 : 0

  project_id = local.project
}

resource "headwater_pubsub_topic_iam_member" "agent" {
  for_each = var.grants_on_topics ? var.topics : {}

  topic      = each.value
  role       = "roles/pubsub.publisher"
  member     = "serviceAccount:service-${data.headwater_project.this[0].number}@gcp-sa-monitoring-notification.iam.gserviceaccount.com"
  depends_on = [headwater_monitoring_notification_channel.topics]
}

resource "headwater_logging_metric" "runs" {
  name        = "${local.metric}_runs"
  description = "Runs of extracts and suites that ended, by pipeline and outcome."
  filter      = "${local.logs} AND jsonPayload.message = \"run finished\""
  label_extractors = {
    pipeline = "EXTRACT(jsonPayload.pipeline)"
    kind     = "EXTRACT(jsonPayload.kind)"
    outcome  = "EXTRACT(jsonPayload.outcome)"
    code     = "EXTRACT(jsonPayload.code)"
  }
}

resource "headwater_logging_metric" "api_usage" {
  name             = "${local.metric}_api_usage"
  description      = "How much of Salesforce's daily API requests is used, in percent, as runs saw it."
  filter           = "${local.logs} AND jsonPayload.message = \"api usage\""
  label_extractors = { pipeline = "EXTRACT(jsonPayload.pipeline)" }
  value_extractor  = "EXTRACT(jsonPayload.percent)"
  buckets          = range(5, 101, 5)
  unit             = "%"
}
