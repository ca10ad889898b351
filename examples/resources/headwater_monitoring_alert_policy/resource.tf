resource "headwater_monitoring_alert_policy" "failures" {
  display_name = "data: a run has failed"
  severity     = "ERROR"
  conditions = [
    {
      display_name = "an execution of the runtime failed"
      threshold = {
        filter             = <<-EOT
          metric.type = "run.googleapis.com/job/completed_execution_count"
          AND resource.type = "cloud_run_job" AND resource.labels.job_name = "headwater"
          AND metric.labels.result = "failed"
        EOT
        value              = 0
        alignment_period   = "5m"
        per_series_aligner = "ALIGN_DELTA"
      }
    },
    {
      display_name = "crm has not succeeded for three hours"
      promql = {
        query = "(sum(increase(logging_googleapis_com:user_headwater_runs{pipeline=\"crm\", outcome=\"succeeded\"}[3h])) or vector(0)) < 0.5"
      }
    },
  ]
  documentation         = "`headwater runs list --lake gs://acme-lake --pipeline crm` says what happened, and what to do."
  notification_channels = [headwater_monitoring_notification_channel.on_call.id]
  auto_close            = "24h"
}

# Log entries by themselves: each is told of, but not more than one in five minutes.
resource "headwater_monitoring_alert_policy" "budget" {
  display_name = "data: Salesforce's API budget is used up"
  conditions = [{
    display_name = "a run stopped at the budget"
    log_match = {
      filter           = "jsonPayload.message = \"run finished\" AND jsonPayload.code = \"api_budget\""
      label_extractors = { pipeline = "EXTRACT(jsonPayload.pipeline)" }
    }
  }]
  notification_period   = "5m"
  notification_channels = [headwater_monitoring_notification_channel.on_call.id]
}
