#! filter | metric.type | resource.type
resource "headwater_monitoring_alert_policy" "no_resource" {
  display_name = "a"
  conditions   = [{ display_name = "c", threshold = { filter = "metric.type = \"a\"", value = 1 } }]
}

#! filter | quotes and parentheses closed
resource "headwater_monitoring_alert_policy" "open_quote" {
  display_name = "a"
  conditions   = [{ display_name = "c", absence = { filter = "metric.type = \"a AND resource.type = \"b\"", duration = "5m" } }]
}

#! duration | a whole number of minutes from `0s` to `23h30m`
resource "headwater_monitoring_alert_policy" "seconds" {
  display_name = "a"
  conditions   = [{ display_name = "c", threshold = { filter = "metric.type=\"a\" resource.type=\"b\"", value = 1, duration = "90s" } }]
}

#! duration | from `2m` to `23h30m`
resource "headwater_monitoring_alert_policy" "a_day" {
  display_name = "a"
  conditions   = [{ display_name = "c", absence = { filter = "metric.type=\"a\" resource.type=\"b\"", duration = "24h" } }]
}

#! evaluation_interval | a multiple of 30 seconds
resource "headwater_monitoring_alert_policy" "interval" {
  display_name = "a"
  conditions   = [{ display_name = "c", promql = { query = "vector(1)", evaluation_interval = "45s" } }]
}

#! comparison | COMPARISON_GT
resource "headwater_monitoring_alert_policy" "comparison" {
  display_name = "a"
  conditions   = [{ display_name = "c", threshold = { filter = "metric.type=\"a\" resource.type=\"b\"", value = 1, comparison = "COMPARISON_GE" } }]
}

#! evaluation_missing_data | needs a `duration`
resource "headwater_monitoring_alert_policy" "missing_data" {
  display_name = "a"
  conditions = [{
    display_name = "c"
    threshold    = { filter = "metric.type=\"a\" resource.type=\"b\"", value = 1, evaluation_missing_data = "EVALUATION_MISSING_DATA_NO_OP" }
  }]
}

#! per_series_aligner | alignment_period
resource "headwater_monitoring_alert_policy" "aligner" {
  display_name = "a"
  conditions   = [{ display_name = "c", threshold = { filter = "metric.type=\"a\" resource.type=\"b\"", value = 1, per_series_aligner = "ALIGN_SUM" } }]
}

#! conditions[0] | exactly one of | none
resource "headwater_monitoring_alert_policy" "no_kind" {
  display_name = "a"
  conditions   = [{ display_name = "c" }]
}

#! conditions[0] | exactly one of | `absence` and `promql` are
resource "headwater_monitoring_alert_policy" "two_kinds" {
  display_name = "a"
  conditions = [{
    display_name = "c"
    absence      = { filter = "metric.type=\"a\" resource.type=\"b\"", duration = "5m" }
    promql       = { query = "vector(1)" }
  }]
}

#! conditions | 1 to 6
resource "headwater_monitoring_alert_policy" "no_conditions" {
  display_name = "a"
  conditions   = []
}

#! notification_period | required
resource "headwater_monitoring_alert_policy" "no_period" {
  display_name = "a"
  conditions   = [{ display_name = "c", log_match = { filter = "severity>=ERROR" } }]
}

#! notification_period | log_match
resource "headwater_monitoring_alert_policy" "period" {
  display_name        = "a"
  conditions          = [{ display_name = "c", promql = { query = "vector(1)" } }]
  notification_period = "5m"
}

#! log_match | only condition
resource "headwater_monitoring_alert_policy" "log_and_more" {
  display_name        = "a"
  conditions          = [{ display_name = "c", log_match = { filter = "severity>=ERROR" } }, { display_name = "d", promql = { query = "vector(1)" } }]
  notification_period = "5m"
}

#! auto_close | from `30m` to `168h`
resource "headwater_monitoring_alert_policy" "close" {
  display_name = "a"
  conditions   = [{ display_name = "c", promql = { query = "vector(1)" } }]
  auto_close   = "10m"
}

#! notification_channels | projects/PROJECT/notificationChannels/NUMBER
resource "headwater_monitoring_alert_policy" "channel" {
  display_name          = "a"
  conditions            = [{ display_name = "c", promql = { query = "vector(1)" } }]
  notification_channels = ["on-call"]
}

#! type | email
resource "headwater_monitoring_notification_channel" "type" {
  display_name = "a"
  type         = "slack"
  labels       = { channel_name = "#data" }
}

#! labels["auth_token"] | secret | console
resource "headwater_monitoring_notification_channel" "token" {
  display_name = "a"
  type         = "email"
  labels       = { email_address = "a@acme.com", auth_token = "x" }
}

#! labels | email_address
resource "headwater_monitoring_notification_channel" "no_address" {
  display_name = "a"
  type         = "email"
  labels       = {}
}

#! labels["topic"] | projects/PROJECT/topics/TOPIC
resource "headwater_monitoring_notification_channel" "topic" {
  display_name = "a"
  type         = "pubsub"
  labels       = { topic = "alerts" }
}

#! user_labels["Team"] | lowercase letters
resource "headwater_monitoring_notification_channel" "user_labels" {
  display_name = "a"
  type         = "email"
  labels       = { email_address = "a@acme.com" }
  user_labels  = { Team = "crm" }
}

#! definition | JSON
resource "headwater_monitoring_dashboard" "no_json" {
  name       = "a"
  definition = "displayName: a"
}

#! definition | must have one layout
resource "headwater_monitoring_dashboard" "no_layout" {
  name       = "a"
  definition = jsonencode({ displayName = "a" })
}

#! definition | must not say `name`
resource "headwater_monitoring_dashboard" "named" {
  name       = "a"
  definition = jsonencode({ displayName = "a", name = "projects/p/dashboards/a", gridLayout = {} })
}

#! definition | tiles[0]
resource "headwater_monitoring_dashboard" "tile" {
  name       = "a"
  definition = jsonencode({ displayName = "a", mosaicLayout = { columns = 12, tiles = [{ xPos = 8, width = 6, height = 4, widget = {} }] } })
}

#! name | letters, digits and hyphens
resource "headwater_monitoring_dashboard" "name" {
  name       = "projects/p/dashboards/a"
  definition = jsonencode({ displayName = "a", gridLayout = {} })
}

#! label_extractors["pipeline"] | EXTRACT(FIELD)
resource "headwater_logging_metric" "extractor" {
  name             = "a"
  filter           = "severity>=ERROR"
  label_extractors = { pipeline = "jsonPayload.pipeline" }
}

#! filter | closed
resource "headwater_logging_metric" "filter" {
  name   = "a"
  filter = "jsonPayload.message = \"run"
}

#! buckets | value_extractor
resource "headwater_logging_metric" "buckets" {
  name    = "a"
  filter  = "severity>=ERROR"
  buckets = [1, 2]
}

#! buckets[2] | above
resource "headwater_logging_metric" "order" {
  name            = "a"
  filter          = "severity>=ERROR"
  value_extractor = "EXTRACT(jsonPayload.n)"
  buckets         = [1, 5, 3]
}
