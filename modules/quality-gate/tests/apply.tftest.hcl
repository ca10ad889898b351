# Suites with and without a schedule, and who is told.

run "the_example" {
  module {
    source = "./examples/minimal"
  }

  assert {
    condition = output.suites == {
      orders = "gs://acme-quality-lake/headwater/pipelines/orders/spec.json"
      volume = "gs://acme-quality-lake/headwater/pipelines/volume/spec.json"
    }
    error_message = "The suites are ${jsonencode(output.suites)}."
  }

  assert {
    condition     = endswith(output.subscriptions["on-call"], "/subscriptions/quality-alerts-on-call") && length(output.subscriptions) == 2
    error_message = "The subscriptions are ${jsonencode(output.subscriptions)}."
  }
}
