output "policies" {
  description = "The alert policies by what they watch for, `failures`, `lag`, `dead_letters`, `api_usage`, `cost`, `freshness of PIPELINE`, `marts of REPOSITORY`: `projects/PROJECT/alertPolicies/NUMBER`."
  value = merge(
    { failures = headwater_monitoring_alert_policy.failures.id },
    { for name, policy in headwater_monitoring_alert_policy.freshness : "freshness of ${name}" => policy.id },
    { for name, policy in headwater_monitoring_alert_policy.marts : "marts of ${name}" => policy.id },
    { for policy in headwater_monitoring_alert_policy.lag : "lag" => policy.id },
    { for policy in headwater_monitoring_alert_policy.dead_letters : "dead_letters" => policy.id },
    { for policy in headwater_monitoring_alert_policy.api_usage : "api_usage" => policy.id },
    { for policy in headwater_monitoring_alert_policy.cost : "cost" => policy.id },
  )
}

output "channels" {
  description = "All notification channels that are told: `projects/PROJECT/notificationChannels/NUMBER`."
  value       = sort(tolist(local.channels))
}

output "dashboard" {
  description = "The dashboard, `projects/PROJECT/dashboards/NAME`; null without one."
  value       = one(headwater_monitoring_dashboard.this[*].id)
}

output "metrics" {
  description = "The log-based metrics by what they count, `runs` and `api_usage`: `projects/PROJECT/metrics/NAME`."
  value       = { runs = headwater_logging_metric.runs.id, api_usage = headwater_logging_metric.api_usage.id }
}
