# All of it on one page.

locals {
  of_job = "resource.type=\"cloud_run_job\" resource.label.job_name=\"${local.job}\""
  of_streams = {
    for what in ["lagging", "letters"] : what => "resource.type=\"pubsub_subscription\" resource.label.subscription_id=one_of(${local.quoted[what]})"
  }

  # Title, filter, aligner, reducer, what series are kept apart by, and how they are drawn.
  charts = concat(
    [
      { title = "Runs by pipeline and outcome", filter = "metric.type=\"logging.googleapis.com/user/${headwater_logging_metric.runs.name}\" ${local.of_job}", aligner = "ALIGN_DELTA", reducer = "REDUCE_SUM", by = ["metric.label.pipeline", "metric.label.outcome"], plot = "STACKED_BAR" },
      { title = "Executions by result", filter = "metric.type=\"run.googleapis.com/job/completed_execution_count\" ${local.of_job}", aligner = "ALIGN_DELTA", reducer = "REDUCE_SUM", by = ["metric.label.result"], plot = "STACKED_BAR" },
    ],
    length(local.lagging) == 0 ? [] : [
      { title = "Age of the oldest message, seconds", filter = "metric.type=\"pubsub.googleapis.com/subscription/oldest_unacked_message_age\" ${local.of_streams.lagging}", aligner = "ALIGN_MAX", reducer = "REDUCE_MAX", by = ["resource.label.subscription_id"], plot = "LINE" },
      { title = "Messages not written yet", filter = "metric.type=\"pubsub.googleapis.com/subscription/num_undelivered_messages\" ${local.of_streams.lagging}", aligner = "ALIGN_MAX", reducer = "REDUCE_MAX", by = ["resource.label.subscription_id"], plot = "LINE" },
    ],
    length(local.letters) == 0 ? [] : [
      { title = "Dead letters", filter = "metric.type=\"pubsub.googleapis.com/subscription/num_undelivered_messages\" ${local.of_streams.letters}", aligner = "ALIGN_MAX", reducer = "REDUCE_MAX", by = ["resource.label.subscription_id"], plot = "LINE" },
    ],
    [
      { title = "Salesforce's API requests used, percent", filter = "metric.type=\"logging.googleapis.com/user/${headwater_logging_metric.api_usage.name}\" ${local.of_job}", aligner = "ALIGN_PERCENTILE_99", reducer = "REDUCE_MAX", by = ["metric.label.pipeline"], plot = "LINE" },
      { title = "Bytes billed by BigQuery's queries", filter = "metric.type=\"bigquery.googleapis.com/query/scanned_bytes_billed\" resource.type=\"global\"", aligner = "ALIGN_SUM", reducer = "REDUCE_SUM", by = [], plot = "STACKED_BAR" },
    ],
  )

  widgets = concat(
    [
      for chart in local.charts : {
        title = chart.title
        xyChart = {
          dataSets = [{
            plotType = chart.plot
            timeSeriesQuery = {
              timeSeriesFilter = {
                filter = chart.filter
                aggregation = merge(
                  { alignmentPeriod = "300s", perSeriesAligner = chart.aligner, crossSeriesReducer = chart.reducer },
                  length(chart.by) == 0 ? {} : { groupByFields = chart.by },
                )
              }
            }
          }]
        }
      }
    ],
    [{ title = "What runs warn of", logsPanel = { filter = "${local.logs} AND (jsonPayload.level = \"WARN\" OR jsonPayload.level = \"ERROR\")" } }],
  )
}

resource "headwater_monitoring_dashboard" "this" {
  count = var.dashboard ? 1 : 0

  name   = var.name
  labels = local.labels
  definition = jsonencode({
    displayName = "Headwater: ${var.name}"
    mosaicLayout = {
      columns = 12
      tiles   = [for at, widget in local.widgets : { xPos = at % 2 * 6, yPos = floor(at / 2) * 4, width = 6, height = 4, widget = widget }]
    }
  })
}
