# What the example makes is there, and the module asks what it says.

run "the_example" {
  module {
    source = "./examples/minimal"
  }

  assert {
    condition = toset(keys(output.monitoring.policies)) == toset([
      "failures", "freshness of crm", "freshness of opportunities", "lag", "api_usage", "cost",
    ])
    error_message = "The policies are ${join(", ", keys(output.monitoring.policies))}."
  }

  assert {
    condition     = length(output.monitoring.channels) == 2
    error_message = "The channels are ${jsonencode(output.monitoring.channels)}."
  }

  assert {
    condition     = endswith(output.monitoring.dashboard, "/dashboards/watched") && endswith(output.monitoring.metrics.runs, "/metrics/watched_runs")
    error_message = "The dashboard is ${output.monitoring.dashboard}, the metric ${output.monitoring.metrics.runs}."
  }
}

run "the_module" {
  variables {
    name     = "check-it"
    runtime  = "projects/acme-data/locations/europe-west1/jobs/headwater"
    extracts = { crm = "90m" }
    suites   = { marts = "2d" }
    streams = {
      crm  = { subscription = "projects/acme-data/subscriptions/headwater-crm", dead_letters = "projects/acme-data/subscriptions/headwater-crm-dead-letters" }
      shop = { subscription = "projects/acme-data/subscriptions/shop-messages" }
    }
    repositories      = { marts = "projects/acme-data/locations/europe-west1/repositories/salesforce-marts" }
    api_usage_percent = null
    dashboard         = true
  }

  assert {
    condition     = strcontains(headwater_monitoring_alert_policy.freshness["crm"].conditions[0].promql.query, "user_check_it_runs{monitored_resource=\"cloud_run_job\", pipeline=\"crm\", outcome=~\"succeeded\"}[90m]")
    error_message = "The extract's query is ${headwater_monitoring_alert_policy.freshness["crm"].conditions[0].promql.query}."
  }

  # A suite that finds data wrong is not stale.
  assert {
    condition     = strcontains(headwater_monitoring_alert_policy.freshness["marts"].conditions[0].promql.query, "outcome=~\"succeeded|refused\"}[2d]")
    error_message = "The suite's query is ${headwater_monitoring_alert_policy.freshness["marts"].conditions[0].promql.query}."
  }

  assert {
    condition     = strcontains(headwater_monitoring_alert_policy.lag[0].conditions[0].threshold.filter, "one_of(\"headwater-crm\", \"shop-messages\")")
    error_message = "The lag's filter is ${headwater_monitoring_alert_policy.lag[0].conditions[0].threshold.filter}."
  }

  assert {
    condition     = strcontains(headwater_monitoring_alert_policy.dead_letters[0].conditions[0].threshold.filter, "one_of(\"headwater-crm-dead-letters\")")
    error_message = "The dead letters' filter is ${headwater_monitoring_alert_policy.dead_letters[0].conditions[0].threshold.filter}."
  }

  assert {
    condition     = strcontains(headwater_monitoring_alert_policy.failures.conditions[0].threshold.filter, "job_name = \"headwater\"")
    error_message = "The failures' filter is ${headwater_monitoring_alert_policy.failures.conditions[0].threshold.filter}."
  }

  assert {
    condition     = length(headwater_monitoring_alert_policy.api_usage) == 0 && length(headwater_monitoring_alert_policy.cost) == 0
    error_message = "What is not asked for is watched."
  }

  assert {
    condition     = length(jsondecode(headwater_monitoring_dashboard.this[0].definition).mosaicLayout.tiles) == 8
    error_message = "The dashboard has ${length(jsondecode(headwater_monitoring_dashboard.this[0].definition).mosaicLayout.tiles)} tiles."
  }
}
