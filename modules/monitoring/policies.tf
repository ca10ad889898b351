# One policy for each thing that can be wrong, so that an incident's name says what it is. What is asked of metrics that Google writes
# is a threshold; what is asked of ours is PromQL, which takes a metric of what has not happened yet.

locals {
  runs = "logging_googleapis_com:user_${local.metric}_runs"

  # How old the last good end may be, and which ends are good: a suite that finds the data wrong has done its work.
  fresh = merge(
    { for name, age in var.extracts : name => { age = age, outcomes = "succeeded", what = "success" } },
    { for name, age in var.suites : name => { age = age, outcomes = "succeeded|refused", what = "verdict" } },
  )

  lagging = [for stream in values(var.streams) : basename(stream.subscription)]
  letters = [for stream in values(var.streams) : basename(stream.dead_letters) if stream.dead_letters != null]
  quoted  = { for name, ids in { lagging = local.lagging, letters = local.letters } : name => join(", ", [for id in ids : "\"${id}\""]) }
}

resource "headwater_monitoring_alert_policy" "failures" {
  display_name = "${var.name}: an execution failed"
  severity     = "ERROR"
  conditions = [{
    display_name = "executions of ${local.job} that failed, retries included"
    threshold = {
      filter             = "metric.type = \"run.googleapis.com/job/completed_execution_count\" AND resource.type = \"cloud_run_job\" AND resource.labels.job_name = \"${local.job}\" AND metric.labels.result = \"failed\""
      value              = 0
      alignment_period   = "5m"
      per_series_aligner = "ALIGN_DELTA"
    }
  }]
  documentation         = "A run failed, or a suite found data wrong. The logs' lines `run finished` name the pipeline and a code; `headwater runs list --lake LAKE --pipeline PIPELINE` says what happened and what to do."
  notification_channels = local.channels
  auto_close            = var.auto_close
  user_labels           = local.labels
}

resource "headwater_monitoring_alert_policy" "freshness" {
  for_each = local.fresh

  display_name = "${var.name}: ${each.key} is stale"
  severity     = "ERROR"
  conditions = [{
    display_name = "no ${each.value.what} of ${each.key} for ${each.value.age}"
    promql = {
      # Events are counted, and increases are extrapolated: half of one is none.
      query               = "(sum(increase(${local.runs}{monitored_resource=\"cloud_run_job\", pipeline=\"${each.key}\", outcome=~\"${each.value.outcomes}\"}[${each.value.age}])) or vector(0)) < 0.5"
      duration            = "5m"
      evaluation_interval = "1m"
    }
  }]
  documentation         = "`${each.key}` has had no ${each.value.what} for ${each.value.age}: its schedule is paused, its runs fail or stop early, or it hangs. `headwater runs list --lake LAKE --pipeline ${each.key}` shows which."
  notification_channels = local.channels
  auto_close            = var.auto_close
  user_labels           = local.labels
  depends_on            = [headwater_logging_metric.runs]
}

resource "headwater_monitoring_alert_policy" "lag" {
  count = length(local.lagging) == 0 ? 0 : 1

  display_name = "${var.name}: a stream lags"
  severity     = "ERROR"
  conditions = [{
    display_name = "a message is older than ${var.max_lag_seconds} s"
    threshold = {
      filter             = "metric.type = \"pubsub.googleapis.com/subscription/oldest_unacked_message_age\" AND resource.type = \"pubsub_subscription\" AND resource.labels.subscription_id = one_of(${local.quoted.lagging})"
      value              = var.max_lag_seconds
      duration           = "5m"
      alignment_period   = "1m"
      per_series_aligner = "ALIGN_MAX"
    }
  }]
  documentation         = "Workers do not keep up with $${resource.label.subscription_id}, or there are none. Look at the worker pool's logs, and raise `workers`."
  notification_channels = local.channels
  auto_close            = var.auto_close
  user_labels           = local.labels
}

resource "headwater_monitoring_alert_policy" "dead_letters" {
  count = length(local.letters) == 0 ? 0 : 1

  display_name = "${var.name}: messages could not be applied"
  severity     = "WARNING"
  conditions = [{
    display_name = "there are dead letters"
    threshold = {
      filter             = "metric.type = \"pubsub.googleapis.com/subscription/num_undelivered_messages\" AND resource.type = \"pubsub_subscription\" AND resource.labels.subscription_id = one_of(${local.quoted.letters})"
      value              = 0
      alignment_period   = "1m"
      per_series_aligner = "ALIGN_MAX"
    }
  }]
  documentation         = "Messages of $${resource.label.subscription_id} carry the reason. Once it is mended, `headwater stream replay-dead-letters --spec SPEC` puts them back."
  notification_channels = local.channels
  auto_close            = var.auto_close
  user_labels           = local.labels
}

resource "headwater_monitoring_alert_policy" "api_usage" {
  count = var.api_usage_percent == null ? 0 : 1

  display_name = "${var.name}: Salesforce's API requests run out"
  severity     = "WARNING"
  conditions = [{
    display_name = "more than ${var.api_usage_percent} % are used"
    promql = {
      query               = "histogram_quantile(0.99, sum by (le) (increase(logging_googleapis_com:user_${local.metric}_api_usage_bucket{monitored_resource=\"cloud_run_job\"}[1h]))) > ${var.api_usage_percent}"
      evaluation_interval = "1m"
    }
  }]
  documentation         = "Of the requests that Salesforce allows in 24 hours, by everybody. Runs stop at their `api_budget` and go on later; read less often, or larger objects by Bulk API."
  notification_channels = local.channels
  auto_close            = var.auto_close
  user_labels           = local.labels
  depends_on            = [headwater_logging_metric.api_usage]
}

resource "headwater_monitoring_alert_policy" "cost" {
  count = var.max_bytes_billed_per_day == null ? 0 : 1

  display_name = "${var.name}: queries cost more than expected"
  severity     = "WARNING"
  conditions = [{
    display_name = "bytes billed in 24 hours"
    threshold = {
      filter               = "metric.type = \"bigquery.googleapis.com/query/scanned_bytes_billed\" AND resource.type = \"global\""
      value                = var.max_bytes_billed_per_day
      alignment_period     = "24h"
      per_series_aligner   = "ALIGN_SUM"
      cross_series_reducer = "REDUCE_SUM"
    }
  }]
  documentation         = "Of all queries in the project. `INFORMATION_SCHEMA.JOBS_BY_PROJECT` says whose: `SELECT job_id, labels, total_bytes_billed … ORDER BY total_bytes_billed DESC`."
  notification_channels = local.channels
  auto_close            = var.auto_close
  user_labels           = local.labels
}

resource "headwater_monitoring_alert_policy" "marts" {
  for_each = var.repositories

  display_name = "${var.name}: ${each.key} failed to build"
  severity     = "ERROR"
  conditions = [{
    display_name = "a workflow invocation failed"
    log_match = {
      filter = "resource.type = \"dataform.googleapis.com/Repository\" AND resource.labels.repository_id = \"${basename(each.value)}\" AND jsonPayload.terminalState = \"FAILED\""
    }
  }]
  documentation         = "Dataform's workflow invocations of `${each.value}` say which action failed, and of what."
  notification_channels = local.channels
  notification_period   = "30m"
  auto_close            = var.auto_close
  user_labels           = local.labels
}
