resource "headwater_scheduler_job" "nightly" {
  name      = "nightly-report"
  schedule  = "30 2 * * MON-FRI"
  time_zone = "Europe/Berlin"
  http_target = {
    uri        = "https://report-abc123.a.run.app/nightly"
    headers    = { Content-Type = "application/json" }
    body       = jsonencode({ day = "yesterday" })
    oidc_token = { service_account_email = "scheduler@acme-data.iam.gserviceaccount.com" }
  }
  retry_config = { retry_count = 3, min_backoff_duration = "30s" }
}

resource "headwater_scheduler_job" "tick" {
  name     = "tick"
  schedule = "*/5 * * * *"
  pubsub_target = {
    topic      = headwater_pubsub_topic.changes.id
    attributes = { kind = "tick" }
  }
}
