output "suites" {
  description = "The suites by name: their ids, `gs://LAKE/headwater/pipelines/NAME/spec.json`, which an extract takes as `quality_gate` and `headwater run --spec` executes."
  value       = { for name, suite in headwater_dq_suite.suites : name => suite.id }
}

output "results" {
  description = "The tables of verdicts: `runs`, a row for each run of a suite, and `results`, one for each expectation; `projects/PROJECT/datasets/DATASET/tables/TABLE`."
  value = {
    runs    = "${var.results.dataset}/tables/${var.results.run_table}"
    results = "${var.results.dataset}/tables/${var.results.result_table}"
  }
}

output "subscriptions" {
  description = "The subscribers' subscriptions: `projects/PROJECT/subscriptions/SUBSCRIPTION`."
  value       = { for name, subscription in headwater_pubsub_subscription.subscribers : name => subscription.id }
}
