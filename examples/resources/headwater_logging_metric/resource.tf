# Runs by pipeline and outcome.
resource "headwater_logging_metric" "runs" {
  name        = "headwater_runs"
  description = "Runs of extracts and suites that ended."
  filter      = "resource.type = \"cloud_run_job\" AND jsonPayload.message = \"run finished\""
  label_extractors = {
    pipeline = "EXTRACT(jsonPayload.pipeline)"
    outcome  = "EXTRACT(jsonPayload.outcome)"
  }
}

# How much of Salesforce's daily requests is used, in percent.
resource "headwater_logging_metric" "api_usage" {
  name            = "headwater_api_usage"
  filter          = "resource.type = \"cloud_run_job\" AND jsonPayload.message = \"api usage\""
  value_extractor = "EXTRACT(jsonPayload.percent)"
  buckets         = [10, 20, 30, 40, 50, 60, 70, 80, 90, 100]
  unit            = "%"
}
